"""Classifiers trained by mini-batch gradient descent, for scikit-learn."""

from sklearn_softmax.estimators import SoftmaxRegression

__version__ = "0.1.0"

__all__ = ["SoftmaxRegression", "__version__"]
