"""The pass over the rows against a plain NumPy loop, PyTorch, and models trained alone."""

import sys

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import take
from tests.helpers import (
    hyperparameters,
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
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("batch_size", [4, 12, 100])
def test_an_epoch_equals_a_plain_loop(batch_size, weighted, sparse_X, rng):
    rows = random_rows(rng, n=22, weighted=weighted, sparse_X=sparse_X)
    X = rows.X.toarray() if sparse_X else rows.X
    network = DenseNetwork((5, 3))
    start = random_params(network, rng)
    W, b = start.weights[0][0].copy(), start.intercepts[0][0].copy()
    options = {"batch_size": batch_size, "lr": 0.3, "l2": 0.2, "lr_decay": 0.5}
    state, results = train_epochs(network, start, rows, GradientDescent(), 3, **options)
    order_rng = np.random.RandomState(5)
    weight = np.ones(22) if rows.weight is None else rows.weight
    size = min(batch_size, 22)
    for lr, result in zip((0.3, 0.15, 0.075), results):
        order = order_rng.permutation(22) if batch_size < 22 else np.arange(22)
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
        assert record["mistakes"] == np.sum(~is_correct)
        np.testing.assert_allclose(result.step_losses[0], step_losses, rtol=1e-10)
    np.testing.assert_allclose(state.params.weights[0][0], W, rtol=1e-10)
    np.testing.assert_allclose(state.params.intercepts[0][0], b, rtol=1e-10)


def test_losses_are_in_the_order_of_the_rows(rng):
    rows = random_rows(rng, n=22, weighted=True)
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng, n_models=2)
    train_pass = MiniBatchPass(objective, GradientDescent(), 4)
    state = initial_state(params, GradientDescent(), lr=0.0)
    scores = objective.network.raw_scores(params, rows.X)
    for order in (np.arange(22), rng.permutation(22)):
        ordered = rows.permute(order)
        losses, is_correct = train_pass(
            params, state.optimizer_state, ordered, state.hyperparameters
        )
        expected, _ = objective.loss(scores[..., order], rows.y[order])
        np.testing.assert_allclose(losses, expected, rtol=1e-12)
        np.testing.assert_array_equal(is_correct, scores[..., order].argmax(1) == rows.y[order])


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "one-hidden"])
@pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])
@pytest.mark.parametrize("block_size", [1, 7, 15])
def test_blocks_do_not_change_a_batch(block_size, n_models, hidden, rng, monkeypatch):
    rows = random_rows(rng, n=50, weighted=True)
    network = DenseNetwork((5, *hidden, 3))
    start = random_params(network, rng, n_models=n_models)
    options = {"batch_size": 30, "l2": 0.1}
    copied = start.replace_vector(start.vector.copy())
    expected, expected_results = train_epochs(network, copied, rows, Adam(), 2, **options)
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    state, results = train_epochs(network, start, rows, Adam(), 2, **options)
    np.testing.assert_allclose(state.params.vector, expected.params.vector, rtol=1e-9)
    for result, other in zip(results, expected_results):
        np.testing.assert_allclose(result.step_losses, other.step_losses)
        np.testing.assert_array_equal(result.record["mistakes"], other.record["mistakes"])


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "one-hidden"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@each_optimizer
def test_a_stack_trains_like_its_members(name, sparse_X, fit_intercept, hidden, rng):
    optimizer, fixed = OPTIMIZERS[name]
    rows = random_rows(rng, n=30, weighted=True, sparse_X=sparse_X)
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    start = random_params(network, rng, n_models=4)
    values = {
        "lr": np.array([0.01, 0.05, 0.1, 0.2]),
        "l2": np.array([0.0, 0.1, 0.0, 1.0]),
        "lr_decay": np.array([0.9, 0.9, 1.0, 0.8]),
        "momentum": np.array([0.0, 0.5, 0.9, 0.9]) * bool(fixed.get("momentum")),
        "nesterov": np.full(4, fixed.get("nesterov", False)),
    }

    def train(models):
        options = {name: value[models] for name, value in values.items()}
        params = take(start, models)
        return train_epochs(network, params, rows, optimizer, 8, batch_size=7, seed=1, **options)

    together, results = train([0, 1, 2, 3])
    fitted = optimizer.fitted_params(together.params, together.optimizer_state)
    for i in range(4):
        alone, results_alone = train([i])
        fitted_alone = optimizer.fitted_params(alone.params, alone.optimizer_state)
        pairs = (together.params, alone.params), (fitted, fitted_alone)
        for params, expected in pairs:
            np.testing.assert_allclose(params.vector[i], expected.vector[0], rtol=1e-12, atol=1e-14)
        for (record, step_losses), (expected, step_losses_alone) in zip(results, results_alone):
            assert record["lr"][i] == expected["lr"][0]
            assert record["accuracy"][i] == pytest.approx(expected["accuracy"][0])
            np.testing.assert_allclose(record["loss"][i], expected["loss"][0], rtol=1e-12)
            np.testing.assert_allclose(step_losses[i], step_losses_alone[0], rtol=1e-12)


