"""Stopping rules against their definitions."""

from math import ceil, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_softmax._training.state import take
from sklearn_softmax._training.stopping import Convergence, Patience

N_MODELS = 3
TOL = 2e-3


def epochs_of_models(max_epochs, elements):
    """Draw one row of figures of all models per epoch."""
    lengths = st.integers(1, max_epochs)
    return lengths.flatmap(lambda n: arrays(np.float64, (n, N_MODELS), elements=elements))


objectives_of_models = epochs_of_models(30, st.floats(0.1, 10))
losses_of_models = epochs_of_models(30, st.floats(0, 10))
tolerances = arrays(np.float64, N_MODELS, elements=st.floats(0, 0.5))


# --- convergence ------------------------------------------------------------------------------


def convergence_after(objectives, steps_per_epoch=45):
    """Return the convergence after the objectives of one model or of several."""
    objectives = np.array(objectives, float).reshape(len(objectives), -1)
    convergence = Convergence(steps_per_epoch)
    for objective in objectives:
        convergence.update(objective)
    return convergence


def has_converged(objectives):
    """Return whether one model has converged, with four epochs in the window."""
    return convergence_after(objectives).has_converged(TOL).tolist()


@given(objectives_of_models, st.sampled_from([1, 16, 25, 45, 1000]), tolerances)
def test_convergence(objectives, steps_per_epoch, tol):
    window = {1: 25, 16: 7, 25: 5, 45: 4, 1000: 3}[steps_per_epoch]
    earlier = objectives[: max(1, len(objectives) - window)].min(axis=0)
    lowest = objectives.min(axis=0)
    scale = np.maximum(lowest, objectives[0] / 100)
    fall, rise = (earlier - lowest) / scale, (objectives[-1] - lowest) / scale
    convergence = convergence_after(objectives, steps_per_epoch)
    if len(objectives) > 1:
        np.testing.assert_allclose(convergence.fall(), fall)
    has_enough_epochs = len(objectives) > window
    expected = has_enough_epochs & (fall <= tol) & (rise <= 0.015)
    np.testing.assert_array_equal(convergence.has_converged(tol), expected)


@given(st.integers(1, 10_000))
def test_epochs_of_more_steps_have_a_shorter_window(steps_per_epoch):
    expected = max(3, ceil(25 / sqrt(steps_per_epoch)))
    assert Convergence(steps_per_epoch).window == expected


def test_a_falling_objective_has_not_converged():
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5]) == [False]
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5, 0.4995]) == [True]
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5, 0.498]) == [False]


def test_a_risen_objective_has_converged_if_the_rise_is_noise():
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5, 0.507]) == [True]
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5, 0.508]) == [False]


def test_falls_below_a_hundredth_of_the_first_objective_are_relative_to_that():
    assert has_converged([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 9e-5]) == [True]
    assert has_converged([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 6e-5]) == [False]


def test_a_single_epoch_has_no_fall():
    convergence = convergence_after([1.0])
    assert np.isnan(convergence.fall())
    assert not convergence.has_converged(np.inf)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_epochs_that_are_not_finite_are_skipped(bad):
    assert has_converged([1.0, 0.5, bad, 0.5, 0.5, 0.5, 0.5]) == [True]
    assert has_converged([1.0, 0.5, 0.5, 0.5, 0.5, bad]) == [False]


def test_an_objective_of_0_has_converged():
    assert has_converged([0.0] * 6) == [True]


@given(objectives_of_models, objectives_of_models)
def test_the_convergence_of_some_models_continues_like_theirs_alone(first, second):
    models = np.array([2, 0])
    convergence = take(convergence_after(first), models)
    expected = convergence_after(first[:, models])
    for objective in second:
        convergence.update(objective[models])
        expected.update(objective[models])
    np.testing.assert_array_equal(convergence.fall(), expected.fall())
    np.testing.assert_array_equal(convergence.has_converged(TOL), expected.has_converged(TOL))


# --- patience ---------------------------------------------------------------------------------


def new_patience(n_models=N_MODELS):
    """Return patience before the first epoch."""
    return Patience(np.full(n_models, np.inf), np.zeros(n_models, int))


@given(losses_of_models, tolerances)
def test_patience(losses, tol):
    patience = new_patience()
    is_lowest = np.array([patience.update(loss, tol) for loss in losses])
    for i, loss in enumerate(losses.T):
        lowest = np.minimum.accumulate(loss)
        expected = [e == 0 or loss[e] < lowest[e - 1] for e in range(len(loss))]
        assert is_lowest[:, i].tolist() == expected
        gains = [e for e in range(len(loss)) if e == 0 or loss[e] < lowest[e - 1] - tol[i]]
        assert patience.lowest_loss[i] == lowest[-1]
        assert patience.n_waited[i] == len(loss) - 1 - gains[-1]


@given(losses_of_models, losses_of_models, tolerances)
def test_the_patience_of_some_models_continues_like_theirs_alone(first, second, tol):
    models = np.array([2, 0])
    patience, expected = new_patience(), new_patience(2)
    for loss in first:
        patience.update(loss, tol)
        expected.update(loss[models], tol[models])
    patience = take(patience, models)
    for loss in second:
        is_lowest = patience.update(loss[models], tol[models])
        np.testing.assert_array_equal(is_lowest, expected.update(loss[models], tol[models]))
    np.testing.assert_equal(vars(patience), vars(expected))


def test_a_loss_of_nan_is_never_the_lowest():
    patience = new_patience(2)
    for _ in range(2):
        is_lowest = patience.update(np.array([np.nan, 1.0]), tol=0.0)
        assert not is_lowest[0]
    assert patience.n_waited.tolist() == [2, 1]
