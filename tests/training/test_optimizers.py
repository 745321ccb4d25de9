"""Optimisers against their algorithms, written out by hand."""

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from sklearn_softmax._training.optimizers import STEPS_TO_FLUSH, Adam, GradientDescent


def column(*values):
    """An array of shape (M, 1)."""
    return np.array(values, float).reshape(-1, 1)


def test_adam_by_hand():
    """Kingma and Ba's algorithm 1, written out for a few steps of one parameter a model."""
    lr = column(0.01, 0.1)
    vector, optimizer = column(2.0, -1.0), Adam()
    state = optimizer.start(vector, np.zeros(2))
    m = v = np.zeros((2, 1))
    theta = vector.copy()
    for t, g in enumerate([column(0.3, 2.0), column(-1.2, 1e-9), column(0.0, -3.0)], start=1):
        optimizer.step(vector, g.copy(), state, lr, column(0.5, 0.5))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        theta = theta - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(vector, theta, rtol=1e-14)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_by_hand(nesterov):
    lr, momentum = column(0.1, 0.2, 0.3), column(0.5, 0.9, 0.0)
    vector, optimizer = column(2.0, -1.0, 0.5), GradientDescent()
    look_ahead = momentum if nesterov else None
    state = optimizer.start(vector, momentum[:, 0])
    velocity, theta = np.zeros((3, 1)), vector.copy()
    for g in (column(0.3, 1.0, 0.4), column(-1.2, 0.1, 3.0), column(0.7, -0.5, -0.2)):
        optimizer.step(vector, g.copy(), state, lr, momentum, look_ahead)
        velocity = momentum * velocity + g
        theta = theta - lr * (g + momentum * velocity if nesterov else velocity)
        np.testing.assert_allclose(vector, theta, rtol=1e-14)


def test_plain_gradient_descent_has_no_state():
    vector, optimizer = column(2.0, -1.0), GradientDescent()
    state = optimizer.start(vector, np.zeros(2))
    optimizer.step(vector, column(0.5, 2.0), state, column(0.1, 1.0), column(0.0, 0.0))
    assert state == {}
    np.testing.assert_allclose(vector, column(1.95, -3.0), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_forgets_before_numbers_leave_the_normal_range(dtype):
    vector, optimizer = np.ones((1, 3), dtype), Adam(beta_1=0.5, beta_2=0.5)
    state = optimizer.start(vector, np.zeros(1))
    lr = np.full((1, 1), 1e-3, dtype)
    for t in range(2000):
        gradient = np.array([[1.0 if t == 0 else 0.0, 1.0, 1e-6]], dtype)
        optimizer.step(vector, gradient, state, lr)
        if t % STEPS_TO_FLUSH == STEPS_TO_FLUSH - 1:
            for mean in (state["m"], state["v"]):
                assert np.all((mean == 0) | (mean >= np.finfo(dtype).tiny))
    np.testing.assert_allclose(state["m"], [[0, 2, 2e-6]], rtol=1e-6)
    np.testing.assert_allclose(state["v"], [[0, 2, 2e-12]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [Adam(), GradientDescent()], ids=repr)
def test_steps_keep_the_dtype(optimizer, dtype):
    vector, momentum = np.ones((2, 3), dtype), np.full((2, 1), 0.5, dtype)
    state = optimizer.start(vector, momentum[:, 0])
    optimizer.step(vector, np.ones_like(vector), state, np.full((2, 1), 0.1, dtype), momentum)
    arrays = [a for a in state.values() if isinstance(a, np.ndarray)]
    assert arrays
    assert {a.dtype for a in [vector, *arrays]} == {np.dtype(dtype)}


@pytest.mark.parametrize("optimizer", [Adam(), GradientDescent()], ids=repr)
def test_state_of_models_is_a_copy_with_which_these_go_on(optimizer, rng):
    lr, momentum = column(0.1, 0.2, 0.3), column(0.5, 0.0, 0.9)
    vector = rng.standard_normal((3, 4))
    state = optimizer.start(vector, momentum[:, 0])
    for _ in range(3):
        optimizer.step(vector, rng.standard_normal((3, 4)), state, lr, momentum)
    models = np.array([2, 0])
    vector_of_two = vector[models]
    state_of_two = optimizer.state_of_models(state, models, momentum[models, 0])
    gradient = rng.standard_normal((3, 4))
    optimizer.step(vector_of_two, gradient[models], state_of_two, lr[models], momentum[models])
    before = {name: np.copy(value) for name, value in state.items()}
    optimizer.step(vector, gradient, state, lr, momentum)
    np.testing.assert_array_equal(vector_of_two, vector[models])
    assert set(before) == set(state_of_two)
    for name, value in state.items():
        assert not np.array_equal(before[name], value)
        expected = value if np.ndim(value) == 0 else value[models]
        np.testing.assert_array_equal(state_of_two[name], expected)


def test_models_without_momentum_need_no_velocity():
    vector, optimizer = np.ones((2, 3)), GradientDescent()
    assert optimizer.start(vector, np.array([0.0, 0.0])) == {}
    state = optimizer.start(vector, np.array([0.0, 0.9]))
    assert set(state) == {"velocity"}
    assert optimizer.state_of_models(state, [0], np.array([0.0])) == {}
    assert set(optimizer.state_of_models(state, [1], np.array([0.9]))) == {"velocity"}


def test_optimizers_never_change():
    with pytest.raises(FrozenInstanceError):
        Adam().beta_1 = 0.5
    with pytest.raises(FrozenInstanceError):
        GradientDescent().momentum = 0.5


def test_models_may_look_ahead_or_not(rng):
    lr, momentum = column(0.1, 0.2, 0.3, 0.4), column(0.5, 0.9, 0.0, 0.5)
    start = rng.standard_normal((4, 6))
    gradients = [rng.standard_normal((4, 6)) for _ in range(3)]
    ends = []
    for look_ahead in (None, momentum, momentum * column(1, 0, 1, 0)):
        vector, optimizer = start.copy(), GradientDescent()
        state = optimizer.start(vector, momentum)
        for gradient in gradients:
            optimizer.step(vector, gradient.copy(), state, lr, momentum, look_ahead)
        ends.append(vector)
    plain, ahead, mixed = ends
    np.testing.assert_array_equal(mixed[[0, 2]], ahead[[0, 2]])
    np.testing.assert_array_equal(mixed[[1, 3]], plain[[1, 3]])
    assert not np.allclose(plain[0], ahead[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_adam_forgets_the_direction_and_what_is_no_number(bad):
    optimizer = Adam()
    state = optimizer.start(np.zeros((2, 2)))
    state["m"][...], state["v"][...] = 1.0, [bad, 2.0]
    optimizer.forget(state, np.array([True, False]))
    np.testing.assert_array_equal(state["m"], [[0, 0], [1, 1]])
    np.testing.assert_array_equal(state["v"], [[0, 2], [bad, 2]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_keeps_no_number_below_the_normal_range(dtype):
    vector, optimizer, tiny = np.ones((1, 2), dtype), Adam(), np.finfo(dtype).tiny
    state, lr = optimizer.start(vector), np.full((1, 1), 1e-3, dtype)
    gradient = np.array([[1e4 * tiny, math.sqrt(1e2 * tiny)]], dtype)
    for _ in range(200):
        optimizer.step(vector, gradient, state, lr)
        assert not any(np.any((mean > 0) & (mean < tiny)) for mean in (state["m"], state["v"]))
        gradient = np.zeros_like(vector)
