"""Estimators that differ in hyperparameters only, fitted by one training run."""

from copy import copy, deepcopy
from typing import NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state, column_or_1d, gen_batches

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._callbacks import CallbackSupportMixin, begin_fit, has_callbacks
from sklearn_softmax.estimators._data import (
    check_weight,
    compute_class_weights,
    encode,
    read_training_data,
)
from sklearn_softmax.estimators._diagnostics import convergence_warnings, training_error
from sklearn_softmax.estimators._start import start_run

# Parameters in which the models of a run may differ.
STACKABLE = (
    *("lr", "lr_decay", "reg_param", "momentum", "nesterov", "class_weight"),
    *("weight_init", "dropout", "early_stopping", "n_iter_no_change", "tol"),
)
# Bytes of a run: its parameters, its workspace and the figures of an epoch.
STACK_BYTES = 2**28


class Stack(CallbackSupportMixin, BaseEstimator):
    """Estimators that are fitted together, as one step of a pipeline for example.

    They may differ in the parameters of ``STACKABLE`` and in ``n_epochs``: those that differ only
    in ``n_epochs`` are one model, read off after the epochs of each of them. Each member is then
    equal to a separate fit, up to rounding, except for later random draws; with
    ``random_state=None`` the models share the initial weights, the orders of rows and the dropout
    masks. A run that exceeds ``STACK_BYTES`` is split into several, one after the other.

    Parameters
    ----------
    members : list of estimators of this package, all of the same class
        Fitted in place.
    resumable : bool, default=False
        Whether later fits, of members with the same hyperparameters and no fewer epochs, continue
        from this one if they are given the same rows. Between two fits the stack holds the models
        and no rows; it can be pickled.

    Attributes
    ----------
    errors_ : list of ValueError or None
        For each member None, or the error of a separate fit.
    warnings_ : list of list of Warning
        For each member the warnings of a separate fit.
    """

    _parameter_constraints: dict = {}

    def __init__(self, members, resumable=False):
        self.members, self.resumable = members, resumable

    @_fit_context(prefer_skip_nested_validation=True)
    @np.errstate(**SILENT)
    def fit(self, X, y, **params):
        """Fit the members.

        Parameters
        ----------
        X, y, **params : array-like
            As in the ``fit`` of a member.

        Returns
        -------
        self : Stack
        """
        data = self._read(X, y, **params)
        class_weights = data.class_weights or {}
        models = {e: model_key(e, self.resumable, class_weights.get(e)) for e in self.members}
        runs = self._runs_to_resume(data.rows) or _new_runs(models, data)
        runs = self._runs = [run for run in runs if run.has_any(models)]
        n_epochs = sum(run.n_epochs_left(models, len(data.rows)) for run in runs)
        task = begin_fit(self, n_epochs, X, y, params.get("sample_weight"))
        outcomes = {}
        for run in runs:
            outcomes |= run.fit(models, data, task)
        task.end()
        self.errors_ = [outcomes[member].error for member in self.members]
        self.warnings_ = [outcomes[member].warnings for member in self.members]
        if not self.resumable:
            del self._runs
        return self

    def _read(self, X, y, sample_weight=None, **validation_data):
        """Return the data of the members; a resumed stack draws the same random numbers again."""
        leader = copy(self.members[0])
        generator = getattr(self, "_generator", check_random_state(leader.random_state))
        leader.random_state = _copy_generator(generator)
        if self.resumable:
            self._generator = deepcopy(generator)
        has_class_weights = any(member.class_weight is not None for member in self.members)
        leader.class_weight = None
        rows, validation = read_training_data(
            leader, X, y, sample_weight, **validation_data, resume=False
        )
        class_weights = None
        if has_class_weights:
            classes, weight = leader.classes_, check_weight(sample_weight, X)
            y = encode(column_or_1d(y), classes, name="y", classes_name="y")
            class_weights = _class_weights(self.members, weight, y, classes)
            _check_totals([row_set for row_set in (rows, validation) if row_set], class_weights)
        return _Data(leader, rows, validation, class_weights)

    def _runs_to_resume(self, rows):
        """Return the runs of an earlier fit, none if it had other rows."""
        if not self.resumable:
            return []
        data = rows.X, rows.y, rows.weight, rows.indices
        previous, self._data_hash = getattr(self, "_data_hash", None), joblib.hash(data, "sha1")
        return self._runs if previous == self._data_hash else []

    def get_metadata_routing(self):
        """Return the metadata routing of a member."""
        return self.members[0].get_metadata_routing()

    def __sklearn_tags__(self):
        return self.members[0].__sklearn_tags__()


