"""The loop, the rows it reads, and its optimisers: against plain NumPy and PyTorch."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_softmax import first_layer
from sklearn_softmax.activations import ACTIVATIONS
from sklearn_softmax.losses import SoftmaxCrossEntropy
from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.objective import Objective
from sklearn_softmax.optimizers import Adam, GradientDescent
from sklearn_softmax.rows import Rows
from sklearn_softmax.step_size import expected_smoothness
from sklearn_softmax.stopping import Patience
from sklearn_softmax.training import State, epochs, mini_batch_pass, train
from tests.helpers import random_params, random_rows

OPTIMIZERS = [
    GradientDescent(),
    GradientDescent(momentum=0.9),
    GradientDescent(momentum=0.9, nesterov=True),
    Adam(),
]


def passes_over(rows, params, optimizer, n_epochs, *, lr=0.1, batch_size=5, l2=0.0, **kwargs):
    """State and records after some epochs of a linear model."""
    n_outputs, n_features = params[0].shape[-2:]
    network = DenseNetwork((n_features, n_outputs), fit_intercept=len(params) > 1)
    state = State(params, optimizer.start(params))
    options = {"lr_decay": 1.0, "shuffle": True, "rng": np.random.RandomState(5), **kwargs}
    objective = Objective(network, SoftmaxCrossEntropy(), l2)
    one_pass = partial(mini_batch_pass, objective, optimizer)
    passes = epochs(one_pass, state, rows, lr=lr, batch_size=batch_size, **options)
    return state, [next(passes) for _ in range(n_epochs)]


def as_array(X):
    return X.toarray() if sparse.issparse(X) else X.copy()


# --- rows ---------------------------------------------------------------------------


@given(st.integers(1, 40), st.booleans(), st.booleans(), st.booleans())
def test_rows_are_read_in_their_order(n, picked, is_sparse, is_fortran):
    rng = np.random.RandomState(n)
    X = rng.standard_normal((n, 3))
    stored = np.asfortranarray(X) if is_fortran else X
    indices = rng.permutation(n)[: max(1, n // 2)] if picked else None
    wanted = X if indices is None else X[indices]
    rows = Rows(sparse.csr_array(X) if is_sparse else stored, np.arange(len(wanted)), None, indices)
    rows.BLOCK_SIZE = 7
    order = rng.permutation(len(wanted))
    permuted = rows.permuted(order)
    permuted.BLOCK_SIZE = 7
    for view, expected in ((rows, wanted), (permuted, wanted[order])):
        read = [as_array(view.read(block)) for block in view.blocks(0, len(view))]
        assert max(map(len, read)) <= 7
        np.testing.assert_array_equal(np.concatenate(read), expected)
    np.testing.assert_array_equal(permuted.y, order)


def test_gathered_blocks_share_one_buffer(rng):
    rows = random_rows(rng, n=10).permuted(np.arange(10)[::-1])
    first, second = rows.read(slice(0, 5)), rows.read(slice(5, 10))
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(second, rows.X[4::-1])
    assert rows.permuted(np.arange(10)).buffers is rows.buffers


# --- the loop -----------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [4, 12, 100])
def test_epoch_equals_a_plain_loop(batch_size, weighted, rng):
    rows = random_rows(rng, n=22, weighted=weighted)
    start = random_params(DenseNetwork((5, 3)), rng)
    W, b = (p.copy() for p in start)
    state, _ = passes_over(
        rows, start, GradientDescent(), 3, lr=0.3, batch_size=batch_size, l2=0.2, lr_decay=0.5
    )
    order_rng = np.random.RandomState(5)
    weight = np.ones(22) if rows.weight is None else rows.weight
    size = min(batch_size, 22)
    for lr in (0.3, 0.15, 0.075):
        order = order_rng.permutation(22) if batch_size < 22 else np.arange(22)
        for first in range(0, 22, batch_size):
            i = order[first : first + batch_size]
            Z = W @ rows.X[i].T + b
            A = np.exp(Z) / np.exp(Z).sum(axis=0)
            dZ = (A - np.eye(3)[:, rows.y[i]]) * weight[i] / size
            dW = dZ @ rows.X[i] + 0.2 * len(i) / size * W
            W, b = W - lr * dW, b - lr * dZ.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(state.params[0], W, rtol=1e-10)
    np.testing.assert_allclose(state.params[1], b, rtol=1e-10)


def test_blocks_do_not_change_a_batch(rng, monkeypatch):
    rows = random_rows(rng, n=50, weighted=True)
    start = random_params(DenseNetwork((5, 3)), rng)
    whole, records = passes_over(rows, [p.copy() for p in start], Adam(), 2, batch_size=30)
    monkeypatch.setattr(Rows, "BLOCK_SIZE", 7)
    blocks, block_records = passes_over(rows, start, Adam(), 2, batch_size=30)
    for p, q in zip(whole.params, blocks.params):
        np.testing.assert_allclose(p, q, rtol=1e-9)
    np.testing.assert_allclose(records[1].step_losses, block_records[1].step_losses)


@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "one-hidden"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("is_sparse", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_stack_trains_as_its_members_do(optimizer, is_sparse, fit_intercept, hidden, rng):
    rows = random_rows(rng, n=30, weighted=True, sparse_X=is_sparse)
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    start = random_params(network, rng, stack=(4,))
    lr = np.array([0.01, 0.05, 0.1, 0.2]).reshape(4, 1, 1)
    l2 = np.array([0.0, 0.1, 0.0, 1.0]).reshape(4, 1, 1)
    momentum = getattr(optimizer, "momentum", 0)
    if momentum:
        momentum = np.array([0.0, 0.5, 0.9, 0.9]).reshape(4, 1, 1)
        optimizer = GradientDescent(momentum, optimizer.nesterov)

    def run(params, optimizer, lr, l2):
        state = State(params, optimizer.start(params))
        objective = Objective(network, SoftmaxCrossEntropy(), l2)
        passes = epochs(
            partial(mini_batch_pass, objective, optimizer),
            state,
            rows,
            lr=lr,
            lr_decay=0.9,
            batch_size=7,
            shuffle=True,
            rng=np.random.RandomState(1),
        )
        return state, [next(passes) for _ in range(8)]

    together, records = run([p.copy() for p in start], optimizer, lr, l2)
    for i in range(4):
        own = optimizer
        if isinstance(optimizer, GradientDescent):
            own = GradientDescent(float(np.ravel(momentum)[i % np.size(momentum)]))
            own = GradientDescent(own.momentum, optimizer.nesterov)
        params = [p[i].copy() for p in start]
        alone, own_records = run(params, own, float(lr[i, 0, 0]), float(l2[i, 0, 0]))
        for p, q in zip(together.params, alone.params):
            np.testing.assert_allclose(p[i], q, rtol=1e-12, atol=1e-14)
        for record, own_record in zip(records, own_records):
            np.testing.assert_allclose(record.loss[i], own_record.loss, rtol=1e-12)
            assert record.accuracy[i] == pytest.approx(own_record.accuracy)
            np.testing.assert_allclose(record.step_losses[i], own_record.step_losses, rtol=1e-12)


def test_no_copy_of_X():
    """Full batches, shuffled batches and validation need a small part of the size of X."""
    X = np.zeros((60_000, 200), np.float32)
    X.flags.writeable = False
    y = np.arange(60_000) % 10
    for batch_size in (100, 50_000, 60_000):
        rows = Rows(X, y)
        params = DenseNetwork((200, 10)).zeros(np.float32)
        tracemalloc.start()
        passes_over(rows, params, GradientDescent(), 1, batch_size=batch_size)
        objective = Objective(DenseNetwork((200, 10)), SoftmaxCrossEntropy())
        objective.evaluate(params, Rows(X, y, indices=np.arange(60_000)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 5


def test_train_stops_when_asked_and_restores_the_best(rng):
    losses = iter([3.0, 2.0, 1.0, 1.5, 1.4, 1.3, 0.5])
    params = [np.zeros((2, 5))]
    rows = random_rows(rng, n_classes=2)
    optimizer = GradientDescent()
    state = State(params, optimizer.start(params))
    objective = Objective(DenseNetwork((5, 2), fit_intercept=False), SoftmaxCrossEntropy())
    passes = epochs(
        partial(mini_batch_pass, objective, optimizer),
        state,
        rows,
        lr=0.1,
        lr_decay=1.0,
        batch_size=4,
        shuffle=False,
        rng=None,
    )
    seen = []

    def measure(epoch, params):
        seen.append(params[0].copy())
        return {"val_loss": next(losses)}

    history, step_losses = train(
        passes,
        state,
        n_epochs=100,
        measure=measure,
        patience=Patience(3, tol=0.0),
        on_epoch_end=lambda record: False,
    )
    assert [record["epoch"] for record in history] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(state.params[0], seen[2])
    assert [len(losses) for losses in step_losses] == [3] * 6
    history, _ = train(
        passes,
        state,
        n_epochs=100,
        measure=lambda epoch, params: {},
        on_epoch_end=lambda record: record["epoch"] == 8,
    )
    assert [record["epoch"] for record in history] == [7, 8]


# --- optimisers ------------------------------------------------------------------------------


@pytest.mark.parametrize("n_steps", [1, 50])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
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
def test_steps_equal_those_of_pytorch(hidden, activation, optimizer, n_steps, rng, monkeypatch):
    torch = pytest.importorskip("torch")
    # Of the networks, those with 20 units share them out.
    monkeypatch.setattr(first_layer, "WORTH_SHARING", 0)
    rows = random_rows(rng, n=40)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    start = random_params(network, rng)
    W, b = start[: network.n_layers], start[network.n_layers :]
    modules = []
    for layer in range(network.n_layers):
        linear = torch.nn.Linear(*W[layer].shape[::-1], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W[layer]))
            linear.bias.copy_(torch.from_numpy(b[layer][:, 0]))
        modules += [
            linear,
            {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}.get(activation, torch.nn.Tanh)(),
        ]
    model = torch.nn.Sequential(*modules[:-1])
    if isinstance(optimizer, Adam):
        theirs = torch.optim.Adam(model.parameters(), lr=0.1)
    else:
        theirs = torch.optim.SGD(
            model.parameters(), 0.1, momentum=optimizer.momentum, nesterov=optimizer.nesterov
        )
    X, y = torch.from_numpy(rows.X), torch.from_numpy(rows.y)
    for step in range(n_steps):
        i = slice(step % 5 * 8, step % 5 * 8 + 8)
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(model(X[i]), y[i]).backward()
        theirs.step()
    short = Rows(rows.X[:8], rows.y[:8]) if n_steps == 1 else rows
    state = State(start, optimizer.start(start))
    passes = epochs(
        partial(mini_batch_pass, Objective(network, SoftmaxCrossEntropy()), optimizer),
        state,
        short,
        lr=0.1,
        lr_decay=1.0,
        batch_size=8,
        shuffle=False,
        rng=None,
    )
    for _ in range(1 if n_steps == 1 else 10):
        next(passes)
    for layer, linear in enumerate(modules[::2]):
        W, b = state.params[layer], state.params[network.n_layers + layer]
        np.testing.assert_allclose(W, linear.weight.detach().numpy(), atol=1e-10)
        np.testing.assert_allclose(b[:, 0], linear.bias.detach().numpy(), atol=1e-10)


def test_adam_by_hand():
    """Kingma and Ba's algorithm 1, written out for two steps of one parameter."""
    params, optimizer = [np.array([[2.0]])], Adam()
    state = optimizer.start(params)
    m = v = 0.0
    theta = 2.0
    for t, g in enumerate([0.3, -1.2], start=1):
        optimizer.step(params, [np.array([[g]])], state, 0.01)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta -= 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(params[0], theta, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_forgets_before_numbers_leave_the_normal_range(dtype):
    params, optimizer = [np.ones((1, 3), dtype)], Adam(beta_1=0.5)
    state = optimizer.start(params)
    for t in range(2000):
        gradient = np.array([[1.0 if t == 0 else 0.0, 1.0, 1e-6]], dtype)
        optimizer.step(params, [gradient], state, 1e-3)
    forgotten, one, small = state["m"][0][0]
    assert forgotten == 0
    np.testing.assert_allclose([one, small], [2, 2e-6], rtol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_by_hand(nesterov):
    params, optimizer = [np.array([[2.0]])], GradientDescent(0.5, nesterov)
    state = optimizer.start(params)
    velocity, theta = 0.0, 2.0
    for g in (0.3, -1.2, 0.7):
        optimizer.step(params, [np.array([[g]])], state, 0.1)
        velocity = 0.5 * velocity + g
        theta -= 0.1 * (g + 0.5 * velocity if nesterov else velocity)
        np.testing.assert_allclose(params[0], theta, rtol=1e-14)


# --- stopping and step size ---------------------------------------------------------------------


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 5), st.floats(0, 0.5))
def test_patience(losses, n_iter_no_change, tol):
    patience = Patience(n_iter_no_change, tol)
    best = [patience.is_best(loss) for loss in losses]
    lowest = np.minimum.accumulate(losses)
    assert best == [i == 0 or loss < lowest[i - 1] for i, loss in enumerate(losses)]
    gains = [i for i, loss in enumerate(losses) if i == 0 or loss < lowest[i - 1] - tol]
    assert patience.n_without_gain == len(losses) - 1 - gains[-1]
    assert patience.exhausted == (patience.n_without_gain >= n_iter_no_change)


