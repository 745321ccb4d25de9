"""Every gradient against central differences along random directions, and against PyTorch."""

import itertools

import numpy as np
import pytest

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import (
    PerceptronCriterion,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.rows import Rows
from tests.helpers import random_params, random_rows, value_and_gradient

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
HIDDEN = [(), (7,), (7, 4)]
STEP = np.finfo(np.longdouble).eps ** (np.longdouble(1) / 3)

N_MODELS = pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])


class HeldFixed:
    """Dropout that gives the same masks again and again, a different one to each layer."""

    def __init__(self, layer_sizes, n_samples):
        dropout = Dropout(np.random.default_rng(0))
        self.fixed = dropout.masks(0.4, layer_sizes, n_samples, np.float64)

    def masks(self, rate, layer_sizes, n_samples, dtype):
        return [mask.astype(dtype) for mask in self.fixed]


def directional_errors(objective, params, rows, rng, l2=0.0):
    """Relative error of the slope along a random direction, for each model of a stack.

    The difference is taken in the longest floating-point type, the gradient in double precision.
    """
    direction = rng.standard_normal(params.vector.shape)
    _, gradient = value_and_gradient(objective, params, rows, l2)
    slope = np.sum(gradient.vector * direction, axis=1)
    long_rows = Rows(rows.X.astype(np.longdouble), rows.y, rows.weight)

    def value(step):
        moved = params.on(params.vector.astype(np.longdouble) + step * direction)
        return value_and_gradient(objective, moved, long_rows, l2)[0]

    difference = (value(STEP) - value(-STEP)) / (2 * STEP)
    return np.abs(slope - difference) / np.maximum(1e-3, np.abs(slope) + np.abs(difference))


@N_MODELS
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("hidden", HIDDEN, ids=["linear", "one-hidden", "two-hidden"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient(loss, hidden, l2, weighted, n_models, n_classes, rng):
    if n_models > 1 and l2:
        l2 = [0.0, 0.3, 2.0]
    rows = random_rows(rng, n_classes=n_classes, weighted=weighted)
    sizes = (5, *hidden, loss.n_outputs(n_classes))
    objective = Objective(DenseNetwork(sizes, activation=ACTIVATIONS["tanh"]), loss)
    params = random_params(objective.network, rng, n_models=n_models)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng, l2) < 1e-7)


@N_MODELS
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_activations(activation, sparse_X, fit_intercept, n_models, rng):
    rows = random_rows(rng, sparse_X=sparse_X)
    network = DenseNetwork((5, 8, 6, 3), fit_intercept, ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=n_models)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng, 0.1) < 1e-7)


def test_every_entry_of_the_report_s_gradient(rng):
    """dW = (A - Y) X^T and db = sum(A - Y), equations 16, 21 and 22, entry by entry."""
    rows = random_rows(rng)
    network = DenseNetwork((5, 3))
    params = random_params(network, rng)
    _, gradient = value_and_gradient(Objective(network, SoftmaxCrossEntropy()), params, rows)
    Z = params.weights[0][0] @ rows.X.T + params.intercepts[0][0]
    A = np.exp(Z) / np.exp(Z).sum(axis=0)
    Y = np.eye(3)[:, rows.y]
    np.testing.assert_allclose(gradient.weights[0][0], (A - Y) @ rows.X / len(rows), rtol=1e-12)
    db = gradient.intercepts[0][0, :, 0]
    np.testing.assert_allclose(db, (A - Y).mean(axis=1), rtol=1e-12)


def test_value_is_the_weighted_mean_loss_plus_the_penalty(rng):
    rows = random_rows(rng, weighted=True)
    network = DenseNetwork((5, 3))
    params = random_params(network, rng, n_models=2)
    objective = Objective(network, SoftmaxCrossEntropy())
    values, _ = value_and_gradient(objective, params, rows, [0.3, 2.0])
    for i, l2 in enumerate([0.3, 2.0]):
        W, b = params.weights[0][i], params.intercepts[0][i]
        Z = W @ rows.X.T + b
        losses = np.log(np.exp(Z).sum(axis=0)) - Z[rows.y, np.arange(12)]
        expected = np.sum(rows.weight * losses) / np.sum(rows.weight) + l2 / 2 * np.sum(W**2)
        assert values[i] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "hidden", "l2"), list(itertools.product(LOSSES, HIDDEN, [0.0, 0.5]))
)
def test_stack_equals_its_members(loss, hidden, l2, rng):
    rows = random_rows(rng, weighted=True)
    network = DenseNetwork((5, *hidden, 3))
    objective = Objective(network, loss)
    params = random_params(network, rng, n_models=4)
    l2s = [0.0, l2, 2 * l2, 1.0]
    values, gradient = value_and_gradient(objective, params, rows, l2s)
    for i in range(4):
        value, alone = value_and_gradient(objective, params.of_models([i]), rows, l2s[i])
        np.testing.assert_allclose(values[i], value[0], rtol=1e-12)
        np.testing.assert_allclose(gradient.vector[i], alone.vector[0], rtol=1e-12, atol=1e-14)


# --- dropout ----------------------------------------------------------------------------------


@N_MODELS
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("hidden", [(7,), (7, 6, 4)], ids=["one-hidden", "three-hidden"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_dropout(activation, hidden, weighted, l2, n_models, rng):
    rows = random_rows(rng, weighted=weighted)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    dropout = HeldFixed(network.layer_sizes, len(rows))
    objective = Objective(network, SoftmaxCrossEntropy(), dropout)
    params = random_params(network, rng, n_models=n_models)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng, l2) < 1e-7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_is_that_of_pytorch(activation, rng):
    torch = pytest.importorskip("torch")
    rows = random_rows(rng)
    network = DenseNetwork((5, 8, 3), activation=ACTIVATIONS[activation])
    dropout = HeldFixed(network.layer_sizes, len(rows))
    (mask,) = dropout.fixed
    params = random_params(network, rng)
    objective = Objective(network, SoftmaxCrossEntropy(), dropout)
    _, gradient = value_and_gradient(objective, params, rows)
    theirs = [torch.tensor(p[0], requires_grad=True) for p in params.weights + params.intercepts]
    W1, W2, b1, b2 = theirs
    hidden = getattr(torch, activation)(W1 @ torch.tensor(rows.X.T) + b1) * torch.tensor(mask)
    scores = (W2 @ hidden + b2).T
    torch.nn.functional.cross_entropy(scores, torch.tensor(rows.y)).backward()
    for g, p in zip(gradient.weights + gradient.intercepts, theirs):
        np.testing.assert_allclose(g[0], p.grad.numpy(), atol=1e-14)


def test_squares_of_single_precision_are_added_in_double():
    network = DenseNetwork((10, 3))
    params = network.parameters(np.float32)
    params.weights[0][...] = 1.5e19  # 30 of such squares are beyond single precision
    objective = Objective(network, SoftmaxCrossEntropy())
    assert objective.squared_norm(params) == pytest.approx(30 * 1.5e19**2, rel=1e-6)
