"""Estimators that differ in hyperparameters alone, fitted by one training run."""

from copy import copy, deepcopy
from inspect import signature
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state, column_or_1d, gen_batches

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._callbacks import CallbackSupportMixin, begin_fit, has_callbacks
from sklearn_softmax.estimators._data import check_weight, encode, weights_of_classes

# Parameters in which the models of a run may differ.
STACKABLE = (
    *("lr", "lr_decay", "reg_param", "momentum", "nesterov", "class_weight"),
    *("weight_init", "dropout", "early_stopping", "n_iter_no_change", "tol"),
)
# Room for the parameters of a run, its steps and the records of an epoch.
STACK_BYTES = 2**28
NO_VALIDATION_ROWS = dict.fromkeys(("X_val", "y_val", "sample_weight_val"))


class Stack(CallbackSupportMixin, BaseEstimator):
    """Estimators that are fitted together, in the place of one: the last step of a pipeline, say.

    They may differ in what models of a run may differ in, and in ``n_epochs``: those that differ
    in ``n_epochs`` alone are one model, read off after the epochs of each of them. Each member
    is then as if it had been fitted alone, up to rounding, but for what it would draw next; with
    ``random_state=None`` the models have the same initial weights, orders of rows and dropout
    masks. A run too wide for ``STACK_BYTES`` is cut into several, one after the other.

    Parameters
    ----------
    members : list of estimators of this package, all of the same class
        Fitted in place.
    goes_on : bool, default=False
        Whether fits to come, of members with the same hyperparameters and no fewer epochs, go on
        from where this one ends, as long as they are given the same rows. Between two fits the
        stack holds the models and no rows; it can be pickled.

    Attributes
    ----------
    errors_ : list of ValueError or None
        For each member: None where training went well, else what fitting it alone would
        have raised.
    """

    _parameter_constraints: dict = {}

    def __init__(self, members, goes_on=False):
        self.members, self.goes_on = members, goes_on

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
        signature(self.members[0].fit).bind(X, y, **params)
        data = self._read(X, y, **params)
        known = data.class_weights or {}
        models = {e: model_of(e, self.goes_on, known.get(e)) for e in self.members}
        runs = self._runs_to_go_on(data.rows) or _new_runs(models, data)
        runs = self._runs = [run for run in runs if run.has_any(models)]
        n_epochs = sum(run.n_epochs_left(models, len(data.rows)) for run in runs)
        task = begin_fit(self, n_epochs, X, y, params.get("sample_weight"))
        errors = {}
        for run in runs:
            errors |= run.fit(models, data, task)
        task.end()
        self.errors_ = [errors[member] for member in self.members]
        if not self.goes_on:
            del self._runs
        return self

    def _read(self, X, y, sample_weight=None, **validation_data):
        """What the members learn from; the same as in an earlier fit, if there was one."""
        leader = copy(self.members[0])
        generator = getattr(self, "_generator", check_random_state(leader.random_state))
        leader.random_state = _copy_of(generator)
        if self.goes_on:
            self._generator = deepcopy(generator)
        has_own_weights = self._class_weights_differ()
        if has_own_weights:
            leader.class_weight = None
        given = NO_VALIDATION_ROWS | validation_data
        rows, validation = leader._read(X, y, sample_weight, **given, goes_on=False)
        class_weights = None
        if has_own_weights:
            classes, weight = leader.classes_, check_weight(sample_weight, X)
            y = encode(column_or_1d(y), classes, name="y", classes_name="y")
            class_weights = _weights_of_classes(self.members, weight, y, classes)
            _check_totals([part for part in (rows, validation) if part], class_weights)
        return _Data(leader, rows, validation, class_weights)

    def _class_weights_differ(self):
        """Whether members have class weights of their own, or those that go on may have."""
        weights = {_hashable(member.class_weight) for member in self.members}
        return len(weights) > 1 or (self.goes_on and weights != {None})

    def _runs_to_go_on(self, rows):
        """Runs of an earlier fit; none if it was on other rows."""
        if not self.goes_on:
            return []
        before, self._fingerprint = getattr(self, "_fingerprint", None), rows.fingerprint()
        return self._runs if before == self._fingerprint else []

    def get_metadata_routing(self):
        """What a member asks for."""
        return self.members[0].get_metadata_routing()

    def __sklearn_tags__(self):
        return self.members[0].__sklearn_tags__()


