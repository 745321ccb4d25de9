"""Optimisers: how a gradient changes the parameters.

``start(vector, momentum)`` gives an optimiser's moving state, a dict of arrays and counts,
``state_of_models(state, models, momentum)`` that of some models, and ``forget(state, models)``
makes the direction of some models' steps start afresh.
``step(vector, gradient, state, lr, momentum, look_ahead)`` takes one step, in place and using the
gradient up: what ``turn_into_step`` makes of the gradient is taken off the vector.
``begin_epoch(state, objective, rows)`` is told of an epoch before its first step;
``end_epoch(state, value, objective, rows)`` of the mean of the objective over it, and answers which
models it has taken back. ``anchor(state)`` is where an epoch began, where steps go by it.
``convergence(state, steps_an_epoch)`` makes what tells convergence, ``without_rows(state)`` leaves
out what belongs to the rows, and ``n_numbers(network, n_rows)`` counts what a model's state takes.
The optimisers themselves never change. Vectors have the shape (M, n_parameters), a row a model, and
``lr``, ``momentum`` and ``look_ahead`` are arrays of shape (M, 1).
"""

import math
from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.convergence import Convergence

STEPS_TO_FLUSH = 64


class Optimizer:
    """What all optimisers have in common."""

    def step(self, vector, gradient, state, lr, momentum=None, look_ahead=None):
        """Take one step.

        Parameters
        ----------
        vector : ndarray of shape (M, n_parameters)
            Changed in place.
        gradient, state, lr, momentum, look_ahead
            As for ``turn_into_step``.
        """
        self.turn_into_step(gradient, state, lr, momentum, look_ahead)
        vector -= gradient

    def n_numbers(self, network, n_rows):
        """Numbers that the state of a model takes: two means of the gradient at most."""
        return 2 * network.n_parameters

    def outcome(self, state):
        """Parameters of the models as they are handed over: those after the last step."""
        return state.params

    def anchor(self, state):
        """Where an epoch began, if steps go by it."""
        return

    def convergence(self, state, steps_an_epoch):
        """What tells convergence: the fall of the objective so far."""
        return Convergence(steps_an_epoch)

    def without_rows(self, state):
        """The state without what belongs to the rows."""
        return state

    def begin_epoch(self, state, objective, rows):
        """Do nothing."""

    def end_epoch(self, state, value, objective, rows):
        """Change nothing, and rescue no model: the learning rate is a given one."""
        return np.zeros(len(value), bool)


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    r"""Gradient descent, with momentum if wanted.

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
    >>> from sklearn_softmax._training.optimizers import GradientDescent
    >>> vector, lr, momentum = np.array([[1.0]]), np.array([[0.1]]), np.array([[0.0]])
    >>> optimizer = GradientDescent()
    >>> state = optimizer.start(vector, momentum)
    >>> optimizer.step(vector, np.array([[0.5]]), state, lr, momentum)
    >>> vector
    array([[0.95]])
    """

    def start(self, vector, momentum):
        """Velocities, all zero; none where no model has momentum."""
        return {"velocity": np.zeros_like(vector)} if np.any(momentum) else {}

    def state_of_models(self, state, models, momentum):
        """A copy of the state of some models, which have this momentum."""
        return {"velocity": state["velocity"][models]} if np.any(momentum) else {}

    def forget(self, state, models):
        """Set the velocities of some models to zero."""
        if "velocity" in state:
            state["velocity"][models] = 0

    def turn_into_step(self, gradient, state, lr, momentum, look_ahead=None):
        """Make the next step of the gradient.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
            Overwritten by what is to be taken off the parameters.
        state : dict
            What :meth:`start` returned; changed in place.
        lr, momentum : ndarray of shape (M, 1)
        look_ahead : ndarray of shape (M, 1) or None, default=None
            Momentum of the models that look ahead, and 0 for the others; None where none does.
        """
        if "velocity" in state:
            velocity = state["velocity"]
            velocity *= momentum
            velocity += gradient
            if look_ahead is None:
                gradient[...] = velocity
            else:
                gradient += look_ahead * velocity
                np.copyto(gradient, velocity, where=look_ahead == 0)
        gradient *= lr


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
    >>> from sklearn_softmax._training.optimizers import Adam
    >>> vector, lr, optimizer = np.array([[1.0]]), np.array([[0.1]]), Adam()
    >>> optimizer.step(vector, np.array([[0.5]]), optimizer.start(vector), lr)
    >>> vector.round(6)
    array([[0.9]])
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def start(self, vector, momentum=None):
        """Step count and decaying sums, all zero."""
        return {"t": 0, "m": np.zeros_like(vector), "v": np.zeros_like(vector)}

    def state_of_models(self, state, models, momentum=None):
        """A copy of the state of some models."""
        return {"t": state["t"], "m": state["m"][models], "v": state["v"][models]}

    def forget(self, state, models):
        """Set the mean gradients of some models to zero, and their squares that are no numbers."""
        state["m"][models] = 0
        state["v"][models] = np.nan_to_num(state["v"][models], nan=0, posinf=0)

    def turn_into_step(self, gradient, state, lr, momentum=None, look_ahead=None):
        """Make the next step of the gradient.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
            Overwritten by what is to be taken off the parameters.
        state : dict
            What :meth:`start` returned; changed in place.
        lr : ndarray of shape (M, 1)
        momentum, look_ahead : object
            Of no effect: Adam's momentum is ``beta_1``.
        """
        t = state["t"] = state["t"] + 1
        m, v = state["m"], state["v"]
        # Sums without the factors 1 - beta, which join the other constants.
        m_factor = (1 - self.beta_1) / (1 - self.beta_1**t)
        root_v_factor = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**t))
        m *= self.beta_1
        m += gradient
        v *= self.beta_2
        gradient *= gradient
        v += gradient
        if t % STEPS_TO_FLUSH == 0:
            _flush(m)
            _flush(v)
        np.sqrt(v, out=gradient)
        gradient += self.epsilon / root_v_factor
        np.divide(m, gradient, out=gradient)
        gradient *= lr * (m_factor / root_v_factor)


def _flush(array):
    """Set to 0 what has decayed to nothing: numbers below the normal range are slow."""
    limits = np.finfo(array.dtype)
    # A sum that the small ones do not survive, and the others hardly notice.
    shift = 1e6 * limits.tiny / limits.eps
    array += shift
    array -= shift
