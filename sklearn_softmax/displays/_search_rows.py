"""Scores of a search, one row per configuration."""

from math import ceil

import numpy as np

from sklearn_softmax._value_texts import MAX_LENGTH
from sklearn_softmax.displays._configurations import text_columns, text_table
from sklearn_softmax.displays._drawing import BLUE, GREY, ORANGE
from sklearn_softmax.displays._score_marks import UNNAMED, ScoreMarks
from sklearn_softmax.displays._tick_labels import gaps

MAX_FONT_SIZE, MIN_FONT_SIZE = 8, 5
MIN_COLUMN_WIDTH = 7  # characters
MAX_HEIGHT = 50  # inches of a new figure
MAX_LABEL_FRACTION = 0.6  # of the width of axes


def draw_rows(results, ax, style):
    """Draw a line of text and an error bar per configuration.

    Parameters
    ----------
    results : SearchResultsDisplay
    ax : matplotlib Axes or None
        None for a new figure.
    style : dict
        The user's arguments of ``errorbar``.

    Returns
    -------
    marks : ScoreMarks
    """
    n, columns = len(results.means), text_columns(results.configurations)
    width = sum(2 + max(map(len, [name, *texts])) for name, texts in columns.items())
    figsize = (min(14, 4.5 + 0.07 * width), min(MAX_HEIGHT, 1.5 + 0.18 * n))
    marks = ScoreMarks(ax, results, style, figsize)
    positions = np.arange(n)
    bars = {"fmt": "o", "markersize": 4, "capsize": 2}
    if results.train_means is not None:
        defaults = {"color": GREY, "markerfacecolor": "white", "label": "train", **bars}
        marks.add_bars(results.train_means, positions, defaults, xerr=results.train_deviations)
    defaults = {"color": BLUE, "label": "test" if marks.errorbars else UNNAMED, **bars}
    marks.add_bars(results.means, positions, defaults, xerr=results.deviations)
    if results.best_index is not None:
        marks.mark_best(results.means[results.best_index], results.best_index)
    ax = marks.ax
    if ax.get_yscale() != "linear":
        ax.set_yscale("linear")
    ax.set_ylim(n - 0.5, -1.5, auto=None)
    ax.set_xlabel(f"{results.score_name} in cross-validation", parse_math=False)
    ax.grid(axis="x", alpha=0.3)
    if not ax.yaxis.get_tick_params().get("labelleft", True):  # shared axes show the labels
        marks.add_legend()
        return marks
    ax.set_yticks([])
    table, size = _fitting_table(ax, columns) if columns else ([""] * (1 + n), MAX_FONT_SIZE)
    _label_rows(ax, table, size, results.best_index)
    marks.add_legend()
    _label_rows(ax, table, size, results.best_index)  # the legend may change the height
    if results.best_index is not None:
        tick = list(ax.get_yticks()).index(results.best_index)
        ax.get_yticklabels()[tick].set(color=ORANGE, weight="bold")
    return marks


def _label_rows(ax, table, size, best_index):
    """Label the rows as large as their height allows, and only some if there are too many."""
    step, largest = _step_and_size(ax)
    best = -step if best_index is None else best_index  # where the header is
    n = len(table) - 1
    rows = [i for i in range(n) if i == best or (i % step == 0 and abs(i - best) >= step)]
    style = {"fontsize": min(size, largest), "family": "monospace", "parse_math": False}
    ax.set_yticks([-step, *rows], [table[0], *(table[1 + i] for i in rows)], **style)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(top=min(ax.get_ylim()[1], -step - 0.5), auto=None)


def _step_and_size(ax):
    """Return the number of rows per label, and the font size at which labels do not touch."""
    ax.figure.figure.draw_without_rendering()  # computes the size of the axes
    n_rows = abs(np.subtract(*ax.get_ylim()))
    row_size = 0.85 * ax.bbox.height * 72 / ax.figure.dpi / n_rows
    step = ceil(max(1, MIN_FONT_SIZE / row_size))
    return step, min(MAX_FONT_SIZE, step * row_size)


def _fitting_table(ax, columns):
    """Return the rows of a table that fits left of the axes, and its font size.

    Without a layout that makes space for labels, the axes become narrower.
    """
    _, size = _step_and_size(ax)
    gap, space = gaps(ax, 0)[0] - 0.1 * ax.figure.dpi, MAX_LABEL_FRACTION * ax.bbox.width
    has_layout = ax.figure.get_layout_engine() is not None
    space = max(1, space if has_layout else space + gap)
    for max_width in range(MAX_LENGTH, MIN_COLUMN_WIDTH - 1, -1):
        table, fitting_size = text_table(columns, max_width), size
        while (width := _text_width(ax, table[0], fitting_size)) > space:
            fitting_size *= min(0.95, space / width)
        if fitting_size >= MIN_FONT_SIZE:
            break
    if not has_layout and width > gap:
        _narrow_axes(ax, width - gap)
    return table, fitting_size


def _text_width(ax, text, size):
    """Return the largest width of a label in pixels; it depends slightly on the resolution."""
    style = {"family": "monospace", "weight": "bold", "fontsize": size, "parse_math": False}
    drawn = ax.text(0, 0, text, **style)
    width = drawn.get_window_extent().width
    drawn.remove()
    return 1.07 * width


def _narrow_axes(ax, n_pixels):
    """Move the left edge of axes to the right."""
    box, is_in_layout = ax.get_position(), ax.get_in_layout()
    box.x0 += n_pixels / ax.figure.bbox.width
    ax.set_position(box)
    ax.set_in_layout(is_in_layout)
