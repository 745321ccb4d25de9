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
    nesterov : ndarray of shape (M,), bool, or None, default=None
        Whether momentum looks ahead; None where that of no model does.
    dropout : ndarray of shape (M,) or None, default=None
        Probability that a hidden unit is dropped; None where none ever is.
    class_weight : ndarray of shape (M, n_classes) or None, default=None
        Weights of the classes; None where all models have the same, which then are part of the
        weights of the rows.

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
    nesterov: np.ndarray | None = None
    dropout: np.ndarray | None = None
    class_weight: np.ndarray | None = None

    def in_epoch(self, n_epochs):
        """The same after some epochs, their learning rate having decayed."""
        return self.at_rates(self.lr * self.lr_decay**n_epochs)

    def at_rates(self, lr):
        """The same with other learning rates."""
        return Hyperparameters(lr, *self[1:])

    def of_models(self, models):
        """Those of some models, given by an array or list of indices."""
        return Hyperparameters(*(None if values is None else values[models] for values in self))

    def of_step(self, dtype):
        """What an optimiser's step asks for, to be broadcast against vectors of the models.

        Parameters
        ----------
        dtype : dtype

        Returns
        -------
        lr, momentum : ndarray of shape (M, 1)
        look_ahead : ndarray of shape (M, 1) or None
            Momentum of the models that look ahead, and 0 for the others; None where none does.
        """
        lr, momentum = (v[:, np.newaxis].astype(dtype) for v in (self.lr, self.momentum))
        if self.nesterov is None or not self.nesterov.any():
            return lr, momentum, None
        return lr, momentum, momentum * self.nesterov[:, np.newaxis]

    def rate_of_dropout(self):
        """Rate of all models, or of each in shape (M, 1, 1); None where no unit is dropped."""
        if self.dropout is None or not self.dropout.any():
            return None
        first = self.dropout[0]
        is_shared = np.all(self.dropout == first)
        return float(first) if is_shared else self.dropout[:, np.newaxis, np.newaxis]
