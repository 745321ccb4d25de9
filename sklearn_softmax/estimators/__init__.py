"""The classifiers, one short file each."""

from sklearn_softmax.estimators.softmax_regression import SoftmaxRegression

__all__ = ["SoftmaxRegression"]
