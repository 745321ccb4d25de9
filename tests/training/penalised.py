"""Penalised linear models to look at, for the tests of Newton's steps."""

import pytest

from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.conditioning import standardisation
from tests.helpers import hyperparameters, random_params, random_rows

CASES = pytest.mark.parametrize(
    ("loss", "n_classes"),
    [
        (SoftmaxCrossEntropy(), 3),
        (SoftmaxCrossEntropy(), 2),
        (SigmoidCrossEntropy(), 3),
        (SigmoidCrossEntropy(), 2),
    ],
    ids=["softmax", "softmax-two", "sigmoids", "sigmoid"],
)


def problem(rng, loss, n_classes=3, *, n_models=1, l2=0.3, fit_intercept=True, **options):
    """An objective with parameters, hyperparameters, rows and their standardisation."""
    rows = random_rows(rng, n_classes=n_classes, **{"n": 40, "n_features": 3, **options})
    n_features, n_outputs = rows.X.shape[1], loss.n_outputs(n_classes)
    network = DenseNetwork((n_features, n_outputs), fit_intercept)
    scaling = standardisation(rows, n_outputs, fit_intercept=fit_intercept, n_models=n_models)
    params = random_params(network, rng, n_models=n_models)
    if isinstance(loss, SoftmaxCrossEntropy):  # as training from zeros has it
        layer = scaling.layer(params.vector)
        layer -= layer.mean(axis=1, keepdims=True)
    return Objective(network, loss), params, hyperparameters(n_models, l2=l2), rows, scaling
