"""Curves of the training."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import ticker
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
        "ended: training loss fell by less than tol",
    ]


def stop(model, reason):
    """As if a callback or a user had stopped it."""
    model.stop_reason_ = reason
    return model


@pytest.mark.parametrize(
    ("fit", "reason"),
    [
        (lambda: BinaryPerceptron(random_state=0).partial_fit(X[:100], y[:100], [0, 1]), None),
        (lambda: BinaryPerceptron(tol=None, n_epochs=9).fit(X[50:], y[50:]), None),
        (lambda: BinaryPerceptron(n_iter_no_change=2).fit(X[50:], y[50:]), "training loss fell"),
        (lambda: fitted(early_stopping=True, tol=0.5, n_iter_no_change=3), "validation loss fell"),
        (lambda: stop(fitted(), "callback"), "by a callback"),
        (lambda: stop(fitted(), "interrupted"), "interrupted"),
    ],
)
def test_reasons_are_those_of_the_fit(fit, reason, pyplot):
    model = fit()
    before = texts(TrainingCurveDisplay.from_estimator(model).legend_)
    assert any("ended" in text for text in before) == (reason is not None)
    assert reason is None or reason in before[-1]
    model = pickle.loads(pickle.dumps(model.set_params(n_iter_no_change=77, tol=1.0, n_epochs=1)))
    assert texts(TrainingCurveDisplay.from_estimator(model).legend_) == before


def test_an_end_without_validation_is_marked_on_the_training_curve(pyplot):
    model = stop(fitted(warm_start=True).fit(X, y), "callback")
    display = TrainingCurveDisplay.from_estimator(model)
    for (end,), metric in zip(display.ends_, ("loss", "accuracy")):
        assert end.get_ydata() == [model.history_[metric][-1]]


def test_the_best_epoch_of_early_stopping_is_marked_whatever_the_parameter_is_now(pyplot):
    model = fitted(early_stopping=True, tol=0.5, n_iter_no_change=3)
    display = TrainingCurveDisplay.from_estimator(model.set_params(early_stopping=False))
    assert texts(display.legend_)[2] == "lowest validation loss"


@pytest.mark.parametrize("metric", ["loss", "val_accuracy", "lr"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_epoch_is_seen(metric, pyplot):
    display = TrainingCurveDisplay.from_estimator(fitted(n_epochs=1), metrics=metric)
    assert {line.get_marker() for line in display.lines_[0]} == {"o"}
    assert visible_ticks(display.axes_[0]) == [1]


@pytest.mark.parametrize("metrics", [("loss", "step_loss"), ("accuracy", "weight_norm")])
def test_one_call_of_partial_fit_is_seen(metrics, pyplot):
    model = SoftmaxRegression(batch_size=200, random_state=0).partial_fit(X, y, [0, 1, 2])
    display = TrainingCurveDisplay.from_estimator(model, metrics=metrics)
    display.figure_.canvas.draw()
    assert [visible_ticks(ax) for ax in display.axes_] == [[1], [1]]
    assert [line.get_marker() for lines in display.lines_ for line in lines] == ["o", "o"]


def visible_ticks(ax):
    low, high = ax.get_xlim()
    return [tick for tick in ax.get_xticks() if low <= tick <= high]


@pytest.mark.parametrize(
    ("values", "single"),
    [
        ([1, np.nan, 1, 1, np.nan, 1], [0, 5]),
        ([np.nan, 1, np.nan, np.nan, 1, 1], [1]),
        ([1, 1, 1, np.inf, 1, np.nan], [4]),
        ([1, 1, 1, 1, 1, 1], None),
    ],
)
def test_values_between_gaps_are_marked(values, single, pyplot):
    history = {"epoch": np.arange(1, 7), "loss": np.array(values, dtype=float)}
    display = TrainingCurveDisplay(histories={"": history}, step_losses={"": []}, best_epochs={})
    (line,) = display.plot(metrics="loss").lines_[0]
    assert line.get_markevery() == single
    assert line.get_marker() == ("None" if single is None else "o")
    (styled,) = display.plot(metrics="loss", marker="s").lines_[0]
    assert (styled.get_marker(), styled.get_markevery()) == ("s", None)
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    "set_up",
    [
        lambda ax: ax.set(xscale="log", yscale="log"),
        lambda ax: ax.set(xscale="symlog", ylim=(0.2, 0.9)),
        lambda ax: ax.set(xticks=[1, 5], xticklabels=["first", "fifth"]),
        lambda ax: ax.set(xticks=[], xlim=(2, 5)),
        lambda ax: ax.xaxis.set_major_locator(ticker.MultipleLocator(2.5)),
        lambda ax: ax.xaxis.set_major_locator(ticker.MaxNLocator(3)),
        lambda ax: ax.xaxis.set_major_formatter("{x:.1f}"),
        lambda ax: ax.invert_yaxis(),
    ],
)
@pytest.mark.parametrize("metric", ["loss", "step_loss"])
def test_given_axes_stay_those_of_the_user(set_up, metric, pyplot):
    ax = pyplot.subplots()[1]
    set_up(ax)
    set_before = (ax.xaxis.get_major_locator(), ax.xaxis.get_major_formatter(), ax.get_xscale())
    limits = [None if on else get() for on, get in autoscaled(ax)]
    TrainingCurveDisplay.from_estimator(fitted(), metrics=metric, ax=ax)
    ax.figure.canvas.draw()
    assert set_before == (
        ax.xaxis.get_major_locator(),
        ax.xaxis.get_major_formatter(),
        ax.get_xscale(),
    )
    assert limits == [None if on else get() for on, get in autoscaled(ax)]


def autoscaled(ax):
    return [(ax.get_autoscalex_on(), ax.get_xlim), (ax.get_autoscaley_on(), ax.get_ylim)]


@pytest.mark.parametrize("options", [{"projection": "polar"}, {"sharex": ()}])
def test_other_kinds_of_axes(options, pyplot):
    figure = pyplot.figure()
    options = {key: value or figure.add_subplot(121) for key, value in options.items()}
    ax = figure.add_subplot(122, **options)
    TrainingCurveDisplay.from_estimator(fitted(), metrics="loss", ax=ax)
    figure.canvas.draw()


def test_texts_of_users_are_drawn_as_they_are(pyplot):
    models = {"$5 or $6": fitted(), "_private": fitted(False)}
    display = TrainingCurveDisplay.from_estimator(
        models, metrics=["loss", "val_loss"], validation_name="$X_v$ Test"
    )
    display.figure_.canvas.draw()
    assert texts(display.legend_) == ["$5 or $6", "_private", "training", "$X_v$ Test"]
    label = display.axes_[1].yaxis.label
    assert (label.get_text(), label.get_parse_math()) == ("$X_v$ Test loss", False)


@pytest.mark.parametrize(
    ("neighbour", "match"),
    [
        (
            lambda model: model.history_,
            "its entry 'epoch' is <class 'numpy.ndarray'>: give the est",
        ),
        (lambda model: [model.history_], "its entry 0 is <class 'dict'>: .* not .* its history_"),
        (type, "it is the class SoftmaxRegression"),
        (lambda model: {"a": model, "b": type(model)}, "entry 'b' is the class SoftmaxRegression"),
        (lambda model: iter([model]), "it is <class 'list_iterator'>"),
        (lambda model: model.step_losses_, "it is <class 'numpy.ndarray'>"),
        (lambda _: SimpleNamespace(epochs_=[0]), "it is <class 'types.Simple.* or its callback"),
    ],
)
def test_something_else_than_estimators(neighbour, match, pyplot):
    with pytest.raises(TypeError, match=match):
        TrainingCurveDisplay.from_estimator(neighbour(fitted()))
    assert not pyplot.get_fignums()


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


@pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(),
        LogisticRegression(max_iter=1000).fit(X, y),
        GridSearchCV(SoftmaxRegression(), {"lr": [0.1]}),
    ],
)
def test_not_fitted(model, pyplot):
    with pytest.raises(
        NotFittedError,
        match=f"{type(model).__name__} has no `history_`: (fit it first|give a classifier of this)",
    ):
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
    for neighbour in (pyplot.figure(), pyplot):
        with pytest.raises(TypeError, match=r"ax must be matplotlib Axes, got .*: give the axes"):
            TrainingCurveDisplay.from_estimator(fitted(), ax=neighbour)
    with pytest.raises(ValueError, match="estimators is empty"):
        TrainingCurveDisplay.from_estimator({})
