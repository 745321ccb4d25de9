"""Loss and accuracy of models against scikit-learn's metrics."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.evaluate import evaluate
from tests.helpers import random_params, random_rows

CLASS_WEIGHT = np.array([[1.0, 2.0, 0.0], [0.5, 1.0, 3.0], [1.0, 1.0, 1.0]])


@pytest.mark.parametrize("block_size", [7, 1024])
@pytest.mark.parametrize("class_weight", [None, CLASS_WEIGHT], ids=["equal", "class-weights"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SigmoidCrossEntropy()])
def test_loss_and_accuracy_equal_those_of_scikit_learn(
    loss, sparse_X, weighted, class_weight, block_size, rng
):
    n_classes = 3 if isinstance(loss, SoftmaxCrossEntropy) else 2
    rows = random_rows(rng, 30, n_classes=n_classes, weighted=weighted, sparse_X=sparse_X)
    rows = rows.permute(rng.permutation(30))
    rows.BLOCK_SIZE = block_size
    objective = Objective(DenseNetwork((5, 6, loss.n_outputs(n_classes))), loss)
    params = random_params(objective.network, rng, n_models=3)
    losses, accuracies = evaluate(objective, params, rows, class_weight)
    scores = objective.network.raw_scores(params, rows.X[rows.indices])
    probabilities = np.exp(loss.log_probabilities(scores))
    for i, P in enumerate(probabilities):
        weight = np.ones(30) if rows.weight is None else rows.weight
        weight = weight if class_weight is None else weight * class_weight[i, rows.y]
        expected = log_loss(rows.y, P.T, sample_weight=weight)
        assert losses[i] == pytest.approx(expected, rel=1e-9)
        expected = accuracy_score(rows.y, P.argmax(axis=0), sample_weight=weight)
        assert accuracies[i] == pytest.approx(expected, rel=1e-12)


def test_mixed_precisions_are_evaluated_in_the_higher_one(rng):
    rows = random_rows(rng, n=30)
    objective = Objective(DenseNetwork((5, 6, 3)), SoftmaxCrossEntropy())
    single = random_params(objective.network, rng, np.float32)
    double = single.replace_vector(single.vector.astype(np.float64))
    np.testing.assert_allclose(
        evaluate(objective, single, rows), evaluate(objective, double, rows), rtol=1e-13
    )
