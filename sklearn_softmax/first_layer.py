"""Steps of a net whose first layer is shared out among threads.

From one step to the next, a unit of the first layer needs no other: from the gradient of its
weighted inputs follow that of its weights, the optimiser's step, and its weighted inputs for the
next batch. So every thread has units of its own, and meets the others once a step. Meanwhile one
thread does the later layers, and a helper that has nothing to do gathers the rows to come.
"""

from functools import partial

import numpy as np
from scipy import sparse

from sklearn_softmax.network import first_layer_gradient
from sklearn_softmax.products import weights_times_rows
from sklearn_softmax.threads import hired_helpers, n_threads, one_blas_thread

# Bytes of weights times rows of a batch for which meeting once a step is worth it; the optimiser's
# part takes as long as so many rows.
LARGE_STEP, ROWS_OF_OPTIMIZER = 10**8, 100
# Bytes of weights that are worth more than two threads, and units that are taken together.
LARGE_LAYER, N_UNITS = 2**22, 8
# The batch of this step, that of the next, and the one that is gathered meanwhile.
N_BUFFERS = 3


def is_worth_sharing(params, rows, batch_size):
    """Whether the first layer of a net should be shared out; does not depend on threads.

    Parameters
    ----------
    params : list of ndarray
        Those of one net, or of a stack.
    rows : Rows
    batch_size : int

    Returns
    -------
    is_worth_sharing : bool
    """
    W = params[0]
    return (
        W.ndim == 2
        and len(W) >= 2 * N_UNITS
        and batch_size <= rows.BLOCK_SIZE
        and W.nbytes * (batch_size + ROWS_OF_OPTIMIZER) >= LARGE_STEP
        and not sparse.issparse(rows.X)
    )


def shared_pass(objective, optimizer, state, rows, lr, batch_size):
    """Take one step a batch, through all rows once.

    Parameters and what is returned are those of
    :func:`sklearn_softmax.training.mini_batch_pass`.
    """
    n, params, y = len(rows), state.params, rows.y
    losses, correct = np.empty(n), np.empty(n, bool)
    shares = rows.shares(batch_size)
    batches = [slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    inputs = np.empty((len(params[0]), batch_size), params[0].dtype)
    layer = [_Units(units, objective, optimizer, state) for units in _units_of(params[0])]
    later = _Parameters(
        [(i, slice(None)) for i in range(len(params)) if i not in objective.network.first_layer],
        objective,
        optimizer,
        state,
    )

    def read_later(i, helpers):
        """What gives the rows of a batch; a helper gathers them when it is done with the rest."""
        if i == len(batches):
            return lambda: rows.X[:0]
        read = partial(rows.read, batches[i], i % N_BUFFERS)
        return helpers[-1].call(read).result if helpers else read

    with one_blas_thread(), hired_helpers(min(n_threads(), len(layer)) - 1) as helpers:
        own, *others = (layer[i :: len(helpers) + 1] for i in range(len(helpers) + 1))
        X, next_rows = rows.read(batches[0]), read_later(1, helpers)
        for units in layer:
            units.write_inputs(X, inputs)
        for i, batch in enumerate(batches):
            losses[batch], correct[batch], gradient, dZ = objective.gradient_to_first(
                params,
                inputs[:, : batch.stop - batch.start],
                y[batch],
                shares[batch] if shares.ndim else shares,
            )
            fraction = (batch.stop - batch.start) / batch_size
            next_X = next_rows()
            go_on = partial(_go_on, X, dZ, lr, fraction, next_X, inputs)
            outcomes = [helper.call(partial(go_on, of)) for helper, of in zip(helpers, others)]
            if next_X.shape[0]:
                next_rows = read_later(i + 2, helpers)
            later.step(gradient, lr, fraction)
            go_on(own)
            for outcome in outcomes:
                outcome.result()
            X = next_X
    optimizer.count(state.optimizer_state, len(batches))
    return losses, correct


def _units_of(W):
    """Slices of the units, of about the same size, in as many as the BLAS takes at once."""
    n_shares = 4 if W.nbytes > LARGE_LAYER else 2
    size = -(-len(W) // (n_shares * N_UNITS)) * N_UNITS
    return [slice(start, start + size) for start in range(0, len(W), size)]


def _go_on(X, dZ, lr, fraction, next_X, inputs, layer):
    for units in layer:
        units.step_back(X, dZ, lr, fraction)
        units.write_inputs(next_X, inputs)


class _Parameters:
    """Some of the parameters, or some rows of them, with their part of the optimiser's state.

    Parameters
    ----------
    places : list of (int, slice)
        Numbers of the arrays, weights first, and their rows.
    objective : Objective
    optimizer : GradientDescent or Adam
    state : State
        Changed in place.
    """

    def __init__(self, places, objective, optimizer, state):
        self.objective, self.optimizer = objective, optimizer
        self.params = [state.params[i][rows] for i, rows in places]
        self.weights = [
            state.params[i][rows] for i, rows in places if i < objective.network.n_layers
        ]
        self.optimizer_state = optimizer.part(state.optimizer_state, places)

    def step(self, gradient, lr, fraction):
        """Take a step down their gradient of the data term, which is used up."""
        self.objective.add_penalty_gradient(self.weights, gradient, fraction)
        self.optimizer.step(self.params, gradient, self.optimizer_state, lr)


class _Units(_Parameters):
    """Some units of the first layer."""

    def __init__(self, units, objective, optimizer, state):
        places = [(i, units) for i in objective.network.first_layer]
        super().__init__(places, objective, optimizer, state)
        self.units = units

    def write_inputs(self, X, inputs):
        """Write their weighted inputs for some rows among those of all units."""
        W, *b = self.params
        np.add(weights_times_rows(W, X), b[0] if b else 0, out=inputs[self.units, : X.shape[0]])

    def step_back(self, X, dZ, lr, fraction):
        """Take a step down the gradient of the weighted inputs of all units."""
        self.step(first_layer_gradient(dZ[self.units], X), lr, fraction)
