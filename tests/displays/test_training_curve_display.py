"""Curves of the training."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import ticker
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import BinaryPerceptron, SoftmaxRegression, TrainingCurveDisplay
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE
from tests.cases import estimators
from tests.displays.drawing import covers_lines, texts

X, y = load_iris(return_X_y=True)
X_val, y_val = X[::3], y[::3]


def fit(with_validation=True, **params):
    validation = {"X_val": X_val, "y_val": y_val} if with_validation else {}
    params = {"lr": 0.05, "n_epochs": 6, "batch_size": 20, "random_state": 0, **params}
    return SoftmaxRegression(**params).fit(X, y, **validation)


def draw(model, metrics=("loss", "accuracy"), **options):
    return TrainingCurveDisplay.from_estimator(model, metrics=metrics, **options)


def visible_ticks(ax):
    low, high = ax.get_xlim()
    return [tick for tick in ax.get_xticks() if low <= tick <= high]


def test_curves_are_the_loss_and_accuracy_of_training_and_validation_rows(pyplot):
    model = fit()
    display = TrainingCurveDisplay.from_estimator(model)
    for ax, lines, metric in zip(display.axes_, display.lines_, ("loss", "accuracy")):
        for line, column in zip(lines, (metric, f"val_{metric}")):
            np.testing.assert_array_equal(line.get_xdata(), model.history_["epoch"])
            np.testing.assert_array_equal(line.get_ydata(), model.history_[column])
        assert [to_hex(line.get_color()).upper() for line in lines] == [BLUE, ORANGE]
        assert [line.get_linestyle() for line in lines] == ["-", "--"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("Epoch", metric.capitalize())
    assert texts(display.legend_) == ["training", "validation"]
    assert display.figure_ is display.axes_[0].get_figure()
    assert display.markers_ == [[], []]
    display.figure_.draw_without_rendering()


def test_curves_are_drawn_on_users_axes_with_users_style(pyplot):
    figure, axes = pyplot.subplots(ncols=3)
    display = draw(fit(False), ax=axes[1:], lw=3, c="k")
    assert list(display.axes_) == list(axes[1:])
    assert display.figure_ is figure
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    assert [len(lines) for lines in display.lines_] == [1, 1]
    (line,) = display.lines_[0]
    assert (line.get_linewidth(), line.get_color()) == (3, "k")
    assert texts(display.legend_) == ["training"]
    assert list(draw(fit(), "loss", ax=axes[0]).axes_) == [axes[0]]


def test_lowest_validation_loss_of_early_stopping_is_marked(pyplot):
    model = fit(early_stopping=True, n_epochs=50)
    best = model.history_["val_loss"].argmin()
    display = draw(model, validation_name="test")
    for (marker,), column in zip(display.markers_, ("val_loss", "val_accuracy")):
        assert marker.get_xdata() == [best + 1]
        assert marker.get_ydata() == [model.history_[column][best]]
        assert marker.get_marker() == "o"
    assert texts(display.legend_) == ["training", "test", "lowest validation loss"]


def test_lowest_validation_loss_is_marked_after_early_stopping_is_unset(pyplot):
    model = fit(early_stopping=True, tol=0.5, n_iter_no_change=3)
    display = draw(model.set_params(early_stopping=False))
    assert texts(display.legend_)[2] == "lowest validation loss"


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


def test_default_window_of_few_steps_is_one_step(pyplot):
    model = fit(n_epochs=3)
    display = draw(model, "step_loss")
    np.testing.assert_array_equal(display.lines_[0][0].get_ydata(), model.step_losses_)


def test_band_of_a_running_mean_is_cut_off_at_zero(pyplot):
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
            "validation loss fell by less than tol",
        ),
        ({"early_stopping": True, "n_epochs": 3}, None),
        ({"optimizer": "lbfgs", "n_epochs": "auto"}, "converged"),
        ({"lr": "auto", "n_epochs": "auto", "tol": 0.1}, "converged"),
        ({"lr": "auto", "n_epochs": 2}, None),
        ({"lr": 0.001, "n_epochs": "auto"}, None),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_curves_that_end_early_are_marked_with_the_reason(params, reason, pyplot):
    model = fit(**params)
    display = draw(model, ["accuracy", "step_loss"])
    reasons = [text for text in texts(display.legend_) if text.startswith("ended: ")]
    assert reasons == ([] if reason is None else [f"ended: {reason}"])
    assert [len(ends) for ends in display.ends_] == [len(reasons)] * 2
    for ends, last in zip(display.ends_, (model.n_iter_, model.n_steps_)):
        assert all(end.get_xdata() == [last] for end in ends)


class StopAfterTwoEpochs:
    """Callback that ends every fit after two epochs."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        return context.task_name == "epoch" and context.task_id == 1


