"""Gradients of the objective against central differences, and against PyTorch."""

import itertools
from dataclasses import replace

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
from sklearn_softmax._training.state import take
from tests.helpers import random_params, random_rows

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
SMOOTH_LOSSES = LOSSES[:2]  # among thousands of scores, some cross a kink
HIDDEN = [(), (7,), (7, 4)]
STEP = np.finfo(np.longdouble).eps ** (np.longdouble(1) / 3)
CLASS_WEIGHT = np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 1.0], [1.0, 1.0, 5.0]])

N_MODELS = pytest.mark.parametrize("n_models", [1, 3], ids=["one", "stack"])
LAYOUTS = pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])


def value_and_gradient(objective, params, rows, l2=0.0, **options):
    """Return the objective and its gradient, always with the same dropout masks."""
    l2 = np.broadcast_to(l2, len(params.vector))
    objective = replace(objective, dropout=Dropout(np.random.default_rng(0)))
    return objective.value_and_gradient(params, rows, l2, **options)


def directional_errors(objective, params, rows, rng, l2=0.0, **options):
    """Return the relative error of the slope along a random direction, for each model.

    The difference is taken in the longest floating-point type, the gradient in double precision.
    """
    direction = rng.standard_normal(params.vector.shape)
    _, gradient = value_and_gradient(objective, params, rows, l2, **options)
    slope = np.sum(gradient.vector * direction, axis=1)
    long_rows = Rows(rows.X.astype(np.longdouble), rows.y, rows.weight)

    def value(step):
        moved = params.replace_vector(params.vector.astype(np.longdouble) + step * direction)
        return value_and_gradient(objective, moved, long_rows, l2, **options)[0]

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
@LAYOUTS
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_activations(activation, sparse_X, fit_intercept, n_models, rng):
    rows = random_rows(rng, sparse_X=sparse_X)
    network = DenseNetwork((5, 8, 6, 3), fit_intercept, ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=n_models)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng, 0.1) < 1e-7)


@N_MODELS
@LAYOUTS
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("loss", SMOOTH_LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("hidden", [(), (7,)], ids=["linear", "one-hidden"])
def test_gradient_of_several_blocks_with_class_weights(
    hidden, loss, weighted, sparse_X, n_models, rng
):
    n = 2 * Rows.BLOCK_SIZE + 100
    rows = random_rows(rng, n=n, weighted=weighted, sparse_X=sparse_X)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS["tanh"])
    params = random_params(network, rng, n_models=n_models)
    options = {"l2": 0.3, "class_weight": CLASS_WEIGHT[:n_models]}
    objective = Objective(network, loss)
    assert np.all(directional_errors(objective, params, rows, rng, **options) < 1e-7)


def test_every_entry_of_the_gradient_of_the_report(rng):
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


@pytest.mark.parametrize("n", [12, 2500], ids=["one-block", "blocks"])
@pytest.mark.parametrize("class_weight", [None, CLASS_WEIGHT[:2]], ids=["equal", "class-weights"])
def test_the_value_is_the_weighted_mean_loss_plus_the_penalty(class_weight, n, rng):
    rows = random_rows(rng, n=n, weighted=True)
    network, l2 = DenseNetwork((5, 3)), np.array([0.3, 2.0])
    params = random_params(network, rng, n_models=2)
    objective = Objective(network, SoftmaxCrossEntropy())
    values, _ = objective.value_and_gradient(params, rows, l2, class_weight)
    for i in range(2):
        W, b = params.weights[0][i], params.intercepts[0][i]
        Z = W @ rows.X.T + b
        losses = np.log(np.exp(Z).sum(axis=0)) - Z[rows.y, np.arange(n)]
        weight = rows.weight if class_weight is None else rows.weight * class_weight[i, rows.y]
        expected = np.average(losses, weights=weight) + l2[i] / 2 * np.sum(W**2)
        assert values[i] == pytest.approx(expected, rel=1e-12)


def test_rows_may_be_a_selection_of_X(rng):
    rows = random_rows(rng, n=3000)
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params, chosen = random_params(objective.network, rng), rng.permutation(3000)[:2000]
    selection = Rows(rows.X, rows.y[chosen], indices=chosen)
    value, gradient = value_and_gradient(objective, params, selection)
    copies = Rows(rows.X[chosen], rows.y[chosen])
    expected_value, expected = value_and_gradient(objective, params, copies)
    np.testing.assert_allclose(value, expected_value, rtol=1e-14)
    np.testing.assert_allclose(gradient.vector, expected.vector, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("loss", "hidden", "l2"), list(itertools.product(LOSSES, HIDDEN, [0.0, 0.5]))
)
def test_a_stack_equals_its_members(loss, hidden, l2, rng):
    rows = random_rows(rng, weighted=True)
    network = DenseNetwork((5, *hidden, 3))
    objective = Objective(network, loss)
    params = random_params(network, rng, n_models=4)
    l2s = [0.0, l2, 2 * l2, 1.0]
    class_weight = rng.uniform(0, 2, (4, 3))
    values, gradient = value_and_gradient(objective, params, rows, l2s, class_weight=class_weight)
    for i in range(4):
        options = {"l2": l2s[i], "class_weight": class_weight[[i]]}
        value, alone = value_and_gradient(objective, take(params, [i]), rows, **options)
        np.testing.assert_allclose(values[i], value[0], rtol=1e-12)
        np.testing.assert_allclose(gradient.vector[i], alone.vector[0], rtol=1e-12, atol=1e-14)


