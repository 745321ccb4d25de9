"""Base of the linear estimators: one layer with initial weights of zero."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Layers
from sklearn_softmax._training.schedule_free import epoch_rate
from sklearn_softmax.estimators._smooth import SmoothClassifier


class LinearMixin:
    """A network without hidden layers: ``coef_`` is W, ``intercept_`` is b."""

    def _attributes_from(self, params):
        """Return the fitted attributes, as copies of the parameters of one model."""
        (W,) = params.weights[0]
        b = params.intercepts[0][0, :, 0] if params.intercepts else np.zeros(len(W), W.dtype)
        return {"coef_": W.copy(), "intercept_": b.copy()}

    def _fitted_network(self):
        """Return the fitted network and views of its parameters, always with intercepts."""
        n_outputs, n_features = self.coef_.shape
        layers = Layers([self.coef_[np.newaxis]], [self.intercept_[np.newaxis, :, np.newaxis]])
        return DenseNetwork((n_features, n_outputs)), layers


@dataclass(kw_only=True, eq=False, repr=False)
class SmoothLinearClassifier(LinearMixin, SmoothClassifier):
    """Base of the linear classifiers with a smooth loss."""

    def _describe_training(self):
        """Return how this estimator is trained."""
        return self._smooth_spec(adam_rate=partial(epoch_rate, lr=1e-2))
