"""Convergence: whether the training objective still falls."""

from math import ceil, sqrt

import numpy as np

# Largest relative fall of the objective that counts as none, and relative rise as noise.
LARGEST_FALL, LARGEST_RISE = 2e-3, 1.5e-2
# Largest relative fall to come that counts as none.
LARGEST_FALL_TO_COME = 1e-3
# An objective below this share of the first one counts as that much.
SMALLEST_SHARE = 1e-2
# Epochs of one step that have to pass without a fall. Those of more steps are less noisy: their
# number falls with the root of the steps, to the fewest.
MOST_EPOCHS, FEWEST_EPOCHS = 25, 3
TINY = np.finfo(float).tiny


class ForeseenFall:
    """How far the training objective of each model will yet fall, as the optimiser foresees.

    Parameters
    ----------
    state : State
        Whose optimiser's ``fall`` is relative, of shape (M,).
    """

    def __init__(self, state):
        self._state = state

    def note(self, objective):
        """Do nothing: the optimiser looks at the objective itself."""

    def fall(self):
        """Relative fall to come of each model."""
        return self._state.optimizer_state["fall"]

    def has_come(self):
        """Which models have next to nothing left to gain: at most 0.001."""
        return self.fall() <= LARGEST_FALL_TO_COME

    def keep(self, models):
        """Do nothing: the state has forgotten all models but these."""


class Convergence:
    r"""How far the training objective of each model has fallen in its last epochs.

    .. math:: c = \frac{J_{E - n} - J_E}{\max(J_E, J_1 / 100)}

    after E epochs, with :math:`J_e` the lowest objective of the first e epochs. With m steps an
    epoch, :math:`n = \max(3, \lceil 25 / \sqrt m \rceil)`. A model has converged
    where c is at most 0.002, and the last objective at most 0.015 above the lowest by the same
    measure.

    Parameters
    ----------
    steps_an_epoch : int

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.convergence import Convergence
    >>> convergence = Convergence(steps_an_epoch=100)
    >>> for objective in (1.0, 0.5, 0.25, 0.2, 0.2):
    ...     convergence.note(np.array([objective]))
    >>> convergence.fall(), convergence.has_come()
    (array([1.5]), array([False]))
    """

    def __init__(self, steps_an_epoch):
        self._n_epochs = max(FEWEST_EPOCHS, ceil(MOST_EPOCHS / sqrt(steps_an_epoch)))
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
            return np.full(len(self._last), np.nan)
        return (self._lowest[0] - self._lowest[-1]) / self._scale()

    def has_come(self):
        """Which models have had enough epochs, and neither fall nor stand above their lowest."""
        if len(self._lowest) <= self._n_epochs:
            return np.zeros(len(self._last), bool)
        rise = (self._last - self._lowest[-1]) / self._scale()
        return (self.fall() <= LARGEST_FALL) & (rise <= LARGEST_RISE)

    def _scale(self):
        """What falls and rises are relative to."""
        return np.maximum(self._lowest[-1], SMALLEST_SHARE * self._first)

    def keep(self, models):
        """Forget all models but these, given by an array of indices."""
        if self._lowest:
            self._first, self._last = self._first[models], self._last[models]
        self._lowest = [lowest[models] for lowest in self._lowest]
