"""Whether the objective still falls, against its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_softmax._training.convergence import Convergence

N_MODELS = 3
several = st.integers(2, 20).flatmap(
    lambda n_epochs: arrays(np.float64, (n_epochs, N_MODELS), elements=st.floats(0.1, 10))
)


def noted(all_values, steps_an_epoch=45):
    """What has been noted of one model or of several."""
    all_values = np.array(all_values, float).reshape(len(all_values), -1)
    convergence = Convergence(steps_an_epoch)
    for values in all_values:
        convergence.note(values)
    return convergence


@given(several, st.sampled_from([1, 16, 25, 45, 1000]))
def test_fall(all_values, steps_an_epoch):
    n_epochs = {1: 25, 16: 7, 25: 5, 45: 4, 1000: 3}[steps_an_epoch]
    before, lowest = (
        all_values[: max(1, len(all_values) - n_epochs)].min(axis=0),
        all_values.min(axis=0),
    )
    scale = np.maximum(lowest, all_values[0] / 100)
    expected = (before - lowest) / scale
    convergence = noted(all_values, steps_an_epoch)
    np.testing.assert_allclose(convergence.fall(), expected)
    has_come = convergence.has_come()
    if len(all_values) <= n_epochs:
        assert not has_come.any()
    else:
        is_near = (all_values[-1] - lowest) / scale <= 0.015
        np.testing.assert_array_equal(has_come, (expected <= 0.002) & is_near)


def test_a_fall_goes_on():
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5]).has_come() == [False]
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5, 0.4995]).has_come() == [True]
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5, 0.498]).has_come() == [False]


def test_a_rise_is_no_convergence_unless_it_is_noise():
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5, 0.507]).has_come() == [True]
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5, 0.508]).has_come() == [False]


def test_below_a_hundredth_of_the_first_falls_are_relative_to_that():
    assert noted([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 9e-5]).has_come() == [True]
    assert noted([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 6e-5]).has_come() == [False]


def test_an_epoch_tells_nothing():
    assert np.isnan(noted([1.0]).fall())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_epoch_that_failed_is_passed_over(bad):
    assert noted([1.0, 0.5, bad, 0.5, 0.5, 0.5, 0.5]).has_come() == [True]
    assert noted([1.0, 0.5, 0.5, 0.5, 0.5, bad]).has_come() == [False]
    assert noted([bad, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5]).has_come() == [True]


def test_nothing_to_learn_has_come():
    assert noted([0.0] * 6).has_come() == [True]


@given(several, several)
def test_those_that_are_kept_go_on_as_they_were(first, second):
    models, convergence = np.array([2, 0]), noted(first)
    convergence.keep(models)
    alone = noted(first[:, models])
    for values in second:
        convergence.note(values[models])
        alone.note(values[models])
    np.testing.assert_array_equal(convergence.fall(), alone.fall())
    np.testing.assert_array_equal(convergence.has_come(), alone.has_come())
