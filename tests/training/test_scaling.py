"""Feature scaling: moments against NumPy, steps against scaled copies."""

from functools import reduce

import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.scaling import (
    FeatureMoments,
    feature_moments,
    feature_scaling,
    largest_curvature,
)
from tests.helpers import random_params, random_rows

CONTAINERS = pytest.mark.parametrize(
    "container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"]
)
INTERCEPTS = pytest.mark.parametrize("fit_intercept", [False, True])
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def badly_scaled(rng, n=40, dtype=np.float64):
    """Return features of many sizes far from 0, the last one constant, and three classes."""
    X = rng.standard_normal((n, 5)) * [1e-3, 1, 1e3, 1, 0] + [0.01, 5, 1e3, 0, 7]
    return X.astype(dtype), rng.permutation(np.arange(n) % 3)


def expected_moments(X, weight=None, fit_intercept=True):
    """Return the mean and variance of the features, in double precision."""
    X = X.astype(np.float64)
    mean = np.average(X, axis=0, weights=weight) if fit_intercept else np.zeros(X.shape[1])
    return mean, np.average((X - mean) ** 2, axis=0, weights=weight)


def scaling_of(rows, *, fit_intercept=True, class_weight=None, damping=(0.0,), **options):
    """Return the scaling by the moments of rows."""
    options = {"n_outputs": 3, "dtype": np.float64, **options}
    moments = feature_moments(rows, class_weight, fit_intercept)
    return feature_scaling(moments, damping=np.array(damping), **options)


def assert_close(moments, expected):
    """Check that all moments are equal up to rounding."""
    for name, value in vars(expected).items():
        if value is not None:  # the mean without an intercept
            actual = getattr(moments, name)
            np.testing.assert_allclose(actual, value, rtol=1e-9, atol=1e-12, err_msg=name)


# --- steps ----------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("damping", [0.0, 0.3])
@INTERCEPTS
@CONTAINERS
def test_gradients_and_steps_equal_those_of_a_standardised_copy(
    container, fit_intercept, damping, dtype, rng
):
    X, y = badly_scaled(rng, dtype=dtype)
    rows, network = Rows(container(X), y), DenseNetwork((5, 3), fit_intercept)
    objective = Objective(network, SoftmaxCrossEntropy())
    damping = (damping, 0.0)
    scaling = scaling_of(rows, fit_intercept=fit_intercept, damping=damping, dtype=dtype)

    # Scores W' x' + b' of a copy x' of the features equal the scores W x + b.
    mean, variance = expected_moments(X, fit_intercept=fit_intercept)
    scale = (variance > 0) / np.sqrt(np.where(variance > 0, variance + damping[0], 1))
    scaled = random_params(network, rng)
    params = network.parameters(dtype, 2)
    W, b = scaled.weights[0], scaled.intercepts[0] if fit_intercept else None
    W[..., scale == 0] = 0
    standardised_rows = Rows((X - mean) * scale, y)

    def unscale(scaled, params):
        """Set parameters to those with the same scores as scaled ones."""
        params.weights[0][...] = scaled.weights[0] * scale
        if fit_intercept:
            shift = (scaled.weights[0] * scale) @ mean
            params.intercepts[0][...] = scaled.intercepts[0] - shift[..., np.newaxis]

    unscale(scaled, params)
    _, expected = objective.value_and_gradient(scaled, standardised_rows, np.zeros(1))
    _, gradient = objective.value_and_gradient(params, rows, np.zeros(2))
    scaling.scale_gradient(gradient.vector)
    tolerance = 1e-3 if dtype == np.float32 else 1e-9
    np.testing.assert_allclose(gradient.vector[:1], expected.vector, rtol=0, atol=tolerance)

    scaling.unscale_step(gradient.vector)
    W -= 0.5 * expected.weights[0]
    if fit_intercept:
        b -= 0.5 * expected.intercepts[0]
    params.vector -= 0.5 * gradient.vector
    after = network.parameters(np.float64)
    unscale(scaled, after)
    atol = tolerance * np.abs(after.vector).max()
    np.testing.assert_allclose(params.vector[:1], after.vector, rtol=tolerance, atol=atol)


