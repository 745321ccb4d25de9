"""Networks against their formulas in plain NumPy, one model after the other."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.activations import ACTIVATIONS, glorot_scale
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.network import DenseNetwork, Workspace, Workspaces
from tests.helpers import random_params

DERIVATIVES = {
    "relu": lambda A: A > 0,
    "sigmoid": lambda A: A * (1 - A),
    "tanh": lambda A: 1 - A**2,
}
HIDDEN = pytest.mark.parametrize("hidden", [(), (7,), (7, 4)], ids=str)
FIT_INTERCEPT = pytest.mark.parametrize("fit_intercept", [False, True])
N_MODELS = pytest.mark.parametrize("n_models", [1, 3])


def layers_of(params, i):
    """Return the matrices and vectors of one model, without the leading axis."""
    weights = [W[i] for W in params.weights]
    return weights, [b[i] for b in params.intercepts] or [0] * len(weights)


def plain_forward(weights, intercepts, X, activation, masks):
    """Return the outputs of all layers, beginning with the input."""
    outputs = [X.T]
    for layer, (W, b) in enumerate(zip(weights, intercepts)):
        Z = W @ outputs[-1] + b
        is_hidden = layer < len(weights) - 1
        outputs.append(activation(Z) * masks[layer] if is_hidden else Z)
    return outputs


def plain_backward(weights, outputs, dZ, derivative, masks):
    """Return the gradients of weights and intercepts."""
    dWs, dbs = [], []
    for layer in reversed(range(len(weights))):
        dWs.insert(0, dZ @ outputs[layer].T)
        dbs.insert(0, dZ.sum(axis=1, keepdims=True))
        if layer:
            mask = masks[layer - 1]
            unmasked = np.divide(outputs[layer], mask, out=np.zeros_like(mask), where=mask > 0)
            dZ = weights[layer].T @ dZ * mask * derivative(unmasked)
    return dWs, dbs


def new_workspace(params, n_samples, dtype=np.float64):
    """Return a workspace of NaN, which detects reading before writing."""
    workspace = Workspace(params, n_samples, dtype)
    for array in workspace.outputs + workspace.gradients:
        array[...] = np.nan
    return workspace


@pytest.mark.parametrize("has_dropout", [False, True], ids=["whole", "dropout"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@N_MODELS
@FIT_INTERCEPT
@HIDDEN
def test_forward_and_backward(hidden, fit_intercept, n_models, activation, has_dropout, rng):
    network = DenseNetwork((5, *hidden, 3), fit_intercept, ACTIVATIONS[activation])
    params, X = random_params(network, rng, n_models=n_models), rng.standard_normal((9, 5))
    dZ = rng.standard_normal((n_models, 3, 9))
    masks = None
    if has_dropout:
        masks = Dropout(np.random.default_rng(0)).masks(0.3, network.layer_sizes, 9, float)
    workspace = new_workspace(params, 9)
    gradient = params.replace_vector(np.full_like(params.vector, np.nan))
    for _ in range(2):  # the second time in a used workspace
        scores = network.forward(params, X, workspace, masks)
        computed = scores.copy()
        scores[...] = dZ
        network.backward(params, X, workspace, gradient, masks)
    factors = masks or [np.ones((n, 9)) for n in hidden]
    for i in range(n_models):
        weights, intercepts = layers_of(params, i)
        outputs = plain_forward(weights, intercepts, X, ACTIVATIONS[activation], factors)
        np.testing.assert_allclose(computed[i], outputs[-1], rtol=1e-12, atol=1e-14)
        expected = plain_backward(weights, outputs, dZ[i], DERIVATIVES[activation], factors)
        for arrays, expected_arrays in zip(layers_of(gradient, i), expected):
            for array, expected_array in zip(arrays, expected_arrays if fit_intercept else arrays):
                np.testing.assert_allclose(array, expected_array, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csr_matrix])
@N_MODELS
@FIT_INTERCEPT
@HIDDEN
def test_sparse_rows_equal_dense_rows(hidden, fit_intercept, n_models, container, rng):
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    params = random_params(network, rng, n_models=n_models)
    X = container(rng.standard_normal((9, 5)) * (rng.uniform(size=(9, 5)) < 0.4))
    dZ, results = rng.standard_normal((n_models, 3, 9)), []
    for rows in (X, X.toarray()):
        workspace = new_workspace(params, 9)
        gradient = params.replace_vector(np.full_like(params.vector, np.nan))
        scores = network.forward(params, rows, workspace).copy()
        workspace.outputs[-1][...] = dZ
        network.backward(params, rows, workspace, gradient)
        results.append((scores, gradient.vector, network.raw_scores(params, rows, block_size=4)))
    for result, expected in zip(*results):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("block_size", [1, 4, 9, 100])
@N_MODELS
@HIDDEN
def test_scores_do_not_depend_on_the_blocks(hidden, n_models, block_size, rng):
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS["tanh"])
    params, X = random_params(network, rng, n_models=n_models), rng.standard_normal((9, 5))
    scores = network.raw_scores(params, X, block_size)
    assert scores.shape == (n_models, 3, 9)
    for i in range(n_models):
        weights, intercepts = layers_of(params, i)
        ones = [np.ones((n, 9)) for n in hidden]
        expected = plain_forward(weights, intercepts, X, np.tanh, ones)[-1]
        np.testing.assert_allclose(scores[i], expected, rtol=1e-12, atol=1e-14)


def test_no_rows_have_no_scores():
    network = DenseNetwork((5, 4, 3))
    assert network.raw_scores(network.parameters(float, 2), np.empty((0, 5))).shape == (2, 3, 0)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@HIDDEN
def test_mixed_precisions_give_scores_of_the_higher_one(hidden, container, rng):
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS["tanh"])
    single = random_params(network, rng, np.float32, n_models=2)
    double = single.replace_vector(single.vector.astype(np.float64))
    X = rng.standard_normal((9, 5))
    scores = network.raw_scores(single, container(X))
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, network.raw_scores(double, X), rtol=1e-13, atol=1e-15)
    assert network.raw_scores(single, container(X.astype(np.float32))).dtype == np.float32
    assert network.raw_scores(double, container(X.astype(np.float32))).dtype == np.float64


# --- workspaces -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@HIDDEN
def test_workspaces_are_made_once_per_number_of_samples(hidden, dtype):
    params = DenseNetwork((5, *hidden, 3)).parameters(np.float32, n_models=2)
    workspaces = Workspaces(params, dtype)
    assert workspaces[9] is workspaces[9]
    assert workspaces[9] is not workspaces[4]
    for n_samples in (4, 9):
        shapes = [array.shape for array in workspaces[n_samples].outputs]
        assert shapes == [(2, n_units, n_samples) for n_units in (*hidden, 3)]
    arrays = workspaces[9].outputs + workspaces[9].gradients + [workspaces.gradient.vector]
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    assert workspaces.gradient.layer_sizes == params.layer_sizes


# --- initial parameters ----------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scale_of_initial_weights(activation):
    network = DenseNetwork((200, 300, 100), activation=ACTIVATIONS[activation])
    params = network.random_parameters(np.random.RandomState(0), np.float64)
    for W, n_in, n_out in zip(params.weights, (200, 300), (300, 100)):
        expected = np.sqrt(2 / n_in if activation == "relu" else 2 / (n_in + n_out))
        assert W.std() == pytest.approx(expected, rel=0.02)
        assert abs(W.mean()) < 0.02 * expected
    for b in params.intercepts:
        np.testing.assert_array_equal(b, 0)


def test_signals_keep_their_size_in_a_deep_relu_net(rng):
    network = DenseNetwork((400,) * 6)
    scores = network.raw_scores(
        network.random_parameters(rng, float), rng.standard_normal((200, 400))
    )
    assert np.mean(scores**2) == pytest.approx(2, rel=0.3)


def test_standard_deviation_of_all_weights():
    network = DenseNetwork((200, 300, 100))
    params = network.random_parameters(np.random.RandomState(0), np.float64, [0.01])
    for W in params.weights:
        assert W.std() == pytest.approx(0.01, rel=0.02)


def test_weight_scale_replaces_that_of_the_activation():
    network, scales = DenseNetwork((200, 300, 100)), [None, 0.01]
    params = network.random_parameters(np.random.RandomState(0), np.float64, scales, glorot_scale)
    for W, n_in, n_out in zip(params.weights, (200, 300), (300, 100)):
        assert W[0].std() == pytest.approx(np.sqrt(2 / (n_in + n_out)), rel=0.02)
        assert W[1].std() == pytest.approx(0.01, rel=0.02)


def test_random_parameters_do_not_depend_on_the_dtype():
    network = DenseNetwork((5, 4, 3))
    single, double = (
        network.random_parameters(np.random.RandomState(0), dtype)
        for dtype in (np.float32, np.float64)
    )
    assert single.vector.dtype == np.float32
    np.testing.assert_array_equal(single.vector, double.vector.astype(np.float32))


@FIT_INTERCEPT
@HIDDEN
def test_number_of_parameters_which_are_zero(hidden, fit_intercept):
    network = DenseNetwork((5, *hidden, 3), fit_intercept)
    params = network.parameters(np.float32, n_models=2)
    assert params.vector.dtype == np.float32
    np.testing.assert_array_equal(params.vector, 0)
    sizes = [W[0].size for W in params.weights] + [b[0].size for b in params.intercepts]
    assert sum(sizes) == network.n_parameters
    shapes = [W.shape[1:] for W in params.weights] + [b.shape[1:] for b in params.intercepts]
    assert network.shapes() == shapes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_models_scale_the_same_draws(dtype):
    network, scales = DenseNetwork((5, 7, 3)), [None, 0.01, 2.0]
    params = network.random_parameters(np.random.RandomState(0), dtype, scales)
    for i, scale in enumerate(scales):
        alone = network.random_parameters(np.random.RandomState(0), dtype, [scale])
        np.testing.assert_array_equal(params.vector[i], alone.vector[0])
