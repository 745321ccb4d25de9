"""Rosenblatt's rule against scikit-learn's, bit for bit, and against a plain loop."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, make_blobs, make_classification
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.linear_model import Perceptron
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import BinaryPerceptron, FusedGridSearchCV
from sklearn_softmax._training import online
from sklearn_softmax._training.rows import Rows
from tests.cases import LAST_FIT_ATTRIBUTES, assert_same_model


def zero_or_one(digit):
    X, y = load_digits(return_X_y=True)
    return X / 16, (y == digit).astype(int)


def outlier():
    """One row so long that the sign of every other score looks uncertain."""
    X, y = zero_or_one(8)
    X[100] *= 1e14
    return X, y


def exact_zeros():
    """Tenths cancel to exactly 0, or to a rounding error of either sign."""
    rng = np.random.RandomState(0)
    return rng.randint(-3, 4, (500, 7)) / 10, rng.randint(0, 2, 500)


SETS = {
    "digits": lambda: zero_or_one(8),
    "unscaled": lambda: load_breast_cancer(return_X_y=True),
    "separable": lambda: make_blobs(300, centers=[[-5, 0], [5, 0]], random_state=0),
    "noisy": lambda: make_classification(1500, 30, flip_y=0.3, random_state=0),
    "imbalanced": lambda: make_classification(1500, weights=[0.98], random_state=1),
    "one feature": lambda: make_classification(
        300, 1, n_informative=1, n_redundant=0, n_clusters_per_class=1, random_state=0
    ),
    "duplicates": lambda: tuple(np.repeat(a, 5, axis=0) for a in zero_or_one(3)),
    "exact zeros": exact_zeros,
    "outlier": outlier,
}


def plain(**params):
    """Rosenblatt's perceptron as it is: all epochs, the last weights."""
    return BinaryPerceptron(**{"tol": None, "average": False, **params})


def assert_same_bits(model, expected):
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.intercept_, expected.intercept_)


def drawn_weights(kind, n, seed=0):
    """Sample weights of a kind."""
    rng = np.random.RandomState(seed)
    return {
        "uniform": rng.uniform(0, 2, n),
        "often 0": rng.uniform(0, 2, n) * (rng.uniform(size=n) < 0.5),
        "of all sizes": 10 ** rng.uniform(-9, 9, n),
        "counts": rng.poisson(1.0, n),
    }[kind]


def plain_loop(X, y, n_epochs, lr=1.0, orders=None, weight=None):
    """The rule as textbooks give it."""
    w, b = np.zeros(X.shape[1], X.dtype), X.dtype.type(0)
    c = np.ones(len(y)) if weight is None else weight
    mistakes = []
    for epoch in range(n_epochs):
        n = 0
        for i in range(len(y)) if orders is None else orders[epoch]:
            s = X.dtype.type(1 if y[i] == 1 else -1)
            if s * (np.cumsum(w * X[i])[-1] + b) <= 0:
                step = X.dtype.type(X.dtype.type(lr) * s * c[i])
                w, b, n = w + step * X[i], b + step, n + (c[i] > 0)
        mistakes.append(n)
    return w, b, mistakes


# --- the online rule -----------------------------------------------------------------------


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.3, 1: 1.7}], ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("data", SETS)
def test_every_bit_is_scikit_learn_s(data, fit_intercept, class_weight):
    X, y = SETS[data]()
    params = {"fit_intercept": fit_intercept, "class_weight": class_weight, "shuffle": False}
    expected = Perceptron(tol=None, max_iter=7, **params).fit(X, y)
    assert_same_bits(plain(n_epochs=7, **params).fit(X, y), expected)


@pytest.mark.parametrize("class_weight", [None, {0: 0.3, 1: 1.7}], ids=str)
@pytest.mark.parametrize("kind", ["uniform", "often 0", "of all sizes", "counts"])
@pytest.mark.parametrize("data", SETS)
def test_every_bit_with_sample_weights(data, kind, class_weight):
    X, y = SETS[data]()
    weight = drawn_weights(kind, len(y))
    params = {"class_weight": class_weight, "shuffle": False}
    model, expected = plain(n_epochs=7, **params), Perceptron(tol=None, max_iter=7, **params)
    assert_same_bits(model.fit(X, y, weight), expected.fit(X, y, sample_weight=weight))
    for part in (slice(0, 70), slice(70, 200)):
        model.partial_fit(X[part], y[part], sample_weight=weight[part])
        expected.partial_fit(X[part], y[part], sample_weight=weight[part])
        assert_same_bits(model, expected)


