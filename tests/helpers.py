"""What several test files need."""

import json

import numpy as np
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import State, epochs
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.optimizers import Optimizer
from sklearn_softmax._training.rows import Rows


def random_params(network, rng, dtype=np.float64, n_models=1, scale=0.5):
    """Parameters that are all different from zero."""
    params = network.parameters(dtype, n_models)
    params.vector[...] = scale * rng.standard_normal(params.vector.shape)
    return params


def random_rows(rng, n=12, n_features=5, n_classes=3, weighted=False, sparse_X=False):
    """Rows in which every class occurs."""
    X = rng.standard_normal((n, n_features))
    y = rng.permutation(np.arange(n) % n_classes)
    weight = None
    if weighted:
        weight = rng.uniform(0, 2, n)
        weight *= n / weight.sum()
    return Rows(sparse.csr_array(X) if sparse_X else X, y, weight)


def hyperparameters(n_models=1, *, class_weight=None, **values):
    """One entry a model; a single number is the same for all."""
    given = {"lr": 0.1, "lr_decay": 1.0, "l2": 0.0, "momentum": 0.0, **values}
    arrays = {name: np.broadcast_to(value, n_models) for name, value in given.items()}
    return Hyperparameters(**arrays, class_weight=class_weight)


def starting_state(params, optimizer, **values):
    """A state in which no step has been taken."""
    known = hyperparameters(len(params.vector), **values)
    return State(params, optimizer.start(params.vector, known.momentum), known)


class Spy(Optimizer):
    """An optimiser that notes the gradient of each step, and takes none."""

    def __init__(self):
        self.gradients = []

    def step(self, vector, gradient, *others):
        self.gradients.append(gradient.copy())


def value_and_gradient(objective, params, rows, l2=0.0):
    """Full objective of each model, and its gradient, of all rows as one batch."""
    rate = {"dropout": 0.4} if objective.dropout else {}
    spy, values = Spy(), hyperparameters(len(params.vector), l2=l2, **rate)
    one_pass = MiniBatchPass(objective, spy, rows, len(rows))
    losses, _ = one_pass(params, {}, rows, values)
    weight = 1 if rows.weight is None else rows.weight
    value = np.mean(losses * weight, axis=-1) + objective.penalty(params, values.l2)
    return value, params.on(spy.gradients[0])


def train_epochs(
    network, params, rows, optimizer, n_epochs, *, batch_size=5, shuffle=True, seed=5, **values
):
    """State, and the records of all epochs with their step losses, of a network and softmax."""
    state = starting_state(params, optimizer, **values)
    batch_size = min(batch_size, len(rows))
    objective = Objective(network, SoftmaxCrossEntropy())
    one_pass = MiniBatchPass(objective, optimizer, rows, batch_size)
    rng = np.random.RandomState(seed)
    passes = epochs(one_pass, state, rows, batch_size=batch_size, shuffle=shuffle, rng=rng)
    made = (next(passes) for _ in range(n_epochs))
    return state, [{**record, "step_losses": step_losses} for record, step_losses in made]


def kept(path):
    """Records of the only measurement that a file of them holds."""
    (measured,) = json.loads(path.read_text()).values()
    return measured["records"]
