"""Optimizers against their algorithms in plain NumPy."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax._training.hyperparameters import StepSizes
from sklearn_softmax._training.optimizers import FLUSH_INTERVAL, Adam, GradientDescent
from sklearn_softmax._training.state import take

OPTIMIZERS = pytest.mark.parametrize("optimizer", [Adam(), GradientDescent()], ids=repr)


def column(*values):
    """Return an array of shape (M, 1)."""
    return np.array(values, float).reshape(-1, 1)


def step_sizes(lr, momentum=0.0, look_ahead=None):
    """Return step sizes in the dtype of the learning rates."""
    momentum = np.broadcast_to(np.asarray(momentum, lr.dtype), lr.shape)
    return StepSizes(lr, momentum, look_ahead)


def test_adam_equals_algorithm_1_of_the_paper():
    lr = column(0.01, 0.1)
    vector, optimizer = column(2.0, -1.0), Adam()
    state = optimizer.init(vector, np.zeros(2))
    m = v = np.zeros((2, 1))
    theta = vector.copy()
    for t, g in enumerate([column(0.3, 2.0), column(-1.2, 1e-9), column(0.0, -3.0)], start=1):
        optimizer.update(vector, g.copy(), state, step_sizes(lr, 0.5))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(vector, theta, rtol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_equals_its_formula(nesterov):
    lr, momentum = column(0.1, 0.2, 0.3), column(0.5, 0.9, 0.0)
    vector, optimizer = column(2.0, -1.0, 0.5), GradientDescent()
    look_ahead = momentum if nesterov else None
    state = optimizer.init(vector, momentum[:, 0])
    velocity, theta = np.zeros((3, 1)), vector.copy()
    for g in (column(0.3, 1.0, 0.4), column(-1.2, 0.1, 3.0), column(0.7, -0.5, -0.2)):
        optimizer.update(vector, g.copy(), state, step_sizes(lr, momentum, look_ahead))
        velocity = momentum * velocity + g
        theta = theta - lr * (g + momentum * velocity if nesterov else velocity)
        np.testing.assert_allclose(vector, theta, rtol=1e-14)


def test_gradient_descent_without_momentum_needs_no_velocity():
    vector, optimizer = column(2.0, -1.0), GradientDescent()
    state = optimizer.init(vector, np.zeros(2))
    optimizer.update(vector, column(0.5, 2.0), state, step_sizes(column(0.1, 1.0)))
    assert state.velocity is None
    np.testing.assert_allclose(vector, column(1.95, -3.0), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_sets_moments_below_the_normal_range_to_0(dtype):
    vector, optimizer = np.ones((1, 3), dtype), Adam(beta_1=0.5, beta_2=0.5)
    state = optimizer.init(vector, np.zeros(1))
    sizes = step_sizes(np.full((1, 1), 1e-3, dtype))
    for t in range(2000):
        gradient = np.array([[1.0 if t == 0 else 0.0, 1.0, 1e-6]], dtype)
        optimizer.update(vector, gradient, state, sizes)
        if t % FLUSH_INTERVAL == FLUSH_INTERVAL - 1:
            for moment in (state.first_moment, state.second_moment):
                assert np.all((moment == 0) | (moment >= np.finfo(dtype).tiny))
    np.testing.assert_allclose(state.first_moment, [[0, 2, 2e-6]], rtol=1e-6)
    np.testing.assert_allclose(state.second_moment, [[0, 2, 2e-12]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@OPTIMIZERS
def test_steps_keep_the_dtype(optimizer, dtype):
    vector, lr = np.ones((2, 3), dtype), np.full((2, 1), 0.1, dtype)
    state = optimizer.init(vector, np.full(2, 0.5))
    optimizer.update(vector, np.ones_like(vector), state, step_sizes(lr, 0.5))
    arrays = [a for a in vars(state).values() if isinstance(a, np.ndarray)]
    assert arrays
    assert {a.dtype for a in [vector, *arrays]} == {np.dtype(dtype)}


@OPTIMIZERS
def test_the_state_of_some_models_continues_their_steps(optimizer, rng):
    lr, momentum = column(0.1, 0.2, 0.3), column(0.5, 0.0, 0.9)
    vector = rng.standard_normal((3, 4))
    state = optimizer.init(vector, momentum[:, 0])
    for _ in range(3):
        gradient = rng.standard_normal((3, 4))
        optimizer.update(vector, gradient, state, step_sizes(lr, momentum))
    models = np.array([2, 0])
    vector_of_two, state_of_two = take(vector, models), take(state, models)
    before = vector.copy()
    gradient = rng.standard_normal((3, 4))
    sizes = step_sizes(lr[models], momentum[models])
    optimizer.update(vector_of_two, gradient[models], state_of_two, sizes)
    np.testing.assert_array_equal(vector, before)
    optimizer.update(vector, gradient, state, step_sizes(lr, momentum))
    np.testing.assert_array_equal(vector_of_two, vector[models])
    np.testing.assert_equal(vars(state_of_two), vars(take(state, models)))


def test_one_velocity_serves_models_with_and_without_momentum(rng):
    start, lr = rng.standard_normal((2, 3)), column(0.1, 0.1)
    vector, optimizer = start.copy(), GradientDescent()
    state = optimizer.init(vector, np.array([0.0, 0.9]))
    gradients = rng.standard_normal((4, 2, 3))
    for gradient in gradients:
        optimizer.update(vector, gradient.copy(), state, step_sizes(lr, column(0.0, 0.9)))
    np.testing.assert_allclose(vector[0], start[0] - 0.1 * gradients[:, 0].sum(axis=0))


@OPTIMIZERS
def test_the_fitted_parameters_are_those_after_the_last_step(optimizer):
    params = Parameters(np.ones((2, 3)), (2, 1))
    state = optimizer.init(params.vector, np.zeros(2))
    assert optimizer.fitted_params(params, state) is params


def test_optimizers_are_frozen():
    with pytest.raises(FrozenInstanceError):
        Adam().beta_1 = 0.5
    with pytest.raises(FrozenInstanceError):
        GradientDescent().lr = 0.5


def test_nesterov_momentum_of_some_models(rng):
    lr, momentum = column(0.1, 0.2, 0.3, 0.4), column(0.5, 0.9, 0.0, 0.5)
    start = rng.standard_normal((4, 6))
    gradients = [rng.standard_normal((4, 6)) for _ in range(3)]
    vectors = []
    for look_ahead in (None, momentum, momentum * column(1, 0, 1, 0)):
        vector, optimizer = start.copy(), GradientDescent()
        state = optimizer.init(vector, momentum[:, 0])
        for gradient in gradients:
            optimizer.update(vector, gradient.copy(), state, step_sizes(lr, momentum, look_ahead))
        vectors.append(vector)
    plain, nesterov, mixed = vectors
    np.testing.assert_array_equal(mixed[[0, 2]], nesterov[[0, 2]])
    np.testing.assert_array_equal(mixed[[1, 3]], plain[[1, 3]])
    assert not np.allclose(plain[0], nesterov[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_has_no_moments_below_the_normal_range(dtype):
    vector, optimizer, tiny = np.ones((1, 2), dtype), Adam(), np.finfo(dtype).tiny
    state, sizes = optimizer.init(vector, np.zeros(1)), step_sizes(np.full((1, 1), 1e-3, dtype))
    gradient = np.array([[1e4 * tiny, math.sqrt(1e2 * tiny)]], dtype)
    for _ in range(200):
        optimizer.update(vector, gradient, state, sizes)
        for moment in (state.first_moment, state.second_moment):
            assert not np.any((moment > 0) & (moment < tiny))
        gradient = np.zeros_like(vector)