@given(
    arrays(np.float64, (12, 3), elements=st.integers(-4, 4).map(lambda n: n / 10)),
    arrays(np.float64, 12, elements=st.sampled_from([0, 0.1, 0.3, 1, 1e-200, 1e9])).filter(np.any),
)
def test_every_bit_of_drawn_weights(X, weight):
    y = np.arange(12) % 2
    expected = Perceptron(tol=None, max_iter=4, shuffle=False).fit(X, y, sample_weight=weight)
    assert_same_bits(plain(n_epochs=4, shuffle=False).fit(X, y, weight), expected)


@pytest.mark.parametrize("digit", range(10))
def test_every_bit_of_every_digit(digit):
    X, y = zero_or_one(digit)
    expected = Perceptron(tol=None, max_iter=5, shuffle=False, eta0=0.1).fit(X, y)
    assert_same_bits(plain(n_epochs=5, shuffle=False, lr=0.1).fit(X, y), expected)


@pytest.mark.parametrize("cost_of_beginning", [1, 100, 10_000_000])
@pytest.mark.parametrize("block_size", [1, 13, 1024])
@pytest.mark.parametrize("data", ["noisy", "exact zeros"])
def test_stretches_do_not_matter(data, block_size, cost_of_beginning, monkeypatch):
    X, y = SETS[data]()
    expected = Perceptron(tol=None, max_iter=3, shuffle=False).fit(X, y)
    monkeypatch.setattr(Rows, "BLOCK_SIZE", block_size)
    monkeypatch.setattr(online, "STRETCH_COST", cost_of_beginning)
    assert_same_bits(plain(n_epochs=3, shuffle=False).fit(X, y), expected)


@pytest.mark.parametrize("weight", [1e-160, 1e-170, 1e-200, 1e-300])
@pytest.mark.parametrize("seed", range(3))
def test_weights_whose_squares_vanish(seed, weight):
    rng = np.random.RandomState(seed)
    X, y = rng.randint(-2, 3, (200, 6)).astype(float), rng.randint(0, 2, 200)
    params = {"class_weight": {0: weight, 1: weight}, "shuffle": False}
    expected = Perceptron(tol=None, max_iter=5, eta0=0.1, **params).fit(X, y)
    assert_same_bits(plain(n_epochs=5, lr=0.1, **params).fit(X, y), expected)


@given(
    arrays(np.float64, (12, 3), elements=st.integers(-4, 4).map(lambda n: n / 10)),
    arrays(np.intp, 12, elements=st.integers(0, 1)).filter(lambda y: len(np.unique(y)) == 2),
)
def test_scores_at_and_beside_zero(X, y):
    expected = Perceptron(tol=None, max_iter=4, shuffle=False).fit(X, y)
    assert_same_bits(plain(n_epochs=4, shuffle=False).fit(X, y), expected)


