"""One pass of mini-batch gradient descent over the rows."""

from typing import NamedTuple

import numpy as np

from sklearn_softmax._model.network import Room


class MiniBatchPass:
    """Takes one step a batch, through all rows once.

    Parameters
    ----------
    objective : Objective
    optimizer : GradientDescent or Adam
    rows : Rows
        Those that are to be learnt from, in any order.
    batch_size : int
        Rows a step. The gradient of a last batch with fewer counts in proportion, so that the
        optimum does not depend on the order of the rows.
    """

    def __init__(self, objective, optimizer, rows, batch_size):
        self.objective, self.optimizer, self.batch_size = objective, optimizer, batch_size
        self.column, self.width = rows.columns(batch_size)
        self._rooms = self._labels = None

    def __call__(self, params, state, rows, hyperparameters):
        """Train some models, in place.

        Parameters
        ----------
        params : Parameters
        state : dict
            Of the optimiser.
        rows : Rows
            In the order to take them.
        hyperparameters : Hyperparameters

        Returns
        -------
        losses : ndarray of shape (M, n_rows)
            Loss of each row, not weighted, just before the step that used it.
        is_correct : ndarray of shape (M, n_rows), bool
            Whether it lay on the side of its class then.
        """
        self._make_ready(params, rows, hyperparameters.class_weight)
        objective, rooms, gradient = self.objective, self._rooms, self._rooms.gradient
        targets, weights = self._labels.targets, self._labels.weights
        n_rows, n_models, dtype = len(rows), len(params.vector), params.vector.dtype
        rate, of_step = hyperparameters.rate_of_dropout(), hyperparameters.of_step(dtype)
        l2 = hyperparameters.l2.astype(dtype)[:, np.newaxis, np.newaxis]
        is_penalised = l2.any()
        record = np.empty((2, n_models, n_rows), rooms.dtype)
        anchor, at_anchor = self.optimizer.anchor(state), None
        for start in range(0, n_rows, self.batch_size):
            stop, sum_of_blocks = min(start + self.batch_size, n_rows), 0
            for block in rows.blocks(start, stop):
                X, room = rows.read(block), rooms[block.stop - block.start]
                weight = weights[..., block] if weights.ndim else weights
                target, of_block = targets[..., block], record[..., block]
                if anchor is not None:
                    at_anchor = anchor.of_block(rows, block)
                given = params, X, target, weight, room, of_block, gradient
                objective.gradient(*given, rate, at_anchor)
                if stop - start > rows.BLOCK_SIZE:
                    gradient.vector += sum_of_blocks
                    sum_of_blocks = gradient.vector.copy()
            fraction = (stop - start) / self.batch_size
            if anchor is not None:
                gradient.vector += fraction * anchor.gradient
            if is_penalised:
                objective.add_penalty_gradient(params, l2 * fraction, gradient)
            self.optimizer.step(params.vector, gradient.vector, state, *of_step)
        return objective.loss.losses(record), objective.loss.is_correct(record)

    def _make_ready(self, params, rows, class_weight):
        """Make what the steps need, unless models and rows are those of the last pass."""
        if self._rooms is None or self._rooms.params is not params:
            self._rooms, self._labels = _Rooms(params, rows.X.dtype), None
        labels = self._labels
        if labels and labels.rows is rows and labels.class_weight is class_weight:
            return
        shape = len(params.vector), self.objective.network.layer_sizes[-1], self.width
        targets = self.objective.loss.targets(rows.y, shape, self.column)
        weights = rows.loss_weights(self.batch_size, class_weight)
        self._labels = _Labels(rows, class_weight, targets, weights)


class _Labels(NamedTuple):
    """Targets of rows in their order, and the factors of their losses."""

    rows: object
    class_weight: object
    targets: np.ndarray
    weights: np.ndarray


class _Rooms(dict):
    """A gradient, and room for a block of m samples, by m, made when it is first wanted."""

    def __init__(self, params, dtype_of_rows):
        self.params, self.dtype = params, np.result_type(params.vector, dtype_of_rows)
        self.gradient = params.on(np.empty(params.vector.shape, self.dtype))

    def __missing__(self, n_samples):
        self[n_samples] = Room(self.params, n_samples, self.dtype)
        return self[n_samples]
