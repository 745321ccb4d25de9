"""The softmax report: searches, tables and figures."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.animation import FuncAnimation
from PIL import Image
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import ParameterGrid, train_test_split

from benchmarks.datasets import load
from benchmarks.reports import _figures, _halving, softmax
from sklearn_softmax import SoftmaxRegression
from tests.benchmarks.reports import (
    assert_complete,
    figures_unwritten,
    official_digits,
    rows_below,
    skip_animation,
)
from tests.model_selection.searches import assert_same_search, count_work

GRID = {"n_epochs": [9, 3], "lr": [0.5, 0.01], "batch_size": [100, 200]}
OPTIONS = {"n_jobs": 1, "param_grid": GRID | {"reg_param": [0.1]}}


@contextmanager
def undocumented():
    """Skip the text and the figures of the report, which take most of its time."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(softmax, "_document", lambda *args: [])
        yield


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
    with undocumented():
        sklearn = softmax.run(load("digits"), out.parent, search="sklearn", **OPTIONS)
    return {"fused": fused, "sklearn": sklearn}


@pytest.fixture(scope="module")
def text(experiments, out):
    return (out / "softmax.md").read_text()


def test_report_is_complete(experiments, out, text):
    assert_complete(out, "softmax", list(range(1, 9)))
    assert "**Figure 1.** Not reproduced" in text
    assert "(b) Not reproduced" in text
    assert "(softmax_weights.gif)" in text
    assert (out / "softmax_weights.gif").exists()
    section = text.split("## The search by successive halving")[1].split("\n## ")[0]
    rungs = "4 configurations up to epoch 3, then 2 configurations up to epoch 9."
    for part in (rungs, "| `FusedGridSearchCV` |", "| `FusedHalvingGridSearchCV` |"):
        assert part in section


def test_animation_is_written_as_gif(tmp_path, pyplot):
    figure, ax = pyplot.subplots(figsize=(1, 1))
    animation = FuncAnimation(figure, lambda i: ax.plot([i, 1]), frames=3)
    _figures.write_animation(animation, tmp_path / "a.gif")
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 3
    assert not pyplot.get_fignums()


def test_table_3_contains_the_best_configuration_of_scikit_learn(experiments, text):
    search, table = experiments["sklearn"].search, rows_below(text, "Table 3.")
    columns = [name.strip("`") for name in table[""][:-1]]
    best = [str(search.best_params_[name]) for name in columns]
    assert table["Best"] == [*best, f"{search.best_score_:.4f}"]


def test_table_4_contains_the_scores_of_a_model_fitted_anew(experiments, text):
    digits = load("digits")
    X_train, X_test, y_train, y_test = train_test_split(
        digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0
    )
    best = experiments["sklearn"].search.best_params_
    model = SoftmaxRegression(random_state=0, **best).fit(X_train, y_train)
    matrix = confusion_matrix(y_test, model.predict(X_test))
    correct = np.diagonal(matrix)
    precision, recall = correct / matrix.sum(axis=0), correct / matrix.sum(axis=1)
    f1 = 2 * precision * recall / (precision + recall)
    expected = np.column_stack([precision, recall, f1, recall])
    table = rows_below(text, "Table 4.")
    found = [table[name] for name in [*map(str, range(10)), "Average"]]
    expected = np.vstack([expected, expected.mean(axis=0)])
    np.testing.assert_allclose(np.array(found, dtype=float), expected, atol=5.1e-5)
    assert table["Overall"] == ["-", "-", "-", f"{correct.sum() / matrix.sum():.4f}"]


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
    accuracies = experiment.model.history_["val_accuracy"]  # of the test rows
    assert len(accuracies) == experiment.search.best_params_["n_epochs"]
    assert accuracies[-1] == pytest.approx(np.mean(experiment.y_test == experiment.y_pred))


def test_figure_2_has_one_panel_per_batch_size(experiments, pyplot):
    search = experiments["fused"].search
    figure = softmax._plot_search(experiments["fused"])
    assert [ax.get_title() for ax in figure.axes] == ["batch_size = 100", "batch_size = 200"]
    for ax, batch_size in zip(figure.axes, (100, 200)):
        mask = [params["batch_size"] == batch_size for params in search.cv_results_["params"]]
        means = search.cv_results_["mean_test_score"][mask]
        np.testing.assert_array_equal(ax.lines[0].get_xdata(), means)
        assert ax.get_legend() is None
        labels = [label.get_text().split() for label in ax.get_yticklabels()]
        assert (labels[0], len(labels)) == (["lr", "n_epochs"], 5)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [f"best: {search.best_score_:.4f}"]


def test_figure_5_shows_epochs_0_25_75_and_the_last(official, pyplot):
    figure = softmax._plot_epochs(official[0])
    titles = [ax.get_title(loc="left") for ax in figure.axes[:4]]
    assert titles == ["Epoch 0", "Epoch 25", "Epoch 75", "Epoch 200"]


def test_figures_4_and_5_are_omitted_before_scikit_learn_1_9(monkeypatch, official, tmp_path):
    def raise_error(every):
        raise ImportError

    experiment, _ = official
    monkeypatch.setattr(softmax, "WeightHistory", raise_error)
    assert softmax._weight_history(experiment.model) is None
    (text,) = softmax._parameters(replace(experiment, history=None), tmp_path, None)
    assert "**Figures 4 and 5.** Omitted" in text


@pytest.mark.parametrize("name", softmax.DATA)
def test_grid_has_the_54_configurations_of_the_original_report(name):
    assert len(ParameterGrid(softmax.PARAM_GRIDS[name])) == 54
    assert softmax.REPORT_BEST in list(ParameterGrid(softmax.PARAM_GRIDS["mnist"]))


def test_searches_with_stored_results_train_nothing(experiments, out):
    with undocumented(), count_work() as work:
        resumed = softmax.run(load("digits"), out, memory=out.parent / "memory", **OPTIONS)
    assert (work.together, work.one_by_one) == (0, 0)
    for name in ("search", "halving"):
        assert_same_search(getattr(resumed, name), getattr(experiments["fused"], name))


@pytest.mark.parametrize("name", ["search", "halving"])
def test_fused_searches_have_the_scores_of_scikit_learn(name, experiments):
    scores = [getattr(e, name).cv_results_["mean_test_score"] for e in experiments.values()]
    np.testing.assert_allclose(*scores, rtol=1e-12)


# Fused, a model of several numbers of epochs is trained once, and a survivor is resumed.
@pytest.mark.parametrize(
    ("name", "n_epochs"),
    [("fused", (4 * 9, 2 * 3 + 2 * 9)), ("sklearn", (4 * (3 + 9), 4 * 3 + 2 * 9))],
)
def test_halving_is_compared_with_the_search(name, n_epochs, experiments):
    experiment = experiments[name]
    comparison, search, halving = experiment.comparison, experiment.search, experiment.halving
    assert (halving.n_candidates_, halving.n_resources_) == ([4, 2], [3, 9])
    best = {n: v for n, v in search.best_params_.items() if n != "n_epochs"}
    assert comparison.found_same == (best.items() <= halving.best_params_.items())
    assert comparison.score_difference == halving.best_score_ - search.best_score_
    assert f"{comparison.score_difference:+.4f}" in comparison.summary()
    assert ("configuration is the same" in comparison.summary()) == comparison.found_same
    assert tuple(map(_halving.trained_epochs, (search, halving))) == n_epochs
