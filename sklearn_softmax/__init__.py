"""Classifiers trained by mini-batch gradient descent, for scikit-learn."""

from sklearn_softmax.estimators import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    gradient_check,
)
from sklearn_softmax.model_selection import FusedGridSearchCV, FusedRandomizedSearchCV

__version__ = "0.1.0"

__all__ = [
    "BinaryPerceptron",
    "FusedGridSearchCV",
    "FusedRandomizedSearchCV",
    "GDLogisticRegression",
    "SoftmaxRegression",
    "TwoLayerMLPClassifier",
    "__version__",
    "gradient_check",
]
