"""L-BFGS on the objective over all rows."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax._training.epochs import EpochResult
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._warnings import warn

# Status of SciPy's result.
STOPPED_BY_CALLBACK = 99


@dataclass
class LbfgsState:
    """State of L-BFGS between two fits.

    Parameters
    ----------
    scaling : FeatureScaling or None, default=None
        Set before the first iteration.
    """

    scaling: Any = None


@dataclass(frozen=True)
class Lbfgs:
    r"""L-BFGS of SciPy, in standardised features.

    Minimises :math:`J(\theta_0 + S \delta)` over :math:`\delta`, with :math:`\theta_0` the initial
    parameters and S the scaling of the features. It trains one model; an iteration is an epoch.

    References
    ----------
    D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization" (1989);
    C. Zhu et al., "Algorithm 778: L-BFGS-B" (1997).
    """

    def init(self, vector, momentum):
        """Return the state; the arguments have no effect."""
        return LbfgsState()

    def fitted_params(self, params, state):
        """Return the parameters of the last iterate."""
        return params

    def __call__(self, objective, state, rows, begin_epoch, finish_epoch):
        """Train until convergence, or until ``finish_epoch(result)`` returns False.

        Parameters
        ----------
        objective : Objective
        state : State
            Of one model, whose ``tol`` is the largest entry of the gradient in standardised
            features at which training has converged; changed in place.
        rows : Rows
        begin_epoch : callable
            Called before each iteration is recorded.
        finish_epoch : callable
            Called with the EpochResult of each iteration, whose figures are those of its end.

        Returns
        -------
        has_converged : bool

        Warns
        -----
        ConvergenceWarning
            If rounding prevents L-BFGS from reaching ``tol``.
        """
        scaling, values = state.optimizer_state.scaling, state.hyperparameters
        n_epochs = state.epoch
        start = state.params.vector.astype(np.float64)

        def params_at(x):
            """Return the parameters of an iterate."""
            params = state.params.replace_vector(x[np.newaxis].copy())
            scaling.unscale_step(params.vector)
            params.vector += start
            return params

        def value_and_gradient(x):
            """Return the objective and its gradient in standardised features."""
            value, gradient = objective.value_and_gradient(params_at(x), rows, values.l2)
            scaling.scale_gradient(gradient.vector)
            return value[0], gradient.vector[0].astype(np.float64)

        def finish_iteration(intermediate_result):
            """Record the step to an iterate as an epoch."""
            begin_epoch()
            state.params.vector[...] = params_at(intermediate_result.x).vector
            state.epoch += 1
            loss, accuracy = evaluate(objective, state.params, rows)
            record = {"epoch": np.array([state.epoch]), "lr": values.lr}
            record |= {"loss": loss, "accuracy": accuracy}
            if not finish_epoch(EpochResult(record, loss[:, np.newaxis])):
                raise StopIteration

        # Only finish_epoch limits the iterations.
        options = {"gtol": values.tol[0], "ftol": 0, "maxiter": 10**9, "maxfun": 10**9}
        x, callback = np.zeros(start.shape[1]), finish_iteration
        result = minimize(
            value_and_gradient, x, jac=True, method="L-BFGS-B", callback=callback, options=options
        )
        if state.epoch == n_epochs:
            # Without a step: the initial parameters are optimal, or the objective is not finite.
            with suppress(StopIteration):
                finish_iteration(result)
        has_converged = result.status != STOPPED_BY_CALLBACK
        if has_converged and np.max(np.abs(result.jac)) > values.tol[0]:
            warn(
                f"L-BFGS stopped before the gradient fell to tol={values.tol[0]:.2g}, which "
                "rounding may prevent. Raise tol, or scale the data.",
                ConvergenceWarning,
            )
        return has_converged
