"""Legends of all Displays."""

import numpy as np
import pytest

from sklearn_softmax.displays._drawing import add_legend
from tests.displays.drawing import texts

LABELS = ["$5 or $6", "_private", r"\alpha_1^{", "plain", "two\nlines", "$"]
LONG = "estimator number {0}, whose name is longer than any figure or axes is wide, lr={0}, done"


def draw_lines(ax, labels):
    return [ax.plot([0, 1], [1, y], label=label)[0] for y, label in enumerate(labels, start=1)]


def test_labels_are_drawn_literally(pyplot):
    ax = pyplot.subplots()[1]
    legend = add_legend(ax, draw_lines(ax, LABELS), outside=False)
    assert texts(legend) == LABELS
    assert not any(text.get_parse_math() for text in legend.get_texts())


@pytest.mark.parametrize("name", ["model {}", LONG])
@pytest.mark.parametrize(("outside", "scale"), [(True, None), (False, "linear"), (False, "log")])
def test_legend_of_many_lines_leaves_space_for_data(name, outside, scale, pyplot):
    figure, ax = pyplot.subplots(layout="constrained" if outside else None)
    ax.set_yscale(scale or "linear")
    legend = add_legend(ax, draw_lines(ax, map(name.format, range(18))), outside=outside)
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    area = figure.bbox if outside else ax.bbox
    assert box.x0 >= area.x0
    assert box.x1 <= area.x1
    assert len(set(texts(legend))) == 18
    (_, bottom), (_, top) = ax.transData.transform([(0, 1), (1, 18)])
    assert top - bottom > 100
    assert box.y0 > (ax.bbox.y1 if outside else top)


def test_legend_leaves_users_limits_unchanged(pyplot):
    ax = pyplot.subplots()[1]
    ax.set_ylim(0, 1)
    add_legend(ax, draw_lines(ax, range(20)), outside=False)
    assert ax.get_ylim() == (0, 1)


def test_limits_raised_by_a_legend_adapt_to_later_curves(pyplot):
    ax = pyplot.subplots()[1]
    add_legend(ax, draw_lines(ax, range(20)), outside=False)
    ax.plot([0, 1], [100, 100])
    assert ax.get_ylim()[1] > 100


@pytest.mark.parametrize("n_rows", [4, 8])
def test_legend_covers_no_part_of_large_markers(n_rows, pyplot):
    ax = pyplot.subplots()[1]
    x, y = np.indices((9, n_rows)).reshape(2, -1)
    (stars,) = ax.plot(x, y, "*", linestyle="none", markersize=24, label="best")
    legend = add_legend(ax, [stars, stars], outside=False)
    radius = 12 * ax.figure.dpi / 72
    centres = ax.transData.transform(stars.get_xydata())
    box = legend.get_window_extent().padded(radius)
    assert not any(box.contains(*centre) for centre in centres)
