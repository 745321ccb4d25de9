"""lr="auto": steps in standardised features, at a rate that follows the training objective."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.bold_driver import BoldDriver
from sklearn_softmax._training.conditioning import largest_curvature, standardisation
from sklearn_softmax._training.scoring import FIRST_DAMPING, information, is_affordable

# Epochs without a fall by which Fisher scoring is judged.
SCORING_EPOCHS = 5


@dataclass(frozen=True)
class Adaptive:
    r"""An optimiser in standardised features, at the rate of a bold driver.

    Where the objective has many minima, as that of a net has, or steps are those of Adam, features
    whose sizes are alike keep their proportions.

    With gradient descent on a loss of curvature c, a rate that has grown by the factor r tells that
    the actual curvature has come down to about c / r. So a feature of variance v, not 0 in a
    share p of the rows, is scaled by :math:`1 / \sqrt{v / p + r l / c}`, which weighs the curvature
    of its loss, c v / r, against that of its penalty, l.

    Where gradient descent on such a loss has a penalty and few features, its steps are those of
    Fisher scoring, damped as by Levenberg and Marquardt: the inverse of the information is taken at
    the beginning of each epoch, and the damping is 0.15 c / r, with r the largest growth of the
    rate. A batch of all rows then gives steps without noise, for which momentum is 0. Without a
    penalty there may be no optimum, and models that follow the gradient classify new rows better.

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
        of_rows = self._scaled(of_rows)
        if "driver" not in moving:
            moving["standardisation"] = of_rows
            # Weights drawn at random are those of standardised features; a single row has none.
            if state.epoch == 0 and np.any(of_rows.scale):
                of_rows.push_forward(vector)
            moving["is_scoring"] = (
                self.curvature is not None
                and bool(np.all(values.l2 > 0))
                and is_affordable(n_outputs, rows.X.shape[1])
            )
            self._start_driver(state, rows, batch_size)
        elif moving["standardisation"].is_of_same_rows(of_rows):
            moving["driver"].go_on(vector)
            # Batches of another size have other noise.
            if moving["is_scoring"] and moving["noise"] != of_rows.noise(len(rows), batch_size):
                moving["driver"].first_rate = self._first_rates(moving, rows, batch_size, values)
                moving |= self.optimizer.start(vector, values.momentum)
        else:
            moving["standardisation"] = self._scaled(moving["standardisation"].merged(of_rows))
            if moving["is_scoring"]:  # a part of the rows tells too little of the others
                moving["is_scoring"] = False
                moving |= self.optimizer.start(vector, values.momentum)
                self._start_driver(state, rows, batch_size)
            else:
                moving["driver"].resume(vector, self._first_rates(moving, rows, batch_size, values))
        self._follow_the_driver(state)

    def _scaled(self, standardisation):
        """The standardisation, with one scale for features of one unit where that is better."""
        return standardisation if self.curvature is not None else standardisation.in_one_unit()

    def _start_driver(self, state, rows, batch_size):
        """Begin with the first rates."""
        moving, values = state.optimizer_state, state.hyperparameters
        rate = self._first_rates(moving, rows, batch_size, values)
        moving["driver"] = BoldDriver(rate, state.params.vector, self.largest_growth)

    def _first_rates(self, moving, rows, batch_size, values):
        """Rate of each model to begin with."""
        if self.first_rate is not None:
            n_steps = -(-len(rows) // batch_size)
            return np.full(len(values.lr), self.first_rate * max(1, self.fewest_steps / n_steps))
        standardisation = moving["standardisation"]
        if moving["is_scoring"]:
            moving["noise"] = standardisation.noise(len(rows), batch_size)
            return (1 - self._momentum(moving, values)) / moving["noise"]
        curvature = self.curvature * largest_curvature(
            rows, standardisation, batch_size, values.class_weight
        )
        # In the end momentum multiplies a step by 1 / (1 - momentum). Up to three times what the
        # curvature allows is bold: where it is too much, the driver takes it back.
        return np.minimum(1, 3 * (1 - values.momentum)) / (curvature if curvature > 0 else 1.0)

    def _momentum(self, moving, values):
        """Momentum of each model: exact steps, which have no noise, would only overshoot."""
        is_exact = moving["is_scoring"] and moving["noise"] == 1
        return np.zeros_like(values.momentum) if is_exact else values.momentum

    def _follow_the_driver(self, state):
        """Take over the rates of the driver, and the scales that go with them."""
        driver, moving = state.optimizer_state["driver"], state.optimizer_state
        rate = driver.rate / driver.largest if moving["is_scoring"] else driver.rate
        momentum = self._momentum(moving, state.hyperparameters)
        state.hyperparameters = state.hyperparameters.at_rates(rate)._replace(momentum=momentum)
        if self.curvature is not None and not moving["is_scoring"]:
            damping = driver.growth * state.hyperparameters.l2 / self.curvature
            moving["standardisation"] = moving["standardisation"].damped(damping)

    def state_of_models(self, state, models, momentum):
        """A copy of the state of some models."""
        own = {name: state[name].of_models(models) for name in ("standardisation", "driver")}
        own |= {"sum": state["sum"][models]}
        own |= {name: state[name] for name in ("n_steps", "is_scoring", "noise") if name in state}
        return self.optimizer.state_of_models(state, models, momentum) | own

    def quiet_epochs(self, state):
        """Most epochs without a fall of the objective by which convergence is judged."""
        return SCORING_EPOCHS if state["is_scoring"] else np.inf

    def begin_epoch(self, state, objective, rows):
        """Take the information where an epoch begins.

        Parameters
        ----------
        state : State
            Its optimiser's is changed in place.
        objective : Objective
        rows : Rows
        """
        moving = state.optimizer_state
        if moving["is_scoring"]:
            first = FIRST_DAMPING * self.curvature * moving["noise"]
            damping = first / moving["driver"].largest
            given = state.params, state.hyperparameters, rows, moving["standardisation"]
            moving["information"] = information(objective, *given, damping)

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
        if state["is_scoring"]:
            state["information"].solve(state["standardisation"].layer(gradient))
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
