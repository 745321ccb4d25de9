"""The softmax report: searches, tables and figures."""

import re
from unittest.mock import Mock

import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from PIL import Image
from sklearn.metrics import classification_report
from sklearn.model_selection import ParameterGrid, train_test_split

from benchmarks.datasets import load
from benchmarks.reports import _figures, softmax
from sklearn_softmax import SoftmaxRegression
from tests.benchmarks.reports import (
    assert_complete,
    figures_unwritten,
    official_digits,
    rows_below,
    skip_animation,
)

GRID = {"n_epochs": [9, 3], "lr": [0.5, 0.01], "batch_size": [100, 200]}
OPTIONS = {"n_jobs": 1, "param_grid": GRID | {"reg_param": [0.1]}}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Directory of the report on digits."""
    return tmp_path_factory.mktemp("report") / "new" / "directory"


@pytest.fixture(scope="module")
def experiments(out):
    """Experiments on digits by both kinds of search; the fused one has stored results."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_figures, "write_animation", skip_animation)
        fused = softmax.run(load("digits"), out, memory=out.parent / "memory", **OPTIONS)
        # Before scikit-learn 1.9, there are no callbacks that store the parameters.
        monkeypatch.setattr(softmax, "WeightHistory", Mock(side_effect=ImportError))
        with figures_unwritten():
            sklearn = softmax.run(load("digits"), out.parent, search="sklearn", **OPTIONS)
    return {"fused": fused, "sklearn": sklearn}


@pytest.fixture(scope="module")
def texts(experiments, out):
    paths = {"fused": out, "sklearn": out.parent}
    return {name: (path / "softmax.md").read_text() for name, path in paths.items()}


def test_report_is_complete(out, texts):
    assert_complete(out, "softmax", list(range(1, 9)))
    assert "(softmax_weights.gif)" in texts["fused"]
    assert "**Figures 4 and 5.** Omitted" in texts["sklearn"]


def test_animation_is_written_as_gif(tmp_path, pyplot):
    figure, ax = pyplot.subplots(figsize=(1, 1))
    animation = FuncAnimation(figure, lambda i: ax.plot([i, 1]), frames=3)
    _figures.write_animation(animation, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 3
    assert not pyplot.get_fignums()


def test_table_3_contains_the_best_configuration_of_scikit_learn(experiments, texts):
    search, table = experiments["sklearn"].search, rows_below(texts["fused"], "Table 3.")
    columns = [name.strip("`") for name in table[""][:-1]]
    best = [str(search.best_params_[name]) for name in columns]
    assert table["Best"] == [*best, f"{search.best_score_:.4f}"]


def test_table_4_contains_the_scores_of_a_model_fitted_anew(experiments, texts):
    digits = load("digits")
    X_train, X_test, y_train, y_test = train_test_split(
        digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0
    )
    best = experiments["sklearn"].search.best_params_
    y_pred = SoftmaxRegression(random_state=0, **best).fit(X_train, y_train).predict(X_test)
    scores = classification_report(y_test, y_pred, output_dict=True)
    names = {"macro avg": "Average"} | {str(label): str(label) for label in range(10)}
    expected = {
        title: [f"{scores[name][key]:.4f}" for key in ("precision", "recall", "f1-score", "recall")]
        for name, title in names.items()
    }
    expected["Class"] = ["Precision", "Recall", "F1", "Accuracy"]
    expected["Overall"] = ["-", "-", "-", f"{scores['accuracy']:.4f}"]
    assert rows_below(texts["fused"], "Table 4.") == expected


@pytest.fixture(scope="module")
def official(tmp_path_factory):
    """Experiment and text for digits under the name of MNIST."""
    out = tmp_path_factory.mktemp("mnist")
    grid = {**{name: [value] for name, value in softmax.REPORT_BEST.items()}, "n_epochs": [1, 200]}
    with figures_unwritten():
        experiment = softmax.run(official_digits("mnist", 1300), out, n_jobs=1, param_grid=grid)
    return experiment, (out / "softmax.md").read_text()


def test_published_figures_are_next_to_those_found(official):
    experiment, text = official
    assert experiment.model.classes_.tolist() == [0, 1, 3, 4]
    counts = rows_below(text, "Table 1.")
    expected = zip(np.bincount(load("digits").y), softmax.REPORT_COUNTS)
    assert [counts[f"{label}"] for label in range(10)] == [[f"{a}", f"{b}"] for a, b in expected]
    best = rows_below(text, "Table 3.")
    assert best["Best (published)"] == ["200", "0.5", "1000", "0.1", "0.9879"]
    score = experiment.search.cv_results_["mean_test_score"][1]
    assert best["The published best, here"][-1] == f"{score:.4f}"
    scores = rows_below(text, "Table 4.")
    assert scores["Class"][:2] == ["Precision", "Precision (published)"]
    assert scores["3"][1::2] == ["0.9837", "0.9832", "0.9834", "0.9832"]
    assert scores["Overall"][1::2] == ["-"] * 4
    accuracy = experiment.model.history_["val_accuracy"][-1]  # of the test rows
    assert accuracy == pytest.approx(np.mean(experiment.y_test == experiment.y_pred))


def test_figure_2_has_one_panel_per_batch_size(experiments, pyplot):
    search = experiments["fused"].search
    figure = softmax._plot_search(experiments["fused"])
    assert [ax.get_title() for ax in figure.axes] == ["batch_size = 100", "batch_size = 200"]
    for ax, batch_size in zip(figure.axes, (100, 200)):
        mask = [params["batch_size"] == batch_size for params in search.cv_results_["params"]]
        means = search.cv_results_["mean_test_score"][mask]
        np.testing.assert_array_equal(ax.lines[0].get_xdata(), means)
        assert ax.get_legend() is None
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"best: {search.best_score_:.4f}"]


