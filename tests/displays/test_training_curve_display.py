"""Curves of the training."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import BinaryPerceptron, SoftmaxRegression, TrainingCurveDisplay
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from tests.cases import estimators

X, y = load_iris(return_X_y=True)
X_val, y_val = X[::3], y[::3]


def fitted(with_validation=True, **params):
    validation = {"X_val": X_val, "y_val": y_val} if with_validation else {}
    params = {"lr": 0.05, "n_epochs": 6, "batch_size": 20, "random_state": 0, **params}
    return SoftmaxRegression(**params).fit(X, y, **validation)


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_loss_and_accuracy_on_training_and_validation_rows(pyplot):
    model = fitted()
    display = TrainingCurveDisplay.from_estimator(model)
    for ax, lines, metric in zip(display.axes_, display.lines_, ("loss", "accuracy")):
        for line, column in zip(lines, (metric, f"val_{metric}")):
            np.testing.assert_array_equal(line.get_xdata(), model.history_["epoch"])
            np.testing.assert_array_equal(line.get_ydata(), model.history_[column])
        assert [to_hex(line.get_color()).upper() for line in lines] == [BLUE, ORANGE]
        assert [line.get_linestyle() for line in lines] == ["-", "--"]
        assert ax.get_xlabel() == "Epoch"
        assert ax.get_ylabel() == metric.capitalize()
    assert texts(display.legend_) == ["training", "validation"]
    assert display.figure_ is display.axes_[0].get_figure()
    assert display.markers_ == [[], []]
    display.figure_.canvas.draw()


def test_given_axes_are_honoured(pyplot):
    figure, axes = pyplot.subplots(ncols=3)
    display = TrainingCurveDisplay.from_estimator(fitted(), ax=axes[1:])
    assert list(display.axes_) == list(axes[1:])
    assert display.figure_ is figure
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    single = TrainingCurveDisplay.from_estimator(fitted(), metrics="loss", ax=axes[0])
    assert list(single.axes_) == [axes[0]]


def test_only_training_rows(pyplot):
    display = TrainingCurveDisplay.from_estimator(fitted(False))
    assert [len(lines) for lines in display.lines_] == [1, 1]
    assert texts(display.legend_) == ["training"]


def test_lowest_validation_loss_is_marked_with_early_stopping(pyplot):
    model = fitted(early_stopping=True, n_epochs=50)
    display = TrainingCurveDisplay.from_estimator(model, validation_name="test")
    best = model.history_["val_loss"].argmin()
    for (marker,), column in zip(display.markers_, ("val_loss", "val_accuracy")):
        assert marker.get_xdata() == [best + 1]
        assert marker.get_ydata() == [model.history_[column][best]]
        assert marker.get_marker() == "o"
    assert texts(display.legend_) == ["training", "test", "lowest validation loss"]


def test_several_estimators_with_a_colour_each(pyplot):
    models = {"short": fitted(n_epochs=3), "long": fitted(n_epochs=8), "no": fitted(False)}
    display = TrainingCurveDisplay.from_estimator(models, metrics="accuracy")
    (lines,) = display.lines_
    assert [len(line.get_xdata()) for line in lines] == [3, 3, 8, 8, 6]
    colours = [line.get_color() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3] != colours[4]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--", "-"]
    assert texts(display.legend_) == ["short", "long", "no", "training", "validation"]


def test_those_of_a_list_are_named_by_what_differs(pyplot):
    models = [fitted(reg_param=0.0), make_pipeline(StandardScaler(), fitted(reg_param=2.5))]
    display = TrainingCurveDisplay.from_estimator(models, metrics="val_accuracy")
    assert texts(display.legend_) == ["reg_param=0", "reg_param=2.5"]
    assert display.axes_[0].get_ylabel() == "Validation accuracy"
    same = TrainingCurveDisplay.from_estimator([models[0], models[0]], metrics="loss")
    assert texts(same.legend_)[:2] == ["model 1", "model 2"]


def test_running_mean_of_the_steps_in_its_band(pyplot):
    model = fitted(n_epochs=10)
    display = TrainingCurveDisplay.from_estimator(model, metrics="step_loss", window=9)
    (line,), (band,) = display.lines_[0], display.bands_[0]
    losses = model.step_losses_
    windows = np.lib.stride_tricks.sliding_window_view(losses, 9)
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, len(losses) + 1))
    np.testing.assert_allclose(line.get_ydata()[4:-4], windows.mean(axis=1))
    inside = band.get_paths()[0].contains_points(
        np.column_stack([line.get_xdata(), line.get_ydata()])[5:-5]
    )
    assert inside.all()
    assert display.axes_[0].get_xlabel() == "Step"
    assert texts(display.legend_) == ["running mean", "± standard deviation"]


def test_a_band_does_not_go_below_zero(pyplot):
    losses = np.array([0.0, 3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0])
    display = TrainingCurveDisplay(histories={}, step_losses={"": losses}, best_epochs={})
    display.plot(metrics="step_loss", window=3)
    (band,) = display.bands_[0]
    assert band.get_paths()[0].vertices[:, 1].min() == 0


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        (
            {"early_stopping": True, "tol": 0.5, "n_iter_no_change": 3},
            "validation loss fell by less than tol in 3 epochs",
        ),
        ({"early_stopping": True, "n_epochs": 3}, None),
        ({"optimizer": "lbfgs", "n_epochs": "auto"}, "converged"),
        ({"lr": "auto", "n_epochs": "auto", "tol": 0.1}, "converged"),
        ({"lr": "auto", "n_epochs": 2}, None),
        ({"lr": 0.001, "n_epochs": "auto"}, None),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_curve_that_ends_early_says_why(params, reason, pyplot):
    model = fitted(**params)
    display = TrainingCurveDisplay.from_estimator(model, metrics=["accuracy", "step_loss"])
    told = [text for text in texts(display.legend_) if text.startswith("ended: ")]
    assert len(told) == (reason is not None)
    assert [len(ends) for ends in display.ends_] == [len(told)] * 2
    for text, ends, last in zip(told, display.ends_, (model.n_iter_, model.n_steps_)):
        assert reason in text
        assert [end.get_xdata() for end in ends] == [last]


def test_of_perceptrons_the_legend_tells_why_they_ended(pyplot):
    X_two, y_two = X[:100], y[:100]  # which a line divides
    models = {
        "no mistakes": BinaryPerceptron(n_epochs=50, random_state=0).fit(X_two, y_two),
        "no gain": BinaryPerceptron(n_iter_no_change=2, random_state=0).fit(X[50:], y[50:]),
    }
    display = TrainingCurveDisplay.from_estimator(models, metrics="accuracy")
    told = texts(display.legend_)[2:]
    assert told == [
        "ended: no mistakes left",
        "ended: training loss fell by less than tol in 2 epochs",
    ]


def test_a_window_of_one_step_has_no_band(pyplot):
    model = fitted(n_epochs=3)
    display = TrainingCurveDisplay.from_estimator(model, metrics="step_loss")
    np.testing.assert_array_equal(display.lines_[0][0].get_ydata(), model.step_losses_)


@estimators()
def test_every_estimator(case, pyplot):
    model = case.model(n_epochs=3).fit(case.X, case.y)
    metrics = ("loss", "accuracy", "weight_norm", "lr", "step_loss")
    display = TrainingCurveDisplay.from_estimator(model, metrics=metrics)
    labels = ["Loss", "Accuracy", "Norm of the weights", "Learning rate", "Loss of the batch"]
    assert [ax.get_ylabel() for ax in display.axes_] == labels


def test_of_a_search_the_best_estimator(pyplot):
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(n_epochs=4))
    search = GridSearchCV(pipeline, {"softmaxregression__lr": [0.1]}, cv=2).fit(X, y)
    display = TrainingCurveDisplay.from_estimator(search, metrics="loss")
    expected = search.best_estimator_[-1].history_["loss"]
    np.testing.assert_array_equal(display.lines_[0][0].get_ydata(), expected)


def test_keyword_arguments_reach_matplotlib(pyplot):
    display = TrainingCurveDisplay.from_estimator(fitted(), metrics="loss", lw=3, c="k")
    assert {line.get_linewidth() for line in display.lines_[0]} == {3}
    assert {line.get_color() for line in display.lines_[0]} == {"k"}


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_legend_on_given_axes_covers_no_data(scale, pyplot):
    ax = pyplot.subplots(figsize=(3, 3))[1]
    ax.set_yscale(scale)
    models = {f"model number {i}": fitted(n_epochs=20, lr=0.02 * i) for i in range(1, 6)}
    display = TrainingCurveDisplay.from_estimator(models, metrics="loss", ax=ax)
    assert ax.get_yscale() == scale
    ax.get_figure().canvas.draw()
    box = display.legend_.get_window_extent()
    for line in display.lines_[0]:
        assert not line.get_path().transformed(line.get_transform()).intersects_bbox(box, False)


@pytest.mark.parametrize("model", [SoftmaxRegression(), LogisticRegression(max_iter=1000)])
def test_not_fitted(model, pyplot):
    if isinstance(model, LogisticRegression):
        model.fit(X, y)
    with pytest.raises(NotFittedError, match=f"{type(model).__name__} has no `history_`: fit it"):
        TrainingCurveDisplay.from_estimator(model)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        (
            {"metrics": "val_loss"},
            "'val_loss', .* fit with X_val and y_val, or with early",
        ),
        ({"metrics": "recall"}, r"names 'recall', but there are only \['step_loss', 'lr', 'loss'"),
        ({"metrics": ()}, "metrics is empty"),
        ({"metrics": "step_loss", "window": 0}, "window must be at least 1 step, got 0"),
    ],
)
def test_bad_input(params, match, pyplot):
    with pytest.raises(ValueError, match=match):
        TrainingCurveDisplay.from_estimator(fitted(False), **params)
    assert not pyplot.get_fignums()


def test_wrong_number_of_axes(pyplot):
    with pytest.raises(ValueError, match="ax holds 1 axes, but 2 are needed"):
        TrainingCurveDisplay.from_estimator(fitted(), ax=pyplot.subplots()[1])
    with pytest.raises(ValueError, match="estimators is empty"):
        TrainingCurveDisplay.from_estimator({})
