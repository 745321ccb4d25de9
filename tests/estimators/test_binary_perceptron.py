"""BinaryPerceptron compared bit for bit with scikit-learn's Perceptron, and with plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, make_blobs, make_classification
from sklearn.linear_model import Perceptron

from sklearn_softmax import BinaryPerceptron


def digit(label):
    X, y = load_digits(return_X_y=True)
    return X / 16, (y == label).astype(int)


def outlier():
    """Return rows of which one is so long that the signs of all other scores are uncertain."""
    X, y = digit(8)
    X[100] *= 1e14
    return X, y


def exact_zeros():
    """Return tenths, whose scores are 0 exactly or up to a rounding error of either sign."""
    rng = np.random.RandomState(0)
    return rng.randint(-3, 4, (500, 7)) / 10, rng.randint(0, 2, 500)


SETS = {
    "digits": lambda: digit(8),
    "unscaled": lambda: load_breast_cancer(return_X_y=True),
    "separable": lambda: make_blobs(300, centers=[[-5, 0], [5, 0]], random_state=0),
    "noisy": lambda: make_classification(1500, 30, flip_y=0.3, random_state=0),
    "imbalanced": lambda: make_classification(1500, weights=[0.98], random_state=1),
    "one feature": lambda: make_classification(
        300, 1, n_informative=1, n_redundant=0, n_clusters_per_class=1, random_state=0
    ),
    "duplicates": lambda: tuple(np.repeat(a, 5, axis=0) for a in digit(3)),
    "exact zeros": exact_zeros,
    "outlier": outlier,
}
CONTAINERS = np.asarray, sparse.csr_array
batch_sizes = pytest.mark.parametrize("batch_size", [1, 50])


def perceptron(**params):
    """Return a perceptron that trains for all epochs."""
    return BinaryPerceptron(**{"tol": None, **params})


def assert_same_bits(model, expected):
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.intercept_, expected.intercept_)


def draw_weights(kind, n):
    rng = np.random.RandomState(0)
    return {
        None: None,
        "uniform": rng.uniform(0, 2, n),
        "often 0": rng.uniform(0, 2, n) * (rng.uniform(size=n) < 0.5),
        "of all sizes": 10 ** rng.uniform(-9, 9, n),
    }[kind]


def plain_loop(X, y, orders, weight=None):
    """Return weights, intercept and mistakes per epoch of Rosenblatt's rule."""
    w, b = np.zeros(X.shape[1], X.dtype), X.dtype.type(0)
    c = np.ones(len(y)) if weight is None else weight
    mistakes = []
    for order in orders:
        n = 0
        for i in order:
            s = X.dtype.type(1 if y[i] == 1 else -1)
            if s * (np.cumsum(w * X[i])[-1] + b) <= 0:
                step = X.dtype.type(s * c[i])
                w, b, n = w + step * X[i], b + step, n + (c[i] > 0)
        mistakes.append(n)
    return w, b, mistakes


# --- the online rule -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({}, None),
        ({"fit_intercept": False, "class_weight": "balanced"}, None),
        ({"class_weight": {0: 0.3, 1: 1.7}}, "uniform"),
        ({"fit_intercept": False}, "often 0"),
        ({"class_weight": {0: 0.3, 1: 1.7}}, "of all sizes"),
        ({"class_weight": {0: 1e-170, 1: 1e-170}}, None),
        ({"class_weight": {0: 1e-300, 1: 1e-300}}, None),
    ],
    ids=str,
)
@pytest.mark.parametrize("data", SETS)
def test_every_bit_equals_that_of_scikit_learn(data, params, kind):
    X, y = SETS[data]()
    weight, params = draw_weights(kind, len(y)), {"shuffle": False, **params}
    expected = Perceptron(tol=None, max_iter=5, eta0=0.1, **params).fit(X, y, sample_weight=weight)
    model = perceptron(n_epochs=5, lr=0.1, **params).fit(X, y, weight)
    assert_same_bits(model, expected)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    for part in (slice(0, 70), slice(70, 200)) if kind else ():
        model.partial_fit(X[part], y[part], sample_weight=weight[part])
        expected.partial_fit(X[part], y[part], sample_weight=weight[part])
        assert_same_bits(model, expected)


