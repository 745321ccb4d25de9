"""The rows of a fit, read a block at a time without ever copying X."""

from copy import copy

import numpy as np
from scipy import sparse


class Rows:
    """Samples with class indices and weights, in some order.

    A mini-batch is worked through in blocks of at most ``BLOCK_SIZE`` rows. One buffer of that
    many rows serves all blocks that have to be gathered, so even a batch of all rows costs no
    copy of X.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n_samples, n_features)
        Never written, never copied whole.
    y : ndarray of shape (n_rows,), int
        Class index of each row.
    weight : ndarray of shape (n_rows,), float64, or None, default=None
        Sample weights; None for weights of 1.
    indices : ndarray of shape (n_rows,), int, or None, default=None
        Which rows of X, in which order; None for all of them as they stand.

    Attributes
    ----------
    total_weight : float
        Sum of the weights.
    order : ndarray of shape (n_rows,), int, or None
        The permutation that has made these rows of others.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.rows import Rows
    >>> rows = Rows(np.eye(3), np.array([0, 1, 2])).permuted(np.array([2, 0, 1]))
    >>> rows.read(slice(0, 2))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    >>> rows.y
    array([2, 0, 1])
    """

    BLOCK_SIZE = 1024

    def __init__(self, X, y, weight=None, indices=None):
        self.X = X
        self.y = y
        self.weight = weight
        self.indices = indices
        self.order = None
        self.total_weight = float(len(y) if weight is None else np.sum(weight))
        self._can_gather = not sparse.issparse(X) and X.flags.c_contiguous
        self._buffers = []  # one at most, which all permutations use

    def __len__(self):
        return len(self.y)

    def permuted(self, order):
        """The same rows in another order, with the same X and buffer.

        Parameters
        ----------
        order : ndarray of shape (n_rows,), int
            A permutation of the row indices.

        Returns
        -------
        rows : Rows
        """
        rows = copy(self)
        rows.order = order
        rows.y = self.y[order]
        rows.weight = None if self.weight is None else self.weight[order]
        rows.indices = order if self.indices is None else self.indices[order]
        return rows

    def blocks(self, start=0, stop=None):
        """Slices of at most ``BLOCK_SIZE`` rows, from start to stop.

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

    def columns(self, batch_size):
        """Column of each row in its block, and the width of the block, for batches in turn.

        Parameters
        ----------
        batch_size : int

        Returns
        -------
        column : ndarray of shape (n_rows,), int
            Index of the row in its block.
        width : ndarray of shape (n_rows,), int
            Number of rows of this block.
        """
        row = np.arange(len(self))
        column = row % batch_size
        width = np.minimum(row - column + batch_size, len(self))  # so far the end of the batch
        column %= self.BLOCK_SIZE
        width -= row - column
        return column, np.minimum(width, self.BLOCK_SIZE, out=width)

    def some(self, class_weight=None, most=BLOCK_SIZE):
        """Some of the rows that have a weight, evenly spaced.

        Parameters
        ----------
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            Weights of the classes, on top of those of the rows; of several models, the first
            one's count.
        most : int, default=1024
            Number of rows, if there are so many.

        Returns
        -------
        rows : Rows
        """
        weights = self.relative_weights(class_weight)
        weights = np.broadcast_to(weights[0] if weights.ndim == 2 else weights, len(self))
        chosen = np.flatnonzero(weights)
        n_chosen = min(len(chosen), most)
        chosen = chosen[np.linspace(0, len(chosen) - 1, n_chosen).astype(int)]
        weight = None if self.weight is None else self.weight[chosen]
        indices = chosen if self.indices is None else self.indices[chosen]
        return Rows(self.X, self.y[chosen], weight, indices)

    def read(self, block):
        """Features of one block of rows.

        Parameters
        ----------
        block : slice

        Returns
        -------
        X_block : {ndarray, CSR} of shape (block_size, n_features)
            A view of X, or of the buffer: valid until the next block is read into it.
        """
        if self.indices is None:
            return self.X[block]
        indices = self.indices[block]
        if not self._can_gather:
            return self.X[indices]
        if not self._buffers or len(self._buffers[0]) < len(indices):
            shape = len(indices), self.X.shape[1]
            self._buffers[:] = [np.empty(shape, self.X.dtype)]
        gathered = self._buffers[0][: len(indices)]
        # Unlike X[indices], this reuses memory; mode="clip" spares it a second buffer.
        return self.X.take(indices, axis=0, out=gathered, mode="clip")

    def fingerprint(self):
        """A few sums that tell other rows, or another order, from these.

        Returns
        -------
        fingerprint : tuple of float
            Equal for the same rows; where a BLAS with another number of threads has read them, it
            may be another.
        """
        rng = np.random.RandomState(0)
        n_samples, n_features = self.X.shape
        of_features = rng.uniform(1, 2, n_features).astype(self.X.dtype)
        of_samples, of_rows = rng.uniform(1, 2, n_samples), rng.uniform(1, 2, len(self))
        with np.errstate(over="ignore", invalid="ignore"):
            of_X = (self.X @ of_features) @ of_samples
        weight = np.ones(len(self)) if self.weight is None else self.weight
        return len(self), *map(float, (of_X, self.y @ of_rows, weight @ of_rows))

    def total_weights(self, class_weight=None):
        """Sum of the weights, or one a model.

        Parameters
        ----------
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            Weights of the classes for each model, on top of those of the rows.

        Returns
        -------
        total_weights : float or ndarray of shape (M,)
        """
        if class_weight is None:
            return self.total_weight
        return class_weight @ np.bincount(self.y, self.weight, class_weight.shape[-1])

    def relative_weights(self, class_weight=None):
        """Weights of mean 1.

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
        """Factor of each row's loss in the weighted mean over a batch.

        Parameters
        ----------
        batch_size : int
            Rows of a full batch, which is taken to have its proportion of the total weight.
        class_weight : ndarray of shape (M, n_classes) or None, default=None
            As for :meth:`total_weights`.

        Returns
        -------
        loss_weights : ndarray of shape (n_rows,), (M, 1, n_rows) or, for equal weights, ()
        """
        weights = np.asarray(self.relative_weights(class_weight) / batch_size, self.X.dtype)
        return weights if class_weight is None else weights[:, np.newaxis]
