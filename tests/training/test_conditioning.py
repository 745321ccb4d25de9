"""Steps in standardised features, against the standardised problem itself, and NumPy."""

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.conditioning import largest_curvature, standardisation
from sklearn_softmax._training.rows import Rows
from tests.helpers import random_params, random_rows, value_and_gradient

containers = pytest.mark.parametrize(
    "container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"]
)
intercepts = pytest.mark.parametrize("fit_intercept", [False, True])


def badly_scaled(rng, n=40, dtype=np.float64):
    """Rows of three classes: features of many sizes, far off 0, the last one constant."""
    X = rng.standard_normal((n, 5)) * [1e-3, 1, 1e3, 1, 0] + [0.01, 5, 1e3, 0, 7]
    return X.astype(dtype), rng.permutation(np.arange(n) % 3)


def moments(X, weight=None, fit_intercept=True):
    """Mean and variance of the features, in double precision."""
    X = X.astype(np.float64)
    mean = np.average(X, axis=0, weights=weight) if fit_intercept else np.zeros(X.shape[1])
    return mean, np.average((X - mean) ** 2, axis=0, weights=weight)


# --- steps ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("damping", [0.0, 0.3])
@intercepts
@containers
def test_a_step_is_one_of_the_standardised_problem(container, fit_intercept, damping, dtype, rng):
    X, y = badly_scaled(rng, dtype=dtype)
    rows, network = Rows(container(X), y), DenseNetwork((5, 3), fit_intercept)
    objective = Objective(network, SoftmaxCrossEntropy())
    found = standardisation(rows, 3, fit_intercept=fit_intercept, n_models=2)
    found = found.damped(np.array([damping, 0.0]))

    # Explicitly: scores W' x' + b' of copies x' of the features, where W x + b is as large.
    mean, variance = moments(X, fit_intercept=fit_intercept)
    scale = (variance > 0) / np.sqrt(np.where(variance > 0, variance + damping, 1))
    explicit = random_params(network, rng)
    params = network.parameters(dtype, 2)
    W, b = explicit.weights[0], explicit.intercepts[0] if fit_intercept else None
    W[..., scale == 0] = 0
    design = found.design(container(X))
    assert np.all(design[:, 5:] == 1)
    assert design.shape[1] == 5 + fit_intercept
    standardised = Rows(design[:, :5].copy(), y)
    np.testing.assert_allclose(standardised.X, (X - mean) * scale, rtol=1e-4, atol=1e-4)

    def put(explicit, params):
        params.weights[0][...] = explicit.weights[0] * scale
        if fit_intercept:
            shift = (explicit.weights[0] * scale) @ mean
            params.intercepts[0][...] = explicit.intercepts[0] - shift[..., np.newaxis]

    put(explicit, params)
    _, expected = value_and_gradient(objective, explicit, standardised)
    _, gradient = value_and_gradient(objective, params, rows)
    found.pull_back(gradient.vector)
    tolerance = 1e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(gradient.vector[:1], expected.vector, rtol=0, atol=tolerance)

    found.push_forward(gradient.vector)
    W -= 0.5 * expected.weights[0]
    if fit_intercept:
        b -= 0.5 * expected.intercepts[0]
    params.vector -= 0.5 * gradient.vector
    after = network.parameters(np.float64)
    put(explicit, after)
    of_feature = {"rtol": tolerance, "atol": tolerance * np.abs(after.vector).max()}
    np.testing.assert_allclose(params.vector[:1], after.vector, **of_feature)


@intercepts
def test_only_the_layer_next_to_the_features_is_conditioned(fit_intercept, rng):
    X, y = badly_scaled(rng)
    network = DenseNetwork((5, 4, 3), fit_intercept)
    found = standardisation(Rows(X, y), 4, fit_intercept=fit_intercept, n_models=1)
    step = random_params(network, rng)
    before = step.vector.copy()
    found.pull_back(step.vector)
    found.push_forward(step.vector)
    n_first = 4 * (5 + fit_intercept)
    np.testing.assert_array_equal(step.vector[:, n_first:], before[:, n_first:])
    assert not np.any(step.weights[0] == before[:, :n_first].reshape(4, -1)[:, :5])


def test_models_are_conditioned_each_by_its_damping(rng):
    X, y = badly_scaled(rng)
    options = {"fit_intercept": True}
    all_of_them = standardisation(Rows(X, y), 3, n_models=3, **options)
    all_of_them = all_of_them.damped(np.array([0.0, 0.5, 2.0]))
    chosen = all_of_them.of_models([2, 0])
    for i, damping in enumerate([2.0, 0.0]):
        alone = standardisation(Rows(X, y), 3, n_models=1, **options).damped(np.array([damping]))
        np.testing.assert_array_equal(chosen.scale[i], alone.scale[0])


