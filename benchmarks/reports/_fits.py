"""Independent fits in several processes."""

import warnings

from joblib import Parallel, delayed

from benchmarks.reports._progress import track


def fit_all(models, rows, n_jobs, *, ignored_warning=None):
    """Fit models on the same rows, with a progress bar.

    Parameters
    ----------
    models : dict of estimators
    rows : tuple of ndarray
        X_train, y_train, X_val, y_val.
    n_jobs : int
        Number of processes.
    ignored_warning : str, default=None
        Regular expression of a warning to suppress.

    Returns
    -------
    models : dict
        The fitted estimators with the same keys.
    """
    fits = (delayed(_fit)(key, model, rows, ignored_warning) for key, model in models.items())
    fitted = Parallel(n_jobs=n_jobs, return_as="generator_unordered")(fits)
    name = type(next(iter(models.values()))).__name__
    models_by_key = dict(track(fitted, len(models), name))
    return {key: models_by_key[key] for key in models}


def _fit(key, model, rows, ignored_warning):
    """Return the key and the fitted model."""
    X_train, y_train, X_val, y_val = rows
    with warnings.catch_warnings():
        if ignored_warning:
            warnings.filterwarnings("ignore", ignored_warning)
        return key, model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
