"""The training objective: the weighted mean loss of a network plus an L2 penalty."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.network import DenseNetwork, Workspaces


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
        Source of the masks of hidden layers in training.

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

    def value_and_gradient(self, params, rows, l2, class_weight=None, dropout_rate=None):
        """Return the objective over all rows and its gradient, computed block by block.

        Parameters
        ----------
        params : Parameters
        rows : Rows
        l2 : ndarray of shape (M,)
            :math:`\\lambda / \\sum_i w_i` of each model.
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            Class weights of each model, multiplied by those of the rows.
        dropout_rate : float, ndarray of shape (M, 1, 1) or None, default=None
            None for no dropout.

        Returns
        -------
        value : ndarray of shape (M,), at least float64
        gradient : Parameters
        """
        weights = rows.loss_weights(len(rows), class_weight)
        workspaces = Workspaces(params, rows.X.dtype)
        gradient = params.replace_vector(np.zeros_like(workspaces.gradient.vector))
        value = self.penalty(params, l2)
        for block in rows.blocks():
            X, weight = rows.read(block), weights[..., block] if weights.ndim else weights
            stats = np.empty((2, len(params.vector), X.shape[0]), workspaces.dtype)
            self.loss_gradient(
                params,
                X,
                y=rows.y[block],
                weights=weight,
                workspace=workspaces[X.shape[0]],
                stats=stats,
                gradient=workspaces.gradient,
                dropout_rate=dropout_rate,
            )
            gradient.vector += workspaces.gradient.vector
            losses = self.loss.losses(stats)[:, np.newaxis] * weight
            value = value + np.sum(losses, axis=(1, 2), dtype=value.dtype)
        self.add_penalty_gradient(params, l2[:, np.newaxis, np.newaxis], gradient)
        return value, gradient

    def loss_gradient(
        self, params, X, *, y, weights, workspace, stats, gradient, dropout_rate=None
    ):
        """Compute the gradient of the weighted losses of a block of samples, without the penalty.

        Parameters
        ----------
        params : Parameters
        X : {ndarray, CSR} of shape (m, n_features)
        y : ndarray of shape (m,), int
            Class index of each sample.
        weights : ndarray of shape (), (m,) or (M, 1, m)
            Weight of each sample's loss.
        workspace : Workspace
            For m samples; overwritten.
        stats : ndarray of shape (2, M, m)
            See the losses; overwritten.
        gradient : Parameters
            Overwritten.
        dropout_rate : float, ndarray of shape (M, 1, 1) or None, default=None
            None for no dropout.
        """
        masks = None
        if dropout_rate is not None:
            sizes = self.network.layer_sizes
            masks = self.dropout.masks(dropout_rate, sizes, X.shape[0], params.vector.dtype)
        scores = self.network.forward(params, X, workspace, masks)
        self.loss.backward(scores, y, stats)
        scores *= weights
        self.network.backward(params, X, workspace, gradient, masks)

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

    def penalty(self, params, l2, squared_norm=None):
        """Return the penalty of each model.

        Parameters
        ----------
        params : Parameters
        l2 : ndarray of shape (M,)
        squared_norm : ndarray of shape (M,) or None, default=None
            As returned by :meth:`squared_norm`; None to compute it.

        Returns
        -------
        penalty : ndarray of shape (M,)
        """
        squared_norm = self.squared_norm(params) if squared_norm is None else squared_norm
        penalty = np.zeros(squared_norm.shape, squared_norm.dtype)
        return np.multiply(l2 / 2, squared_norm, out=penalty, where=l2 > 0)

    def squared_norm(self, params):
        r"""Return the sum of the squared weights, :math:`\sum_l \|W^{[l]}\|^2`, of each model.

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
        """Return the norm of the weights of each model, even if their squares overflow.

        Parameters
        ----------
        params : Parameters
        squared_norm : ndarray of shape (M,)
            As returned by :meth:`squared_norm`.

        Returns
        -------
        norm : ndarray of shape (M,)
        """
        norm = np.sqrt(squared_norm)
        for model in np.flatnonzero(~np.isfinite(norm)):
            norm[model] = _norm([_norm(W[model].ravel()) for W in params.weights])
        return norm


def _norm(vector):
    """Return the norm of a vector by BLAS, which avoids overflow."""
    return linalg.norm(np.asarray(vector, np.float64), check_finite=False)
