"""Inverse of the Hessian of a penalised linear model, by its coefficients or by its rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_softmax._training.of_models import OfModels

# Numbers in the matrices of a model beyond which inverting them takes more time than it saves, and
# in the standardised copy of few rows.
MOST_NUMBERS, MOST_IN_COPY = 2**19, 2**22
# Rows that stand for all, in relation to the coefficients of an output.
ROWS_A_COEFFICIENT = 128
# Added to the penalties of standardised features and of the intercept, which has none, so that H
# can be inverted: else it is 0 for a feature that does not vary, and where all scores grow alike.
OF_FEATURES, OF_INTERCEPT = 1e-9, 1e-3


def is_affordable(loss, n_outputs, n_coefficients, n_rows):
    """Whether the matrices of a model with so many coefficients an output are worth their time."""
    n_numbers = n_outputs**2 // loss.n_blocks(n_outputs) * min(n_coefficients, n_rows) ** 2
    n_in_copy = n_rows * n_coefficients if n_rows < n_coefficients else 0
    return n_numbers <= MOST_NUMBERS and n_in_copy <= MOST_IN_COPY


def curvature(objective, params, hyperparameters, rows, standardisation, known=None):
    r"""Inverse of the Hessian of the objective in standardised features.

    .. math:: H = \overline{w\, (\mathrm{diag}(h) - h h^\top) \otimes \tilde{x}' \tilde{x}'^\top}
              + \Lambda, \qquad \Lambda = l\, \mathrm{diag}(a^2, 0)

    with h that of the loss, :math:`\tilde{x}'` the standardised features and a 1 for the intercept,
    l the penalty and a the scales of the features. Where each output is a block by itself,
    there is no :math:`h h^\top`.

    Parameters
    ----------
    objective : Objective
        Of a linear model.
    params : Parameters
        Where the curvature is taken.
    hyperparameters : Hyperparameters
        Of which the penalty and the class weights count.
    rows : Rows
        Of which some are taken, evenly, where there are many.
    standardisation : Standardisation
        Not damped.
    known : ByCoefficients or ByRows or None, default=None
        The inverse of the same models elsewhere, which spares what does not change.

    Returns
    -------
    inverse : ByCoefficients or ByRows
        Whichever is the smaller.
    """
    class_weight, n_coefficients = hyperparameters.class_weight, standardisation.n_coefficients
    most = ROWS_A_COEFFICIENT * n_coefficients
    rows = rows if len(rows) <= most else rows.some(class_weight, most)
    penalty = np.full((len(params.vector), n_coefficients), OF_INTERCEPT)
    penalty[:, : len(standardisation.variance)] = OF_FEATURES + (
        hyperparameters.l2[:, np.newaxis] * standardisation.scale[:, 0].astype(float) ** 2
    )
    given = _Loss(objective, params, class_weight), rows, standardisation, penalty
    if len(rows) < n_coefficients:
        return ByRows.of(*given, known)
    return ByCoefficients.of(*given)


@dataclass(frozen=True)
class _Loss:
    """Second derivatives of the rows' losses by the scores."""

    objective: object
    params: object
    class_weight: object

    @property
    def n_models(self):
        """Number of models."""
        return len(self.params.vector)

    @property
    def n_blocks(self):
        """Number of blocks that the outputs are in."""
        return self.objective.loss.n_blocks(self.n_outputs)

    @property
    def n_outputs(self):
        """Number of scores."""
        return self.objective.network.layer_sizes[-1]

    def hessian(self, X):
        """What the loss gives, of shape (M, n_outputs, m)."""
        scores = self.objective.network.scores(self.params, X)
        return self.objective.loss.hessian(scores.astype(np.float64))

    def weights(self, rows):
        """Share of each row in the mean, of shape (M, n_rows)."""
        weights = rows.relative_weights(self.class_weight) / len(rows)
        return np.broadcast_to(weights, (self.n_models, len(rows)))


