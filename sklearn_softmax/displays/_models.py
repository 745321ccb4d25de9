"""What Displays read from estimators, through their public attributes alone."""

from collections.abc import Mapping

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from sklearn_softmax.displays._configurations import value_text, varying


def named(estimators):
    """Return the estimators by name.

    Parameters
    ----------
    estimators : estimator, list of estimators, or dict of str to estimator
        Those of a list are named by the parameters that differ.

    Returns
    -------
    named : dict of str to estimator

    Raises
    ------
    ValueError
        If there are none.
    """
    if isinstance(estimators, Mapping):
        by_name = {str(name): estimator for name, estimator in estimators.items()}
    elif isinstance(estimators, (list, tuple)):
        by_name = dict(zip(_names(estimators), estimators))
    else:
        by_name = {type(final_model(estimators)).__name__: estimators}
    if not by_name:
        raise ValueError(
            f"estimators is empty: {estimators!r}. Give at least one fitted estimator."
        )
    return by_name


def _names(estimators):
    configurations = [
        {"": type(model).__name__, **model.get_params(deep=False)}
        for model in map(final_model, estimators)
    ]
    differing = varying(configurations)
    names = [
        ", ".join(
            f"{short}={value_text(params[name])}" if short else params[name]
            for name, short in differing.items()
            if name in params
        )
        for params in configurations
    ]
    if len(set(names)) == len(names):
        return names
    return [f"model {number}" for number in range(1, len(names) + 1)]


def final_model(estimator):
    """Return the final classifier: the best one of a search, the last step of a pipeline.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    model : estimator
    """
    if hasattr(estimator, "best_estimator_"):
        return final_model(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):
        return final_model(estimator[-1])
    return estimator


def require(estimator, attribute):
    """Check that an estimator has a fitted attribute.

    Parameters
    ----------
    estimator : estimator
    attribute : str

    Raises
    ------
    NotFittedError
        If it has not.
    """
    if not hasattr(estimator, attribute):
        raise NotFittedError(
            f"This {type(estimator).__name__} has no `{attribute}`: fit it first (a search with "
            "refit=True). If it is fitted, it is of a kind that has none."
        )


def why_ended(model):
    """Return why training ended before the last epoch.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    reason : str or None
        None if training went on to the last epoch, or by ``partial_fit``.
    """
    fell_too_little = f"fell by less than tol in {model.n_iter_no_change} epochs"
    is_perceptron = "mistakes" in model.history_
    reasons = {
        "converged": f"training loss {fell_too_little}" if is_perceptron else "converged",
        "early_stopping": f"validation loss {fell_too_little}",
        "no_mistakes": "no mistakes left",
        "callback": "by a callback",
    }
    reason = reasons.get(model.stop_reason_)
    return reason and f"ended: {reason}"


def check_kept(history):
    """Check that a callback has kept parameters.

    Parameters
    ----------
    history : WeightHistory

    Raises
    ------
    NotFittedError
        If it has not.
    """
    if not hasattr(history, "epochs_"):
        raise NotFittedError(
            f"{history!r} has kept no parameters: fit a classifier after "
            "classifier.set_callbacks(history); a search needs refit=True where it runs in "
            "several processes."
        )


def input_weights(model):
    """Weights of the features: a row for each class, or for each hidden unit.

    Parameters
    ----------
    model : estimator
        Fitted, with ``coef_``, ``coefs_``, or as ``OneVsRestClassifier`` with
        ``estimators_`` that have them.

    Returns
    -------
    weights : ndarray of shape (n_outputs, n_features)

    Raises
    ------
    NotFittedError
        If it has none of them.
    """
    if hasattr(model, "coefs_"):
        return model.coefs_[0].T
    if hasattr(model, "estimators_"):
        return np.vstack([input_weights(part) for part in model.estimators_])
    require(model, "coef_")
    return np.atleast_2d(model.coef_)


def names_of_classes(classes, n_outputs):
    """Names of the outputs of a model, as far as they belong to classes.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
    n_outputs : int

    Returns
    -------
    names : list of str or None
        The classes where there is an output for each, the positive one where there is
        one for two.
    """
    names = [str(label) for label in classes]
    if len(names) == n_outputs:
        return names
    return names[1:] if len(names) == 2 and n_outputs == 1 else None