class _Data(NamedTuple):
    """Training data of the members of a stack, and a copy of the first one with its classes."""

    leader: object
    rows: object
    validation: object
    class_weights: dict | None  # of each member, if they differ


class _Outcome(NamedTuple):
    """Error and warnings of a separate fit of a member."""

    error: ValueError | None
    warnings: list


class _Run:
    """Models of a stack that train together."""

    def __init__(self, models):
        self._index, self._run = {model: i for i, model in enumerate(models)}, None

    def has_any(self, models):
        """Return whether some of the members are models of this run."""
        return not self._index.keys().isdisjoint(models.values())

    def n_epochs_left(self, models, n_rows):
        """Return the largest number of epochs until all members are fitted."""
        n_epochs = max(_max_epochs(member, n_rows) for member in self._members(models))
        return n_epochs - (self._run.state.epoch if self._run else 0)

    def fit(self, models, data, task):
        """Fit the members that are models of this run, and return their outcomes."""
        members = self._members(models)
        if self._run is None:
            self._begin(members, data)
        else:
            self._run.resume(data.rows, data.validation)
        outcomes, run = {}, self._run
        limits = {member: _max_epochs(member, len(data.rows)) for member in members}
        for n_epochs in sorted(set(limits.values())):
            run.keep({i for member, i in members.items() if limits[member] >= n_epochs})
            run.advance(n_epochs - run.state.epoch, task.begin_epoch, task.end_epoch)
            for member, i in members.items():
                if limits[member] == n_epochs:
                    outcomes[member] = self._copy_result(run.get_model(i), member)
        run.pause()
        return outcomes

    def _members(self, models):
        """Return the members that are models of this run, with the index of the model."""
        return {e: self._index[model] for e, model in models.items() if model in self._index}

    def _begin(self, members, data):
        """Start the run, whose models have the hyperparameters of members."""
        self._source = copy(data.leader)
        self._source._random_state = _copy_generator(data.leader._random_state)
        # Of members with one model, the one with most epochs: a single epoch ignores lr_decay.
        ordered_members = sorted(members, key=lambda member: _max_epochs(member, len(data.rows)))
        member_of_model = {members[member]: member for member in ordered_members}
        estimators = [member_of_model[i] for i in range(len(member_of_model))]
        class_weight = data.class_weights and np.array([data.class_weights[e] for e in estimators])
        self._run = start_run(
            self._source, data.rows, data.validation, models=estimators, class_weight=class_weight
        )
        self._unused_generator = deepcopy(getattr(self._source, "_dropout_generator", None))

    def _copy_result(self, trained, estimator):
        """Set the fitted attributes of an estimator unless its model failed."""
        if trained.failure:
            return _Outcome(training_error(estimator, trained), [])
        source, unused_generator = self._source, self._unused_generator
        for name in ("classes_", "n_features_in_", "feature_names_in_", "_dropout_generator"):
            if hasattr(source, name):
                setattr(estimator, name, deepcopy(getattr(source, name)))
        if unused_generator is not None and not estimator.dropout:
            estimator._dropout_generator = deepcopy(unused_generator)
        estimator._random_state = _copy_generator(source._random_state)
        estimator._set_fitted_attributes(trained)
        return _Outcome(None, convergence_warnings(estimator, trained))


