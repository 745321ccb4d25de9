"""Figures of the reports."""

import matplotlib.pyplot as plt

BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"  # colours of the Displays


def new_figure(width, height):
    """Create an empty figure of a size in inches."""
    return plt.figure(figsize=(width, height), layout="constrained")


def write(figure, path, text):
    """Write a figure as PNG, close it, and return its image link for Markdown.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : Path
    text : str
        Alternative text.

    Returns
    -------
    markdown : str
    """
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return f"![{text}]({path.name})"


def write_animation(animation, path):
    """Write an animation as GIF, and close its figure, the current one."""
    animation.save(path, writer="pillow")
    plt.close()
