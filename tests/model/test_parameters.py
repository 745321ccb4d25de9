"""Parameters: one vector per model, with layers as views."""

from itertools import pairwise

import numpy as np
import pytest

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Parameters
from tests.helpers import random_params

HIDDEN = pytest.mark.parametrize("hidden", [(), (4,), (1,), (4, 2)], ids=str)
FIT_INTERCEPT = pytest.mark.parametrize("fit_intercept", [False, True])
N_MODELS = pytest.mark.parametrize("n_models", [1, 3])


@HIDDEN
@FIT_INTERCEPT
@N_MODELS
def test_layers_are_views_that_cover_the_vector(hidden, fit_intercept, n_models):
    sizes = (5, *hidden, 3)
    network = DenseNetwork(sizes, fit_intercept)
    params = network.parameters(np.float32, n_models)
    assert (params.vector.shape, params.vector.dtype) == ((n_models, network.n_parameters), "f4")
    np.testing.assert_array_equal(params.vector, 0)
    layers = params.weights + params.intercepts
    shapes = [(n_out, n_in) for n_in, n_out in pairwise(sizes)]
    shapes += [(n_out, 1) for n_out in sizes[1:]] * fit_intercept
    assert network.shapes() == shapes
    assert [layer.shape for layer in layers] == [(n_models, *shape) for shape in shapes]
    for layer in layers:
        assert np.shares_memory(layer, params.vector)
        layer += 1
    np.testing.assert_array_equal(params.vector, 1)


def test_weights_of_an_output_precede_its_intercept():
    params = Parameters(np.arange(13.0).reshape(1, 13), (2, 3, 1))
    np.testing.assert_array_equal(params.weights[0], [[[0, 1], [3, 4], [6, 7]]])
    np.testing.assert_array_equal(params.intercepts[0], [[[2], [5], [8]]])
    np.testing.assert_array_equal(params.weights[1], [[[9, 10, 11]]])
    np.testing.assert_array_equal(params.intercepts[1], [[[12]]])


@HIDDEN
@FIT_INTERCEPT
@N_MODELS
def test_input_weights_are_one_matrix_if_memory_allows_it(hidden, fit_intercept, n_models, rng):
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    params = random_params(network, rng, n_models=n_models)
    (_, n_out, _), W = params.weights[0].shape, params.input_weights
    is_one_matrix = not hidden or n_models == 1
    assert W.shape == ((n_models * n_out, 5) if is_one_matrix else (n_models, n_out, 5))
    np.testing.assert_array_equal(W.reshape(n_models, n_out, 5), params.weights[0])
    W[...] = 7
    np.testing.assert_array_equal(params.weights[0], 7)