@pytest.mark.parametrize("kind", [None, "uniform", "often 0"])
@pytest.mark.parametrize("data", SETS)
def test_single_precision_equals_a_plain_loop(data, kind):
    X, y = SETS[data]()
    X, weight = X.astype(np.float32), kind and drawn_weights(kind, len(y))
    model = plain(n_epochs=3, shuffle=False).fit(X, y, weight)
    w, b, mistakes = plain_loop(X, y, 3, weight=weight)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    np.testing.assert_array_equal(model.coef_[0], w)
    assert model.intercept_[0] == b
    np.testing.assert_array_equal(model.history_["mistakes"], mistakes[: model.n_iter_])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shuffled_equals_a_plain_loop_in_that_order(dtype):
    X, y = SETS["noisy"]()
    X = X.astype(dtype)
    model = plain(n_epochs=3, random_state=5).fit(X, y)
    rng = np.random.RandomState(5)
    w, b, mistakes = plain_loop(X, y, 3, orders=[rng.permutation(len(y)) for _ in range(3)])
    np.testing.assert_array_equal(model.coef_[0], w)
    assert model.intercept_[0] == b
    np.testing.assert_array_equal(model.history_["mistakes"], mistakes)


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("data", ["digits", "exact zeros", "one feature"])
def test_sparse_equals_dense(data, shuffle, container):
    X, y = SETS[data]()
    model = plain(n_epochs=4, shuffle=shuffle, random_state=0)
    w, b = (getattr(model.fit(X, y), name).copy() for name in ("coef_", "intercept_"))
    model.fit(container(X), y)
    np.testing.assert_array_equal(model.coef_, w)
    np.testing.assert_array_equal(model.intercept_, b)


def test_every_row_is_a_step():
    X, y = zero_or_one(1)
    model = plain(n_epochs=2, random_state=0).fit(X, y)
    assert model.n_steps_ == len(model.step_losses_) == 2 * len(y)
    np.testing.assert_allclose(model.step_losses_[: len(y)].mean(), model.history_["loss"][0])
    share = 1 - model.history_["mistakes"] / len(y)
    np.testing.assert_allclose(model.history_["accuracy"], share)


def test_the_fewer_mistakes_the_longer_are_the_stretches(monkeypatch):
    X, y = SETS["noisy"]()
    lengths, learn = [], online._Perceptron.learn_from_block

    def watched(self, *args, length, **options):
        lengths.append(length)
        return learn(self, *args, length=length, **options)

    monkeypatch.setattr(online._Perceptron, "learn_from_block", watched)
    for labels in (y, X[:, 0] > X[:, 0].max() - 1e-9):
        plain(n_epochs=1, shuffle=False).fit(X, labels)
    first, *others = zip(*np.split(np.array(lengths), 2))
    assert first[0] == first[1]
    assert all(noisy < separable for noisy, separable in others)


# --- mini-batches -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "uniform", "often 0"])
@pytest.mark.parametrize("weights", [None, {0: 0.5, 1: 3.0}], ids=str)
def test_mini_batches_equal_a_plain_loop(weights, kind):
    X, y = SETS["noisy"]()
    sample_weight = kind and drawn_weights(kind, len(y))
    model = plain(
        batch_size=50, n_epochs=4, lr=0.5, lr_decay=0.9, shuffle=False, class_weight=weights
    ).fit(X, y, sample_weight)
    w, b = np.zeros(X.shape[1]), 0.0
    c = np.ones(len(y)) if weights is None else np.where(y == 1, 3.0, 0.5)
    c = c * (sample_weight if kind else 1)
    c = c / c.mean()
    for epoch in range(4):
        mistakes = 0
        for first in range(0, len(y), 50):
            i = slice(first, first + 50)
            s = np.where(y[i] == 1, 1, -1)
            wrong = s * (X[i] @ w + b) <= 0
            step = 0.5 * 0.9**epoch / 50 * s * wrong * c[i]
            w, b, mistakes = w + step @ X[i], b + step.sum(), mistakes + (wrong & (c[i] > 0)).sum()
        assert model.history_["mistakes"][epoch] == mistakes
    np.testing.assert_allclose(model.coef_[0], w, rtol=1e-9)
    np.testing.assert_allclose(model.intercept_[0], b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 20, 10_000])
def test_training_ends_after_an_epoch_without_a_mistake(batch_size):
    X, y = SETS["separable"]()
    model = plain(batch_size=batch_size, random_state=0).fit(X, y)
    mistakes = model.history_["mistakes"]
    assert model.n_iter_ < 200
    assert mistakes[-1] == 0 < mistakes[:-1].min()
    assert model.score(X, y) == 1
    before = model.coef_.copy()
    model.partial_fit(X, y)
    np.testing.assert_array_equal(model.coef_, before)