@containers
def test_features_have_their_size_where_they_are_not_0(container, rng):
    X = rng.standard_normal((200, 4)) * [1.0, 3.0, 1e-3, 1.0] * (rng.uniform(size=(200, 4)) < 0.3)
    X[:, 3] = 2.0
    weight = rng.uniform(0, 2, 200)
    rows = Rows(container(X), rng.randint(3, size=200), weight)
    found = standardisation(rows, 3, fit_intercept=False, n_models=1)
    sizes = [np.sqrt(np.average(x[x != 0] ** 2, weights=weight[x != 0])) for x in X.T]
    np.testing.assert_allclose(found.scale[0, 0], 1 / np.array(sizes))
    with_intercept = standardisation(rows, 3, fit_intercept=True, n_models=1)
    density = np.average(X[:, :3] != 0, axis=0, weights=weight)
    variance = np.cov(X[:, :3].T, aweights=weight, ddof=0).diagonal()
    np.testing.assert_allclose(with_intercept.scale[0, 0, :3], np.sqrt(density / variance))
    assert with_intercept.scale[0, 0, 3] == 0


@pytest.mark.parametrize(("largest", "is_one"), [(9.0, True), (11.0, False)])
def test_features_of_one_unit_keep_their_proportions(largest, is_one, rng):
    X = rng.standard_normal((50, 4))
    X = (X - X.mean(axis=0)) / X.std(axis=0) * [1.0, 2.0, largest, 0.0]
    found = standardisation(Rows(X, rng.randint(3, size=50)), 3, fit_intercept=True, n_models=2)
    scale = found.in_one_unit().scale
    if is_one:
        expected = [1 / np.sqrt((1 + 4 + largest**2) / 3)] * 3 + [0]
        np.testing.assert_allclose(scale, np.broadcast_to(expected, (2, 1, 4)))
    else:
        np.testing.assert_array_equal(scale, found.scale)


# --- moments --------------------------------------------------------------------------------


@pytest.mark.parametrize("weighting", ["equal", "rows", "classes", "both"])
@pytest.mark.parametrize("block_size", [7, 1024])
@intercepts
@containers
def test_moments(container, fit_intercept, block_size, weighting, rng, monkeypatch):
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    X, y = badly_scaled(rng)
    weight = rng.uniform(0, 2, 40) if weighting in ("rows", "both") else None
    of_classes = np.array([[2.0, 0.0, 1.0]]) if weighting in ("classes", "both") else None
    total = np.ones(40) if weight is None else weight
    total = total if of_classes is None else total * of_classes[0, y]
    order = rng.permutation(40)[:30]
    rows = Rows(container(X), y[order], None if weight is None else weight[order], order)
    found = standardisation(
        rows, 3, fit_intercept=fit_intercept, n_models=1, class_weight=of_classes
    )
    mean, variance = moments(X[order], total[order], fit_intercept)
    if fit_intercept:
        np.testing.assert_allclose(found.mean, mean)
        assert found.variance[-1] == 0
    else:
        assert found.mean is None
    np.testing.assert_allclose(found.variance, variance, rtol=1e-6, atol=1e-20)


def test_weights_are_repeated_rows(rng):
    X, y = badly_scaled(rng)
    times = rng.randint(0, 3, 40)
    options = {"fit_intercept": True, "n_models": 1}
    weighted = standardisation(Rows(X, y, times.astype(float)), 3, **options)
    repeated = standardisation(Rows(X.repeat(times, 0), y.repeat(times)), 3, **options)
    np.testing.assert_allclose(weighted.mean, repeated.mean)
    np.testing.assert_allclose(weighted.scale, repeated.scale)


def test_variance_far_off_zero_is_not_lost():
    X = 1e8 + np.array([[-1.0], [1.0]] * 600)
    found = standardisation(Rows(X, np.arange(1200) % 2), 1, fit_intercept=True, n_models=1)
    np.testing.assert_allclose(found.mean, [1e8], rtol=1e-15)
    np.testing.assert_allclose(found.variance, [1], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, 1e6 + 0.1, -1e-9])
@containers
def test_constant_features_do_not_vary(container, value, dtype):
    rows = Rows(container(np.full((1200, 2), value, dtype)), np.arange(1200) % 2)
    found = standardisation(rows, 1, fit_intercept=True, n_models=2)
    np.testing.assert_array_equal(found.scale, 0)
    step = np.ones((2, 3), dtype)
    found.pull_back(step)
    found.push_forward(step)
    np.testing.assert_array_equal(step, [[0, 0, 1]] * 2)


@intercepts
@containers
def test_features_that_are_all_zero_stay_where_they_are(container, fit_intercept):
    rows = Rows(container(np.zeros((4, 2))), np.arange(4) % 2)
    found = standardisation(rows, 1, fit_intercept=fit_intercept, n_models=1)
    np.testing.assert_array_equal(found.scale, 0)


