"""Selection of models from states of every kind."""

import copy
import pickle
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax._training.lbfgs import Lbfgs, LbfgsState
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import SHARED, is_finite, take
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
def test_take_from_containers(models, rng):
    vectors, matrices = rng.standard_normal((N_MODELS, 3)), rng.standard_normal((N_MODELS, 2, 2))
    state = [vectors, {"matrices": matrices, "nothing": None}, "text", 0.5]
    expected = [vectors[models], {"matrices": matrices[models], "nothing": None}, "text", 0.5]
    np.testing.assert_equal(take(state, models), expected)


@MODELS
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("hidden", [(), (4,)], ids=str)
def test_take_from_parameters(hidden, fit_intercept, models, rng):
    params = random_params(DenseNetwork((5, *hidden, 3), fit_intercept), rng, n_models=N_MODELS)
    chosen = take(params, models)
    pairs = zip(chosen.weights + chosen.intercepts, params.weights + params.intercepts)
    for layer, expected in pairs:
        np.testing.assert_array_equal(layer, expected[models])
    assert (chosen.layer_sizes, chosen.fit_intercept) == (params.layer_sizes, fit_intercept)
    assert chosen.vector.flags.c_contiguous


@MODELS
@OPTIMIZERS
def test_take_from_a_state_of_training(optimizer, models, rng):
    state = new_state(optimizer, rng)
    before, chosen = copy.deepcopy(state), take(state, models)
    assert type(chosen.optimizer_state) is type(state.optimizer_state)
    pairs = list(zip(arrays_with_models(chosen), arrays_with_models(state), strict=True))
    assert len(pairs) >= 6  # parameters, hyperparameters and class weights
    for array, expected in pairs:
        np.testing.assert_array_equal(array, expected[models])
        assert not np.shares_memory(array, expected)
        array[...] = 7
    for array, expected in zip(arrays_with_models(state), arrays_with_models(before)):
        np.testing.assert_array_equal(array, expected)


def test_shared_fields_are_not_indexed():
    @dataclass
    class Example:
        weights: np.ndarray
        mean: np.ndarray = field(metadata=SHARED)
        n_steps: int = field(metadata=SHARED)
        inner: Any = None

    inner = Example(np.eye(3), np.arange(9.0), 5)
    state = Example(np.arange(3), np.arange(7.0), 4, inner)
    chosen = take(state, [2, 0])
    np.testing.assert_array_equal(chosen.weights, [2, 0])
    np.testing.assert_array_equal(chosen.inner.weights, np.eye(3)[[2, 0]])
    assert chosen.mean is state.mean
    assert chosen.inner.mean is inner.mean
    assert (chosen.n_steps, chosen.inner.n_steps) == (4, 5)
    np.testing.assert_array_equal(state.weights, [0, 1, 2])


@OPTIMIZERS
def test_the_moments_of_the_rows_and_the_counts_are_shared(optimizer, rng):
    state = new_state(optimizer, rng)
    state.epoch = 3
    chosen = take(state, [1])
    assert chosen.epoch == 3
    scaling = getattr(state.optimizer_state, "scaling", None)
    if scaling is not None:
        assert chosen.optimizer_state.scaling.mean is scaling.mean
        assert chosen.optimizer_state.scaling.moments is scaling.moments


# --- finite -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@OPTIMIZERS
def test_is_finite_finds_the_model_of_each_bad_number(optimizer, bad, rng):
    state = new_state(optimizer, rng)
    for part in (state.params, state.optimizer_state):
        assert np.all(is_finite(part))
        for array in arrays_with_models(part):
            before = array[1, ..., -1].copy()
            array[1, ..., -1] = bad
            np.testing.assert_array_equal(is_finite(part), [True, False, True, True])
            array[1, ..., -1] = before


@pytest.mark.parametrize("state", [None, LbfgsState()], ids=repr)
def test_a_state_without_arrays_is_finite(state):
    assert is_finite(state)
    assert np.ndim(is_finite(state)) == 0


@OPTIMIZERS
def test_a_copied_state_is_independent(optimizer, rng):
    state = new_state(optimizer, rng)
    for copied in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        for array, expected in zip(arrays_with_models(copied), arrays_with_models(state)):
            np.testing.assert_array_equal(array, expected)
            assert not np.shares_memory(array, expected)
        copied.params.vector[...] = 7
        np.testing.assert_array_equal(copied.params.weights[0], 7)
