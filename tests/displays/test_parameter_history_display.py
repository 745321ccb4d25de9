"""Norms of the weights and intercepts over the epochs."""

import numpy as np

from sklearn_softmax import ParameterHistoryDisplay
from tests.displays.drawing import texts, visible_ticks, weight_history


def test_lines_are_the_norms_and_intercepts_of_a_history(pyplot):
    history = weight_history(5, 4)
    display = ParameterHistoryDisplay.from_history(history)
    (norms,) = display.norm_lines_
    np.testing.assert_array_equal(norms.get_xdata(), history.epochs_)
    np.testing.assert_allclose(norms.get_ydata() ** 2, (history.weights_[0] ** 2).sum(axis=(1, 2)))
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
    for last_layer in (display, ParameterHistoryDisplay.from_history(history, layer=1)):
        assert [line.get_label() for line in last_layer.intercept_lines_] == ["a", "b", "c"]
    hidden = ParameterHistoryDisplay.from_history(history, layer=0)
    assert len(hidden.intercept_lines_) == 30
    assert not hidden.figure_.legends
    assert len({tuple(line.get_color()) for line in hidden.intercept_lines_}) == 30


def test_lines_of_ten_classes_differ_in_colour_or_dashes(pyplot):
    display = ParameterHistoryDisplay.from_history(weight_history(5, 10), linewidth=3)
    lines = display.intercept_lines_
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10
    assert {line.get_linewidth() for line in lines} == {3}


def test_single_epoch_is_drawn_as_markers(pyplot):
    display = ParameterHistoryDisplay.from_history(weight_history(5, 3, n_snapshots=1))
    for line in display.norm_lines_ + display.intercept_lines_:
        assert line.get_marker() == "o"
    assert [visible_ticks(ax) for ax in display.axes_] == [[0], [0]]
