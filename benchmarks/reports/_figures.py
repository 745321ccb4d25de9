"""What the figures of all reports share; none needs a display."""

import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's colours, which colour-blind readers can tell apart.
BLUE, ORANGE, BLACK = "#0072B2", "#D55E00", "#000000"
COLOURS = (BLUE, ORANGE, "#009E73", "#CC79A7")


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


def draw_history(axes, history, *, held_out):
    """Draw loss and accuracy over the epochs, on training rows and on held-out ones.

    Parameters
    ----------
    axes : sequence of two matplotlib.axes.Axes
        One for the loss, one for the accuracy.
    history : dict of str to ndarray
        ``history_`` of a model fitted with validation rows.
    held_out : str
        What those rows are called.
    """
    loss_ax, accuracy_ax = axes
    _draw(loss_ax, history, "loss", held_out)
    loss_ax.set_yscale("log")
    draw_accuracy(accuracy_ax, history, held_out=held_out)


def draw_accuracy(ax, history, *, held_out):
    """Draw the accuracy over the epochs, on training rows and on held-out ones.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    history : dict of str to ndarray
        ``history_`` of a model fitted with validation rows.
    held_out : str
        What those rows are called.
    """
    _draw(ax, history, "accuracy", held_out)


def _draw(ax, history, name, held_out):
    ax.plot(history["epoch"], history[name], color=BLUE, label="training")
    ax.plot(history["epoch"], history[f"val_{name}"], "--", color=ORANGE, label=held_out)
    ax.set(xlabel="Epoch", ylabel=name.capitalize())
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.grid(alpha=0.3)
    ax.legend()


def mosaic(images, n_columns, gap):
    """Images of one size beside and below each other, as one.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
    n_columns : int
    gap : float
        Value of the pixels between them, and of places left empty.

    Returns
    -------
    image : ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from benchmarks.reports._figures import mosaic
    >>> mosaic(np.array([[[1, 2]], [[3, 4]], [[5, 6]]]), 2, 0)
    array([[1, 2, 0, 3, 4],
           [0, 0, 0, 0, 0],
           [5, 6, 0, 0, 0]])
    """
    n_images, height, width = images.shape[:3]
    n_rows = -(-n_images // n_columns)
    shape = n_rows, n_columns, height + 1, width + 1, *images.shape[3:]
    tiles = np.full(shape, gap, images.dtype)
    tiles.reshape(-1, *shape[2:])[:n_images, :-1, :-1] = images
    rows = tiles.swapaxes(1, 2).reshape(n_rows * (height + 1), -1, *shape[4:])
    return rows[:-1, :-1]
