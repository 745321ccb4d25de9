"""Every gradient against central differences along random directions."""

import itertools

import numpy as np
import pytest

from sklearn_softmax.activations import ACTIVATIONS
from sklearn_softmax.losses import PerceptronCriterion, SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.objective import Objective
from tests.helpers import random_params, random_rows, value_and_gradient

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
HIDDEN = [(), (7,), (7, 4)]
STEP = 1e-6


def directional_errors(objective, params, rows, rng):
    """Relative error of the slope along a random direction, for each model of a stack."""
    direction = [rng.standard_normal(p.shape) for p in params]
    _, gradient = value_and_gradient(objective, params, rows)
    slope = sum(np.sum(g * d, axis=(-2, -1)) for g, d in zip(gradient, direction))
    ahead, _ = value_and_gradient(
        objective, [p + STEP * d for p, d in zip(params, direction)], rows
    )
    behind, _ = value_and_gradient(
        objective, [p - STEP * d for p, d in zip(params, direction)], rows
    )
    difference = (ahead - behind) / (2 * STEP)
    return np.abs(slope - difference) / np.maximum(1e-3, np.abs(slope) + np.abs(difference))


@pytest.mark.parametrize("stack", [(), (3,)], ids=["one", "stack"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("hidden", HIDDEN, ids=["linear", "one-hidden", "two-hidden"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient(loss, hidden, l2, weighted, stack, n_classes, rng):
    if stack and l2:
        l2 = np.array([0.0, 0.3, 2.0]).reshape(3, 1, 1)
    rows = random_rows(rng, n_classes=n_classes, weighted=weighted)
    sizes = (5, *hidden, loss.n_outputs(n_classes))
    network = DenseNetwork(sizes, activation=ACTIVATIONS["tanh"])
    objective = Objective(network, loss, l2)
    params = random_params(network, rng, stack=stack)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng) < 1e-6)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_activations(activation, sparse_X, fit_intercept, rng):
    rows = random_rows(rng, sparse_X=sparse_X)
    network = DenseNetwork((5, 8, 6, 3), fit_intercept, ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy(), 0.1)
    params = random_params(network, rng)
    for _ in range(3):
        assert directional_errors(objective, params, rows, rng) < 1e-6


def test_every_entry_of_the_report_s_gradient(rng):
    """dW = (A - Y) X^T and db = sum(A - Y), equations 16, 21 and 22, entry by entry."""
    rows = random_rows(rng)
    network = DenseNetwork((5, 3))
    objective = Objective(network, SoftmaxCrossEntropy())
    W, b = params = random_params(network, rng)
    _, (dW, db) = value_and_gradient(objective, params, rows)
    Z = W @ rows.X.T + b
    A = np.exp(Z) / np.exp(Z).sum(axis=0)
    Y = np.eye(3)[:, rows.y]
    np.testing.assert_allclose(dW, (A - Y) @ rows.X / len(rows), rtol=1e-12)
    np.testing.assert_allclose(db[:, 0], (A - Y).mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "hidden", "l2"), list(itertools.product(LOSSES, HIDDEN, [0.0, 0.5]))
)
def test_stack_equals_its_members(loss, hidden, l2, rng):
    rows = random_rows(rng, weighted=True)
    network = DenseNetwork((5, *hidden, 3))
    stacked = random_params(network, rng, stack=(4,))
    l2s = np.array([0.0, l2, 2 * l2, 1.0])
    values, gradient = value_and_gradient(
        Objective(network, loss, l2s.reshape(4, 1, 1)), stacked, rows
    )
    for i in range(4):
        alone = Objective(network, loss, float(l2s[i]))
        value, own = value_and_gradient(alone, [p[i] for p in stacked], rows)
        np.testing.assert_allclose(values[i], value, rtol=1e-12)
        for g, h in zip(gradient, own):
            np.testing.assert_allclose(g[i], h, rtol=1e-12, atol=1e-14)
