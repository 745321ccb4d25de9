"""What the figures of all reports share; none needs a display."""

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
    for ax, name in zip(axes, ("loss", "accuracy")):
        ax.plot(history["epoch"], history[name], color=BLUE, label="training")
        ax.plot(history["epoch"], history[f"val_{name}"], "--", color=ORANGE, label=held_out)
        ax.set(xlabel="Epoch", ylabel=name.capitalize())
        ax.grid(alpha=0.3)
        ax.legend()
        if name == "loss":
            ax.set_yscale("log")
