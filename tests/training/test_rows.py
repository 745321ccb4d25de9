"""Rows in any order, read block by block without a copy of X."""

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
from sklearn_softmax._training.scaling import feature_moments
from tests.helpers import random_rows, train_epochs


def as_array(X):
    """Return a dense copy."""
    return X.toarray() if sparse.issparse(X) else X.copy()


def test_sample_is_evenly_spaced_among_the_rows_with_weight():
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


@given(st.lists(st.integers(0, 1), min_size=1, max_size=20).filter(any), st.integers(1, 9))
def test_sample_has_at_most_max_rows_and_none_of_weight_0(weight, max_rows):
    X, y = np.arange(float(len(weight)))[:, np.newaxis], np.zeros(len(weight), int)
    rows = Rows(X, y, np.array(weight, float))
    sample, indices = rows.sample(max_rows=max_rows), np.flatnonzero(weight)
    n_rows = min(len(indices), max_rows)
    expected = indices[np.linspace(0, len(indices) - 1, n_rows).astype(int)]
    np.testing.assert_array_equal(sample.read(slice(None))[:, 0], expected)


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


def test_blocks_are_views_of_X_or_share_one_buffer(rng):
    rows = random_rows(rng, n=10)
    assert np.shares_memory(rows.read(slice(2, 5)), rows.X)
    backwards = rows.permute(np.arange(10)[::-1])
    backwards.read(slice(0, 2))  # larger blocks follow
    first, second = backwards.read(slice(0, 5)), backwards.read(slice(5, 10))
    assert np.shares_memory(first, second)
    np.testing.assert_array_equal(second, rows.X[4::-1])
    in_another_order = rows.permute(rng.permutation(10)).read(slice(0, 5))
    assert np.shares_memory(in_another_order, second)


@pytest.mark.parametrize("has_class_weight", [False, True], ids=["equal", "class-weights"])
@pytest.mark.parametrize("weight", [None, np.array([0.0, 1.0, 2.0, 5.0])], ids=["one", "weighted"])
def test_loss_weights_are_relative_to_the_total_weight(weight, has_class_weight):
    """w_i / (sum of w) * n / batch size, and not w_i / (length of the batch)."""
    y, w = np.array([0, 1, 1, 2]), np.ones(4) if weight is None else weight
    rows = Rows(np.zeros((4, 1), np.float32), y, weight)
    assert (len(rows), rows.total_weight) == (4, w.sum())
    class_weight, shape = None, () if weight is None else (4,)
    if has_class_weight:
        class_weight, shape = np.array([[1.0, 1.0, 1.0], [2.0, 7.0, 3.0]]), (2, 1, 4)
        w = w * class_weight[:, y]
    np.testing.assert_allclose(rows.total_weights(class_weight), w.sum(axis=-1))
    expected = w / w.mean(axis=-1, keepdims=True)
    np.testing.assert_allclose(rows.relative_weights(class_weight) * np.ones(4), expected)
    for batch_size in (1, 2, 4):
        loss_weights = rows.loss_weights(batch_size, class_weight)
        assert (loss_weights.shape, loss_weights.dtype) == (shape, np.float32)
        actual = np.squeeze(loss_weights) * np.ones(4)
        np.testing.assert_allclose(actual, expected / batch_size, rtol=1e-6)


def test_training_and_evaluation_make_no_copy_of_X(monkeypatch):
    """Full batches, shuffled batches and validation need a small fraction of the size of X."""
    monkeypatch.setattr(Rows, "BLOCK_SIZE", 128)
    X, y = np.zeros((20_000, 100), np.float32), np.arange(20_000) % 10
    X.flags.writeable = False
    network = DenseNetwork((100, 10))
    objective = Objective(network, SoftmaxCrossEntropy())
    for batch_size in (200, 19_000, 20_000):
        rows, params = Rows(X, y), network.parameters(np.float32)
        tracemalloc.start()
        train_epochs(network, params, rows, GradientDescent(), 1, batch_size=batch_size)
        selection = Rows(X, y, indices=np.arange(20_000))
        evaluate(objective, params, selection)
        objective.value_and_gradient(params, selection, np.zeros(1))
        feature_moments(selection, None, fit_intercept=True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 5
