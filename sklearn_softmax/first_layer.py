"""Steps of a net whose first layer is shared out among threads.

From one step to the next, a unit of the first layer needs no other: from the gradient of its
weighted inputs follow that of its weights, the optimiser's step, and its weighted inputs for the
next batch. So every thread has units of its own, and the threads meet once a step, where one of
them takes the small later layers forward and back. Meanwhile a helper gathers the rows to come.
"""

from functools import partial
from itertools import pairwise

import numpy as np
from scipy import sparse

from sklearn_softmax.blas_threads import one_blas_thread
from sklearn_softmax.network import first_layer_gradient
from sklearn_softmax.products import weights_times_rows
from sklearn_softmax.threads import hired_helpers, n_threads

# Bytes of weights times rows of a batch for which meeting once a step is worth it; the optimiser's
# part takes as long as so many rows.
WORTH_SHARING, ROWS_OF_OPTIMIZER = 10**8, 100
# Bytes of weights that are worth more than two threads, and units that the BLAS takes at once.
LARGE_LAYER, N_UNITS = 2**22, 8
# Batches of which the rows are there: of this step, of the next, and of the one after, which a
# helper begins to gather when it is done with its part of this step.
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
        Never for a stack, for sparse rows, for a batch of more than a block, nor where the later
        layers are larger.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.first_layer import is_worth_sharing
    >>> from sklearn_softmax.rows import Rows
    >>> rows = Rows(np.zeros((200, 784)), np.zeros(200, int))
    >>> [is_worth_sharing([np.zeros((n_units, 784))], rows, 200) for n_units in (16, 256)]
    [False, True]
    """
    W = params[0]
    return (
        W.ndim == 2
        and len(W) >= 2 * N_UNITS
        and batch_size <= rows.BLOCK_SIZE
        and W.nbytes * (batch_size + ROWS_OF_OPTIMIZER) >= WORTH_SHARING
        and 2 * W.size > sum(p.size for p in params)
        and not sparse.issparse(rows.X)
    )


def shared_pass(objective, optimizer, state, rows, lr, batch_size):
    """Take one step a batch, through all rows once: for nets of which that is worth it.

    Parameters
    ----------
    objective : Objective
        Of a network with a hidden layer.
    optimizer : GradientDescent or Adam
    state : State
        Changed in place.
    rows : Rows
        In the order to take them.
    lr : float
    batch_size : int
        Rows a step, not more than there are.

    Returns
    -------
    losses : ndarray of shape (n_rows,)
        Loss of each row, not weighted, just before the step that used it.
    correct : ndarray of shape (n_rows,), bool
        Whether it lay on its own side then.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.first_layer import shared_pass
    >>> from sklearn_softmax.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax.network import DenseNetwork
    >>> from sklearn_softmax.objective import Objective
    >>> from sklearn_softmax.optimizers import GradientDescent
    >>> from sklearn_softmax.rows import Rows
    >>> from sklearn_softmax.training import State
    >>> network = DenseNetwork((2, 16, 2))
    >>> objective = Objective(network, SoftmaxCrossEntropy())
    >>> state = State(network.normal(np.random.RandomState(0), float), [])
    >>> rows = Rows(np.eye(2), np.array([0, 1]))
    >>> losses = [
    ...     shared_pass(objective, GradientDescent(), state, rows, 0.1, 2)[0].mean() for _ in "123"
    ... ]
    >>> bool(losses[0] > losses[1] > losses[2])
    True
    """
    n, params, y = len(rows), state.params, rows.y
    losses, correct = np.empty(n), np.empty(n, bool)
    shares = rows.shares(batch_size)
    batches = [slice(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    inputs = np.empty((len(params[0]), batch_size), params[0].dtype)
    layer = [_Units(units, objective, optimizer, state) for units in _units_of(params[0])]
    later = _later_layers(objective, optimizer, state)

    def begin_reading(i, helpers):
        """What will give the rows of a batch: none after the last."""
        if i == len(batches):
            return lambda: rows.X[:0]
        read = partial(rows.read, batches[i], i % N_BUFFERS)
        return helpers[-1].call(read).result if helpers else read

    n_helpers = min(n_threads(), len(layer)) - 1
    with one_blas_thread(), hired_helpers(n_helpers) as helpers:
        own, *of_helpers = (layer[i :: len(helpers) + 1] for i in range(len(helpers) + 1))
        X, next_rows = rows.read(batches[0]), begin_reading(1, helpers)
        for units in layer:
            units.write_inputs(X, inputs)
        for i, batch in enumerate(batches):
            m = batch.stop - batch.start
            share = shares[batch] if shares.ndim else shares
            losses[batch], correct[batch], gradient, dZ = objective.gradient_to_first(
                params, inputs[:, :m], y[batch], share
            )
            next_X = next_rows()
            step = partial(_step, X, dZ, lr, m / batch_size, next_X, inputs)
            outcomes = [helper.call(partial(step, of)) for helper, of in zip(helpers, of_helpers)]
            if i + 1 < len(batches):
                next_rows = begin_reading(i + 2, helpers)
            later.step(gradient, lr, m / batch_size)
            step(own)
            for outcome in outcomes:
                outcome.result()
            X = next_X
    optimizer.count(state.optimizer_state, len(batches))
    return losses, correct


def _units_of(W):
    """Slices of the units, as many each as far as the BLAS takes them at once."""
    n_shares = min(4 if W.nbytes > LARGE_LAYER else 2, len(W) // N_UNITS)
    ends = [round(len(W) * i / n_shares / N_UNITS) * N_UNITS for i in range(n_shares)] + [len(W)]
    return [slice(start, stop) for start, stop in pairwise(ends) if start < stop]


def _later_layers(objective, optimizer, state):
    of_first = objective.network.first_layer_params
    places = [(i, slice(None)) for i in range(len(state.params)) if i not in of_first]
    return _Parameters(places, objective, optimizer, state)


def _step(X, dZ, lr, fraction, next_X, inputs, layer):
    """Take a step with some units of the layer, and write what they get from the next rows."""
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
        if self.objective.is_penalised:
            self.objective.add_penalty_gradient(self.weights, gradient, fraction)
        self.optimizer.step(self.params, gradient, self.optimizer_state, lr)


class _Units(_Parameters):
    """Some units of the first layer."""

    def __init__(self, units, objective, optimizer, state):
        places = [(i, units) for i in objective.network.first_layer_params]
        super().__init__(places, objective, optimizer, state)
        self.units = units

    def write_inputs(self, X, inputs):
        """Write their weighted inputs for some rows among those of all units."""
        W, *b = self.params
        np.add(weights_times_rows(W, X), b[0] if b else 0, out=inputs[self.units, : X.shape[0]])

    def step_back(self, X, dZ, lr, fraction):
        """Take a step down the gradient of the weighted inputs of all units."""
        self.step(first_layer_gradient(dZ[self.units], X), lr, fraction)