@LAYOUTS
def test_mixed_precisions_give_the_value_and_gradient_of_the_higher_one(sparse_X, rng):
    rows = random_rows(rng, n=22, weighted=True, sparse_X=sparse_X)
    objective = Objective(DenseNetwork((5, 6, 3)), SoftmaxCrossEntropy())
    single = random_params(objective.network, rng, np.float32, n_models=2)
    double = single.replace_vector(single.vector.astype(np.float64))
    (value, gradient), (expected_value, expected) = (
        value_and_gradient(objective, params, rows) for params in (single, double)
    )
    assert gradient.vector.dtype == np.float64
    np.testing.assert_allclose(value, expected_value, rtol=1e-12)
    np.testing.assert_allclose(gradient.vector, expected.vector, rtol=1e-12, atol=1e-14)


def test_losses_of_single_precision_are_summed_in_double(rng):
    rows = random_rows(rng, n=3000)
    rows = Rows(rows.X.astype(np.float32), rows.y)
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng, np.float32)
    value, gradient = value_and_gradient(objective, params, rows)
    assert (value.dtype, gradient.vector.dtype) == (np.float64, np.float32)
    losses, _ = objective.loss(objective.network.raw_scores(params, rows.X), rows.y)
    np.testing.assert_allclose(value, losses.mean(axis=-1, dtype=np.float64), rtol=1e-7)


def test_the_arguments_are_unchanged(rng):
    rows = random_rows(rng, weighted=True)
    objective = Objective(DenseNetwork((5, 6, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng, n_models=2)
    for array in (rows.X, rows.y, rows.weight, params.vector):
        array.flags.writeable = False
    params = params.replace_vector(params.vector)
    first, second = (value_and_gradient(objective, params, rows, 0.1) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1].vector, second[1].vector)


# --- dropout ----------------------------------------------------------------------------------


@N_MODELS
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("hidden", [(7,), (7, 6, 4)], ids=["one-hidden", "three-hidden"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_dropout(activation, hidden, weighted, l2, n_models, rng):
    rows = random_rows(rng, weighted=weighted)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=n_models)
    for _ in range(3):
        errors = directional_errors(objective, params, rows, rng, l2, dropout_rate=0.4)
        assert np.all(errors < 1e-7)


def test_gradient_of_several_blocks_with_a_dropout_rate_per_model(rng):
    rows = random_rows(rng, n=2500, weighted=True)
    network = DenseNetwork((5, 7, 6, 3), activation=ACTIVATIONS["tanh"])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=3)
    rates = np.array([0.0, 0.2, 0.7])[:, np.newaxis, np.newaxis]
    options = {"dropout_rate": rates, "class_weight": CLASS_WEIGHT}
    assert np.all(directional_errors(objective, params, rows, rng, 0.1, **options) < 1e-7)
    _, gradient = value_and_gradient(objective, params, rows, **options)
    _, without = value_and_gradient(objective, params, rows, class_weight=CLASS_WEIGHT)
    np.testing.assert_allclose(gradient.vector[0], without.vector[0], rtol=1e-9, atol=1e-12)
    assert not np.allclose(gradient.vector[1:], without.vector[1:])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_equals_that_of_pytorch(activation, rng):
    torch = pytest.importorskip("torch")
    rows = random_rows(rng)
    network = DenseNetwork((5, 8, 3), activation=ACTIVATIONS[activation])
    (mask,) = Dropout(np.random.default_rng(0)).masks(0.4, network.layer_sizes, len(rows), float)
    params = random_params(network, rng)
    objective = Objective(network, SoftmaxCrossEntropy())
    _, gradient = value_and_gradient(objective, params, rows, dropout_rate=0.4)
    theirs = [torch.tensor(p[0], requires_grad=True) for p in params.weights + params.intercepts]
    W1, W2, b1, b2 = theirs
    hidden = getattr(torch, activation)(W1 @ torch.tensor(rows.X.T) + b1) * torch.tensor(mask)
    scores = (W2 @ hidden + b2).T
    torch.nn.functional.cross_entropy(scores, torch.tensor(rows.y)).backward()
    for g, p in zip(gradient.weights + gradient.intercepts, theirs):
        np.testing.assert_allclose(g[0], p.grad.numpy(), atol=1e-14)


# --- penalty ----------------------------------------------------------------------------------


def test_squares_of_single_precision_are_added_in_double():
    network = DenseNetwork((10, 3))
    params = network.parameters(np.float32)
    params.weights[0][...] = 1.5e19  # 30 of such squares are beyond single precision
    objective = Objective(network, SoftmaxCrossEntropy())
    assert objective.squared_norm(params) == pytest.approx(30 * 1.5e19**2, rel=1e-6)


def test_without_a_penalty_squares_may_overflow():
    network = DenseNetwork((2, 3))
    params = network.parameters(np.float64, n_models=2)
    params.weights[0][...] = 1e200
    objective = Objective(network, SoftmaxCrossEntropy())
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(objective.penalty(params, np.array([0.0, 1.0])), [0, np.inf])
        np.testing.assert_allclose(objective.norm(params, np.full(2, np.inf)), np.sqrt(6) * 1e200)
