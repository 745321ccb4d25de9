"""Selection of models from states of every kind."""

import copy
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax._training.lbfgs import Lbfgs
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import is_finite, take
from tests.helpers import initial_state, random_params, random_rows

N_MODELS = 4
MODELS = pytest.mark.parametrize(
    "models",
    [[2], np.array([3, 0]), [0, 1, 2, 3], np.array([False, True, True, False]), []],
    ids=repr,
)
OPTIMIZERS = pytest.mark.parametrize(
    "optimizer",
    [
        GradientDescent(),
        Adam(),
        AveragedGradientDescent(),
        ScheduleFree(GradientDescent()),
        ScheduleFree(Adam(beta_1=0.0)),
        Lbfgs(),
    ],
    ids=repr,
)


def new_state(optimizer, rng):
    """Return a state of several models in which all arrays differ between the models."""
    rows, network = random_rows(rng), DenseNetwork((5, 4, 3))
    values = {"lr": np.arange(1.0, 5.0), "momentum": 0.5, "class_weight": np.ones((N_MODELS, 3))}
    params = random_params(network, rng, n_models=N_MODELS)
    return initial_state(params, optimizer, rows, **values)


def arrays_with_models(state):
    """Return the arrays of a state with an axis of models."""
    if isinstance(state, Parameters):
        return [state.vector]
    if is_dataclass(state):
        parts = [getattr(state, f.name) for f in fields(state) if not f.metadata.get("shared")]
        return [array for part in parts for array in arrays_with_models(part)]
    return [state] if isinstance(state, np.ndarray) else []


@MODELS
@OPTIMIZERS
def test_take_copies_the_state_of_selected_models(optimizer, models, rng):
    state = new_state(optimizer, rng)
    state.epoch = 3
    before, chosen = copy.deepcopy(state), take(state, models)
    assert type(chosen.optimizer_state) is type(state.optimizer_state)
    assert (chosen.epoch, chosen.params.layer_sizes) == (3, state.params.layer_sizes)
    if getattr(state.optimizer_state, "scaling", None) is not None:
        assert chosen.optimizer_state.scaling.moments is state.optimizer_state.scaling.moments
    np.testing.assert_array_equal(chosen.params.weights[1], state.params.weights[1][models])
    assert chosen.params.vector.flags.c_contiguous
    pairs = list(zip(arrays_with_models(chosen), arrays_with_models(state), strict=True))
    assert len(pairs) >= 6  # parameters, hyperparameters and class weights
    for array, expected in pairs:
        np.testing.assert_array_equal(array, expected[models])
        assert not np.shares_memory(array, expected)
        array[...] = 7
    for array, expected in zip(arrays_with_models(state), arrays_with_models(before)):
        np.testing.assert_array_equal(array, expected)


# --- finite -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@OPTIMIZERS
def test_is_finite_detects_the_model_of_each_bad_number(optimizer, bad, rng):
    state = new_state(optimizer, rng)
    for part in (state.params, state.optimizer_state):
        assert np.all(is_finite(part))
        for array in arrays_with_models(part):
            before = array[1, ..., -1].copy()
            array[1, ..., -1] = bad
            np.testing.assert_array_equal(is_finite(part), [True, False, True, True])
            array[1, ..., -1] = before
