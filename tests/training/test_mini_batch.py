"""The pass over the rows against a plain NumPy loop, PyTorch, and models trained alone."""

import numpy as np
import pytest

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import take
from tests.helpers import (
    initial_state,
    random_params,
    random_rows,
    train_epochs,
)

# Optimizers with their hyperparameters.
PLAIN_OPTIMIZERS = {
    "gradient-descent": (GradientDescent(), {}),
    "momentum": (GradientDescent(), {"momentum": 0.9}),
    "nesterov": (GradientDescent(), {"momentum": 0.9, "nesterov": True}),
    "adam": (Adam(), {}),
}
OPTIMIZERS = PLAIN_OPTIMIZERS | {
    "averaged": (AveragedGradientDescent(), {}),
    "schedule-free": (ScheduleFree(GradientDescent()), {"momentum": 0.9}),
    "schedule-free-adam": (ScheduleFree(Adam(beta_1=0.0)), {"momentum": 0.9}),
}
each_plain_optimizer = pytest.mark.parametrize("name", PLAIN_OPTIMIZERS)
each_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)


@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("class_weight", [None, [[1.0, 2.0, 0.0]]], ids=["equal", "class-weights"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize(("batch_size", "shuffle"), [(4, True), (4, False), (12, True), (99, True)])
def test_epochs_equal_a_plain_loop(batch_size, shuffle, weighted, class_weight, sparse_X, rng):
    rows = random_rows(rng, n=22, weighted=weighted, sparse_X=sparse_X)
    X = rows.X.toarray() if sparse_X else rows.X
    network = DenseNetwork((5, 3))
    start = random_params(network, rng)
    W, b = start.weights[0][0].copy(), start.intercepts[0][0].copy()
    options = {"batch_size": batch_size, "shuffle": shuffle, "class_weight": class_weight}
    options |= {"lr": 0.3, "l2": 0.2, "lr_decay": 0.5}
    state, results = train_epochs(network, start, rows, GradientDescent(), 3, **options)
    order_rng = np.random.RandomState(5)
    weight = np.ones(22) if rows.weight is None else rows.weight
    weight = weight * (1 if class_weight is None else np.array(class_weight)[0, rows.y])
    weight *= 22 / weight.sum()
    size = min(batch_size, 22)
    for lr, result in zip((0.3, 0.15, 0.075), results):
        order = order_rng.permutation(22) if shuffle and batch_size < 22 else np.arange(22)
        losses, is_correct, step_losses = np.zeros(22), np.zeros(22, bool), []
        for first in range(0, 22, batch_size):
            i = order[first : first + batch_size]
            Z = W @ X[i].T + b
            A = np.exp(Z) / np.exp(Z).sum(axis=0)
            losses[i] = -np.log(A[rows.y[i], np.arange(len(i))])
            is_correct[i] = Z.argmax(axis=0) == rows.y[i]
            step_losses.append(np.mean(losses[i] * weight[i]))
            dZ = (A - np.eye(3)[:, rows.y[i]]) * weight[i] / size
            dW = dZ @ X[i] + 0.2 * len(i) / size * W
            W, b = W - lr * dW, b - lr * dZ.sum(axis=1, keepdims=True)
        record = result.record
        assert record["lr"] == pytest.approx(lr)
        assert record["loss"] == pytest.approx(np.average(losses, weights=weight))
        assert record["accuracy"] == pytest.approx(np.average(is_correct, weights=weight))
        assert record["mistakes"] == np.sum(~is_correct & (weight > 0))
        np.testing.assert_allclose(result.step_losses[0], step_losses, rtol=1e-10)
    np.testing.assert_allclose(state.params.weights[0][0], W, rtol=1e-10)
    np.testing.assert_allclose(state.params.intercepts[0][0], b, rtol=1e-10)


@pytest.mark.parametrize("block_size", [1, 7, 15])
def test_block_size_does_not_change_the_steps(block_size, rng, monkeypatch):
    rows, network = random_rows(rng, n=50, weighted=True), DenseNetwork((5, 6, 3))
    start, options = random_params(network, rng, n_models=3), {"batch_size": 30, "l2": 0.1}
    params = take(start, [0, 1, 2])
    expected, expected_results = train_epochs(network, params, rows, Adam(), 2, **options)
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    state, results = train_epochs(network, start, rows, Adam(), 2, **options)
    np.testing.assert_allclose(state.params.vector, expected.params.vector, rtol=1e-9)
    for result, other in zip(results, expected_results):
        np.testing.assert_allclose(result.step_losses, other.step_losses)
        np.testing.assert_array_equal(result.record["mistakes"], other.record["mistakes"])


@each_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_and_state_keep_their_dtype(dtype, name, rng):
    optimizer, values = OPTIMIZERS[name]
    rows, network = random_rows(rng, n=22, weighted=True), DenseNetwork((5, 6, 3))
    start, vectors = random_params(network, rng, n_models=2), []
    for rows_dtype in (np.float32, np.float64):
        params = start.replace_vector(start.vector.astype(dtype))
        converted = Rows(rows.X.astype(rows_dtype), rows.y, rows.weight)
        options = {"batch_size": 4, "l2": 0.1, "lr": 0.01, **values}
        state, _ = train_epochs(network, params, converted, optimizer, 2, **options)
        fitted = optimizer.fitted_params(params, state.optimizer_state)
        arrays = [a for a in vars(state.optimizer_state).values() if isinstance(a, np.ndarray)]
        assert {a.dtype for a in (params.vector, fitted.vector, *arrays)} == {np.dtype(dtype)}
        vectors.append(params.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-4, atol=1e-5)


# --- PyTorch ----------------------------------------------------------------------------------


@each_plain_optimizer
@pytest.mark.parametrize(
    ("hidden", "activation"), [((), "relu"), ((7,), "relu"), ((7, 4), "tanh"), ((20, 2), "sigmoid")]
)
def test_steps_equal_those_of_pytorch(hidden, activation, name, rng):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # several threads slow down small nets
    optimizer, values = PLAIN_OPTIMIZERS[name]
    rows = random_rows(rng, n=40)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    start = random_params(network, rng)
    modules = []
    activations = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
    for W, b in zip(start.weights, start.intercepts):
        linear = torch.nn.Linear(*W.shape[:0:-1], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W[0]))
            linear.bias.copy_(torch.from_numpy(b[0, :, 0]))
        modules += [linear, activations[activation]()]
    model = torch.nn.Sequential(*modules[:-1])
    if isinstance(optimizer, Adam):
        theirs = torch.optim.Adam(model.parameters(), lr=0.1)
    else:
        theirs = torch.optim.SGD(model.parameters(), 0.1, **values)
    X, y = torch.from_numpy(rows.X), torch.from_numpy(rows.y)
    for first in list(range(0, 40, 8)) * 10:
        i = slice(first, first + 8)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(model(X[i]), y[i]).backward()
        theirs.step()
    options = {"batch_size": 8, "shuffle": False, **values}
    state, _ = train_epochs(network, start, rows, optimizer, 10, **options)
    for W, b, linear in zip(state.params.weights, state.params.intercepts, modules[::2]):
        np.testing.assert_allclose(W[0], linear.weight.detach().numpy(), atol=1e-10)
        np.testing.assert_allclose(b[0, :, 0], linear.bias.detach().numpy(), atol=1e-10)


# --- speed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)], ids=str)
def test_a_step_has_two_matrix_products_and_three_per_hidden_layer(
    hidden, n_models, rng, monkeypatch
):
    matmul, products = np.matmul, []

    def recorded_matmul(*args, out):
        products.append(out.shape)
        return matmul(*args, out=out)

    rows, network = random_rows(rng, n=10), DenseNetwork((5, *hidden, 3))
    start = random_params(network, rng, n_models=n_models)
    monkeypatch.setattr(np, "matmul", recorded_matmul)
    train_epochs(network, start, rows, Adam(), 1, l2=0.1)
    assert len(products) == 2 * (2 + 3 * len(hidden))


def test_later_passes_allocate_no_workspace(rng, monkeypatch):
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    params, optimizer = random_params(network, rng), GradientDescent()
    train_pass = MiniBatchPass(Objective(network, SoftmaxCrossEntropy()), optimizer, 4)
    state = initial_state(params, optimizer)
    train_pass(params, state.optimizer_state, rows, state.hyperparameters)
    monkeypatch.delattr("sklearn_softmax._model.network.Workspace.__init__")
    train_pass(params, state.optimizer_state, rows, state.hyperparameters)