@INTERCEPTS
def test_only_the_first_layer_is_scaled(fit_intercept, rng):
    X, y = badly_scaled(rng)
    network = DenseNetwork((5, 4, 3), fit_intercept)
    scaling = scaling_of(Rows(X, y), fit_intercept=fit_intercept, n_outputs=4)
    step = random_params(network, rng)
    before = step.vector.copy()
    scaling.scale_gradient(step.vector)
    scaling.unscale_step(step.vector)
    n_first = 4 * (5 + fit_intercept)
    np.testing.assert_array_equal(step.vector[:, n_first:], before[:, n_first:])
    assert not np.any(step.weights[0] == before[:, :n_first].reshape(4, -1)[:, :5])


@CONTAINERS
def test_scale_is_the_size_in_rows_in_which_a_feature_is_not_0(container, rng):
    X = rng.standard_normal((200, 4)) * [1.0, 3.0, 1e-3, 1.0] * (rng.uniform(size=(200, 4)) < 0.3)
    X[:, 3] = 2.0
    weight = rng.uniform(0, 2, 200)
    rows = Rows(container(X), rng.randint(3, size=200), weight)
    sizes = [np.sqrt(np.average(x[x != 0] ** 2, weights=weight[x != 0])) for x in X.T]
    scale = scaling_of(rows, fit_intercept=False).scale[0, 0]
    np.testing.assert_allclose(scale, 1 / np.array(sizes))
    density = np.average(X[:, :3] != 0, axis=0, weights=weight)
    variance = np.cov(X[:, :3].T, aweights=weight, ddof=0).diagonal()
    scale = scaling_of(rows).scale[0, 0]
    np.testing.assert_allclose(scale[:3], np.sqrt(density / variance))
    assert scale[3] == 0


@pytest.mark.parametrize(("largest", "is_common"), [(9.0, True), (11.0, False)])
def test_features_of_similar_size_keep_their_proportions(largest, is_common, rng):
    X = rng.standard_normal((50, 4))
    X = (X - X.mean(axis=0)) / X.std(axis=0) * [1.0, 2.0, largest, 0.0]
    rows, damping = Rows(X, rng.randint(3, size=50)), [0.0, 0.0]
    scale = scaling_of(rows, damping=damping, with_common_scale=True).scale
    if is_common:
        expected = [1 / np.sqrt((1 + 4 + largest**2) / 3)] * 3 + [0]
        np.testing.assert_allclose(scale, np.broadcast_to(expected, (2, 1, 4)))
    else:
        np.testing.assert_array_equal(scale, scaling_of(rows, damping=damping).scale)


# --- moments --------------------------------------------------------------------------------


@pytest.mark.parametrize("weighting", ["equal", "rows", "classes", "both"])
@pytest.mark.parametrize("block_size", [7, 1024])
@INTERCEPTS
@CONTAINERS
def test_moments_equal_weighted_means_and_variances(
    container, fit_intercept, block_size, weighting, rng, monkeypatch
):
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    X, y = badly_scaled(rng, dtype=np.float32)  # the moments have double precision
    X[::3, 3] = 0
    weight = rng.uniform(0, 2, 40) if weighting in ("rows", "both") else None
    class_weight = np.array([[2.0, 0.0, 1.0]]) if weighting in ("classes", "both") else None
    total = np.ones(40) if weight is None else weight
    total = total if class_weight is None else total * class_weight[0, y]
    order = rng.permutation(40)[:30]
    rows = Rows(container(X), y[order], None if weight is None else weight[order], order)
    moments = feature_moments(rows, class_weight, fit_intercept)
    mean, variance = expected_moments(X[order], total[order], fit_intercept)
    if fit_intercept:
        np.testing.assert_allclose(moments.mean, mean)
        assert moments.deviation[-1] == 0
    else:
        assert moments.mean is None
    np.testing.assert_allclose(moments.deviation, np.sqrt(variance), rtol=1e-9, atol=1e-12)
    density = np.average(X[order] != 0, axis=0, weights=total[order])
    np.testing.assert_allclose(moments.density, density)


