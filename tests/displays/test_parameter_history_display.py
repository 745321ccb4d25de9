"""Norms of the weights and intercepts over the epochs."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_softmax import ParameterHistoryDisplay, SoftmaxRegression
from tests.displays.drawing import covers_lines, texts, weight_history


def test_lines_are_the_norms_and_intercepts_of_a_history(pyplot):
    history = weight_history(5, 4)
    display = ParameterHistoryDisplay.from_history(history)
    (norms,) = display.norm_lines_
    np.testing.assert_array_equal(norms.get_xdata(), history.epochs_)
    np.testing.assert_allclose(
        norms.get_ydata(), [np.sqrt((W**2).sum()) for W in history.weights_[0]]
    )
    for line, values in zip(display.intercept_lines_, history.intercepts_[0].T):
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert [ax.get_ylabel() for ax in display.axes_] == ["Norm of the weights", "Intercept"]
    assert [ax.get_xlabel() for ax in display.axes_] == ["Epoch", "Epoch"]
    assert display.axes_[0].get_ylim()[0] == 0
    (legend,) = display.figure_.legends
    assert legend.get_title().get_text() == "Class"
    assert texts(legend) == ["0", "1", "2", "3"]


def test_layers_of_a_net_have_a_norm_each(pyplot):
    history = weight_history(5, 30, 3, classes=["a", "b", "c"])
    display = ParameterHistoryDisplay.from_history(history)
    assert texts(display.axes_[0].get_legend()) == ["layer 1", "layer 2"]
    assert [line.get_label() for line in display.intercept_lines_] == ["a", "b", "c"]
    hidden = ParameterHistoryDisplay.from_history(history, layer=0)
    assert len(hidden.intercept_lines_) == 30
    assert not hidden.figure_.legends
    assert len({tuple(line.get_color()) for line in hidden.intercept_lines_}) == 30


def test_single_output_is_named_after_the_positive_class(pyplot):
    history = weight_history(5, 1, classes=["no", "yes"])
    display = ParameterHistoryDisplay.from_history(history)
    assert [line.get_label() for line in display.intercept_lines_] == ["yes"]


def test_lines_of_ten_classes_differ_in_colour_or_dashes(pyplot):
    figure, axes = pyplot.subplots(ncols=3)
    history = weight_history(5, 10)
    display = ParameterHistoryDisplay.from_history(history, ax=axes[1:], linewidth=3)
    lines = display.intercept_lines_
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10
    assert {line.get_linewidth() for line in lines} == {3}
    assert list(display.axes_) == list(axes[1:])
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    figure.draw_without_rendering()
    assert not covers_lines(axes[2].get_legend(), lines)


def test_names_of_many_classes_are_drawn_literally(pyplot):
    classes = [f"${i} or _{i}$" for i in range(50)]
    display = ParameterHistoryDisplay.from_history(weight_history(3, 50, classes=classes))
    display.figure_.canvas.draw()
    (legend,) = display.figure_.legends
    assert texts(legend) == classes
    assert display.axes_[0].bbox.height > 200


def test_single_epoch_is_drawn_as_markers(pyplot):
    display = ParameterHistoryDisplay.from_history(weight_history(5, 3, n_kept=1))
    for line in display.norm_lines_ + display.intercept_lines_:
        assert line.get_marker() == "o"
    for ax in display.axes_:
        low, high = ax.get_xlim()
        assert [tick for tick in ax.get_xticks() if low <= tick <= high] == [0]


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_users_axes_keep_their_scales_ticks_and_limits(scale, pyplot):
    norm_ax, intercept_ax = axes = pyplot.subplots(ncols=2)[1]
    norm_ax.set(xscale=scale, yscale=scale, ylim=(1, 50))
    intercept_ax.set(xticks=[0, 33], yscale=scale if scale != "log" else "linear")
    intercept_ax.invert_yaxis()
    locators = [ax.xaxis.get_major_locator() for ax in axes]
    ParameterHistoryDisplay.from_history(weight_history(5, 3), ax=axes)
    axes[0].figure.draw_without_rendering()
    assert [ax.xaxis.get_major_locator() for ax in axes] == locators
    assert norm_ax.get_xscale() == norm_ax.get_yscale() == scale
    assert norm_ax.get_ylim() == (1, 50)
    assert list(intercept_ax.get_xticks()) == [0, 33]
    assert intercept_ax.yaxis_inverted()


def test_norms_on_a_log_scale_do_not_start_at_zero(pyplot):
    axes = pyplot.subplots(ncols=2)[1]
    axes[0].set_yscale("log")
    ParameterHistoryDisplay.from_history(weight_history(5, 3), ax=axes)
    assert axes[0].get_ylim()[0] > 0


@pytest.mark.parametrize(
    "value", [SoftmaxRegression(), SoftmaxRegression, {"loss": np.zeros(3)}, None, [1.0]]
)
def test_error_for_values_other_than_a_history(value, pyplot):
    with pytest.raises(TypeError, match=r"must be a WeightHistory .*: give the callback"):
        ParameterHistoryDisplay.from_history(value)
    assert not pyplot.get_fignums()


def test_errors_for_an_empty_history_and_a_wrong_layer(pyplot):
    with pytest.raises(NotFittedError, match="has kept no parameters: fit a classifier after"):
        ParameterHistoryDisplay.from_history(SimpleNamespace(every=1))
    for layer in (2, -3):
        with pytest.raises(ValueError, match=f"layer={layer} is not one of the 2 layers"):
            ParameterHistoryDisplay.from_history(weight_history(5, 4, 3), layer=layer)
    assert not pyplot.get_fignums()
