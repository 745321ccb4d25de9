"""The four classifiers."""

from sklearn_softmax.estimators.binary_perceptron import BinaryPerceptron
from sklearn_softmax.estimators.gd_logistic_regression import GDLogisticRegression
from sklearn_softmax.estimators.softmax_regression import SoftmaxRegression
from sklearn_softmax.estimators.two_layer_mlp_classifier import TwoLayerMLPClassifier

__all__ = [
    "BinaryPerceptron",
    "GDLogisticRegression",
    "SoftmaxRegression",
    "TwoLayerMLPClassifier",
]
