"""Gradient and curvature of the objective over all rows, where an epoch begins."""

from dataclasses import dataclass, fields

import numpy as np

from sklearn_softmax._model.network import Room

# Rows that stand for all in the curvature, in relation to the coefficients of an output.
ROWS_A_COEFFICIENT = 128
# What is added to the diagonal of the curvature, in relation to it and to a variance of 1: where
# the scores of a softmax grow alike nothing changes, nor by a feature that does not vary.
DAMPING, LEAST = 1e-6, 1e-12


@dataclass(frozen=True)
class Anchor:
    r"""What is known of the objective where some models stand.

    Parameters
    ----------
    vector : ndarray of shape (M, n_parameters)
        Their parameters, a copy.
    objective : ndarray of shape (M,), float64
        Its value over all rows.
    gradient : ndarray of shape (M, n_parameters)
        Of the mean loss over all rows, without the penalty.
    of_scores : ndarray of shape (M, n_outputs, n_rows)
        Gradient of the rows' losses by their scores, as a batch weighs them.
    inverse : ndarray of shape (M, n_blocks, size, size)
        Of the Hessian of the objective in standardised features: one block of all coefficients
        where the loss ties the outputs together, else one an output.
    degrees_of_freedom : ndarray of shape (M,), float64
        Coefficients of a block that the penalty leaves free, :math:`\mathrm{tr}(H^{-1} H_{loss})`;
        of several blocks, the most.
    fall : ndarray of shape (M,), float64
        By how much a step to the minimum, as far as curvature is constant, would lower the
        objective.
    """

    vector: np.ndarray
    objective: np.ndarray
    gradient: np.ndarray
    of_scores: np.ndarray
    inverse: np.ndarray
    degrees_of_freedom: np.ndarray
    fall: np.ndarray

    def of_models(self, models):
        """That of some models."""
        return Anchor(*(getattr(self, field.name)[models] for field in fields(self)))

    def merged(self, other, is_other):
        """The same with that of another one for some models."""
        return Anchor(
            *(
                np.where(is_other.reshape(-1, *[1] * (own.ndim - 1)), new, own)
                for own, new in ((getattr(a, f.name) for a in (self, other)) for f in fields(self))
            )
        )

    def of_block(self, rows, block):
        """The part of ``of_scores`` that belongs to a block of the rows in some order."""
        if rows.order is None:
            return self.of_scores[..., block]
        return self.of_scores.take(rows.order[block], axis=-1)

    def solve(self, layer):
        """Turn a gradient in standardised features into Newton's step.

        Parameters
        ----------
        layer : ndarray of shape (M, n_outputs, n_coefficients)
            Changed in place.
        """
        blocks = layer.reshape(*self.inverse.shape[:-1], 1)
        layer[...] = np.matmul(self.inverse, blocks).reshape(layer.shape)


def anchor(objective, params, hyperparameters, rows, standardisation, batch_size):
    """Look at all rows from where models stand.

    Parameters
    ----------
    objective : Objective
        Of a linear model.
    params : Parameters
    hyperparameters : Hyperparameters
        Of which the penalty and the class weights count.
    rows : Rows
    standardisation : Standardisation
        Not damped.
    batch_size : int
        Rows of a full batch, no more than there are.

    Returns
    -------
    anchor : Anchor
    """
    class_weight, l2 = hyperparameters.class_weight, hyperparameters.l2
    losses, gradient, of_scores = _first_order(objective, params, class_weight, rows, batch_size)
    value = np.mean(losses * rows.relative_weights(class_weight), axis=-1, dtype=np.float64)
    value += objective.penalty(params, l2)
    most = ROWS_A_COEFFICIENT * standardisation.n_coefficients
    some = rows if len(rows) <= most else rows.some(class_weight, most)
    of_loss = _curvature(objective, params, class_weight, some, standardisation)
    inverse, degrees_of_freedom = _inverse(of_loss, l2, standardisation)
    full = params.on(gradient.copy())
    objective.add_penalty_gradient(params, l2[:, np.newaxis, np.newaxis], full)
    standardisation.pull_back(full.vector)
    blocks = standardisation.layer(full.vector).reshape(*inverse.shape[:-1], 1)
    fall = np.sum(blocks * np.matmul(inverse, blocks), axis=(1, 2, 3), dtype=np.float64) / 2
    inverse = inverse.astype(gradient.dtype)
    vector = params.vector.copy()
    return Anchor(vector, value, gradient, of_scores, inverse, degrees_of_freedom, fall)


