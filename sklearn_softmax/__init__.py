"""Classifiers trained by mini-batch gradient descent, for scikit-learn."""

from sklearn_softmax.callbacks import WeightHistory
from sklearn_softmax.displays import (
    ClassErrorDisplay,
    ParameterHistoryDisplay,
    SearchResultsDisplay,
    TrainingCurveDisplay,
    WeightImagesDisplay,
)
from sklearn_softmax.estimators import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.export import to_sklearn
from sklearn_softmax.gradients import gradient_check
from sklearn_softmax.model_selection import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)

__version__ = "0.1.0"

__all__ = [
    "BinaryPerceptron",
    "ClassErrorDisplay",
    "FusedGridSearchCV",
    "FusedHalvingGridSearchCV",
    "FusedHalvingRandomSearchCV",
    "FusedRandomizedSearchCV",
    "GDLogisticRegression",
    "ParameterHistoryDisplay",
    "SearchResultsDisplay",
    "SoftmaxRegression",
    "TrainingCurveDisplay",
    "TwoLayerMLPClassifier",
    "WeightHistory",
    "WeightImagesDisplay",
    "__version__",
    "gradient_check",
    "to_sklearn",
]
