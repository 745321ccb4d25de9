"""Colours, axes and legends of all Displays."""

import numpy as np

from sklearn_softmax._value_texts import shorten

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
# Colours of Okabe and Ito that colour-blind readers can distinguish, without the pale yellow.
OKABE_ITO = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)
GREY = "0.35"
MAX_LEGEND_FRACTION = 0.6  # of the height of axes that contain their legend


def colours(n):
    """Return colours that colour-blind readers can distinguish.

    Parameters
    ----------
    n : int

    Returns
    -------
    colours : list of n colours
        Those of Okabe and Ito; if there are too few, from dark to light.
    """
    if n <= len(OKABE_ITO):
        return list(OKABE_ITO[:n])
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0, 0.9, n)))


def panels(ax, n, *, figsize):
    """Return the axes to draw on.

    Parameters
    ----------
    ax : matplotlib Axes, array-like of n Axes, or None
        None for a new figure with n axes side by side.
    n : int
    figsize : tuple of float
        Width and height of a new figure in inches.

    Returns
    -------
    axes : ndarray of shape (n,) of matplotlib Axes

    Raises
    ------
    TypeError
        If ``ax`` holds other objects, such as a figure.
    ValueError
        If ``ax`` holds another number of axes.
    """
    if ax is None:
        return new_figure(figsize).subplots(ncols=n, squeeze=False)[0]
    from matplotlib.axes import Axes

    axes = np.ravel(np.asarray(ax, dtype=object))
    for panel in axes:
        if not isinstance(panel, Axes):
            raise TypeError(
                f"ax must be matplotlib Axes, got {type(panel).__name__}: give the axes of "
                "plt.subplots(), or None for a new figure."
            )
    if len(axes) != n:
        raise ValueError(
            f"ax holds {len(axes)} axes, but {n} are needed: give an array of {n} axes, such as "
            f"plt.subplots(ncols={n})[1], or None for a new figure."
        )
    return axes


def new_figure(figsize):
    """Create an empty pyplot figure whose layout makes space for labels.

    Parameters
    ----------
    figsize : tuple of float
        Width and height in inches.

    Returns
    -------
    figure : matplotlib Figure
    """
    import matplotlib.pyplot as plt

    return plt.figure(figsize=figsize, layout="constrained")


def add_legend(ax, handles, *, outside, title=None):
    """Add a legend that covers no data.

    Labels are drawn literally, without mathematics. Labels that are wider than the figure or the
    axes are shortened.

    Parameters
    ----------
    ax : matplotlib Axes
    handles : list of matplotlib Artist
        With their labels.
    outside : bool
        Whether to draw the legend above all axes of the figure, which is made higher if the
        legend needs more than a quarter of it. Otherwise the legend is drawn inside the axes,
        whose upper limit is raised if the legend would cover data, unless the user has set it.
    title : str, default=None

    Returns
    -------
    legend : matplotlib Legend or None
        None without handles.
    """
    if not handles:
        return None
    if outside:
        figure = ax.get_figure()
        legend = _draw_legend_in_columns(figure, handles, "outside upper center", title=title)
        height = figure.get_figheight()
        excess = legend.get_window_extent().height / figure.dpi - height / 4
        figure.set_figheight(height + max(0, excess))
        return legend
    legend = _draw_literal_legend(ax, handles, title=title)
    ax.figure.figure.draw_without_rendering()  # computes the limits and the legend's position
    if ax.get_autoscaley_on() and _covers_data(legend, ax):
        for size, min_columns in ((None, 1), (8, 1), (6, 2), (4, 4)):
            style = {"title": title, "fontsize": size, "min_columns": min_columns}
            legend = _draw_legend_in_columns(ax, handles, "upper center", **style)
            fraction = legend.get_window_extent().height / ax.bbox.height
            if fraction < MAX_LEGEND_FRACTION:
                break
        _extend_above(ax, min(fraction, MAX_LEGEND_FRACTION))
    return legend


def _draw_literal_legend(parent, handles, *, min_columns=1, **style):
    """Draw a legend with literal labels, shortened to fit a number of columns."""
    # matplotlib omits labels that begin with an underscore: set them afterwards.
    legend = parent.legend(handles, ["label"] * len(handles), **style)
    for text, handle in zip(legend.get_texts(), handles):
        text.set(text=handle.get_label(), parse_math=False)
    shorten_to_width(legend.get_texts(), parent.bbox.width / min_columns - _key_width(legend))
    return legend


