"""Activations against NumPy and SciPy, their derivatives against central differences."""

import numpy as np
import pytest
from scipy.special import expit

from sklearn_softmax._model.activations import ACTIVATIONS

EXPECTED = {"relu": lambda Z: np.maximum(Z, 0), "sigmoid": expit, "tanh": np.tanh}
each_activation = pytest.mark.parametrize("name", ACTIVATIONS)


@each_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_equal_those_of_numpy_and_scipy(name, dtype, rng):
    Z = (5 * rng.standard_normal((2, 3, 50))).astype(dtype)
    Z[0, 0, :3] = -1e30, 1e30, np.nan
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


@pytest.mark.parametrize(
    ("name", "Z", "slopes"),
    [
        ("relu", [-1e30, 0.0, 1e-300, 1e30], [0, 0, 1, 1]),
        ("sigmoid", [-1e30, 1e30], [0, 0]),
        ("tanh", [-1e30, 1e30], [0, 0]),
    ],
)
def test_slopes_at_the_kink_and_at_large_inputs(name, Z, slopes):
    dA = np.ones(len(Z))
    ACTIVATIONS[name].backward(dA, ACTIVATIONS[name](np.array(Z)))
    np.testing.assert_array_equal(dA, slopes)
