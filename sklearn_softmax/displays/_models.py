"""Names, weights and stop reasons of estimators, read from public attributes only."""

from collections.abc import Mapping

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_softmax.displays._configurations import configuration_names

ALTERNATIVES = {
    "history_": "a classifier of this package, or of an ensemble of them the list estimators_",
    "coef_": "a linear model or a net",
}


def estimators_by_name(estimators):
    """Return the estimators by name.

    Parameters
    ----------
    estimators : estimator, list of estimators, or dict of str to estimator
        Those of a list are named by the parameters that differ.

    Returns
    -------
    models : dict of str to estimator

    Raises
    ------
    TypeError
        If one is not an estimator.
    ValueError
        If there are none.
    """
    if isinstance(estimators, Mapping):
        models = {str(name): estimator for name, estimator in estimators.items()}
    elif isinstance(estimators, (list, tuple)):
        models = dict(enumerate(estimators))
    else:
        models = {None: estimators}
    if not models:
        raise ValueError(
            f"estimators is empty: {estimators!r}. Give at least one fitted estimator."
        )
    for name, estimator in models.items():
        is_class = isinstance(estimator, type)
        if is_class or not hasattr(estimator, "fit"):
            raise TypeError(
                "estimator must be a fitted estimator, or a list or dict of them, but "
                f"{'it' if name is None else f'its entry {name!r}'} is "
                f"{f'the class {estimator.__name__}' if is_class else type(estimator)}: give the "
                "estimator after its fit, not its class, its history_ or its callback."
            )
    if isinstance(estimators, (list, tuple)):
        return dict(zip(_distinct_names(estimators), estimators))
    return models if None not in models else {type(final_model(estimators)).__name__: estimators}


def _distinct_names(estimators):
    """Return names of estimators by the parameters that differ, or by numbers."""
    models = [final_model(estimator) for estimator in estimators]
    configurations = [
        {"": type(model).__name__, **model.get_params(deep=False)} for model in models
    ]
    names = configuration_names(configurations)
    if len(set(names)) == len(names):
        return names
    return [f"model {number}" for number in range(1, len(names) + 1)]


def final_model(estimator):
    """Return the best estimator of a search and the last step of a pipeline.

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


def check_fitted_attribute(estimator, attribute):
    """Check that an estimator has a fitted attribute.

    Parameters
    ----------
    estimator : estimator
    attribute : str

    Raises
    ------
    NotFittedError
        If it is not fitted, or fitted without the attribute.
    """
    if hasattr(estimator, attribute):
        return
    name = type(estimator).__name__
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise NotFittedError(f"This {name} has no `{attribute}`: fit it first.") from None
    raise NotFittedError(
        f"This fitted {name} has no `{attribute}`: give {ALTERNATIVES[attribute]}; a search needs "
        "refit=True."
    )


def ending_text(model):
    """Return the text of the reason why training ended before the last epoch.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    reason : str or None
        None if training did not end early, or after ``partial_fit``.
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


def check_history(history):
    """Check that a history holds parameters.

    Parameters
    ----------
    history : WeightHistory

    Raises
    ------
    TypeError
        If it is not a history.
    NotFittedError
        If it holds none.
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
            "classifier.set_callbacks(history); a search needs refit=True if it runs in "
            "several processes."
        )


def input_weights(model):
    """Return the weights of the features: one row per class or hidden unit.

    Parameters
    ----------
    model : estimator
        Fitted, with ``coef_``, ``coefs_``, or (``OneVsRestClassifier``) ``estimators_``
        that have them.

    Returns
    -------
    weights : ndarray of shape (n_outputs, n_features)
        Zeros for a label that all or no rows have: scikit-learn predicts it without features.

    Raises
    ------
    NotFittedError
        If it has none of these attributes.
    """
    if hasattr(model, "coefs_"):
        return model.coefs_[0].T
    if hasattr(model, "estimators_"):
        zeros = np.zeros((1, model.n_features_in_))
        return np.vstack(
            [zeros if _is_constant(sub) else input_weights(sub) for sub in model.estimators_]
        )
    check_fitted_attribute(model, "coef_")
    return model.coef_.toarray() if issparse(model.coef_) else np.atleast_2d(model.coef_)


def _is_constant(predictor):
    """Return whether ``OneVsRestClassifier`` uses this predictor for a label of one value."""
    return type(predictor).__name__ == "_ConstantPredictor"


def output_names_of_classes(classes, n_outputs):
    """Return the names of a model's outputs if they belong to classes.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
    n_outputs : int

    Returns
    -------
    names : list of str or None
        All classes if each has an output; the positive one if two classes share an output.
    """
    names = [str(label) for label in classes]
    if len(names) == n_outputs:
        return names
    return names[1:] if len(names) == 2 and n_outputs == 1 else None
