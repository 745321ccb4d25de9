"""lr="auto": steps in standardised features, at a rate that follows the training objective."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.bold_driver import BoldDriver
from sklearn_softmax._training.conditioning import largest_curvature
from sklearn_softmax._training.optimizers import Optimizer


@dataclass(frozen=True)
class Adaptive(Optimizer):
    r"""An optimiser in standardised features, at the rate of a bold driver.

    Where the objective has many minima, as that of a net has, or steps are those of Adam, features
    whose sizes are alike keep their proportions.

    With gradient descent on a loss of curvature c, a rate that has grown by the factor r tells that
    the actual curvature has come down to about c / r. So a feature of variance v, not 0 in a
    share p of the rows, is scaled by :math:`1 / \sqrt{v / p + r l / c}`, which weighs the curvature
    of its loss, c v / r, against that of its penalty, l.

    Parameters
    ----------
    optimizer : GradientDescent or Adam
    first_rate : float or None, default=None
        None for what the curvature allows.
    fewest_steps : int, default=1
        With fewer steps an epoch, the first rate is higher in proportion, so that an epoch goes as
        far.
    largest_growth : float, default=1e6
        Most that a rate may become, relative to the first one.
    curvature : float or None, default=None
        Bound on the second derivative of the loss; None where it does not bound that of the
        objective: in a net, or where the optimiser scales each parameter by itself.
    """

    optimizer: object
    first_rate: float | None = None
    fewest_steps: int = 1
    largest_growth: float = 1e6
    curvature: float | None = None

    def start(self, vector, momentum):
        """State of the optimiser itself; :meth:`prepare` does the rest."""
        own = {"sum": np.zeros_like(vector), "n_steps": 0}
        return self.optimizer.start(vector, momentum) | own

    def n_numbers(self, network, n_rows):
        """With the parameters of the best epoch, of the start, sum and mean of the last one."""
        return self.optimizer.n_numbers(network, n_rows) + 4 * network.n_parameters

    def prepare(self, state, rows, batch_size, of_rows):
        """Complete the state of training before its first step, or before it goes on.

        Parameters
        ----------
        state : State
            Whose standardisation is that of all rows so far; changed in place.
        rows : Rows
        batch_size : int
        of_rows : Standardisation
            That of these rows.
        """
        moving, vector, values = state.optimizer_state, state.params.vector, state.hyperparameters
        has_same_rows = moving["standardisation"].is_of_same_rows(of_rows)
        if has_same_rows and "driver" in moving:
            moving["driver"].go_on(vector)
        else:
            merged = of_rows if has_same_rows else moving["standardisation"].merged(of_rows)
            moving["standardisation"] = self._scaled(merged)
            rate = self._first_rates(moving, rows, batch_size, values)
            if "driver" in moving:
                moving["driver"].resume(vector, rate)
            else:
                # Weights drawn at random are those of standardised features; one row has none.
                if state.epoch == 0 and np.any(of_rows.scale):
                    moving["standardisation"].push_forward(vector)
                moving["driver"] = BoldDriver(rate, vector, self.largest_growth)
        self._follow_the_driver(state)

    def _scaled(self, standardisation):
        """The standardisation, with one scale for features of one unit where that is better."""
        return standardisation if self.curvature is not None else standardisation.in_one_unit()

    def _first_rates(self, moving, rows, batch_size, values):
        """Rate of each model to begin with."""
        if self.first_rate is not None:
            n_steps = -(-len(rows) // batch_size)
            return np.full(len(values.lr), self.first_rate * max(1, self.fewest_steps / n_steps))
        standardisation = moving["standardisation"]
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
        l2 = state.hyperparameters.l2
        if self.curvature is not None and l2.any():
            damping = driver.growth * l2 / self.curvature
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

    def end_epoch(self, state, value, objective, rows):
        """Let the rates follow the objective.

        Parameters
        ----------
        state : State
            Changed in place.
        value : ndarray of shape (M,)
            Mean of the objective over the epoch.
        objective : Objective
        rows : Rows

        Returns
        -------
        is_rescued : ndarray of shape (M,), bool
            Which models were taken back.
        """
        moving = state.optimizer_state
        mean = moving["sum"] / moving["n_steps"]
        is_cut, is_lost = moving["driver"].note(value, state.params.vector, mean)
        moving["sum"][...], moving["n_steps"] = 0, 0
        self.optimizer.forget(moving, is_cut)
        self._follow_the_driver(state)
        return is_lost