TENTHS = st.integers(-4, 4).map(lambda n: n / 10)
WEIGHTS = st.sampled_from([0, 0.1, 0.3, 1, 1e-200, 1e9])


@given(
    X=arrays(np.float64, (12, 3), elements=TENTHS),
    y=arrays(np.intp, 12, elements=st.integers(0, 1)).filter(lambda y: len(np.unique(y)) == 2),
    weight=st.none() | arrays(np.float64, 12, elements=WEIGHTS).filter(np.any),
)
def test_every_bit_of_scores_near_zero_equals_that_of_scikit_learn(X, y, weight):
    expected = Perceptron(tol=None, max_iter=4, shuffle=False).fit(X, y, sample_weight=weight)
    assert_same_bits(perceptron(n_epochs=4, shuffle=False).fit(X, y, weight), expected)


@pytest.mark.parametrize("kind", [None, "often 0"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("data", ["noisy", "exact zeros", "outlier", "imbalanced", "one feature"])
def test_single_precision_equals_a_plain_loop(data, shuffle, kind, rng):
    X, y = SETS[data]()
    X, weight = X.astype(np.float32), draw_weights(kind, len(y))
    model = perceptron(n_epochs=2, shuffle=shuffle, random_state=0).fit(X, y, weight)
    orders = [rng.permutation(len(y)) if shuffle else range(len(y)) for _ in range(2)]
    w, b, mistakes = plain_loop(X, y, orders, weight)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    np.testing.assert_array_equal(model.coef_[0], w)
    assert model.intercept_[0] == b
    mistakes = mistakes[: model.n_iter_]
    np.testing.assert_array_equal(model.history_["mistakes"], mistakes)
    if weight is None:
        np.testing.assert_allclose(model.history_["accuracy"], 1 - np.array(mistakes) / len(y))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("data", ["digits", "exact zeros", "one feature"])
def test_every_bit_of_sparse_rows_equals_that_of_dense_rows(data, shuffle):
    X, y = SETS[data]()
    model = perceptron(n_epochs=2, shuffle=shuffle, random_state=0)
    dense = clone(model).fit(X, y)
    for container in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix):
        assert_same_bits(model.fit(container(X), y), dense)


# --- mini-batches and averages -------------------------------------------------------------------


def batch_loop(X, y, c, batch_size, n_epochs, lr=1.0, lr_decay=1.0, start=0.0):
    """Return the last weights with the intercept, their mean over all steps, and the mistakes."""
    X, sign = np.column_stack([X, np.ones(len(X))]), np.where(y == 1, 1.0, -1.0)
    w, total, n_steps, mistakes = np.zeros(X.shape[1]) + start, 0.0, 0, np.zeros(n_epochs)
    c = c if batch_size == 1 else c / c.mean()
    for epoch in range(n_epochs):
        for first in range(0, len(y), batch_size):
            i = slice(first, first + batch_size)
            is_mistake = sign[i] * (X[i] @ w) <= 0
            w = w + lr * lr_decay**epoch / batch_size * (is_mistake * c[i] * sign[i]) @ X[i]
            total, n_steps = total + w, n_steps + 1
            mistakes[epoch] += np.sum(is_mistake & (c[i] > 0))
    return w, total / n_steps, mistakes


def all_weights(model):
    return np.append(model.coef_[0], model.intercept_)


@pytest.mark.parametrize(
    ("weights", "kind"), [((1.0, 1.0), None), ((0.5, 3.0), "uniform"), ((0.5, 3.0), "often 0")]
)
@batch_sizes
@pytest.mark.parametrize("data", ["noisy", "one feature"])
def test_mini_batches_and_averages_equal_a_plain_loop(data, batch_size, weights, kind):
    X, y = SETS[data]()
    params = {"batch_size": batch_size, "n_epochs": 3, "lr": 0.5, "lr_decay": 0.9}
    weight = draw_weights(kind, len(y))
    c = np.array(weights)[y] * (1 if weight is None else weight)
    last, mean, mistakes = batch_loop(X, y, c, **params)
    model = perceptron(shuffle=False, class_weight=dict(enumerate(weights)), **params)
    for container in CONTAINERS:
        model.set_params(average=False).fit(container(X), y, weight)
        np.testing.assert_allclose(all_weights(model), last, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(model.history_["mistakes"], mistakes)
        figures = model.history_ | {"weight_norm": None}
        model.set_params(average=True).fit(container(X), y, weight)
        np.testing.assert_equal(model.history_ | {"weight_norm": None}, figures)
        np.testing.assert_allclose(all_weights(model), mean, rtol=1e-7, atol=1e-9)


@batch_sizes
def test_an_average_that_begins_later_contains_the_later_steps_only(batch_size):
    X, y = SETS["noisy"]()
    model = perceptron(batch_size=batch_size, n_epochs=1, shuffle=False, warm_start=True).fit(X, y)
    _, mean, _ = batch_loop(X, y, np.ones(len(y)), batch_size, 1, start=all_weights(model))
    model.set_params(average=True).fit(X, y)
    np.testing.assert_allclose(all_weights(model), mean, rtol=1e-7, atol=1e-9)


@batch_sizes
def test_an_average_in_single_precision_is_near_that_in_double_precision(batch_size):
    X, y = SETS["noisy"]()
    model = perceptron(average=True, batch_size=batch_size, n_epochs=4, random_state=0)
    single, double = (clone(model).fit(X.astype(t), y) for t in (np.float32, np.float64))
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, double.coef_, atol=0.05 * abs(double.coef_).max())


# --- the end of training -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params", [{}, {"tol": 0.1}, {"n_iter_no_change": 2}, {"tol": 1e-5}], ids=str
)
@pytest.mark.parametrize("data", ["digits", "unscaled", "noisy", "imbalanced", "separable"])
def test_training_stops_when_that_of_scikit_learn_does(data, params):
    X, y = SETS[data]()
    expected = Perceptron(shuffle=False, **params).fit(X, y)
    model = BinaryPerceptron(shuffle=False, **params).fit(X, y, np.ones(len(y)))
    if model.history_["mistakes"][-1] > 0:
        assert model.n_iter_ == expected.n_iter_ < 200
    assert_same_bits(model, expected)


