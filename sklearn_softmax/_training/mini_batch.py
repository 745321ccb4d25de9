"""One pass of mini-batch gradient descent over the rows."""

from typing import NamedTuple

import numpy as np

from sklearn_softmax._model.network import Workspaces


class MiniBatchPass:
    """Pass over all rows, with one step per batch.

    Parameters
    ----------
    objective : Objective
    optimizer : Optimizer
    batch_size : int
        Rows per step, at most the number of rows. The gradient of a smaller last batch is weighted
        in proportion, so that the optimum does not depend on the order of the rows.
    """

    def __init__(self, objective, optimizer, batch_size):
        self.objective, self.optimizer, self.batch_size = objective, optimizer, batch_size
        self._workspaces = None

    def __getstate__(self):
        """Omit the buffers: copies of their views would not share memory."""
        return vars(self) | {"_workspaces": None}

    def __call__(self, params, state, rows, hyperparameters):
        """Train the models, in place.

        Parameters
        ----------
        params : Parameters
        state : object
            State of the optimizer.
        rows : Rows
            In the order of training.
        hyperparameters : Hyperparameters

        Returns
        -------
        figures : RowFigures
        """
        if self._workspaces is None or self._workspaces.params is not params:
            self._workspaces = Workspaces(params, rows.X.dtype)
        objective, workspaces = self.objective, self._workspaces
        gradient, dtype = workspaces.gradient, params.vector.dtype
        weights = rows.loss_weights(self.batch_size, hyperparameters.class_weight)
        step_sizes, rate = hyperparameters.step_sizes(dtype), hyperparameters.dropout_rate()
        l2 = hyperparameters.l2.astype(dtype)[:, np.newaxis, np.newaxis]
        is_penalised = l2.any()
        stats = np.empty((2, len(params.vector), len(rows)), workspaces.dtype)
        for start in range(0, len(rows), self.batch_size):
            stop, sum_of_blocks = min(start + self.batch_size, len(rows)), 0
            for block in rows.blocks(start, stop):
                objective.loss_gradient(
                    params,
                    rows.read(block),
                    y=rows.y[block],
                    weights=weights[..., block] if weights.ndim else weights,
                    workspace=workspaces[block.stop - block.start],
                    stats=stats[..., block],
                    gradient=gradient,
                    dropout_rate=rate,
                )
                if stop - start > rows.BLOCK_SIZE:
                    gradient.vector += sum_of_blocks
                    sum_of_blocks = gradient.vector.copy()
            if is_penalised:
                fraction = (stop - start) / self.batch_size
                objective.add_penalty_gradient(params, l2 * fraction, gradient)
            self.optimizer.update(params.vector, gradient.vector, state, step_sizes)
        return RowFigures(objective.loss.losses(stats), objective.loss.is_correct(stats))


class RowFigures(NamedTuple):
    """Loss and correctness of each row in a pass, just before the step that used it.

    Parameters
    ----------
    losses : ndarray of shape (M, n_rows)
        Unweighted.
    is_correct : ndarray of shape (M, n_rows), bool
        Whether the row was classified correctly.
    """

    losses: np.ndarray
    is_correct: np.ndarray