@dataclass(frozen=True)
class ByCoefficients(OfModels):
    """The inverse itself.

    Parameters
    ----------
    matrix : ndarray of shape (M, n_blocks, size, size), float64
        A block of all coefficients where the loss ties the outputs together, else one an output.
    degrees_of_freedom : ndarray of shape (M,), float64
        Coefficients of a block that the penalty leaves free, :math:`tr(H^{-1} H_{loss})`; of
        several blocks, the most.
    """

    matrix: np.ndarray
    degrees_of_freedom: np.ndarray

    @classmethod
    def of(cls, loss, rows, standardisation, penalty):
        """Invert the Hessian of these rows."""
        of_loss = _hessian(loss, rows, standardisation)
        H, (n_models, _, size, _) = of_loss.copy(), of_loss.shape
        diagonal = np.einsum("...jj->...j", H)
        diagonal += np.tile(penalty, size // penalty.shape[-1])[:, np.newaxis]
        inverse = np.linalg.inv(H)
        degrees_of_freedom = np.einsum("...ij,...ji->...", inverse, of_loss).max(axis=-1)
        if loss.n_blocks < loss.n_outputs:
            # As gradients do, steps of all outputs sum to zero.
            by_outputs = inverse.reshape(n_models, loss.n_outputs, -1, size)
            by_outputs -= by_outputs.mean(axis=1, keepdims=True)
        return cls(inverse, degrees_of_freedom)

    def solve(self, gradient):
        """Newton's step.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_outputs, n_coefficients)
            In standardised features.

        Returns
        -------
        step : ndarray of shape (M, n_outputs, n_coefficients)
        """
        blocks = gradient.reshape(*self.matrix.shape[:-1], 1)
        return np.matmul(self.matrix, blocks).reshape(gradient.shape)


@dataclass(frozen=True)
class ByRows(OfModels):
    r"""The same by a matrix of the rows, where these are fewer than the coefficients.

    .. math:: H^{-1} = \Lambda^{-1}
              - \Lambda^{-1} A^\top (I + A \Lambda^{-1} A^\top)^{-1} A \Lambda^{-1},
              \qquad H_{loss} = A^\top A, \qquad A = R^\top \otimes \tilde{x}'

    a row of A for each row of the data and score, with
    :math:`R = \mathrm{diag}(\sqrt h) - h \sqrt{h}^\top`, or :math:`\sqrt h` where each output is a
    block.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_coefficients), float64
        Standardised, with a 1 for the intercept.
    penalty : ndarray of shape (M, 1, n_coefficients), float64
        :math:`\Lambda`.
    kernel : ndarray of shape (M, n_rows, n_rows), float64
        :math:`\tilde{X}' \Lambda^{-1} \tilde{X}'^\top`.
    matrix : ndarray of shape (M, n_blocks, size, size), float64
        :math:`R (I + A \Lambda^{-1} A^\top)^{-1} R^\top`, of outputs and rows.
    degrees_of_freedom : ndarray of shape (M,), float64

    References
    ----------
    M. Woodbury, "Inverting modified matrices" (1950).
    """

    shared: ClassVar[tuple[str, ...]] = ("features",)

    features: np.ndarray
    penalty: np.ndarray
    kernel: np.ndarray
    matrix: np.ndarray
    degrees_of_freedom: np.ndarray

    @classmethod
    def of(cls, loss, rows, standardisation, penalty, known=None):
        """Invert the Hessian of these rows."""
        X = rows.read(slice(0, len(rows)))
        if known is None:
            features = standardisation.design(X)
            penalty = penalty[:, np.newaxis]
            kernel = np.matmul(features / penalty, features.T)
        else:
            features, penalty, kernel = known.features, known.penalty, known.kernel
        weights = loss.weights(rows)[:, np.newaxis, np.newaxis, np.newaxis]
        R = np.sqrt(weights) * _root(loss.hessian(X), loss.n_blocks)
        G = np.einsum("mbkci,mbkdj->mbcidj", R, R)
        G *= kernel[:, np.newaxis, np.newaxis, :, np.newaxis]
        shape, size = G.shape, G.shape[2] * G.shape[3]
        G = G.reshape(*shape[:2], size, size)
        np.einsum("...jj->...j", G)[...] += 1
        G = np.linalg.inv(G)
        degrees_of_freedom = (size - np.einsum("...jj->...", G)).max(axis=-1)
        RG = np.einsum("mbkci,mbcidj->mbkidj", R, G.reshape(shape))
        matrix = np.einsum("mbkidj,mbldj->mbkilj", RG, R).reshape(G.shape)
        return cls(features, penalty, kernel, matrix, degrees_of_freedom)

    def solve(self, gradient):
        """Newton's step; see :meth:`ByCoefficients.solve`."""
        step = gradient / self.penalty
        scores = np.matmul(step, self.features.T)
        blocks = scores.reshape(*self.matrix.shape[:-1], 1)
        scores = np.matmul(self.matrix, blocks).reshape(scores.shape)
        step -= np.matmul(scores, self.features) / self.penalty
        return step


def _hessian(loss, rows, standardisation):
    """Hessian of the mean loss, of shape (M, n_blocks, size, size)."""
    n_models, n_outputs, n_blocks = loss.n_models, loss.n_outputs, loss.n_blocks
    size = n_outputs * standardisation.n_coefficients
    H = np.zeros((n_models, n_blocks, size // n_blocks, size // n_blocks))
    weights = loss.weights(rows)
    for block in rows.blocks():
        X = rows.read(block)
        h = loss.hessian(X)
        features = standardisation.design(X) * np.sqrt(weights[:, block, np.newaxis])
        if n_blocks == n_outputs:
            for output in range(n_outputs):
                part = np.sqrt(h[:, output, :, np.newaxis]) * features
                H[:, output] += part.swapaxes(-1, -2) @ part
        else:
            part = np.empty((*features.shape[:2], n_outputs, features.shape[-1]))
            by_outputs = h.swapaxes(-1, -2)[..., np.newaxis]
            np.multiply(by_outputs, features[:, :, np.newaxis], out=part)
            part = part.reshape(*features.shape[:2], size)
            H[:, 0] -= part.swapaxes(-1, -2) @ part
    if n_blocks < n_outputs:
        # h sums to 1, so what stands beside the diagonal makes up the rest of it.
        by_outputs = H.reshape(n_models, *2 * (n_outputs, standardisation.n_coefficients))
        rest = by_outputs.sum(axis=3)
        for output in range(n_outputs):
            by_outputs[:, output, :, output] -= rest[:, output]
    return H


def _root(h, n_blocks):
    """R of each row, of shape (M, n_blocks, size, size, n_rows)."""
    root = np.sqrt(h)
    if n_blocks == h.shape[1]:
        return root[:, :, np.newaxis, np.newaxis]
    R = -h[:, :, np.newaxis] * root[:, np.newaxis]
    np.einsum("mkki->mki", R)[...] += root
    return R[:, np.newaxis]
