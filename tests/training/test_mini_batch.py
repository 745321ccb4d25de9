"""The pass over the rows: against a plain NumPy loop, PyTorch, and models trained alone."""

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
from tests.helpers import (
    Spy,
    hyperparameters,
    random_params,
    random_rows,
    starting_state,
    train_epochs,
    value_and_gradient,
)


class LookingAhead(GradientDescent):
    """Gradient descent all of whose models look ahead."""

    def step(self, vector, gradient, state, lr, momentum, look_ahead=None):
        super().step(vector, gradient, state, lr, momentum, momentum)


OPTIMIZERS = [
    (GradientDescent(), 0.0),
    (GradientDescent(), 0.9),
    (LookingAhead(), 0.9),
    (Adam(), 0.0),
]
each_optimizer = pytest.mark.parametrize(("optimizer", "momentum"), OPTIMIZERS, ids=repr)


@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("batch_size", [4, 12, 100])
def test_epoch_equals_a_plain_loop(batch_size, weighted, sparse_X, rng):
    rows = random_rows(rng, n=22, weighted=weighted, sparse_X=sparse_X)
    X = rows.X.toarray() if sparse_X else rows.X
    network = DenseNetwork((5, 3))
    start = random_params(network, rng)
    W, b = start.weights[0][0].copy(), start.intercepts[0][0].copy()
    state, records = train_epochs(
        network,
        start,
        rows,
        GradientDescent(),
        3,
        batch_size=batch_size,
        lr=0.3,
        l2=0.2,
        lr_decay=0.5,
    )
    order_rng = np.random.RandomState(5)
    weight = np.ones(22) if rows.weight is None else rows.weight
    size = min(batch_size, 22)
    for lr, record in zip((0.3, 0.15, 0.075), records):
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
        assert record["lr"] == pytest.approx(lr)
        assert record["loss"] == pytest.approx(np.average(losses, weights=weight))
        assert record["accuracy"] == pytest.approx(np.average(is_correct, weights=weight))
        assert record["mistakes"] == np.sum(~is_correct)
        np.testing.assert_allclose(record["step_losses"][0], step_losses, rtol=1e-10)
    np.testing.assert_allclose(state.params.weights[0][0], W, rtol=1e-10)
    np.testing.assert_allclose(state.params.intercepts[0][0], b, rtol=1e-10)


def test_losses_stand_in_the_order_of_the_rows(rng):
    rows = random_rows(rng, n=22, weighted=True)
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng, n_models=2)
    one_pass = MiniBatchPass(objective, Spy(), rows, 4)
    scores = objective.network.scores(params, rows.X)
    for order in (np.arange(22), rng.permutation(22)):
        ordered = rows.permuted(order)
        losses, is_correct = one_pass(params, {}, ordered, hyperparameters(2))
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
    whole, records = train_epochs(
        network, start.on(start.vector.copy()), rows, Adam(), 2, **options
    )
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    blocks, records_of_blocks = train_epochs(network, start, rows, Adam(), 2, **options)
    np.testing.assert_allclose(blocks.params.vector, whole.params.vector, rtol=1e-9)
    for record, of_blocks in zip(records, records_of_blocks):
        np.testing.assert_allclose(of_blocks["step_losses"], record["step_losses"])
        np.testing.assert_array_equal(of_blocks["mistakes"], record["mistakes"])


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "one-hidden"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@each_optimizer
def test_stack_trains_as_its_members_do(optimizer, momentum, sparse_X, fit_intercept, hidden, rng):
    rows = random_rows(rng, n=30, weighted=True, sparse_X=sparse_X)
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    start = random_params(network, rng, n_models=4)
    values = {
        "lr": np.array([0.01, 0.05, 0.1, 0.2]),
        "l2": np.array([0.0, 0.1, 0.0, 1.0]),
        "momentum": np.array([0.0, 0.5, 0.9, 0.9]) * (momentum > 0),
        "lr_decay": np.array([0.9, 0.9, 1.0, 0.8]),
    }

    def train(models):
        of_models = {name: value[models] for name, value in values.items()}
        params = start.of_models(models)
        return train_epochs(network, params, rows, optimizer, 8, batch_size=7, seed=1, **of_models)

    together, records = train([0, 1, 2, 3])
    for i in range(4):
        alone, records_alone = train([i])
        np.testing.assert_allclose(
            together.params.vector[i], alone.params.vector[0], rtol=1e-12, atol=1e-14
        )
        for record, record_alone in zip(records, records_alone):
            assert record["lr"][i] == record_alone["lr"][0]
            assert record["accuracy"][i] == pytest.approx(record_alone["accuracy"][0])
            for name in ("loss", "step_losses"):
                np.testing.assert_allclose(record[name][i], record_alone[name][0], rtol=1e-12)


