"""Fisher scoring: steps shaped by the curvature of the objective, for linear models."""

from dataclasses import dataclass

import numpy as np

# Beyond so many features, or elements in the matrices of all outputs, inverting the matrices takes
# more time than it saves.
MOST_FEATURES, MOST_NUMBERS = 100, 2**17
# Rows that stand for all, in relation to the coefficients of an output.
ROWS_A_COEFFICIENT = 32
# Damping of the untrained model, in relation to its curvature, and of any, to the diagonal.
FIRST_DAMPING, LEAST_DAMPING = 0.15, 1e-2


def is_affordable(n_outputs, n_features):
    """Whether a matrix for each output is worth its time."""
    return n_features <= MOST_FEATURES and n_outputs * n_features**2 <= MOST_NUMBERS


@dataclass(frozen=True)
class Information:
    """What the curvature of the objective makes of a gradient.

    Parameters
    ----------
    inverse : ndarray of shape (M, n_outputs, n_coefficients, n_coefficients)
        Of the information of each output's weights and intercept.
    is_shift_invariant : bool
        Of the loss. Steps of all outputs then sum to zero, as their gradients do: scores that grow
        alike bring nothing.
    """

    inverse: np.ndarray
    is_shift_invariant: bool

    def solve(self, gradient):
        """Turn a gradient into the step to the minimum, as far as curvature is constant.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_outputs, n_coefficients)
            Changed in place.
        """
        gradient[...] = np.matmul(self.inverse, gradient[..., np.newaxis])[..., 0]
        if self.is_shift_invariant:
            gradient -= gradient.mean(axis=1, keepdims=True)


def information(objective, params, hyperparameters, rows, standardisation, damping):
    r"""Damped information of each output, in standardised features.

    .. math:: F_k = \overline{w\, h_k\, \tilde{x}' \tilde{x}'^\top}
              + l\, \mathrm{diag}(a^2, 0) + d I + 0.01\, \mathrm{diag}(\cdot)

    with :math:`\tilde{x}'` the standardised features and a 1 for the intercept, :math:`h_k` the
    second derivative of the loss by the score of the output, l the penalty, a the scales of the
    features and d the damping. For a single output, or one of several sigmoids, this is the
    Hessian of the objective, but for the damping; for softmax, it is a block of it.

    Parameters
    ----------
    objective : Objective
    params : Parameters
        Where the curvature is taken.
    hyperparameters : Hyperparameters
    rows : Rows
        Of which some are taken, evenly.
    standardisation : Standardisation
        Not damped.
    damping : ndarray of shape (M,)

    Returns
    -------
    information : Information

    References
    ----------
    P. McCullagh and J. A. Nelder, "Generalized linear models" (1989), section 2.5;
    D. W. Marquardt, "An algorithm for least-squares estimation of nonlinear parameters" (1963).
    """
    class_weight, l2 = hyperparameters.class_weight, hyperparameters.l2
    n_coefficients = standardisation.n_coefficients
    rows = rows.some(class_weight, most=ROWS_A_COEFFICIENT * n_coefficients)
    weights = np.atleast_2d(rows.relative_weights(class_weight))
    weights = np.broadcast_to(weights[:, np.newaxis], (len(weights), 1, len(rows)))
    shape = len(l2), standardisation.n_outputs, n_coefficients, n_coefficients
    curvature = np.zeros(shape)
    for block in rows.blocks():
        X = rows.read(block)
        scores = objective.network.scores(params, X)
        h = objective.loss.second_derivative(scores.astype(np.float64)) * weights[..., block]
        features = standardisation.standardised(X).astype(np.float64)
        if standardisation.mean is not None:
            features = np.column_stack([features, np.ones(len(features))])
        for output in np.ndindex(shape[:2]):
            weighted = features * np.sqrt(h[output])[:, np.newaxis]
            curvature[output] += weighted.T @ weighted
    curvature /= len(rows)
    diagonal = np.einsum("...jj->...j", curvature)
    penalised = diagonal[..., : len(standardisation.variance)]
    penalised += l2[:, np.newaxis, np.newaxis] * standardisation.scale**2
    diagonal *= 1 + LEAST_DAMPING
    diagonal += damping[:, np.newaxis, np.newaxis]
    inverse = np.linalg.inv(curvature).astype(params.vector.dtype)
    return Information(inverse, objective.loss.is_shift_invariant)
