"""Activations against NumPy and SciPy, their derivatives against central differences."""

import numpy as np
import pytest
from scipy.special import expit

from sklearn_softmax._model.activations import ACTIVATIONS

EXPECTED = {"relu": lambda Z: np.maximum(Z, 0), "sigmoid": expit, "tanh": np.tanh}
each_activation = pytest.mark.parametrize("name", ACTIVATIONS)


def test_every_activation_is_tested():
    assert set(ACTIVATIONS) == set(EXPECTED)


@each_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values(name, dtype, rng):
    Z = (5 * rng.standard_normal((2, 3, 50))).astype(dtype)
    before = Z.copy()
    A = ACTIVATIONS[name](Z)
    assert A.dtype == dtype
    np.testing.assert_array_equal(A, EXPECTED[name](before))
    np.testing.assert_array_equal(Z, before)
    assert ACTIVATIONS[name](Z, out=Z) is Z
    np.testing.assert_array_equal(Z, A)


@each_activation
def test_backward_equals_central_differences(name, rng):
    Z, dA, step = rng.standard_normal((2, 3, 50)), rng.standard_normal((2, 3, 50)), 1e-5
    activation = ACTIVATIONS[name]
    difference = dA * (activation(Z + step) - activation(Z - step)) / (2 * step)
    dZ = dA.copy()
    activation.backward(dZ, activation(Z))
    np.testing.assert_allclose(dZ, difference, rtol=1e-7, atol=1e-9)


def test_relu_has_no_gradient_at_its_kink():
    dA = np.ones(2)
    ACTIVATIONS["relu"].backward(dA, ACTIVATIONS["relu"](np.array([0.0, 1e-300])))
    np.testing.assert_array_equal(dA, [0, 1])


@each_activation
def test_large_inputs_stay_finite(name):
    Z = np.array([-1e30, 1e30])
    A, dA = ACTIVATIONS[name](Z), np.ones(2)
    np.testing.assert_array_equal(A, EXPECTED[name](Z))
    ACTIVATIONS[name].backward(dA, A)
    np.testing.assert_array_equal(dA, [0, name == "relu"])


@each_activation
def test_nan_stays_nan(name):
    assert np.isnan(ACTIVATIONS[name](np.array([np.nan]))).all()


@pytest.mark.parametrize(("name", "n_inputs"), [("relu", 30), ("sigmoid", 100), ("tanh", 100)])
def test_weight_scale_is_that_of_the_paper(name, n_inputs):
    """2 over the inputs for He, over the sum of inputs and outputs for Glorot."""
    assert ACTIVATIONS[name].weight_scale(30, 70) == pytest.approx(np.sqrt(2 / n_inputs))
