"""What all Displays draw with: colours, axes and legends."""

import numpy as np

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
# Okabe and Ito's, which colour-blind readers can tell apart (their yellow is too pale for a line).
OKABE_ITO = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", BLACK)
GREY = "0.35"


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
    ValueError
        If ``ax`` holds another number of axes.
    """
    if ax is None:
        return new_figure(figsize).subplots(ncols=n, squeeze=False)[0]
    axes = np.ravel(np.asarray(ax, dtype=object))
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

    Parameters
    ----------
    ax : matplotlib Axes
    handles : list of matplotlib Artist
        With their labels.
    outside : bool
        Whether the figure is ours, so that there is room above all of its axes. On the
        axes of others the legend stands inside, and they grow where it would cover data.
    title : str, default=None

    Returns
    -------
    legend : matplotlib Legend or None
        None without handles.
    """
    if not handles:
        return None
    labels = [handle.get_label() for handle in handles]
    if outside:
        figure = ax.get_figure()
        n_columns = _n_columns(labels, figure.get_figwidth())
        style = {"loc": "outside upper center", "ncols": n_columns, "title": title}
        return literal_legend(figure, handles, **style)
    legend = literal_legend(ax, handles, title=title)
    ax.figure.figure.draw_without_rendering()  # finds the limits and the legend's place
    if _covers_data(legend, ax):
        width = ax.get_window_extent().width / ax.get_figure().dpi
        style = {"loc": "upper center", "ncols": _n_columns(labels, width), "title": title}
        legend = literal_legend(ax, handles, **style)
        _make_room_above(ax, legend.get_window_extent().height / ax.get_window_extent().height)
    return legend


def literal_legend(parent, handles, **style):
    """Draw a legend whose texts are the labels as they are: no mathematics, none left out.

    Parameters
    ----------
    parent : matplotlib Axes or Figure
    handles : list of matplotlib Artist
        With their labels.
    **style : dict
        Passed on to ``parent.legend``.

    Returns
    -------
    legend : matplotlib Legend
    """
    # matplotlib leaves out labels that begin with an underscore, so it gets others first.
    legend = parent.legend(handles, ["label"] * len(handles), **style)
    for text, handle in zip(legend.get_texts(), handles):
        text.set(text=handle.get_label(), parse_math=False)
    legend.get_title().set_parse_math(False)
    return legend


def _n_columns(labels, width):
    """Most columns of a legend that fit into a width in inches."""
    for n_columns in range(len(labels), 1, -1):
        columns = np.array_split(labels, n_columns)
        if sum(0.65 + 0.085 * max(map(len, column)) for column in columns) <= width:
            return -(-len(labels) // -(-len(labels) // n_columns))  # rows of equal length
    return 1


def _covers_data(legend, ax):
    box = legend.get_window_extent()
    paths = [(line, line.get_path(), False) for line in ax.lines]
    paths += [(patch, patch.get_path(), True) for patch in ax.patches]
    paths += [(part, path, True) for part in ax.collections for path in part.get_paths()]
    return any(
        path.transformed(artist.get_transform()).intersects_bbox(box, filled=is_filled)
        for artist, path, is_filled in paths
    )


def _make_room_above(ax, share):
    """Let a share of the height of axes stay free above the data."""
    to_screen = ax.transData
    (x, bottom), (_, top) = to_screen.transform([(0.5, y) for y in ax.get_ylim()])
    highest = bottom + (top - bottom) / max(0.3, 1 - share - 0.03)
    ax.set_ylim(top=to_screen.inverted().transform((x, highest))[1])


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
