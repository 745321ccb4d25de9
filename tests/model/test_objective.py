"""The objective against its formula; its gradient against central differences."""

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
from sklearn_softmax._model.network import DenseNetwork, Workspace
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.state import take
from tests.helpers import random_params, random_rows

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
STEP = np.finfo(np.longdouble).eps ** (np.longdouble(1) / 3)
CLASS_WEIGHT = np.array([[1.0, 2.0, 0.5], [3.0, 0.0, 1.0], [1.0, 1.0, 5.0]])
DROPOUT_RATES = np.array([0.0, 0.2, 0.7])[:, np.newaxis, np.newaxis]

each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
each_smooth_loss = pytest.mark.parametrize("loss", LOSSES[:2], ids=["softmax", "sigmoid"])
each_net = pytest.mark.parametrize("hidden", [(), (7,), (7, 4)], ids=str)
each_layout = pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
each_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def value_and_gradient(objective, params, rows, l2=0.0, **options):
    """Return the objective and its gradient, with the same dropout masks in every call."""
    l2 = np.broadcast_to(l2, len(params.vector))
    objective = replace(objective, dropout=Dropout(np.random.default_rng(0)))
    return objective.value_and_gradient(params, rows, l2, **options)


def assert_gradient_equals_differences(objective, params, rows, l2=0.0, **options):
    """Compare the slopes along a random direction, one for each model.

    The difference is taken in the longest floating-point type, the gradient in double precision.
    """
    direction = np.random.RandomState(1).standard_normal(params.vector.shape)
    _, gradient = value_and_gradient(objective, params, rows, l2, **options)
    slope = np.sum(gradient.vector * direction, axis=1)
    long_rows = Rows(rows.X.astype(np.longdouble), rows.y, rows.weight, rows.indices)

    def value(step):
        vector = params.vector.astype(np.longdouble) + step * direction
        return value_and_gradient(
            objective, params.replace_vector(vector), long_rows, l2, **options
        )[0]

    difference = (value(STEP) - value(-STEP)) / (2 * STEP)
    size = np.maximum(1e-3, np.abs(slope) + np.abs(difference))
    assert np.all(np.abs(slope - difference) < 1e-7 * size)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("n_classes", [2, 3])
@each_net
@each_loss
def test_gradient_of_losses_and_penalties(loss, hidden, n_classes, weighted, rng):
    rows = random_rows(rng, n_classes=n_classes, weighted=weighted)
    sizes = (5, *hidden, loss.n_outputs(n_classes))
    objective = Objective(DenseNetwork(sizes, activation=ACTIVATIONS["tanh"]), loss)
    params = random_params(objective.network, rng, n_models=3)
    assert_gradient_equals_differences(objective, params, rows, [0.0, 0.3, 2.0])


