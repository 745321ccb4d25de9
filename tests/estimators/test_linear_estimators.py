"""Logistic regression one-vs-rest, and learning of the linear estimators on simple data."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sklearn_softmax import GDLogisticRegression, SoftmaxRegression


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
    X, y = load_digits(n_class=4, return_X_y=True)
    weight = rng.uniform(0, 2, len(y)) if weighted else None
    params = {"lr": 0.1, "n_epochs": 5, "batch_size": 64, "random_state": 3, **params}
    together = GDLogisticRegression(**params).fit(X / 16, y, weight)
    parts = [GDLogisticRegression(**params).fit(X / 16, y == digit, weight) for digit in range(4)]
    for name in ("coef_", "intercept_"):
        expected = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_allclose(getattr(together, name), expected, rtol=0, atol=1e-12)
    losses = sum(part.step_losses_ for part in parts)
    np.testing.assert_allclose(together.step_losses_, losses, rtol=1e-10)


# --- learning ------------------------------------------------------------------------------------


def test_identical_rows_get_the_class_shares_as_probabilities():
    model = GDLogisticRegression(n_epochs=500).fit(np.ones((6, 2)), [0, 1, 0, 1, 1, 1])
    np.testing.assert_allclose(model.predict_proba(np.ones((1, 2))), [[1 / 3, 2 / 3]], atol=1e-6)


def test_features_of_zeros_have_no_weight():
    model = SoftmaxRegression(fit_intercept=False, n_epochs=2).fit(np.zeros((4, 2)), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.coef_, 0)
