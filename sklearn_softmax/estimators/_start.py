"""Start of a training run: new or resumed parameters, optimizer, scaling and learning rate."""

from copy import deepcopy
from dataclasses import asdict, replace
from functools import partial

import numpy as np

from sklearn_softmax._model.activations import glorot_scale
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.lbfgs import Lbfgs
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.online import OnlinePass
from sklearn_softmax._training.run import TrainingRun
from sklearn_softmax._training.scaling import (
    NOTICEABLE_ROUNDING,
    FeatureMoments,
    feature_moments,
    feature_scaling,
)
from sklearn_softmax._training.state import State
from sklearn_softmax._warnings import warn

# Largest relative fall of a converged objective, in units of tol.
FALL_PER_TOL = 20


def start_run(estimator, rows, validation=None, *, models=(), class_weight=None, resume=False):
    """Return a training run of one or several estimators.

    Parameters
    ----------
    estimator : estimator of this package
        With ``classes_`` and its random generators.
    rows : Rows
    validation : Rows or None, default=None
    models : sequence of estimators, default=()
        Estimators that differ only in hyperparameters; the estimator itself by default.
    class_weight : ndarray of shape (M, n_classes) or None, default=None
        Class weights of each model.
    resume : bool, default=False
        Whether to continue from the fitted parameters.

    Returns
    -------
    run : TrainingRun
    """
    specs = [model._describe_training() for model in models or [estimator]]
    spec = specs[0]
    network = spec.network(rows.X.shape[1], len(estimator.classes_))
    values = _hyperparameters(specs, rows, class_weight)
    if resume:
        state = _restore_state(estimator, spec, network, values)
    else:
        params = _initial_params(estimator, specs, network, rows.X.dtype)
        state = State(params, spec.optimizer.init(params.vector, values.momentum), values)
    if spec.scaling:
        _set_scaling(state, spec, rows, _earlier_moments(estimator, network) if resume else None)
    dropout = Dropout(estimator._dropout_generator) if spec.hidden_sizes else None
    objective = Objective(network, spec.loss, dropout)
    is_lbfgs = isinstance(spec.optimizer, Lbfgs)
    return TrainingRun(
        objective,
        spec.optimizer,
        _solver(spec, objective, rows, estimator._random_state),
        state=state,
        rows=rows,
        validation=validation,
        steps_per_epoch=1 if is_lbfgs else spec.steps_per_epoch(len(rows)),
        convergence_tol=FALL_PER_TOL if spec.until_converged else None,
    )


def resume_state(estimator, trained):
    """Return the state from which an estimator resumes training.

    Parameters
    ----------
    estimator : estimator of this package
    trained : TrainedModel

    Returns
    -------
    resume_state : dict of str to object
        Plain arrays, numbers and texts, so that a saved estimator contains no private type:
        ``network`` and ``settings``, on which the state depends; ``vector``, at which gradients
        are taken, None for the fitted parameters; ``optimizer_state``; and ``moments`` of the
        features, None without scaling.
    """
    spec, state = estimator._describe_training(), trained.state
    network = spec.network(estimator.n_features_in_, len(estimator.classes_))
    fitted = spec.optimizer.fitted_params(state.params, state.optimizer_state)
    optimizer_state = asdict(state.optimizer_state)
    scaling = optimizer_state.pop("scaling", None)
    return {
        "network": repr(network),
        "settings": _settings(spec),
        "vector": None if fitted is state.params else state.params.vector,
        "optimizer_state": optimizer_state,
        "moments": scaling and scaling["moments"],
    }


def fitted_params(estimator, network):
    """Return a copy of the fitted parameters.

    Parameters
    ----------
    estimator : estimator of this package
    network : DenseNetwork
        Network according to the current parameters of the estimator.

    Returns
    -------
    params : Parameters

    Raises
    ------
    ValueError
        If the fitted parameters belong to another network.
    """
    fitted, layers = estimator._fitted_network()
    if fitted.layer_sizes != network.layer_sizes:
        shapes = replace(fitted, fit_intercept=network.fit_intercept).shapes()
        raise ValueError(
            f"The fitted parameters have the shapes {shapes}, but the parameters of {estimator!r} "
            f"require {network.shapes()}. Training cannot continue with another network: set "
            "warm_start=False, or fit a clone of the estimator."
        )
    params = network.parameters(layers.weights[0].dtype)
    arrays = params.weights + params.intercepts
    for array, fitted_array in zip(arrays, layers.weights + layers.intercepts):
        array[...] = fitted_array
    return params


def _solver(spec, objective, rows, rng):
    """Return the solver that trains the models."""
    if isinstance(spec.optimizer, Lbfgs):
        return partial(spec.optimizer, objective)
    batch_size = min(spec.batch_size, len(rows))
    train_pass = MiniBatchPass(objective, spec.optimizer, batch_size)
    if spec.is_online:
        train_pass = OnlinePass(rows.X)
    return EpochSolver(train_pass, batch_size, spec.shuffle, rng)


