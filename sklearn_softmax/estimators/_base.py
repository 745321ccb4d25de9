"""Base of all estimators: scikit-learn's contract around a training run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any, Literal, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.metaestimators import available_if

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._typing import ClassWeight, MatrixLike, RandomSource
from sklearn_softmax._versions import VersionMixin
from sklearn_softmax._warnings import warn
from sklearn_softmax.estimators._arguments import add_argument_check
from sklearn_softmax.estimators._callbacks import CallbackSupportMixin, NullNotifier, begin_fit
from sklearn_softmax.estimators._data import check_X_y, read_rows, read_training_data
from sklearn_softmax.estimators._diagnostics import (
    convergence_warnings,
    interruption_warning,
    training_error,
)
from sklearn_softmax.estimators._history import FitHistory, concatenate_histories, progress_line
from sklearn_softmax.estimators._interrupts import defer_interrupts
from sklearn_softmax.estimators._labels import set_classes
from sklearn_softmax.estimators._predictions import PredictionMixin
from sklearn_softmax.estimators._rollback import restore_on_failure
from sklearn_softmax.estimators._start import resume_state, start_run
from sklearn_softmax.estimators._training_spec import TrainingSpec

Method = TypeVar("Method", bound=Callable[..., Any])


def validate_params(method: Method) -> Method:
    """Return a method that validates the parameters of its estimator first."""
    return add_argument_check(_fit_context(prefer_skip_nested_validation=True)(method))


def _has_partial_fit(estimator):
    """Return True, or raise an error if the optimizer does not support ``partial_fit``."""
    if getattr(estimator, "optimizer", None) == "lbfgs":
        raise AttributeError(
            'partial_fit is not available with optimizer="lbfgs", which needs all rows in every '
            'iteration: set optimizer to "sgd" or "adam".'
        )
    return True


@dataclass(kw_only=True, eq=False, repr=False)
class GradientDescentClassifier(
    VersionMixin, PredictionMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    """Base of the classifiers trained by mini-batch gradient descent.

    A subclass has a ``_loss`` and implements ``_describe_training()``, which returns a
    TrainingSpec; ``_attributes_from(params)``, which returns the fitted attributes; and
    ``_fitted_network()``, which returns the network with these. It may override
    ``_check_parameters()`` and ``_check_classes(classes)``.
    """

    lr: float | Literal["auto"] = "auto"
    lr_decay: float = 1.0
    batch_size: int = 200
    n_epochs: int | Literal["auto"] = "auto"
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: float = 10
    tol: float | None = 1e-4
    class_weight: ClassWeight = None
    fit_intercept: bool = True
    shuffle: bool = True
    warm_start: bool = False
    random_state: RandomSource = None
    verbose: int = 0

    _parameter_constraints = {
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "fit_intercept": ["boolean"],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @validate_params
    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train for ``n_epochs`` passes over the data, or until convergence or early stopping.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 and float64 are used without a copy; sparse data as CSR. Arrays
            of other libraries on the CPU become NumPy's.
        y : array-like of shape (n_samples,)
            Class labels: all bools, all numbers, all text or all dates. An array of dtype object is
            read as one of these types, but scikit-learn does not stratify folds by it: convert it
            for cross-validation. With a single class, which a fold or the first part of a stream
            may have, the model predicts that class.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; None for equal weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data, evaluated after each epoch and used for early stopping.
        y_val : array-like of shape (n_val,), default=None
            Class labels of the validation data, all of which occur in ``y``.
        sample_weight_val : array-like of shape (n_val,), default=None
            Non-negative weights of the validation rows.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not valid, or if training diverges: if the loss, the
            penalty or a parameter is not finite after an epoch, or if at the end the loss on a
            sample of 1,024 training rows is not finite or exceeds 4.5e15 times that of the
            untrained model. The estimator is then unchanged.

        Warns
        -----
        ConvergenceWarning
            If the model fits the training data worse than the untrained one: if the loss of the
            last epoch is more than 1 % above that of the untrained model (and, for a net, of its
            first epoch), or if the loss at the end, on that sample, is more than ten times as large
            (for a net, also as that of its initial weights). If the model has learned nothing: if
            its loss on that sample is no better than that of the class shares, and either 90 % of
            the units of a hidden layer are dead or the loss no longer falls. Noise does not warn: a
            class must be correlated with a feature, or for a net with a random Fourier feature, 1.5
            times as much as with shuffled classes. Also if training with ``lr="auto"`` ends with
            ``convergence_`` above 0.3, unless ``early_stopping`` is set or a callback has stopped
            training, or if "lbfgs" with ``n_epochs="auto"`` has not converged after 1,000
            iterations.
        UserWarning
            If the means of ``X_val`` are far from those of ``X``, or if features of ``X`` vary by
            less than 100 rounding errors with ``lr="auto"`` or "lbfgs".
        UserWarning
            If Ctrl-C has ended training: the estimator is then fitted, with the parameters of the
            last whole epoch and ``stop_reason_`` "interrupted". A second Ctrl-C raises
            KeyboardInterrupt at once, as the first one does in searches, pipelines and other
            estimators that call ``fit``; the estimator is then unchanged.
        """
        self._check_parameters()
        resume = self.warm_start and hasattr(self, "classes_")
        with restore_on_failure(self), np.errstate(**SILENT):
            rows, validation = read_training_data(
                self, X, y, sample_weight, X_val, y_val, sample_weight_val, resume=resume
            )
            n_epochs = self._describe_training().max_epochs(len(rows))
            notifier = begin_fit(self, n_epochs, X, y, sample_weight)
            run = start_run(self, rows, validation, resume=resume)
            with defer_interrupts() as interrupts:
                trained = self._train(run, n_epochs, notifier, resume=resume, interrupts=interrupts)
            warnings = convergence_warnings(self, trained)
            if interrupts:
                self.stop_reason_, warnings = "interrupted", [interruption_warning(self)]
            for warning in warnings:
                warn(warning)
        return self

    @available_if(_has_partial_fit)
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one pass over the data, and continue earlier training.

        The learning rate, its decay, the state of the optimizer and the history continue from
        earlier calls of ``partial_fit`` and ``fit``. Early stopping and ``n_epochs`` have no
        effect. The penalty counts once per call, relative to the total weight of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,)
            Class labels, all of which are in ``classes``.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; required in the first call only.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; None for equal weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        AttributeError
            If ``optimizer="lbfgs"``.
        ValueError
            If an input or a parameter is not valid, or if training diverges, as for :meth:`fit`;
            the estimator is then unchanged.
        """
        return self._partial_fit(X, y, classes, sample_weight)

    # On a method of the public name, parameters would be validated in the first call only.
    @_fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, classes, sample_weight=None):
        """Implement :meth:`partial_fit`."""
        self._check_parameters()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which sees only "
                "a part of the data: set class_weight to a dict, computed by "
                "sklearn.utils.compute_class_weight('balanced', classes=classes, y=y)."
            )
        resume = hasattr(self, "classes_")
        with restore_on_failure(self), np.errstate(**SILENT):
            X, y = check_X_y(self, X, y, reset=not resume)
            set_classes(self, classes)
            self._check_classes(self.classes_)
            if not resume:
                self._random_state = check_random_state(self.random_state)
            rows = read_rows(self, X, y, sample_weight, classes_name="`classes`")
            run = start_run(self, rows, resume=resume)
            self._train(run, 1, NullNotifier(), resume=resume)
            self.stop_reason_ = None
        return self

    def _train(self, run, n_epochs, notifier, *, resume, interrupts=None):
        """Advance a run of one model, set the fitted attributes, and return the model."""
        history = FitHistory(self.history_ if resume else {})

        def current_attributes():
            """Return the fitted attributes after the last epoch."""
            attributes = {"history_": history.update(run.records)}
            attributes["n_iter_"] = run.state.epoch
            return attributes | self._attributes_from(run.last_params(0))

        def end_epoch():
            """Report an epoch, and return whether a callback or a user asks to stop."""
            if self.verbose:
                print(progress_line(run.records[-1]))
            try:
                is_stopped = notifier.end_epoch(current_attributes)
            except KeyboardInterrupt as interrupt:
                if interrupts is None:
                    raise
                interrupts.append(interrupt)
            return interrupts or is_stopped

        run.advance(n_epochs, partial(notifier.begin_epoch, current_attributes), end_epoch)
        trained = run.get_model(0)
        if trained.failure:
            raise training_error(self, trained)
        self._set_fitted_attributes(trained, resume=resume)
        notifier.end(partial(self._attributes_from, trained.params))
        return trained

    def _set_fitted_attributes(self, trained, *, resume=False):
        """Set the attributes of a trained model."""
        history, step_losses = trained.history, trained.step_losses
        if resume:
            history = concatenate_histories(self.history_, history)
            step_losses = np.concatenate([self.step_losses_, step_losses])
        self.history_, self.step_losses_ = history, step_losses
        self.n_iter_, self.n_steps_ = len(history["epoch"]), len(step_losses)
        self.lr_, self.convergence_ = float(history["lr"][-1]), trained.convergence
        self.stop_reason_ = trained.stop_reason
        self._resume_state = resume_state(self, trained)
        for name, value in self._attributes_from(trained.params).items():
            setattr(self, name, value)

    def _spec(self, *, optimizer, hyperparameters, **options):
        """Return how this estimator is trained, with the parameters of all estimators."""
        values = {"lr_decay": self.lr_decay, "early_stopping": self.early_stopping}
        values["tol"] = 0.0 if self.tol is None else self.tol
        is_limited = self.early_stopping and self.tol is not None
        values["n_iter_no_change"] = self.n_iter_no_change if is_limited else np.inf
        return TrainingSpec(
            loss=self._loss,
            optimizer=optimizer,
            hyperparameters=values | hyperparameters,
            fit_intercept=self.fit_intercept,
            shuffle=self.shuffle,
            batch_size=int(self.batch_size),
            n_epochs=self.n_epochs,
            **options,
        )

    def _check_parameters(self):
        """Check combinations of parameters."""

    def _check_classes(self, classes):
        """Check the number of classes."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
