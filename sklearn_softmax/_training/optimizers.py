"""Optimizers: gradient descent and Adam.

An optimizer is an immutable object with three methods: ``init(vector, momentum)`` returns its
typed state, ``update(vector, gradient, state, step_sizes)`` takes a step in place, and
``fitted_params(params, state)`` returns the parameters of the fitted model, which differ from
the current ones if the optimizer averages. Vectors have the shape
(M, n_parameters), one row per model.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from sklearn_softmax._training.state import SHARED

FLUSH_INTERVAL = 64


class Optimizer:
    """Base of the optimizers that subtract an update and fit the resulting parameters."""

    def update(self, vector, gradient, state, step_sizes):
        """Take one step in place.

        Parameters
        ----------
        vector : ndarray of shape (M, n_parameters)
            Changed in place.
        gradient : ndarray of shape (M, n_parameters)
            Overwritten.
        state : object
            As returned by ``init``; changed in place.
        step_sizes : StepSizes
        """
        self.compute_update(gradient, state, step_sizes)
        vector -= gradient

    def fitted_params(self, params, state):
        """Return the parameters of the fitted models: those after the last step."""
        return params


@dataclass
class MomentumState:
    """State of gradient descent.

    Parameters
    ----------
    velocity : ndarray of shape (M, n_parameters) or None
        None if no model has momentum.
    """

    velocity: np.ndarray | None


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    r"""Gradient descent, optionally with momentum.

    .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \alpha v

    and with Nesterov's look-ahead
    :math:`\theta \leftarrow \theta - \alpha (g + \mu v)`.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 16 and 17; I. Sutskever et al., "On the importance of
    initialization and momentum in deep learning" (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.hyperparameters import StepSizes
    >>> from sklearn_softmax._training.optimizers import GradientDescent
    >>> vector, optimizer = np.array([[1.0]]), GradientDescent()
    >>> state = optimizer.init(vector, momentum=np.zeros(1))
    >>> step_sizes = StepSizes(np.array([[0.1]]), np.array([[0.0]]), None)
    >>> optimizer.update(vector, np.array([[0.5]]), state, step_sizes)
    >>> vector
    array([[0.95]])
    """

    def init(self, vector, momentum):
        """Return zero velocities, or none if no model has momentum."""
        return MomentumState(np.zeros_like(vector) if np.any(momentum) else None)

    def compute_update(self, gradient, state, step_sizes):
        """Overwrite the gradient with the update to subtract.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
        state : MomentumState
            Changed in place.
        step_sizes : StepSizes
        """
        velocity, look_ahead = state.velocity, step_sizes.look_ahead
        if velocity is not None:
            velocity *= step_sizes.momentum
            velocity += gradient
            if look_ahead is None:
                gradient[...] = velocity
            else:
                gradient += look_ahead * velocity
                np.copyto(gradient, velocity, where=look_ahead == 0)
        gradient *= step_sizes.lr


@dataclass
class AdamState:
    """State of Adam.

    Parameters
    ----------
    first_moment, second_moment : ndarray of shape (M, n_parameters)
        Decaying sums of the gradient and of its square.
    n_steps : int, default=0
    """

    first_moment: np.ndarray
    second_moment: np.ndarray
    n_steps: int = field(default=0, metadata=SHARED)


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Adam: steps scaled by running means of the gradient and of its square.

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
              v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
              \theta \leftarrow \theta - \alpha
              \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of the two means.
    epsilon : float, default=1e-8

    References
    ----------
    D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015),
    algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.hyperparameters import StepSizes
    >>> from sklearn_softmax._training.optimizers import Adam
    >>> vector, optimizer = np.array([[1.0]]), Adam()
    >>> state = optimizer.init(vector, momentum=np.zeros(1))
    >>> step_sizes = StepSizes(np.array([[0.1]]), np.array([[0.0]]), None)
    >>> optimizer.update(vector, np.array([[0.5]]), state, step_sizes)
    >>> vector.round(6)
    array([[0.9]])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def init(self, vector, momentum):
        """Return zero moments; ``momentum`` has no effect."""
        return AdamState(np.zeros_like(vector), np.zeros_like(vector))

    def compute_update(self, gradient, state, step_sizes):
        """Overwrite the gradient with the update to subtract.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
        state : AdamState
            Changed in place.
        step_sizes : StepSizes
            Momentum has no effect.
        """
        t = state.n_steps = state.n_steps + 1
        m, v = state.first_moment, state.second_moment
        # The sums omit the factors 1 - beta, which are merged with the other constants.
        m_factor = (1 - self.beta_1) / (1 - self.beta_1**t)
        root_v_factor = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        m *= self.beta_1
        m += gradient
        v *= self.beta_2
        gradient *= gradient
        v += gradient
        if t % FLUSH_INTERVAL == 0:
            _flush_subnormals(m)
            _flush_subnormals(v)
        np.sqrt(v, out=gradient)
        gradient += self.epsilon / root_v_factor
        np.divide(m, gradient, out=gradient)
        gradient *= step_sizes.lr * (m_factor / root_v_factor)


def _flush_subnormals(array):
    """Set subnormal numbers, which are slow, to 0."""
    limits = np.finfo(array.dtype)
    # Adding and subtracting this number rounds subnormal numbers to 0 and hardly changes others.
    shift = 1e6 * limits.tiny / limits.eps
    array += shift
    array -= shift
