"""From a fitted network to predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._typing import Array, MatrixLike


class PredictionMixin:
    """Raw scores and classes, by the network of ``_fitted_network()`` and its ``_loss``."""

    classes_: Array
    _loss: Any
    _fitted_network: Any

    @np.errstate(**SILENT)  # the sum by which scikit-learn looks for NaN may be inf - inf
    def _check_X(self, X):
        """Return X as dense or CSR in floating point."""
        return validate_data(
            self, X, reset=False, accept_sparse="csr", dtype=[np.float64, np.float32]
        )

    def _raw_scores(self, X):
        """Return the raw scores of samples, of shape (n_outputs, n_samples)."""
        check_is_fitted(self)
        X = self._check_X(X)
        network, layers = self._fitted_network()
        with np.errstate(**SILENT):
            (scores,) = network.raw_scores(layers, X)
            differences = np.ptp(scores, axis=0)
        if not np.all(np.isfinite(differences)):
            raise ValueError(
                f"X has values that are too large for this {type(self).__name__}: the scores of "
                f"{np.count_nonzero(~np.isfinite(differences))} of its {len(differences)} rows "
                f"leave the range of {scores.dtype}. Scale X as the training data was scaled."
            )
        return scores

    def decision_function(self, X: MatrixLike) -> Array:
        """Return the raw scores of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one score per sample, above 0 for ``classes_[1]``.

        Raises
        ------
        ValueError
            If X is not valid, or has values so large that scores are not finite.
        """
        scores = self._raw_scores(X)
        if len(self.classes_) > 2:
            return scores.T
        return scores[-1] - scores[0] if len(scores) == 2 else scores[0]

    def predict(self, X: MatrixLike) -> Array:
        """Predict the class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.

        Raises
        ------
        ValueError
            If X is not valid, or has values so large that scores are not finite.
        """
        scores = self._raw_scores(X)
        if len(self.classes_) == 1:
            return self.classes_.repeat(scores.shape[1])
        return self.classes_[self._loss.predict(scores)]


class ProbabilisticMixin:
    """Probabilities for estimators whose loss defines them."""

    classes_: Array
    _loss: Any
    _raw_scores: Any

    @np.errstate(**SILENT)
    def predict_proba(self, X: MatrixLike) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        ValueError
            If X is not valid, or has values so large that scores are not finite.
        """
        return np.exp(self.predict_log_proba(X))

    @np.errstate(**SILENT)
    def predict_log_proba(self, X: MatrixLike) -> Array:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``; finite even if a probability is 0.

        Raises
        ------
        ValueError
            If X is not valid, or has values so large that scores are not finite.
        """
        scores = self._raw_scores(X)
        if len(self.classes_) == 1:
            return np.zeros((scores.shape[1], 1), scores.dtype)
        return self._loss.log_probabilities(scores).T
