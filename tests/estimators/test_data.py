"""Which rows early stopping trains on, and which it validates on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from sklearn_softmax.estimators._data import split_rows
from tests.cases import estimators


def split(counts, fraction=0.1, seed=0):
    """Labels with these counts, in some order, and the two sides."""
    y = np.random.RandomState(7).permutation(np.repeat(np.arange(len(counts)), counts))
    return y, *split_rows(y, np.arange(len(counts)), fraction, np.random.RandomState(seed))


@pytest.mark.parametrize("counts", [(500, 496, 4), (500, 500), (5, 2, 2), (146, 2, 2)])
def test_the_rows_are_those_of_scikit_learn(counts):
    y, train, validation = split(counts)
    n_validation = max(int(np.ceil(0.1 * len(y))), len(counts))
    expected = train_test_split(
        np.arange(len(y)), test_size=n_validation, stratify=y, random_state=0
    )
    np.testing.assert_array_equal(train, np.sort(expected[0]))
    np.testing.assert_array_equal(validation, np.sort(expected[1]))


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6).filter(lambda n: max(n) > 1))
def test_every_class_is_trained_on(counts):
    y, train, validation = split(counts)
    assert set(y[train]) == set(range(len(counts)))
    np.testing.assert_array_equal(np.sort(np.r_[train, validation]), np.arange(len(y)))
    assert len(validation) >= np.count_nonzero(np.array(counts) > 1)
    assert not set(np.flatnonzero(np.array(counts) == 1)) & set(y[validation])


def test_the_only_row_of_a_class_moves_no_other_row():
    y, _, validation = split((40, 30, 1))
    is_shared = y < 2
    lone = np.flatnonzero(~is_shared)[0]
    _, without = split_rows(y[is_shared], np.arange(2), 0.1, np.random.RandomState(0))
    np.testing.assert_array_equal(validation, without + (without >= lone))


@pytest.mark.parametrize("n_rare", [1, 4])
@estimators()
def test_early_stopping_fits_a_rare_class(case, n_rare, rng):
    n_classes = min(len(case.classes), 3)
    y = np.r_[np.arange(1000 - n_rare) % (n_classes - 1), np.full(n_rare, n_classes - 1)]
    X = rng.standard_normal((1000, 4)) + 3 * np.eye(4)[y]
    model = case.model(early_stopping=True, n_epochs=10)
    model.fit(X, y)
    np.testing.assert_array_equal(model.classes_, np.arange(n_classes))
    assert np.all(np.isfinite(model.history_["val_loss"]))