class _Data(NamedTuple):
    """What the members of a stack learn from, and a copy of the first one, which has read it."""

    leader: object
    rows: object
    validation: object
    class_weights: dict | None  # of each member, where they differ


class _Run:
    """Models of a stack that train together."""

    def __init__(self, models):
        self._index, self._run = {model: i for i, model in enumerate(models)}, None

    def has_any(self, models):
        """Whether some of the members are models of this run."""
        return not self._index.keys().isdisjoint(models.values())

    def n_epochs_left(self, models, n_rows):
        """Epochs until all members are fitted, unless they stop early."""
        n_epochs = max(member._most_epochs(n_rows) for member in self._members(models))
        return n_epochs - (self._run.state.epoch if self._run else 0)

    def fit(self, models, data, task):
        """Fit the members that are models of this run, and tell what went wrong with each."""
        members = self._members(models)
        if self._run is None:
            self._begin(members, data)
        else:
            self._run.resume(data.rows, data.validation)
        errors, run = {}, self._run
        most_epochs = {member: member._most_epochs(len(data.rows)) for member in members}
        for n_epochs in sorted(set(most_epochs.values())):
            run.keep({i for member, i in members.items() if most_epochs[member] >= n_epochs})
            run.advance(n_epochs - run.state.epoch, task.begin_epoch, task.end_epoch)
            for member, i in members.items():
                if most_epochs[member] == n_epochs:
                    errors[member] = _hand_over(run.look(i), member, self._source, self._unused)
        run.pause()
        return errors

    def _members(self, models):
        """Members that are models of this run, with the index of the model."""
        return {e: self._index[model] for e, model in models.items() if model in self._index}

    def _begin(self, members, data):
        """Make the run, whose models have the hyperparameters of members."""
        self._source = copy(data.leader)
        self._source._random_state = _copy_of(data.leader._random_state)
        # Of members with one model, the one of most epochs: to a single epoch lr_decay is nothing.
        by_epochs = sorted(members, key=lambda member: member._most_epochs(len(data.rows)))
        of_models = {members[member]: member for member in by_epochs}
        estimators = [of_models[i] for i in range(len(of_models))]
        class_weight = data.class_weights and np.array([data.class_weights[e] for e in estimators])
        options = {"models": estimators, "class_weight": class_weight}
        self._run = self._source._start(data.rows, data.validation, **options)
        self._unused = deepcopy(getattr(self._source, "_dropout_generator", None))


def _new_runs(models, data):
    """Runs that have not begun, one unless it would be too wide.

    Models with a penalty may take other steps than those without one.
    """
    leader, rows, groups = data.leader, data.rows, {}
    for model in dict.fromkeys(models.values()):
        # As the run has it: so small a penalty may vanish.
        is_penalised = dict(model)["reg_param"] / rows.total_weight > 0
        optimizer = leader._optimizer_on_same_rows(len(rows), is_penalised)
        groups.setdefault(optimizer, []).append(model)
    return [
        _Run(group[part])
        for optimizer, group in groups.items()
        for part in gen_batches(len(group), _width(leader, rows, optimizer))
    ]


def _weights_of_classes(members, weight, y, classes):
    """Weights of the classes for each member."""
    found = {
        member: weights_of_classes(member.class_weight, weight, y, classes) for member in members
    }
    return {member: np.ones(len(classes)) if w is None else w for member, w in found.items()}


