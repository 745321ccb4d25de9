"""Estimators that differ in hyperparameters alone, fitted by one training run."""

from copy import copy, deepcopy
from functools import partial

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import gen_batches

from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._callbacks import begin_fit, has_callbacks

# Parameters in which the models of a run may differ.
STACKABLE = ("lr", "lr_decay", "reg_param", "momentum")
# Room for the parameters of a run, its steps and the records of an epoch.
STACK_BYTES = 2**28


@_fit_context(prefer_skip_nested_validation=True)
def fit_together(leader, others, X, y, sample_weight=None, **validation_data):
    """Fit estimators that differ only in what models of a run may differ in and in ``n_epochs``.

    Estimators that differ in ``n_epochs`` alone are one model, looked at after the epochs of
    each of them. Each estimator is then as if it had been fitted alone, up to rounding; with
    ``random_state=None`` the models have the same initial weights, orders of rows and dropout
    masks. A run too wide for ``STACK_BYTES`` is cut into several, one after the other.

    Parameters
    ----------
    leader : estimator of this package
        Fitted in place, as the others are. The one that callbacks follow, with the most
        epochs of all.
    others : list of estimators of the same class
    X, y, sample_weight : array-like
        As in ``fit``.
    **validation_data : array-like
        ``X_val``, ``y_val`` and ``sample_weight_val``, as in ``fit``.

    Returns
    -------
    errors : list of ValueError or None
        For the leader and then the others: None where training went well, else what
        fitting it alone would have raised.
    """
    given = dict.fromkeys(("X_val", "y_val", "sample_weight_val")) | validation_data
    rows, validation = leader._read(X, y, sample_weight, **given, goes_on=False)
    # The leader itself is fitted by the first run.
    template = copy(leader)
    estimators = [leader, *others]
    keys = list(dict.fromkeys(map(model_of, estimators)))
    stacks = [keys[models] for models in gen_batches(len(keys), _width(template, rows))]
    task = begin_fit(leader, leader.n_epochs * len(stacks), X, y, sample_weight)
    errors = {}
    for stack in stacks:
        members = [estimator for estimator in estimators if model_of(estimator) in stack]
        errors |= _fit_stack(template, stack, members, rows, validation, task)
    task.end(partial(vars, leader))
    return [errors[estimator] for estimator in estimators]


def _fit_stack(template, stack, members, rows, validation, task):
    """Fit the estimators that are models of one run, and tell what went wrong with each."""
    source = copy(template)
    source._random_state = _copy_of(template._random_state)
    run = source._start(rows, validation, models=[dict(model) for model in stack])
    errors, index = {}, {model: i for i, model in enumerate(stack)}

    def first_so_far():
        """Fitted attributes of the first model after the last epoch."""
        return {"n_iter_": run.state.epoch, **source._attributes_from(run.parameters(first))}

    def end_epoch():
        """Tell of an epoch; of several models, none is stopped by a callback."""
        task.end_epoch(first_so_far)

    for n_epochs in sorted({estimator.n_epochs for estimator in members}):
        wanted = {index[model_of(e)] for e in members if e.n_epochs >= n_epochs}
        first = min(wanted)
        run.keep(wanted)
        run.advance(n_epochs - run.state.epoch, partial(task.begin_epoch, first_so_far), end_epoch)
        for estimator in members:
            if estimator.n_epochs == n_epochs:
                trained = run.look(index[model_of(estimator)])
                errors[estimator] = _hand_over(trained, estimator, source)
    return errors


def _hand_over(trained, estimator, source):
    """Make an estimator as fitted as its model is, or return what went wrong."""
    if trained.failure:
        return estimator._error_of(trained)
    for name in ("classes_", "n_features_in_", "feature_names_in_", "_dropout_generator"):
        if hasattr(source, name):
            setattr(estimator, name, deepcopy(getattr(source, name)))
    estimator._random_state = _copy_of(source._random_state)
    estimator._adopt(trained)
    estimator._warn_if_nothing_learnt()
    return None


def model_of(estimator):
    """What tells the model of an estimator from the others of its run.

    Parameters
    ----------
    estimator : estimator of this package

    Returns
    -------
    model : tuple of (str, float)
        Its hyperparameters, where they matter.
    """
    hyperparameters = estimator._hyperparameters()
    # Scores of equal models tie, but those of two in a run may differ by rounding.
    if estimator.n_epochs == 1:
        hyperparameters["lr_decay"] = 1.0
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
        "early_stopping=True": estimator.early_stopping,
        "warm_start=True": estimator.warm_start,
        "verbose": estimator.verbose,
        "batch_size=1 learns online": estimator._is_online(),
    }
    return next((text for text, stands_in_the_way in obstacles.items() if stands_in_the_way), "")


def _is_of_this_package(estimator):
    """Not of a subclass elsewhere, which may train in another way."""
    return type(estimator).__module__.startswith(f"{__package__}.")


def _width(estimator, rows):
    """Number of models that a run has room for."""
    network = estimator._network(rows.X.shape[1])
    n_vectors = 4  # parameters, gradient and two means of it
    n_outputs = 2 * sum(network.layer_sizes[1:]) * rows.BLOCK_SIZE
    n_records = 5 * len(rows)
    n_numbers = n_vectors * network.n_parameters + n_outputs + n_records
    return max(1, STACK_BYTES // (rows.X.dtype.itemsize * n_numbers))


def _copy_of(random_state):
    """A copy to draw from, unless it is NumPy's global generator."""
    return random_state if random_state is np.random.mtrand._rand else deepcopy(random_state)