def test_all_models_of_a_stack_drop_the_same_units(rng):
    rows, network = random_rows(rng, n=30), DenseNetwork((5, 6, 3))
    start = random_params(network, rng)
    vectors = []
    for n_models in (1, 3):
        dropout = Dropout(np.random.default_rng(0))
        objective = Objective(network, SoftmaxCrossEntropy(), dropout)
        params = start.of_models([0] * n_models)
        state = starting_state(params, Adam(), dropout=0.5)
        one_pass = MiniBatchPass(objective, Adam(), rows, 7)
        one_pass(params, state.optimizer_state, rows, state.hyperparameters)
        vectors.append(params.vector)
    for vector in vectors[1]:
        np.testing.assert_allclose(vector, vectors[0][0], rtol=1e-12, atol=1e-14)


def test_a_pass_serves_stacks_of_any_size(rng):
    """As when models leave the run from one epoch to the next."""
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    start, optimizer = random_params(network, rng, n_models=3), GradientDescent()
    objective = Objective(network, SoftmaxCrossEntropy())
    one_pass = MiniBatchPass(objective, optimizer, rows, 4)
    for models in ([0, 1, 2], [0, 2], [1], [0, 1, 2]):
        params, alone = start.of_models(models), start.of_models(models)
        one_pass(params, {}, rows, hyperparameters(len(models)))
        fresh_pass = MiniBatchPass(objective, optimizer, rows, 4)
        fresh_pass(alone, {}, rows, hyperparameters(len(models)))
        np.testing.assert_array_equal(params.vector, alone.vector)


@pytest.mark.parametrize("layout", [np.asfortranarray, sparse.csr_array], ids=["Fortran", "CSR"])
@pytest.mark.parametrize("shuffle", [False, True])
def test_the_layout_of_X_does_not_matter(shuffle, layout, rng):
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    start = random_params(network, rng, n_models=2)
    vectors = []
    for X in (rows.X, layout(rows.X)):
        params, like = start.of_models([0, 1]), Rows(X, rows.y)
        train_epochs(network, params, like, Adam(), 3, batch_size=4, shuffle=shuffle)
        vectors.append(params.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-10, atol=1e-13)


def test_rows_are_never_written(rng):
    rows = random_rows(rng, n=22, weighted=True)
    for array in (rows.X, rows.y, rows.weight):
        array.flags.writeable = False
    network = DenseNetwork((5, 6, 3))
    train_epochs(network, random_params(network, rng), rows, Adam(), 2, batch_size=4)


def test_single_precision_stays_single(rng):
    rows = random_rows(rng, n=22, weighted=True)
    rows = Rows(rows.X.astype(np.float32), rows.y, rows.weight)
    network = DenseNetwork((5, 6, 3))
    start = random_params(network, rng, np.float32, n_models=2)
    state, _ = train_epochs(network, start, rows, Adam(), 2, batch_size=4, l2=0.1)
    assert state.params.vector.dtype == np.float32
    assert {state.optimizer_state[name].dtype for name in "mv"} == {np.dtype(np.float32)}