@pytest.mark.parametrize("batch_size", [1, 50])
def test_what_no_hyperplane_separates_takes_every_epoch(batch_size):
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), [0, 1, 1, 0]
    model = plain(batch_size=batch_size, n_epochs=30, random_state=0).fit(X, y)
    assert model.n_iter_ == 30
    assert np.all(model.history_["mistakes"] > 0)


def test_early_stopping_keeps_the_best_of_a_noisy_run():
    X, y = SETS["noisy"]()
    model = plain(early_stopping=True, tol=1e-3, random_state=0)
    model.fit(X[:1000], y[:1000], X_val=X[1000:], y_val=y[1000:])
    scores = np.where(y[1000:] == 1, 1, -1) * model.decision_function(X[1000:])
    assert model.n_iter_ < 200
    assert model.history_["val_loss"].min() == pytest.approx(np.maximum(-scores, 0).mean())


# --- the end of training ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "params", [{}, {"tol": 0.1}, {"n_iter_no_change": 2}, {"tol": 1e-5}], ids=str
)
@pytest.mark.parametrize("data", ["digits", "unscaled", "noisy", "imbalanced", "separable"])
def test_it_stops_when_scikit_learn_does(data, params):
    X, y = SETS[data]()
    expected = Perceptron(shuffle=False, **params).fit(X, y)
    model = BinaryPerceptron(average=False, shuffle=False, **params).fit(X, y)
    if model.history_["mistakes"][-1] > 0:
        assert model.n_iter_ == expected.n_iter_ < 200
    assert_same_bits(model, expected)


@pytest.mark.parametrize("data", ["digits", "noisy"])
def test_equal_sample_weights_stop_when_scikit_learn_does(data):
    X, y = SETS[data]()
    weight = np.ones(len(y))
    expected = Perceptron(shuffle=False).fit(X, y, sample_weight=weight)
    model = BinaryPerceptron(shuffle=False).fit(X, y, weight)
    assert model.n_iter_ == expected.n_iter_
    assert_same_bits(model, expected)


@pytest.mark.parametrize("batch_size", [1, 50])
def test_it_stops_when_the_training_loss_no_longer_falls(batch_size):
    X, y = SETS["noisy"]()
    params = {"batch_size": batch_size, "random_state": 0, "n_iter_no_change": 4, "tol": 0.01}
    model = BinaryPerceptron(**params).fit(X, y)
    lowest = np.minimum.accumulate(model.history_["loss"])
    is_gain = np.append(True, model.history_["loss"][1:] < lowest[:-1] - 0.01)
    assert np.flatnonzero(is_gain)[-1] == model.n_iter_ - 1 - 4
    longer = BinaryPerceptron(**{**params, "tol": None}, n_epochs=model.n_iter_ + 3).fit(X, y)
    assert longer.n_iter_ == model.n_iter_ + 3
    losses = longer.history_["loss"][: model.n_iter_]
    np.testing.assert_array_equal(losses, model.history_["loss"])


def test_validation_rows_alone_do_not_stop_it():
    X, y = SETS["noisy"]()
    alone = BinaryPerceptron(random_state=0).fit(X, y)
    model = BinaryPerceptron(random_state=0).fit(X, y, X_val=X[:9], y_val=y[:9])
    np.testing.assert_array_equal(model.coef_, alone.coef_)


@pytest.mark.parametrize("average", [False, True])
def test_early_stopping_without_tolerance_restores_the_best_of_all_epochs(average):
    X, y = SETS["noisy"]()
    model = BinaryPerceptron(early_stopping=True, tol=None, average=average, n_epochs=30)
    model.set_params(random_state=0).fit(X[:1000], y[:1000], X_val=X[1000:], y_val=y[1000:])
    scores = np.where(y[1000:] == 1, 1, -1) * model.decision_function(X[1000:])
    assert model.n_iter_ == 30
    assert model.history_["val_loss"].min() == pytest.approx(np.maximum(-scores, 0).mean())


def test_each_call_has_patience_anew():
    X, y = SETS["noisy"]()
    model = BinaryPerceptron(warm_start=True, random_state=0).fit(X, y)
    n_epochs = model.n_iter_
    assert n_epochs + 5 < model.fit(X, y).n_iter_
    n_epochs = model.n_iter_
    assert model.partial_fit(X, y).n_iter_ == n_epochs + 1