@pytest.mark.parametrize("dropout_rate", [None, 0.4, DROPOUT_RATES], ids=["none", "one", "each"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@each_layout
@each_activation
def test_gradient_of_activations_with_dropout(
    activation, sparse_X, fit_intercept, dropout_rate, rng
):
    rows = random_rows(rng, sparse_X=sparse_X)
    network = DenseNetwork((5, 8, 6, 3), fit_intercept, ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=3)
    options = {"l2": 0.1, "dropout_rate": dropout_rate}
    assert_gradient_equals_differences(objective, params, rows, **options)


@pytest.mark.parametrize("dropout_rate", [None, DROPOUT_RATES], ids=["whole", "dropout"])
@each_layout
@each_smooth_loss
def test_gradient_of_several_blocks_with_class_weights(loss, sparse_X, dropout_rate, rng):
    """The perceptron criterion is left out: some of thousands of scores would cross a kink."""
    rows = random_rows(rng, n=2 * Rows.BLOCK_SIZE + 100, weighted=True, sparse_X=sparse_X)
    rows = rows.permute(rng.permutation(len(rows)))
    network = DenseNetwork((5, 7, 3), activation=ACTIVATIONS["tanh"])
    params, objective = random_params(network, rng, n_models=3), Objective(network, loss)
    options = {"l2": 0.3, "class_weight": CLASS_WEIGHT, "dropout_rate": dropout_rate}
    assert_gradient_equals_differences(objective, params, rows, **options)


def test_value_with_dropout_is_that_of_a_network_with_masks(rng):
    rows, network = random_rows(rng), DenseNetwork((5, 8, 3))
    params, objective = random_params(network, rng, n_models=3), Objective(network, LOSSES[0])
    dropout = Dropout(np.random.default_rng(0))
    masks = dropout.masks(DROPOUT_RATES, network.layer_sizes, len(rows), float)
    scores = network.forward(params, rows.X, Workspace(params, len(rows), float), masks)
    losses, _ = objective.loss(scores, rows.y)
    value, _ = value_and_gradient(objective, params, rows, dropout_rate=DROPOUT_RATES)
    np.testing.assert_allclose(value, losses.mean(axis=-1))


@pytest.mark.parametrize("n", [12, 2500], ids=["one-block", "blocks"])
@pytest.mark.parametrize("class_weight", [None, CLASS_WEIGHT[:2]], ids=["equal", "class-weights"])
def test_value_is_the_weighted_mean_loss_plus_the_penalty(class_weight, n, rng):
    rows = random_rows(rng, n=n, weighted=True)
    rows = rows.permute(rng.permutation(n))
    X = rows.X[rows.indices]
    network, l2 = DenseNetwork((5, 3)), np.array([0.3, 2.0])
    params = random_params(network, rng, n_models=2)
    objective = Objective(network, SoftmaxCrossEntropy())
    values, _ = objective.value_and_gradient(params, rows, l2, class_weight)
    for i in range(2):
        W, b = params.weights[0][i], params.intercepts[0][i]
        Z = W @ X.T + b
        losses = np.log(np.exp(Z).sum(axis=0)) - Z[rows.y, np.arange(n)]
        weight = rows.weight if class_weight is None else rows.weight * class_weight[i, rows.y]
        expected = np.average(losses, weights=weight) + l2[i] / 2 * np.sum(W**2)
        assert values[i] == pytest.approx(expected, rel=1e-12)


@each_net
@each_loss
def test_models_have_the_values_and_gradients_of_single_models(loss, hidden, rng):
    rows = random_rows(rng, weighted=True)
    objective = Objective(DenseNetwork((5, *hidden, 3)), loss)
    params = random_params(objective.network, rng, n_models=4)
    l2, class_weight = np.array([0.0, 0.5, 2.0, 0.0]), rng.uniform(0, 2, (4, 3))
    values, gradient = value_and_gradient(objective, params, rows, l2, class_weight=class_weight)
    for i in range(4):
        value, alone = value_and_gradient(
            objective, take(params, [i]), rows, l2[i], class_weight=class_weight[[i]]
        )
        np.testing.assert_allclose(values[i], value[0], rtol=1e-12)
        np.testing.assert_allclose(gradient.vector[i], alone.vector[0], rtol=1e-12, atol=1e-14)


@each_layout
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


def test_losses_of_single_precision_are_summed_in_double():
    """The sum of the losses, 2**24 + 1023, is not a number of single precision."""
    X = np.ones((1024, 1), np.float32)
    X[0] = 2**24
    objective = Objective(DenseNetwork((1, 1), fit_intercept=False), PerceptronCriterion())
    params = objective.network.parameters(np.float32)
    params.vector[...] = 1
    value, gradient = value_and_gradient(objective, params, Rows(X, np.zeros(1024, int)))
    assert gradient.vector.dtype == np.float32
    assert value == (2**24 + 1023) / 1024


# --- penalty ----------------------------------------------------------------------------------


def test_squares_of_single_precision_are_summed_in_double():
    network = DenseNetwork((10, 3))
    params = network.parameters(np.float32)
    params.weights[0][...] = 1.5e19  # 30 of such squares are beyond single precision
    objective = Objective(network, SoftmaxCrossEntropy())
    assert objective.squared_norm(params) == pytest.approx(30 * 1.5e19**2, rel=1e-6)


def test_norm_and_penalty_of_0_are_finite_if_squares_overflow():
    network = DenseNetwork((2, 3))
    params = network.parameters(np.float64, n_models=2)
    params.weights[0][...] = 1e200
    objective = Objective(network, SoftmaxCrossEntropy())
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(objective.penalty(params, np.array([0.0, 1.0])), [0, np.inf])
        np.testing.assert_allclose(objective.norm(params, np.full(2, np.inf)), np.sqrt(6) * 1e200)
