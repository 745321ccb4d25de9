"""What the figures of all reports share; none needs a display."""

from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"


def new_figure(width, height):
    """An empty figure that finds room for its own labels.

    Parameters
    ----------
    width, height : float
        In inches.

    Returns
    -------
    figure : matplotlib.figure.Figure
    """
    return Figure(figsize=(width, height), layout="constrained")


def save(figure, path):
    """Write a figure as PNG.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : Path

    Returns
    -------
    path : Path
        The same.
    """
    figure.savefig(path, dpi=150)
    return path
