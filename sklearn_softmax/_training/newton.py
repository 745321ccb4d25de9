"""Newton's steps on batches, for penalised linear models of few coefficients or rows."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.anchor import anchor
from sklearn_softmax._training.convergence import SMALLEST_SHARE, TINY, ForeseenFall
from sklearn_softmax._training.curvature import MOST_NUMBERS
from sklearn_softmax._training.optimizers import Optimizer

# Noise of batches, in relation to that of rows which weigh alike in the curvature.
NOISE = 2
# Factors of the share of steps after an epoch that has raised the objective, and after others.
CUT, GROWTH = 1 / 4, 1.5
# Relative rise of the objective that counts as none, in units of the parameters' precision.
ROUNDING = 8


@dataclass(frozen=True)
class Newton(Optimizer):
    r"""Newton's method, a step a batch.

    .. math:: \theta \leftarrow \theta - \alpha H^{-1}
              (\nabla J_B(\theta) - \nabla J_B(\theta_0) + \nabla J(\theta_0)), \qquad
              \alpha = \frac{c}{1 + 2 d / m}

    with :math:`\theta_0` where the epoch began, J the objective, over all rows or over those of the
    batch B, H its Hessian at :math:`\theta_0`, m the batch size and d the effective degrees of
    freedom, :math:`\mathrm{tr}(H^{-1} H_{loss})`. The first step is Newton's own; the nearer the
    optimum, the less noise is in the others. c is 1, a quarter after an epoch that has raised the
    objective, from which the model is taken back, and 1.5 times as much, up to 1, after others.

    Half of :math:`\nabla J^\top H^{-1} \nabla J` is the fall of the objective to its minimum, as
    far as curvature is constant. Its share of the objective tells convergence.

    References
    ----------
    R. Johnson and T. Zhang, "Accelerating stochastic gradient descent using predictive variance
    reduction" (2013); M. Dereziński, "Stochastic variance-reduced Newton: accelerating finite-sum
    minimization with large batches" (2022); T. Hastie et al., "The elements of statistical
    learning" (2009), section 7.6, for the degrees of freedom; S. Boyd and L. Vandenberghe, "Convex
    optimization" (2004), section 9.5, for the fall.
    """

    def start(self, vector, momentum):
        """Shares of the steps that are taken, all 1, and first objectives, not known yet."""
        n_models = len(vector)
        return {"share": np.ones(n_models), "first": np.full(n_models, np.inf)}

    def n_numbers(self, network, n_rows):
        """Those of an anchor before an epoch and of one after it."""
        return 2 * (network.layer_sizes[-1] * n_rows + MOST_NUMBERS)

    def prepare(self, state, rows, batch_size, of_rows):
        """Complete the state of training before its first step, or before it goes on.

        Parameters
        ----------
        state : State
            Changed in place.
        rows : Rows
        batch_size : int
        of_rows : Standardisation
        """
        moving = state.optimizer_state
        moving["standardisation"], moving["batch_size"] = of_rows, min(batch_size, len(rows))

    def anchor(self, state):
        """Where the epoch began."""
        return state["anchor"]

    def convergence(self, state, steps_an_epoch):
        """What tells convergence."""
        return ForeseenFall(state)

    def state_of_models(self, state, models, momentum):
        """A copy of the state of some models."""
        chosen = {name: state[name][models] for name in ("share", "first", "fall") if name in state}
        if "anchor" in state:
            chosen["anchor"] = state["anchor"].of_models(models)
        coordinates = state["standardisation"].of_models(models)
        return chosen | {"standardisation": coordinates, "batch_size": state["batch_size"]}

    def without_rows(self, state):
        """The state without what was seen of the rows."""
        return {name: values for name, values in state.items() if name != "anchor"}

    def begin_epoch(self, state, objective, rows):
        """Look at all rows, unless the last epoch has ended with it."""
        if "anchor" not in state.optimizer_state:
            self._adopt(state, self._anchor(state, objective, rows))

    def _anchor(self, state, objective, rows):
        """What is known of the objective where the models stand."""
        moving, values = state.optimizer_state, state.hyperparameters
        given = objective, state.params, values, rows, moving["standardisation"]
        return anchor(*given, moving["batch_size"], moving.get("anchor"))

    def _adopt(self, state, anchor):
        """Let the next epoch begin from an anchor."""
        moving = state.optimizer_state
        moving["anchor"] = anchor
        first = moving["first"]
        moving["first"] = np.where(np.isfinite(first), first, np.maximum(anchor.objective, TINY))
        scale = np.maximum(anchor.objective, SMALLEST_SHARE * moving["first"])
        moving["fall"] = anchor.fall / scale
        n_rows = anchor.of_scores.shape[-1]
        noise = NOISE * anchor.inverse.degrees_of_freedom / moving["batch_size"]
        rate = moving["share"] / (1 + noise * (moving["batch_size"] < n_rows))
        state.hyperparameters = state.hyperparameters.at_rates(rate)

    def turn_into_step(self, gradient, state, lr, momentum=None, look_ahead=None):
        """Make the next step of the gradient.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
            Without the noise of its batch; overwritten by what is to be taken off the parameters.
        state : dict
        lr : ndarray of shape (M, 1)
        momentum, look_ahead : object
            Of no effect.
        """
        coordinates = state["standardisation"]
        coordinates.pull_back(gradient)
        layer = coordinates.layer(gradient)
        layer[...] = state["anchor"].inverse.solve(layer)
        coordinates.push_forward(gradient)
        gradient *= lr

    def end_epoch(self, state, value, objective, rows):
        """Look at all rows, and take models back that stand worse than before.

        Parameters
        ----------
        state : State
            Changed in place.
        value : ndarray of shape (M,)
            Mean of the objective over the epoch, of which no use is made.
        objective : Objective
        rows : Rows

        Returns
        -------
        is_rescued : ndarray of shape (M,), bool
            Which models were taken back.
        """
        moving, vector = state.optimizer_state, state.params.vector
        before, after = moving["anchor"], self._anchor(state, objective, rows)
        rounding = ROUNDING * np.finfo(vector.dtype).eps
        is_gain = after.objective <= before.objective * (1 + rounding)
        np.copyto(vector, before.vector, where=~is_gain[:, np.newaxis])
        moving["share"] = np.minimum(1, moving["share"] * np.where(is_gain, GROWTH, CUT))
        self._adopt(state, after if is_gain.all() else before.merged(after, is_gain))
        return ~is_gain & np.isfinite(before.objective)
