"""Logistic regression one-vs-rest, and learning of the linear estimators on simple data."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from sklearn_softmax import GDLogisticRegression, SoftmaxRegression

linear = pytest.mark.parametrize("estimator", [SoftmaxRegression, GDLogisticRegression])


def digits(n_class=10):
    X, y = load_digits(n_class=n_class, return_X_y=True)
    return X / 16, y


# --- one-vs-rest ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "weighted"),
    [
        ({}, False),
        ({"lr": 0.2, "reg_param": 3.0}, True),
        ({"momentum": 0.9, "nesterov": True, "lr_decay": 0.9}, True),
        ({"optimizer": "adam", "lr": 0.01, "fit_intercept": False}, False),
    ],
    ids=str,
)
def test_every_sub_classifier_equals_a_binary_fit_on_the_same_batches(params, weighted, rng):
    X, y = digits(n_class=4)
    weight = rng.uniform(0, 2, len(y)) if weighted else None
    params = {"lr": 0.1, "n_epochs": 5, "batch_size": 64, "random_state": 3, **params}
    together = GDLogisticRegression(**params).fit(X, y, weight)
    parts = [GDLogisticRegression(**params).fit(X, y == digit, weight) for digit in range(4)]
    for name in ("coef_", "intercept_"):
        expected = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(getattr(together, name), expected, rtol=0, atol=1e-12)
    losses = sum(part.step_losses_ for part in parts)
    np.testing.assert_allclose(together.step_losses_, losses, rtol=1e-10)


def test_the_sub_classifier_with_the_largest_score_predicts():
    X, y = digits()
    names = np.array([f"digit {k}" for k in range(10)])
    model = GDLogisticRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, names[y])
    scores = model.decision_function(X)
    np.testing.assert_allclose(scores, X @ model.coef_.T + model.intercept_, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), names[scores.argmax(axis=1)])
    sigmoid = 1 / (1 + np.exp(-scores))
    expected = sigmoid / sigmoid.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(expected), rtol=1e-7)


def test_binary_history_contains_the_cross_entropy():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    model = GDLogisticRegression(lr=0.1, n_epochs=3, batch_size=len(y))
    model.fit(X, y, X_val=X[:100], y_val=y[:100])
    assert model.history_["loss"][0] == pytest.approx(np.log(2))
    expected = log_loss(y[:100], model.predict_proba(X[:100]))
    assert model.history_["val_loss"][-1] == pytest.approx(expected)


# --- learning ------------------------------------------------------------------------------------


def test_first_figures_of_softmax_are_those_of_zero_weights():
    X, y = load_iris(return_X_y=True)
    model = SoftmaxRegression(lr=0.01, n_epochs=2, batch_size=150).fit(X, y)
    assert model.history_["loss"][0] == pytest.approx(np.log(3))
    assert model.history_["accuracy"][0] == pytest.approx(1 / 3)  # all of class 0


@pytest.mark.parametrize(("batch_size", "ratio"), [(50, 0.3), (569, 0.1)])
@linear
def test_automatic_rate_reduces_the_loss_of_raw_data_from_the_first_epoch(
    estimator, batch_size, ratio
):
    X, y = load_breast_cancer(return_X_y=True)
    loss = estimator(batch_size=batch_size, random_state=0).fit(X, y).history_["loss"]
    assert loss[4] < 0.5 * loss[0]
    assert loss[-1] < ratio * loss[0]
    assert loss[-1] < loss.min() + 1e-2 * loss[0]


@linear
def test_loss_above_that_of_the_untrained_model_warns(estimator):
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"lr=0.1 may be too large") as caught:
        estimator(lr=0.1, n_epochs=5, random_state=0).fit(X, y)
    assert caught[0].filename == __file__


def test_weights_of_separable_data_grow_and_remain_finite():
    X, y = np.array([[-2.0], [-1], [1], [2]]), [0, 0, 1, 1]
    model = GDLogisticRegression(lr=1.0, n_epochs=1000).fit(X, y)
    assert np.all(np.diff(model.history_["weight_norm"]) > 0)
    assert np.all(np.isfinite(model.predict_log_proba(1e6 * X)))
    np.testing.assert_array_equal(model.predict(X), y)


def test_identical_rows_get_the_class_shares_as_probabilities():
    model = GDLogisticRegression(lr="auto", n_epochs=500, batch_size=6)
    model.fit(np.ones((6, 2)), [0, 1, 0, 1, 1, 1])
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 2))), [[1 / 3, 2 / 3]], atol=1e-6)


def test_features_of_zeros_change_only_the_intercept():
    model = GDLogisticRegression(lr=0.1).partial_fit(np.zeros((1, 3)), [1], classes=[0, 1])
    np.testing.assert_array_equal(model.coef_, np.zeros((1, 3)))
    np.testing.assert_allclose(model.intercept_, 0.1 * 0.5)
    model = SoftmaxRegression(lr="auto", fit_intercept=False, n_epochs=2)
    model.fit(np.zeros((4, 2)), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.coef_, 0)


def test_automatic_rate_of_features_whose_fourth_powers_overflow_is_finite():
    rng = np.random.RandomState(0)
    X = np.column_stack([1.7e12 + 1e9 * np.arange(200), rng.standard_normal(200)])
    X = X.astype(np.float32)
    model = SoftmaxRegression(lr="auto", n_epochs=3).fit(X, np.arange(200) % 2)
    assert np.all(np.isfinite(model.coef_))
