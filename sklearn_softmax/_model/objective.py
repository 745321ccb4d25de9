"""What training minimises: the weighted mean loss of a network plus an L2 term."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.network import DenseNetwork


@dataclass(frozen=True)
class Objective:
    r"""Weighted mean loss of a network, plus a penalty on its weights.

    .. math:: J(W, b) = \frac{\sum_i w_i \mathcal{L}_i
              + \frac{\lambda}{2} \sum_l \|W^{[l]}\|^2}{\sum_i w_i}

    Parameters
    ----------
    network : DenseNetwork
    loss : object
        See :mod:`sklearn_softmax._model.losses`.
    dropout : Dropout or None, default=None
        Draws the masks of hidden layers in training.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax._model.network import DenseNetwork
    >>> from sklearn_softmax._model.objective import Objective
    >>> network = DenseNetwork((2, 3))
    >>> params = network.parameters(float)
    >>> params.weights[0][...] = 1
    >>> Objective(network, SoftmaxCrossEntropy()).penalty(params, l2=np.array([0.5]))
    array([1.5])
    """

    network: DenseNetwork
    loss: object
    dropout: Dropout | None = None

    def gradient(
        self, params, X, targets, weights, room, record, gradient, rate=None, taken_off=None
    ):
        """Gradient of the weighted losses of a block of samples, without the penalty.

        Parameters
        ----------
        params : Parameters
        X : {ndarray, CSR} of shape (m, n_features)
        targets : ndarray of shape (m,) or (M, m), int
            Of the loss.
        weights : ndarray of shape (), (m,) or (M, 1, m)
            Factor of each sample's loss.
        room : Room
            For m samples; used up.
        record : ndarray of shape (2, M, m)
            Of the loss; written.
        gradient : Parameters
            Written.
        rate : float, ndarray of shape (M, 1, 1) or None, default=None
            Of dropout; None where no unit is dropped.
        taken_off : ndarray of shape (M, n_outputs, m) or None, default=None
            What is taken off the weighted gradient of the losses by the scores, if anything.
        """
        masks = None
        if rate is not None:
            of_block = self.network.layer_sizes, X.shape[0], params.vector.dtype
            masks = self.dropout.masks(rate, *of_block)
        scores = self.network.forward(params, X, room, masks)
        self.loss.backward(scores, targets, record)
        scores *= weights
        if taken_off is not None:
            scores -= taken_off
        self.network.backward(params, X, room, gradient, masks)

    def add_penalty_gradient(self, params, l2, gradient):
        r"""Add the gradient of the penalty, in place.

        Parameters
        ----------
        params : Parameters
        l2 : ndarray of shape (M, 1, 1)
            :math:`\lambda / \sum_i w_i` of each model.
        gradient : Parameters
        """
        for W, dW in zip(params.weights, gradient.weights):
            dW += l2 * W

    def penalty(self, params, l2):
        """Value of the penalty of each model.

        Parameters
        ----------
        params : Parameters
        l2 : ndarray of shape (M,)

        Returns
        -------
        penalty : ndarray of shape (M,)
        """
        return self.penalty_of(self.squared_norm(params), l2)

    def penalty_of(self, squared_norm, l2):
        """Value of the penalty of each model, from the squared norm of its weights."""
        penalty = np.zeros(squared_norm.shape, squared_norm.dtype)
        return np.multiply(l2 / 2, squared_norm, out=penalty, where=l2 > 0)

    def squared_norm(self, params):
        r"""Sum of the squared weights, :math:`\sum_l \|W^{[l]}\|^2`, of each model.

        Parameters
        ----------
        params : Parameters

        Returns
        -------
        squared_norm : ndarray of shape (M,)
        """
        dtype = np.result_type(params.vector, np.float64)
        return sum(np.add.reduce(W * W, axis=(-2, -1), dtype=dtype) for W in params.weights)

    def norm(self, params, squared_norm):
        """Norm of the weights of each model, also where their squares leave the range.

        Parameters
        ----------
        params : Parameters
        squared_norm : ndarray of shape (M,)
            What :meth:`squared_norm` gave.

        Returns
        -------
        norm : ndarray of shape (M,)
        """
        norm = np.sqrt(squared_norm)
        for model in np.flatnonzero(~np.isfinite(norm)):
            of_layers = [_norm(W[model].ravel()) for W in params.weights]
            norm[model] = _norm(of_layers)
        return norm


def _norm(vector):
    """Norm by BLAS, which squares no large numbers."""
    return linalg.norm(np.asarray(vector, np.float64), check_finite=False)
