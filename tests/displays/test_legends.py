"""Legends of all Displays."""

import numpy as np
import pytest

from sklearn_softmax.displays._drawing import add_legend

LABELS = ["$5 or $6", "_private", r"\alpha_1^{", "plain", "two\nlines", "$"]
LONG = "estimator number {0}, whose name is longer than any figure or axes is wide, lr={0}, done"


@pytest.mark.parametrize("outside", [True, False])
def test_labels_and_titles_are_drawn_literally(outside, pyplot):
    figure, ax = pyplot.subplots(layout="constrained")
    handles = [ax.plot([0, 1], [0, place], label=label)[0] for place, label in enumerate(LABELS)]
    legend = add_legend(ax, handles, outside=outside, title="$x$ and $")
    drawn = [*legend.get_texts(), legend.get_title()]
    assert [text.get_text() for text in drawn] == [*LABELS, "$x$ and $"]
    assert not any(text.get_parse_math() for text in drawn)
    figure.canvas.draw()


@pytest.mark.parametrize("name", ["model {}", LONG])
@pytest.mark.parametrize("outside", [True, False])
def test_legends_of_many_models_leave_room_for_data(name, outside, pyplot):
    figure, ax = pyplot.subplots(layout="constrained" if outside else None)
    handles = [ax.plot([0, 1], [0, place], label=name.format(place))[0] for place in range(30)]
    legend = add_legend(ax, handles, outside=outside)
    figure.canvas.draw()
    box = legend.get_window_extent()
    area = figure.bbox if outside else ax.bbox
    assert box.x0 >= area.x0
    assert box.x1 <= area.x1
    assert len({text.get_text() for text in legend.get_texts()}) == 30
    (_, bottom), (_, top) = ax.transData.transform([(0, 0), (1, 29)])
    assert top - bottom > 100
    assert box.y0 > (ax.bbox.y1 if outside else top)


def test_a_legend_leaves_limits_of_the_user(pyplot):
    ax = pyplot.subplots()[1]
    ax.set_ylim(0, 1)
    lines = [ax.plot([0, 1], [place / 20] * 2, label=place)[0] for place in range(20)]
    add_legend(ax, lines, outside=False)
    assert ax.get_ylim() == (0, 1)


def test_later_curves_are_not_cut_off(pyplot):
    ax = pyplot.subplots()[1]
    lines = [ax.plot([0, 1], [place] * 2, label=place)[0] for place in range(20)]
    add_legend(ax, lines, outside=False)
    ax.plot([0, 1], [100, 100])
    assert ax.get_ylim()[1] > 100


@pytest.mark.parametrize("n_rows", [4, 6, 8])
def test_legends_do_not_cover_large_markers(n_rows, pyplot):
    ax = pyplot.subplots()[1]
    x, y = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, n_rows))
    style = {"linestyle": "none", "markersize": 24, "label": "best"}
    (stars,) = ax.plot(x.ravel(), y.ravel(), "*", **style)
    legend = add_legend(ax, [stars, stars], outside=False)
    radius = 12 * ax.figure.dpi / 72
    centres = ax.transData.transform(stars.get_xydata())
    box = legend.get_window_extent().padded(radius)
    assert not any(box.contains(*centre) for centre in centres)
