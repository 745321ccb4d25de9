"""Labels of an x axis: rotated, shortened and thinned to fit."""

from functools import partial
from math import ceil, inf

import numpy as np

from sklearn_softmax.displays._drawing import shorten_to_width

MAX_LABEL_FRACTION = 0.4  # of the height of axes, for their labels
MIN_ASPECT = 4  # width of shortened labels, in heights of a line


def fit_tick_labels(ax):
    """Rotate, shorten and thin the labels of an x axis such that none covers another.

    They are rotated and shortened for the present size of the axes, and thinned whenever
    the figure is drawn. Whole numbers are not rotated. Without a layout engine, rotated
    labels end above the axes below and inside the figure.

    Parameters
    ----------
    ax : matplotlib Axes
        Labelled by ``ax.set_xticks(positions, labels, parse_math=False)`` and otherwise
        finished, except for a legend inside them.
    """
    from matplotlib.ticker import FuncFormatter

    axis = ax.xaxis
    axis.get_ticklabels()  # updates the ticks
    positions = axis.get_majorticklocs()
    texts = [tick.label1 for tick in axis.get_major_ticks()]
    labels = [text.get_text() for text in texts]
    axis.set_ticklabels([" "] * len(labels))  # long ones would shrink the axes
    ax.figure.figure.draw_without_rendering()  # computes the size of the axes
    left, below = _space(ax, texts[0])
    axis.set_ticklabels(labels)
    width, height = _largest(texts)
    spacing, shortest = tick_spacing(ax), MIN_ASPECT * height
    are_whole_numbers = all(map(str.isdecimal, labels))
    angle, longest = 0, max(shortest, min(spacing - height / 2, 2 * left))
    if are_whole_numbers:
        longest = inf
    is_horizontal = are_whole_numbers or _labels_fit_side_by_side(ax, texts)
    for option in () if is_horizontal else (45, 90):
        along, across = np.cos(np.radians(option)), np.sin(np.radians(option))
        length = min(left / along, (below - height * along) / across)
        if length >= min(shortest, width):
            angle, longest = option, length
            if height / across <= spacing:
                break
    shorten_to_width(texts, longest)
    width, height = _largest(texts)
    label_width = height / np.sin(np.radians(angle)) if angle else width + height / 2
    labels = dict(zip(positions, [text.get_text() for text in texts]))
    format_tick = partial(_label_unless_covered, ax, labels, label_width / ax.figure.dpi)
    axis.set_major_formatter(FuncFormatter(format_tick))
    if angle:
        va = "top" if angle < 90 else "center"
        for text in texts:
            text.set(rotation=angle, rotation_mode="anchor", ha="right", va=va)


def _largest(texts):
    """Return the largest width and height of texts that are not rotated."""
    return np.max([text.get_window_extent().size for text in texts], axis=0)


def _space(ax, first_label):
    """Return the space for labels: left of the first tick, up to half of the gap, and below it."""
    below = MAX_LABEL_FRACTION * ax.bbox.height
    if ax.figure.get_layout_engine() is not None:
        return inf, below
    label = first_label.get_window_extent()
    left = min(gaps(ax, 0)) / 2 + (label.x0 + label.x1) / 2 - ax.bbox.x0
    ticks_and_axis_label = ax.bbox.y0 - ax.xaxis.get_tightbbox().y0 - label.height
    return left, min(below, gaps(ax, 1)[0] - ticks_and_axis_label)


def gaps(ax, dimension):
    """Return the distances of axes from their neighbours or the edges of the figure, in pixels.

    Parameters
    ----------
    ax : matplotlib Axes
    dimension : int
        0 for those on the left and right, 1 for those below and above.

    Returns
    -------
    gaps : tuple of two float
    """
    order = [dimension, 1 - dimension]
    (low, high), across = ax.bbox.get_points()[:, order].T
    first, last = ax.figure.bbox.get_points()[:, dimension]
    for other in ax.figure.axes:
        (other_low, other_high), other_across = other.bbox.get_points()[:, order].T
        if other_across[0] < across[1] and across[0] < other_across[1]:
            first = max(first, other_high) if other_high <= low else first
            last = min(last, other_low) if high <= other_low else last
    return low - first, last - high


def _labels_fit_side_by_side(ax, texts):
    """Return whether labels fit side by side without rotation.

    The outer ones may use half of the gap beside the axes; a layout makes the axes narrower.
    """
    (width, height), spacing = _largest(texts), tick_spacing(ax)
    if ax.figure.get_layout_engine() is not None:
        return width + height / 2 <= spacing * (1 - width / ax.bbox.width)
    boxes, gap = [text.get_window_extent() for text in texts], min(gaps(ax, 0)) / 2
    first, last = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
    fit_beside = ax.bbox.x0 - gap <= first and last <= ax.bbox.x1 + gap
    return fit_beside and width + height / 2 <= spacing


def _label_unless_covered(ax, labels, width, position, index):
    """Return the label of a tick, or "" if a label before it, of a width in inches, covers it."""
    step = ceil(width * ax.figure.dpi / tick_spacing(ax))
    return labels.get(position, "") if index is not None and index % step == 0 else ""


def tick_spacing(ax):
    """Return the smallest distance between the drawn ticks of an x axis.

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
