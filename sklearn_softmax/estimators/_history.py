"""The history of a model over several fits, and its line per epoch."""

import numpy as np


def joined(before, after):
    """Return the history of two successive fits, possibly with and without validation rows.

    Parameters
    ----------
    before, after : dict of str to ndarray
        One entry per epoch.

    Returns
    -------
    history : dict of str to ndarray
        NaN for an epoch without the figure.
    """

    def column(history, name):
        """Return a figure of every epoch, NaN if the fit has none."""
        return history.get(name, np.full(len(history["epoch"]), np.nan))

    names = {**before, **after}
    return {name: np.concatenate([column(before, name), column(after, name)]) for name in names}


def progress_line(record):
    """Return the line that ``verbose`` prints after an epoch.

    Parameters
    ----------
    record : dict of str to ndarray of shape (1,)

    Returns
    -------
    line : str
    """
    figures = {name: values[0] for name, values in record.items() if name != "epoch"}
    text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items() if value == value)
    return f"epoch {record['epoch'][0]}  {text}"
