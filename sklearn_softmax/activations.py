"""Activations of hidden layers, each with its derivative in terms of its output.

Every activation offers ``activation(Z)`` and ``derivative(A)``, A being its own
output: what the backward pass has at hand; and ``weight_scale(n_in, n_out)``, the
standard deviation of initial weights with which signals keep their size.
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
    >>> from sklearn_softmax.activations import Relu
    >>> Relu()(np.array([-1.0, 2.0])), Relu().derivative(np.array([0.0, 2.0]))
    (array([0., 2.]), array([False,  True]))
    """

    def __call__(self, Z):
        """Output for the weighted inputs Z."""
        return Z.clip(0, np.inf)  # several times as fast as np.maximum(Z, 0)

    def derivative(self, A):
        """Derivative where the output is A; 0 at the kink."""
        return A > 0

    def weight_scale(self, n_in, n_out):
        """He's, for units of which half are silent."""
        return np.sqrt(2 / n_in)


class _Squashing:
    def weight_scale(self, n_in, n_out):
        """Glorot's, a compromise between the way forward and the way back."""
        return np.sqrt(2 / (n_in + n_out))


@dataclass(frozen=True)
class Sigmoid(_Squashing):
    r"""Logistic function, :math:`g(z) = 1 / (1 + e^{-z})`, :math:`g' = a (1 - a)`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.activations import Sigmoid
    >>> Sigmoid()(np.array([0.0])), Sigmoid().derivative(np.array([0.5]))
    (array([0.5]), array([0.25]))
    """

    def __call__(self, Z):
        """Output for the weighted inputs Z."""
        return expit(Z)

    def derivative(self, A):
        """Derivative where the output is A."""
        return A * (1 - A)


@dataclass(frozen=True)
class Tanh(_Squashing):
    r"""Hyperbolic tangent, :math:`g(z) = \tanh z`, :math:`g' = 1 - a^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.activations import Tanh
    >>> Tanh()(np.array([0.0])), Tanh().derivative(np.array([0.5]))
    (array([0.]), array([0.75]))
    """

    def __call__(self, Z):
        """Output for the weighted inputs Z."""
        return np.tanh(Z)

    def derivative(self, A):
        """Derivative where the output is A."""
        return 1 - A * A


ACTIVATIONS = {"relu": Relu(), "sigmoid": Sigmoid(), "tanh": Tanh()}
