"""Patience of several models at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_softmax._training.patience import Patience

N_MODELS = 3
ON_VALIDATION = np.array([True, False, True])
several = st.integers(1, 30).flatmap(
    lambda n_epochs: arrays(np.float64, (n_epochs, N_MODELS), elements=st.floats(0, 10))
)
each_n_iter_no_change = arrays(np.intp, N_MODELS, elements=st.integers(1, 5))
each_tol = arrays(np.float64, N_MODELS, elements=st.floats(0, 0.5))


@given(several, each_n_iter_no_change, each_tol)
def test_each_model_has_patience_with_its_losses(all_losses, n_iter_no_change, tol):
    patience = Patience(n_iter_no_change, tol, ON_VALIDATION)
    is_lowest = np.array([patience.is_lowest(losses) for losses in all_losses])
    for i, losses in enumerate(all_losses.T):
        lowest = np.minimum.accumulate(losses)
        expected = [e == 0 or loss < lowest[e - 1] for e, loss in enumerate(losses)]
        assert is_lowest[:, i].tolist() == expected
        gains = [e for e, loss in enumerate(losses) if e == 0 or loss < lowest[e - 1] - tol[i]]
        assert patience.lowest_loss[i] == lowest[-1]
        assert patience.n_without_gain[i] == len(losses) - 1 - gains[-1]
        is_exhausted = patience.n_without_gain[i] >= n_iter_no_change[i]
        assert patience.is_exhausted()[i] == is_exhausted


@given(several, several, each_n_iter_no_change, each_tol)
def test_those_that_are_kept_go_on_as_they_were(first, second, n_iter_no_change, tol):
    models = np.array([2, 0])
    patience = Patience(n_iter_no_change, tol, ON_VALIDATION)
    alone = Patience(n_iter_no_change[models], tol[models], ON_VALIDATION[models])
    for losses in first:
        patience.is_lowest(losses)
        alone.is_lowest(losses[models])
    patience.keep(models)
    for losses in second:
        is_lowest = patience.is_lowest(losses[models])
        np.testing.assert_array_equal(is_lowest, alone.is_lowest(losses[models]))
        np.testing.assert_array_equal(patience.is_exhausted(), alone.is_exhausted())
    np.testing.assert_array_equal(patience.lowest_loss, alone.lowest_loss)


def test_patience_with_nothing_but_nan():
    patience = Patience([2, 3], [0.0, 0.0], [True, True])
    for _ in range(2):
        assert not np.any(patience.is_lowest(np.array([np.nan, np.nan])))
    assert patience.is_exhausted().tolist() == [True, False]
