"""The rows of a fit, read a block at a time without ever copying X."""

from copy import copy

import numpy as np
from scipy import sparse

# Of a product, that the BLAS takes at once.
N_COLUMNS = 8


class Rows:
    """Samples with class indices and weights, in an order of their own.

    A mini-batch is worked through in blocks of at most ``BLOCK_SIZE`` rows. A few buffers
    of that many rows serve all blocks that have to be gathered, so even a batch of all rows
    costs no copy of X.

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
    buffers : dict of int to ndarray of shape (block_size, n_features), or None
        Room for gathered rows, made where it is needed; None where X has to be indexed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.rows import Rows
    >>> rows = Rows(np.eye(3), np.array([0, 1, 2])).permuted(np.array([2, 0, 1]))
    >>> rows.read(slice(0, 2))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    >>> rows.y
    array([2, 0, 1])
    """

    BLOCK_SIZE = 512

    def __init__(self, X, y, weight=None, indices=None):
        self.X = X
        self.y = y
        self.weight = weight
        self.indices = indices
        self.total_weight = float(len(y) if weight is None else np.sum(weight))
        is_gathered = not sparse.issparse(X) and X.flags.c_contiguous
        self.buffers = {} if is_gathered else None

    def __len__(self):
        return len(self.y)

    def permuted(self, order):
        """The same rows in another order, sharing X and the buffers.

        Parameters
        ----------
        order : ndarray of shape (n_rows,), int
            A permutation of the row numbers.

        Returns
        -------
        rows : Rows
        """
        rows = copy(self)
        rows.y = self.y[order]
        rows.weight = None if self.weight is None else self.weight[order]
        rows.indices = order if self.indices is None else self.indices[order]
        return rows

    def blocks(self, start, stop, n_blocks=1):
        """Slices that cut the rows from start to stop into blocks.

        Parameters
        ----------
        start, stop : int
        n_blocks : int, default=1
            At least so many, as long as there are rows.

        Returns
        -------
        blocks : list of slice
            Of about the same size, in columns that the BLAS takes at once.
        """
        n = stop - start
        if n <= self.BLOCK_SIZE and n_blocks == 1:
            return [slice(start, stop)]
        n_blocks = max(n_blocks, -(-n // self.BLOCK_SIZE))
        size = min(self.BLOCK_SIZE, -(-n // (n_blocks * N_COLUMNS)) * N_COLUMNS)
        return [slice(first, min(first + size, stop)) for first in range(start, stop, size)]

    def read(self, block, buffer_number=0):
        """Features of one block of rows.

        Parameters
        ----------
        block : slice
        buffer_number : int, default=0
            Which buffer to use.

        Returns
        -------
        X_block : {ndarray, CSR} of shape (block_size, n_features)
            A view of X, or of the buffer: valid until the next block is read into it.
        """
        if self.indices is None:
            return self.X[block]
        picked = self.indices[block]
        if self.buffers is None:
            return self.X[picked]
        buffer = self.buffers.get(buffer_number)
        if buffer is None or len(buffer) < len(picked):
            buffer = np.empty((len(picked), self.X.shape[1]), self.X.dtype)
            self.buffers[buffer_number] = buffer
        gathered = buffer[: len(picked)]
        # Unlike X[picked], this reuses memory; mode="clip" spares it a second buffer.
        return self.X.take(picked, axis=0, out=gathered, mode="clip")

    def shares(self, batch_size):
        """Weight of each row in the weighted mean over a batch.

        Parameters
        ----------
        batch_size : int
            Rows of a full batch, which is taken to have its part of the total weight.

        Returns
        -------
        shares : ndarray of shape (n_rows,) or, for equal weights, ()
            An array even for equal weights: NumPy multiplies faster by one than by a
            Python number.
        """
        weight = np.ones(()) if self.weight is None else self.weight
        mean_weight = self.total_weight / len(self)
        return np.asarray(weight / mean_weight / batch_size, self.X.dtype)
