"""Activations of hidden layers, each with its derivative in terms of its output.

Every activation offers ``activation(Z, out=None)``; ``backward(dA, A)``, the step of
back-propagation through it; and ``weight_scale(n_in, n_out)``, the standard deviation of
initial weights with which signals keep their size.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit


@dataclass(frozen=True)
class Relu:
    r"""Rectified linear unit, :math:`g(z) = \max(0, z)`, :math:`g' = [a > 0]`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.activations import Relu
    >>> Relu()(np.array([-1.0, 2.0]))
    array([0., 2.])
    """

    def __call__(self, Z, out=None):
        """Output for the weighted inputs Z."""
        return Z.clip(0, np.inf, out)  # several times as fast as np.maximum(Z, 0)

    def backward(self, dA, A):
        """Turn the gradient of the output A into that of Z, in place; 0 at the kink."""
        dA *= A > 0

    def weight_scale(self, n_in, n_out):
        """He's, for units of which half are silent."""
        return np.sqrt(2 / n_in)


def glorot(n_in, n_out):
    """Glorot's standard deviation, a compromise between the forward and the backward pass."""
    return np.sqrt(2 / (n_in + n_out))


class _Squashing:
    """What activations between two bounds have in common."""

    def weight_scale(self, n_in, n_out):
        """Glorot's."""
        return glorot(n_in, n_out)


@dataclass(frozen=True)
class Sigmoid(_Squashing):
    r"""Logistic function, :math:`g(z) = 1 / (1 + e^{-z})`, :math:`g' = a (1 - a)`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.activations import Sigmoid
    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    def __call__(self, Z, out=None):
        """Output for the weighted inputs Z."""
        return expit(Z, out=out)

    def backward(self, dA, A):
        """Turn the gradient of the output A into that of Z, in place; A is used up."""
        dA *= A
        np.subtract(1, A, out=A)
        dA *= A


@dataclass(frozen=True)
class Tanh(_Squashing):
    r"""Hyperbolic tangent, :math:`g(z) = \tanh z`, :math:`g' = 1 - a^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.activations import Tanh
    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    def __call__(self, Z, out=None):
        """Output for the weighted inputs Z."""
        return np.tanh(Z, out=out)

    def backward(self, dA, A):
        """Turn the gradient of the output A into that of Z, in place; A is used up."""
        A *= A
        np.subtract(1, A, out=A)
        dA *= A


ACTIVATIONS = {"relu": Relu(), "sigmoid": Sigmoid(), "tanh": Tanh()}
