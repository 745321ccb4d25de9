"""Rows of a fit, read block by block without a copy of X."""

from copy import copy

import numpy as np
from scipy import sparse


class Rows:
    """Samples with class indices and weights, in some order.

    A mini-batch is read in blocks of at most ``BLOCK_SIZE`` rows. Blocks of shuffled rows are
    gathered in one buffer of that many rows, so even a batch of all rows needs no copy of X.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n_samples, n_features)
        Neither changed nor copied as a whole.
    y : ndarray of shape (n_rows,), int
        Class index of each row.
    weight : ndarray of shape (n_rows,), float64, or None, default=None
        Sample weights; None for weights of 1.
    indices : ndarray of shape (n_rows,), int, or None, default=None
        Indices into X; None for all of its rows in order.

    Attributes
    ----------
    total_weight : float
        Sum of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.rows import Rows
    >>> rows = Rows(np.eye(3), np.array([0, 1, 2])).permute(np.array([2, 0, 1]))
    >>> rows.read(slice(0, 2))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    >>> rows.y
    array([2, 0, 1])
    """

    BLOCK_SIZE = 1024

    def __init__(self, X, y, weight=None, indices=None):
        self.X, self.y, self.weight, self.indices = X, y, weight, indices
        self.total_weight = float(len(y) if weight is None else np.sum(weight))
        self._can_gather = not sparse.issparse(X) and X.flags.c_contiguous
        self._buffers = []  # at most one, shared by all permutations

    def __len__(self):
        return len(self.y)

    def permute(self, order):
        """Return the same rows in another order, with the same X and buffer.

        Parameters
        ----------
        order : ndarray of shape (n_rows,), int
            A permutation of the row indices.

        Returns
        -------
        rows : Rows
        """
        rows = copy(self)
        rows.y = self.y[order]
        rows.weight = None if self.weight is None else self.weight[order]
        rows.indices = order if self.indices is None else self.indices[order]
        return rows

    def blocks(self, start=0, stop=None):
        """Yield slices of at most ``BLOCK_SIZE`` rows, from start to stop.

        Parameters
        ----------
        start : int, default=0
        stop : int or None, default=None
            None for the end of the rows.

        Yields
        ------
        block : slice
        """
        stop = len(self) if stop is None else stop
        for first in range(start, stop, self.BLOCK_SIZE):
            yield slice(first, min(first + self.BLOCK_SIZE, stop))

    def sample(self, class_weight=None, max_rows=BLOCK_SIZE):
        """Return an evenly spaced sample of the rows whose weight is not 0.

        Parameters
        ----------
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            Class weights, multiplied by those of the rows; those of the first model are used.
        max_rows : int, default=1024

        Returns
        -------
        rows : Rows
        """
        weights = self.relative_weights(class_weight)
        weights = np.broadcast_to(weights[0] if weights.ndim == 2 else weights, len(self))
        sample = np.flatnonzero(weights)
        n_rows = min(len(sample), max_rows)
        sample = sample[np.linspace(0, len(sample) - 1, n_rows).astype(int)]
        weight = None if self.weight is None else self.weight[sample]
        indices = sample if self.indices is None else self.indices[sample]
        return Rows(self.X, self.y[sample], weight, indices)

    def read(self, block):
        """Return the features of one block of rows.

        Parameters
        ----------
        block : slice

        Returns
        -------
        X_block : {ndarray, CSR} of shape (block_size, n_features)
            A view of X or of the buffer, valid until the next block is read.
        """
        if self.indices is None:
            return self.X[block]
        indices = self.indices[block]
        if not self._can_gather:
            return self.X[indices]
        if not self._buffers or len(self._buffers[0]) < len(indices):
            shape = len(indices), self.X.shape[1]
            self._buffers[:] = [np.empty(shape, self.X.dtype)]
        X_block = self._buffers[0][: len(indices)]
        # Unlike X[indices], this reuses memory; mode="clip" avoids a second buffer.
        return self.X.take(indices, axis=0, out=X_block, mode="clip")

    def total_weights(self, class_weight=None):
        """Return the sum of the weights, or one sum per model.

        Parameters
        ----------
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            Class weights of each model, multiplied by those of the rows.

        Returns
        -------
        total_weights : float or ndarray of shape (M,)
        """
        if class_weight is None:
            return self.total_weight
        return class_weight @ np.bincount(self.y, self.weight, class_weight.shape[-1])

    def relative_weights(self, class_weight=None):
        """Return weights of mean 1.

        Parameters
        ----------
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            As for :meth:`total_weights`.

        Returns
        -------
        relative_weights : ndarray of shape (n_rows,), (M, n_rows) or, for equal weights, ()
        """
        weight = np.array(1.0) if self.weight is None else self.weight
        mean_weight = self.total_weights(class_weight) / len(self)
        if class_weight is None:
            return np.asarray(weight / mean_weight)
        return weight * (class_weight / mean_weight[:, np.newaxis])[:, self.y]

    def loss_weights(self, batch_size, class_weight=None):
        """Return the factor of each row's loss in the weighted mean over a batch.

        Parameters
        ----------
        batch_size : int
            Rows of a full batch; the weight of a smaller one is in proportion.
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            As for :meth:`total_weights`.

        Returns
        -------
        loss_weights : ndarray of shape (n_rows,), (M, 1, n_rows) or, for equal weights, ()
        """
        weights = np.asarray(self.relative_weights(class_weight) / batch_size, self.X.dtype)
        return weights if class_weight is None else weights[:, np.newaxis]
