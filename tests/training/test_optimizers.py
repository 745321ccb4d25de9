"""Optimizers against their algorithms in plain NumPy."""

import math

import numpy as np
import pytest

from sklearn_softmax._training.hyperparameters import StepSizes
from sklearn_softmax._training.optimizers import Adam, GradientDescent
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


@pytest.mark.parametrize("nesterov", [None, (1, 1, 1, 1), (0, 1, 1, 0)], ids=str)
def test_momentum_equals_its_formula(nesterov, rng):
    lr, momentum = column(0.1, 0.2, 0.3, 0.4), column(0.5, 0.9, 0.0, 0.5)
    vector, optimizer = rng.standard_normal((4, 6)), GradientDescent()
    state = optimizer.init(vector, momentum[:, 0])
    velocity, theta = np.zeros((4, 6)), vector.copy()
    is_nesterov = column(*(nesterov or [0] * 4))
    look_ahead = None if nesterov is None else momentum * is_nesterov
    for g in rng.standard_normal((3, 4, 6)):
        optimizer.update(vector, g.copy(), state, step_sizes(lr, momentum, look_ahead))
        velocity = momentum * velocity + g
        theta = theta - lr * np.where(is_nesterov, g + momentum * velocity, velocity)
        np.testing.assert_allclose(vector, theta, rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_sets_moments_to_0_before_they_are_subnormal(dtype):
    vector, optimizer, tiny = np.ones((1, 3), dtype), Adam(), np.finfo(dtype).tiny
    state, sizes = optimizer.init(vector, np.zeros(1)), step_sizes(np.full((1, 1), 1e-3, dtype))
    first_gradient = np.array([[1e4 * tiny, math.sqrt(1e2 * tiny), 1e-6]], dtype)
    for t in range(200):
        gradient = np.array([[0, 0, 1e-6]], dtype) if t else first_gradient
        optimizer.update(vector, gradient, state, sizes)
        for moment in (state.first_moment, state.second_moment):
            assert not np.any((moment > 0) & (moment < tiny))
    np.testing.assert_allclose(state.first_moment[0, [0, 2]], [0, 1e-5], rtol=1e-5)
    second_moment = 1e-12 * (1 - 0.999**200) / 0.001
    np.testing.assert_allclose(state.second_moment[0, 1:], [0, second_moment], rtol=1e-5)


@OPTIMIZERS
def test_selected_models_continue_their_steps(optimizer, rng):
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