@pytest.mark.parametrize("weighting", ["equal", "rows", "zeros"])
@pytest.mark.parametrize("mean", [1e6, -1e10, 1e13, -1e14])
@CONTAINERS
def test_moments_of_features_far_from_0(container, mean, weighting, rng):
    """The deviations from the mean are multiples of 1/64 below 4, which all values represent."""
    n, deviations = 1500, rng.randint(-255, 256, (1500, 3)) / 64
    others = rng.standard_normal((n, 2)) * (rng.uniform(size=(n, 2)) < 0.3)
    weight = None if weighting == "equal" else rng.uniform(0, 2, n)
    if weighting == "zeros":
        weight *= rng.uniform(size=n) < 0.5
    X = np.column_stack([deviations[:, :2] + mean, others, deviations[:, 2] - mean])
    near_mean, variance = expected_moments(np.insert(deviations, [2, 2], others, 1), weight)
    rows = Rows(container(X), np.arange(n) % 2, weight)
    moments = feature_moments(rows, None, fit_intercept=True)
    shift = np.array([mean, mean, 0, 0, -mean])
    np.testing.assert_allclose(moments.mean, near_mean + shift, rtol=1e-15, atol=1e-12)
    atol = 2 * np.finfo(float).eps * abs(mean)
    np.testing.assert_allclose(moments.deviation, np.sqrt(variance), rtol=1e-9, atol=atol)


@pytest.mark.parametrize("size", [1e300, np.nan], ids=str)
@INTERCEPTS
@CONTAINERS
def test_moments_omit_rows_of_weight_0(container, fit_intercept, size, rng, monkeypatch):
    monkeypatch.setattr(Rows, "BLOCK_SIZE", 3)
    X, y, weight = rng.standard_normal((12, 2)), np.arange(12) % 2, np.tile([0.0, 1.0, 2.0], 4)
    weight[:6] = [0, 0, 0, 1, 2, 0]
    X[weight == 0], used = size, weight > 0
    moments = feature_moments(Rows(container(X), y, weight), None, fit_intercept)
    rows = Rows(X[used], y[used], weight[used])
    assert_close(moments, feature_moments(rows, None, fit_intercept))


def test_moments_of_explicit_zeros_and_long_indices_equal_those_of_dense_rows(rng):
    dense = rng.standard_normal((60, 5)) * (rng.uniform(size=(60, 5)) < 0.7)
    dense[:, 0] += 1e3
    X, y = sparse.csr_array(dense), np.arange(60) % 2
    X.data[rng.uniform(size=X.nnz) < 0.3] = 0
    X.indices, X.indptr, stored = X.indices.astype(np.int64), X.indptr.astype(np.int64), X.nnz
    moments = feature_moments(Rows(X, y), None, fit_intercept=True)
    assert X.nnz == stored
    assert_close(moments, feature_moments(Rows(X.toarray(), y), None, fit_intercept=True))


@DTYPES
@CONTAINERS
def test_features_hidden_by_rounding_have_a_scale_of_0(container, dtype, rng):
    ratios = np.array([0.5, 0.02, 0.005, 0.0])
    deviation = np.finfo(dtype).eps / np.where(ratios, ratios, np.inf)
    sign = np.where(np.arange(400) % 2, 1, -1)[:, np.newaxis]
    X = np.column_stack([1 + sign * deviation, sign, sign > 0]).astype(dtype)
    rows = Rows(container(X), np.arange(400) % 2)
    moments = feature_moments(rows, None, fit_intercept=True)
    rounding = moments.relative_rounding(dtype)
    np.testing.assert_allclose(rounding[:3], ratios[:3], rtol=0.1)
    assert np.all(rounding[3:] < 1e-6)
    scale = scaling_of(rows, dtype=dtype).scale[0, 0]
    np.testing.assert_array_equal(scale == 0, [True, False, False, True, False, False])
    assert np.all(scaling_of(rows, dtype=dtype, fit_intercept=False).scale > 0)
    assert not np.any(feature_moments(rows, None, False).relative_rounding(dtype))