@pytest.mark.parametrize("scale", [1e25, 1e-25])
@intercepts
@containers
def test_squares_out_of_the_range_of_the_type_are_an_error(container, fit_intercept, scale):
    X = np.array([[1.0], [2.0], [-1.0]]) * scale
    options = {"fit_intercept": fit_intercept, "n_models": 1}
    with pytest.raises(ValueError, match="squares of the features leave the range of float32"):
        standardisation(Rows(container(X.astype(np.float32)), np.arange(3)), 3, **options)
    found = standardisation(Rows(container(X), np.arange(3)), 3, **options)
    assert np.all(found.scale > 0)


@intercepts
def test_moments_of_parts_merge_to_those_of_all(fit_intercept, rng):
    X, y = badly_scaled(rng)
    X[rng.uniform(size=X.shape) < 0.3] = 0
    weight = rng.uniform(0, 2, 40)
    options = {"fit_intercept": fit_intercept, "n_models": 1}
    found = standardisation(Rows(X[:1], y[:1], weight[:1]), 3, **options)
    for part in (slice(1, 2), slice(2, 30), slice(30, 40)):
        of_part = standardisation(Rows(X[part], y[part], weight[part]), 3, **options)
        assert not found.is_of_same_rows(of_part)
        found = found.merged(of_part)
    expected = standardisation(Rows(X, y, weight), 3, **options)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-9, atol=1e-18)
    np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-9)
    assert found.weight == pytest.approx(expected.weight)
    if fit_intercept:
        np.testing.assert_allclose(found.mean, expected.mean)
    assert expected.is_of_same_rows(standardisation(Rows(X, y, weight), 3, **options))


# --- curvature ------------------------------------------------------------------------------


def curvature(rows, batch_size, fit_intercept=True, class_weight=None):
    options = {"fit_intercept": fit_intercept, "n_models": 1, "class_weight": class_weight}
    found = standardisation(rows, 3, **options)
    return largest_curvature(rows, found, batch_size, class_weight)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@intercepts
@containers
def test_the_curvature_bounds_that_of_all_rows(container, fit_intercept, weighted, rng):
    X, y = badly_scaled(rng)
    weight = rng.uniform(0, 2, 40) if weighted else np.ones(40)
    rows = Rows(container(X), y, weight)
    mean, variance = moments(X, weight, fit_intercept)
    Z = (X - mean) / np.sqrt(np.where(variance > 1e-9 * mean**2, variance, np.inf))
    Z = np.column_stack([Z, np.ones(40)]) if fit_intercept else Z
    weight = weight / weight.mean()
    second_moments = (weight * Z.T) @ Z / 40
    norm, mean_norm = np.linalg.norm(second_moments), np.trace(second_moments)
    assert curvature(rows, 40, fit_intercept) == pytest.approx(norm)
    assert curvature(rows, 99, fit_intercept) == pytest.approx(norm)
    assert curvature(rows, 1, fit_intercept) == pytest.approx(mean_norm)
    between = 7 / 8 * norm + mean_norm / 8
    assert curvature(rows, 8, fit_intercept) == pytest.approx(between)
    assert between > np.linalg.eigvalsh(second_moments)[-1]


def test_the_curvature_does_not_depend_on_the_scale(rng):
    rows = random_rows(rng, n=40)
    for k in (-60, 3, 60):
        scaled = Rows(rows.X * 2.0**k, rows.y)
        assert curvature(scaled, 8) == curvature(rows, 8)


def test_a_sample_of_many_rows_tells_of_all(rng):
    rows = random_rows(rng, n=20_000)
    mean, variance = moments(rows.X)
    Z = np.column_stack([(rows.X - mean) / np.sqrt(variance), np.ones(20_000)])
    assert curvature(rows, 200) == pytest.approx(np.linalg.norm(Z.T @ Z / 20_000), rel=0.1)


def test_nothing_curves_where_nothing_can_be_learnt():
    rows = Rows(np.zeros((3, 2)), np.arange(3))
    assert curvature(rows, 3, fit_intercept=False) == 0
    assert curvature(rows, 1, fit_intercept=False) == 0
    assert curvature(rows, 1, fit_intercept=True) == pytest.approx(1)


def test_the_curvature_of_a_batch_lies_between_those_of_a_row_and_of_all(rng):
    rows = random_rows(rng, n=20)
    found = standardisation(rows, 3, fit_intercept=True, n_models=1)
    of_row, of_all = (largest_curvature(rows, found, batch_size) for batch_size in (1, 20))
    assert of_all < of_row
    for m in range(2, 20):
        expected = ((m - 1) * of_all + of_row) / m
        assert largest_curvature(rows, found, m) == pytest.approx(expected)
