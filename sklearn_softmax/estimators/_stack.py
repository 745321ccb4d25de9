"""Models that differ only in a few numbers, trained side by side as one stack."""

from contextlib import nullcontext
from copy import copy, deepcopy
from functools import partial

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils import gen_batches

from sklearn_softmax.blas_threads import one_blas_thread
from sklearn_softmax.estimators._base import GradientDescentClassifier, columns_of
from sklearn_softmax.estimators._callbacks import begin_fit, has_callbacks
from sklearn_softmax.small_kernels import ONE_THREAD
from sklearn_softmax.threads import MOST_THREADS
from sklearn_softmax.training import State, train

# Parameters that may be arrays with an entry for each model of a stack.
STACKABLE = ("lr", "lr_decay", "reg_param", "momentum")
# Room for the parameters of a stack, their gradients and the outputs for one block of rows.
STACK_BYTES = 2**28


@_fit_context(prefer_skip_nested_validation=True)
def fit_together(leader, others, X, y, sample_weight=None, **validation_data):
    """Fit estimators that differ only in what a stack can hold and in ``n_epochs``.

    Models that differ in ``n_epochs`` alone are one, looked at after each of these numbers
    of epochs. Each estimator is then as if it had been fitted alone, up to rounding; with
    ``random_state=None`` the models of a stack share their initial weights, their order of
    rows and their dropout masks. A stack too wide for ``STACK_BYTES`` is cut, and its parts
    are trained one after the other.

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
    # The leader itself is fitted with the first part.
    template = copy(leader)
    network = leader._network(rows.X.shape[1])
    estimators = [leader, *others]
    models = list(dict.fromkeys(map(numbers_of_model, estimators)))
    parts = [models[part] for part in gen_batches(len(models), _width(network, rows))]
    task = begin_fit(leader, leader.n_epochs * len(parts), X, y, sample_weight)
    errors = {}
    for part in parts:
        stack = _Stack(template, network, part, rows)
        members = [e for e in estimators if numbers_of_model(e) in part]
        for n_epochs in sorted({e.n_epochs for e in members}):
            stack.train(n_epochs, validation, task)
            errors |= {e: stack.hand_over(e) for e in members if e.n_epochs == n_epochs}
            stack.keep({numbers_of_model(e) for e in members if e.n_epochs > n_epochs})
    task.end(partial(vars, leader))
    return [errors[e] for e in estimators]


def numbers_of_model(estimator):
    """What tells the model of an estimator from the others of its stack.

    Parameters
    ----------
    estimator : estimator of this package

    Returns
    -------
    numbers : tuple
        Values of the ``STACKABLE`` parameters, where they play a part.
    """
    numbers = {name: getattr(estimator, name) for name in STACKABLE}
    # Scores of equal models tie, but those of two in a stack may differ by rounding.
    if estimator.optimizer == "adam":
        numbers["momentum"] = 0.0
    if estimator.n_epochs == 1:
        numbers["lr_decay"] = 1.0
    return tuple(numbers.values())


def obstacle_to_stacking(estimator):
    """Why an estimator cannot be a model of a stack.

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


