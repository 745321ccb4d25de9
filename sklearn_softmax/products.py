"""Matrix products with, as far as the BLAS allows, the same bits for any number of threads.

A BLAS shares a product out among its threads, and rounds differently where that
moves the places at which it cuts: the same seed would give another model in a
worker process than in the main one. OpenBLAS cuts in the same places if a sum has
up to 256 terms or a multiple of 256, and if the columns are a multiple of 8; what is
left over is computed separately. Products with a vector it cuts by threads in any
case, so there the vector is doubled into a matrix. Small products run on one thread.

Whether that is enough depends on the OpenBLAS and on the processor: with 0.3.31, that of NumPy
2.4's wheels, it was seen to hold on one, but its kernels for Haswell (processors with AVX2 and
without AVX-512) still differ in the last bits, as do those of 0.3.27, that of NumPy 2.0. The
same number of threads gives the same bits everywhere.

Products that are faster in parts, each on one thread, are computed so: :mod:`small_kernels`.
"""

import math

import numpy as np

from sklearn_softmax.small_kernels import N_COLUMNS, in_parts, part_of, suits

SUM_LENGTH = 256
N_ROWS = 4
# Multiplications up to which OpenBLAS takes one thread.
SMALL_MATRICES, SMALL_VECTOR = 2**18, 2**13


def matmul(A, B):
    """Product ``A @ B``, cut so that its bits should not depend on the number of threads.

    Parameters
    ----------
    A : ndarray of shape (..., n, s)
    B : ndarray of shape (..., s, m)

    Returns
    -------
    product : ndarray of shape (..., n, m)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.products import matmul
    >>> matmul(np.ones((1, 1000)), np.ones((1000, 2)))
    array([[1000., 1000.]])
    """
    n, length, m = A.shape[-2], A.shape[-1], B.shape[-1]
    has_vector = n == 1 or m == 1
    is_small = n * length * m <= (SMALL_VECTOR if has_vector else SMALL_MATRICES)
    if is_small or suits(n, length, m):
        return A @ B
    if n == 1:
        return matmul(np.repeat(A, 2, axis=-2), B)[..., :1, :]
    if m == 1:
        return matmul(A, np.repeat(B, 2, axis=-1))[..., :1]
    rest = m % N_COLUMNS
    if not rest or m < N_COLUMNS:
        return _cut_sum(A, B)
    return np.concatenate([_cut_sum(A, B[..., :-rest]), matmul(A, B[..., -rest:])], axis=-1)


def _cut_sum(A, B):
    """Product whose sums are a multiple of 256 terms, plus that of the terms left over."""
    length = A.shape[-1]
    rest = length % SUM_LENGTH
    if length < SUM_LENGTH or not rest:
        return A @ B
    product = A[..., :-rest] @ B[..., :-rest, :]
    product += A[..., -rest:] @ B[..., -rest:, :]
    return product


def weights_times_rows(W, X):
    r"""Scores :math:`W X^\top` of rows, for one weight matrix or a stack of them.

    Parameters
    ----------
    W : ndarray of shape (..., n_out, n_features)
    X : {ndarray, CSR} of shape (m, n_features)

    Returns
    -------
    scores : ndarray of shape (..., n_out, m)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.products import weights_times_rows
    >>> weights_times_rows(np.eye(2), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """
    if isinstance(X, np.ndarray):
        return _product(W, X.T)
    scores = X @ W.reshape(-1, W.shape[-1]).T
    return np.ascontiguousarray(scores.T).reshape(*W.shape[:-1], -1)


def scores_times_rows(dZ, X):
    r"""Weight gradients :math:`dZ\,X` of score gradients, for one model or a stack.

    Parameters
    ----------
    dZ : ndarray of shape (..., n_out, m)
    X : {ndarray, CSR} of shape (m, n_features)

    Returns
    -------
    dW : ndarray of shape (..., n_out, n_features)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.products import scores_times_rows
    >>> scores_times_rows(np.array([[1.0, -1.0]]), np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[-2., -2.]])
    """
    if isinstance(X, np.ndarray):
        return _product(dZ, X)
    dW = X.T @ dZ.reshape(-1, dZ.shape[-1]).T
    return np.ascontiguousarray(dW.T).reshape(*dZ.shape[:-1], -1)


def _product(A, B):
    """Product ``A @ B`` with the same B for all models of a stack."""
    if A.ndim == 2:
        return _of_matrices(A, B)
    product = _of_matrices(_filled_up(A), B, is_stack=True)
    return product[: math.prod(A.shape[:-1])].reshape(*A.shape[:-1], -1)


def _of_matrices(A, B, *, is_stack=False):
    part = part_of(A, B, is_stack=is_stack)
    return in_parts(A, B, *part) if part else matmul(A, B)


def _filled_up(stack):
    """All rows of a stack, and zeros up to a multiple of those that the BLAS takes at once."""
    n = math.prod(stack.shape[:-1])
    n_missing = -n % N_ROWS
    if not n_missing:
        return stack.reshape(n, -1)
    rows = np.zeros((n + n_missing, stack.shape[-1]), stack.dtype)
    rows[:n].reshape(stack.shape)[...] = stack
    return rows
