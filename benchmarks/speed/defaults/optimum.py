"""The penalised objective of the linear models and its minimum.

The objective is that of ``reg_param=1``: the mean loss of the rows plus half the squared norm of
the weights divided by the number of rows. One-vs-rest sums it over the sub-classifiers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg, sparse
from scipy.optimize import minimize
from scipy.special import expit, log_softmax

# Largest relative error of the minimum.
TOLERANCE = 1e-10
# Gradient steps after L-BFGS, each of half the gradient, since no curvature is above two.
MAX_FINAL_STEPS = 100
# Smaller optima, of separable rows, make ratios meaningless and L-BFGS slow.
NEGLIGIBLE = 5e-3


@dataclass(frozen=True)
class Loss:
    """The sum of the losses of all rows as a function of their scores.

    Parameters
    ----------
    name : str
    target : callable
        Maps class indices to targets of the shape of the scores.
    value_and_gradient : callable
        Maps scores and targets to the loss and its gradient in the scores.
    """

    name: str
    target: Callable
    value_and_gradient: Callable


def _softmax(scores, target):
    """Return the cross-entropy of the softmax."""
    logs = log_softmax(scores, axis=1)
    return -np.sum(target * logs), np.exp(logs) - target


def _sigmoids(scores, target):
    """Return the sum over all columns of the cross-entropy of the sigmoid."""
    return np.sum(np.logaddexp(0, scores) - target * scores), expit(scores) - target


def _one_hot(y):
    """Return one column per class."""
    return np.eye(np.max(y) + 1)[y]


def _one_against_rest(y):
    """Return one column per class, a single one for two classes."""
    target = _one_hot(y)
    return target[:, 1:] if target.shape[1] == 2 else target


SOFTMAX = Loss("softmax", _one_hot, _softmax)
ONE_VS_REST = Loss("one-vs-rest", _one_against_rest, _sigmoids)


def objective(loss, X, y, coef, intercept):
    """Return the penalised objective of a model.

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
    """Return the minimum of the penalised objective, by L-BFGS for any scale of features.

    The rows are centred and rotated to their principal axes, which changes neither the possible
    scores nor the norm of the weights. Each axis and the intercept are then scaled so that the
    curvature is at most two.

    Parameters
    ----------
    loss : Loss
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int
        Class indices.

    Returns
    -------
    optimum : float or None
        None if it is negligible: below 0.005.

    Raises
    ------
    RuntimeError
        If the gradient is too large at the end. The objective is strongly convex in the weights,
        so half the squared norm of the gradient bounds the excess over the minimum; intercepts
        count as if they were penalised.
    """
    problem = _Whitened(loss, X, y)
    result = minimize(
        problem.value_and_gradient,
        np.zeros(problem.shape).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=problem.stop_when_close,
        options={"maxiter": 50_000, "maxfun": 100_000, "maxcor": 30, "ftol": 0, "gtol": 0},
    )
    weights = result.x
    value, gradient = problem.value_and_gradient(weights)
    if value < NEGLIGIBLE * len(y):
        return None
    # A line search ends at the rounding error of the objective; the gradient is more accurate.
    for _ in range(MAX_FINAL_STEPS):
        if problem.gap <= TOLERANCE:
            break
        weights = weights - gradient / 2
        value, gradient = problem.value_and_gradient(weights)
    if not problem.gap <= TOLERANCE:
        raise RuntimeError(
            f"the relative error of the minimum may be {problem.gap:.2g}: {result.message}"
        )
    return float(value / len(y))


class _Whitened:
    """The objective times the number of rows, in whitened coordinates."""

    def __init__(self, loss, X, y):
        self.loss, self.target = loss, loss.target(y)
        dense = X.toarray() if sparse.issparse(X) else np.asarray(X, dtype=np.float64)
        left, singular, _ = linalg.svd(dense - dense.mean(axis=0), full_matrices=False)
        scale = 1 / np.sqrt(singular**2 / 4 + 1)
        intercept_scale = 2 / np.sqrt(len(y))
        self.rows = np.column_stack([left * (singular * scale), np.full(len(y), intercept_scale)])
        self.scale = np.append(scale, intercept_scale)[:, np.newaxis]
        self.l2 = np.append(scale**2, 0)[:, np.newaxis]
        self.shape = self.rows.shape[1], self.target.shape[1]
        self.gap = np.inf

    def value_and_gradient(self, flat):
        """Return objective and gradient, and store the bound on the relative error."""
        weights = flat.reshape(self.shape)
        value, d_scores = self.loss.value_and_gradient(self.rows @ weights, self.target)
        value += np.sum(self.l2 * weights**2) / 2
        gradient = self.rows.T @ d_scores + self.l2 * weights
        self.gap = np.sum((gradient / self.scale) ** 2) / 2 / value
        self.is_negligible = value < NEGLIGIBLE * len(self.rows)
        return value, gradient.ravel()

    def stop_when_close(self, intermediate_result):
        """Stop the minimisation if the last point is within the tolerance or negligible."""
        if self.gap <= TOLERANCE or self.is_negligible:
            raise StopIteration
