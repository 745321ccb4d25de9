"""The classifiers, one short file each."""

from sklearn_softmax.estimators.binary_perceptron import BinaryPerceptron
from sklearn_softmax.estimators.gd_logistic_regression import GDLogisticRegression
from sklearn_softmax.estimators.softmax_regression import SoftmaxRegression

__all__ = ["BinaryPerceptron", "GDLogisticRegression", "SoftmaxRegression"]
