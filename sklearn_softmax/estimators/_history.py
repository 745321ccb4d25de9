"""The history of a model over several fits, and its line per epoch."""

import numpy as np


def joined(*histories):
    """Return the history of successive fits, possibly with and without validation rows.

    Parameters
    ----------
    *histories : dict of str to ndarray
        One entry per epoch; an empty dict for no epochs.

    Returns
    -------
    history : dict of str to ndarray
        NaN for an epoch without the figure.
    """

    def column(history, name):
        """Return a figure of every epoch, NaN if the fit has none."""
        return history.get(name, np.full(len(history["epoch"]), np.nan))

    histories = [history for history in histories if history]
    names = {name: None for history in histories for name in history}
    return {name: np.concatenate([column(h, name) for h in histories]) for name in names}


class GrowingHistory:
    """History of a fit in progress, in arrays that are enlarged from time to time.

    Parameters
    ----------
    before : dict of str to ndarray
        History of earlier fits, which training continues; empty if there are none.
    """

    def __init__(self, before):
        self._before, self._columns, self._n_epochs = before, {}, 0

    def with_records(self, records):
        """Return the history up to the last epoch.

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
        so_far = {name: column[: self._n_epochs] for name, column in self._columns.items()}
        return joined(self._before, so_far)


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
