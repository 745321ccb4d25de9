"""What all estimators share: scikit-learn's contract around one call of ``train``."""

import warnings
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import validate_data

from sklearn_softmax.estimators._callbacks import CallbackSupportMixin, UnfollowedFit, begin_fit
from sklearn_softmax.estimators._data import (
    check_validation_labels,
    check_weight,
    encode,
    split_rows,
    weights_of_classes,
    weights_of_rows,
)
from sklearn_softmax.estimators._predictions import PredictionMixin
from sklearn_softmax.objective import Objective
from sklearn_softmax.optimizers import Adam, GradientDescent
from sklearn_softmax.rows import Rows
from sklearn_softmax.step_size import expected_smoothness
from sklearn_softmax.stopping import Patience
from sklearn_softmax.training import State, epochs, mini_batch_pass, train


class GradientDescentClassifier(
    PredictionMixin, CallbackSupportMixin, ClassifierMixin, BaseEstimator
):
    """Base of the classifiers trained by mini-batch gradient descent.

    A subclass names its ``_loss`` and gives ``_network(n_features)`` to train,
    ``_initial_parameters(network, dtype)``, ``_attributes_from(params)``, its
    inverse ``_parameters()``, and ``_fitted_network()`` with its parameters.
    """

    _parameter_constraints: dict = {
        "lr": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "lr_decay": [Interval(Real, 0, 1, closed="right")],
        "reg_param": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions({"sgd", "adam"})],
        "momentum": [Interval(Real, 0, 1, closed="left")],
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

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train for ``n_epochs`` passes over the data, or until early stopping.

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
            If an input or a parameter is not valid, or if training diverges; the
            estimator is then as it was before.

        Warns
        -----
        ConvergenceWarning
            If the model fits the training data worse than the untrained one.
        """
        with restored_on_failure(self):
            return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val):
        self._check_parameters()
        goes_on = self.warm_start and hasattr(self, "classes_")
        given = X, y, sample_weight, X_val, y_val, sample_weight_val
        rows, validation = self._read(*given, goes_on=goes_on)
        task = begin_fit(self, self.n_epochs, X, y, sample_weight)
        self._train(rows, task, self.n_epochs, goes_on, validation)
        self._warn_if_nothing_learnt()
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
        validation_rows = self._part_of_rows(X, y_index, weight, validation, "validation")
        return self._part_of_rows(X, y_index, weight, train, "training"), validation_rows

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
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
            If an input or a parameter is not valid, or if training diverges; the
            estimator is then as it was before.
        """
        with restored_on_failure(self):
            return self._partial_fit(X, y, classes, sample_weight)

    def _partial_fit(self, X, y, classes, sample_weight):
        self._check_parameters()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported by partial_fit, which sees only "
                "a part of the data: give class_weight as a dict, made with "
                "sklearn.utils.compute_class_weight('balanced', classes=classes, y=y)."
            )
        is_first = not hasattr(self, "classes_")
        X, y = self._check_X_y(X, y, reset=is_first)
        _check_partial_fit_first_call(self, classes)
        self._check_classes(self.classes_)
        if is_first:
            self._random_state = check_random_state(self.random_state)
        y_index = encode(y, self.classes_, name="y", classes_name="`classes`")
        weight = check_weight(sample_weight, X)
        of_classes = weights_of_classes(self.class_weight, weight, y_index, self.classes_)
        rows = Rows(X, y_index, weights_of_rows(weight, of_classes, y_index))
        self._train(rows, UnfollowedFit(), 1, goes_on=not is_first)
        return self

    def _train(self, rows, task, n_epochs, goes_on, validation=None):
        """Train on rows, and set the fitted attributes."""
        network = self._network(rows.X.shape[1])
        optimizer = self._optimizer()
        state = self._starting_state(network, optimizer, rows.X.dtype, goes_on)
        objective = self._objective(network, rows)
        stops_early = self.early_stopping and validation is not None

        def fitted_so_far():
            params = [p.copy() for p in state.params]
            return {"n_iter_": state.epoch, **self._attributes_from(params)}

        def on_epoch_end(record):
            self._check_finite((*state.params, *optimizer.arrays(state.optimizer_state)), record)
            if self.verbose:
                print(_progress_line(record))
            return task.end_epoch(fitted_so_far) or self._has_nothing_left_to_learn(record)

        with np.errstate(over="ignore", invalid="ignore"):
            passes = self._passes(objective, optimizer, state, rows)
            history, step_losses = train(
                task.announced(passes, fitted_so_far),
                state,
                n_epochs=n_epochs,
                measure=partial(self._figures, objective, validation),
                patience=Patience(self.n_iter_no_change, self.tol) if stops_early else None,
                on_epoch_end=on_epoch_end,
            )
        self._keep(state, network, columns_of(history), np.concatenate(step_losses), goes_on)
        task.end(fitted_so_far)

    def _passes(self, objective, optimizer, state, rows):
        """The epochs to come, as many as are asked for."""
        batch_size = min(int(self.batch_size), len(rows))
        return epochs(
            self._one_pass(objective, optimizer, rows),
            state,
            rows,
            lr=self._learning_rate(rows, objective, batch_size),
            lr_decay=self.lr_decay,
            batch_size=batch_size,
            shuffle=self.shuffle,
            rng=self._random_state,
        )

    def _keep(self, state, network, history, step_losses, goes_on=False):
        """Set the attributes that training leaves behind."""
        if goes_on:
            history = _joined(self.history_, history)
            step_losses = np.concatenate([self.step_losses_, step_losses])
        self.history_, self.step_losses_ = history, step_losses
        self.n_iter_, self.n_steps_ = len(history["epoch"]), len(step_losses)
        self._optimizer_in_use = network, self._optimizer()
        self._optimizer_state = state.optimizer_state
        for name, value in self._attributes_from(state.params).items():
            setattr(self, name, value)

    def _objective(self, network, rows):
        l2 = self.reg_param / rows.total_weight
        return Objective(network, self._loss, l2, self._dropout())

    def _network_in_stack(self, network):
        """What is trained in place of a network where it is one of a stack."""
        return network

    def _dropout(self):
        """What draws the masks of hidden layers; None where no unit is ever dropped."""
        return

    def _one_pass(self, objective, optimizer, rows):
        """How one epoch goes through the rows."""
        return partial(mini_batch_pass, objective, optimizer)

    def _figures(self, objective, validation, epoch, params):
        """What is recorded at the end of an epoch beside its running loss and accuracy."""
        figures = {
            "penalty": objective.penalty(params),
            "weight_norm": np.sqrt(objective.network.squared_norm(params)),
        }
        if validation is not None:
            figures["val_loss"], figures["val_accuracy"] = objective.evaluate(params, validation)
        return figures

    def _is_online(self):
        """Whether each row is a step of its own rule, not a batch of one."""
        return False

    def _has_nothing_left_to_learn(self, record):
        """Whether no later epoch could change anything."""
        return False

    def _starting_state(self, network, optimizer, dtype, goes_on):
        if not goes_on:
            params = self._initial_parameters(network, dtype)
            return State(params, optimizer.start(params))
        params = [p.copy() for p in self._parameters()]
        shapes = [p.shape for p in params]
        if shapes != network.shapes():
            raise ValueError(
                f"The fitted parameters have the shapes {shapes}, but the parameters of "
                f"{self!r} ask for {network.shapes()}. Training cannot go on with another network: "
                "set warm_start=False, or fit a clone of the estimator."
            )
        optimizer_state = optimizer.start(params)
        if self._optimizer_in_use == (network, optimizer):
            optimizer_state = deepcopy(self._optimizer_state)
        return State(params, optimizer_state, epoch=self.n_iter_)

    def _check_parameters(self):
        """Check what concerns several parameters at once."""
        if self.lr == "auto" and self.optimizer == "adam":
            raise ValueError(
                "lr='auto' is a step size for optimizer='sgd'; with optimizer='adam' set lr to "
                "a number, 1e-3 for instance."
            )

    def _check_classes(self, classes):
        """Check that the model can tell so many classes apart."""

    def _check_X_y(self, X, y, *, reset):
        X, y = validate_data(
            self, X, y, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
        check_classification_targets(y)
        if issparse(X) and not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return X, y

    def _validation_rows(self, X_val, y_val, sample_weight_val, of_classes):
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

    def _part_of_rows(self, X, y, weight, indices, purpose):
        weight = None if weight is None else weight[indices]
        if weight is not None and not np.any(weight):
            raise ValueError(
                f"The sample weights of all {purpose} rows are zero. Use another random_state, "
                "or give fit a validation set as X_val and y_val."
            )
        return Rows(X, y[indices], weight, indices)

    def _optimizer(self):
        if self.optimizer == "adam":
            return Adam()
        return GradientDescent(self.momentum, self.nesterov)

    def _learning_rate(self, rows, objective, batch_size):
        if not isinstance(self.lr, str):
            return self.lr
        smoothness = objective.l2 + expected_smoothness(
            rows, batch_size, curvature=objective.loss.curvature, fit_intercept=self.fit_intercept
        )
        is_zero = smoothness == 0
        has_underflow = np.any(is_zero) and (rows.X.max() > 0 or rows.X.min() < 0)
        if has_underflow or not np.all(np.isfinite(smoothness)):
            raise ValueError(
                "lr='auto' finds no step size: the squares of the features leave the range of "
                f"{rows.X.dtype}. Scale the data, for instance with StandardScaler."
            )
        return 1 / np.where(is_zero, 1.0, smoothness)

    def _check_finite(self, arrays, record):
        if not all(np.all(np.isfinite(values)) for values in (*arrays, record["loss"])):
            raise ValueError(
                f"{type(self).__name__} diverged in epoch {record['epoch']}: with lr={self.lr!r} "
                "its loss or its parameters are no longer finite. Lower lr, or scale the data, for "
                "instance with StandardScaler."
            )
        if not np.isfinite(record.get("val_loss", 0)):
            raise ValueError(
                f"The validation loss is {record['val_loss']} after epoch {record['epoch']}: the "
                "values in X_val are too far from those in X."
            )

    def _untrained_loss(self):
        n_outputs = self._loss.n_outputs(len(self.classes_))
        losses, _ = self._loss(np.zeros((n_outputs, 1)), np.zeros(1, int))
        return losses[0]

    def _warn_if_nothing_learnt(self):
        untrained, final = self._untrained_loss(), self.history_["loss"][-1]
        # Batches of nothing but noise may end a little above chance at any learning rate.
        if 0 < untrained * 1.01 < final:
            warnings.warn(
                f"After {self.n_iter_} epochs the training loss is {final:.4g}, above the "
                f"{untrained:.4g} of the untrained model: lr={self.lr!r} may be too large. "
                "Lower lr, scale the data, or let lr_decay shrink lr.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@contextmanager
def restored_on_failure(estimator):
    """Put the fitted attributes back if the block fails."""

    def is_fitted_attribute(name):
        private = ("_optimizer_in_use", "_optimizer_state", "_random_state", "_dropout_generator")
        return name.endswith("_") or name in private

    before = {name: v for name, v in vars(estimator).items() if is_fitted_attribute(name)}
    if "_dropout_generator" in before:
        before["_dropout_generator"] = deepcopy(before["_dropout_generator"])
    # Not copied, since it may be the user's own.
    rng = before.get("_random_state")
    rng_state = None if rng is None else rng.get_state()
    try:
        yield
    except BaseException:
        for name in [name for name in vars(estimator) if is_fitted_attribute(name)]:
            delattr(estimator, name)
        vars(estimator).update(before)
        # NumPy's global generator belongs to others too.
        if rng is not None and rng is not np.random.mtrand._rand:
            rng.set_state(rng_state)
        raise


def columns_of(history):
    """Records of epochs as arrays with an entry an epoch.

    Parameters
    ----------
    history : list of dict

    Returns
    -------
    columns : dict of str to ndarray
    """
    return {name: np.array([record[name] for record in history]) for name in history[0]}


def _joined(before, after):
    """History of two fits in a row; one of them may have had no validation rows."""
    n_before, n_after = len(before["epoch"]), len(after["epoch"])
    return {
        name: np.concatenate(
            [
                before.get(name, np.full(n_before, np.nan)),
                after.get(name, np.full(n_after, np.nan)),
            ]
        )
        for name in {**before, **after}
    }


def _progress_line(record):
    figures = {name: value for name, value in record.items() if name != "epoch"}
    text = "  ".join(f"{name} {value:.4g}" for name, value in figures.items())
    return f"epoch {record['epoch']}  {text}"
