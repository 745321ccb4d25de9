"""The public function gradient_check."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    gradient_check,
)
from sklearn_softmax._model.activations import ACTIVATIONS

SMALL = np.random.RandomState(0).standard_normal((10, 4)), np.arange(10) % 3
ESTIMATORS = [
    SoftmaxRegression(),
    SoftmaxRegression(reg_param=0.1, fit_intercept=False),
    SoftmaxRegression(reg_param=0.1, lr="auto"),
    SoftmaxRegression(reg_param=1.0, optimizer="lbfgs", tol=1e-8),  # at the minimum if fitted
    GDLogisticRegression(reg_param=0.1, class_weight="balanced"),
    *(
        TwoLayerMLPClassifier(hidden_size=h, activation=a, dropout=p, reg_param=r)
        for h, p, r in ((10, 0.5, 0.1), ((6, 5, 4), 0.0, 0.0), ((6, 5, 4), 0.5, 0.1))
        for a in ACTIVATIONS
    ),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("is_fitted", [False, True], ids=["unfitted", "fitted-and-weighted"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_gradients_of_all_estimators_are_correct(estimator, is_fitted, rng):
    X, y = SMALL
    sample_weight = rng.uniform(0.5, 2, len(y)) if is_fitted else None
    if is_fitted:
        estimator = clone(estimator).set_params(n_epochs=40, lr=0.01, random_state=0).fit(X, y)
    before = repr(vars(estimator))
    errors = gradient_check(estimator, X, y, sample_weight)
    assert max(errors.values()) < 1e-7
    assert repr(vars(estimator)) == before


def test_sparse_and_single_precision_features_and_other_labels():
    X, y = SMALL
    for container in (sparse.csr_array, lambda X: X.astype(np.float32)):
        assert max(gradient_check(BinaryPerceptron(), container(X), y > 0).values()) < 1e-7
        net = TwoLayerMLPClassifier(hidden_size=5)
        assert max(gradient_check(net, container(X), y.astype(str)).values()) < 1e-7
    assert list(gradient_check(SoftmaxRegression(fit_intercept=False), X, y)) == ["W1"]


def test_wrong_gradients_have_large_errors(monkeypatch):
    def wrong(self, dA, A):
        dA *= 1 - A

    X, y = SMALL
    monkeypatch.setattr("sklearn_softmax._model.activations.Tanh.backward", wrong)
    errors = gradient_check(TwoLayerMLPClassifier(hidden_size=5, activation="tanh"), X, y)
    assert min(errors["W1"], errors["b1"]) > 0.01 > 1e-7 > max(errors["W2"], errors["b2"])


def test_invalid_inputs_raise_an_error():
    X, y = SMALL
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        gradient_check(BinaryPerceptron(), X, y)
    with pytest.raises(ValueError, match="'lr' parameter"):
        gradient_check(SoftmaxRegression(lr=-1), X, y)
    with pytest.raises(ValueError, match="not in the classes of the fit"):
        gradient_check(SoftmaxRegression(n_epochs=1).fit(X, y), X, y + 1)
    with pytest.raises(TypeError, match=r"got Pipeline\. For a pipeline, pass its last step"):
        gradient_check(make_pipeline(SoftmaxRegression()), X, y)
    with pytest.raises(ValueError, match="max_entries == 0, must be >= 1"):
        gradient_check(SoftmaxRegression(), X, y, max_entries=0)


def test_errors_are_near_the_precision_of_central_differences():
    X, y = SMALL
    net = TwoLayerMLPClassifier(hidden_size=5, activation="tanh", random_state=0)
    # The errors of a step h are h^2 and eps / h, which are equal for the best step.
    best = np.finfo(np.longdouble).eps ** (2 / 3)
    assert max(gradient_check(net, X, y).values()) < 1000 * best
