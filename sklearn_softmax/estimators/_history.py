"""The history of a model, and the line printed per epoch."""

import numpy as np


def concatenate_histories(*histories):
    """Return the history of successive fits, with or without validation rows.

    Parameters
    ----------
    *histories : dict of str to ndarray
        One entry per epoch; empty without epochs.

    Returns
    -------
    history : dict of str to ndarray
        NaN for epochs without the figure.
    """

    def column(history, name):
        """Return a figure of all epochs, NaN if the fit lacks it."""
        return history.get(name, np.full(len(history["epoch"]), np.nan))

    histories = [history for history in histories if history]
    names = {name: None for history in histories for name in history}
    return {name: np.concatenate([column(h, name) for h in histories]) for name in names}


class FitHistory:
    """History of a fit in progress, in arrays that double when they are full.

    Parameters
    ----------
    earlier : dict of str to ndarray
        History of the fits that training continues; empty without any.
    """

    def __init__(self, earlier):
        self._earlier, self._columns, self._n_epochs = earlier, {}, 0

    def update(self, records):
        """Add new records, and return the history.

        Parameters
        ----------
        records : list of dict of str to ndarray of shape (1,)
            One per epoch of the fit.

        Returns
        -------
        history : dict of str to ndarray
        """
        for record in records[self._n_epochs :]:
            for name, values in record.items():
                column = self._columns.get(name, values)
                if self._n_epochs == len(column):
                    column = np.resize(column, 2 * len(column))
                column[self._n_epochs] = values[0]
                self._columns[name] = column
            self._n_epochs += 1
        current = {name: column[: self._n_epochs] for name, column in self._columns.items()}
        return concatenate_histories(self._earlier, current)


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
