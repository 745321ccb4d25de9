"""Labels of an x axis, turned, shortened and thinned to fit."""

from functools import partial
from math import ceil, inf

import numpy as np

from sklearn_softmax.displays._drawing import shorten_to

MAX_LABEL_SHARE = 0.4  # of the height of axes, for their labels
MIN_ASPECT = 4  # width of shortened labels, in heights of a line


def fit_tick_labels(ax):
    """Turn, shorten and thin the labels of an x axis so that none covers another.

    They are turned and shortened for the axes as they are now, and thinned whenever the
    figure is drawn. Whole numbers are not turned. Without a layout engine, turned labels
    end above the axes below and inside the figure.

    Parameters
    ----------
    ax : matplotlib Axes
        With labels by ``ax.set_xticks(places, labels, parse_math=False)``, on axes that are
        otherwise finished, but for a legend inside them.
    """
    from matplotlib.ticker import FuncFormatter

    axis = ax.xaxis
    axis.get_ticklabels()  # updates the ticks
    places, texts = axis.get_majorticklocs(), [tick.label1 for tick in axis.get_major_ticks()]
    labels = [text.get_text() for text in texts]
    axis.set_ticklabels([" "] * len(labels))  # long ones would leave no room for the axes
    ax.figure.figure.draw_without_rendering()  # finds the size of the axes
    left, below = _space(ax, texts[0])
    axis.set_ticklabels(labels)
    width, height = _largest(texts)
    spacing, shortest = tick_spacing(ax), MIN_ASPECT * height
    are_whole_numbers = all(map(str.isdecimal, labels))
    angle, longest = 0, inf if are_whole_numbers else max(shortest, spacing - height / 2)
    for turned in () if are_whole_numbers or _fit_side_by_side(ax, texts) else (45, 90):
        along, across = np.cos(np.radians(turned)), np.sin(np.radians(turned))
        length = min(left / along, (below - height * along) / across)
        if length >= min(shortest, width):
            angle, longest = turned, length
            if height / across <= spacing:
                break
    shorten_to(longest, texts)
    width, height = _largest(texts)
    room = height / np.sin(np.radians(angle)) if angle else width + height / 2
    by_place = dict(zip(places, [text.get_text() for text in texts]))
    label_of_tick = partial(_label_unless_covered, ax, by_place, room / ax.figure.dpi)
    axis.set_major_formatter(FuncFormatter(label_of_tick))
    if angle:
        va = "top" if angle < 90 else "center"
        for text in texts:
            text.set(rotation=angle, rotation_mode="anchor", ha="right", va=va)


def _largest(texts):
    """Return the largest width and height of texts that are not turned."""
    return np.max([text.get_window_extent().size for text in texts], axis=0)


def _space(ax, first_label):
    """Return the space for turned labels, left of the first tick and below it."""
    below = MAX_LABEL_SHARE * ax.bbox.height
    if ax.figure.get_layout_engine() is not None:
        return inf, below
    label = first_label.get_window_extent()
    left = gap_before(ax, 0) + (label.x0 + label.x1) / 2 - ax.bbox.x0
    taken = ax.bbox.y0 - ax.xaxis.get_tightbbox().y0 - label.height
    return left, min(below, gap_before(ax, 1) - taken)


def gap_before(ax, dimension):
    """Return the distance of axes from their neighbours or the edge of the figure, in pixels.

    Parameters
    ----------
    ax : matplotlib Axes
    dimension : int
        0 for what is on the left, 1 for what is below.

    Returns
    -------
    gap : float
    """
    along, across = ax.bbox.get_points()[:, [dimension, 1 - dimension]].T
    ends = [ax.figure.bbox.get_points()[0, dimension]]
    for other in ax.figure.axes:
        other_along, other_across = other.bbox.get_points()[:, [dimension, 1 - dimension]].T
        is_beside = other_across[0] < across[1] and across[0] < other_across[1]
        if is_beside and other_along[1] <= along[0]:
            ends.append(other_along[1])
    return along[0] - max(ends)


def _fit_side_by_side(ax, texts):
    """Return whether labels that are not turned fit between the ticks and into the figure.

    With a layout engine, axes become narrower if their outer labels need room.
    """
    (width, height), spacing, edges = _largest(texts), tick_spacing(ax), ax.figure.bbox
    if ax.figure.get_layout_engine() is not None:
        return width + height / 2 <= spacing * (1 - width / ax.bbox.width)
    boxes = [text.get_window_extent() for text in texts]
    are_inside = all(edges.x0 <= box.x0 and box.x1 <= edges.x1 for box in boxes)
    return are_inside and width + height / 2 <= spacing


def _label_unless_covered(ax, by_place, room, place, position):
    """Return the label of a tick, or none if every label has less room than so many inches."""
    step = ceil(room * ax.figure.dpi / tick_spacing(ax))
    return by_place.get(place, "") if position is not None and position % step == 0 else ""


def tick_spacing(ax):
    """Return the smallest distance between the ticks of an x axis as drawn.

    Parameters
    ----------
    ax : matplotlib Axes

    Returns
    -------
    spacing : float
        In pixels; the length of the axis if there is a single tick.
    """
    scale = ax.xaxis.get_transform().transform
    low, high = scale(ax.xaxis.get_view_interval())
    distances = np.diff(np.sort(scale(ax.get_xticks())))
    return ax.bbox.width * min([1.0, *(distances / abs(high - low))])
