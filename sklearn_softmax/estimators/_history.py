"""The history of a model over several fits, and its line an epoch."""

import numpy as np


def joined(before, after):
    """History of two fits in a row; one of them may have had no validation rows.

    Parameters
    ----------
    before, after : dict of str to ndarray
        An entry an epoch.

    Returns
    -------
    history : dict of str to ndarray
        NaN where a fit has no such figure.
    """

    def column(history, name):
        """A figure of every epoch, NaN where the fit has none."""
        return history.get(name, np.full(len(history["epoch"]), np.nan))

    names = {**before, **after}
    return {name: np.concatenate([column(before, name), column(after, name)]) for name in names}


def progress_line(record):
    """What ``verbose`` prints after an epoch.

    Parameters
    ----------
    record : dict of str to ndarray of shape (1,)

    Returns
    -------
    line : str
    """
    figures = {name: values[0] for name, values in record.items() if name != "epoch"}
    text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    return f"epoch {record['epoch'][0]}  {text}"