@pytest.mark.skipif(not CALLBACKS_AVAILABLE, reason="needs the callbacks of scikit-learn 1.9")
@pytest.mark.parametrize("params", [{"lr": 0.1, "n_epochs": 30}, {"lr": "auto"}])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_curve_of_a_fit_ended_by_a_callback_has_not_converged(params, pyplot):
    model = SoftmaxRegression(**params).set_callbacks(StopAfterTwoEpochs()).fit(X, y)
    display = draw(model)
    assert texts(display.legend_) == ["training", "ended: by a callback"]
    for (end,), metric in zip(display.ends_, ("loss", "accuracy")):
        assert end.get_data() == ([2], [model.history_[metric][-1]])


def fit_with_stop_reason(reason):
    model = fit(warm_start=True).fit(X, y)  # the last epochs without validation rows
    model.stop_reason_ = reason
    return model


@pytest.mark.parametrize(
    ("fit_model", "reason"),
    [
        (lambda: BinaryPerceptron(random_state=0).partial_fit(X[:100], y[:100], [0, 1]), None),
        (lambda: BinaryPerceptron(tol=None, n_epochs=9).fit(X[50:], y[50:]), None),
        (lambda: BinaryPerceptron(n_epochs=50).fit(X[:100], y[:100]), "no mistakes left"),
        (lambda: BinaryPerceptron(n_iter_no_change=2).fit(X[50:], y[50:]), "training loss fell"),
        (lambda: fit(early_stopping=True, tol=0.5, n_iter_no_change=3), "validation loss fell"),
        (lambda: fit_with_stop_reason("callback"), "by a callback"),
        (lambda: fit_with_stop_reason("interrupted"), "interrupted"),
    ],
)
def test_reason_of_an_early_end_does_not_depend_on_later_parameters(fit_model, reason, pyplot):
    model = fit_model()
    before = texts(draw(model).legend_)
    assert any("ended" in text for text in before) == (reason is not None)
    assert reason is None or reason in before[-1]
    model = pickle.loads(pickle.dumps(model.set_params(n_iter_no_change=77, tol=1.0, n_epochs=1)))
    assert texts(draw(model).legend_) == before


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


@pytest.mark.parametrize(
    ("set_up", "metric"),
    [
        (lambda ax: ax.set(xscale="log", yscale="log"), "loss"),
        (lambda ax: ax.set(xscale="symlog", ylim=(0.2, 0.9)), "step_loss"),
        (lambda ax: ax.set(xticks=[1, 5], xticklabels=["first", "fifth"]), "loss"),
        (lambda ax: ax.set(xticks=[], xlim=(2, 5)), "step_loss"),
        (lambda ax: ax.xaxis.set_major_locator(ticker.MultipleLocator(2.5)), "loss"),
        (lambda ax: ax.xaxis.set_major_locator(ticker.MaxNLocator(3)), "step_loss"),
        (lambda ax: ax.xaxis.set_major_formatter("{x:.1f}"), "loss"),
        (lambda ax: ax.invert_yaxis(), "loss"),
    ],
)
def test_users_axes_keep_their_scales_ticks_and_limits(set_up, metric, pyplot):
    def properties(ax):
        autoscaled = [(ax.get_autoscalex_on(), ax.get_xlim), (ax.get_autoscaley_on(), ax.get_ylim)]
        limits = [None if is_on else get_limits() for is_on, get_limits in autoscaled]
        axis = ax.xaxis
        return axis.get_major_locator(), axis.get_major_formatter(), ax.get_xscale(), limits

    ax = pyplot.subplots()[1]
    set_up(ax)
    before = properties(ax)
    draw(fit(), metric, ax=ax)
    ax.figure.draw_without_rendering()
    assert properties(ax) == before