def _width(network, rows):
    """Number of models that a stack of this network has room for."""
    n_parameters = sum(map(np.prod, network.shapes()))
    n_outputs = sum(network.layer_sizes[1:]) * rows.BLOCK_SIZE
    n_arrays = 3 + 2 * MOST_THREADS  # parameters, two means, and two gradients a thread
    n_bytes = n_arrays * rows.X.dtype.itemsize * (n_parameters + n_outputs)
    return max(1, int(STACK_BYTES // n_bytes))


class _Stack:
    """Models of one network that learn from the same batches, each in its own way.

    Parameters
    ----------
    leader : estimator
        Has read the data; what the models share is as it says.
    network : DenseNetwork
    models : list of tuple
        The numbers of each model.
    rows : Rows
    """

    def __init__(self, leader, network, models, rows):
        self.network, self.models, self.rows = network, models, rows
        self.trained_network = leader._network_in_stack(network)
        self.records, self.step_losses, self.errors = [], [], {}
        # An estimator with arrays as parameters trains a stack.
        self.estimator = copy(leader)
        self._set(**{name: _column(values) for name, values in zip(STACKABLE, zip(*models))})
        self._set(_random_state=_own_copy(leader._random_state))
        params = self.estimator._initial_parameters(self.trained_network, rows.X.dtype)
        params = [np.repeat(p[np.newaxis], len(models), axis=0) for p in params]
        self.state = State(params, self.estimator._optimizer().start(params))
        batch_size = min(int(leader.batch_size), len(rows))
        self._set(lr=self.estimator._learning_rate(rows, self._objective(), batch_size))

    def _set(self, **attributes):
        vars(self.estimator).update(attributes)

    def _objective(self):
        return self.estimator._objective(self.trained_network, self.rows)

    def train(self, n_epochs, validation, task):
        """Go on until so many epochs have been run."""
        objective, optimizer = self._objective(), self.estimator._optimizer()

        def first_so_far():
            params = self.trained_network.completed([p[0].copy() for p in self.state.params])
            return {"n_iter_": self.state.epoch, **self.estimator._attributes_from(params)}

        def on_epoch_end(record):
            task.end_epoch(first_so_far)
            self._note_errors(optimizer, record)
            has_ended = self.estimator._has_nothing_left_to_learn(record)
            has_ended |= np.array([model in self.errors for model in self.models])
            return np.all(has_ended)

        with np.errstate(over="ignore", invalid="ignore"), self._threads():
            passes = self.estimator._passes(objective, optimizer, self.state, self.rows)
            history, step_losses = train(
                task.announced(passes, first_so_far),
                self.state,
                n_epochs=n_epochs - self.state.epoch if self.models else 0,
                measure=partial(self.estimator._figures, objective, validation),
                on_epoch_end=on_epoch_end,
            )
        self.records += history
        self.step_losses += step_losses
        self.history = columns_of(self.records)

    def _threads(self):
        n_in, n_out, *_ = self.network.layer_sizes
        n_rows = min(self.estimator.batch_size, self.rows.BLOCK_SIZE, len(self.rows))
        is_small = len(self.models) * n_out * n_in * n_rows <= ONE_THREAD
        return one_blas_thread() if is_small else nullcontext()

    def _note_errors(self, optimizer, record):
        """Note what goes wrong with models that diverge, each for itself."""
        arrays = *self.state.params, *optimizer.arrays(self.state.optimizer_state)
        is_finite = np.isfinite(record["loss"]) & np.isfinite(record.get("val_loss", 0.0))
        for values in arrays:
            is_finite &= np.isfinite(values).all(axis=(-2, -1))
        for i in np.flatnonzero(~is_finite):
            model, own_record = self.models[i], _of_models(record, i)
            try:
                self._alone(model)._check_finite([values[i] for values in arrays], own_record)
            except ValueError as error:
                self.errors.setdefault(model, error)

    def _alone(self, model):
        """An estimator of one model, not fitted."""
        alone = copy(self.estimator)
        vars(alone).update(zip(STACKABLE, model))
        return alone

    def hand_over(self, estimator):
        """Make an estimator as fitted as its model is now, or return what went wrong."""
        model = numbers_of_model(estimator)
        if model in self.errors:
            return self.errors[model]
        i = self.models.index(model)
        history = _of_models(self.history, i)
        ends = np.flatnonzero(np.atleast_1d(estimator._has_nothing_left_to_learn(history)))
        n_epochs = ends[0] + 1 if len(ends) else len(history["epoch"])
        history = {name: column[:n_epochs] for name, column in history.items()}
        step_losses = np.concatenate([losses[i] for losses in self.step_losses[:n_epochs]])
        completed = self.trained_network.completed
        params = completed([p[i].copy() for p in self.state.params])
        optimizer_state = estimator._optimizer().select(self.state.optimizer_state, i)
        own = State(params, completed(deepcopy(optimizer_state)), n_epochs)
        known = ("classes_", "n_features_in_", "feature_names_in_", "_dropout_generator")
        shared = {name: v for name, v in vars(self.estimator).items() if name in known}
        vars(estimator).update(deepcopy(shared))
        estimator._random_state = _own_copy(self.estimator._random_state)
        estimator._keep(own, self.network, history, step_losses)
        estimator._warn_if_nothing_learnt()
        return None

    def keep(self, models):
        """Train no models but these any longer."""
        kept = [i for i, m in enumerate(self.models) if m in models and m not in self.errors]
        self.models = [self.models[i] for i in kept]
        self._set(**{name: vars(self.estimator)[name][kept] for name in STACKABLE})
        optimizer_state = self.estimator._optimizer().select(self.state.optimizer_state, kept)
        self.state = State([p[kept] for p in self.state.params], optimizer_state, self.state.epoch)
        self.records = [_of_models(record, kept) for record in self.records]
        self.step_losses = [losses[kept] for losses in self.step_losses]


def _column(values):
    """Values of a parameter, to be broadcast against a stack; a word that all share as it is."""
    return values[0] if isinstance(values[0], str) else np.reshape(values, (-1, 1, 1)).astype(float)


def _of_models(figures, models):
    """Figures of some models of a stack, or of one; all share the epoch."""
    return {name: v if name == "epoch" else v[..., models] for name, v in figures.items()}


def _own_copy(random_state):
    """A copy to draw from, unless it is NumPy's global generator."""
    return random_state if random_state is np.random.mtrand._rand else deepcopy(random_state)
