"""The estimators that the generic tests run for: a further one is one more line of ``CASES``."""

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


def multi_class():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def binary():
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
    """An estimator, the data it is for, its mean loss, and what it has that not all have."""

    estimator: BaseEstimator
    data: Callable
    loss: Callable
    has: tuple = ()
    own_figures: tuple = ()

    def __post_init__(self):
        X, y = self.data()
        vars(self).update(X=X, y=y, classes=np.unique(y), name=type(self.estimator).__name__)

    def __str__(self):
        return repr(self.estimator)

    def model(self, **params):
        """A new one, with other parameters."""
        return clone(self.estimator).set_params(**{"random_state": 0, **params})

    def lr(self):
        return "auto" if 'lr="auto"' in self.has else self.estimator.lr

    def is_online(self):
        return self.estimator.batch_size == 1

    def if_known(self, **options):
        """Those of the options that this estimator has."""
        return {k: v for k, v in options.items() if k.removesuffix("_val") in self.has}


EVERYTHING = ("sample_weight", 'lr="auto"', "reg_param", "momentum", "predict_proba")
CASES = [
    Case(SoftmaxRegression(lr=0.1, batch_size=50), multi_class, cross_entropy, EVERYTHING),
    Case(
        GDLogisticRegression(lr=0.1, batch_size=50),
        multi_class,
        one_vs_rest_cross_entropy,
        EVERYTHING,
    ),
    Case(
        TwoLayerMLPClassifier(hidden_size=20, lr=0.1, batch_size=50, optimizer="sgd", momentum=0.0),
        multi_class,
        cross_entropy,
        tuple(feature for feature in EVERYTHING if feature != 'lr="auto"'),
    ),
    *(
        Case(perceptron, binary, perceptron_criterion, ("sample_weight",), ("mistakes",))
        for perceptron in (BinaryPerceptron(tol=None), BinaryPerceptron(batch_size=32, tol=None))
    ),
]


def cases(*features):
    """Those that have all these features."""
    return [case for case in CASES if set(features) <= set(case.has)]


def estimators(*features):
    """Runs a test for every one of them."""
    return pytest.mark.parametrize("case", cases(*features), ids=str)


def parameters(model):
    """All trained numbers in a row."""
    _, layers = model._fitted_network()
    intercepts = layers.intercepts if model.fit_intercept else []
    return np.concatenate([array.ravel() for array in layers.weights + intercepts])


def weight_norm(model):
    _, layers = model._fitted_network()
    return np.linalg.norm(np.concatenate([W.ravel() for W in layers.weights]))


def unfinished(test):
    """Lets a test train with lr="auto" for too few epochs."""
    message = "After .* epochs the training objective still falls"
    category = "sklearn.exceptions.ConvergenceWarning"
    return pytest.mark.filterwarnings(f"ignore:{message}:{category}")(test)


def fitted_attributes(model):
    return {
        name: value
        for name, value in vars(model).items()
        if name.endswith("_") and not name.startswith("_")
    }


# What a call of fit tells of itself alone, even where training goes on.
OF_LAST_FIT = ("convergence_", "stop_reason_")


def same_model(a, b, but=()):
    own, expected = fitted_attributes(a), fitted_attributes(b)
    for name in but:
        del own[name], expected[name]
    np.testing.assert_equal(own, expected)
