"""What the linear estimators share: one layer, which starts from zero."""

import numpy as np

from sklearn_softmax.network import DenseNetwork


class LinearMixin:
    """A network without hidden layers: ``coef_`` is W, ``intercept_`` is b."""

    def _network(self, n_features):
        n_outputs = self._loss.n_outputs(len(self.classes_))
        return DenseNetwork((n_features, n_outputs), self.fit_intercept)

    def _initial_parameters(self, network, dtype):
        return network.zeros(dtype)

    def _attributes_from(self, params):
        W, *b = params
        return {"coef_": W, "intercept_": b[0][:, 0] if b else np.zeros(len(W), W.dtype)}

    def _parameters(self):
        return [self.coef_, self.intercept_[:, np.newaxis]][: 1 + self.fit_intercept]

    def _fitted_network(self):
        n_outputs, n_features = self.coef_.shape
        return DenseNetwork((n_features, n_outputs)), [self.coef_, self.intercept_[:, np.newaxis]]
