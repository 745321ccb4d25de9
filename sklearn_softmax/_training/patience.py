"""Patience with a loss that no longer falls: of validation rows, or in training."""

import numpy as np


class Patience:
    """Counts the epochs without a gain, and knows the lowest loss so far, of each model.

    Parameters
    ----------
    n_iter_no_change : array-like of shape (M,)
        Epochs in a row without a gain after which a model's patience is exhausted; infinity for
        a model that is not stopped.
    tol : array-like of shape (M,), float
        Smallest fall of the loss below its lowest that counts as a gain.
    on_validation : array-like of shape (M,), bool
        Whether the loss is that of the validation rows, and the model in the end has the
        parameters of its lowest; else it is the training loss, and they are those of the last
        epoch.

    Attributes
    ----------
    lowest_loss : ndarray of shape (M,)
    n_without_gain : ndarray of shape (M,), int
        Epochs since the last gain.

    References
    ----------
    L. Prechelt, "Early stopping - but when?" (1998).

    Examples
    --------
    >>> from sklearn_softmax._training.patience import Patience
    >>> patience = Patience(n_iter_no_change=[2], tol=[0.01], on_validation=[True])
    >>> [bool(patience.is_lowest(loss)[0]) for loss in (1.0, 0.9, 0.895, 0.897)]
    [True, True, True, False]
    >>> patience.is_exhausted()
    array([ True])
    """

    def __init__(self, n_iter_no_change, tol, on_validation):
        self.n_iter_no_change, self.tol = np.asarray(n_iter_no_change, float), np.asarray(tol)
        self.on_validation = np.asarray(on_validation)
        self.lowest_loss = np.full(len(self.tol), np.inf)
        self.n_without_gain = np.zeros(len(self.tol), int)

    def is_lowest(self, loss):
        """Take note of an epoch's losses, and tell which are the lowest yet.

        Parameters
        ----------
        loss : ndarray of shape (M,)

        Returns
        -------
        is_lowest : ndarray of shape (M,), bool
        """
        has_gained = loss < self.lowest_loss - self.tol
        self.n_without_gain = np.where(has_gained, 0, self.n_without_gain + 1)
        is_lowest = loss < self.lowest_loss
        self.lowest_loss = np.where(is_lowest, loss, self.lowest_loss)
        return is_lowest

    def is_exhausted(self):
        """Which models have had too many epochs in a row without a gain."""
        return self.n_without_gain >= self.n_iter_no_change

    def keep(self, models):
        """Forget all models but these, given by an array of indices."""
        for name, values in vars(self).items():
            setattr(self, name, values[models])
