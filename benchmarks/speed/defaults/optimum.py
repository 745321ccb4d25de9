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
# Below, rows are separated so well that a ratio to the optimum says nothing, and L-BFGS is slow.
NEGLIGIBLE = 5e-3


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
    the model can have nor the norm of its weights; each axis, and the intercept, is then scaled
    so that the curvature is at most about one along it.

    Parameters
    ----------
    loss : Loss
    X : {ndarray, sparse matrix} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), int
        Class indices.

    Returns
    -------
    optimum : float or None
        None where it is negligible: below 0.005.

    Raises
    ------
    RuntimeError
        If the gradient at the minimum found is not small enough. The objective is strongly convex
        in the weights, so that half the squared norm of the gradient bounds what it is above the
        true minimum; intercepts count as if they were penalised.
    """
    problem = _Whitened(loss, X, y)
    found = minimize(
        problem.value_and_gradient,
        np.zeros(problem.shape).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=problem.stop_when_close,
        options={"maxiter": 50_000, "maxfun": 100_000, "maxcor": 30, "ftol": 0, "gtol": 0},
    )
    value, _ = problem.value_and_gradient(found.x)
    if value < NEGLIGIBLE * len(y):
        return None
    if not problem.gap <= TOLERANCE:
        raise RuntimeError(
            f"L-BFGS may be {problem.gap:.2g} of the minimum above it: {found.message}"
        )
    return float(value / len(y))


class _Whitened:
    """The objective times the number of rows, in coordinates that suit L-BFGS."""

    def __init__(self, loss, X, y):
        self.loss, self.target = loss, loss.target(y)
        dense = X.toarray() if sparse.issparse(X) else np.asarray(X, dtype=np.float64)
        left, singular, _ = linalg.svd(dense - dense.mean(axis=0), full_matrices=False)
        scale = 1 / np.sqrt(singular**2 / 4 + 1)
        of_intercept = 2 / np.sqrt(len(y))
        self.rows = np.column_stack([left * (singular * scale), np.full(len(y), of_intercept)])
        self.scale = np.append(scale, of_intercept)[:, np.newaxis]
        self.l2 = np.append(scale**2, 0)[:, np.newaxis]
        self.shape = self.rows.shape[1], self.target.shape[1]
        self.gap = np.inf

    def value_and_gradient(self, flat):
        """Objective and gradient; keeps how far above the minimum it may be, relatively."""
        weights = flat.reshape(self.shape)
        value, d_scores = self.loss.value_and_gradient(self.rows @ weights, self.target)
        value += np.sum(self.l2 * weights**2) / 2
        gradient = self.rows.T @ d_scores + self.l2 * weights
        self.gap = np.sum((gradient / self.scale) ** 2) / 2 / value
        self.is_negligible = value < NEGLIGIBLE * len(self.rows)
        return value, gradient.ravel()

    def stop_when_close(self, intermediate_result):
        """End the minimisation at the point evaluated last, if it is good enough."""
        if self.gap <= TOLERANCE or self.is_negligible:
            raise StopIteration
