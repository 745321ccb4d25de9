"""What the figures of all reports share."""

import matplotlib.pyplot as plt

from benchmarks import _files
from benchmarks.reports import _markdown

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"  # as the Displays have them


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
    return plt.figure(figsize=(width, height), layout="constrained")


def write(figure, path, text):
    """Write a figure as PNG, and close it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : Path
    text : str
        What stands in for the image where it cannot be shown.

    Returns
    -------
    markdown : str
        The image, for a Markdown file beside it.
    """
    with _files.naming(path):
        figure.savefig(path, dpi=150)
    plt.close(figure)
    return _markdown.image(path, text)


def write_animation(animation, path):
    """Write an animation as GIF, and close its figure, which is the current one.

    Parameters
    ----------
    animation : matplotlib.animation.Animation
    path : Path
    """
    with _files.naming(path):
        animation.save(path, writer="pillow")
    plt.close()
