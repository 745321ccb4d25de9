"""lr="auto": steps in standardised features, at a rate that follows the training objective."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.bold_driver import BoldDriver
from sklearn_softmax._training.conditioning import largest_curvature, standardisation


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
            if state.epoch == 0:  # weights drawn at random are those of standardised features
                of_rows.push_forward(vector)
            rate = self._first_rates(of_rows, rows, batch_size, values)
            moving["driver"] = BoldDriver(rate, vector, self.largest_growth)
        elif moving["standardisation"].is_of_same_rows(of_rows):
            moving["driver"].go_on(vector)
        else:
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
        # In the end momentum multiplies a step by 1 / (1 - momentum). Up to three times what the
        # curvature allows is bold: where it is too much, the driver takes it back.
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

    def outcome(self, state):
        """Parameters of the models as they are handed over: the means of the last epoch."""
        return state.params.on(state.optimizer_state["driver"].mean)

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
