"""The inverse of the Hessian, by coefficients and by rows, against each other."""

import numpy as np
import pytest

from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training import curvature as module
from sklearn_softmax._training.conditioning import standardisation
from sklearn_softmax._training.curvature import ByCoefficients, ByRows, curvature, is_affordable
from sklearn_softmax._training.rows import Rows
from tests.helpers import hyperparameters
from tests.training.penalised import CASES, problem


@CASES
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("is_sparse", [True, False])
def test_rows_and_coefficients_give_the_same_step(loss, n_classes, fit_intercept, is_sparse, rng):
    options = {"n": 12, "n_features": 20, "weighted": True, "sparse_X": is_sparse}
    options |= {"n_models": 2, "l2": [0.1, 2.0], "fit_intercept": fit_intercept}
    *given, rows, scaling = problem(rng, loss, n_classes, **options)
    by_rows = curvature(*given, rows, scaling)
    assert isinstance(by_rows, ByRows)
    # The same rows twice each are more than the coefficients.
    X = rows.X.toarray() if is_sparse else rows.X
    twice = Rows(np.repeat(X, 2, axis=0), np.repeat(rows.y, 2), np.repeat(rows.weight, 2))
    by_coefficients = curvature(*given, twice, scaling)
    assert isinstance(by_coefficients, ByCoefficients)
    gradient = rng.standard_normal((2, loss.n_outputs(n_classes), 20 + fit_intercept))
    if isinstance(loss, SoftmaxCrossEntropy):
        gradient -= gradient.mean(axis=1, keepdims=True)
    steps = [inverse.solve(gradient) for inverse in (by_rows, by_coefficients)]
    np.testing.assert_allclose(*steps, rtol=1e-4, atol=1e-4)
    degrees = [inverse.degrees_of_freedom for inverse in (by_rows, by_coefficients)]
    np.testing.assert_allclose(*degrees, rtol=1e-4)


def test_what_is_known_of_the_rows_is_not_made_again(rng):
    objective, params, *rest = problem(rng, SoftmaxCrossEntropy(), n=8, n_features=30)
    first = curvature(objective, params, *rest)
    elsewhere = params.on(params.vector + 0.1)
    again, anew = (curvature(objective, elsewhere, *rest, known) for known in (first, None))
    assert again.kernel is first.kernel
    assert again.features is first.features
    np.testing.assert_array_equal(again.matrix, anew.matrix)
    assert not np.array_equal(again.matrix, first.matrix)


@pytest.mark.parametrize("l2", [1e-9, 0.1, 1e9])
def test_a_penalty_takes_degrees_of_freedom(l2, rng, monkeypatch):
    monkeypatch.setattr(module, "OF_INTERCEPT", 1e-9)
    given = problem(rng, SigmoidCrossEntropy(), n_classes=2, l2=l2, n=40, n_features=3)
    found = curvature(*given).degrees_of_freedom
    X, (_, params, *_) = given[3].X, given
    p = 1 / (1 + np.exp(-(X @ params.weights[0][0].T + params.intercepts[0][0])))
    design = np.column_stack([X - X.mean(axis=0), np.ones(len(X))])
    H = design.T @ (design * p * (1 - p)) / len(X)
    expected = np.trace(np.linalg.solve(H + np.diag([l2, l2, l2, 0]), H))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("n", [8, 40], ids=["by-rows", "by-coefficients"])
def test_models_have_inverses_of_their_own(n, rng):
    given = problem(
        rng, SoftmaxCrossEntropy(), n_models=2, l2=[0.1, 1.0], weighted=True, n=n, n_features=9
    )
    objective, params, values, rows, scaling = given
    values = values._replace(class_weight=np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 1.0]]))
    both, gradient = (
        curvature(objective, params, values, rows, scaling),
        rng.standard_normal((2, 3, 10)),
    )
    for i in range(2):
        of_model = params.of_models([i]), values.of_models([i]), rows, scaling.of_models([i])
        alone = curvature(objective, *of_model).solve(gradient[[i]])
        np.testing.assert_allclose(
            both.of_models([i]).solve(gradient[[i]]), alone, rtol=1e-8, atol=1e-8
        )
        np.testing.assert_allclose(both.solve(gradient)[[i]], alone, rtol=1e-8, atol=1e-8)


def test_some_of_many_rows_stand_for_all_in_the_curvature(rng, monkeypatch):
    given = problem(rng, SoftmaxCrossEntropy(), n=4000, n_features=3)
    every = curvature(*given)
    monkeypatch.setattr(module, "ROWS_A_COEFFICIENT", 500)
    some = curvature(*given)
    assert not np.array_equal(every.matrix, some.matrix)
    np.testing.assert_allclose(every.matrix, some.matrix, rtol=0.2, atol=0.2)


@pytest.mark.parametrize("n_features", [2, 30], ids=["by-coefficients", "by-rows"])
def test_a_constant_feature_does_not_move(n_features, rng):
    X = rng.standard_normal((20, n_features))
    X[:, 0] = 7
    rows, network = Rows(X, np.arange(20) % 2), DenseNetwork((n_features, 2))
    scaling = standardisation(rows, 2, fit_intercept=True, n_models=1)
    objective, values = Objective(network, SoftmaxCrossEntropy()), hyperparameters(l2=0.1)
    found = curvature(objective, network.parameters(float), values, rows, scaling)
    gradient = rng.standard_normal((1, 2 * (n_features + 1)))
    scaling.pull_back(gradient)
    layer = scaling.layer(gradient)
    layer[...] = found.solve(layer)
    scaling.push_forward(gradient)
    assert np.all(np.isfinite(gradient))
    np.testing.assert_array_equal(layer[..., 0], 0)


@pytest.mark.parametrize(
    ("loss", "n_outputs", "n_coefficients", "n_rows", "answer"),
    [
        (SoftmaxCrossEntropy(), 10, 65, 1000, True),
        (SoftmaxCrossEntropy(), 10, 101, 1000, False),
        (SoftmaxCrossEntropy(), 10, 101, 70, True),
        (SoftmaxCrossEntropy(), 2, 500, 1000, True),
        (SoftmaxCrossEntropy(), 2, 5000, 500, True),
        (SoftmaxCrossEntropy(), 2, 50_000, 500, False),
        (SigmoidCrossEntropy(), 1, 700, 1000, True),
        (SigmoidCrossEntropy(), 1, 800, 1000, False),
        (SigmoidCrossEntropy(), 10, 200, 1000, True),
        (SigmoidCrossEntropy(), 100, 80, 1000, False),
    ],
)
def test_matrices_have_to_be_worth_their_time(loss, n_outputs, n_coefficients, n_rows, answer):
    assert is_affordable(loss, n_outputs, n_coefficients, n_rows) == answer
