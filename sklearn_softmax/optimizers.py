"""Optimisers: how a gradient changes the parameters.

``start(params)`` gives an optimiser's moving state, ``step(params, gradient,
state, lr)`` takes one step, in place and using the gradient up. The optimisers
themselves never change. With a stack of models, ``lr`` and ``momentum`` may be arrays
of shape (M, 1, 1).
"""

import math
from dataclasses import dataclass

import numpy as np

STEPS_TO_FLUSH = 64


@dataclass(frozen=True)
class GradientDescent:
    r"""Gradient descent, with momentum if wanted.

    .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \alpha v

    and with Nesterov's look-ahead
    :math:`\theta \leftarrow \theta - \alpha (g + \mu v)`.

    Parameters
    ----------
    momentum : float or ndarray of shape (M, 1, 1), default=0.0
        :math:`\mu`.
    nesterov : bool, default=False

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 16 and 17; I. Sutskever et al., "On the importance of
    initialization and momentum in deep learning" (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.optimizers import GradientDescent
    >>> params, optimizer = [np.array([1.0])], GradientDescent()
    >>> optimizer.step(params, [np.array([0.5])], optimizer.start(params), lr=0.1)
    >>> params
    [array([0.95])]
    """

    momentum: float | np.ndarray = 0.0
    nesterov: bool = False

    def start(self, params):
        """Velocities, all zero; none without momentum."""
        return [np.zeros_like(p) for p in params] if np.any(self.momentum) else []

    def arrays(self, state):
        """All arrays of the moving state."""
        return state

    def select(self, state, models):
        """The moving state of some models of a stack, or of one, for their own optimiser."""
        return [velocity[models] for velocity in state] if np.any(self.momentum) else []

    def part(self, state, places):
        """The moving state, not copied, of parts of some arrays: pairs of their number and rows."""
        return [state[i][rows] for i, rows in places] if state else []

    def count(self, state, n_steps):
        """Count steps that were taken with parts of the state."""

    def step(self, params, gradient, state, lr):
        """Take one step.

        Parameters
        ----------
        params : list of ndarray
            Changed in place.
        gradient : list of ndarray
            Overwritten.
        state : list of ndarray
            What :meth:`start` returned; changed in place.
        lr : float or ndarray of shape (M, 1, 1)
        """
        if state:
            self._accelerate(gradient, state)
        for p, g in zip(params, gradient):
            g *= lr
            p -= g

    def _accelerate(self, gradient, velocities):
        for g, velocity in zip(gradient, velocities):
            momentum = np.asarray(self.momentum, velocity.dtype)
            velocity *= momentum
            velocity += g
            if self.nesterov:
                g += momentum * velocity
            else:
                g[...] = velocity


@dataclass(frozen=True)
class Adam:
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
    >>> from sklearn_softmax.optimizers import Adam
    >>> params, optimizer = [np.array([1.0])], Adam()
    >>> optimizer.step(params, [np.array([0.5])], optimizer.start(params), lr=0.1)
    >>> params[0].round(6)
    array([0.9])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, params):
        """Step count and decaying sums, all zero."""
        return {
            "t": 0,
            "m": [np.zeros_like(p) for p in params],
            "v": [np.zeros_like(p) for p in params],
        }

    def arrays(self, state):
        """All arrays of the moving state."""
        return [*state["m"], *state["v"]]

    def select(self, state, models):
        """The moving state of some models of a stack, or of one."""
        m, v = ([mean[models] for mean in state[name]] for name in "mv")
        return {"t": state["t"], "m": m, "v": v}

    def part(self, state, places):
        """The moving state, its sums not copied, of parts of some arrays: their number and rows."""
        m, v = ([state[name][i][rows] for i, rows in places] for name in "mv")
        return {"t": state["t"], "m": m, "v": v}

    def count(self, state, n_steps):
        """Count steps that were taken with parts of the state."""
        state["t"] += n_steps

    def step(self, params, gradient, state, lr):
        """Take one step.

        Parameters
        ----------
        params : list of ndarray
            Changed in place.
        gradient : list of ndarray
            Overwritten.
        state : dict
            What :meth:`start` returned; changed in place.
        lr : float or ndarray of shape (M, 1, 1)
        """
        t = state["t"] = state["t"] + 1
        # Sums without the factors 1 - beta, which join the other constants.
        m_factor = (1 - self.beta_1) / (1 - self.beta_1**t)
        root_v_factor = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        constants = (
            self.beta_1,
            self.beta_2,
            self.epsilon / root_v_factor,
            lr * (m_factor / root_v_factor),
        )
        # NumPy calculates faster with an array than with a Python number.
        beta_1, beta_2, epsilon, step_size = (np.asarray(c, params[0].dtype) for c in constants)
        for p, g, m, v in zip(params, gradient, state["m"], state["v"]):
            m *= beta_1
            m += g
            v *= beta_2
            g *= g
            v += g
            if t % STEPS_TO_FLUSH == 0:
                _flush(m)
                _flush(v)
            np.sqrt(v, out=g)
            g += epsilon
            np.divide(m, g, out=g)
            g *= step_size
            p -= g


def _flush(array):
    """Set to 0 what has decayed to nothing: numbers below the normal range are slow."""
    limits = np.finfo(array.dtype)
    # A sum that the small ones do not survive, and the others hardly notice.
    shift = 1e6 * limits.tiny / limits.eps
    array += shift
    array -= shift
