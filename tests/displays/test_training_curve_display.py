"""Curves of the training."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import BinaryPerceptron, SoftmaxRegression, TrainingCurveDisplay
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from tests.displays.drawing import texts, visible_ticks

X, y = load_iris(return_X_y=True)
X_val, y_val = X[::3], y[::3]
STOPPING = {"early_stopping": True, "tol": 0.5, "n_iter_no_change": 3}


def fit(with_validation=True, **params):
    validation = {"X_val": X_val, "y_val": y_val} if with_validation else {}
    params = {"lr": 0.05, "n_epochs": 6, "batch_size": 20, "random_state": 0, **params}
    return SoftmaxRegression(**params).fit(X, y, **validation)


def draw(model, metrics=("loss", "accuracy"), **options):
    return TrainingCurveDisplay.from_estimator(model, metrics=metrics, **options)


def test_curves_are_the_loss_and_accuracy_of_training_and_validation_rows(pyplot):
    model = fit()
    display = TrainingCurveDisplay.from_estimator(model)
    for ax, lines, metric in zip(display.axes_, display.lines_, ("loss", "accuracy")):
        for line, column in zip(lines, (metric, f"val_{metric}")):
            expected = model.history_["epoch"], model.history_[column]
            np.testing.assert_array_equal(line.get_data(), expected)
        assert [to_hex(line.get_color()).upper() for line in lines] == [BLUE, ORANGE]
        assert [line.get_linestyle() for line in lines] == ["-", "--"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("Epoch", metric.capitalize())
    assert texts(display.legend_) == ["training", "validation"]
    assert display.figure_ is display.axes_[0].get_figure()
    assert display.markers_ == [[], []]
    display.figure_.draw_without_rendering()


def test_curves_have_users_style_and_without_validation_rows_one_line(pyplot):
    display = draw(fit(False), lw=3, c="k")
    for lines in display.lines_:
        assert [(line.get_linewidth(), line.get_color()) for line in lines] == [(3, "k")]
    assert texts(display.legend_) == ["training"]


def test_lowest_validation_loss_of_early_stopping_is_marked(pyplot):
    model = fit(**STOPPING)
    best = model.history_["val_loss"].argmin()
    display = draw(model, validation_name="test")
    for (marker,), column in zip(display.markers_, ("val_loss", "val_accuracy")):
        assert marker.get_xdata() == [best + 1]
        assert marker.get_ydata() == [model.history_[column][best]]
        assert marker.get_marker() == "o"
    assert texts(display.legend_)[:3] == ["training", "test", "lowest validation loss"]
    legend = draw(model.set_params(early_stopping=False)).legend_
    assert texts(legend)[2] == "lowest validation loss"


def test_several_estimators_have_a_colour_each(pyplot):
    models = {"short": fit(n_epochs=3), "long": fit(n_epochs=8), "no": fit(False)}
    display = draw(models, "accuracy")
    (lines,) = display.lines_
    assert [len(line.get_xdata()) for line in lines] == [3, 3, 8, 8, 6]
    colours = [line.get_color() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3] != colours[4]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--", "-"]
    assert texts(display.legend_) == ["short", "long", "no", "training", "validation"]


def test_listed_estimators_are_named_by_what_differs(pyplot):
    models = [fit(reg_param=0.0), make_pipeline(StandardScaler(), fit(reg_param=2.5))]
    display = draw(models, "val_accuracy")
    assert texts(display.legend_) == ["reg_param=0", "reg_param=2.5"]
    assert display.axes_[0].get_ylabel() == "Validation accuracy"
    assert texts(draw([models[0], models[0]], "loss").legend_)[:2] == ["model 1", "model 2"]


def test_running_mean_of_the_step_losses_lies_in_its_band(pyplot):
    model = fit(n_epochs=10)
    display = draw(model, "step_loss", window=9)
    (line,), (band,) = display.lines_[0], display.bands_[0]
    windows = np.lib.stride_tricks.sliding_window_view(model.step_losses_, 9)
    np.testing.assert_array_equal(line.get_xdata(), np.arange(1, model.n_steps_ + 1))
    np.testing.assert_allclose(line.get_ydata()[4:-4], windows.mean(axis=1))
    inner_points = line.get_xydata()[5:-5]
    assert band.get_paths()[0].contains_points(inner_points).all()
    assert display.axes_[0].get_xlabel() == "Step"
    assert texts(display.legend_) == ["running mean", "± standard deviation"]
    (line,) = draw(fit(n_epochs=3), "step_loss").lines_[0]  # fewer than 50 steps
    np.testing.assert_array_equal(line.get_ydata(), model.step_losses_[: len(line.get_ydata())])


def test_band_of_a_running_mean_is_cut_off_at_zero(pyplot):
    losses = np.array([0.0, 3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0])
    display = TrainingCurveDisplay(histories={}, step_losses={"": losses}, best_epochs={})
    (band,) = display.plot(metrics="step_loss", window=3).bands_[0]
    assert band.get_paths()[0].vertices[:, 1].min() == 0


def fit_with_stop_reason(reason):
    model = fit(warm_start=True).fit(X, y)  # the last epochs without validation rows
    model.stop_reason_ = reason
    return model


@pytest.mark.parametrize(
    ("fit_model", "reason"),
    [
        (lambda: fit(**STOPPING), "validation loss fell by less than tol"),
        (lambda: fit(early_stopping=True, n_epochs=3), None),
        (lambda: fit(optimizer="lbfgs", n_epochs="auto"), "converged"),
        (lambda: BinaryPerceptron().fit(X[:100], y[:100]), "no mistakes left"),
        (lambda: BinaryPerceptron().fit(X[50:], y[50:]), "training loss fell by less than tol"),
        (lambda: BinaryPerceptron().partial_fit(X[:100], y[:100], [0, 1]), None),
        (lambda: fit_with_stop_reason("interrupted"), "interrupted"),
        (lambda: fit_with_stop_reason("callback"), "by a callback"),
    ],
)
def test_curves_that_end_early_are_marked_with_the_reason(fit_model, reason, pyplot):
    model = fit_model()
    display = draw(model, ["accuracy", "step_loss"])
    reasons = [text for text in texts(display.legend_) if text.startswith("ended: ")]
    assert reasons == ([] if reason is None else [f"ended: {reason}"])
    for ends, last in zip(display.ends_, (model.n_iter_, model.n_steps_), strict=True):
        assert [end.get_xdata() for end in ends] == [[last]] * len(reasons)


def test_end_is_marked_on_the_curves_of_the_model(pyplot):
    stopped = fit(False)
    stopped.stop_reason_ = "callback"
    assert draw({"validated": fit(), "stopped": stopped}, "val_loss").ends_ == [[]]


def test_end_of_epochs_without_validation_is_marked_on_the_training_curve(pyplot):
    model = fit_with_stop_reason("callback")
    for (end,), metric in zip(draw(model).ends_, ("loss", "accuracy")):
        assert end.get_ydata() == [model.history_[metric][-1]]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_single_epoch_is_drawn_as_markers(pyplot):
    model = SoftmaxRegression(batch_size=200, random_state=0).partial_fit(X, y, [0, 1, 2])
    for display in (
        draw(model, ["loss", "step_loss", "weight_norm"]),
        draw(fit(n_epochs=1), ["loss", "val_accuracy", "lr"]),
    ):
        display.figure_.draw_without_rendering()
        assert [visible_ticks(ax) for ax in display.axes_] == [[1], [1], [1]]
        assert {line.get_marker() for lines in display.lines_ for line in lines} == {"o"}


@pytest.mark.parametrize(
    ("values", "single"),
    [
        ([1, np.nan, 1, 1, np.nan, 1], [0, 5]),
        ([np.nan, 1, np.nan, np.nan, 1, 1], [1]),
        ([1, 1, 1, np.inf, 1, np.nan], [4]),
        ([1, 1, 1, 1, 1, 1], None),
    ],
)
def test_values_between_gaps_are_drawn_as_markers(values, single, pyplot):
    history = {"epoch": np.arange(1, 7), "loss": np.array(values, dtype=float)}
    display = TrainingCurveDisplay(histories={"": history}, step_losses={"": []}, best_epochs={})
    (line,) = display.plot(metrics="loss").lines_[0]
    assert line.get_markevery() == single
    assert line.get_marker() == ("None" if single is None else "o")
    (square,) = display.plot(metrics="loss", marker="s").lines_[0]
    assert (square.get_marker(), square.get_markevery()) == ("s", None)


def test_labels_of_all_metrics(pyplot):
    display = draw(fit(), ("loss", "accuracy", "weight_norm", "lr", "step_loss"))
    labels = ["Loss", "Accuracy", "Norm of the weights", "Learning rate", "Loss of the batch"]
    assert [ax.get_ylabel() for ax in display.axes_] == labels


def test_curve_of_a_search_is_that_of_its_best_estimator(pyplot):
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(n_epochs=4))
    search = GridSearchCV(pipeline, {"softmaxregression__lr": [0.1]}, cv=2).fit(X, y)
    expected = search.best_estimator_[-1].history_["loss"]
    np.testing.assert_array_equal(draw(search, "loss").lines_[0][0].get_ydata(), expected)
