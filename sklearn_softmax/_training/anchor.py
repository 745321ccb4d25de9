"""Gradient and curvature of the objective over all rows, where an epoch begins."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._model.network import Room
from sklearn_softmax._training.curvature import curvature
from sklearn_softmax._training.of_models import OfModels


@dataclass(frozen=True)
class Anchor(OfModels):
    """What is known of the objective where some models stand.

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
    inverse : ByCoefficients or ByRows
        Of the Hessian of the objective in standardised features.
    fall : ndarray of shape (M,), float64
        By how much a step to the minimum, as far as curvature is constant, would lower the
        objective.
    """

    vector: np.ndarray
    objective: np.ndarray
    gradient: np.ndarray
    of_scores: np.ndarray
    inverse: object
    fall: np.ndarray

    def of_block(self, rows, block):
        """The part of ``of_scores`` that belongs to a block of the rows in some order."""
        if rows.order is None:
            return self.of_scores[..., block]
        return self.of_scores.take(rows.order[block], axis=-1)


def anchor(objective, params, hyperparameters, rows, standardisation, batch_size, known=None):
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
    known : Anchor or None, default=None
        That of the same models where they stood before.

    Returns
    -------
    anchor : Anchor
    """
    class_weight, l2 = hyperparameters.class_weight, hyperparameters.l2
    losses, gradient, of_scores = _first_order(objective, params, class_weight, rows, batch_size)
    value = np.mean(losses * rows.relative_weights(class_weight), axis=-1, dtype=np.float64)
    value += objective.penalty(params, l2)
    given = objective, params, hyperparameters, rows, standardisation
    inverse = curvature(*given, known and known.inverse)
    full = params.on(gradient.copy())
    objective.add_penalty_gradient(params, l2[:, np.newaxis, np.newaxis], full)
    standardisation.pull_back(full.vector)
    layer = standardisation.layer(full.vector)
    fall = np.sum(layer * inverse.solve(layer), axis=(1, 2), dtype=np.float64) / 2
    return Anchor(params.vector.copy(), value, gradient, of_scores, inverse, fall)


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
