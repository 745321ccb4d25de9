"""A learning rate that follows the training objective."""

import numpy as np

from sklearn_softmax._model.floating_point import is_finite

GROWTH, CUT = 1.2, 0.5
N_COMPARED_EPOCHS = 3
TOO_MUCH_WORSE = 1.5


class BoldDriver:
    r"""A learning rate for each model: a little more after an epoch of gain, else half of it.

    An epoch is one of gain if its objective is no higher than the highest of the last three.
    After one without gain, training goes on from the mean of the epoch's steps, or, where the
    objective is far above its lowest, from where it was lowest. Noise alone makes the rate fall
    no faster than the number of epochs grows, so that training goes on.

    Parameters
    ----------
    rate : ndarray of shape (M,)
        To begin with.
    vector : ndarray of shape (M, n_parameters)
        Where training begins.
    largest_growth : float
        Most that a rate may become, relative to the first one.

    Attributes
    ----------
    growth : ndarray of shape (M,)
        The rate relative to the first one.
    largest : ndarray of shape (M,)
        The largest growth since the model was last taken back.
    n_epochs : ndarray of shape (M,), int
    mean : ndarray of shape (M, n_parameters)
        Of the steps of the last epoch; of a model that was taken back, where it is now.
    is_anew : ndarray of shape (M,), bool
        Whether there is nothing yet to compare the next epoch with, since the rows are others.

    References
    ----------
    R. Battiti, "Accelerated backpropagation learning: two optimization methods" (1989).
    """

    def __init__(self, rate, vector, largest_growth):
        self.first_rate, self.growth = rate, np.ones(len(vector))
        self.largest_growth = np.full(len(vector), largest_growth)
        self.largest, self.n_epochs = self.growth.copy(), np.zeros(len(vector), int)
        self.recent = np.full((len(vector), N_COMPARED_EPOCHS), np.inf)
        self.lowest = np.full(len(vector), np.inf)
        self.start, self.best, self.mean = vector.copy(), vector.copy(), vector.copy()
        self.is_anew = np.zeros(len(vector), bool)

    @property
    def rate(self):
        """Learning rate of each model."""
        return self.growth * self.first_rate

    def of_models(self, models):
        """That of some models."""
        driver = object.__new__(BoldDriver)
        vars(driver).update({name: values[models] for name, values in vars(self).items()})
        return driver

    def note(self, objective, vector, mean):
        """Set the rates after an epoch, and take models back that have lost their way.

        Parameters
        ----------
        objective : ndarray of shape (M,)
            Mean over the epoch.
        vector : ndarray of shape (M, n_parameters)
            At its end; changed in place.
        mean : ndarray of shape (M, n_parameters)
            After all of its steps.

        Returns
        -------
        is_cut, is_lost : ndarray of shape (M,), bool
            Whether the rate became less, and whether the model was taken back.
        """
        is_lowest = objective <= self.lowest
        np.copyto(self.best, self.start, where=is_lowest[:, np.newaxis])
        np.copyto(self.lowest, objective, where=is_lowest)
        is_lost = ~(is_finite(vector) & np.isfinite(objective))
        is_lost |= objective > TOO_MUCH_WORSE * self.lowest
        is_gain = ~is_lost & (objective <= np.maximum.reduce(self.recent, axis=1))
        # What brings no gain any more is the noise of batches, which a mean has less of.
        np.copyto(vector, mean, where=~is_gain[:, np.newaxis])
        np.copyto(vector, self.best, where=is_lost[:, np.newaxis])
        self.mean[...] = np.where(is_lost[:, np.newaxis], vector, mean)
        self._set_rates(is_gain, is_lost)
        self.recent[:, :-1] = self.recent[:, 1:]
        self.recent[:, -1] = np.where(is_lost, self.lowest, objective)
        self.start[...], self.is_anew[:] = vector, False
        return ~is_gain, is_lost

    def _set_rates(self, is_gain, is_lost):
        """Raise or halve the rates; where models are not lost, keep them above a limit."""
        factor = np.where(is_gain, np.where(self.is_anew, 1.0, GROWTH), CUT)
        self.n_epochs = self.n_epochs + 1
        self.growth = np.minimum(self.growth * factor, self.largest_growth)
        self.largest = np.where(is_lost, self.growth, np.maximum(self.largest, self.growth))
        self.growth = np.maximum(self.growth, self.largest / (1 + self.n_epochs))

    def go_on(self, vector):
        """Put models that were handed over as their means back to where they learn, in place."""
        is_mean = np.all(vector == self.mean, axis=1, keepdims=True)
        np.copyto(vector, self.start, where=is_mean)

    def resume(self, vector, first_rate):
        """Go on from these parameters on other rows, which would ask for this first rate."""
        self.first_rate = first_rate
        self.recent[:], self.lowest[:], self.is_anew[:] = np.inf, np.inf, True
        self.start[...], self.best[...] = vector, vector
