"""The report on early stopping, shuffling and the L2 penalty."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from benchmarks.datasets import load
from benchmarks.reports import early_stopping
from sklearn_softmax import GDLogisticRegression, SoftmaxRegression
from tests.benchmarks.reports import official_digits, rows_below, run_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Text and experiment for digits under the name of MNIST, with the settings for digits."""
    dataset, out = official_digits("mnist", None), tmp_path_factory.mktemp("report")
    return run_report(early_stopping, dataset, out, [1, 2, 3, 4, 5])


def fit_anew(model, classes):
    """Fit a model with the report's settings; return the model and its validation rows."""
    digits = load("digits")
    options = {"test_size": 0.8, "stratify": digits.y, "random_state": 0}
    X, X_val, y, y_val = train_test_split(2 * digits.X - 1, digits.y, **options)
    train, val = np.isin(y, classes), np.isin(y_val, classes)
    model.set_params(batch_size=8, n_epochs=150, early_stopping=True, random_state=0)
    model.fit(X[train], y[train], X_val=X_val[val], y_val=y_val[val])
    return model, X_val[val], y_val[val]


@pytest.mark.parametrize(
    ("number", "name", "model"),
    [
        (1, "without", GDLogisticRegression(lr=0.5, n_iter_no_change=2, shuffle=False)),
        (1, "with", GDLogisticRegression(lr=0.5, n_iter_no_change=2)),
        (2, "2 epochs", SoftmaxRegression(lr=0.1, n_iter_no_change=2)),
        (2, "10 epochs", SoftmaxRegression(lr=0.1, n_iter_no_change=10)),
    ],
)
def test_stops_are_those_of_models_fitted_anew(report, number, name, model):
    model, X_val, y_val = fit_anew(model, (2, 3) if number == 1 else range(10))
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    best = np.argmin(losses)
    assert accuracies[best] == pytest.approx(model.score(X_val, y_val))
    figures = losses[best], accuracies[best], losses[-1], accuracies[-1]
    expected = [str(model.n_iter_), str(best + 1), *(f"{figure:.4f}" for figure in figures)]
    assert rows_below(report[0], f"Table {number}.")[name][:6] == expected


@pytest.mark.parametrize(
    ("strength", "published"),
    [("0", "about 0.916"), ("0.002", "about 0.915"), ("0.2", "about 0.88"), ("2", "below 0.83")],
)
def test_penalised_models_are_those_fitted_anew(report, strength, published):
    reg_param = float(strength) * 359  # the penalty is relative to the mean loss
    model = SoftmaxRegression(lr=0.1, n_iter_no_change=10, reg_param=reg_param)
    model, _, _ = fit_anew(model, range(10))
    accuracy, norm = model.history_["val_accuracy"].max(), np.linalg.norm(model.coef_)
    expected = [f"{reg_param:g}", f"{accuracy:.4f}", published, f"{norm:.4f}"]
    assert rows_below(report[0], "Table 3.")[strength] == expected


def test_rows_and_published_figures_are_stated(report):
    text = report[0]
    assert "359 images to train and 1438 to validate" in text
    table = rows_below(text, "Table 1.")
    assert [table[name][-1] for name in ("without", "with")] == ["about 16", "-"]


def test_pale_lines_of_figures_1_and_2_continue_without_early_stopping(report, pyplot):
    experiment = report[1]
    for key, model in {"softmax": experiment.softmax[10], **experiment.logistic}.items():
        unstopped = experiment.unstopped[key]
        assert unstopped.n_iter_ == 150 > model.n_iter_
        losses = unstopped.history_["val_loss"]
        np.testing.assert_array_equal(losses[: model.n_iter_], model.history_["val_loss"])
        assert losses.min() < losses[model.n_iter_ - 1] < losses[-1]
    figures = early_stopping._plot_softmax(experiment), early_stopping._plot_logistic(experiment)
    for figure in figures:
        (legend,) = figure.legends
        pale = [text.get_text() for text in legend.get_texts()[:2]]
        assert pale == [f"{rows}, without early stopping" for rows in ("training", "validation")]
        assert {key.get_alpha() for key in legend.legend_handles[:2]} == {0.4}
    axes = figures[0].axes
    lowest = experiment.unstopped["softmax"].history_["val_loss"].min()
    assert axes[0].get_ylim() == pytest.approx((0, 3 * lowest))
    assert [len(ax.lines) for ax in axes] == [6, 6]  # four curves, and two marked epochs


def test_figure_3_has_weights_on_one_scale_and_on_one_per_lambda(report, pyplot):
    experiment = report[1]
    figure = early_stopping._plot_weights(experiment)
    common, separate = (
        [ax.images[0].get_clim() for ax in part.axes if ax.images] for part in figure.subfigs
    )
    limits = [np.abs(model.coef_).max() for model in experiment.models_by_lambda.values()]
    np.testing.assert_allclose(common, [(-max(limits), max(limits))] * 5)
    np.testing.assert_allclose(separate, [(-limit, limit) for limit in limits])