def _check_totals(parts, class_weights):
    """Check that class weights leave rows a weight, as each member would check its own."""
    for rows in parts:
        with np.errstate(over="ignore"):
            totals = rows.total_weights(np.array(list(class_weights.values())))
        if not np.all((totals > 0) & np.isfinite(totals)):
            raise ValueError(f"Total weights with class_weight must be above 0, got {totals}.")


def _hashable(class_weight):
    """Class weights as something that can be a key."""
    return frozenset(class_weight.items()) if isinstance(class_weight, dict) else class_weight


def _hand_over(trained, estimator, source, unused_generator):
    """Make an estimator as fitted as its model is, or return what went wrong."""
    if trained.failure:
        return estimator._error_of(trained)
    for name in ("classes_", "n_features_in_", "feature_names_in_", "_dropout_generator"):
        if hasattr(source, name):
            setattr(estimator, name, deepcopy(getattr(source, name)))
    if unused_generator is not None and not estimator.dropout:
        estimator._dropout_generator = deepcopy(unused_generator)
    estimator._random_state = _copy_of(source._random_state)
    estimator._adopt(trained)
    estimator._warn_if_nothing_learnt(trained)
    estimator._warn_if_not_converged()
    return None


def model_of(estimator, goes_on=False, class_weight=None):
    """What tells the model of an estimator from the others of its run.

    Parameters
    ----------
    estimator : estimator of this package
    goes_on : bool, default=False
        Whether it may get more epochs later.
    class_weight : ndarray of shape (n_classes,) or None, default=None
        Weights of the classes, where the rows are known: "balanced" may weigh all the same.

    Returns
    -------
    model : tuple of (str, object)
        Its hyperparameters, where they matter.
    """
    hyperparameters = estimator._hyperparameters()
    # Scores of equal models tie, but those of two in a run may differ by rounding.
    if estimator.n_epochs == 1 and not goes_on:
        hyperparameters["lr_decay"] = 1.0
    hyperparameters["class_weight"] = _hashable(estimator.class_weight)
    if class_weight is not None:
        is_needless = np.all(class_weight == 1)
        hyperparameters["class_weight"] = None if is_needless else tuple(class_weight.tolist())
    n_iter_no_change, tol, on_validation = estimator._patience()
    hyperparameters["on_validation"] = on_validation
    if np.isfinite(n_iter_no_change):
        hyperparameters |= {"n_iter_no_change": n_iter_no_change, "tol": tol}
    return tuple(hyperparameters.items())


def obstacle_to_stacking(estimator):
    """Why an estimator cannot be a model of a run with others.

    Parameters
    ----------
    estimator : object

    Returns
    -------
    obstacle : str
        Empty where there is none.
    """
    if not isinstance(estimator, GradientDescentClassifier) or not _is_of_this_package(estimator):
        return f"{type(estimator).__name__} is not one of this package's estimators"
    try:
        estimator._validate_params()
        estimator._check_parameters()
    except ValueError:
        return "a parameter is not valid"
    obstacles = {
        "it has callbacks of its own": has_callbacks(estimator),
        "warm_start=True": estimator.warm_start,
        "verbose": estimator.verbose,
        "batch_size=1 learns online": estimator._is_online(),
    }
    return next((text for text, stands_in_the_way in obstacles.items() if stands_in_the_way), "")


def _is_of_this_package(estimator):
    """Not of a subclass elsewhere, which may train in another way."""
    return type(estimator).__module__.startswith(f"{__package__}.")


def _width(estimator, rows, optimizer):
    """Number of models that a run has room for."""
    network = estimator._network(rows.X.shape[1])
    n_outputs = 2 * sum(network.layer_sizes[1:]) * rows.BLOCK_SIZE
    n_records = 5 * len(rows)
    n_numbers = 2 * network.n_parameters + n_outputs + n_records
    n_numbers += optimizer.n_numbers(network, len(rows))
    return max(1, STACK_BYTES // (rows.X.dtype.itemsize * n_numbers))


def _copy_of(random_state):
    """A copy to draw from, unless it is NumPy's global generator."""
    return random_state if random_state is np.random.mtrand._rand else deepcopy(random_state)
