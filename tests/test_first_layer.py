"""A first layer that is shared out among threads trains as one that is not."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits

from sklearn_softmax import TwoLayerMLPClassifier, first_layer
from sklearn_softmax.activations import ACTIVATIONS
from sklearn_softmax.dropout import Dropout
from sklearn_softmax.first_layer import is_worth_sharing
from sklearn_softmax.losses import SoftmaxCrossEntropy
from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.objective import Objective
from sklearn_softmax.optimizers import Adam, GradientDescent
from sklearn_softmax.rows import Rows
from sklearn_softmax.threads import MOST_THREADS, hired_helpers
from sklearn_softmax.training import State, epochs, mini_batch_pass
from tests.helpers import random_params, random_rows

OPTIMIZERS = [GradientDescent(), GradientDescent(momentum=0.9, nesterov=True), Adam()]


@pytest.fixture
def share(monkeypatch):
    """Say from which size layers are shared out, in how many parts, on how many threads."""

    def set_limits(worth_sharing=0, large_layer=np.inf, n_threads=2):
        monkeypatch.setattr(first_layer, "WORTH_SHARING", worth_sharing)
        monkeypatch.setattr(first_layer, "LARGE_LAYER", large_layer)
        monkeypatch.setattr(
            "sklearn_softmax.threads._openmp_effective_n_threads", lambda: n_threads
        )

    return set_limits


def trained(network, rows, optimizer, n_epochs=3, batch_size=12, dropout=0.0, shuffle=True):
    """State and records after some epochs from the same start."""
    start = random_params(network, np.random.RandomState(1), rows.X.dtype)
    state = State(start, optimizer.start(start))
    masks = Dropout(dropout, np.random.default_rng(2)) if dropout else None
    objective = Objective(network, SoftmaxCrossEntropy(), l2=0.01, dropout=masks)
    passes = epochs(
        partial(mini_batch_pass, objective, optimizer),
        state,
        rows,
        lr=0.05,
        lr_decay=0.9,
        batch_size=batch_size,
        shuffle=shuffle,
        rng=np.random.RandomState(3),
    )
    return state, [next(passes) for _ in range(n_epochs)]


@pytest.mark.parametrize("large_layer", [np.inf, 0], ids=["two shares", "more"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("hidden", [(18,), (17, 6, 4)], ids=str)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_trains_as_a_whole_layer(
    optimizer, hidden, fit_intercept, dropout, large_layer, share, rng
):
    rows = random_rows(rng, n=50, weighted=True)
    network = DenseNetwork((5, *hidden, 3), fit_intercept, ACTIVATIONS["tanh"])
    share(worth_sharing=np.inf)
    whole, expected = trained(network, rows, optimizer, dropout=dropout)
    for n_threads in (1, 2, 4):
        share(large_layer=large_layer, n_threads=n_threads)
        state, records = trained(network, rows, optimizer, dropout=dropout)
        for p, q in zip(state.params, whole.params):
            np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)
        arrays = optimizer.arrays(state.optimizer_state), optimizer.arrays(whole.optimizer_state)
        for p, q in zip(*arrays):
            np.testing.assert_allclose(p, q, rtol=1e-9, atol=1e-12)
        for record, own in zip(records, expected):
            np.testing.assert_allclose(record.step_losses, own.step_losses, rtol=1e-9)
            assert record.accuracy == pytest.approx(own.accuracy)
            assert record.n_mistakes == own.n_mistakes
    if isinstance(optimizer, Adam):
        assert state.optimizer_state["t"] == whole.optimizer_state["t"] == 3 * 5


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "view": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "read-only": lambda X: np.frombuffer(X.tobytes()).reshape(X.shape),
}


@pytest.mark.parametrize("batch_size", [1, 8, 49, 50])
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_any_rows_in_any_batches(layout, shuffle, batch_size, share, rng):
    rows = random_rows(rng, n=50, weighted=True)
    rows = Rows(layout(rows.X), rows.y, rows.weight)
    network = DenseNetwork((5, 20, 3))
    params = []
    for worth_sharing in (0, np.inf):
        share(worth_sharing)
        options = {"batch_size": batch_size, "shuffle": shuffle}
        params.append(trained(network, rows, Adam(), **options)[0].params)
    for p, q in zip(*params):
        np.testing.assert_allclose(p, q, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("large_layer", [np.inf, 0], ids=["two shares", "more"])
def test_same_bits_whatever_the_threads(large_layer, dtype, share, rng):
    X = rng.standard_normal((300, 784)).astype(dtype)
    rows = Rows(X, np.arange(300) % 10)
    network = DenseNetwork((784, 100, 10))
    models = []
    for n_threads in (1, 2, 3, 4):
        share(large_layer=large_layer, n_threads=n_threads)
        models.append(trained(network, rows, Adam(), n_epochs=2, batch_size=64)[0])
    for model in models[1:]:
        for p, q in zip(model.params, models[0].params):
            np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("warm_start", [False, True])
def test_training_goes_on(warm_start, share):
    X, y = load_digits(return_X_y=True)
    model = TwoLayerMLPClassifier(hidden_size=20, n_epochs=2, batch_size=100, random_state=0)
    losses = []
    for worth_sharing in (0, np.inf):
        share(worth_sharing)
        own = clone(model).set_params(warm_start=warm_start).fit(X, y)
        own = own.fit(X, y) if warm_start else own.partial_fit(X, y)
        losses.append(own.history_["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-9)


def test_no_copy_of_X(share, rng):
    share()
    X = rng.standard_normal((20_000, 300))
    model = TwoLayerMLPClassifier(hidden_size=16, n_epochs=2, batch_size=200, random_state=0)
    y = np.arange(len(X)) % 3
    model.fit(X[:1000], y[:1000])
    tracemalloc.start()
    try:
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 10


def test_an_error_in_a_helper_is_raised_and_the_helper_idle_again(share, rng):
    share()
    rows = random_rows(rng, n=50)
    rows.X[30] = 1e200
    network = DenseNetwork((5, 18, 3))
    with np.errstate(over="raise", invalid="raise"), pytest.raises(FloatingPointError):
        trained(network, rows, GradientDescent(), n_epochs=20)
    with hired_helpers(MOST_THREADS) as helpers:
        assert len(helpers) == MOST_THREADS - 1


def test_what_is_worth_sharing():
    X = np.zeros((1000, 784))
    rows, of_sparse = (Rows(own, np.zeros(1000, int)) for own in (X, sparse.csr_array(X)))
    W = np.zeros((256, 784))
    assert is_worth_sharing([W], rows, 200)
    assert not is_worth_sharing([W], of_sparse, 200)
    assert not is_worth_sharing([W[np.newaxis]], rows, 200)
    assert not is_worth_sharing([W], rows, 1000)
    assert not is_worth_sharing([W, np.zeros((1000, 256))], rows, 200)
    assert not is_worth_sharing([W[:32]], rows, 200)
    assert not is_worth_sharing([np.zeros((10, 100_000))], rows, 200)


@pytest.mark.parametrize("n_units", [16, 17, 20, 36, 100])
@pytest.mark.parametrize("large_layer", [np.inf, 0], ids=["two shares", "more"])
def test_shares_are_of_about_the_same_size(large_layer, n_units, share):
    share(large_layer=large_layer)
    units = first_layer._units_of(np.zeros((n_units, 3)))
    assert np.concatenate([np.arange(n_units)[own] for own in units]).tolist() == list(
        range(n_units)
    )
    sizes = [own.stop - own.start for own in units]
    assert max(sizes) - min(sizes) <= first_layer.N_UNITS
    assert min(sizes) > 1