def _new_runs(models, data):
    """Return runs that have not begun, one unless it would be too large."""
    distinct = list(dict.fromkeys(models.values()))
    width = _max_models(data.leader, data.rows)
    return [_Run(distinct[batch]) for batch in gen_batches(len(distinct), width)]


def _max_epochs(estimator, n_rows):
    """Return the largest number of epochs of an estimator."""
    return estimator._describe_training().max_epochs(n_rows)


def _class_weights(members, weight, y, classes):
    """Return the class weights of each member."""
    weights = {e: compute_class_weights(e.class_weight, weight, y, classes) for e in members}
    return {e: np.ones(len(classes)) if w is None else w for e, w in weights.items()}


def _check_totals(row_sets, class_weights):
    """Check that the total weight of each member is positive and finite."""
    for rows in row_sets:
        with np.errstate(over="ignore"):
            totals = rows.total_weights(np.array(list(class_weights.values())))
        if not np.all((totals > 0) & np.isfinite(totals)):
            raise ValueError(f"Total weights with class_weight must be above 0, got {totals}.")


def _hashable(class_weight):
    """Return class weights as a key."""
    return frozenset(class_weight.items()) if isinstance(class_weight, dict) else class_weight


def model_key(estimator, resumable=False, class_weight=None):
    """Return what distinguishes the model of an estimator from the others of its run.

    Parameters
    ----------
    estimator : estimator of this package
    resumable : bool, default=False
        Whether it may get more epochs later.
    class_weight : ndarray of shape (n_classes,) or None, default=None
        Class weights of the rows if the rows are available: "balanced" may be equal weights.

    Returns
    -------
    key : tuple of (str, object)
        Its relevant hyperparameters.
    """
    spec = estimator._describe_training()
    key = dict(spec.hyperparameters)
    # Scores of equal models tie, but those of two models in a run may differ by rounding.
    if estimator.n_epochs == 1 and not resumable:
        key["lr_decay"] = 1.0
    if np.isinf(key["n_iter_no_change"]) and not spec.until_converged:
        del key["tol"]
    key["class_weight"] = _hashable(estimator.class_weight)
    if class_weight is not None:
        is_equal = np.all(class_weight == 1)
        key["class_weight"] = None if is_equal else tuple(class_weight.tolist())
    return tuple(key.items())


def find_obstacle(estimator):
    """Return why an estimator cannot be a model of a run with others.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    obstacle : str
        Empty if it can.
    """
    if not isinstance(estimator, GradientDescentClassifier) or not _is_ours(estimator):
        return f"{type(estimator).__name__} is not one of this package's estimators"
    try:
        estimator._validate_params()
        estimator._check_parameters()
    except ValueError:
        return "a parameter is not valid"
    obstacles = {
        "it has callbacks": has_callbacks(estimator),
        "warm_start=True": estimator.warm_start,
        "verbose": estimator.verbose,
        "batch_size=1 learns online": estimator._describe_training().is_online,
        'optimizer="lbfgs" has no batches to share': getattr(estimator, "optimizer", "") == "lbfgs",
    }
    return next((text for text, is_obstacle in obstacles.items() if is_obstacle), "")


def _is_ours(estimator):
    """Return whether the class is of this package: a subclass may train in another way."""
    return type(estimator).__module__.startswith("sklearn_softmax.estimators.")


def _max_models(estimator, rows):
    """Return the number of models for which a run has memory."""
    network = estimator._describe_training().network(rows.X.shape[1], len(estimator.classes_))
    n_outputs = 2 * sum(network.layer_sizes[1:]) * rows.BLOCK_SIZE
    n_figures = 5 * len(rows)
    # Parameters, their gradient, the best ones, and up to three vectors of the optimizer.
    model_size = 6 * network.n_parameters + n_outputs + n_figures
    return max(1, STACK_BYTES // (rows.X.dtype.itemsize * model_size))


def _copy_generator(random_state):
    """Return a copy to draw from, or NumPy's global generator itself."""
    return random_state if random_state is np.random.mtrand._rand else deepcopy(random_state)