# --- the mean of the weights ------------------------------------------------------------------


def averaged_loop(X, y, n_epochs, c, batch_size=1):
    """The mean over all steps, added up one by one."""
    w, total, n_steps = np.zeros(X.shape[1] + 1), 0.0, 0
    X = np.column_stack([X, np.ones(len(X))])
    sign = np.where(y == 1, 1.0, -1.0)
    c = c if batch_size == 1 else c / c.mean()
    for _ in range(n_epochs):
        for first in range(0, len(y), batch_size):
            i = slice(first, first + batch_size)
            is_mistake = sign[i] * (X[i] @ w) <= 0
            w = w + (is_mistake * c[i] * sign[i]) @ X[i] / batch_size
            total, n_steps = total + w, n_steps + 1
    return total / n_steps


def averaged(**params):
    """The averaged perceptron."""
    return BinaryPerceptron(average=True, **params)


AVERAGED = pytest.mark.parametrize("batch_size", [1, 50])


@AVERAGED
@pytest.mark.parametrize("kind", [None, "uniform", "often 0"])
@pytest.mark.parametrize("weights", [(1.0, 1.0), (0.5, 3.0)], ids=str)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
@pytest.mark.parametrize("data", ["noisy", "digits", "one feature", "imbalanced"])
def test_the_mean_equals_that_of_a_plain_loop(data, container, weights, kind, batch_size):
    X, y = SETS[data]()
    sample_weight = kind and drawn_weights(kind, len(y))
    model = averaged(batch_size=batch_size, tol=None, n_epochs=4, shuffle=False)
    model.set_params(class_weight=dict(enumerate(weights))).fit(container(X), y, sample_weight)
    c = np.array(weights)[y] * (sample_weight if kind else 1)
    expected = averaged_loop(X, y, 4, c, batch_size)
    found = np.append(model.coef_[0], model.intercept_)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@AVERAGED
def test_the_mean_in_single_precision(batch_size):
    X, y = SETS["noisy"]()
    single, double = (
        averaged(batch_size=batch_size, n_epochs=4, random_state=0).fit(X.astype(dtype), y)
        for dtype in (np.float32, np.float64)
    )
    assert single.coef_.dtype == np.float32
    np.testing.assert_allclose(single.coef_, double.coef_, atol=0.05 * abs(double.coef_).max())


@AVERAGED
def test_what_learns_does_not_know_of_the_mean(batch_size):
    X, y = SETS["noisy"]()
    mean, last = (
        BinaryPerceptron(batch_size=batch_size, average=average, random_state=0).fit(X, y)
        for average in (True, False)
    )
    for name in ("lr", "loss", "accuracy", "mistakes"):
        np.testing.assert_array_equal(mean.history_[name], last.history_[name])
    np.testing.assert_array_equal(mean.step_losses_, last.step_losses_)
    assert not np.allclose(mean.coef_, last.coef_)


@AVERAGED
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
def test_the_mean_goes_on_in_every_way(container, batch_size):
    X, y = SETS["noisy"]()
    X = container(X)
    params = {"batch_size": batch_size, "tol": None, "random_state": 0}
    once = averaged(n_epochs=6, **params).fit(X, y)
    twice = averaged(n_epochs=3, warm_start=True, **params).fit(X, y)
    assert_same_model(
        pickle.loads(pickle.dumps(twice)).fit(X, y), once, exclude=LAST_FIT_ATTRIBUTES
    )
    in_parts = averaged(**params)
    for _ in range(6):
        in_parts.partial_fit(X, y, classes=[0, 1])
    assert_same_model(in_parts, once, exclude=LAST_FIT_ATTRIBUTES)


