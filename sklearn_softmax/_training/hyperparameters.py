"""Hyperparameters that may differ between the models of a training run."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class StepSizes(NamedTuple):
    """Learning rate and momentum of a step, in a shape that broadcasts against parameter vectors.

    Parameters
    ----------
    lr, momentum : ndarray of shape (M, 1)
    look_ahead : ndarray of shape (M, 1) or None
        Momentum of models with Nesterov's look-ahead, 0 for the others; None if no model has it.
    """

    lr: np.ndarray
    momentum: np.ndarray
    look_ahead: np.ndarray | None


@dataclass(frozen=True)
class Hyperparameters:
    r"""Hyperparameters of the models of a run, one entry per model.

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
        Whether to use Nesterov's look-ahead; None if no model does.
    dropout : ndarray of shape (M,) or None, default=None
        Probability that a hidden unit is dropped; None if no model has dropout.
    tol : ndarray of shape (M,), default=0.0
        Smallest fall of the monitored loss that counts.
    n_iter_no_change : ndarray of shape (M,), default=inf
        Number of epochs without such a fall after which a model is retired.
    early_stopping : ndarray of shape (M,), bool, default=False
        Whether the monitored loss is that of the validation rows, and the fitted parameters are
        those of its lowest value; otherwise it is the training loss.
    class_weight : ndarray of shape (M, n_classes) or None, default=None
        Class weights; None if they are the same for all models, and thus part of the weights of
        the rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.hyperparameters import Hyperparameters
    >>> values = Hyperparameters(np.array([1.0, 2.0]), np.array([1.0, 0.5]), *np.zeros((2, 2)))
    >>> values.epoch_values(2).lr
    array([1. , 0.5])
    """

    lr: np.ndarray
    lr_decay: np.ndarray
    l2: np.ndarray
    momentum: np.ndarray
    nesterov: np.ndarray | None = None
    dropout: np.ndarray | None = None
    tol: np.ndarray | float = 0.0
    n_iter_no_change: np.ndarray | float = np.inf
    early_stopping: np.ndarray | bool = False
    class_weight: np.ndarray | None = None

    def epoch_values(self, n_epochs):
        """Return the hyperparameters with the learning rate after n_epochs of decay."""
        return Hyperparameters(**{**vars(self), "lr": self.lr * self.lr_decay**n_epochs})

    def step_sizes(self, dtype):
        """Return the learning rate and momentum of a step.

        Parameters
        ----------
        dtype : dtype

        Returns
        -------
        step_sizes : StepSizes
        """
        lr, momentum = (v[:, np.newaxis].astype(dtype) for v in (self.lr, self.momentum))
        if self.nesterov is None or not self.nesterov.any():
            return StepSizes(lr, momentum, None)
        return StepSizes(lr, momentum, momentum * self.nesterov[:, np.newaxis])

    def dropout_rate(self):
        """Return one rate for all models or one per model, (M, 1, 1); None for no dropout."""
        if self.dropout is None or not self.dropout.any():
            return None
        rates = self.dropout[:, np.newaxis, np.newaxis]
        return float(rates[0, 0, 0]) if np.all(rates == rates[0]) else rates
