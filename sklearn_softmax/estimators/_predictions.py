"""Predictions of a fitted network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._typing import Array, MatrixLike
from sklearn_softmax.estimators._arrays import convert_to_numpy
from sklearn_softmax.estimators._features import check_X
from sklearn_softmax.estimators._labels import check_labels


class PredictionMixin:
    """Raw scores and classes from ``_fitted_network()`` and ``_loss``."""

    classes_: Array
    _loss: Any
    _fitted_network: Any

    def _raw_scores(self, X):
        """Return the raw scores of samples, of shape (n_outputs, n_samples)."""
        check_is_fitted(self)
        X = check_X(self, X)
        network, layers = self._fitted_network()
        with np.errstate(**SILENT):
            (scores,) = network.raw_scores(layers, X)
            differences = np.ptp(scores, axis=0)
        if not np.all(np.isfinite(differences)):
            raise ValueError(
                f"X has values that are too large for this {type(self).__name__}: the scores of "
                f"{np.count_nonzero(~np.isfinite(differences))} of its {len(differences)} rows "
                f"are out of the range of {scores.dtype}. Scale X as the training data was scaled."
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
            Class labels. All predictions are NumPy arrays, also for arrays of other libraries.

        Raises
        ------
        ValueError
            If X is not valid, or has values so large that scores are not finite.
        """
        scores = self._raw_scores(X)
        if len(self.classes_) == 1:
            return self.classes_.repeat(scores.shape[1])
        return self.classes_[self._loss.predict(scores)]

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.

        Returns
        -------
        score : float
            Weighted fraction of the samples whose class is predicted.

        Raises
        ------
        ValueError
            If an input is not valid.
        """
        weight = convert_to_numpy(sample_weight, "sample_weight")
        return super().score(X, check_labels(y, "y"), weight)  # type: ignore[misc]


class ProbabilisticMixin:
    """Probabilities of estimators whose loss defines them."""

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
