"""Loss and accuracy of models against scikit-learn's metrics."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.state import take
from tests.helpers import random_params, random_rows

each_block_size = pytest.mark.parametrize("block_size", [7, 1024])
each_weight = pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
each_layout = pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])


@each_block_size
@each_weight
@each_layout
@pytest.mark.parametrize("hidden", [(), (6,)], ids=["linear", "one-hidden"])
def test_figures_of_softmax_equal_those_of_scikit_learn(
    hidden, sparse_X, weighted, block_size, rng
):
    rows = random_rows(rng, n=30, weighted=weighted, sparse_X=sparse_X)
    rows.BLOCK_SIZE = block_size
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS["tanh"])
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=3)
    loss, accuracy = evaluate(objective, params, rows)
    scores = network.raw_scores(params, rows.X)
    for i, P in enumerate(np.exp(objective.loss.log_probabilities(scores))):
        expected = log_loss(rows.y, P.T, sample_weight=rows.weight)
        assert loss[i] == pytest.approx(expected, rel=1e-9)
        predicted = scores[i].argmax(axis=0)
        expected = accuracy_score(rows.y, predicted, sample_weight=rows.weight)
        assert accuracy[i] == pytest.approx(expected, rel=1e-12)


@each_weight
def test_figures_of_a_single_output_equal_those_of_scikit_learn(weighted, rng):
    rows = random_rows(rng, n=30, n_classes=2, weighted=weighted)
    objective = Objective(DenseNetwork((5, 1)), SigmoidCrossEntropy())
    params = random_params(objective.network, rng)
    loss, accuracy = evaluate(objective, params, rows)
    scores = objective.network.raw_scores(params, rows.X)[0, 0]
    expected = log_loss(rows.y, 1 / (1 + np.exp(-scores)), sample_weight=rows.weight)
    assert loss == pytest.approx(expected, rel=1e-9)
    expected = accuracy_score(rows.y, scores > 0, sample_weight=rows.weight)
    assert accuracy == pytest.approx(expected, rel=1e-12)


@each_block_size
@each_weight
def test_class_weights_of_a_model_are_weights_of_its_rows(weighted, block_size, rng):
    rows = random_rows(rng, n=30, weighted=weighted)
    rows.BLOCK_SIZE = block_size
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng, n_models=2)
    class_weight = np.array([[1.0, 2.0, 0.0], [0.5, 1.0, 3.0]])
    figures = evaluate(objective, params, rows, class_weight)
    for i in range(2):
        weight = class_weight[i][rows.y] * (1 if rows.weight is None else rows.weight)
        expected = evaluate(objective, take(params, [i]), Rows(rows.X, rows.y, weight))
        np.testing.assert_allclose(np.array(figures)[:, [i]], expected, rtol=1e-12)


def test_rows_may_be_a_selection_of_X_and_are_unchanged(rng):
    rows = random_rows(rng, n=30)
    objective = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
    params = random_params(objective.network, rng)
    chosen = rng.permutation(30)[:11]
    rows.X.flags.writeable = rows.y.flags.writeable = False
    figures = evaluate(objective, params, Rows(rows.X, rows.y[chosen], None, chosen))
    expected = evaluate(objective, params, Rows(rows.X[chosen], rows.y[chosen]))
    np.testing.assert_allclose(figures, expected, rtol=1e-14)


def test_mixed_precisions_are_evaluated_in_the_higher_one(rng):
    rows = random_rows(rng, n=30)
    objective = Objective(DenseNetwork((5, 6, 3)), SoftmaxCrossEntropy())
    single = random_params(objective.network, rng, np.float32)
    double = single.replace_vector(single.vector.astype(np.float64))
    np.testing.assert_allclose(
        evaluate(objective, single, rows), evaluate(objective, double, rows), rtol=1e-13
    )
