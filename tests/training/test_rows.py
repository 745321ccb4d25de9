"""Rows in any order, read a block at a time without a copy of X."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.optimizers import GradientDescent
from sklearn_softmax._training.rows import Rows
from tests.helpers import random_rows, train_epochs


def as_array(X):
    return X.toarray() if sparse.issparse(X) else X.copy()


def test_some_rows_are_evenly_spaced_among_those_with_weight():
    n, y = 10_000, np.arange(10_000) % 5
    X, indices = np.arange(2.0 * n)[:, np.newaxis], np.arange(n) * 2
    weight = np.where(np.arange(n) < 4000, 0.0, 2.0)
    some = Rows(X, y, weight, indices).some(np.array([[1.0, 0.0, 1.0, 1.0, 3.0]]))
    row = some.read(slice(None))[:, 0].astype(int) // 2
    assert len(some) == Rows.BLOCK_SIZE
    assert (row[0], row[-1]) == (4000, n - 1)
    assert np.all(np.diff(row) <= 8)
    np.testing.assert_array_equal(some.y, y[row])
    assert set(some.y) == {0, 2, 3, 4}
    np.testing.assert_array_equal(some.weight, 2)


def test_some_of_few_rows_are_all_of_them(rng):
    rows = random_rows(rng, n=12)
    np.testing.assert_array_equal(rows.some().read(slice(None)), rows.X)


@given(st.integers(1, 40), st.booleans(), st.booleans(), st.booleans())
def test_rows_are_read_in_their_order(n, picked, is_sparse, is_fortran):
    rng = np.random.RandomState(n)
    X = rng.standard_normal((n, 3))
    stored = np.asfortranarray(X) if is_fortran else X
    indices = rng.permutation(n)[: max(1, n // 2)] if picked else None
    wanted = X if indices is None else X[indices]
    weight = np.arange(1.0, len(wanted) + 1)
    rows = Rows(
        sparse.csr_array(X) if is_sparse else stored, np.arange(len(wanted)), weight, indices
    )
    rows.BLOCK_SIZE = 7
    order = rng.permutation(len(wanted))
    permuted = rows.permuted(order)
    for view, expected in ((rows, wanted), (permuted, wanted[order])):
        read = [as_array(view.read(block)) for block in view.blocks()]
        assert max(map(len, read)) <= 7
        np.testing.assert_array_equal(np.concatenate(read), expected)
    np.testing.assert_array_equal(permuted.y, order)
    np.testing.assert_array_equal(permuted.weight, order + 1)
    np.testing.assert_array_equal(rows.y, np.arange(len(wanted)))


def test_permutations_follow_one_another(rng):
    rows, first, second = random_rows(rng, n=10), rng.permutation(10), rng.permutation(10)
    twice = rows.permuted(first).permuted(second)
    np.testing.assert_array_equal(twice.read(slice(0, 10)), rows.X[first[second]])
    np.testing.assert_array_equal(twice.y, rows.y[first[second]])


def test_gathered_blocks_share_one_buffer(rng):
    rows = random_rows(rng, n=10).permuted(np.arange(10)[::-1])
    first, second = rows.read(slice(0, 5)), rows.read(slice(5, 10))
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(second, rows.X[4::-1])
    in_another_order = rows.permuted(np.arange(10)).read(slice(0, 5))
    assert np.shares_memory(in_another_order, second)


def test_rows_as_they_stand_are_a_view(rng):
    rows = random_rows(rng)
    assert np.shares_memory(rows.read(slice(2, 5)), rows.X)
    np.testing.assert_array_equal(rows.read(slice(2, 5)), rows.X[2:5])


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 15))
def test_columns_tell_where_each_row_stands_in_its_block(n, batch_size, block_size):
    rows = Rows(np.zeros((n, 1)), np.zeros(n, int))
    rows.BLOCK_SIZE = block_size
    expected_column, expected_width = [], []
    for start in range(0, n, batch_size):
        for block in rows.blocks(start, min(start + batch_size, n)):
            length = block.stop - block.start
            expected_column += range(length)
            expected_width += [length] * length
    column, width = rows.columns(batch_size)
    np.testing.assert_array_equal(column, expected_column)
    np.testing.assert_array_equal(width, expected_width)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 2.0, 5.0])])
def test_loss_weights_share_out_each_batch(weight, dtype):
    """w_i / (sum of w), times n over the batch size; never w_i over the length of a batch."""
    rows = Rows(np.zeros((4, 1), dtype), np.zeros(4, int), weight)
    w = np.ones(4) if weight is None else weight
    assert rows.total_weight == w.sum()
    assert len(rows) == 4
    for batch_size in (1, 2, 4):
        loss_weights = rows.loss_weights(batch_size)
        assert loss_weights.shape == (() if weight is None else (4,))
        assert loss_weights.dtype == dtype
        np.testing.assert_allclose(loss_weights, w / w.sum() * 4 / batch_size, rtol=1e-6)


@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 2.0, 5.0])])
def test_class_weights_of_each_model_multiply_those_of_the_rows(weight):
    y, class_weight = np.array([0, 1, 1, 2]), np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 7.0, 3.0]])
    rows = Rows(np.zeros((4, 1), np.float32), y, weight)
    w = class_weight[:, y] * (1 if weight is None else weight)
    np.testing.assert_allclose(rows.total_weights(class_weight), w.sum(axis=1))
    expected = w / w.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(rows.relative_weights(class_weight), expected)
    loss_weights = rows.loss_weights(2, class_weight)
    assert loss_weights.shape == (2, 1, 4)
    assert loss_weights.dtype == np.float32
    np.testing.assert_allclose(loss_weights[:, 0], expected / 2, rtol=1e-6)


def test_no_copy_of_X():
    """Full batches, shuffled batches and validation need a small fraction of the size of X."""
    X = np.zeros((60_000, 200), np.float32)
    X.flags.writeable = False
    y = np.arange(60_000) % 10
    network = DenseNetwork((200, 10))
    objective = Objective(network, SoftmaxCrossEntropy())
    for batch_size in (100, 50_000, 60_000):
        rows, params = Rows(X, y), network.parameters(np.float32)
        tracemalloc.start()
        train_epochs(network, params, rows, GradientDescent(), 1, batch_size=batch_size)
        evaluate(objective, params, Rows(X, y, indices=np.arange(60_000)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 5


def test_a_fingerprint_tells_other_rows_from_these(rng):
    X, y, weight = rng.standard_normal((9, 3)), np.arange(9) % 2, rng.uniform(size=9)
    rows = Rows(X, y, weight)
    assert rows.fingerprint() == Rows(X.copy(), y.copy(), weight.copy()).fingerprint()
    order = np.roll(np.arange(9), 1)
    others = [
        Rows(X[order], y, weight),
        Rows(X[:, ::-1], y, weight),
        Rows(X, 1 - y, weight),
        Rows(X, y),
        Rows(X, y, weight[order]),
        Rows(X[:-1], y[:-1], weight[:-1]),
        Rows(X, y[:-1], weight[:-1], np.arange(8)),
    ]
    assert rows.fingerprint() not in [other.fingerprint() for other in others]
    assert len({other.fingerprint() for other in others}) == len(others)
    assert Rows(sparse.csr_array(X), y, weight).fingerprint() == pytest.approx(rows.fingerprint())
