"""Epochs without end: each shuffles the rows, makes a pass and yields its record."""

from dataclasses import dataclass

import numpy as np


@dataclass
class State:
    """What moves during training; all that is needed to go on later.

    Parameters
    ----------
    params : Parameters
        Changed in place.
    optimizer_state : dict
        Changed in place.
    hyperparameters : Hyperparameters
    epoch : int, default=0
        Epochs run so far.
    """

    params: object
    optimizer_state: dict
    hyperparameters: object
    epoch: int = 0


def epochs(one_pass, state, rows, *, batch_size, shuffle, rng):
    """Yield after each pass over the rows, for ever.

    An epoch cannot depend on how many there will be.

    Parameters
    ----------
    one_pass : callable
        ``one_pass(params, optimizer_state, rows, hyperparameters) -> losses, is_correct`` takes
        the rows in their order, a batch a step, and tells the loss of each row and whether it lay
        on the side of its class, just before the step that used it.
    state : State
        Changed in place; from one epoch to the next it may lose models.
    rows : Rows
    batch_size : int
        Rows a step. A batch that holds all rows is not shuffled.
    shuffle : bool
        Whether each pass takes the rows in a new random order.
    rng : RandomState

    Yields
    ------
    record : dict of str to ndarray of shape (M,)
        ``epoch``, starting from 1; its ``lr``; ``loss`` and ``accuracy``, weighted means over the
        rows, each row scored just before the step that used it; ``mistakes``, the number of rows,
        of weight above 0, that did not lie on the side of their class then.
    step_losses : ndarray of shape (M, n_batches)
        Mean weighted loss of every batch, just before its step.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax._model.network import DenseNetwork
    >>> from sklearn_softmax._model.objective import Objective
    >>> from sklearn_softmax._training.epochs import State, epochs
    >>> from sklearn_softmax._training.hyperparameters import Hyperparameters
    >>> from sklearn_softmax._training.mini_batch import MiniBatchPass
    >>> from sklearn_softmax._training.optimizers import GradientDescent
    >>> from sklearn_softmax._training.rows import Rows
    >>> network, rows = DenseNetwork((2, 2)), Rows(np.eye(2), np.array([0, 1]))
    >>> objective = Objective(network, SoftmaxCrossEntropy())
    >>> one_pass = MiniBatchPass(objective, GradientDescent(), rows, batch_size=2)
    >>> values = Hyperparameters(*np.ones((2, 1)), *np.zeros((2, 1)))
    >>> state = State(network.parameters(float), {}, values)
    >>> passes = epochs(one_pass, state, rows, batch_size=2, shuffle=False, rng=None)
    >>> [round(float(record["loss"][0]), 3) for record, _ in (next(passes) for _ in "123")]
    [0.693, 0.474, 0.348]
    """
    ordered, starts = rows, np.arange(0, len(rows), batch_size)
    lengths = np.minimum(batch_size, len(rows) - starts)
    while True:
        if shuffle and batch_size < len(rows):
            ordered = rows.permuted(rng.permutation(len(rows)))
        hyperparameters = state.hyperparameters.in_epoch(state.epoch)
        arguments = state.params, state.optimizer_state, ordered, hyperparameters
        weights = ordered.relative_weights(hyperparameters.class_weight)
        # Not bound to a name, which would keep the figures of all rows until the next epoch.
        figures, sums = _summary(weights, starts, *one_pass(*arguments))
        state.epoch += 1
        lr = hyperparameters.lr
        yield {"epoch": np.full(len(lr), state.epoch), "lr": lr, **figures}, sums / lengths


def _summary(weights, starts, losses, is_correct):
    """Figures of an epoch, and sums over the losses of its steps, from the figures of its rows."""
    is_mistake = ~is_correct
    if weights.ndim:
        is_mistake &= weights > 0
        losses, is_correct = losses * weights, is_correct * weights
    n_rows, in_double = losses.shape[-1], {"axis": -1, "dtype": np.result_type(losses, np.float64)}
    figures = {
        "loss": np.add.reduce(losses, **in_double) / n_rows,
        "accuracy": np.add.reduce(is_correct, axis=-1, dtype=np.float64) / n_rows,
        "mistakes": np.add.reduce(is_mistake, axis=-1),
    }
    return figures, np.add.reduceat(losses, starts, **in_double)
