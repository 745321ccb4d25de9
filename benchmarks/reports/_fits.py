"""Fits that do not depend on each other, done at once."""

from joblib import Parallel, delayed


def fit_all(models, rows, n_jobs):
    """Fit models on the same rows, and print a line for each that is done.

    Parameters
    ----------
    models : dict of estimators
    rows : tuple of ndarray
        X_train, y_train, X_val, y_val.
    n_jobs : int
        Processes that work at once.

    Returns
    -------
    models : dict
        The fitted estimators, by the same keys.
    """
    X_train, y_train, X_val, y_val = rows
    fits = (
        delayed(model.fit)(X_train, y_train, X_val=X_val, y_val=y_val) for model in models.values()
    )
    # Above 10, joblib tells of every single one.
    return dict(zip(models, Parallel(n_jobs=n_jobs, verbose=11)(fits)))
