"""What all Displays draw with: colours, axes and legends."""

import numpy as np

from sklearn_softmax._value_texts import shortened

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
# Okabe and Ito's, which colour-blind readers can tell apart (their yellow is too pale for a line).
OKABE_ITO = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)
GREY = "0.35"
MAX_LEGEND_SHARE = 0.6  # of the height of axes, for a legend inside them


def colours(n):
    """Colours that colour-blind readers can tell apart.

    Parameters
    ----------
    n : int

    Returns
    -------
    colours : list of n colours
        Okabe and Ito's as far as they go, else from dark to light.
    """
    if n <= len(OKABE_ITO):
        return list(OKABE_ITO[:n])
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0, 0.9, n)))


def panels(ax, n, *, figsize):
    """The axes to draw on.

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
        If ``ax`` holds something else, such as a figure.
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
    """An empty figure of pyplot's that finds room for its own labels.

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
    """Tell what is what, without covering data.

    Labels and title are drawn as they are, without mathematics, and shortened only where
    they are wider than the figure or the axes.

    Parameters
    ----------
    ax : matplotlib Axes
    handles : list of matplotlib Artist
        With their labels.
    outside : bool
        Whether the figure is ours, so that there is room above all of its axes; it grows
        where the legend takes more than a quarter of it. On the axes of others the legend
        stands inside, and they grow where it would cover data, unless their limits are set.
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
        legend = _legend_in_columns(figure, handles, "outside upper center", title=title)
        height = figure.get_figheight()
        excess = legend.get_window_extent().height / figure.dpi - height / 4
        figure.set_figheight(height + max(0, excess))
        return legend
    legend = _literal_legend(ax, handles, title=title)
    ax.figure.figure.draw_without_rendering()  # finds the limits and the legend's place
    if ax.get_autoscaley_on() and _covers_data(legend, ax):
        for size, min_columns in ((None, 1), (8, 1), (6, 2), (4, 4)):
            style = {"title": title, "fontsize": size, "min_columns": min_columns}
            legend = _legend_in_columns(ax, handles, "upper center", **style)
            share = legend.get_window_extent().height / ax.bbox.height
            if share < MAX_LEGEND_SHARE:
                break
        _make_room_above(ax, min(share, MAX_LEGEND_SHARE))
    return legend


def _literal_legend(parent, handles, *, min_columns=1, **style):
    """Draw a legend whose texts are the labels as they are, if so many columns fit the parent."""
    # matplotlib leaves out labels that begin with an underscore, so it gets others first.
    legend = parent.legend(handles, ["label"] * len(handles), **style)
    for text, handle in zip(legend.get_texts(), handles):
        text.set(text=handle.get_label(), parse_math=False)
    shorten_to(parent.bbox.width / min_columns - _key_width(legend), legend.get_texts())
    legend.get_title().set_parse_math(False)
    return legend


def _legend_in_columns(parent, handles, loc, **style):
    """Draw a legend in as many columns as the parent is wide for."""
    legend = _literal_legend(parent, handles, loc=loc, **style)
    extents = [text.get_window_extent() for text in legend.get_texts()]
    widths = [box.width + _key_width(legend) for box in extents]
    for n_columns in range(len(widths), 1, -1):
        if sum(map(max, np.array_split(widths, n_columns))) <= parent.bbox.width:
            n_columns = -(-len(widths) // -(-len(widths) // n_columns))  # rows of equal length
            legend.remove()
            return _literal_legend(parent, handles, loc=loc, ncols=n_columns, **style)
    return legend


def _key_width(legend):
    """Return what a column of a legend needs beside its texts, in pixels."""
    ems = legend.handlelength + legend.handletextpad + legend.columnspacing
    return ems * legend.prop.get_size() * legend.figure.dpi / 72


def _covers_data(legend, ax):
    box = legend.get_window_extent()
    paths = [(line, line.get_path(), _marker_radius(line)) for line in ax.lines]
    paths += [(patch, patch.get_path(), 0) for patch in ax.patches]
    paths += [(part, path, 0) for part in ax.collections for path in part.get_paths()]
    return any(
        path.transformed(artist.get_transform()).intersects_bbox(
            box.padded(radius), filled=artist not in ax.lines
        )
        for artist, path, radius in paths
    )


def _marker_radius(line):
    """Return half of the size of the markers of a line in pixels."""
    has_markers = line.get_marker() not in ("", " ", "None", None)
    return has_markers * line.get_markersize() / 2 * line.figure.dpi / 72


def _make_room_above(ax, share):
    """Keep a share of the height of axes free above the data."""
    to_screen = ax.transData
    (x, bottom), (_, top) = to_screen.transform([(0.5, y) for y in ax.get_ylim()])
    highest = bottom + (top - bottom) / (1 - share - 0.03)
    ax.set_ylim(top=to_screen.inverted().transform((x, highest))[1], auto=None)


def shorten_to(width, texts):
    """Shorten texts until none is wider; they stay different where they were.

    Parameters
    ----------
    width : float
        In pixels.
    texts : list of matplotlib Text
    """
    labels = [text.get_text() for text in texts]
    length = max(map(len, labels))
    while length > 1 and (widest := max(text.get_window_extent().width for text in texts)) > width:
        length = max(1, min(length - 1, int(length * width / widest)))
        for text, label in zip(texts, shortened(labels, length)):
            text.set_text(label)


def set_whole_number_ticks(axis):
    """Draw ticks at whole numbers only, unless the user has chosen where they are.

    Parameters
    ----------
    axis : matplotlib Axis
    """
    from matplotlib.ticker import AutoLocator

    if isinstance(axis.get_major_locator(), AutoLocator):
        axis.get_major_locator().set_params(integer=True, min_n_ticks=1)


def start_at_zero(ax):
    """Let a y axis begin at 0, unless it is not linear or the user has set its limits.

    Parameters
    ----------
    ax : matplotlib Axes
    """
    if ax.get_yscale() == "linear" and ax.get_autoscaley_on():
        ax.set_ybound(lower=0)


def mark_single_points(line):
    """Draw markers where a line has a value between gaps, which it would not show.

    Parameters
    ----------
    line : matplotlib Line2D
    """
    has_value = np.pad(np.isfinite(np.asarray(line.get_ydata(), dtype=float)), 1)
    is_single = has_value[1:-1] & ~has_value[:-2] & ~has_value[2:]
    if line.get_marker() == "None" and is_single.any():
        line.set(marker="o", markevery=np.flatnonzero(is_single).tolist())


def styled(defaults, style):
    """Keyword arguments of a line or bar: those of the user, and the defaults of the others.

    Parameters
    ----------
    defaults : dict
        By matplotlib's full names.
    style : dict
        By full names or aliases, such as ``lw``.

    Returns
    -------
    style : dict
        By full names.

    Raises
    ------
    TypeError
        If ``style`` has both a name and its alias.

    Examples
    --------
    >>> from sklearn_softmax.displays._drawing import styled
    >>> styled({"color": "C0", "linewidth": 1}, {"lw": 2})
    {'color': 'C0', 'linewidth': 2}
    """
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return defaults | normalize_kwargs(normalize_kwargs(style, Line2D), Patch)