def _first_order(objective, params, class_weight, rows, batch_size):
    """Losses of all rows, gradient of their mean, and gradient of each row by its scores."""
    n_models, n_outputs = len(params.vector), objective.network.layer_sizes[-1]
    dtype = np.result_type(params.vector, rows.X.dtype)
    weights = rows.loss_weights(batch_size, class_weight)
    of_scores = np.empty((n_models, n_outputs, len(rows)), dtype)
    record = np.empty((2, n_models, len(rows)), dtype)
    gradient = np.zeros_like(params.vector)
    of_block = params.on(np.empty_like(params.vector))
    for block in rows.blocks():
        m = block.stop - block.start
        shape = n_models, n_outputs, m
        targets = objective.loss.targets(rows.y[block], shape, np.arange(m))
        room, weight = Room(params, m, dtype), weights[..., block] if weights.ndim else weights
        given = rows.read(block), targets, weight, room, record[..., block]
        objective.gradient(params, *given, of_block)
        gradient += of_block.vector
        of_scores[..., block] = room.outputs[-1]
    gradient *= batch_size / len(rows)
    return objective.loss.losses(record), gradient, of_scores


def _curvature(objective, params, class_weight, rows, standardisation):
    r"""Hessian of the mean loss in standardised features, of shape (M, n_blocks, size, size).

    .. math:: \overline{w\, (\mathrm{diag}(h) - h h^\top) \otimes \tilde{x}' \tilde{x}'^\top}

    with h that of the loss, and :math:`\tilde{x}'` the standardised features and a 1 for the
    intercept; without :math:`h h^\top` where each output is a block.
    """
    loss, (n_models, n_outputs) = objective.loss, (len(params.vector), standardisation.n_outputs)
    n_blocks, size = loss.n_blocks(n_outputs), n_outputs * standardisation.n_coefficients
    H = np.zeros((n_models, n_blocks, size // n_blocks, size // n_blocks))
    weights = np.broadcast_to(rows.relative_weights(class_weight), (n_models, len(rows)))
    for block in rows.blocks():
        X = rows.read(block)
        h = loss.hessian(objective.network.scores(params, X).astype(np.float64))
        features = standardisation.design(X) * np.sqrt(weights[:, block, np.newaxis] / len(rows))
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


def _inverse(of_loss, l2, standardisation):
    """Inverse of the Hessian with the penalty, and the degrees of freedom that it leaves."""
    n_features, n_coefficients = len(standardisation.variance), standardisation.n_coefficients
    penalty = np.zeros((len(l2), n_coefficients))
    penalty[:, :n_features] = l2[:, np.newaxis] * standardisation.scale[:, 0].astype(float) ** 2
    H, size = of_loss.copy(), of_loss.shape[-1]
    diagonal = np.einsum("...jj->...j", H)
    diagonal += np.tile(penalty, size // n_coefficients)[:, np.newaxis]
    diagonal += DAMPING * diagonal + LEAST
    inverse = np.linalg.inv(H)
    degrees_of_freedom = np.einsum("...ij,...ji->...", inverse, of_loss).max(axis=-1)
    if size > n_coefficients:
        # As gradients do, steps of all outputs sum to zero.
        by_outputs = inverse.reshape(len(l2), -1, n_coefficients, size)
        by_outputs -= by_outputs.mean(axis=1, keepdims=True)
    return inverse, degrees_of_freedom
