"""Endless epochs: each shuffles the rows, makes a pass and yields its result."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class EpochResult(NamedTuple):
    """Result of an epoch.

    Parameters
    ----------
    record : dict of str to ndarray of shape (M,)
        ``epoch``, starting from 1; ``lr``; ``loss`` and ``accuracy``, weighted means over the rows,
        each row scored just before the step that used it; ``mistakes``, the number of misclassified
        rows of positive weight.
    step_losses : ndarray of shape (M, n_batches)
        Mean weighted loss of every batch, just before its step.
    """

    record: dict
    step_losses: np.ndarray


@dataclass
class EpochSolver:
    """Solver by gradient descent, epoch by epoch.

    Parameters
    ----------
    train_pass : callable
        ``train_pass(params, optimizer_state, rows, hyperparameters)`` steps through the rows in
        their order and returns their losses and whether they were classified correctly.
    batch_size : int
        Rows per step.
    shuffle : bool
        Whether each epoch has a new random order of the rows.
    rng : RandomState
        Source of these orders.
    """

    train_pass: Any
    batch_size: int
    shuffle: bool
    rng: Any

    def __call__(self, state, rows, begin_epoch, finish_epoch):
        """Train until ``finish_epoch(result)`` returns False.

        Parameters
        ----------
        state : State
            Changed in place.
        rows : Rows
        begin_epoch : callable
            Called before each epoch.
        finish_epoch : callable
            Called with the EpochResult of each epoch; it may remove models from the state.

        Returns
        -------
        has_converged : bool
            Always False.
        """
        epochs, is_training = self.epochs(state, rows), True
        while is_training:
            begin_epoch()
            is_training = finish_epoch(next(epochs))
        return False

    def epochs(self, state, rows):
        """Yield the result of each epoch, without end.

        The generator is endless, so no epoch can depend on ``n_epochs``.

        Parameters
        ----------
        state : State
            Changed in place; models may be removed between epochs.
        rows : Rows

        Yields
        ------
        result : EpochResult
        """
        epoch_rows, starts = rows, np.arange(0, len(rows), self.batch_size)
        lengths = np.minimum(self.batch_size, len(rows) - starts)
        while True:
            if self.shuffle and self.batch_size < len(rows):
                epoch_rows = rows.permute(self.rng.permutation(len(rows)))
            values = state.hyperparameters.epoch_values(state.epoch)
            weights = epoch_rows.relative_weights(values.class_weight)
            # Without a name, the figures of all rows are freed before the next epoch.
            means, sums = _summarise(
                *self.train_pass(state.params, state.optimizer_state, epoch_rows, values),
                weights=weights,
                starts=starts,
            )
            state.epoch += 1
            record = {"epoch": np.full(len(values.lr), state.epoch), "lr": values.lr, **means}
            yield EpochResult(record, sums / lengths)


def _summarise(losses, is_correct, *, weights, starts):
    """Return the means over all rows, and the sums of the losses of each batch."""
    is_mistake = ~is_correct
    if weights.ndim:
        is_mistake &= weights > 0
        losses, is_correct = losses * weights, is_correct * weights
    n_rows, options = losses.shape[-1], {"axis": -1, "dtype": np.result_type(losses, np.float64)}
    means = {
        "loss": np.add.reduce(losses, **options) / n_rows,
        "accuracy": np.add.reduce(is_correct, axis=-1, dtype=np.float64) / n_rows,
        "mistakes": np.add.reduce(is_mistake, axis=-1),
    }
    return means, np.add.reduceat(losses, starts, **options)
