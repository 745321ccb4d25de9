"""Moments of the features of weighted rows, read a block at a time."""

import numpy as np
from scipy.sparse import issparse


def moments(rows, class_weight, fit_intercept):
    """Weighted mean and variance of each feature, and the share of rows where it is not 0.

    Parameters
    ----------
    rows : Rows
    class_weight : ndarray of shape (M, n_classes) or None
        Weights of the classes, the same for all models.
    fit_intercept : bool

    Returns
    -------
    mean : ndarray of shape (n_features,) or None
        None without an intercept.
    variance : ndarray of shape (n_features,), float64
        0 where a feature varies by no more than rounding. Without an intercept, mean squares.
    density : ndarray of shape (n_features,), float64
    """
    weight = rows.relative_weights(class_weight)
    weight = np.broadcast_to(weight[0] if weight.ndim == 2 else weight, len(rows))
    first = rows.read(next(rows.blocks()))
    # Moments about a point near the mean are summed without cancellation.
    has_origin = fit_intercept and not issparse(first)
    origin = first.mean(axis=0) if has_origin else np.zeros(first.shape[1], first.dtype)
    dtype = np.float64 if issparse(first) else first.dtype
    total, squares = _mean_powers(rows, weight, origin, dtype)
    # Squares in single precision may vanish where those in double precision do not.
    vanished = np.flatnonzero(~(squares > 0))
    if vanished.size and dtype != np.float64:
        powers = _mean_powers(rows, weight, origin, np.float64, vanished)
        total[vanished], squares[vanished] = powers
    density = _density(rows, weight)
    if not fit_intercept:
        return None, squares, density
    mean, variance = origin + total, squares - total**2
    # What is no more than rounding, of the features or of the sums, does not vary.
    of_features = 10 * np.finfo(rows.X.dtype).eps
    of_sums = (rows.BLOCK_SIZE + len(rows) / rows.BLOCK_SIZE) * np.finfo(np.float64).eps
    is_constant = variance <= np.maximum((of_features * mean) ** 2, of_sums * total**2)
    return mean, np.where(is_constant, 0.0, variance), density


def _mean_powers(rows, weight, origin, dtype, columns=slice(None)):
    """Weighted means of the distances of features from an origin, and of their squares."""
    origin = origin[columns].astype(dtype)
    total, squares = np.zeros((2, len(origin)))
    n_dense_rows = 0 if issparse(rows.X) else min(rows.BLOCK_SIZE, len(rows))
    room = np.empty((n_dense_rows, len(origin)), dtype)  # new pages for each block take longer
    for block in rows.blocks():
        X, of_block = rows.read(block)[:, columns], weight[block].astype(dtype)
        if issparse(X):
            total += of_block @ X
            squares += of_block @ X.astype(dtype).power(2)
        else:
            distances = np.subtract(X, origin, out=room[: len(X)])
            total += of_block @ distances
            squares += of_block @ np.square(distances, out=distances)
    return total / len(rows), squares / len(rows)


def _density(rows, weight):
    """Weighted share of the rows in which each feature is not 0."""
    total, dtype = np.zeros(rows.X.shape[1]), rows.X.dtype
    n_dense_rows = 0 if issparse(rows.X) else min(rows.BLOCK_SIZE, len(rows))
    room = np.empty((n_dense_rows, len(total)), dtype)
    for block in rows.blocks():
        X, of_block = rows.read(block), weight[block].astype(dtype)
        is_not_0 = X != 0 if issparse(X) else np.not_equal(X, 0, out=room[: len(X)])
        total += of_block @ is_not_0
    return total / len(rows)
