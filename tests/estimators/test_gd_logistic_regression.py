"""Logistic regression against scikit-learn's, and one-vs-rest against its parts."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import scale

from sklearn_softmax import GDLogisticRegression

# That sparse rows train as dense ones do is held for all estimators together.
of_sparse_rows = pytest.param(sparse.csr_array, id="CSR", marks=pytest.mark.slow)
containers = pytest.mark.parametrize(
    "container", [pytest.param(np.asarray, id="dense"), of_sparse_rows]
)


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def wine():
    X, y = load_wine(return_X_y=True)
    return scale(X), y


def iris():
    return load_iris(return_X_y=True)


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def to_the_optimum(reg_param, **params):
    return GDLogisticRegression(optimizer="lbfgs", reg_param=reg_param, tol=1e-8, **params)


# --- two classes -----------------------------------------------------------------------------


@containers
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_two_classes_reach_logistic_regression(fit_intercept, weighted, container, rng):
    X, y = cancer()
    sample_weight = rng.uniform(0.5, 1.5, len(y)) if weighted else None
    expected = LogisticRegression(
        C=1 / 5, tol=1e-10, solver="newton-cholesky", fit_intercept=fit_intercept
    ).fit(X, y, sample_weight)
    model = to_the_optimum(5.0, fit_intercept=fit_intercept)
    model.fit(container(X), y, sample_weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), atol=1e-4)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 4.0}], ids=str)
def test_class_weights_mean_what_they_mean_in_scikit_learn(class_weight):
    X, y = cancer()
    params = {"class_weight": class_weight}
    expected = LogisticRegression(C=1 / 5, tol=1e-10, solver="newton-cholesky", **params).fit(X, y)
    model = to_the_optimum(5.0, **params).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)


def test_mini_batches_reach_the_same_optimum():
    X, y = cancer()
    expected = LogisticRegression(C=1 / 50, tol=1e-10, solver="newton-cholesky").fit(X, y)
    model = GDLogisticRegression(
        lr=0.5, lr_decay=0.997, reg_param=50.0, batch_size=64, n_epochs=3000, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=2e-4)


def test_history_is_that_of_the_cross_entropy():
    X, y = cancer()
    model = GDLogisticRegression(lr=0.1, n_epochs=3, batch_size=len(y))
    model.fit(X, y, X_val=X[:100], y_val=y[:100])
    assert model.history_["loss"][0] == pytest.approx(np.log(2))
    own = log_loss(y[:100], model.predict_proba(X[:100]))
    assert model.history_["val_loss"][-1] == pytest.approx(own)
    assert model.history_["val_accuracy"][-1] == pytest.approx(model.score(X[:100], y[:100]))


def test_auto_learns_from_unscaled_data():
    X, y = load_breast_cancer(return_X_y=True)
    loss = GDLogisticRegression(lr="auto", batch_size=len(y)).fit(X, y).history_["loss"]
    assert np.all(np.diff(loss[:5]) < 0)
    assert loss[-1] < 0.1 * loss[0]
    with pytest.warns(ConvergenceWarning, match="lr=0.1 may be too large"):
        GDLogisticRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)


# --- more classes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reg_param"),
    [(iris, 5.0), (wine, 0.5), (digits, 10.0)],
    ids=["iris", "wine", "digits"],
)
@containers
def test_more_classes_reach_one_vs_rest(data, reg_param, container):
    X, y = data()
    binary = LogisticRegression(C=1 / reg_param, tol=1e-10, solver="newton-cholesky")
    expected = OneVsRestClassifier(binary).fit(X, y)
    model = to_the_optimum(reg_param).fit(container(X), y)
    coef = np.vstack([part.coef_ for part in expected.estimators_])
    intercept = np.concatenate([part.intercept_ for part in expected.estimators_])
    np.testing.assert_allclose(model.coef_, coef, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, intercept, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), atol=1e-4)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lr": 0.2, "reg_param": 3.0},
        {"momentum": 0.9, "nesterov": True, "lr_decay": 0.9},
        {"optimizer": "adam", "lr": 0.01, "fit_intercept": False},
    ],
    ids=str,
)
def test_every_sub_classifier_is_a_binary_fit_on_the_same_batches(params, weighted, rng):
    X, y = digits()
    sample_weight = rng.uniform(0, 2, len(y)) if weighted else None
    params = {"lr": 0.1, "n_epochs": 5, "batch_size": 64, "random_state": 3, **params}
    together = GDLogisticRegression(**params).fit(X, y, sample_weight)
    losses = 0
    for digit in range(10):
        alone = GDLogisticRegression(**params).fit(X, y == digit, sample_weight)
        np.testing.assert_allclose(together.coef_[digit], alone.coef_[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            together.intercept_[digit], alone.intercept_[0], rtol=0, atol=1e-12
        )
        losses = losses + alone.step_losses_
    np.testing.assert_allclose(together.step_losses_, losses, rtol=1e-10)


def test_the_most_confident_sub_classifier_predicts():
    X, y = digits()
    names = np.array([f"digit {k}" for k in range(10)])
    model = GDLogisticRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, names[y])
    scores = model.decision_function(X)
    np.testing.assert_allclose(scores, X @ model.coef_.T + model.intercept_, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), names[scores.argmax(axis=1)])
    own = 1 / (1 + np.exp(-scores))
    expected = own / own.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-7)


# --- odd data ----------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
def test_one_class_is_certain(early_stopping, rng):
    X = rng.standard_normal((20, 3))
    model = GDLogisticRegression(early_stopping=early_stopping).fit(X, ["only"] * 20)
    assert set(model.predict(X)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((20, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((20, 1)))


def test_separable_data_go_on_growing_and_stay_finite():
    X, y = np.array([[-2.0], [-1], [1], [2]]), [0, 0, 1, 1]
    model = GDLogisticRegression(lr=1.0, n_epochs=3000).fit(X, y)
    assert np.all(np.diff(model.history_["weight_norm"]) > 0)
    assert np.all(np.isfinite(model.predict_log_proba(1e6 * X)))
    np.testing.assert_array_equal(model.predict(X), y)


def test_rows_that_are_all_equal_give_the_share_of_the_classes():
    model = GDLogisticRegression(lr="auto", n_epochs=500, batch_size=6)
    model.fit(np.ones((6, 2)), [0, 1, 0, 1, 1, 1])
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 2))), [[1 / 3, 2 / 3]], atol=1e-6)


def test_a_row_of_zeros_moves_the_intercept_alone():
    model = GDLogisticRegression(lr=0.1).partial_fit(np.zeros((1, 3)), [1], classes=[0, 1])
    np.testing.assert_array_equal(model.coef_, np.zeros((1, 3)))
    np.testing.assert_allclose(model.intercept_, 0.1 * 0.5)


def test_a_class_whose_weight_vanishes_is_never_predicted():
    X, y = digits()
    model = GDLogisticRegression(random_state=0, class_weight={3: 0.0}).fit(X, y)
    assert 3 not in model.predict(X)
    two = GDLogisticRegression(random_state=0, class_weight={False: 0.0})
    assert np.all(two.fit(X, y == 3).predict(X))
