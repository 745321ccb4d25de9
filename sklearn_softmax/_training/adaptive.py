"""lr="auto": steps in standardised features, at a rate that follows the training objective."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._model.floating_point import is_finite
from sklearn_softmax._training.conditioning import largest_curvature, standardisation

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
        self.start, self.best = vector.copy(), vector.copy()
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
        is_sound = is_finite(vector) & np.isfinite(objective)
        is_sound &= objective <= TOO_MUCH_WORSE * self.lowest
        is_gain = is_sound & (objective <= np.maximum.reduce(self.recent, axis=1))
        is_lost = ~is_sound
        # What brings no gain any more is the noise of batches, which a mean has less of.
        np.copyto(vector, mean, where=~is_gain[:, np.newaxis])
        np.copyto(vector, self.best, where=is_lost[:, np.newaxis])
        factor = np.where(is_gain, np.where(self.is_anew, 1.0, GROWTH), CUT)
        self.n_epochs = self.n_epochs + 1
        self.growth = np.minimum(self.growth * factor, self.largest_growth)
        self.largest = np.where(is_lost, self.growth, np.maximum(self.largest, self.growth))
        self.growth = np.maximum(self.growth, self.largest / (1 + self.n_epochs))
        self.recent[:, :-1] = self.recent[:, 1:]
        self.recent[:, -1] = np.where(is_lost, self.lowest, objective)
        self.start[...], self.is_anew[:] = vector, False
        return ~is_gain, is_lost

    def resume(self, vector, first_rate):
        """Go on from these parameters on other rows, which would ask for this first rate."""
        self.first_rate = first_rate
        self.recent[:], self.lowest[:], self.is_anew[:] = np.inf, np.inf, True
        self.start[...], self.best[...] = vector, vector


@dataclass(frozen=True)
class Adaptive:
    r"""An optimiser in standardised features, at the rate of a bold driver.

    With gradient descent on a loss of curvature c, a rate that has grown by the factor r tells that
    the actual curvature has come down to about c / r. So a feature of variance v is scaled by
    :math:`1 / \sqrt{v + r l / c}`, which weighs the curvature of its loss, c v / r, against that
    of its penalty, l.

    Parameters
    ----------
    optimizer : GradientDescent or Adam
    first_rate : float or None, default=None
        None for what the curvature allows.
    largest_growth : float, default=1e6
        Most that a rate may become, relative to the first one.
    curvature : float or None, default=None
        Bound on the second derivative of the loss; None where it does not bound that of the
        objective: in a net, or where the optimiser scales each parameter by itself.
    """

    optimizer: object
    first_rate: float | None = None
    largest_growth: float = 1e6
    curvature: float | None = None

    def start(self, vector, momentum):
        """State of the optimiser itself; :meth:`prepare` does the rest."""
        own = {"sum": np.zeros_like(vector), "n_steps": 0}
        return self.optimizer.start(vector, momentum) | own

    def prepare(self, state, rows, batch_size, n_outputs, fit_intercept):
        """Complete the state of training before its first step, or before it goes on.

        Parameters
        ----------
        state : State
            Changed in place.
        rows : Rows
        batch_size : int
        n_outputs : int
            Of the layer next to the features.
        fit_intercept : bool
        """
        moving, vector, values = state.optimizer_state, state.params.vector, state.hyperparameters
        options = {"fit_intercept": fit_intercept, "n_models": len(vector)}
        of_rows = standardisation(rows, n_outputs, class_weight=values.class_weight, **options)
        if "driver" not in moving:
            moving["standardisation"] = of_rows
            # Random weights are those of standardised features.
            of_rows.push_forward(vector)
            rate = self._first_rates(of_rows, rows, batch_size, values)
            moving["driver"] = BoldDriver(rate, vector, self.largest_growth)
        elif not moving["standardisation"].is_of_same_rows(of_rows):
            merged = moving["standardisation"] = moving["standardisation"].merged(of_rows)
            rate = self._first_rates(merged, rows, batch_size, values)
            moving["driver"].resume(vector, rate)
        self._follow_the_driver(state)

    def _first_rates(self, standardisation, rows, batch_size, values):
        """Rate of each model to begin with."""
        if self.first_rate is not None:
            return np.full(len(values.lr), self.first_rate)
        curvature = self.curvature * largest_curvature(
            rows, standardisation, batch_size, values.class_weight
        )
        # Momentum multiplies a step by 1 / (1 - momentum) in the end, of which a third is bold.
        return np.minimum(1, 3 * (1 - values.momentum)) / (curvature if curvature > 0 else 1.0)

    def _follow_the_driver(self, state):
        """Take over the rates of the driver, and the scales that go with them."""
        driver, moving = state.optimizer_state["driver"], state.optimizer_state
        state.hyperparameters = state.hyperparameters.at_rates(driver.rate)
        if self.curvature is not None:
            damping = driver.growth * state.hyperparameters.l2 / self.curvature
            moving["standardisation"] = moving["standardisation"].damped(damping)

    def state_of_models(self, state, models, momentum):
        """A copy of the state of some models."""
        own = {name: state[name].of_models(models) for name in ("standardisation", "driver")}
        own |= {"sum": state["sum"][models], "n_steps": state["n_steps"]}
        return self.optimizer.state_of_models(state, models, momentum) | own

    def step(self, vector, gradient, state, lr, momentum, look_ahead=None):
        """Take one step.

        Parameters
        ----------
        vector : ndarray of shape (M, n_parameters)
            Changed in place.
        gradient : ndarray of shape (M, n_parameters)
            Overwritten.
        state : dict
            Changed in place.
        lr, momentum : ndarray of shape (M, 1)
        look_ahead : ndarray of shape (M, 1) or None, default=None
        """
        state["standardisation"].pull_back(gradient)
        self.optimizer.turn_into_step(gradient, state, lr, momentum, look_ahead)
        state["standardisation"].push_forward(gradient)
        vector -= gradient
        state["sum"] += vector
        state["n_steps"] += 1

    def end_epoch(self, state, objective):
        """Let the rates follow the objective.

        Parameters
        ----------
        state : State
            Changed in place.
        objective : ndarray of shape (M,)
            Mean over the epoch.

        Returns
        -------
        is_rescued : ndarray of shape (M,), bool
            Which models were taken back.
        """
        moving = state.optimizer_state
        mean = moving["sum"] / moving["n_steps"]
        is_cut, is_lost = moving["driver"].note(objective, state.params.vector, mean)
        moving["sum"][...], moving["n_steps"] = 0, 0
        self.optimizer.forget(moving, is_cut)
        self._follow_the_driver(state)
        return is_lost
