"""Rows in any order, read block by block without a copy of X."""

import tracemalloc
from itertools import chain

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
from sklearn_softmax._training.scaling import feature_moments
from tests.helpers import random_rows, train_epochs


def as_array(X):
    """Return a dense copy."""
    return X.toarray() if sparse.issparse(X) else X.copy()


def test_a_sample_is_evenly_spaced_among_the_rows_with_weight():
    n, y = 10_000, np.arange(10_000) % 5
    X, indices = np.arange(2.0 * n)[:, np.newaxis], np.arange(n) * 2
    weight = np.where(np.arange(n) < 4000, 0.0, 2.0)
    sample = Rows(X, y, weight, indices).sample(np.array([[1.0, 0.0, 1.0, 1.0, 3.0]]))
    row = sample.read(slice(None))[:, 0].astype(int) // 2
    assert len(sample) == Rows.BLOCK_SIZE
    assert (row[0], row[-1]) == (4000, n - 1)
    assert np.all(np.diff(row) <= 8)
    np.testing.assert_array_equal(sample.y, y[row])
    assert set(sample.y) == {0, 2, 3, 4}
    np.testing.assert_array_equal(sample.weight, 2)


@pytest.mark.parametrize("max_rows", [1, 5, 12, 100])
def test_a_sample_has_at_most_max_rows(max_rows, rng):
    rows = random_rows(rng, n=12)
    sample = rows.sample(max_rows=max_rows)
    assert len(sample) == min(12, max_rows)
    expected = rows.X[np.linspace(0, 11, len(sample)).astype(int)]
    np.testing.assert_array_equal(sample.read(slice(None)), expected)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=20).filter(any))
def test_a_sample_has_no_rows_of_weight_0(weight):
    weight = np.array(weight)
    X = np.arange(float(len(weight)))[:, np.newaxis]
    sample = Rows(X, np.zeros(len(weight), int), weight).sample()
    np.testing.assert_array_equal(sample.read(slice(None))[:, 0], np.flatnonzero(weight))


@given(st.integers(1, 40), st.booleans(), st.booleans(), st.booleans())
def test_rows_are_read_in_their_order(n, is_selection, is_sparse, is_fortran):
    rng = np.random.RandomState(n)
    X = rng.standard_normal((n, 3))
    stored = np.asfortranarray(X) if is_fortran else X
    indices = rng.permutation(n)[: max(1, n // 2)] if is_selection else None
    selected = X if indices is None else X[indices]
    weight = np.arange(1.0, len(selected) + 1)
    rows = Rows(
        sparse.csr_array(X) if is_sparse else stored, np.arange(len(selected)), weight, indices
    )
    rows.BLOCK_SIZE = 7
    order = rng.permutation(len(selected))
    permuted = rows.permute(order)
    for view, expected in ((rows, selected), (permuted, selected[order])):
        read = [as_array(view.read(block)) for block in view.blocks()]
        assert max(map(len, read)) <= 7
        np.testing.assert_array_equal(np.concatenate(read), expected)
    np.testing.assert_array_equal(permuted.y, order)
    np.testing.assert_array_equal(permuted.weight, order + 1)
    np.testing.assert_array_equal(rows.y, np.arange(len(selected)))


def test_permutations_compose(rng):
    rows, first, second = random_rows(rng, n=10), rng.permutation(10), rng.permutation(10)
    twice = rows.permute(first).permute(second)
    np.testing.assert_array_equal(twice.read(slice(0, 10)), rows.X[first[second]])
    np.testing.assert_array_equal(twice.y, rows.y[first[second]])


def test_gathered_blocks_share_one_buffer(rng):
    rows = random_rows(rng, n=10).permute(np.arange(10)[::-1])
    first, second = rows.read(slice(0, 5)), rows.read(slice(5, 10))
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(second, rows.X[4::-1])
    in_another_order = rows.permute(np.arange(10)).read(slice(0, 5))
    assert np.shares_memory(in_another_order, second)


def test_rows_in_the_order_of_X_are_a_view(rng):
    rows = random_rows(rng)
    assert np.shares_memory(rows.read(slice(2, 5)), rows.X)
    np.testing.assert_array_equal(rows.read(slice(2, 5)), rows.X[2:5])


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 15))
def test_blocks_cover_a_range_of_rows_in_order(start, length, block_size):
    rows = Rows(np.zeros((start + length, 1)), np.zeros(start + length, int))
    rows.BLOCK_SIZE = block_size
    for blocks in (rows.blocks(start), rows.blocks(start, start + length)):
        blocks = [range(block.start, block.stop) for block in blocks]
        assert list(chain.from_iterable(blocks)) == list(range(start, start + length))
        assert all(1 <= len(block) <= block_size for block in blocks)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 2.0, 5.0])])
def test_loss_weights_are_relative_to_the_total_weight(weight, dtype):
    """w_i / (sum of w) * n / batch size, and not w_i / (length of the batch)."""
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
def test_class_weights_of_each_model_multiply_the_weights_of_the_rows(weight):
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
        selection = Rows(X, y, indices=np.arange(60_000))
        evaluate(objective, params, selection)
        objective.value_and_gradient(params, selection, np.zeros(1))
        feature_moments(selection, None, fit_intercept=True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 5