@pytest.mark.parametrize("params", [{"tol": 1e-3}, {"tol": None}, {"tol": None, "average": True}])
def test_early_stopping_restores_the_best_parameters(params):
    X, y = SETS["noisy"]()
    model = BinaryPerceptron(early_stopping=True, n_epochs=30, random_state=0, **params)
    model.fit(X[:1000], y[:1000], X_val=X[1000:], y_val=y[1000:])
    scores = np.where(y[1000:] == 1, 1, -1) * model.decision_function(X[1000:])
    assert (model.n_iter_ < 30) == (params["tol"] is not None)
    assert model.history_["val_loss"].min() == pytest.approx(np.maximum(-scores, 0).mean())


def test_patience_starts_anew_in_each_fit():
    X, y = SETS["noisy"]()
    model = BinaryPerceptron(warm_start=True, random_state=0).fit(X, y)
    n_epochs = model.n_iter_
    assert n_epochs + 5 < model.fit(X, y).n_iter_
    n_epochs = model.n_iter_
    assert model.partial_fit(X, y).n_iter_ == n_epochs + 1


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 10_000])
def test_training_ends_without_mistakes_in_rows_with_weight(batch_size, average):
    X, y = SETS["separable"]()
    model = perceptron(batch_size=batch_size, average=average, random_state=0)
    for container in CONTAINERS:
        contradictory = container(np.vstack([X, X]))
        model.fit(contradictory, np.r_[y, 1 - y], np.repeat([1.0, 0.0], len(y)))
        mistakes = model.history_["mistakes"]
        assert model.stop_reason_ == "no_mistakes"
        assert mistakes[-1] == 0 < mistakes[:-1].min()
        assert average or model.score(X, y) == 1


@pytest.mark.parametrize("data", SETS)
def test_rows_of_weight_0_equal_missing_rows(data):
    X, y = SETS[data]()
    weight = draw_weights("often 0", len(y))
    is_used = weight > 0
    for container in CONTAINERS:
        model, used = (BinaryPerceptron(shuffle=False, n_epochs=4) for _ in range(2))
        model.fit(container(X), y, weight)
        used.fit(container(X[is_used]), y[is_used], weight[is_used])
        assert_same_bits(model, used)
        np.testing.assert_array_equal(model.history_["mistakes"], used.history_["mistakes"])
        np.testing.assert_allclose(model.history_["loss"], used.history_["loss"])
