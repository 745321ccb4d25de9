"""Stopping rules against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

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


@given(objectives_of_models, st.sampled_from([1, 16, 25, 45, 1000]), tolerances)
def test_convergence_equals_its_definition(objectives, steps_per_epoch, tol):
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


@pytest.mark.parametrize(
    ("objectives", "expected"),
    [
        # The window is four epochs.
        ([0.5] * 4, False),
        ([0.5] * 5, True),
        ([1.0, 0.5, 0.5, 0.5, 0.5], False),
        ([1.0, 0.5, 0.5, 0.5, 0.5, 0.4995], True),
        ([1.0, 0.5, 0.5, 0.5, 0.5, 0.498], False),
        # A rise of 0.015 counts as noise.
        ([1.0, 0.5, 0.5, 0.5, 0.5, 0.507], True),
        ([1.0, 0.5, 0.5, 0.5, 0.5, 0.508], False),
        # Falls are relative to at least a hundredth of the first objective.
        ([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 9e-5], True),
        ([1.0, 1e-4, 1e-4, 1e-4, 1e-4, 6e-5], False),
        ([0.0] * 6, True),
        *(([1.0, 0.5, bad, 0.5, 0.5, 0.5, 0.5], True) for bad in (np.nan, np.inf)),
        *(([1.0, 0.5, 0.5, 0.5, 0.5, bad], False) for bad in (np.nan, np.inf)),
    ],
    ids=str,
)
def test_convergence_at_its_thresholds(objectives, expected):
    assert convergence_after(objectives).has_converged(TOL) == expected


def test_a_single_epoch_has_no_fall():
    convergence = convergence_after([1.0])
    assert np.isnan(convergence.fall())
    assert not convergence.has_converged(np.inf)


# --- patience ---------------------------------------------------------------------------------


def new_patience(n_models=N_MODELS):
    """Return patience before the first epoch."""
    return Patience(np.full(n_models, np.inf), np.zeros(n_models, int))


@given(losses_of_models, tolerances)
def test_patience_equals_its_definition(losses, tol):
    patience = new_patience()
    is_lowest = np.array([patience.update(loss, tol) for loss in losses])
    for i, loss in enumerate(losses.T):
        lowest = np.minimum.accumulate(loss)
        expected = [e == 0 or loss[e] < lowest[e - 1] for e in range(len(loss))]
        assert is_lowest[:, i].tolist() == expected
        gains = [e for e in range(len(loss)) if e == 0 or loss[e] < lowest[e - 1] - tol[i]]
        assert patience.lowest_loss[i] == lowest[-1]
        assert patience.n_waited[i] == len(loss) - 1 - gains[-1]


def test_a_loss_of_nan_is_never_the_lowest():
    patience = new_patience(2)
    for _ in range(2):
        is_lowest = patience.update(np.array([np.nan, 1.0]), tol=0.0)
        assert not is_lowest[0]
    assert patience.n_waited.tolist() == [2, 1]