def _hyperparameters(specs, rows, class_weight):
    """Return the hyperparameters of the models, with NaN as automatic learning rates."""
    names = [name for name in specs[0].hyperparameters if name != "weight_init"]
    flags = {"nesterov", "early_stopping"}
    columns = {
        name: np.array([s.hyperparameters[name] for s in specs], bool if name in flags else float)
        for name in names
    }
    l2 = columns.pop("reg_param") / rows.total_weights(class_weight)
    return Hyperparameters(**columns, l2=l2, class_weight=class_weight)


def _initial_params(estimator, specs, network, dtype):
    """Return the initial parameters: zeros, or random ones with hidden layers."""
    if not specs[0].hidden_sizes:
        return network.parameters(dtype, len(specs))
    scales = [spec.hyperparameters["weight_init"] for spec in specs]
    # Glorot's weights are smaller for few features, and such nets overfit less.
    weight_scale = glorot_scale if specs[0].scaling else None
    rng = estimator._random_state
    params = network.random_parameters(rng, dtype, scales, weight_scale)
    # Drawn even without dropout, so that dropout changes neither weights nor shuffles.
    seed = rng.randint(np.iinfo(np.int32).max)
    estimator._dropout_generator = np.random.default_rng(seed)
    return params


def _restore_state(estimator, spec, network, values):
    """Return the state from which training continues."""
    params, saved = fitted_params(estimator, network), deepcopy(estimator._resume_state)
    optimizer_state = spec.optimizer.init(params.vector, values.momentum)
    if saved["network"] == repr(network) and saved["settings"] == _settings(spec):
        last_state = _replace_values(optimizer_state, saved["optimizer_state"])
        last = params if saved["vector"] is None else params.replace_vector(saved["vector"])
        last_fitted = spec.optimizer.fitted_params(last, last_state)
        # They differ after early stopping or a change by the user: the average then restarts.
        if np.array_equal(last_fitted.vector, params.vector):
            params, optimizer_state = last, last_state
    return State(params, optimizer_state, values, epoch=estimator.n_iter_)


def _replace_values(state, values):
    """Return a state with values from a dict as returned by ``dataclasses.asdict``."""
    replaced = {
        name: _replace_values(getattr(state, name), value) if isinstance(value, dict) else value
        for name, value in values.items()
    }
    return replace(state, **replaced)


def _earlier_moments(estimator, network):
    """Return the moments of all earlier training rows, or None."""
    saved = estimator._resume_state
    is_valid = saved["moments"] is not None and saved["network"] == repr(network)
    return FeatureMoments(**saved["moments"]) if is_valid else None


def _settings(spec):
    """Return a description of the settings on which the optimizer's state depends."""
    values = spec.hyperparameters
    return repr((spec.optimizer, float(values["momentum"]), bool(values["nesterov"])))


def _set_scaling(state, spec, rows, earlier_moments):
    """Set the scaling of the features and the automatic learning rate of the state."""
    values, params = state.hyperparameters, state.params
    moments = feature_moments(rows, values.class_weight, spec.fit_intercept)
    # With a single row there is no scale, so its initial weights are not rescaled.
    is_start = state.epoch == 0 and np.any(moments.deviation > 0)
    if earlier_moments is not None:
        is_same = moments.equals(earlier_moments)
        moments = earlier_moments if is_same else earlier_moments.merge(moments)
    _warn_if_imprecise(moments, params.vector.dtype)
    scaled = partial(
        feature_scaling,
        moments,
        n_outputs=params.layer_sizes[1],
        dtype=params.vector.dtype,
        with_common_scale=spec.scaling == "common",
    )
    scaling = scaled(damping=spec.damping(values.l2))
    if is_start:
        # Initial weights are those of standardised features.
        scaling.unscale_step(params.vector)
        state.optimizer_state = spec.optimizer.init(params.vector, values.momentum)
    state.optimizer_state.scaling = scaling
    if spec.learning_rate is not None:
        batch_size = min(spec.batch_size, len(rows))
        lr = spec.learning_rate(rows, batch_size, scaled(damping=np.zeros(1)), values)
        state.hyperparameters = replace(values, lr=lr)


def _warn_if_imprecise(moments, dtype):
    """Warn of features that vary too little for the precision of a dtype."""
    n_imprecise = np.count_nonzero(moments.relative_rounding(dtype) > NOTICEABLE_ROUNDING)
    if n_imprecise:
        alternative = ", or use float64" if dtype == np.float32 else ""
        warn(
            f"{n_imprecise} of {len(moments.deviation)} features vary by less than 100 rounding "
            f"errors of {dtype} and cannot be learned from reliably. Subtract a value near the "
            f"mean of each of them before X is converted to {dtype}{alternative}."
        )