@each_optimizer
@pytest.mark.parametrize("of_params", [np.float32, np.float64])
def test_rows_of_another_precision_leave_that_of_the_parameters(
    of_params, optimizer, momentum, rng
):
    of_rows = np.float64 if of_params == np.float32 else np.float32
    rows, network = random_rows(rng, n=22, weighted=True), DenseNetwork((5, 6, 3))
    start, vectors = random_params(network, rng, n_models=2), []
    for dtype in (of_params, of_rows):
        params = start.on(start.vector.astype(of_params))
        like = Rows(rows.X.astype(dtype), rows.y, rows.weight)
        options = {"batch_size": 4, "l2": 0.1, "lr": 0.01, "momentum": momentum}
        train_epochs(network, params, like, optimizer, 2, **options)
        assert params.vector.dtype == of_params
        vectors.append(params.vector)
    np.testing.assert_allclose(*vectors, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
def test_two_precisions_give_losses_and_gradients_of_the_higher(sparse_X, rng):
    rows = random_rows(rng, n=22, weighted=True, sparse_X=sparse_X)
    objective = Objective(DenseNetwork((5, 6, 3)), SoftmaxCrossEntropy())
    single = random_params(objective.network, rng, np.float32, n_models=2)
    double = single.on(single.vector.astype(np.float64))
    (value, gradient), (expected_value, expected) = (
        value_and_gradient(objective, params, rows) for params in (single, double)
    )
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    np.testing.assert_allclose(gradient.vector, expected.vector, rtol=1e-12, atol=1e-14)


# --- PyTorch ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n_steps", [1, 50])
@each_optimizer
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
def test_steps_equal_those_of_pytorch(hidden, activation, optimizer, momentum, n_steps, rng):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)  # of small nets, several wait for one another
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
        theirs = torch.optim.SGD(
            model.parameters(), 0.1, momentum=momentum, nesterov=isinstance(optimizer, LookingAhead)
        )
    X, y = torch.from_numpy(rows.X), torch.from_numpy(rows.y)
    for step in range(n_steps):
        i = slice(step % 5 * 8, step % 5 * 8 + 8)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(model(X[i]), y[i]).backward()
        theirs.step()
    short = Rows(rows.X[:8], rows.y[:8]) if n_steps == 1 else rows
    n_epochs = 1 if n_steps == 1 else 10
    state, _ = train_epochs(
        network, start, short, optimizer, n_epochs, batch_size=8, shuffle=False, momentum=momentum
    )
    for W, b, linear in zip(state.params.weights, state.params.intercepts, modules[::2]):
        np.testing.assert_allclose(W[0], linear.weight.detach().numpy(), atol=1e-10)
        np.testing.assert_allclose(b[0, :, 0], linear.bias.detach().numpy(), atol=1e-10)


# --- speed ------------------------------------------------------------------------------------


def calls_below_the_pass():
    """Names of the functions from the pass down to the one that asks who called."""
    frame, names = sys._getframe(2), []
    while frame.f_code is not MiniBatchPass.__call__.__code__:
        names.insert(0, frame.f_code.co_name)
        frame = frame.f_back
    return ["MiniBatchPass", *names]


@pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])
@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)], ids=str)
def test_a_matrix_product_is_at_most_three_calls_away(hidden, n_models, rng, monkeypatch):
    matmul, seen = np.matmul, []

    def recording(*args, **kwargs):
        seen.append(calls_below_the_pass())
        return matmul(*args, **kwargs)

    rows, network = random_rows(rng, n=10), DenseNetwork((5, *hidden, 3))
    start = random_params(network, rng, n_models=n_models)
    monkeypatch.setattr(np, "matmul", recording)
    train_epochs(network, start, rows, Adam(), 1, l2=0.1)
    products_a_step = 2 + 3 * len(hidden)
    assert len(seen) == 2 * products_a_step
    assert max(map(len, seen)) <= 3, seen
