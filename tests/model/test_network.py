"""Networks against plain NumPy, one model after the other; their gradients: test_objective."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.activations import ACTIVATIONS, glorot_scale
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.network import DenseNetwork, Workspace
from tests.helpers import random_params

HIDDEN = pytest.mark.parametrize("hidden", [(), (7,), (7, 4)], ids=str)
FIT_INTERCEPT = pytest.mark.parametrize("fit_intercept", [False, True])
N_MODELS = pytest.mark.parametrize("n_models", [1, 3])


def plain_scores(params, i, X, activation, masks):
    """Return the raw scores of one model, layer by layer."""
    last, A = len(params.weights) - 1, X.T
    for layer, W in enumerate(params.weights):
        Z = W[i] @ A + (params.intercepts[layer][i] if params.intercepts else 0)
        A = Z if layer == last else activation(Z) * (1 if masks is None else masks[layer])
    return A


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
def test_scores_equal_those_of_plain_formulas(
    hidden, fit_intercept, n_models, activation, has_dropout, rng
):
    network = DenseNetwork((5, *hidden, 3), fit_intercept, ACTIVATIONS[activation])
    params, X = random_params(network, rng, n_models=n_models), rng.standard_normal((9, 5))
    masks = None
    if has_dropout:
        masks = Dropout(np.random.default_rng(0)).masks(0.3, network.layer_sizes, 9, float)
    models, activate = range(n_models), ACTIVATIONS[activation]
    expected = [plain_scores(params, i, X, activate, masks) for i in models]
    workspace = new_workspace(params, 9)
    for _ in range(2):  # the second time in a used workspace
        scores = network.forward(params, X, workspace, masks)
        np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-14)
    if not has_dropout:
        scores = network.raw_scores(params, X, block_size=4)
        np.testing.assert_allclose(scores, expected, rtol=1e-12, atol=1e-14)


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
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-14, equal_nan=False)


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


# --- initial parameters ----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_models_share_the_random_draws_of_their_initial_weights(dtype):
    network, scales = DenseNetwork((5, 7, 3)), [None, 0.01, 2.0]
    params = network.random_parameters(np.random.RandomState(0), dtype, scales)
    for i, scale in enumerate(scales):
        alone = network.random_parameters(np.random.RandomState(0), dtype, [scale])
        np.testing.assert_array_equal(params.vector[i], alone.vector[0])


def test_initial_weights_have_the_scale_of_he_or_of_glorot():
    he, glorot = (
        DenseNetwork((5, 7)).random_parameters(np.random.RandomState(0), float, weight_scale=scale)
        for scale in (None, glorot_scale)
    )
    np.testing.assert_allclose(glorot.weights[0] / he.weights[0], np.sqrt(5 / 12))
