"""The report on early stopping, shuffling and the L2 penalty."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from benchmarks.reports import early_stopping
from sklearn_softmax import GDLogisticRegression, SoftmaxRegression
from tests.benchmarks.reports import assert_complete, official_digits, rows_below

pytestmark = pytest.mark.slow

N_TRAIN = 359


@pytest.fixture(scope="module")
def dataset():
    """Digits under the name of MNIST, in the order of the split of the report on digits."""
    digits = official_digits("mnist", N_TRAIN)
    indices = train_test_split(
        np.arange(len(digits.y)), test_size=0.8, stratify=digits.y, random_state=0
    )
    order = np.concatenate(indices)
    return replace(digits, X=digits.X[order], y=digits.y[order])


@pytest.fixture(scope="module")
def report(dataset, tmp_path_factory):
    """Directory, text and experiment for this data set with the settings for digits."""
    out = tmp_path_factory.mktemp("report") / "new" / "directory"
    with pytest.MonkeyPatch.context() as monkeypatch:
        settings = early_stopping.SETTINGS["digits"]
        monkeypatch.setitem(early_stopping.SETTINGS, "mnist", settings)
        experiment = early_stopping.run(dataset, out, n_jobs=1)
    return out, (out / "early_stopping.md").read_text(), experiment


def test_report_is_complete(report):
    assert_complete(report[0], "early_stopping", [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("number", "name", "model"),
    [
        (1, "without", GDLogisticRegression(lr=0.5, n_iter_no_change=2, shuffle=False)),
        (1, "with", GDLogisticRegression(lr=0.5, n_iter_no_change=2)),
        (2, "2 epochs", SoftmaxRegression(lr=0.1, n_iter_no_change=2)),
        (2, "10 epochs", SoftmaxRegression(lr=0.1, n_iter_no_change=10)),
    ],
)
def test_stops_are_those_of_models_fitted_anew(report, dataset, number, name, model):
    X, y = 2 * dataset.X - 1, dataset.y
    is_train = np.arange(len(y)) < N_TRAIN
    mask = (y == 2) | (y == 3) if number == 1 else y >= 0
    train, val = mask & is_train, mask & ~is_train
    model.set_params(batch_size=8, n_epochs=150, early_stopping=True, random_state=0)
    model.fit(X[train], y[train], X_val=X[val], y_val=y[val])
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    best = np.argmin(losses)
    assert accuracies[best] == pytest.approx(model.score(X[val], y[val]))
    figures = losses[best], accuracies[best], losses[-1], accuracies[-1]
    expected = [str(model.n_iter_), str(best + 1), *(f"{figure:.4f}" for figure in figures)]
    assert rows_below(report[1], f"Table {number}.")[name][:6] == expected


@pytest.mark.parametrize("shuffle", [False, True])
def test_validation_loss_rises_after_training_stopped(report, shuffle):
    experiment = report[2]
    unstopped = experiment.unstopped[shuffle].history_
    losses, n_epochs = unstopped["val_loss"], experiment.logistic[shuffle].n_iter_
    assert losses[:n_epochs].min() < losses[n_epochs - 1] < losses[-1]
    assert unstopped["loss"][-1] < unstopped["loss"][n_epochs - 1]


def test_strong_penalties_reduce_accuracy_and_weights(report):
    _, text, experiment = report
    table = rows_below(text, "Table 3.")
    names = ["0", "0.002", "0.02", "0.2", "2"]
    reg_params, accuracies, norms = np.array(
        [[table[name][i] for i in (0, 1, 3)] for name in names], dtype=float
    ).T
    np.testing.assert_allclose(reg_params, np.array(names, dtype=float) * N_TRAIN)
    assert np.all(np.diff(accuracies) <= 0)
    assert np.all(np.diff(norms) < 0)
    for value, model in experiment.penalised.items():  # the penalty is relative to the mean loss
        squares = model.history_["weight_norm"] ** 2
        np.testing.assert_allclose(model.history_["penalty"], value / 2 * squares, rtol=1e-5)


def test_published_figures_are_next_to_those_found(report):
    text = report[1]
    assert "the first 359 training images, and the first 1438 test images to validate" in text
    table = rows_below(text, "Table 1.")
    assert [table[name][-1] for name in ("without", "with")] == ["about 16", "-"]
    assert "The original report's validation accuracy is about 0.916." in text
    table = rows_below(text, "Table 3.")
    published = [table[name][2] for name in ("0.002", "0.02", "0.2", "2")]
    assert published == ["about 0.915", "about 0.908", "about 0.88", "below 0.83"]


def test_pale_lines_of_figures_1_and_2_continue_without_early_stopping(report, pyplot):
    experiment = report[2]
    for key, model in {"softmax": experiment.softmax[10], **experiment.logistic}.items():
        unstopped = experiment.unstopped[key]
        assert not unstopped.early_stopping
        assert unstopped.n_iter_ == experiment.settings.n_epochs
        losses = unstopped.history_["val_loss"][: model.n_iter_]
        np.testing.assert_array_equal(losses, model.history_["val_loss"])
    figures = early_stopping._plot_softmax(experiment), early_stopping._plot_logistic(experiment)
    for figure in figures:
        (legend,) = figure.legends
        pale = [text.get_text() for text in legend.get_texts()[:2]]
        assert pale == [f"{rows}, without early stopping" for rows in ("training", "validation")]
        keys, lines = legend.legend_handles[:2], figure.axes[0].lines[:2]
        for style in ("get_alpha", "get_color", "get_linestyle"):
            assert [getattr(x, style)() for x in keys] == [getattr(x, style)() for x in lines]
    axes = figures[0].axes
    lowest = experiment.unstopped["softmax"].history_["val_loss"].min()
    assert axes[0].get_ylim() == pytest.approx((0, 3 * lowest))
    assert [len(ax.lines) for ax in axes] == [6, 6]  # four curves, and two marked epochs


def test_figure_3_has_weights_on_one_scale_and_on_one_per_lambda(report, pyplot):
    experiment = report[2]
    figure = early_stopping._plot_weights(experiment)
    common, separate = (
        [ax.images[0].get_clim() for ax in part.axes if ax.images] for part in figure.subfigs
    )
    limits = [np.abs(model.coef_).max() for model in experiment.models_by_lambda.values()]
    np.testing.assert_allclose(common, [(-max(limits), max(limits))] * 5)
    np.testing.assert_allclose(separate, [(-limit, limit) for limit in limits])


def test_settings_are_those_of_the_original_report():
    assert early_stopping.SETTINGS["mnist"] == early_stopping.Settings(128, 0.05, 0.01, 50)
    assert (early_stopping.N_TRAIN, early_stopping.N_VAL) == (20_000, 10_000)
