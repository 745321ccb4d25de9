"""Reading of training and validation data into rows."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets

from sklearn_softmax._training.rows import Rows
from sklearn_softmax.estimators._features import check_X, check_X_val, warn_if_far
from sklearn_softmax.estimators._labels import check_labels, encode
from sklearn_softmax.estimators._weights import check_weight, weights_of_classes, weights_of_rows


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
        Whether training continues, so that the classes have to be the same.

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
    class_weights = weights_of_classes(estimator.class_weight, weight, y_index, classes)
    weight = weights_of_rows(weight, class_weights, y_index)
    if X_val is not None or y_val is not None or sample_weight_val is not None:
        validation = _validation_rows(estimator, X_val, y_val, sample_weight_val, class_weights)
        rows = Rows(X, y_index, weight)
        warn_if_far(rows, validation)
        return rows, validation
    if not estimator.early_stopping:
        return Rows(X, y_index, weight), None
    # An int as random_state draws the same rows again when training continues.
    train, validation = split_rows(y_index, classes, estimator.validation_fraction, rng)
    validation_rows = _subset(X, y_index, weight, validation, "validation")
    return _subset(X, y_index, weight, train, "training"), validation_rows


def read_known_classes(estimator, X, y, sample_weight, *, classes_name):
    """Return rows whose classes are among those of the estimator.

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
    class_weights = weights_of_classes(estimator.class_weight, weight, y_index, estimator.classes_)
    return Rows(X, y_index, weights_of_rows(weight, class_weights, y_index))


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
    classes are used for validation, whatever the fraction; a rare class may have none among them.

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
        If a class would have no row to train on, or if there would be none to validate on.
    """
    counts = np.bincount(y, minlength=len(classes))
    shared = np.flatnonzero(counts[y] > 1)
    remedy = "give fit a validation set as X_val and y_val."
    if not shared.size:
        raise ValueError(
            "early_stopping=True needs rows to validate on, but every class has only one sample "
            f"(n_samples = {len(y)}): {remedy}"
        )
    n_shared_classes = np.count_nonzero(counts > 1)
    n_validation = max(int(np.ceil(validation_fraction * len(shared))), n_shared_classes)
    train = np.arange(0)
    if len(shared) - n_validation >= n_shared_classes:
        options = {"stratify": y[shared], "random_state": rng}
        train, validation = train_test_split(shared, test_size=n_validation, **options)
    missing = np.setdiff1d(y[shared], y[train])
    if missing.size:
        raise ValueError(
            f"validation_fraction={validation_fraction} leaves no training row of "
            f"{classes[missing].tolist()} out of {len(y)} rows. Lower it, or {remedy}"
        )
    return np.sort(np.r_[train, np.flatnonzero(counts[y] == 1)]), np.sort(validation)


def _validation_rows(estimator, X_val, y_val, sample_weight_val, class_weights):
    """Return the rows of the user's validation set."""
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val go together (and sample_weight_val with them): got "
            f"X_val {'missing' if X_val is None else 'given'}, "
            f"y_val {'missing' if y_val is None else 'given'}."
        )
    X_val = check_X_val(estimator, X_val)
    y_val = encode(y_val, estimator.classes_, name="y_val", classes_name="y")
    _check_lengths(X_val=X_val, y_val=y_val)
    weight = check_weight(sample_weight_val, X_val, "sample_weight_val")
    weight = weights_of_rows(weight, class_weights, y_val, "sample_weight_val")
    return Rows(X_val, y_val, weight)


def _subset(X, y, weight, indices, purpose):
    """Return the rows of early stopping for training or for validation."""
    weight = None if weight is None else weight[indices]
    if weight is not None and not np.any(weight):
        raise ValueError(
            f"The sample weights of all {purpose} rows are zero. Use another random_state, "
            "or give fit a validation set as X_val and y_val."
        )
    return Rows(X, y[indices], weight, indices)
