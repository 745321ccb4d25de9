"""What Displays read from estimators, through their public attributes alone."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from sklearn_softmax.displays._configurations import configuration_names


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
    TypeError
        If something else is among them.
    ValueError
        If there are none.
    """
    if isinstance(estimators, Mapping):
        by_name = {str(name): estimator for name, estimator in estimators.items()}
    elif isinstance(estimators, (list, tuple)):
        by_name = dict(enumerate(estimators))
    else:
        by_name = {None: estimators}
    if not by_name:
        raise ValueError(
            f"estimators is empty: {estimators!r}. Give at least one fitted estimator."
        )
    for name, estimator in by_name.items():
        is_class = isinstance(estimator, type)
        if is_class or not hasattr(estimator, "fit"):
            raise TypeError(
                "estimator must be a fitted estimator, or a list or dict of them, but "
                f"{'it' if name is None else f'its entry {name!r}'} is "
                f"{f'the class {estimator.__name__}' if is_class else type(estimator)}: give the "
                "estimator after its fit, not its class, its history_ or its callback."
            )
    if isinstance(estimators, (list, tuple)):
        return dict(zip(_names(estimators), estimators))
    return by_name if None not in by_name else {type(final_model(estimators)).__name__: estimators}


def _names(estimators):
    models = [final_model(estimator) for estimator in estimators]
    configurations = [
        {"": type(model).__name__, **model.get_params(deep=False)} for model in models
    ]
    names = configuration_names(configurations)
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
            "refit=True). If it is fitted, it is of a kind that has none; of an ensemble, give its "
            "estimators_."
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
    is_perceptron = "mistakes" in model.history_
    reasons = {
        "converged": "training loss fell by less than tol" if is_perceptron else "converged",
        "early_stopping": "validation loss fell by less than tol",
        "no_mistakes": "no mistakes left",
        "callback": "by a callback",
        "interrupted": "interrupted",
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
    TypeError
        If it is something else.
    NotFittedError
        If it has kept none.
    """
    if not hasattr(history, "every") and not hasattr(history, "epochs_"):
        name = history.__name__ if isinstance(history, type) else type(history).__name__
        raise TypeError(
            f"history must be a WeightHistory that was set by classifier.set_callbacks(history), "
            f"got {name}: give the callback, not the classifier, its history_ or a class."
        )
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
        Zeros for a label that all or no rows have, which scikit-learn predicts without features.

    Raises
    ------
    NotFittedError
        If it has none of them.
    """
    if hasattr(model, "coefs_"):
        return model.coefs_[0].T
    if hasattr(model, "estimators_"):
        zeros = np.zeros((1, model.n_features_in_))
        parts = model.estimators_
        return np.vstack([zeros if _is_constant(part) else input_weights(part) for part in parts])
    require(model, "coef_")
    return model.coef_.toarray() if issparse(model.coef_) else np.atleast_2d(model.coef_)


def _is_constant(predictor):
    """Return whether ``OneVsRestClassifier`` has set this predictor for a label of one value."""
    return type(predictor).__name__ == "_ConstantPredictor"


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
