"""Reading of training and validation data into rows."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets

from sklearn_softmax._training.rows import Rows
from sklearn_softmax.estimators._features import check_X, check_X_val, warn_if_far
from sklearn_softmax.estimators._labels import check_labels, encode
from sklearn_softmax.estimators._weights import (
    check_weight,
    compute_class_weights,
    compute_row_weights,
)


def read_training_data(
    estimator, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None, *, resume
):
    """Return the rows to train and to validate on; set ``classes_`` and the number of features.

    Parameters
    ----------
    estimator : estimator of this package
    X, y, sample_weight, X_val, y_val, sample_weight_val : array-like
        As in ``fit``.
    resume : bool
        Whether training continues, which requires the same classes.

    Returns
    -------
    rows : Rows
    validation : Rows or None
    """
    X, y = check_X_y(estimator, X, y, reset=not resume)
    classes, y_index = np.unique(y, return_inverse=True)
    if resume and not np.array_equal(classes, estimator.classes_):
        raise ValueError(
            "warm_start can only be used where `self.classes_` is the same as in the "
            f"previous call to fit. Previously got {estimator.classes_}, `y` has {classes}."
        )
    estimator._check_classes(classes)
    estimator.classes_ = classes
    rng = check_random_state(estimator.random_state)
    if not resume:
        estimator._random_state = rng
    weight = check_weight(sample_weight, X)
    class_weights = compute_class_weights(estimator.class_weight, weight, y_index, classes)
    weight = compute_row_weights(weight, class_weights, y_index)
    if X_val is not None or y_val is not None or sample_weight_val is not None:
        validation = _validation_rows(estimator, X_val, y_val, sample_weight_val, class_weights)
        rows = Rows(X, y_index, weight)
        warn_if_far(rows, validation)
        return rows, validation
    if not estimator.early_stopping:
        return Rows(X, y_index, weight), None
    # With an int as random_state, the same rows are drawn when training continues.
    train, validation = split_rows(y_index, classes, estimator.validation_fraction, rng)
    validation_rows = _subset(X, y_index, weight, validation, "validation")
    return _subset(X, y_index, weight, train, "training"), validation_rows


def read_rows(estimator, X, y, sample_weight, *, classes_name):
    """Return rows whose labels are among the classes of the estimator.

    Parameters
    ----------
    estimator : estimator of this package
        With ``classes_``.
    X : {ndarray, CSR} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    sample_weight : array-like of shape (n_samples,) or None
    classes_name : str
        Name of the classes in an error.

    Returns
    -------
    rows : Rows
    """
    y_index = encode(y, estimator.classes_, name="y", classes_name=classes_name)
    weight = check_weight(sample_weight, X)
    class_weights = compute_class_weights(
        estimator.class_weight, weight, y_index, estimator.classes_
    )
    return Rows(X, y_index, compute_row_weights(weight, class_weights, y_index))


def check_X_y(estimator, X, y, *, reset):
    """Return X as dense or canonical CSR and y as class labels.

    Parameters
    ----------
    estimator : estimator of this package
    X, y : array-like
    reset : bool
        Whether to set the number and names of the features instead of checking them.

    Returns
    -------
    X : {ndarray, CSR} of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    """
    X = check_X(estimator, X, reset=reset)
    y = check_labels(y, "y")
    _check_lengths(X=X, y=y)
    check_classification_targets(y)
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X, y


def _check_lengths(**arrays):
    """Check that arrays have equally many rows."""
    n_samples = {name: array.shape[0] for name, array in arrays.items()}
    if len(set(n_samples.values())) > 1:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {n_samples}."
        )


def split_rows(y, classes, validation_fraction, rng):
    """Return row indices for training and for validation, stratified by class.

    The only row of a class is used for training. Of the others, at least as many rows as they have
    classes are used for validation, whatever the fraction; a rare class may be missing there.

    Parameters
    ----------
    y : ndarray of shape (n_samples,), int
    classes : ndarray of shape (n_classes,)
    validation_fraction : float
    rng : RandomState

    Returns
    -------
    train, validation : ndarray of int
        In ascending order.

    Raises
    ------
    ValueError
        If a class has no row left for training, or if no row is left for validation.
    """
    counts = np.bincount(y, minlength=len(classes))
    splittable = np.flatnonzero(counts[y] > 1)
    remedy = "pass a validation set to fit as X_val and y_val."
    if not splittable.size:
        raise ValueError(
            "early_stopping=True needs validation rows, but every class has only one sample "
            f"(n_samples = {len(y)}): {remedy}"
        )
    n_split_classes = np.count_nonzero(counts > 1)
    n_validation = max(int(np.ceil(validation_fraction * len(splittable))), n_split_classes)
    train = np.arange(0)
    if len(splittable) - n_validation >= n_split_classes:
        options = {"stratify": y[splittable], "random_state": rng}
        train, validation = train_test_split(splittable, test_size=n_validation, **options)
    missing = np.setdiff1d(y[splittable], y[train])
    if missing.size:
        raise ValueError(
            f"validation_fraction={validation_fraction} is too large: of {len(y)} rows, none is "
            f"left to train on the classes {classes[missing].tolist()}. Lower it, or {remedy}"
        )
    return np.sort(np.r_[train, np.flatnonzero(counts[y] == 1)]), np.sort(validation)


def _validation_rows(estimator, X_val, y_val, sample_weight_val, class_weights):
    """Return the rows of the validation set passed to ``fit``."""
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val must be passed together (sample_weight_val only with both): "
            f"{'X_val' if X_val is None else 'y_val'} is missing."
        )
    X_val = check_X_val(estimator, X_val)
    y_val = encode(y_val, estimator.classes_, name="y_val", classes_name="y")
    _check_lengths(X_val=X_val, y_val=y_val)
    weight = check_weight(sample_weight_val, X_val, "sample_weight_val")
    weight = compute_row_weights(weight, class_weights, y_val, "sample_weight_val")
    return Rows(X_val, y_val, weight)


def _subset(X, y, weight, indices, purpose):
    """Return the rows with these indices, for training or for validation."""
    weight = None if weight is None else weight[indices]
    if weight is not None and not np.any(weight):
        raise ValueError(
            f"The sample weights of all {purpose} rows are zero. Use another random_state, "
            "or pass a validation set to fit as X_val and y_val."
        )
    return Rows(X, y[indices], weight, indices)
