"""Stopping rules: convergence of the training objective, and patience."""

from dataclasses import dataclass, field
from math import ceil, sqrt

import numpy as np

from sklearn_softmax._training.state import SHARED

# Relative rise above the lowest objective that counts as noise.
MAX_RISE = 1.5e-2
# Falls are relative to at least this fraction of the first objective.
MIN_FRACTION = 1e-2
# Number of epochs over which the fall is measured: MAX_WINDOW with one step per epoch. Epochs of
# more steps are less noisy: the number falls with the root of the steps, down to MIN_WINDOW.
MAX_WINDOW, MIN_WINDOW = 25, 3


@dataclass
class Convergence:
    r"""Fall of the training objective of each model in the last epochs.

    .. math:: c = \frac{J_{E - n} - J_E}{\max(J_E, J_1 / 100)}

    after E epochs, with :math:`J_e` the lowest objective of the first e epochs. With m steps per
    epoch, :math:`n = \max(3, \lceil 25 / \sqrt m \rceil)`. A model has converged if c is at most
    its tolerance and the last objective at most 0.015 above the lowest one, by the same measure.

    Parameters
    ----------
    steps_per_epoch : int
        m.
    first, last : ndarray of shape (M,) or None, default=None
        Objectives of these epochs; None before the first epoch.
    lowest : list of ndarray of shape (M,), default=[]
        Lowest objective up to each of the last n + 1 epochs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.stopping import Convergence
    >>> convergence = Convergence(steps_per_epoch=100)
    >>> for objective in (1.0, 0.5, 0.25, 0.2, 0.2):
    ...     convergence.update(np.array([objective]))
    >>> convergence.fall(), convergence.has_converged(tol=np.array([2e-3]))
    (array([1.5]), array([False]))
    """

    steps_per_epoch: int = field(metadata=SHARED)
    first: np.ndarray | None = None
    last: np.ndarray | None = None
    lowest: list = field(default_factory=list)

    @property
    def window(self):
        """Return n."""
        return max(MIN_WINDOW, ceil(MAX_WINDOW / sqrt(self.steps_per_epoch)))

    def update(self, objective):
        """Add the objective of an epoch.

        Parameters
        ----------
        objective : ndarray of shape (M,)
            Mean over the epoch.
        """
        if self.first is None:
            self.first = np.maximum(objective, np.finfo(float).tiny)
        self.last = objective
        lowest = self.lowest[-1] if self.lowest else objective
        self.lowest = [*self.lowest, np.fmin(lowest, objective)][-1 - self.window :]

    def fall(self):
        """Return the relative fall of each model, NaN after a single epoch."""
        fall = (self.lowest[0] - self.lowest[-1]) / self._scale()
        return fall if len(self.lowest) > 1 else np.full(len(fall), np.nan)

    def has_converged(self, tol):
        """Return which models have converged.

        Parameters
        ----------
        tol : ndarray of shape (M,)
            Largest fall of a converged model.

        Returns
        -------
        has_converged : ndarray of shape (M,), bool
        """
        rise = (self.last - self.lowest[-1]) / self._scale()
        has_settled = (self.fall() <= tol) & (rise <= MAX_RISE)
        return has_settled & (len(self.lowest) > self.window)

    def _scale(self):
        """Return the objective that falls and rises are relative to."""
        return np.maximum(self.lowest[-1], MIN_FRACTION * self.first)


@dataclass
class Patience:
    """Number of epochs since the loss of each model last fell by a tolerance.

    Parameters
    ----------
    lowest_loss : ndarray of shape (M,)
        Infinity before the first epoch.
    n_waited : ndarray of shape (M,), int
        Number of epochs since the last sufficient fall.

    References
    ----------
    L. Prechelt, "Early stopping - but when?" (1998).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.stopping import Patience
    >>> patience = Patience(lowest_loss=np.array([np.inf]), n_waited=np.array([0]))
    >>> [bool(patience.update(loss, tol=0.01)[0]) for loss in (1.0, 0.9, 0.895, 0.897)]
    [True, True, True, False]
    >>> patience.n_waited
    array([2])
    """

    lowest_loss: np.ndarray
    n_waited: np.ndarray

    def update(self, loss, tol):
        """Add the losses of an epoch and return which are the lowest so far.

        Parameters
        ----------
        loss : ndarray of shape (M,)
        tol : ndarray of shape (M,)
            Smallest fall below the lowest loss that ends the waiting.

        Returns
        -------
        is_lowest : ndarray of shape (M,), bool
        """
        self.n_waited = np.where(loss < self.lowest_loss - tol, 0, self.n_waited + 1)
        is_lowest = loss < self.lowest_loss
        self.lowest_loss = np.where(is_lowest, loss, self.lowest_loss)
        return is_lowest
