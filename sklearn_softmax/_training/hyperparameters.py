"""What differs between the models of a training run."""

from typing import NamedTuple

import numpy as np


class Hyperparameters(NamedTuple):
    r"""Values that differ between the models of a run, one entry a model.

    Parameters
    ----------
    lr : ndarray of shape (M,)
        Learning rate of the first epoch.
    lr_decay : ndarray of shape (M,)
        Factor applied to it after each epoch.
    l2 : ndarray of shape (M,)
        :math:`\lambda / \sum_i w_i`.
    momentum : ndarray of shape (M,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.hyperparameters import Hyperparameters
    >>> values = Hyperparameters(np.array([1.0, 2.0]), np.array([1.0, 0.5]), *np.zeros((2, 2)))
    >>> values.in_epoch(2).lr
    array([1. , 0.5])
    """

    lr: np.ndarray
    lr_decay: np.ndarray
    l2: np.ndarray
    momentum: np.ndarray

    def in_epoch(self, n_epochs):
        """The same after some epochs, their learning rate having decayed."""
        return self._replace(lr=self.lr * self.lr_decay**n_epochs)

    def of_models(self, models):
        """Those of some models, given by an array or list of indices."""
        return Hyperparameters(*(values[models] for values in self))

    def as_columns(self, dtype):
        """The same values, to be broadcast against vectors of the models.

        Parameters
        ----------
        dtype : dtype

        Returns
        -------
        columns : Hyperparameters
            Arrays of shape (M, 1).
        """
        return Hyperparameters(*(values[:, np.newaxis].astype(dtype) for values in self))