def test_figure_5_shows_epochs_0_25_75_and_the_last(official, pyplot):
    figure = softmax._plot_epochs(official[0])
    titles = [ax.get_title(loc="left") for ax in figure.axes[:4]]
    assert titles == ["Epoch 0", "Epoch 25", "Epoch 75", "Epoch 200"]


@pytest.mark.parametrize("name", softmax.DATA)
def test_grid_has_the_54_configurations_of_the_original_report(name):
    assert len(ParameterGrid(softmax.PARAM_GRIDS[name])) == 54
    assert softmax.REPORT_BEST in list(ParameterGrid(softmax.PARAM_GRIDS["mnist"]))


def test_repeated_searches_have_the_stored_results(experiments, out, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(softmax, "_document", lambda *args: [])  # most of the time
    repeated = softmax.run(load("digits"), tmp_path, memory=out.parent / "memory", **OPTIONS)
    printed = r"halving \.\.\.\n(.*\n)+.*halving: done in (.*\n)+Test accuracy: 0\.9"
    assert re.search(printed, capsys.readouterr().out)
    for name in ("search", "halving"):
        stored, read = (getattr(e, name).cv_results_ for e in (experiments["fused"], repeated))
        for key in ("params", "mean_test_score", "mean_fit_time"):
            np.testing.assert_array_equal(stored[key], read[key])


@pytest.mark.parametrize("name", ["search", "halving"])
def test_fused_searches_have_the_scores_of_scikit_learn(name, experiments):
    scores = [getattr(e, name).cv_results_["mean_test_score"] for e in experiments.values()]
    np.testing.assert_allclose(*scores, rtol=1e-12)


# Fused, a model of several numbers of epochs is trained once, and a survivor is resumed.
@pytest.mark.parametrize(
    ("name", "n_epochs"),
    [("fused", (4 * 9, 2 * 3 + 2 * 9)), ("sklearn", (4 * (3 + 9), 4 * 3 + 2 * 9))],
)
def test_halving_is_compared_with_the_search(name, n_epochs, experiments, texts):
    text, searches = texts[name], (experiments[name].search, experiments[name].halving)
    assert "4 configurations up to epoch 3, then 2 configurations up to epoch 9." in text
    lines = [line.split(" | ") for line in text.splitlines()]
    for search, n in zip(searches, n_epochs):
        (cells,) = (line for line in lines if line[0] == f"| `{type(search).__name__}`")
        best = [str(search.best_params_[key]) for key in searches[0].best_params_]
        assert cells[2:] == [str(n), *best, f"{search.best_score_:.4f} |"]
    best, best_of_halving = ({**search.best_params_, "n_epochs": 0} for search in searches)
    assert f"is {'the same' if best == best_of_halving else 'another one'}, apart from" in text
    assert f"differs by {searches[1].best_score_ - searches[0].best_score_:+.4f}." in text
