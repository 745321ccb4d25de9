"""lr="auto" against eigenvalues from NumPy."""

import numpy as np
import pytest

from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.step_size import automatic_learning_rate, expected_smoothness
from tests.helpers import random_rows


@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_expected_smoothness(weighted, fit_intercept, sparse_X, rng):
    rows = random_rows(rng, n=40, weighted=weighted, sparse_X=sparse_X)
    X = rows.X.toarray() if sparse_X else rows.X
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


def test_the_largest_eigenvalue_is_found_among_many_small_ones():
    eigenvalues = np.ones(500)
    eigenvalues[1] = 1.4
    rows = Rows(np.diag(np.sqrt(500 * eigenvalues)), np.arange(500) % 2)
    smoothness = expected_smoothness(rows, 500, curvature=0.5, fit_intercept=False)
    assert smoothness == pytest.approx(0.7, rel=0.05)


@pytest.mark.parametrize("batch_size", [1, 8, 40])
def test_blocks_do_not_change_the_smoothness(batch_size, rng, monkeypatch):
    rows = random_rows(rng, n=40, weighted=True)
    options = {"curvature": 0.5, "fit_intercept": True}
    whole = expected_smoothness(rows, batch_size, **options)
    monkeypatch.setattr(Rows, "BLOCK_SIZE", 7)
    assert expected_smoothness(rows, batch_size, **options) == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("batch_size", [1, 8, 40])
def test_learning_rate_is_one_over_the_smoothness_of_each_penalised_model(batch_size, rng):
    rows, l2 = random_rows(rng, n=40), np.array([0.0, 0.1, 5.0])
    options = {"curvature": 0.5, "fit_intercept": True}
    lr = automatic_learning_rate(rows, batch_size, l2, **options)
    smoothness = expected_smoothness(rows, batch_size, **options)
    np.testing.assert_allclose(lr, 1 / (smoothness + l2), rtol=1e-12)


def test_where_nothing_can_be_learnt_any_learning_rate_will_do():
    rows = Rows(np.zeros((3, 2)), np.array([0, 1, 0]))
    options = {"curvature": 0.5, "fit_intercept": False}
    lr = automatic_learning_rate(rows, 3, np.array([0.0, 0.5]), **options)
    np.testing.assert_array_equal(lr, [1, 2])


@pytest.mark.parametrize("scale", [1e30, 1e-30])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_features_whose_squares_leave_the_range_are_an_error(batch_size, scale):
    X = np.array([[1.0], [2.0], [-1.0]], np.float32) * np.float32(scale)
    with pytest.raises(ValueError, match=r"squares of the features leave the range of float32"):
        automatic_learning_rate(
            Rows(X, np.array([0, 1, 0])),
            batch_size,
            np.zeros(1),
            curvature=0.5,
            fit_intercept=False,
        )
