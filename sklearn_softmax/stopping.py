"""When to stop: patience with a validation loss that no longer falls."""

import numpy as np


class Patience:
    """Counts the epochs without a gain, and knows the best loss so far.

    Parameters
    ----------
    n_iter_no_change : int
        Epochs in a row without a gain after which patience is exhausted.
    tol : float
        Smallest fall of the loss below its best that counts as a gain.

    Attributes
    ----------
    best_loss : float
        Lowest loss seen.
    n_without_gain : int
        Epochs since the last gain.

    References
    ----------
    L. Prechelt, "Early stopping - but when?" (1998).

    Examples
    --------
    >>> from sklearn_softmax.stopping import Patience
    >>> patience = Patience(n_iter_no_change=2, tol=0.01)
    >>> [patience.is_best(loss) for loss in (1.0, 0.9, 0.895, 0.897)]
    [True, True, True, False]
    >>> patience.exhausted
    True
    """

    def __init__(self, n_iter_no_change, tol):
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.best_loss = np.inf
        self.n_without_gain = 0

    def is_best(self, loss):
        """Take note of an epoch's loss, and tell whether it is the lowest yet.

        Parameters
        ----------
        loss : float

        Returns
        -------
        is_best : bool
        """
        gained = loss < self.best_loss - self.tol
        self.n_without_gain = 0 if gained else self.n_without_gain + 1
        is_best = bool(loss < self.best_loss)
        if is_best:
            self.best_loss = loss
        return is_best

    @property
    def exhausted(self):
        """Whether there were too many epochs in a row without a gain."""
        return self.n_without_gain >= self.n_iter_no_change
