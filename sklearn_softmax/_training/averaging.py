r"""Models that are the mean of their weights over all steps of training.

Let step t, counted from 1, change the weights by :math:`\Delta_t`. A change is part of the weights
after its own step and after all later ones, so that over T steps

.. math:: \bar w = \frac{1}{T} \sum_{t=1}^{T} w_t = w_T - \frac{u}{T},
          \qquad u = \sum_{t=1}^{T} (t - 1) \Delta_t

and a step without a change costs nothing. The weights that learn, the lag u and T are the state
of the optimiser; the parameters of a run are the means.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._training.optimizers import Optimizer


@dataclass(frozen=True)
class AveragedGradientDescent(Optimizer):
    r"""Gradient descent that keeps what the mean of the weights takes.

    .. math:: \theta \leftarrow \theta - \alpha g, \qquad u \leftarrow u - (t - 1) \alpha g

    References
    ----------
    B. Polyak and A. Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.averaging import AveragedGradientDescent
    >>> optimizer, vector, lr = AveragedGradientDescent(), np.array([[1.0]]), np.array([[0.5]])
    >>> state = optimizer.start(vector)
    >>> for _ in range(3):
    ...     optimizer.step(vector, np.array([[1.0]]), state, lr)
    >>> vector, vector - state["lag"] / state["n_steps"]  # after 0.5, 0 and -0.5
    (array([[-0.5]]), array([[0.]]))
    """

    def start(self, vector, momentum=None):
        """The weights that learn, no lag behind them yet, no steps."""
        return {"weights": vector.copy(), "lag": np.zeros_like(vector), "n_steps": 0}

    def state_of_models(self, state, models, momentum=None):
        """A copy of the state of some models."""
        arrays = {name: state[name][models] for name in ("weights", "lag")}
        return {**arrays, "n_steps": state["n_steps"]}

    def step(self, vector, gradient, state, lr, momentum=None, look_ahead=None):
        """Take one step.

        Parameters
        ----------
        vector : ndarray of shape (M, n_parameters)
            The weights that learn; changed in place.
        gradient : ndarray of shape (M, n_parameters)
            Overwritten.
        state : dict
            What :meth:`start` returned; changed in place.
        lr : ndarray of shape (M, 1)
        momentum, look_ahead : object
            Of no effect.
        """
        gradient *= lr
        vector -= gradient
        gradient *= state["n_steps"]
        state["lag"] -= gradient
        state["n_steps"] += 1


class AveragedPass:
    """A pass whose models are the means of the weights with which it learns.

    Parameters
    ----------
    one_pass : MiniBatchPass or OnlinePass
        With the state of :class:`AveragedGradientDescent`.
    """

    def __init__(self, one_pass):
        self.one_pass = one_pass

    def __call__(self, params, state, rows, hyperparameters):
        """Learn from the rows, and make the parameters the means, in place.

        Parameters
        ----------
        params : Parameters
        state, rows, hyperparameters : object
            As for the pass.

        Returns
        -------
        losses, is_correct : ndarray of shape (M, n_rows)
            Those of the weights that learn.
        """
        weights = params.on(state["weights"])
        figures = self.one_pass(weights, state, rows, hyperparameters)
        params.vector[...] = weights.vector - state["lag"] / state["n_steps"]
        return figures
