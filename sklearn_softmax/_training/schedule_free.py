r"""Optimizers whose fitted parameters are an average over the steps.

A step :math:`\Delta_t` of the base sequence z is part of all iterates from :math:`z_t` on. With
weights :math:`w_t` of the iterates and their sums :math:`W_t`, the weighted mean therefore is

.. math:: x_T = \frac{1}{W_T} \sum_{t=1}^{T} w_t z_t = z_T - \frac{u_T}{W_T}, \qquad
          u_T = \sum_{t=1}^{T} W_{t-1} \Delta_t

so an average needs only the lag u, and a step of zero costs nothing.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_softmax._training.optimizers import Optimizer
from sklearn_softmax._training.scaling import largest_curvature
from sklearn_softmax._training.state import SHARED

# Largest learning rate in units of 1 / L.
MAX_RATE = 3


@dataclass
class AverageState:
    """State of averaged gradient descent.

    Parameters
    ----------
    lag : ndarray of shape (M, n_parameters)
        u.
    n_steps : int, default=0
        T; every iterate has the weight 1.
    """

    lag: np.ndarray
    n_steps: int = field(default=0, metadata=SHARED)


@dataclass(frozen=True)
class AveragedGradientDescent(Optimizer):
    r"""Gradient descent whose fitted parameters are the mean over all steps.

    .. math:: z \leftarrow z - \alpha g(z), \qquad x = \frac{1}{T} \sum_{t=1}^{T} z_t

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.parameters import Parameters
    >>> from sklearn_softmax._training.hyperparameters import StepSizes
    >>> from sklearn_softmax._training.schedule_free import AveragedGradientDescent
    >>> params, optimizer = Parameters(np.array([[1.0, 0.0]]), (1, 1)), AveragedGradientDescent()
    >>> state = optimizer.init(params.vector, momentum=np.zeros(1))
    >>> step_sizes = StepSizes(np.array([[0.5]]), np.array([[0.0]]), None)
    >>> for _ in range(3):
    ...     optimizer.update(params.vector, np.array([[1.0, 0.0]]), state, step_sizes)
    >>> params.vector, optimizer.fitted_params(params, state).vector  # mean of 0.5, 0 and -0.5
    (array([[-0.5,  0. ]]), array([[0., 0.]]))
    """

    def init(self, vector, momentum):
        """Return a zero lag; ``momentum`` has no effect."""
        return AverageState(np.zeros_like(vector))

    def update(self, vector, gradient, state, step_sizes):
        """Take one step in place; see :meth:`Optimizer.update`."""
        gradient *= step_sizes.lr
        vector -= gradient
        gradient *= state.n_steps
        state.lag -= gradient
        state.n_steps += 1

    def fitted_params(self, params, state):
        """Return the means over all steps."""
        return params.replace_vector(params.vector - state.lag / max(1, state.n_steps))


@dataclass
class ScheduleFreeState:
    """State of schedule-free descent.

    Parameters
    ----------
    base : ndarray of shape (M, n_parameters)
        z.
    lag : ndarray of shape (M, n_parameters)
        u.
    total_weight : ndarray of shape (M, 1)
        W.
    step_state : object
        State of the optimizer that computes the steps.
    scaling : FeatureScaling or None, default=None
        Set before the first step.
    n_steps : int, default=0
    """

    base: np.ndarray
    lag: np.ndarray
    total_weight: np.ndarray
    step_state: Any
    scaling: Any = None
    n_steps: int = field(default=0, metadata=SHARED)


def curvature_rate(rows, batch_size, scaling, hyperparameters, *, loss_curvature):
    r"""Return the learning rate of gradient descent, from a bound L on the curvature of the loss.

    .. math:: \gamma = \frac{1}{L} \min\left(3, \frac{1}{1 - \beta}\right)

    A step along a direction of curvature h is stable if :math:`\gamma h (1 - \beta) < 2`.

    Parameters
    ----------
    rows : Rows
    batch_size : int
    scaling : FeatureScaling
        Without damping.
    hyperparameters : Hyperparameters
    loss_curvature : float
        Bound on the second derivatives of the loss by the scores.

    Returns
    -------
    lr : ndarray of shape (M,)
    """
    class_weight, beta = hyperparameters.class_weight, hyperparameters.momentum
    L = loss_curvature * largest_curvature(rows, scaling, batch_size, class_weight)
    return np.minimum(MAX_RATE, 1 / (1 - beta)) / L


def epoch_rate(rows, batch_size, scaling, hyperparameters, *, lr, min_steps=1):
    r"""Return the learning rate of Adam, higher if an epoch has few steps.

    .. math:: \gamma = a \max\left(1, \frac{k}{\text{steps per epoch}}\right)

    Parameters
    ----------
    rows, batch_size, scaling, hyperparameters
        As for :func:`curvature_rate`.
    lr : float
        a.
    min_steps : int, default=1
        k.

    Returns
    -------
    lr : ndarray of shape (M,)
    """
    steps_per_epoch = -(-len(rows) // batch_size)
    return np.full(len(hyperparameters.lr), lr * max(1, min_steps / steps_per_epoch))


@dataclass(frozen=True)
class ScheduleFree(Optimizer):
    r"""Schedule-free descent in standardised features.

    .. math:: y &= (1 - \beta) z + \beta x, \\
              z &\leftarrow z - \gamma \, \mathrm{step}(g(y)), \\
              x &\leftarrow (1 - c_t) x + c_t z, \qquad c_t = \frac{w_t}{W_t}, \quad
              w_t = t \gamma_t^2

    Gradients are taken at y, and the average x is the fitted model. With a constant learning rate
    :math:`\gamma`, :math:`c_t = 2 / (t + 1)`. The momentum of a model is its :math:`\beta`.

    Parameters
    ----------
    optimizer : GradientDescent or Adam
        Optimizer that computes the steps, without momentum.

    References
    ----------
    A. Defazio et al., "The road less scheduled" (2024), equations 3 to 5 and, for the weights,
    section 4 with r = 1.
    """

    optimizer: Any

    def init(self, vector, momentum):
        """Return the state in which x, y and z are the initial parameters."""
        return ScheduleFreeState(
            base=vector.copy(),
            lag=np.zeros_like(vector),
            # Not 0: the squares of decayed learning rates may underflow, and weights divide steps.
            total_weight=np.full((len(vector), 1), np.finfo(vector.dtype).tiny, vector.dtype),
            step_state=self.optimizer.init(vector, np.zeros(len(vector))),
        )

    def update(self, vector, gradient, state, step_sizes):
        """Take one step in place; ``vector`` is y. See :meth:`Optimizer.update`."""
        state.scaling.scale_gradient(gradient)
        self.optimizer.compute_update(gradient, state.step_state, step_sizes)
        state.scaling.unscale_step(gradient)
        state.base -= gradient
        gradient *= state.total_weight
        state.lag -= gradient
        state.n_steps += 1
        state.total_weight += state.n_steps * step_sizes.lr**2
        np.multiply(state.lag, -step_sizes.momentum / state.total_weight, out=vector)
        vector += state.base

    def fitted_params(self, params, state):
        """Return the averages x."""
        return params.replace_vector(state.base - state.lag / state.total_weight)
