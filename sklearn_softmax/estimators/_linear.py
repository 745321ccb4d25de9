"""What the linear estimators have in common: one layer, which starts from zero."""

import numpy as np

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Layers
from sklearn_softmax._training.adaptive import Adaptive
from sklearn_softmax._training.curvature import is_affordable
from sklearn_softmax._training.newton import Newton
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._predictions import ProbabilisticMixin


class LinearMixin:
    """A network without hidden layers: ``coef_`` is W, ``intercept_`` is b."""

    def _network(self, n_features):
        """The network to train."""
        n_outputs = self._loss.n_outputs(len(self.classes_))
        return DenseNetwork((n_features, n_outputs), self.fit_intercept)

    def _initial_parameters(self, network, dtype, models):
        """Zeros."""
        return network.parameters(dtype, len(models))

    def _attributes_from(self, params):
        """Fitted attributes, as copies of the parameters of one model."""
        (W,) = params.weights[0]
        b = params.intercepts[0][0, :, 0] if params.intercepts else np.zeros(len(W), W.dtype)
        return {"coef_": W.copy(), "intercept_": b.copy()}

    def _fitted_network(self):
        """The fitted network and views of its parameters, intercepts always among them."""
        n_outputs, n_features = self.coef_.shape
        layers = Layers([self.coef_[np.newaxis]], [self.intercept_[np.newaxis, :, np.newaxis]])
        return DenseNetwork((n_features, n_outputs)), layers


class SmoothLinearClassifier(LinearMixin, ProbabilisticMixin, GradientDescentClassifier):
    """Linear classifiers whose loss is smooth; they have all of their parameters in common."""

    def _optimizer_on_same_rows(self, n_rows, is_penalised):
        """Newton's steps where a penalty sees to an optimum and the matrices are small."""
        n_outputs = self._loss.n_outputs(len(self.classes_))
        n_coefficients = self.n_features_in_ + self.fit_intercept
        has_curvature = is_affordable(self._loss, n_outputs, n_coefficients, n_rows)
        is_automatic = self.lr == "auto" and self.optimizer == "sgd"
        if is_automatic and is_penalised and has_curvature:
            return Newton()
        return self._optimizer()

    def _adaptive(self, optimizer):
        """The optimiser with a learning rate of its own."""
        if self.optimizer == "adam":
            return Adaptive(optimizer, first_rate=1e-2)
        return Adaptive(optimizer, curvature=self._loss.curvature)
