"""scikit-learn's checks of the estimator contract: all of them, none skipped."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

WEIGHT_EQUIVALENCE = [
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
]
LBFGS = {"optimizer": "lbfgs", "reg_param": 0.1}
QUICK = [
    SoftmaxRegression(),
    GDLogisticRegression(),
    TwoLayerMLPClassifier(),
    SoftmaxRegression(**LBFGS),
    GDLogisticRegression(**LBFGS),
    BinaryPerceptron(batch_size=32, tol=None),
]
SLOW = [
    TwoLayerMLPClassifier(**LBFGS),
    *(
        estimator(**params)
        for estimator in (SoftmaxRegression, GDLogisticRegression)
        for params in (
            {"lr": 0.1, "n_epochs": 200},
            {"reg_param": 0.1},
            {"optimizer": "adam"},
            {"batch_size": 32, "momentum": 0.9},
        )
    ),
    SoftmaxRegression(momentum=0.5, n_epochs=100),
    SoftmaxRegression(shuffle=False, reg_param=1e-3),
    TwoLayerMLPClassifier(optimizer="sgd"),
    TwoLayerMLPClassifier(lr=0.1, n_epochs=200, optimizer="sgd"),
    TwoLayerMLPClassifier(lr=1e-3, n_epochs=200, activation="sigmoid"),
    TwoLayerMLPClassifier(lr=1e-3, n_epochs=200, hidden_size=(20, 10)),
]
# The online rule scores a repeated row again; early stopping may use it for validation.
ROWS_COUNT = [BinaryPerceptron()]
SLOW_ROWS_COUNT = [
    SoftmaxRegression(early_stopping=True),
    BinaryPerceptron(early_stopping=True),
    BinaryPerceptron(shuffle=False),
    BinaryPerceptron(average=True, tol=None),
]


def mark_slow(estimators):
    return [pytest.param(estimator, marks=pytest.mark.slow) for estimator in estimators]


def failures(estimator, expected_failed_checks=None):
    """Return the status of the checks that have not passed."""
    options = {"expected_failed_checks": expected_failed_checks, "on_fail": None, "on_skip": None}
    results = check_estimator(estimator, **options)
    return {r["check_name"]: r["status"] for r in results if r["status"] != "passed"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", QUICK + mark_slow(SLOW), ids=repr)
def test_estimator_passes_every_check(estimator):
    assert failures(estimator) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", ROWS_COUNT + mark_slow(SLOW_ROWS_COUNT), ids=repr)
def test_estimator_passes_every_check_except_equivalence_of_weights_and_repeated_rows(estimator):
    expected = dict.fromkeys(WEIGHT_EQUIVALENCE, "a weight of 2 is not a repeated row")
    assert failures(estimator, expected) == dict.fromkeys(WEIGHT_EQUIVALENCE, "xfail")