def _draw_legend_in_columns(parent, handles, loc, **style):
    """Draw a legend in as many columns as fit the width of the parent."""
    legend = _draw_literal_legend(parent, handles, loc=loc, **style)
    extents = [text.get_window_extent() for text in legend.get_texts()]
    widths = [box.width + _key_width(legend) for box in extents]
    for n_columns in range(len(widths), 1, -1):
        if sum(map(max, np.array_split(widths, n_columns))) <= parent.bbox.width:
            n_columns = -(-len(widths) // -(-len(widths) // n_columns))  # rows of equal length
            legend.remove()
            return _draw_literal_legend(parent, handles, loc=loc, ncols=n_columns, **style)
    return legend


def _key_width(legend):
    """Return the width in pixels of a legend column without its text."""
    ems = legend.handlelength + legend.handletextpad + legend.columnspacing
    return ems * legend.prop.get_size() * legend.figure.dpi / 72


def _covers_data(legend, ax):
    box = legend.get_window_extent()
    paths = [(line, line.get_path(), _marker_radius(line)) for line in ax.lines]
    paths += [(patch, patch.get_path(), 0) for patch in ax.patches]
    paths += [(artist, path, 0) for artist in ax.collections for path in artist.get_paths()]
    return any(
        path.transformed(artist.get_transform()).intersects_bbox(
            box.padded(radius), filled=artist not in ax.lines
        )
        for artist, path, radius in paths
    )


def _marker_radius(line):
    """Return half the size of a line's markers in pixels."""
    has_markers = line.get_marker() not in ("", " ", "None", None)
    return has_markers * line.get_markersize() / 2 * line.figure.dpi / 72


def _extend_above(ax, fraction):
    """Raise the upper limit of axes such that a fraction of their height is free of data."""
    to_screen = ax.transData
    (x, bottom), (_, top) = to_screen.transform([(0.5, y) for y in ax.get_ylim()])
    highest = bottom + (top - bottom) / (1 - fraction - 0.03)
    ax.set_ylim(top=to_screen.inverted().transform((x, highest))[1], auto=None)


def shorten_to_width(texts, width):
    """Shorten texts until none is wider; different ones stay different.

    Parameters
    ----------
    texts : list of matplotlib Text
    width : float
        In pixels.
    """
    labels = [text.get_text() for text in texts]
    length = max(map(len, labels))
    while length > 1 and (widest := max(text.get_window_extent().width for text in texts)) > width:
        length = max(1, min(length - 1, int(length * width / widest)))
        for text, label in zip(texts, shorten(labels, length)):
            text.set_text(label)


def set_whole_number_ticks(axis):
    """Draw ticks at whole numbers only, unless the user has set a locator.

    Parameters
    ----------
    axis : matplotlib Axis
    """
    from matplotlib.ticker import AutoLocator

    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def start_at_zero(ax):
    """Start a linear y axis at 0, unless the user has set its limits.

    Parameters
    ----------
    ax : matplotlib Axes
    """
    if ax.get_yscale() == "linear" and ax.get_autoscaley_on():
        ax.set_ybound(lower=0)


def mark_single_points(line):
    """Draw markers at values between gaps, which a line does not show.

    Parameters
    ----------
    line : matplotlib Line2D
    """
    has_value = np.pad(np.isfinite(np.asarray(line.get_ydata(), dtype=float)), 1)
    is_single = has_value[1:-1] & ~has_value[:-2] & ~has_value[2:]
    if line.get_marker() == "None" and is_single.any():
        line.set(marker="o", markevery=np.flatnonzero(is_single).tolist())


def merge_style(defaults, style):
    """Return the user's keyword arguments of a line or bar, completed by defaults.

    Parameters
    ----------
    defaults : dict
        Keys are matplotlib's full names.
    style : dict
        Keys are full names or aliases, such as ``lw``.

    Returns
    -------
    style : dict
        Keys are full names.

    Raises
    ------
    TypeError
        If ``style`` has both a name and its alias.

    Examples
    --------
    >>> from sklearn_softmax.displays._drawing import merge_style
    >>> merge_style({"color": "C0", "linewidth": 1}, {"lw": 2})
    {'color': 'C0', 'linewidth': 2}
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return defaults | normalize_kwargs(normalize_kwargs(style, Line2D), Patch)
