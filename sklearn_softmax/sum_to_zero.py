"""Softmax regressions without their last class, which follows from the others."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.products import weights_times_rows


@dataclass(frozen=True)
class SumToZeroNetwork(DenseNetwork):
    r"""A linear network whose raw scores, and so its parameters, sum to zero over the classes.

    The gradient :math:`A - Y` of a softmax sums to zero, so that gradient descent from zero
    weights never leaves

    .. math:: \sum_{k=1}^K W_k = 0, \qquad \sum_{k=1}^K b_k = 0,

    with momentum and a penalty too. Its parameters are those of the first K - 1 classes, its
    scores those of all K: what the matrix products of the last one would cost is spared.

    Parameters
    ----------
    layer_sizes : tuple of two int
        Number of features, of classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.sum_to_zero import SumToZeroNetwork
    >>> network = SumToZeroNetwork((1, 3))
    >>> params = [np.array([[2.0], [-1.0]]), np.array([[0.0], [0.5]])]
    >>> network.scores(params, np.ones((1, 1)))
    array([[ 2. ],
           [-0.5],
           [-1.5]])
    """

    def shapes(self):
        """Shapes of the parameters of one model: a class less than it has scores."""
        return [(n_out - 1, n) for n_out, n in super().shapes()]

    def completed(self, arrays):
        """Parameters of all classes, or what else sums to zero as they do.

        Parameters
        ----------
        arrays : list of ndarray of shape (..., n_classes - 1, n)

        Returns
        -------
        completed : list of ndarray of shape (..., n_classes, n)
        """
        return [_with_last(a, 0) for a in arrays]

    def forward(self, params, X, masks=None):
        """The raw scores of all classes, as the only entry of a list."""
        W, *b = params
        return [_with_last(weights_times_rows(W, X), b[0] if b else 0)]

    def backward(self, params, X, outputs, dZ, masks=None):
        """Gradient of the parameters as a network of all classes has it."""
        return super().backward(params, X, outputs, dZ[..., :-1, :])

    def squared_norm(self, params):
        """Sum of the squared weights of all classes, for each model."""
        last = np.add.reduce(params[0], axis=-2, keepdims=True)
        return super().squared_norm(params) + super().squared_norm([last])


def _with_last(arrays, b):
    """Arrays plus b, and minus their sum over axis -2 as one more entry of it."""
    *stack, n, m = arrays.shape
    completed = np.empty((*stack, n + 1, m), arrays.dtype)
    first = np.add(arrays, b, out=completed[..., :-1, :])
    np.subtract.reduce(first, axis=-2, initial=0, out=completed[..., -1, :])
    return completed
