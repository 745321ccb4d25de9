"""Convergence: whether the training objective still falls."""

import numpy as np

# The steps that have to pass without a fall, and the fewest epochs that these may be.
N_STEPS, FEWEST_EPOCHS = 100, 3
# A rise above the lowest objective, relative to tol, that is more than the noise of batches.
LARGEST_RISE = 10
TINY = np.finfo(float).tiny


class Convergence:
    r"""How far the training objective of each model has fallen in its last epochs.

    .. math:: c = \frac{\min_{e \le E - n} J_e - \min_{e \le E} J_e}{J_1}

    after E epochs, with :math:`J_e` the objective in epoch e: the fall of the lowest objective over
    the last n epochs, relative to the first one. They are the epochs of the last 100 steps, but
    at least three.

    Parameters
    ----------
    steps_an_epoch : int
    tol : array-like of shape (M,), float
        Largest fall that counts as none.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.convergence import Convergence
    >>> convergence = Convergence(steps_an_epoch=50, tol=[0.01])
    >>> for objective in (1.0, 0.5, 0.25, 0.125, 0.125):
    ...     convergence.note(np.array([objective]))
    >>> convergence.fall(), convergence.has_come()
    (array([0.375]), array([False]))
    """

    def __init__(self, steps_an_epoch, tol):
        self.tol = np.asarray(tol)
        self._n_epochs = max(FEWEST_EPOCHS, -(-N_STEPS // steps_an_epoch))
        self._first, self._last, self._lowest = None, None, []

    def note(self, objective):
        """Take note of an epoch.

        Parameters
        ----------
        objective : ndarray of shape (M,)
            Mean over the epoch.
        """
        # A first epoch that failed is passed over.
        first = np.maximum(objective, TINY)
        if self._first is not None:
            first = np.where(np.isfinite(self._first), self._first, first)
        self._first = first
        lowest = self._lowest[-1] if self._lowest else objective
        self._last = objective
        self._lowest.append(np.fmin(lowest, objective))
        del self._lowest[: -1 - self._n_epochs]

    def fall(self):
        """Relative fall of each model; over all epochs where there were not yet more.

        NaN after a single epoch, which tells nothing.
        """
        if len(self._lowest) == 1:
            return np.full(len(self.tol), np.nan)
        return (self._lowest[0] - self._lowest[-1]) / self._first

    def has_come(self):
        """Which models have had enough epochs, and neither fall nor stand above their lowest."""
        if len(self._lowest) <= self._n_epochs:
            return np.zeros(len(self.tol), bool)
        rise = (self._last - self._lowest[-1]) / self._first
        return (self.fall() <= self.tol) & (rise <= LARGEST_RISE * self.tol)

    def keep(self, models):
        """Forget all models but these, given by an array of indices."""
        self.tol = self.tol[models]
        if self._lowest:
            self._first, self._last = self._first[models], self._last[models]
        self._lowest = [lowest[models] for lowest in self._lowest]