def test_all_models_of_a_stack_drop_the_same_units(rng):
    rows, network = random_rows(rng, n=30), DenseNetwork((5, 6, 3))
    start = random_params(network, rng)
    vectors = []
    for n_models in (1, 3):
        dropout = Dropout(np.random.default_rng(0))
        objective = Objective(network, SoftmaxCrossEntropy(), dropout)
        params = take(start, [0] * n_models)
        state = initial_state(params, Adam(), dropout=0.5)
        train_pass = MiniBatchPass(objective, Adam(), 7)
        train_pass(params, state.optimizer_state, rows, state.hyperparameters)
        vectors.append(params.vector)
    for vector in vectors[1]:
        np.testing.assert_allclose(vector, vectors[0][0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_class_weights_of_a_model_are_weights_of_its_rows(weighted, rng):
    rows, network = random_rows(rng, n=30, weighted=weighted), DenseNetwork((5, 6, 3))
    start = random_params(network, rng, n_models=2)
    class_weight = np.array([[1.0, 2.0, 0.0], [0.5, 1.0, 3.0]])
    params, options = take(start, [0, 1]), {"batch_size": 7, "l2": 0.1}
    train_epochs(network, params, rows, Adam(), 2, class_weight=class_weight, **options)
    for i in range(2):
        weight = class_weight[i, rows.y] * (1 if rows.weight is None else rows.weight)
        alone, weighted_rows = take(start, [i]), Rows(rows.X, rows.y, weight)
        train_epochs(network, alone, weighted_rows, Adam(), 2, **options)
        np.testing.assert_allclose(params.vector[i], alone.vector[0], rtol=1e-12, atol=1e-14)


def test_a_pass_trains_stacks_of_any_size(rng):
    """As in a run whose models are retired."""
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    start, optimizer = random_params(network, rng, n_models=3), GradientDescent()
    objective = Objective(network, SoftmaxCrossEntropy())
    train_pass = MiniBatchPass(objective, optimizer, 4)
    for models in ([0, 1, 2], [0, 2], [1], [0, 1, 2]):
        params, expected = take(start, models), take(start, models)
        values = hyperparameters(len(models))
        state = optimizer.init(params.vector, values.momentum)
        train_pass(params, state, rows, values)
        MiniBatchPass(objective, optimizer, 4)(expected, state, rows, values)
        np.testing.assert_array_equal(params.vector, expected.vector)


@pytest.mark.parametrize("layout", [np.asfortranarray, sparse.csr_array], ids=["Fortran", "CSR"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_memory_layout_of_X_has_no_effect(shuffle, layout, rng):
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    start = random_params(network, rng, n_models=2)
    vectors = []
    for X in (rows.X, layout(rows.X)):
        params = take(start, [0, 1])
        train_epochs(network, params, Rows(X, rows.y), Adam(), 3, batch_size=4, shuffle=shuffle)
        vectors.append(params.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-10, atol=1e-13)


def test_rows_are_unchanged(rng):
    rows = random_rows(rng, n=22, weighted=True)
    for array in (rows.X, rows.y, rows.weight):
        array.flags.writeable = False
    network = DenseNetwork((5, 6, 3))
    train_epochs(network, random_params(network, rng), rows, Adam(), 2, batch_size=4)


@each_optimizer
def test_single_precision_stays_single(name, rng):
    rows = random_rows(rng, n=22, weighted=True)
    rows = Rows(rows.X.astype(np.float32), rows.y, rows.weight)
    network = DenseNetwork((5, 6, 3))
    start = random_params(network, rng, np.float32, n_models=2)
    optimizer, values = OPTIMIZERS[name]
    state, _ = train_epochs(network, start, rows, optimizer, 2, batch_size=4, l2=0.1, **values)
    fitted = optimizer.fitted_params(state.params, state.optimizer_state)
    arrays = [a for a in vars(state.optimizer_state).values() if isinstance(a, np.ndarray)]
    assert {a.dtype for a in (state.params.vector, fitted.vector, *arrays)} == {
        np.dtype(np.float32)
    }


@each_optimizer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_another_dtype_do_not_change_that_of_the_parameters(dtype, name, rng):
    optimizer, values = OPTIMIZERS[name]
    rows, network = random_rows(rng, n=22, weighted=True), DenseNetwork((5, 6, 3))
    start, vectors = random_params(network, rng, n_models=2), []
    for rows_dtype in (np.float32, np.float64):
        params = start.replace_vector(start.vector.astype(dtype))
        converted = Rows(rows.X.astype(rows_dtype), rows.y, rows.weight)
        options = {"batch_size": 4, "l2": 0.1, "lr": 0.01, **values}
        train_epochs(network, params, converted, optimizer, 2, **options)
        assert params.vector.dtype == dtype
        vectors.append(params.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-4, atol=1e-5)


# --- PyTorch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_steps", [1, 50])
@each_plain_optimizer
@pytest.mark.parametrize(
    ("hidden", "activation"),
    [
        ((), "relu"),
        ((7,), "relu"),
        ((7,), "sigmoid"),
        ((7, 4), "tanh"),
        ((20,), "relu"),
        ((20, 2), "sigmoid"),
    ],
)
def test_steps_equal_those_of_pytorch(hidden, activation, name, n_steps, rng):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # several threads slow down small nets
    optimizer, values = PLAIN_OPTIMIZERS[name]
    rows = random_rows(rng, n=40)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    start = random_params(network, rng)
    modules = []
    for W, b in zip(start.weights, start.intercepts):
        linear = torch.nn.Linear(*W.shape[:0:-1], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W[0]))
            linear.bias.copy_(torch.from_numpy(b[0, :, 0]))
        modules += [
            linear,
            {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}.get(activation, torch.nn.Tanh)(),
        ]
    model = torch.nn.Sequential(*modules[:-1])
    if isinstance(optimizer, Adam):
        theirs = torch.optim.Adam(model.parameters(), lr=0.1)
    else:
        theirs = torch.optim.SGD(model.parameters(), 0.1, **values)
    X, y = torch.from_numpy(rows.X), torch.from_numpy(rows.y)
    for step in range(n_steps):
        i = slice(step % 5 * 8, step % 5 * 8 + 8)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(model(X[i]), y[i]).backward()
        theirs.step()
    short = Rows(rows.X[:8], rows.y[:8]) if n_steps == 1 else rows
    n_epochs = 1 if n_steps == 1 else 10
    options = {"batch_size": 8, "shuffle": False, **values}
    state, _ = train_epochs(network, start, short, optimizer, n_epochs, **options)
    for W, b, linear in zip(state.params.weights, state.params.intercepts, modules[::2]):
        np.testing.assert_allclose(W[0], linear.weight.detach().numpy(), atol=1e-10)
        np.testing.assert_allclose(b[0, :, 0], linear.bias.detach().numpy(), atol=1e-10)


# --- speed ------------------------------------------------------------------------------------


def functions_below_the_pass():
    """Return the names of the functions from the pass down to the caller."""
    frame, names = sys._getframe(2), []
    while frame.f_code is not MiniBatchPass.__call__.__code__:
        names.insert(0, frame.f_code.co_name)
        frame = frame.f_back
    return ["MiniBatchPass", *names]


@pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)], ids=str)
def test_from_the_pass_to_a_matrix_product_are_at_most_three_calls(
    hidden, n_models, rng, monkeypatch
):
    matmul, functions = np.matmul, []

    def recorded_matmul(*args, **kwargs):
        functions.append(functions_below_the_pass())
        return matmul(*args, **kwargs)

    rows, network = random_rows(rng, n=10), DenseNetwork((5, *hidden, 3))
    start = random_params(network, rng, n_models=n_models)
    monkeypatch.setattr(np, "matmul", recorded_matmul)
    train_epochs(network, start, rows, Adam(), 1, l2=0.1)
    products_per_step = 2 + 3 * len(hidden)
    assert len(functions) == 2 * products_per_step
    assert max(map(len, functions)) <= 3, functions


def test_later_passes_allocate_no_workspace(rng, monkeypatch):
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    params, optimizer = random_params(network, rng), GradientDescent()
    train_pass = MiniBatchPass(Objective(network, SoftmaxCrossEntropy()), optimizer, 4)
    state = initial_state(params, optimizer)
    train_pass(params, state.optimizer_state, rows, state.hyperparameters)
    monkeypatch.delattr("sklearn_softmax._model.network.Workspace.__init__")
    train_pass(params, state.optimizer_state, rows, state.hyperparameters)
