"""What all estimators have in common: scikit-learn's contract around a training run."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import validate_data

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._site import DocumentationLinkMixin
from sklearn_softmax._training.conditioning import standardisation
from sklearn_softmax._training.epochs import State
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.patience import Patience
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.run import TrainingRun
from sklearn_softmax._typing import MatrixLike
from sklearn_softmax.estimators._callbacks import CallbackSupportMixin, UnfollowedFit, begin_fit
from sklearn_softmax.estimators._data import (
    check_validation_labels,
    check_weight,
    encode,
    split_rows,
    weights_of_classes,
    weights_of_rows,
)
from sklearn_softmax.estimators._history import joined, progress_line
from sklearn_softmax.estimators._predictions import PredictionMixin
from sklearn_softmax.estimators._rollback import restored_on_failure

# n_epochs="auto" allows as many, whichever takes longer.
MOST_EPOCHS, MOST_STEPS = 200, 1000
# A relative fall of the objective above which training is far from its end.
FAR_FROM_CONVERGED = 0.3

Method = TypeVar("Method", bound=Callable[..., Any])


def checking_parameters(method: Method) -> Method:
    """A method that checks the parameters of its estimator first; the same to type checkers."""
    return _fit_context(prefer_skip_nested_validation=True)(method)


class GradientDescentClassifier(
    DocumentationLinkMixin, PredictionMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    """Base of the classifiers trained by mini-batch gradient descent.

    A subclass names its ``_loss`` and gives ``_network(n_features)`` to train,
    ``_initial_parameters(network, dtype, models)``, ``_attributes_from(params)``, and
    ``_fitted_network()`` with its parameters. It may override ``_hyperparameters()``,
    ``_optimizer()``, ``_patience()``, ``_dropout()``, ``_is_online()``, ``_is_averaged()``,
    ``_check_parameters()`` and ``_check_classes(classes)``.
    """

    _parameter_constraints: dict = {
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "reg_param": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "optimizer": [StrOptions({"sgd", "adam"})],
        "momentum": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "nesterov": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "fit_intercept": ["boolean"],
        "shuffle": ["boolean"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @checking_parameters
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
            Training data. float32 and float64 are used as they are, without a copy;
            sparse data as CSR.
        y : array-like of shape (n_samples,)
            Class labels of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; None for equal weights.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data: scored after each epoch, and what early stopping goes by.
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
            penalty or a parameter is not finite after an epoch, or if at the end the loss on the
            training rows (1,024 of them, evenly spaced) is not finite or exceeds 4.5e15
            times that of the untrained model. The estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            If the model fits the training data worse than the untrained one: if the loss
            of the last epoch is more than 1 % above that of the untrained model (and, for
            a net, of its first epoch), or if the loss at the end, on those rows, is more
            than ten times as large (for a net, as that of its initial weights, too). Also if
            training with ``lr="auto"`` and without early stopping ends far from its end: if
            ``convergence_`` is above 0.3.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    def _fit(self, X, y, sample_weight, *validation_data):
        """What :meth:`fit` does, for subclasses whose ``fit`` takes fewer arguments too."""
        self._check_parameters()
        goes_on = self.warm_start and hasattr(self, "classes_")
        with restored_on_failure(self), np.errstate(**SILENT):
            rows, validation = self._read(X, y, sample_weight, *validation_data, goes_on=goes_on)
            n_epochs = self._most_epochs(len(rows))
            task = begin_fit(self, n_epochs, X, y, sample_weight)
            run = self._start(rows, validation, goes_on=goes_on)
            trained = self._train(run, n_epochs, task, goes_on=goes_on)
            self._warn_if_nothing_learnt(trained)
            self._warn_if_not_converged()
        return self

    def _read(self, X, y, sample_weight, X_val, y_val, sample_weight_val, *, goes_on):
        """Rows to train and to validate on; sets what is known of the data before training."""
        X, y = self._check_X_y(X, y, reset=not goes_on)
        classes, y_index = np.unique(y, return_inverse=True)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `self.classes_` is the same as in the "
                f"previous call to fit. Previously got {self.classes_}, `y` has {classes}."
            )
        self._check_classes(classes)
        self.classes_ = classes
        rng = check_random_state(self.random_state)
        if not goes_on:
            self._random_state = rng
        weight = check_weight(sample_weight, X)
        of_classes = weights_of_classes(self.class_weight, weight, y_index, classes)
        weight = weights_of_rows(weight, of_classes, y_index)
        if X_val is not None or y_val is not None or sample_weight_val is not None:
            validation = self._validation_rows(X_val, y_val, sample_weight_val, of_classes)
            return Rows(X, y_index, weight), validation
        if not self.early_stopping:
            return Rows(X, y_index, weight), None
        # An int as random_state draws the same rows again when training goes on.
        train, validation = split_rows(y_index, classes, self.validation_fraction, rng)
        validation_rows = self._chosen_rows(X, y_index, weight, validation, "validation")
        return self._chosen_rows(X, y_index, weight, train, "training"), validation_rows

    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Make one pass over the given data, going on from where training stands.

        The learning rate, its decay, the optimiser's state and the history go on
        from earlier calls of ``partial_fit`` and ``fit``. Early stopping and
        ``n_epochs`` play no part. The penalty counts once a call, relative to the
        total weight of the rows given.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,)
            Class labels, all of which are in ``classes``.
        classes : array-like of shape (n_classes,), default=None
            All labels that may ever occur; needed in the first call only.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows; None for equal weights.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not valid, or if training diverges, as for
            :meth:`fit`; the estimator is then as it was before.
        """
        return self._partial_fit(X, y, classes, sample_weight)

    # Around a method of the public name it would check the parameters in the first call only.
    @_fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, classes, sample_weight):
        """What :meth:`partial_fit` does, for subclasses that take fewer arguments too."""
        self._check_parameters()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which sees only "
                "a part of the data: give class_weight as a dict, made with "
                "sklearn.utils.compute_class_weight('balanced', classes=classes, y=y)."
            )
        goes_on = hasattr(self, "classes_")
        with restored_on_failure(self), np.errstate(**SILENT):
            X, y = self._check_X_y(X, y, reset=not goes_on)
            _check_partial_fit_first_call(self, classes)
            self._check_classes(self.classes_)
            if not goes_on:
                self._random_state = check_random_state(self.random_state)
            rows = self._rows_of_classes(X, y, sample_weight, "`classes`")
            self._train(self._start(rows, goes_on=goes_on), 1, UnfollowedFit(), goes_on=goes_on)
        return self

    def _start(self, rows, validation=None, *, goes_on=False, models=(), class_weight=None):
        """A training run of this model, or of several estimators that can be models of one run."""
        models = models or [self]
        hyperparameters = self._in_run(models, rows, class_weight)
        optimizer, state = self._starting_state(models, hyperparameters, rows, goes_on)
        convergence = optimizer.convergence(state, self._steps_an_epoch(len(rows)))
        objective = Objective(self._network(rows.X.shape[1]), self._loss, self._dropout())
        batches = int(self.batch_size), self.shuffle, self._random_state
        return TrainingRun(
            *(objective, optimizer, rows, state, *batches),
            *(convergence, self.lr == self.n_epochs == "auto", validation, _patience_of(models)),
            *(self._is_online(), self._is_averaged()),
        )

    def _most_epochs(self, n_rows):
        """Number of epochs, unless something ends training earlier."""
        return most_epochs(self.n_epochs, self._steps_an_epoch(n_rows))

    def _steps_an_epoch(self, n_rows):
        """Number of batches that rows make."""
        return -(-n_rows // int(self.batch_size))

    def _train(self, run, n_epochs, task, *, goes_on):
        """Advance a run of one model, and set the fitted attributes; returns the model."""

        def fitted_so_far():
            """Fitted attributes after the last epoch."""
            return {"n_iter_": run.state.epoch, **self._attributes_from(run.parameters(0))}

        def end_epoch():
            """Tell of an epoch; true if a callback asks to stop."""
            if self.verbose:
                print(progress_line(run.record))
            return task.end_epoch(fitted_so_far)

        run.advance(n_epochs, partial(task.begin_epoch, fitted_so_far), end_epoch)
        trained = run.look(0)
        if trained.failure:
            raise self._error_of(trained)
        self._adopt(trained, goes_on=goes_on)
        task.end(partial(self._attributes_from, trained.params))
        return trained

    def _adopt(self, trained, *, goes_on=False):
        """Set the attributes that training leaves behind."""
        history, step_losses = trained.history, trained.step_losses
        if goes_on:
            history = joined(self.history_, history)
            step_losses = np.concatenate([self.step_losses_, step_losses])
        self.history_, self.step_losses_ = history, step_losses
        self.n_iter_, self.n_steps_ = len(history["epoch"]), len(step_losses)
        self.lr_, self.convergence_ = float(history["lr"][-1]), trained.convergence
        self._optimizer_in_use = self._settings_of(trained.optimizer)
        self._optimizer_state = trained.optimizer_state
        for name, value in self._attributes_from(trained.params).items():
            setattr(self, name, value)

    def _hyperparameters(self):
        """What may differ between the models of a run, by name."""
        momentum, nesterov = self.momentum, self.nesterov
        if momentum == "auto":
            momentum, nesterov = (0.9, True) if self.lr == "auto" else (0.0, False)
        if self.optimizer == "adam":
            momentum = 0.0
        return {
            "lr": self.lr,
            "lr_decay": self.lr_decay,
            "reg_param": self.reg_param,
            "momentum": momentum,
            "nesterov": bool(nesterov and momentum),
        }

    def _patience(self):
        """Epochs without a gain, the smallest gain that counts, and whether it is in validation."""
        n_iter_no_change = self.n_iter_no_change if self.early_stopping else np.inf
        return n_iter_no_change, self.tol, self.early_stopping

    def _in_run(self, models, rows, class_weight):
        """Hyperparameters of estimators as they are trained on rows."""
        of_models = [model._hyperparameters() for model in models]

        def values(name, dtype=np.float64):
            """One of each model."""
            return np.array([of_model[name] for of_model in of_models], dtype)

        # With "auto", the rate of the optimiser's state is to come.
        lr = np.ones(len(models)) if self.lr == "auto" else values("lr")
        l2 = values("reg_param") / rows.total_weights(class_weight)
        momentum, nesterov = values("momentum"), values("nesterov", bool)
        dropout = values("dropout") if "dropout" in of_models[0] else None
        of_steps = values("lr_decay"), l2, momentum, nesterov
        return Hyperparameters(lr, *of_steps, dropout, class_weight)

    def _optimizer_on_same_rows(self, n_rows, is_penalised):
        """What takes the steps as long as no other rows are to be learnt from."""
        return self._optimizer()

    def _optimizer(self):
        """Gradient descent or Adam, as the parameters say."""
        optimizer = Adam() if self.optimizer == "adam" else GradientDescent()
        return self._adaptive(optimizer) if self.lr == "auto" else optimizer

    def _settings_of(self, optimizer):
        """What an optimiser's state depends on: where it changes, the optimiser starts afresh."""
        values = self._hyperparameters()
        network = self._network(self.n_features_in_)
        return network, optimizer, values["momentum"], values["nesterov"]

    def _dropout(self):
        """What draws the masks of hidden layers, if there are any."""
        return

    def _is_online(self):
        """Whether each row is a step of Rosenblatt's rule, not a batch of one."""
        return False

    def _is_averaged(self):
        """Whether the model is the mean of its weights over all steps."""
        return False

    def _starting_state(self, models, hyperparameters, rows, goes_on):
        """What takes the steps, and where training begins, or goes on."""
        network, optimizer, before = self._network(rows.X.shape[1]), self._optimizer(), {}
        if goes_on:
            params, epoch = self._parameters_for(network), self.n_iter_
            if self._optimizer_in_use[0] == network:
                before = deepcopy(self._optimizer_state)
        else:
            params, epoch = self._initial_parameters(network, rows.X.dtype, models), 0
        if self.lr == "auto":
            of_rows = self._standardisation(network, rows, hyperparameters)
            known = before.get("standardisation", of_rows)
            if known.is_of_same_rows(of_rows):
                is_penalised = np.all(hyperparameters.l2 > 0)
                optimizer = self._optimizer_on_same_rows(len(rows), is_penalised)
        is_in_use = before and self._optimizer_in_use == self._settings_of(optimizer)
        start = optimizer.start(params.vector, hyperparameters.momentum)
        state = State(params, before if is_in_use else start, hyperparameters, epoch)
        if self.lr == "auto":
            state.optimizer_state["standardisation"] = known
            optimizer.prepare(state, rows, int(self.batch_size), of_rows)
        return optimizer, state

    def _standardisation(self, network, rows, hyperparameters):
        """Standardisation of the features by these rows."""
        return standardisation(
            rows,
            n_outputs=network.layer_sizes[1],
            fit_intercept=self.fit_intercept,
            n_models=len(hyperparameters.lr),
            class_weight=hyperparameters.class_weight,
        )

    def _parameters_for(self, network):
        """A copy of the fitted parameters, which have to be those of this network."""
        fitted, layers = self._fitted_network()
        if fitted.layer_sizes != network.layer_sizes:
            shapes = replace(fitted, fit_intercept=self.fit_intercept).shapes()
            raise ValueError(
                f"The fitted parameters have the shapes {shapes}, but the parameters of "
                f"{self!r} ask for {network.shapes()}. Training cannot go on with another network: "
                "set warm_start=False, or fit a clone of the estimator."
            )
        params = network.parameters(layers.weights[0].dtype)
        for array, fitted_array in zip(
            params.weights + params.intercepts, layers.weights + layers.intercepts
        ):
            array[...] = fitted_array
        return params

    def _check_parameters(self):
        """Check what concerns several parameters at once."""

    def _check_classes(self, classes):
        """Check that the model can tell so many classes apart."""

    def _check_X_y(self, X, y, *, reset):
        """X and y as training takes them."""
        X, y = validate_data(
            self, X, y, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        check_classification_targets(y)
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X, y

    def _rows_of_classes(self, X, y, sample_weight, classes_name):
        """Rows whose classes are known, under a name for the error."""
        y_index = encode(y, self.classes_, name="y", classes_name=classes_name)
        weight = check_weight(sample_weight, X)
        of_classes = weights_of_classes(self.class_weight, weight, y_index, self.classes_)
        return Rows(X, y_index, weights_of_rows(weight, of_classes, y_index))

    def _validation_rows(self, X_val, y_val, sample_weight_val, of_classes):
        """Rows of the validation set that the user gave."""
        if X_val is None or y_val is None:
            raise ValueError(
                "X_val and y_val go together (and sample_weight_val with them): got "
                f"X_val {'missing' if X_val is None else 'given'}, "
                f"y_val {'missing' if y_val is None else 'given'}."
            )
        X_val = self._check_X(X_val)
        y_val = check_validation_labels(X_val, y_val, self.classes_)
        weight = weights_of_rows(check_weight(sample_weight_val, X_val), of_classes, y_val)
        return Rows(X_val, y_val, weight)

    def _chosen_rows(self, X, y, weight, indices, purpose):
        """Those of the rows that early stopping trains or validates on."""
        weight = None if weight is None else weight[indices]
        if weight is not None and not np.any(weight):
            raise ValueError(
                f"The sample weights of all {purpose} rows are zero. Use another random_state, "
                "or give fit a validation set as X_val and y_val."
            )
        return Rows(X, y[indices], weight, indices)

    def _error_of(self, trained):
        """What went wrong with a model, as an error."""
        last = {name: values[-1] for name, values in trained.history.items()}
        if not np.isfinite(trained.step_losses[0]):
            return ValueError(
                f"The loss of {type(self).__name__} is not finite before the first step: "
                f"{self._cause_of_bad_start()}."
            )
        if trained.failure == "diverged":
            when = f"in epoch {last['epoch']}"
            outcome = "its loss, penalty or parameters are no longer finite"
            if np.isfinite(trained.loss):
                when = f"by epoch {last['epoch']}"
                outcome = (
                    f"its loss is {trained.loss:.2g}, before training {trained.untrained_loss:.2g}"
                )
            return ValueError(
                f"{type(self).__name__} diverged {when}: with lr={self.lr!r} {outcome}. "
                f"{self._remedy()}, for instance with StandardScaler."
            )
        return ValueError(
            f"The validation loss is {last['val_loss']} after epoch {last['epoch']}: the "
            "values in X_val are too far from those in X."
        )

    def _remedy(self):
        """What may help where training diverged."""
        known = self._hyperparameters()
        given = {name: known.get(name, "auto") for name in ("lr", "reg_param", "weight_init")}
        names = [name for name, value in given.items() if value not in ("auto", 0)]
        return f"Lower {' or '.join(names)}, or scale the data" if names else "Scale the data"

    def _cause_of_bad_start(self):
        """Why a model that has not learnt yet may have no finite loss, and the remedy."""
        return "values in X are too large. Scale the data, for instance with StandardScaler"

    def _untrained_loss(self):
        """Loss of a model that knows nothing."""
        return self._loss.of_zeros(self._loss.n_outputs(len(self.classes_)))

    def _warn_if_nothing_learnt(self, trained):
        """Warn where the loss is above that of a model that knows nothing."""
        untrained, final = self._untrained_loss(), self.history_["loss"][-1]
        # Some rows of many are a rough measure, but all that tells of the last step.
        if 0 < 10 * trained.untrained_loss < trained.loss:
            untrained, final = trained.untrained_loss, trained.loss
        # Batches of nothing but noise may end a little above chance at any learning rate.
        if 0 < untrained * 1.01 < final:
            warnings.warn(
                f"After {self.n_iter_} epochs the training loss is {final:.4g}, above the "
                f"{untrained:.4g} of the untrained model: lr={self.lr!r} may be too large. "
                f"{self._remedy()}, or let lr_decay shrink lr.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _warn_if_not_converged(self):
        """Warn where the objective still falls fast, though lr="auto" was to see to it."""
        if self.lr == "auto" and not self.early_stopping and self.convergence_ > FAR_FROM_CONVERGED:
            more = "a larger number" if self.n_epochs == "auto" else "more, or to 'auto'"
            warnings.warn(
                f"After {self.n_iter_} epochs the training objective still falls: `convergence_` "
                f"is {self.convergence_:.2g}. Set n_epochs to {more}.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _patience_of(models):
    """Patience of the models of some estimators; None where none would need it."""
    patience = Patience(*zip(*(model._patience() for model in models)))
    is_needed = np.isfinite(patience.n_iter_no_change) | patience.on_validation
    return patience if np.any(is_needed) else None


def most_epochs(n_epochs, steps_an_epoch=MOST_STEPS):
    """Number of epochs, unless something ends training earlier.

    Parameters
    ----------
    n_epochs : int or "auto"
    steps_an_epoch : int, default=MOST_STEPS
        By default, of so many rows that few epochs are enough.

    Returns
    -------
    most_epochs : int
    """
    return max(MOST_EPOCHS, -(-MOST_STEPS // steps_an_epoch)) if n_epochs == "auto" else n_epochs