@pytest.mark.parametrize("with_common_scale", [False, True])
@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e300])
@INTERCEPTS
@CONTAINERS
def test_scale_of_features_whose_squares_are_out_of_range(
    container, fit_intercept, size, with_common_scale, rng
):
    X = rng.standard_normal((30, 3)) * (rng.uniform(size=(30, 3)) < 0.7)
    factors = np.array([size] * 3 if with_common_scale else [size, 1, size])
    options = {"fit_intercept": fit_intercept, "with_common_scale": with_common_scale}
    expected, actual = (
        scaling_of(Rows(container(values), np.arange(30) % 3), **options).scale
        for values in (X, X * factors)
    )
    np.testing.assert_allclose(actual * factors, expected, rtol=1e-5)


@INTERCEPTS
def test_merged_moments_of_parts_equal_those_of_all_rows(fit_intercept, rng):
    X, y = badly_scaled(rng)
    X[::3], weight = 0, rng.uniform(0, 2, 40)
    expected, *parts = (
        feature_moments(Rows(X[part], y[part], weight[part]), None, fit_intercept)
        for part in (slice(None), slice(1), slice(1, 30), slice(30, None))
    )
    assert_close(reduce(FeatureMoments.merge, parts), expected)


def test_moments_are_equal_for_the_same_rows_only(rng):
    X, y = badly_scaled(rng)
    moments, *others = (
        feature_moments(Rows(values, y[: len(values)]), None, True)
        for values in (X, X.copy(), X[:-1], 2 * X, -X)
    )
    assert [moments.equals(other) for other in others] == [True, False, False, False]


# --- curvature ------------------------------------------------------------------------------


def curvature(rows, batch_size, fit_intercept=True, class_weight=None):
    """Return the bound on the curvature in features scaled by the moments of the rows."""
    scaling = scaling_of(rows, fit_intercept=fit_intercept, class_weight=class_weight)
    return largest_curvature(rows, scaling, batch_size, class_weight)


@pytest.mark.parametrize("weighting", ["equal", "rows", "classes"])
@INTERCEPTS
@CONTAINERS
def test_curvature_equals_its_formula_and_bounds_the_largest_eigenvalue(
    container, fit_intercept, weighting, rng
):
    X, y = badly_scaled(rng)
    class_weight = np.array([[2.0, 0.5, 1.0]]) if weighting == "classes" else None
    weight = rng.randint(0, 3, 40) * 1.0 if weighting == "rows" else np.ones(40)
    rows = Rows(container(X), y, weight)
    weight = weight if class_weight is None else class_weight[0, y]
    mean, variance = expected_moments(X, weight, fit_intercept)
    Z = (X - mean) / np.sqrt(np.where(variance > 1e-9 * mean**2, variance, np.inf))
    Z = np.column_stack([Z, np.ones(40)]) if fit_intercept else Z
    weight = weight / weight.mean()
    second_moments = (weight * Z.T) @ Z / 40
    # Features that are constant so far count as if they varied.
    n_constant = np.count_nonzero(~Z.any(axis=0))
    mean_norm = np.trace(second_moments) + n_constant
    norm = np.hypot(np.linalg.norm(second_moments), np.sqrt(n_constant))
    expected_curvatures = {40: norm, 99: norm, 1: mean_norm, 8: 7 / 8 * norm + mean_norm / 8}
    for batch_size, expected in expected_curvatures.items():
        actual = curvature(rows, batch_size, fit_intercept, class_weight)
        assert actual == pytest.approx(expected)
        assert actual >= np.linalg.eigvalsh(second_moments)[-1]


@CONTAINERS
def test_curvature_of_a_sample_is_close_to_that_of_many_rows(container, rng):
    rows = random_rows(rng, n=20_000)
    mean, variance = expected_moments(rows.X)
    Z = np.column_stack([(rows.X - mean) / np.sqrt(variance), np.ones(20_000)])
    actual = curvature(Rows(container(rows.X), rows.y), 200)
    assert actual == pytest.approx(np.linalg.norm(Z.T @ Z / 20_000), rel=0.1)
