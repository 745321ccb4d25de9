"""Mini-batch training: a pass, a generator of epochs, and a fold over it.

:func:`mini_batch_pass` slices the rows into batches and takes a step for each.
:func:`epochs` shuffles, has a pass made, and yields its record; it goes on for ever, so
an epoch cannot depend on how many there will be. :func:`train` takes as many as it
needs from it, and validates, records and stops.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial, reduce
from itertools import islice

import numpy as np

from sklearn_softmax.blas_threads import one_blas_thread
from sklearn_softmax.first_layer import is_worth_sharing, shared_pass
from sklearn_softmax.threads import n_threads, one_after_the_other, side_by_side

# Multiplications of a step's forward pass from which threads of our own are worth it.
LARGE_STEP = 2**20
# Numbers in a model, or a stack, of which even less than a block of rows is worth a thread.
LARGE_MODEL = 2**17
# Times that a large batch is halved among threads.
N_HALVINGS = 2


@dataclass
class State:
    """What moves during training; all that is needed to go on later.

    Parameters
    ----------
    params : list of ndarray
        Parameters of the network, changed in place.
    optimizer_state : object
        What the optimiser's ``start`` returned, changed in place.
    epoch : int, default=0
        Epochs run so far.
    """

    params: list
    optimizer_state: object
    epoch: int = 0


@dataclass(frozen=True)
class Epoch:
    """Record of one pass; with a stack of M models, each figure has shape (M,).

    Parameters
    ----------
    number : int
        Starting from 1.
    lr : float
        Learning rate of this epoch.
    loss, accuracy : float
        Weighted means over the rows, each row scored just before the step that
        used it.
    n_mistakes : int
        Rows, of weight above 0, that did not lie on their own side then.
    step_losses : ndarray of shape (..., n_batches)
        Mean weighted loss of every batch, just before its step.
    """

    number: int
    lr: float
    loss: float
    accuracy: float
    n_mistakes: int
    step_losses: np.ndarray


def epochs(one_pass, state, rows, *, lr, lr_decay, batch_size, shuffle, rng):
    """Yield after each pass over the rows, for ever.

    Parameters
    ----------
    one_pass : callable
        ``one_pass(state, rows, lr, batch_size) -> losses, correct`` takes the rows in
        their order, a batch a step, and tells the loss of each row and whether it lay on
        its own side, just before the step that used it: :func:`mini_batch_pass` for an
        objective and an optimiser.
    state : State
        Changed in place.
    rows : Rows
    lr : float or ndarray of shape (M, 1, 1)
        Learning rate of the first epoch.
    lr_decay : float or ndarray of shape (M, 1, 1)
        Factor applied to it after each epoch.
    batch_size : int
        Rows a step. A batch that holds all rows is not shuffled.
    shuffle : bool
        Whether each pass takes the rows in a new random order.
    rng : RandomState

    Yields
    ------
    epoch : Epoch

    Examples
    --------
    >>> from functools import partial
    >>> import numpy as np
    >>> from sklearn_softmax.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax.network import DenseNetwork
    >>> from sklearn_softmax.objective import Objective
    >>> from sklearn_softmax.optimizers import GradientDescent
    >>> from sklearn_softmax.rows import Rows
    >>> from sklearn_softmax.training import State, epochs, mini_batch_pass
    >>> network = DenseNetwork((2, 2))
    >>> objective = Objective(network, SoftmaxCrossEntropy())
    >>> passes = epochs(
    ...     partial(mini_batch_pass, objective, GradientDescent()),
    ...     State(network.zeros(float), []), Rows(np.eye(2), np.array([0, 1])),
    ...     lr=1.0, lr_decay=1.0, batch_size=2, shuffle=False, rng=None,
    ... )
    >>> [round(float(next(passes).loss), 3) for _ in range(3)]
    [0.693, 0.474, 0.348]
    """
    while True:
        ordered = rows
        if shuffle and batch_size < len(rows):
            ordered = rows.permuted(rng.permutation(len(rows)))
        rate = lr * lr_decay**state.epoch
        # NumPy multiplies faster by an array than by a Python number.
        step_size = np.asarray(rate, state.params[0].dtype)
        losses, correct = one_pass(state, ordered, step_size, batch_size)
        state.epoch += 1
        yield _record(state.epoch, rate, ordered, losses, correct, batch_size)


def _record(number, lr, rows, losses, correct, batch_size):
    mistakes = ~correct
    if rows.weight is not None:
        mistakes &= rows.weight > 0
        mean_weights = rows.weight / (rows.total_weight / len(rows))
        losses, correct = losses * mean_weights, correct * mean_weights
    starts = np.arange(0, len(rows), batch_size)
    lengths = np.diff(starts, append=len(rows))
    return Epoch(
        number=number,
        lr=lr[..., 0, 0] if np.ndim(lr) else lr,
        loss=losses.mean(axis=-1),
        accuracy=correct.mean(axis=-1),
        n_mistakes=np.count_nonzero(mistakes, axis=-1),
        step_losses=np.add.reduceat(losses, starts, axis=-1) / lengths,
    )


def mini_batch_pass(objective, optimizer, state, rows, lr, batch_size):
    """Take one step a batch, through all rows once.

    Parameters
    ----------
    objective : Objective
    optimizer : GradientDescent or Adam
    state : State
        Changed in place.
    rows : Rows
        In the order to take them.
    lr : float or ndarray of shape (M, 1, 1)
    batch_size : int
        Rows a step. The gradient of a last batch with fewer counts in proportion, so
        that the optimum does not depend on the order of the rows.

    Returns
    -------
    losses : ndarray of shape (..., n_rows)
        Loss of each row, not weighted, just before the step that used it.
    correct : ndarray of shape (..., n_rows), bool
        Whether it lay on its own side then.
    """
    n, params, y = len(rows), state.params, rows.y
    batch_size = min(batch_size, n)
    if objective.network.n_layers > 1 and is_worth_sharing(params, rows, batch_size):
        return shared_pass(objective, optimizer, state, rows, lr, batch_size)
    shares = rows.shares(batch_size)
    shape = (*params[0].shape[:-2], n)
    losses, correct = np.empty(shape), np.empty(shape, bool)

    def gradient_of(block, buffer_number):
        share = shares[block] if shares.ndim else shares
        losses[..., block], correct[..., block], gradient = objective.gradient(
            params, rows.read(block, buffer_number), y[block], share
        )
        return gradient

    weights, n_parameters = objective.network.weights(params), sum(p.size for p in params)
    # Masks are drawn in the order of the blocks, so with dropout one thread does all.
    is_shared_out = (
        batch_size > rows.BLOCK_SIZE
        and batch_size * n_parameters > LARGE_STEP
        and objective.dropout is None
    )
    n_blocks = 2**N_HALVINGS if is_shared_out and n_parameters > LARGE_MODEL else 1
    buffer_numbers = range(n_threads() if is_shared_out else 1)
    with one_blas_thread() if is_shared_out else nullcontext():
        for start in range(0, n, batch_size):
            stop = min(start + batch_size, n)
            blocks = rows.blocks(start, stop, n_blocks)
            gradient = _sum_by_halves(gradient_of, blocks, buffer_numbers)
            if objective.is_penalised:
                fraction = (stop - start) / batch_size
                objective.add_penalty_gradient(weights, gradient, fraction)
            optimizer.step(params, gradient, state.optimizer_state, lr)
    return losses, correct


def _sum_by_halves(gradient_of, blocks, buffer_numbers, n_halvings=N_HALVINGS):
    """Gradient over some blocks, by a thread for each buffer; the same sums for any number."""
    if len(blocks) == 1:
        return gradient_of(blocks[0], buffer_numbers[0])
    if n_halvings == 0:
        return reduce(_add, (gradient_of(block, buffer_numbers[0]) for block in blocks))

    def half(i):
        own = buffer_numbers[i::2] or buffer_numbers
        return _sum_by_halves(gradient_of, blocks[i::2], own, n_halvings - 1)

    together = side_by_side if len(buffer_numbers) > 1 else one_after_the_other
    return _add(*together(partial(half, 0), partial(half, 1)))


def _add(gradient, part):
    for g, p in zip(gradient, part):
        g += p
    return gradient


def train(passes, state, *, n_epochs, measure, patience=None, on_epoch_end):
    """Run epochs until there were enough, or patience or a callback ends it.

    Parameters
    ----------
    passes : iterator of Epoch
        From :func:`epochs`.
    state : State
        The one that ``passes`` moves. Ends with the parameters of the lowest
        validation loss where ``patience`` is given, else with the last ones.
    n_epochs : int
        Most epochs to run.
    measure : callable
        ``measure(epoch, params) -> dict`` of figures to record after each epoch, with
        ``"val_loss"`` among them where ``patience`` is given.
    patience : Patience or None, default=None
        Ends training when exhausted.
    on_epoch_end : callable
        ``on_epoch_end(record) -> bool``, called with each epoch's record; a true
        answer ends training.

    Returns
    -------
    history : list of dict
        One record an epoch: ``epoch``, ``lr``, ``loss``, ``accuracy`` and what
        ``measure`` gave.
    step_losses : list of ndarray
        Losses of the batches of each epoch.
    """
    history, step_losses = [], []
    best_params = None
    for epoch in islice(passes, n_epochs):
        record = {
            "epoch": epoch.number,
            "lr": epoch.lr,
            "loss": epoch.loss,
            "accuracy": epoch.accuracy,
            **measure(epoch, state.params),
        }
        history.append(record)
        step_losses.append(epoch.step_losses)
        if patience is not None and patience.is_best(record["val_loss"]):
            best_params = [p.copy() for p in state.params]
        asked_to_stop = on_epoch_end(record)
        if asked_to_stop or (patience is not None and patience.exhausted):
            break
    if best_params is not None:
        for p, best in zip(state.params, best_params):
            p[...] = best
    return history, step_losses
