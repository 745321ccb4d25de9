"""The parameters over the epochs."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_softmax import ParameterHistoryDisplay, SoftmaxRegression


def history(*layer_sizes, n_kept=6, classes=None):
    """What a ``WeightHistory`` holds after a fit, made up."""
    rng = np.random.default_rng(0)
    pairs = list(pairwise(layer_sizes))
    return SimpleNamespace(
        epochs_=np.arange(n_kept) * 10,
        weights_=[rng.normal(size=(n_kept, n_out, n_in)) for n_in, n_out in pairs],
        intercepts_=[rng.normal(size=(n_kept, n_out)) for _, n_out in pairs],
        classes_=np.arange(layer_sizes[-1]) if classes is None else np.array(classes),
    )


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_norm_and_intercepts(pyplot):
    kept = history(5, 4)
    display = ParameterHistoryDisplay.from_history(kept)
    (norm,) = display.norm_lines_
    np.testing.assert_array_equal(norm.get_xdata(), kept.epochs_)
    expected = [np.sqrt((W**2).sum()) for W in kept.weights_[0]]
    np.testing.assert_allclose(norm.get_ydata(), expected)
    for line, values in zip(display.intercept_lines_, kept.intercepts_[0].T):
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert [ax.get_ylabel() for ax in display.axes_] == ["Norm of the weights", "Intercept"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["Epoch", "Epoch"]
    assert display.axes_[0].get_ylim()[0] == 0
    (legend,) = display.figure_.legends
    assert legend.get_title().get_text() == "Class"
    assert texts(legend) == ["0", "1", "2", "3"]
    display.figure_.canvas.draw()


def test_given_axes_are_honoured(pyplot):
    figure, axes = pyplot.subplots(ncols=3)
    display = ParameterHistoryDisplay.from_history(history(5, 10), ax=axes[1:])
    assert list(display.axes_) == list(axes[1:])
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    figure.canvas.draw()
    box = axes[2].get_legend().get_window_extent()
    for line in display.intercept_lines_:
        assert not line.get_path().transformed(line.get_transform()).intersects_bbox(box, False)
    with pytest.raises(ValueError, match="ax holds 3 axes, but 2 are needed"):
        ParameterHistoryDisplay.from_history(history(5, 4), ax=axes)


def test_layers_of_a_net(pyplot):
    kept = history(5, 30, 3, classes=["a", "b", "c"])
    display = ParameterHistoryDisplay.from_history(kept)
    assert texts(display.axes_[0].get_legend()) == ["layer 1", "layer 2"]
    assert [line.get_label() for line in display.intercept_lines_] == ["a", "b", "c"]
    hidden = ParameterHistoryDisplay.from_history(kept, layer=0)
    assert len(hidden.intercept_lines_) == 30
    assert not hidden.figure_.legends
    assert len({tuple(line.get_color()) for line in hidden.intercept_lines_}) == 30


def test_two_classes_and_one_output(pyplot):
    display = ParameterHistoryDisplay.from_history(history(5, 1, classes=["no", "yes"]))
    assert [line.get_label() for line in display.intercept_lines_] == ["yes"]


def test_ten_classes_look_different(pyplot):
    display = ParameterHistoryDisplay.from_history(history(5, 10), linewidth=3)
    lines = display.intercept_lines_
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10
    assert {line.get_linewidth() for line in lines} == {3}


@pytest.mark.parametrize("n_classes", [10, 60])
def test_names_of_classes_are_drawn_as_they_are(n_classes, pyplot):
    classes = [f"${i} or _{i}$" for i in range(n_classes)]
    display = ParameterHistoryDisplay.from_history(history(3, n_classes, classes=classes))
    display.figure_.canvas.draw()
    (legend,) = display.figure_.legends
    assert texts(legend) == classes
    assert display.axes_[0].bbox.height > 200


def test_one_copy_is_seen(pyplot):
    display = ParameterHistoryDisplay.from_history(history(5, 3, n_kept=1))
    for line in display.norm_lines_ + display.intercept_lines_:
        assert line.get_marker() == "o"
    display.figure_.canvas.draw()
    for ax in display.axes_:
        low, high = ax.get_xlim()
        assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [0]


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_given_axes_keep_scales_ticks_and_limits(scale, pyplot):
    axes = pyplot.subplots(ncols=2)[1]
    axes[0].set(xscale=scale, yscale=scale)
    axes[1].set(xticks=[0, 33], ylim=(-9, 9), yscale=scale if scale != "log" else "linear")
    locators = [ax.xaxis.get_major_locator() for ax in axes]
    ParameterHistoryDisplay.from_history(history(5, 3), ax=axes)
    axes[0].figure.canvas.draw()
    assert [ax.xaxis.get_major_locator() for ax in axes] == locators
    assert axes[0].get_xscale() == axes[0].get_yscale() == scale
    assert list(axes[1].get_xticks()) == [0, 33]
    assert axes[1].get_ylim() == (-9, 9)


def test_a_limit_of_the_user_stays(pyplot):
    axes = pyplot.subplots(ncols=2)[1]
    axes[0].set_ylim(1, 50)
    axes[1].invert_yaxis()
    ParameterHistoryDisplay.from_history(history(5, 3), ax=axes)
    assert axes[0].get_ylim() == (1, 50)
    assert axes[1].yaxis_inverted()


@pytest.mark.parametrize(
    "neighbour", [SoftmaxRegression(), SoftmaxRegression, {"loss": np.zeros(3)}, None, [1.0]]
)
def test_something_else_than_a_history(neighbour, pyplot):
    with pytest.raises(TypeError, match=r"must be a WeightHistory .*: give the callback"):
        ParameterHistoryDisplay.from_history(neighbour)
    assert not pyplot.get_fignums()


def test_bad_input(pyplot):
    with pytest.raises(NotFittedError, match="has kept no parameters: fit a classifier after"):
        ParameterHistoryDisplay.from_history(SimpleNamespace(every=1))
    for layer in (2, -3):
        with pytest.raises(ValueError, match=f"layer={layer} is not one of the 2 layers"):
            ParameterHistoryDisplay.from_history(history(5, 4, 3), layer=layer)
    assert not pyplot.get_fignums()