@AVERAGED
def test_a_mean_that_begins_later(batch_size):
    X, y = SETS["noisy"]()
    params = {"batch_size": batch_size, "tol": None, "n_epochs": 1, "shuffle": False}
    model = BinaryPerceptron(average=False, warm_start=True, **params).fit(X, y)
    vectors = [np.append(model.coef_, model.intercept_)]
    model.set_params(average=True).fit(X, y)
    once = plain(batch_size=batch_size, n_epochs=2, shuffle=False).fit(X, y)
    kept = model._resume_state
    np.testing.assert_array_equal(kept["vector"][0], np.append(once.coef_, once.intercept_))
    assert kept["optimizer_state"]["n_steps"] == -(-len(y) // batch_size)
    assert not np.array_equal(np.append(model.coef_, model.intercept_), vectors[0])


def test_the_mean_classifies_new_rows_better():
    X, y = SETS["noisy"]()
    scores = {
        average: cross_val_score(BinaryPerceptron(average=average, random_state=0), X, y).mean()
        for average in (True, False)
    }
    assert scores[True] > scores[False] + 0.05


def test_candidates_of_a_search_differ_in_tolerance_and_patience():
    X, y = SETS["noisy"]()
    grid = {"tol": [None, 1e-3, 0.05], "n_iter_no_change": [2, 5], "n_epochs": [4, 40]}
    estimator = BinaryPerceptron(batch_size=50, random_state=0)
    fused = FusedGridSearchCV(estimator, {**grid, "average": [True, False]}, cv=3)
    alone = GridSearchCV(estimator, {**grid, "average": [True, False]}, cv=3)
    scores = [search.fit(X, y).cv_results_["mean_test_score"] for search in (fused, alone)]
    np.testing.assert_allclose(*scores, atol=0.01)
    assert len(np.unique(scores[0])) > 6


# --- odd data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
def test_rows_that_are_all_equal(batch_size, container):
    X = container(np.ones((6, 2)))
    model = plain(batch_size=batch_size, n_epochs=9, shuffle=False)
    model.fit(X, [0, 1, 0, 1, 1, 1])
    assert model.n_iter_ == 9
    assert np.all(np.isfinite(model.coef_))


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
def test_a_row_of_zeros_teaches_the_intercept_alone(container):
    X = container(np.zeros((1, 3)))
    with_intercept = plain().partial_fit(X, ["b"], classes=["a", "b"])
    np.testing.assert_array_equal(with_intercept.coef_, np.zeros((1, 3)))
    assert with_intercept.intercept_[0] == 1
    without = plain(fit_intercept=False, n_epochs=3).fit(np.zeros((2, 3)), [0, 1])
    np.testing.assert_array_equal(without.decision_function(np.ones((2, 3))), 0)
    assert without.n_iter_ == 3


@pytest.mark.parametrize("batch_size", [1, 50])
def test_a_class_whose_weight_vanishes_teaches_nothing(batch_size):
    X, y = SETS["noisy"]()
    model = plain(batch_size=batch_size, class_weight={0: 1, 1: 0}, random_state=0)
    model.fit(X, y)
    assert model.history_["mistakes"][-1] == 0
    assert np.all(model.predict(X[y == 0]) == 0)
    expected = Perceptron(tol=None, max_iter=model.n_iter_, shuffle=False)
    expected.set_params(class_weight={0: 1, 1: 0}).fit(X, y)
    if batch_size == 1:
        assert_same_bits(model.set_params(shuffle=False).fit(X, y), expected)


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
def test_rows_of_weight_0_are_no_mistakes(container, batch_size, average):
    X, y = SETS["separable"]()
    contradicting = container(np.vstack([X, X]))
    params = {"batch_size": batch_size, "average": average, "random_state": 0}
    model = plain(**params).fit(contradicting, np.r_[y, 1 - y], np.repeat([1.0, 0.0], len(y)))
    assert (model.stop_reason_, model.history_["mistakes"][-1]) == ("no_mistakes", 0)
    assert model.n_iter_ < 200
    if not average:
        assert model.score(X, y) == 1


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
@pytest.mark.parametrize("data", SETS)
def test_rows_of_weight_0_are_as_if_they_were_left_out(data, container):
    X, y = SETS[data]()
    weight = drawn_weights("often 0", len(y))
    is_used = weight > 0
    model = BinaryPerceptron(shuffle=False, n_epochs=9).fit(container(X), y, weight)
    used = BinaryPerceptron(shuffle=False, n_epochs=9)
    used.fit(container(X[is_used]), y[is_used], weight[is_used])
    assert_same_bits(model, used)
    np.testing.assert_array_equal(model.history_["mistakes"], used.history_["mistakes"])
    np.testing.assert_allclose(model.history_["loss"], used.history_["loss"])


@pytest.mark.parametrize("scale", [1e155, 1e200])
def test_scores_out_of_range_are_an_error(scale):
    X, y = SETS["noisy"]()
    with pytest.raises(ValueError, match=r"diverged in epoch 1.*scale the data"):
        plain(n_epochs=2).fit(X * scale, y)


def test_outputs():
    X, y = SETS["noisy"]()
    model = plain(n_epochs=2, random_state=0).fit(X, np.array(["no", "yes"])[y])
    scores = model.decision_function(X)
    np.testing.assert_allclose(scores, X @ model.coef_[0] + model.intercept_[0])
    np.testing.assert_array_equal(model.predict(X), np.where(scores > 0, "yes", "no"))
    assert not hasattr(model, "predict_proba")
    assert model.coef_.shape == (1, 30)
    assert model.intercept_.shape == (1,)


# --- scikit-learn around it ----------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ten_classes_by_one_vs_rest(n_jobs):
    X, y = load_digits(return_X_y=True)
    joined = OneVsRestClassifier(plain(n_epochs=5, random_state=0), n_jobs=n_jobs)
    joined.fit(X, y)
    for digit, model in enumerate(joined.estimators_):
        alone = plain(n_epochs=5, random_state=0).fit(X, (y == digit).astype(int))
        assert_same_bits(model, alone)
    scores = np.column_stack([model.decision_function(X) for model in joined.estimators_])
    np.testing.assert_array_equal(joined.predict(X), scores.argmax(axis=1))
    assert joined.score(X, y) > 0.9


def test_search_over_a_pipeline():
    X, y = load_breast_cancer(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), plain(n_epochs=20, random_state=0))
    grid = {"binaryperceptron__batch_size": [1, 50], "binaryperceptron__class_weight": [None]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ > 0.94
    assert cross_val_score(pipeline, X, y, cv=3, scoring="roc_auc").min() > 0.95


WEIGHTED_CLIENTS = [
    AdaBoostClassifier(plain(n_epochs=5, random_state=0), n_estimators=5, random_state=0),
    AdaBoostClassifier(averaged(batch_size=20, random_state=0), n_estimators=5, random_state=0),
    BaggingClassifier(plain(n_epochs=5, random_state=0), n_estimators=3, random_state=0),
    CalibratedClassifierCV(plain(n_epochs=5, random_state=0), cv=3),
]


@pytest.mark.parametrize("client", WEIGHTED_CLIENTS, ids=lambda client: type(client).__name__)
def test_clients_give_it_sample_weights(client):
    X, y = SETS["noisy"]()
    weight = drawn_weights("uniform", len(y))
    weighted = clone(client).fit(X, y, sample_weight=weight)
    assert weighted.score(X, y, weight) > 0.65
    assert np.any(weighted.predict(X) != clone(client).fit(X, y).predict(X))


@pytest.mark.parametrize("batch_size", [1, 50])
@pytest.mark.parametrize("is_routed", [False, True])
def test_searches_give_it_sample_weights(is_routed, batch_size):
    X, y = SETS["noisy"]()
    weight = drawn_weights("often 0", len(y))
    grid = {"lr": [0.1, 1.0], "tol": [None, 0.05], "class_weight": [None, {1: 5.0}]}
    estimator = averaged(batch_size=batch_size, random_state=0, n_epochs=5)
    scores = []
    with config_context(enable_metadata_routing=is_routed):
        if is_routed:
            estimator.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        for search in (FusedGridSearchCV, GridSearchCV):
            result = search(estimator, grid, cv=3).fit(X, y, sample_weight=weight).cv_results_
            scores.append(result["mean_test_score"])
    np.testing.assert_allclose(*scores, atol=0.01)
    assert len(np.unique(scores[0])) > 1