def test_patience_with_nothing_but_nan():
    patience = Patience(2, 0.0)
    assert not any(patience.is_best(np.nan) for _ in range(2))
    assert patience.exhausted


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_expected_smoothness(weighted, fit_intercept, is_sparse, rng):
    rows = random_rows(rng, n=40, weighted=weighted, sparse_X=is_sparse)
    X = rows.X.toarray() if is_sparse else rows.X
    X = np.column_stack([X, np.ones(40)]) if fit_intercept else X
    weight = np.ones(40) if rows.weight is None else rows.weight
    L = 0.5 * np.linalg.eigvalsh(X.T @ (weight[:, None] * X) / 40)[-1]
    L_max = 0.5 * (weight * (X**2).sum(axis=1)).max()
    options = {"curvature": 0.5, "fit_intercept": fit_intercept}
    assert expected_smoothness(rows, 40, **options) == pytest.approx(L, rel=0.05)
    assert expected_smoothness(rows, 99, **options) == pytest.approx(L, rel=0.05)
    assert expected_smoothness(rows, 1, **options) == pytest.approx(L_max)
    between = (40 * 7 * L + 32 * L_max) / (8 * 39)
    assert expected_smoothness(rows, 8, **options) == pytest.approx(between, rel=0.05)


def test_expected_smoothness_of_nothing():
    rows = Rows(np.zeros((3, 2)), np.array([0, 1, 0]))
    assert expected_smoothness(rows, 3, curvature=0.5, fit_intercept=False) == 0
    assert expected_smoothness(rows, 3, curvature=0.5, fit_intercept=True) == pytest.approx(0.5)
