"""The penalised objective of the linear models, and its minimum by L-BFGS.

The objective is that of ``reg_param=1``: the mean loss of the rows, plus half the squared norm of
the weights over the number of rows. One-vs-rest sums it over the sub-classifiers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

# Most that the minimum found may lie above the true one, relatively.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Loss:
    """Sum of the losses of all rows, from their scores.

    Parameters
    ----------
    name : str
    target : callable
        Targets, of the shape of the scores, from the class indices.
    value_and_gradient : callable
        From scores and targets.
    """

    name: str
    target: Callable
    value_and_gradient: Callable


def _softmax(scores, target):
    """Cross-entropy of the softmax."""
    logs = log_softmax(scores, axis=1)
    return -np.sum(target * logs), np.exp(logs) - target


def _sigmoids(scores, target):
    """Cross-entropy of the sigmoid of each column, summed over the columns."""
    return np.sum(np.logaddexp(0, scores) - target * scores), expit(scores) - target


def _one_hot(y):
    """A column for every class."""
    return np.eye(np.max(y) + 1)[y]


def _one_against_rest(y):
    """A column for every class, or only one where there are two classes."""
    target = _one_hot(y)
    return target[:, 1:] if target.shape[1] == 2 else target


SOFTMAX = Loss("softmax", _one_hot, _softmax)
ONE_VS_REST = Loss("one-vs-rest", _one_against_rest, _sigmoids)


def objective(loss, X, y, coef, intercept):
    """Penalised objective of a model.

    Parameters
    ----------
    loss : Loss
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int
        Class indices.
    coef : ndarray of shape (n_scores, n_features)
    intercept : ndarray of shape (n_scores,)

    Returns
    -------
    objective : float
    """
    coef = np.asarray(coef, dtype=np.float64)
    value, _ = loss.value_and_gradient(X @ coef.T + intercept, loss.target(y))
    return float((value + np.sum(coef**2) / 2) / len(y))


def optimum(loss, X, y):
    """Minimum of the penalised objective, whatever the scale of the features.

    The rows are centred and turned to their principal axes, which changes neither the scores that
    the model can have nor the norm of its weights; each axis is then scaled so that the curvature
    is at most one along it.

    Parameters
    ----------
    loss : Loss
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int
        Class indices.

    Returns
    -------
    optimum : float

    Raises
    ------
    RuntimeError
        If the gradient at the minimum found is not small enough. The objective is strongly convex,
        so that half the squared norm of the gradient bounds what it is above the true minimum.
    """
    rows, scale = _principal_axes(X)
    target = loss.target(y)
    shape = rows.shape[1] + 1, target.shape[1]

    def value_and_gradient(flat):
        weights, intercept = np.split(flat.reshape(shape), [-1])
        value, d_scores = loss.value_and_gradient(rows @ weights + intercept, target)
        penalised = scale[:, np.newaxis] ** 2 * weights
        gradient = np.vstack([rows.T @ d_scores + penalised, d_scores.sum(axis=0)])
        return value + np.sum(penalised * weights) / 2, gradient.ravel()

    found = minimize(
        value_and_gradient,
        np.zeros(shape).ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 50_000, "maxfun": 100_000, "maxcor": 30, "ftol": 0, "gtol": 1e-6},
    )
    gradient = found.jac.reshape(shape)[:-1] / scale[:, np.newaxis]
    gap = np.sum(gradient**2) / 2 / found.fun
    if not gap <= TOLERANCE:
        raise RuntimeError(f"L-BFGS may be {gap:.2g} of the minimum above it: {found.message}")
    return float(found.fun / len(y))


def _principal_axes(X):
    """Centred rows along their principal axes, and the scale that each axis was multiplied by."""
    dense = X.toarray() if sparse.issparse(X) else np.asarray(X, dtype=np.float64)
    left, singular, _ = linalg.svd(dense - dense.mean(axis=0), full_matrices=False)
    scale = 1 / np.sqrt(singular**2 / 4 + 1)
    return left * (singular * scale), scale
