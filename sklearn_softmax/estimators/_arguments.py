"""Errors about arguments that ``fit`` has in other libraries."""

from functools import wraps

REMEDIES = {
    "validation_data": "pass X_val and y_val",
    "eval_set": "pass X_val and y_val",
    "validation_split": "set early_stopping=True and validation_fraction of the estimator",
    "epochs": "set n_epochs of the estimator",
    "learning_rate": "set lr of the estimator",
    "callbacks": "call set_callbacks of the estimator",
}


def check_arguments(estimator, arguments):
    """Raise an error that names the remedy for an argument of another library.

    Parameters
    ----------
    estimator : estimator of this package
    arguments : dict
        Keyword arguments of ``fit``.

    Raises
    ------
    TypeError
        If an argument is a parameter of the estimator, or one that ``fit`` has in other libraries.
    """
    remedies = REMEDIES | {name: f"set {name} of the estimator" for name in estimator.get_params()}
    for name in arguments.keys() & remedies.keys():
        raise TypeError(f"fit() got an unexpected keyword argument {name!r}: {remedies[name]}.")


def add_argument_check(fit):
    """Return a ``fit`` that calls :func:`check_arguments` first.

    Parameters
    ----------
    fit : function

    Returns
    -------
    fit : function
    """

    @wraps(fit)
    def checked_fit(estimator, *args, **kwargs):
        """Check the argument names, then fit."""
        check_arguments(estimator, kwargs)
        return fit(estimator, *args, **kwargs)

    return checked_fit
