"""Estimators of the generic tests: add a new one to ``CASES``."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import scale

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)


def multiclass_data():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def binary_data():
    X, y = load_breast_cancer(return_X_y=True)
    return scale(X), y


def cross_entropy(model, X, y):
    return -np.mean(model.predict_log_proba(X)[np.arange(len(y)), y])


def one_vs_rest_cross_entropy(model, X, y):
    scores = model.decision_function(X)
    is_positive = y[:, np.newaxis] == model.classes_
    return np.mean(np.sum(np.logaddexp(0, scores) - is_positive * scores, axis=1))


def perceptron_criterion(model, X, y):
    return np.mean(np.maximum(0, np.where(y == 1, -1, 1) * model.decision_function(X)))


@dataclass(frozen=True, eq=False)
class Case:
    """An estimator with its data, mean loss and capabilities."""

    estimator: BaseEstimator
    data: Callable
    loss: Callable
    capabilities: tuple = ()
    extra_figures: tuple = ()

    def __post_init__(self):
        X, y = self.data()
        vars(self).update(X=X, y=y, classes=np.unique(y), name=type(self.estimator).__name__)

    def __str__(self):
        return repr(self.estimator)

    def model(self, **params):
        """Return an unfitted estimator with other parameters."""
        return clone(self.estimator).set_params(**{"random_state": 0, **params})

    def lr(self):
        """Return "auto", or the learning rate of an estimator without it."""
        return "auto" if 'lr="auto"' in self.capabilities else self.estimator.lr

    def is_online(self):
        """Return whether each row is a step."""
        return self.estimator.batch_size == 1

    def options(self, **options):
        """Return those of the options that the estimator supports."""
        return {k: v for k, v in options.items() if k.removesuffix("_val") in self.capabilities}


ALL_CAPABILITIES = ("sample_weight", 'lr="auto"', "reg_param", "momentum", "predict_proba")
CASES = [
    Case(
        SoftmaxRegression(lr=0.1, batch_size=50), multiclass_data, cross_entropy, ALL_CAPABILITIES
    ),
    Case(
        GDLogisticRegression(lr=0.1, batch_size=50),
        multiclass_data,
        one_vs_rest_cross_entropy,
        ALL_CAPABILITIES,
    ),
    Case(
        TwoLayerMLPClassifier(hidden_size=20, lr=0.1, batch_size=50, optimizer="sgd", momentum=0.0),
        multiclass_data,
        cross_entropy,
        ("sample_weight", "reg_param", "momentum", "predict_proba", "dropout"),
    ),
    *(
        Case(
            perceptron,
            binary_data,
            perceptron_criterion,
            ("sample_weight", "average"),
            ("mistakes",),
        )
        for perceptron in (BinaryPerceptron(tol=None), BinaryPerceptron(batch_size=32, tol=None))
    ),
]


def cases(*capabilities):
    """Return the cases with all these capabilities."""
    return [case for case in CASES if set(capabilities) <= set(case.capabilities)]


def estimators(*capabilities):
    """Parametrize a test by the cases with all these capabilities."""
    return pytest.mark.parametrize("case", cases(*capabilities), ids=str)


def parameters(model):
    """Return all trained parameters in one vector."""
    _, layers = model._fitted_network()
    intercepts = layers.intercepts if model.fit_intercept else []
    return np.concatenate([array.ravel() for array in layers.weights + intercepts])


def weight_norm(model):
    _, layers = model._fitted_network()
    return np.linalg.norm(np.concatenate([W.ravel() for W in layers.weights]))


def ignore_unfinished(test):
    """Ignore the warning of too few epochs with lr="auto" in a test."""
    message = "After .* epochs the training objective still falls"
    category = "sklearn.exceptions.ConvergenceWarning"
    return pytest.mark.filterwarnings(f"ignore:{message}:{category}")(test)


def fitted_attributes(model):
    return {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and not name.startswith("_")
    }


# Attributes of the last call of fit, even if training continues.
LAST_FIT_ATTRIBUTES = ("convergence_", "stop_reason_")


def assert_same_model(actual, expected, exclude=()):
    """Assert that the fitted attributes are equal, bit for bit."""
    actual, expected = fitted_attributes(actual), fitted_attributes(expected)
    for name in exclude:
        del actual[name], expected[name]
    np.testing.assert_equal(actual, expected)
