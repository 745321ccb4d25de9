"""Matrix products with the same bits whatever the number of BLAS threads.

A BLAS may cut a long sum in other places when it has more threads, and then
rounds differently: the same seed would give another model in a worker process
than in the main one. OpenBLAS cuts a sum whose length is a multiple of 256 in the
same places; so the rest of a longer sum is added separately. With a vector it cuts
by threads, but never fewer than 256 terms. Below 2**18 multiplications a product of
matrices runs on one thread in any case.
"""

import numpy as np

SAFE_LENGTH = 256
_SINGLE_THREADED = 2**18


def matmul(A, B):
    """Product ``A @ B``, its sums cut in the same places for any number of threads.

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
    if length <= SAFE_LENGTH or (n * length * m <= _SINGLE_THREADED and not has_vector):
        return A @ B
    step = SAFE_LENGTH if has_vector else length - length % SAFE_LENGTH
    product = A[..., :step] @ B[..., :step, :]
    for start in range(step, length, step):
        product += A[..., start : start + step] @ B[..., start : start + step, :]
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
    if W.ndim > 2:
        return weights_times_rows(W.reshape(-1, W.shape[-1]), X).reshape(*W.shape[:-1], -1)
    if isinstance(X, np.ndarray):
        return matmul(W, X.T)
    return np.ascontiguousarray((X @ W.T).T)


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
    if dZ.ndim > 2:
        return scores_times_rows(dZ.reshape(-1, dZ.shape[-1]), X).reshape(*dZ.shape[:-1], -1)
    if isinstance(X, np.ndarray):
        return matmul(dZ, X)
    return np.ascontiguousarray((X.T @ dZ.T).T)
