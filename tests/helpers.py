"""Helpers of tests of the model, training and benchmarks."""

import json
from itertools import islice

import numpy as np
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.scaling import feature_moments, feature_scaling
from sklearn_softmax._training.state import State


def random_params(network, rng, dtype=np.float64, n_models=1, scale=0.5):
    """Return parameters that are all different from zero."""
    params = network.parameters(dtype, n_models)
    params.vector[...] = scale * rng.standard_normal(params.vector.shape)
    return params


def random_rows(rng, n=12, n_features=5, n_classes=3, weighted=False, sparse_X=False):
    """Return rows in which every class occurs."""
    X = rng.standard_normal((n, n_features))
    y = rng.permutation(np.arange(n) % n_classes)
    weight = None
    if weighted:
        weight = rng.uniform(0, 2, n)
        weight *= n / weight.sum()
    return Rows(sparse.csr_array(X) if sparse_X else X, y, weight)


def hyperparameters(n_models=1, *, class_weight=None, **values):
    """Return hyperparameters from one value per model, or one for all."""
    values = {"lr": 0.1, "lr_decay": 1.0, "l2": 0.0, "momentum": 0.0, **values}
    arrays = {name: np.broadcast_to(value, n_models) for name, value in values.items()}
    class_weight = None if class_weight is None else np.array(class_weight)
    return Hyperparameters(**arrays, class_weight=class_weight)


def standard_scaling(rows, params, damping=0.0, **options):
    """Return the scaling of the first layer of parameters by the moments of rows."""
    return feature_scaling(
        feature_moments(rows, None, params.fit_intercept),
        n_outputs=params.layer_sizes[1],
        damping=np.broadcast_to(damping, len(params.vector)),
        dtype=params.vector.dtype,
        **options,
    )


def initial_state(params, optimizer, rows=None, **values):
    """Return the initial state of an optimizer, with feature scaling if it uses that."""
    values = hyperparameters(len(params.vector), **values)
    optimizer_state = optimizer.init(params.vector, values.momentum)
    if hasattr(optimizer_state, "scaling"):
        optimizer_state.scaling = standard_scaling(rows, params)
    return State(params, optimizer_state, values)


def train_epochs(
    network, params, rows, optimizer, n_epochs, *, batch_size=5, shuffle=True, seed=5, **values
):
    """Train a network with softmax; return the state and the result of each epoch."""
    state = initial_state(params, optimizer, rows, **values)
    batch_size = min(batch_size, len(rows))
    objective = Objective(network, SoftmaxCrossEntropy())
    train_pass = MiniBatchPass(objective, optimizer, batch_size)
    solver = EpochSolver(train_pass, batch_size, shuffle, np.random.RandomState(seed))
    return state, list(islice(solver.epochs(state, rows), n_epochs))


def read_records(path):
    """Return the records of a file that contains a single measurement."""
    (measured,) = json.loads(path.read_text()).values()
    return measured["records"]
