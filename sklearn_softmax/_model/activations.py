"""Activations of hidden layers, each with its derivative in terms of its output.

Every activation provides ``activation(Z, out=None)``; ``backward(dA, A)``, its step of
back-propagation; and ``weight_scale(n_in, n_out)``, the standard deviation of initial weights
that preserves the variance of the signals.
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
        """Return the output for the weighted inputs Z."""
        return Z.clip(0, np.inf, out)  # several times as fast as np.maximum(Z, 0)

    def backward(self, dA, A):
        """Convert the gradient of the output A to that of Z, in place; 0 at the kink."""
        dA *= A > 0

    def weight_scale(self, n_in, n_out):
        """Return He's standard deviation, for layers with half of the units inactive."""
        return np.sqrt(2 / n_in)


def glorot_scale(n_in, n_out):
    """Return Glorot's standard deviation, a compromise between forward and backward pass."""
    return np.sqrt(2 / (n_in + n_out))


@dataclass(frozen=True)
class Sigmoid:
    r"""Logistic function, :math:`g(z) = 1 / (1 + e^{-z})`, :math:`g' = a (1 - a)`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.activations import Sigmoid
    >>> Sigmoid()(np.array([0.0]))
    array([0.5])
    """

    weight_scale = staticmethod(glorot_scale)

    def __call__(self, Z, out=None):
        """Return the output for the weighted inputs Z."""
        return expit(Z, out=out)

    def backward(self, dA, A):
        """Convert the gradient of the output A to that of Z, in place; overwrite A."""
        dA *= A
        np.subtract(1, A, out=A)
        dA *= A


@dataclass(frozen=True)
class Tanh:
    r"""Hyperbolic tangent, :math:`g(z) = \tanh z`, :math:`g' = 1 - a^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.activations import Tanh
    >>> Tanh()(np.array([0.0]))
    array([0.])
    """

    weight_scale = staticmethod(glorot_scale)

    def __call__(self, Z, out=None):
        """Return the output for the weighted inputs Z."""
        return np.tanh(Z, out=out)

    def backward(self, dA, A):
        """Convert the gradient of the output A to that of Z, in place; overwrite A."""
        A *= A
        np.subtract(1, A, out=A)
        dA *= A


ACTIVATIONS = {"relu": Relu(), "sigmoid": Sigmoid(), "tanh": Tanh()}
