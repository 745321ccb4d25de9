"""Gradient and curvature over all rows, against differences of the objective itself."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._training import curvature
from sklearn_softmax._training.anchor import anchor
from sklearn_softmax._training.rows import Rows
from tests.helpers import value_and_gradient
from tests.training.penalised import CASES, problem


def standardised_gradient(objective, params, rows, scaling, l2):
    """Gradient of the objective on all rows in standardised features, as one vector."""
    X = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    dense = Rows(X, rows.y, rows.weight)
    _, gradient = value_and_gradient(objective, params, dense, l2)
    scaling.pull_back(gradient.vector)
    return gradient.vector[0]


@CASES
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_step_changes_the_gradient_by_itself(
    loss, n_classes, fit_intercept, is_sparse, rng, monkeypatch
):
    monkeypatch.setattr(curvature, "OF_INTERCEPT", 1e-9)
    options = {"weighted": True, "sparse_X": is_sparse, "fit_intercept": fit_intercept}
    objective, params, values, rows, scaling = problem(rng, loss, n_classes, **options)
    found = anchor(objective, params, values, rows, scaling, 7)
    given = standardised_gradient(objective, params, rows, scaling, 0.3)
    step, length = given.copy()[np.newaxis], 1e-5
    layer = scaling.layer(step)
    layer[...] = found.inverse.solve(layer)
    scaling.push_forward(step)
    # The Hessian times Newton's step is the gradient.
    there, back = (
        standardised_gradient(objective, params.on(at), rows, scaling, 0.3)
        for at in (params.vector + length * step, params.vector - length * step)
    )
    np.testing.assert_allclose((there - back) / (2 * length), given, rtol=1e-4, atol=1e-6)


@CASES
def test_it_foresees_the_fall_to_the_optimum(loss, n_classes, rng):
    objective, params, values, rows, scaling = problem(rng, loss, n_classes, weighted=True)
    for _ in range(20):
        found = anchor(objective, params, values, rows, scaling, 40)
        step = value_and_gradient(objective, params, rows, 0.3)[1].vector
        scaling.pull_back(step)
        layer = scaling.layer(step)
        layer[...] = found.inverse.solve(layer)
        scaling.push_forward(step)
        params.vector -= step
    lowest, _ = value_and_gradient(objective, params, rows, 0.3)
    change = 1e-3 * rng.standard_normal(params.vector.shape)
    if isinstance(loss, SoftmaxCrossEntropy):
        layer = scaling.layer(change)
        layer -= layer.mean(axis=1, keepdims=True)
    near = params.on(params.vector + change)
    found = anchor(objective, near, values, rows, scaling, 40)
    np.testing.assert_allclose(found.fall, found.objective - lowest, rtol=1e-2)


@CASES
@pytest.mark.parametrize("batch_size", [7, 40])
def test_it_has_seen_all_rows(loss, n_classes, batch_size, rng):
    objective, params, values, rows, scaling = problem(rng, loss, n_classes, weighted=True, n=40)
    found = anchor(objective, params, values, rows, scaling, batch_size)
    value, gradient = value_and_gradient(objective, params, rows, 0.3)
    np.testing.assert_allclose(found.objective, value)
    np.testing.assert_array_equal(found.vector, params.vector)
    assert not np.shares_memory(found.vector, params.vector)
    full = params.on(found.gradient.copy())
    objective.add_penalty_gradient(params, values.l2[:, np.newaxis, np.newaxis], full)
    np.testing.assert_allclose(full.vector, gradient.vector, atol=1e-12)
    _, of_scores = objective.loss(objective.network.scores(params, rows.X), rows.y)
    np.testing.assert_allclose(found.of_scores, of_scores * rows.weight / batch_size)


def test_it_knows_its_rows_in_any_order(rng):
    objective, params, values, rows, scaling = problem(rng, SoftmaxCrossEntropy())
    found = anchor(objective, params, values, rows, scaling, 7)
    order, block = rng.permutation(40), slice(14, 21)
    np.testing.assert_array_equal(found.of_block(rows, block), found.of_scores[..., block])
    in_order = found.of_block(rows.permuted(order), block)
    np.testing.assert_array_equal(in_order, found.of_scores[..., order[block]])


def test_models_have_anchors_of_their_own(rng):
    given = problem(rng, SoftmaxCrossEntropy(), n_models=2, l2=[0.1, 1.0], weighted=True)
    objective, params, values, rows, scaling = given
    values = values._replace(class_weight=np.array([[1.0, 2.0, 0.5], [3.0, 1.0, 1.0]]))
    both = anchor(objective, params, values, rows, scaling, 7)
    for i in range(2):
        of_model = params.of_models([i]), values.of_models([i]), rows, scaling.of_models([i])
        alone = anchor(objective, *of_model, 7)
        own = both.of_models([i])
        for name in ("objective", "gradient", "of_scores", "fall"):
            np.testing.assert_allclose(getattr(own, name), getattr(alone, name), rtol=1e-9)
    merged = both.merged(both.of_models([1, 0]), np.array([True, False]))
    np.testing.assert_array_equal(merged.fall, both.fall[[1, 1]])
    step = rng.standard_normal((2, 3, 4))
    step[1] = step[0]
    np.testing.assert_array_equal(*merged.inverse.solve(step))