def test_curves_are_drawn_on_polar_and_shared_axes(pyplot):
    figure = pyplot.figure()
    polar, plain = figure.add_subplot(131, projection="polar"), figure.add_subplot(132)
    for ax in (polar, figure.add_subplot(133, sharex=plain)):
        draw(fit(), "loss", ax=ax)
    figure.draw_without_rendering()


def test_texts_are_drawn_literally(pyplot):
    models = {"$5 or $6": fit(), "_private": fit(False)}
    display = draw(models, ["loss", "val_loss"], validation_name="$X_v$ Test")
    display.figure_.canvas.draw()
    assert texts(display.legend_) == ["$5 or $6", "_private", "training", "$X_v$ Test"]
    label = display.axes_[1].yaxis.label
    assert (label.get_text(), label.get_parse_math()) == ("$X_v$ Test loss", False)


@estimators()
def test_every_estimator_records_all_metrics(case, pyplot):
    model = case.model(n_epochs=3).fit(case.X, case.y)
    display = draw(model, ("loss", "accuracy", "weight_norm", "lr", "step_loss"))
    labels = ["Loss", "Accuracy", "Norm of the weights", "Learning rate", "Loss of the batch"]
    assert [ax.get_ylabel() for ax in display.axes_] == labels


def test_curve_of_a_search_is_that_of_its_best_estimator(pyplot):
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(n_epochs=4))
    search = GridSearchCV(pipeline, {"softmaxregression__lr": [0.1]}, cv=2).fit(X, y)
    expected = search.best_estimator_[-1].history_["loss"]
    np.testing.assert_array_equal(draw(search, "loss").lines_[0][0].get_ydata(), expected)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_legend_on_users_axes_covers_no_curve(scale, pyplot):
    ax = pyplot.subplots(figsize=(3, 3))[1]
    ax.set_yscale(scale)
    models = {f"model number {i}": fit(n_epochs=20, lr=0.02 * i) for i in range(1, 6)}
    display = draw(models, "loss", ax=ax)
    assert ax.get_yscale() == scale
    ax.figure.draw_without_rendering()
    assert not covers_lines(display.legend_, display.lines_[0])


@pytest.mark.parametrize(
    ("get_value", "match"),
    [
        (lambda model: model.history_, "its entry 'epoch' is <class 'numpy.ndarray'>: give the"),
        (lambda model: [model.history_], "its entry 0 is <class 'dict'>: .* not .* its history_"),
        (type, "it is the class SoftmaxRegression"),
        (lambda model: {"a": model, "b": type(model)}, "entry 'b' is the class SoftmaxRegression"),
        (lambda model: iter([model]), "it is <class 'list_iterator'>"),
        (lambda model: model.step_losses_, "it is <class 'numpy.ndarray'>"),
        (lambda _: SimpleNamespace(epochs_=[0]), "it is <class 'types.Simple.* or its callback"),
    ],
)
def test_error_for_values_other_than_estimators(get_value, match, pyplot):
    with pytest.raises(TypeError, match=match):
        draw(get_value(fit()))
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"metrics": "val_loss"}, "'val_loss', .* fit with X_val and y_val, or with early"),
        ({"metrics": "recall"}, r"names 'recall', but there are only \['step_loss', 'lr', 'loss'"),
        ({"metrics": ()}, "metrics is empty"),
        ({"metrics": "step_loss", "window": 0}, "window must be at least 1 step, got 0"),
    ],
)
def test_errors_for_metrics_and_window(params, match, pyplot):
    with pytest.raises(ValueError, match=match):
        draw(fit(False), **params)
    assert not pyplot.get_fignums()


def test_errors_for_axes_and_no_estimators(pyplot):
    with pytest.raises(ValueError, match="ax holds 1 axes, but 2 are needed"):
        draw(fit(), ax=pyplot.subplots()[1])
    for value in (pyplot.figure(), pyplot):
        with pytest.raises(TypeError, match=r"ax must be matplotlib Axes, got .*: give the axes"):
            draw(fit(), ax=value)
    with pytest.raises(ValueError, match="estimators is empty"):
        draw({})
