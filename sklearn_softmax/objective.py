"""What training minimises: the weighted mean loss of a network plus an L2 term."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sklearn_softmax.dropout import Dropout
from sklearn_softmax.network import DenseNetwork


@dataclass(frozen=True)
class Objective:
    r"""Weighted mean loss of a network, plus a penalty on its weights.

    .. math:: J(W, b) = \frac{\sum_i w_i \mathcal{L}_i
              + \frac{\lambda}{2} \sum_l \|W^{[l]}\|^2}{\sum_i w_i}

    Parameters
    ----------
    network : DenseNetwork
    loss : object
        See :mod:`sklearn_softmax.losses`.
    l2 : float or ndarray of shape (M, 1, 1), default=0.0
        :math:`\lambda / \sum_i w_i`, one for each model of a stack.
    dropout : Dropout or None, default=None
        Draws the masks of hidden layers in training; all models of a stack share them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax.network import DenseNetwork
    >>> from sklearn_softmax.objective import Objective
    >>> from sklearn_softmax.rows import Rows
    >>> network = DenseNetwork((2, 3))
    >>> objective = Objective(network, SoftmaxCrossEntropy())
    >>> rows = Rows(np.eye(2), np.array([0, 2]))
    >>> loss, accuracy = objective.evaluate(network.zeros(float), rows)
    >>> round(float(loss), 6), float(accuracy)
    (1.098612, 0.5)
    """

    network: DenseNetwork
    loss: object
    l2: float | np.ndarray = 0.0
    dropout: Dropout | None = None

    def gradient(self, params, X, y, weight):
        """Losses of some rows, and the gradient of their weighted sum.

        Parameters
        ----------
        params : list of ndarray
        X : {ndarray, CSR} of shape (m, n_features)
        y : ndarray of shape (m,), int
        weight : float or ndarray of shape (m,)
            Factor of each row's loss in the sum.

        Returns
        -------
        losses : ndarray of shape (..., m)
            Not weighted.
        correct : ndarray of shape (..., m), bool
            Whether the scores put each row on its side.
        gradient : list of ndarray
            Of the data term alone: the penalty's part is added once a batch.
        """
        masks = self._masks(len(y), params[0].dtype)
        outputs = self.network.forward(params, X, masks)
        losses, correct, dZ = self._score_gradient(outputs[-1], y, weight)
        return losses, correct, self.network.backward(params, X, outputs, dZ, masks)

    def gradient_to_first(self, params, Z, y, weight):
        """Losses of some rows, and the gradient down to the inputs of the first layer.

        Parameters
        ----------
        params : list of ndarray
        Z : ndarray of shape (..., n_units, m)
            Weighted inputs of the first layer.
        y, weight
            As for :meth:`gradient`.

        Returns
        -------
        losses : ndarray of shape (..., m)
        correct : ndarray of shape (..., m), bool
        gradient : list of ndarray
            Of the later layers.
        dZ : ndarray of shape (..., n_units, m)
        """
        masks = self._masks(len(y), params[0].dtype)
        outputs = self.network.forward_from_first(params, Z, masks)
        losses, correct, dZ = self._score_gradient(outputs[-1], y, weight)
        return losses, correct, *self.network.backward_to_first(params, outputs, dZ, masks)

    def _score_gradient(self, scores, y, weight):
        losses, dZ = self.loss(scores, y)
        dZ *= weight
        return losses, self.loss.is_correct(scores, y), dZ

    def _masks(self, n_samples, dtype):
        if self.dropout is None:
            return None
        return [self.dropout((n, n_samples), dtype) for n in self.network.layer_sizes[1:-1]]

    @cached_property
    def is_penalised(self):
        """Whether any model has a penalty."""
        return bool(np.any(self.l2))

    def add_penalty_gradient(self, weights, gradient, fraction=1.0):
        """Add the gradient of the penalty, in place.

        Parameters
        ----------
        weights : list of ndarray
            Weight matrices, or rows of them.
        gradient : list of ndarray
            Theirs, and possibly more.
        fraction : float, default=1.0
            Part of the penalty that counts: below 1 for a batch with fewer rows.
        """
        for W, dW in zip(weights, gradient):
            dW += np.asarray(self.l2 * fraction, W.dtype) * W

    def penalty(self, params):
        """Value of the penalty of each model.

        Parameters
        ----------
        params : list of ndarray

        Returns
        -------
        penalty : float or ndarray of shape (M,)
        """
        l2 = self.l2 if np.isscalar(self.l2) else self.l2[..., 0, 0]
        return l2 / 2 * self.network.squared_norm(params)

    def evaluate(self, params, rows):
        """Weighted mean loss and accuracy over rows, without the penalty.

        Parameters
        ----------
        params : list of ndarray
        rows : Rows

        Returns
        -------
        loss, accuracy : float or ndarray of shape (M,)
        """
        loss = accuracy = 0.0
        for block in rows.blocks(0, len(rows)):
            scores = self.network.forward(params, rows.read(block))[-1]
            y = rows.y[block]
            weight = 1.0 if rows.weight is None else rows.weight[block]
            losses, _ = self.loss(scores, y)
            loss += np.sum(losses * weight, axis=-1, dtype=np.float64)
            accuracy += np.sum((self.loss.predict(scores) == y) * weight, axis=-1, dtype=np.float64)
        return loss / rows.total_weight, accuracy / rows.total_weight
