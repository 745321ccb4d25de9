"""Checks of features for training, validation and prediction."""

from collections.abc import Iterable

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array
from sklearn.utils.sparsefuncs import min_max_axis
from sklearn.utils.validation import _get_feature_names, validate_data

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._warnings import warn
from sklearn_softmax.estimators._arrays import add_name_to_errors, convert_to_numpy

OPTIONS = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}

# With fewer training rows, their variances are unreliable.
MIN_ROWS = 30


@np.errstate(**SILENT)  # scikit-learn's check for NaN adds up X, which may give inf - inf
def check_X(estimator, X, *, reset=False):
    """Return X as dense or CSR in floating point.

    Parameters
    ----------
    estimator : estimator of this package
    X : array-like
    reset : bool, default=False
        Whether to set the number and names of the features instead of checking them.

    Returns
    -------
    X : {ndarray, CSR} of shape (n_samples, n_features)

    Raises
    ------
    ValueError
        If X is not valid.
    """
    with add_name_to_errors("X"):
        return validate_data(estimator, _read(X, "X"), reset=reset, **OPTIONS)


@np.errstate(**SILENT)
def check_X_val(estimator, X_val):
    """Return the features of the validation set, which have to be those of X.

    Parameters
    ----------
    estimator : estimator of this package
        With ``n_features_in_`` and, if X has names, ``feature_names_in_``.
    X_val : array-like

    Returns
    -------
    X_val : {ndarray, CSR} of shape (n_val, n_features)

    Raises
    ------
    ValueError
        If ``X_val`` is not valid.
    """
    with add_name_to_errors("X_val"):
        names = _get_feature_names(X_val)
        X_val = check_array(
            _read(X_val, "X_val"), estimator=estimator, input_name="X_val", **OPTIONS
        )
    if X_val.shape[1] != estimator.n_features_in_:
        raise ValueError(
            f"X_val has {X_val.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{estimator.n_features_in_} features as input, as many as X has."
        )
    expected = getattr(estimator, "feature_names_in_", names)
    if names is not None and not np.array_equal(names, expected):
        raise ValueError(
            f"X_val must have the feature names of X in the same order: {expected.tolist()}, got "
            f"{names.tolist()}."
        )
    return X_val


@np.errstate(**SILENT)
def warn_if_far(rows, validation):
    """Warn if the means of the validation rows are far from those of the training rows.

    Both are sampled, without rows of weight 0. If both have the same distribution, the differences
    of the means, in standard deviations of X, have the mean square 1 / n_val; the limit allows for
    heavy tails. The means must also lie beyond the rows of X, because rare features have small
    variances. With few rows of X there is no warning.

    Parameters
    ----------
    rows, validation : Rows
    """
    X, X_val = (
        sample.read(slice(0, len(sample))) for sample in (rows.sample(), validation.sample())
    )
    X = X.astype(np.float64)
    scaler = StandardScaler(with_mean=False).fit(X)
    # scale_ is 1 for features that are constant up to rounding, which count as equal.
    varies = scaler.scale_ == np.sqrt(scaler.var_)
    low, high = min_max_axis(X, axis=0) if issparse(X) else (X.min(axis=0), X.max(axis=0))
    radii = np.maximum(high - scaler.mean_, scaler.mean_ - low)
    shift = np.abs(np.ravel(X_val.mean(axis=0, dtype=np.float64)) - scaler.mean_)
    deviations, relative_shift = (
        shift / np.where(varies, unit, np.inf) for unit in (scaler.scale_, radii)
    )
    distance, relative_distance = (np.sqrt(np.mean(d**2)) for d in (deviations, relative_shift))
    is_far = distance > 3 + 7 / X_val.shape[0] and relative_distance > 1
    if is_far and len(rows) >= MIN_ROWS:
        warn(
            f"X_val is far from X: the mean of feature {np.argmax(deviations)} differs by "
            f"{deviations.max():.3g} standard deviations of X. Transform X_val as X was "
            'transformed; a pipeline does so with transform_input=["X_val"] and metadata routing.'
        )


def _read(X, name):
    """Return X as a NumPy array or another table, after checking that its rows are vectors."""
    if isinstance(X, Iterable) and not hasattr(X, "__getitem__") and not issparse(X):
        raise ValueError(
            f"{name} is of type {type(X).__name__}, which can be read only once: pass all rows "
            "as one array, or call partial_fit once per batch."
        )
    X = convert_to_numpy(X, name)
    shape = np.shape(X[:1]) if isinstance(X, list | tuple) else getattr(X, "shape", ())
    if len(shape) > 2:
        raise ValueError(
            f"Found array with dim {len(shape)}: each row of {name} has the shape {shape[1:]}, but "
            f"must be one vector of features: pass {name}.reshape(len({name}), -1)."
        )
    return X
