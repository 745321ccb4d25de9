"""Reading of training and validation data into rows: labels, weights, validation set."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from sklearn_softmax._training.rows import Rows


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
        return Rows(X, y_index, weight), validation
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
    X, y = validate_data(
        estimator, X, y, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
    )
    check_classification_targets(y)
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X, y


def encode(labels, classes, *, name, classes_name):
    """Return the class index of each label.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
    classes : ndarray of shape (n_classes,)
        Sorted.
    name, classes_name : str
        Names of both in an error.

    Returns
    -------
    y : ndarray of shape (n_samples,), int

    Raises
    ------
    ValueError
        If a label is not among the classes.
    """
    try:
        distinct, index = np.unique(labels, return_inverse=True)
    except TypeError as error:
        raise ValueError(f"{name} mixes labels that cannot be compared: {error}.") from error
    # Python's comparison: 1 equals 1.0 but not "1", whatever the dtypes.
    index_of = {label: i for i, label in enumerate(classes.tolist())}
    unseen = [label for label in distinct.tolist() if label not in index_of]
    if unseen:
        raise ValueError(
            f"{name} contains labels that are not in {classes_name}: {unseen}. "
            f"The known classes are {classes.tolist()}; leave out the rows with other labels."
        )
    return np.array([index_of[label] for label in distinct.tolist()], dtype=np.intp)[index]


def check_weight(sample_weight, X):
    """Return the sample weights in double precision, or None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
    X : {ndarray, CSR} of shape (n_samples, n_features)

    Returns
    -------
    weight : ndarray of shape (n_samples,), float64, or None

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or all are zero or next to it.
    """
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    _check_total(weight, "Sample weights")
    return weight


def weights_of_classes(class_weight, weight, y, classes):
    """Return the weight of each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    weight : ndarray of shape (n_samples,) or None
        Sample weights, which "balanced" includes.
    y : ndarray of shape (n_samples,), int
        Class indices.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    class_weights : ndarray of shape (n_classes,) or None
        None for equal weights.

    Raises
    ------
    ValueError
        If a class weight is negative or not finite.
    """
    if class_weight is None:
        return None
    class_weights = np.ones(len(classes))
    if isinstance(class_weight, str):
        # Classes without any weight have no balanced class weight, and need none.
        counts = np.ones(len(y), bool) if weight is None else weight > 0
        present = np.unique(y[counts])
        class_weights[present] = compute_class_weight(
            class_weight,
            classes=present,
            y=y[counts],
            sample_weight=None if weight is None else weight[counts],
        )
    else:
        class_weights = compute_class_weight(class_weight, classes=classes, y=classes[y])
    if not np.all((class_weights >= 0) & np.isfinite(class_weights)):
        raise ValueError(
            "class_weight must be finite and not negative; the classes "
            f"{classes.tolist()} have the weights {class_weights.tolist()}."
        )
    return class_weights


def weights_of_rows(weight, class_weights, y):
    """Return the product of the sample weights and those of the classes.

    Parameters
    ----------
    weight : ndarray of shape (n_samples,) or None
    class_weights : ndarray of shape (n_classes,) or None
    y : ndarray of shape (n_samples,), int
        Class indices.

    Returns
    -------
    weight : ndarray of shape (n_samples,), float64, or None
        None for equal weights.

    Raises
    ------
    ValueError
        If all are zero or next to it, or their sum is not finite.
    """
    if class_weights is None:
        return weight
    with np.errstate(over="ignore"):
        weight = class_weights[y] if weight is None else weight * class_weights[y]
    _check_total(weight, "Sample weights times class_weight")
    return weight


def _check_total(weight, name):
    """Check that weights have a sum above 0 that is finite."""
    if not np.any(weight):
        raise ValueError(f"{name} must contain at least one non-zero number; all are zero.")
    with np.errstate(over="ignore"):
        total = np.sum(weight)
    if not np.isfinite(total):
        raise ValueError(f"{name} must have a finite sum, got {total}: divide them by a constant.")
    if total / len(weight) < np.finfo(np.float64).tiny:
        raise ValueError(
            f"{name} are too small to be relative to their mean, {total / len(weight)}: multiply "
            "them by a constant."
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
    X_val = estimator._check_X(X_val)
    y_val = column_or_1d(y_val, warn=True)
    check_consistent_length(X_val, y_val)
    assert_all_finite(y_val, input_name="y_val")
    y_val = encode(y_val, estimator.classes_, name="y_val", classes_name="y")
    weight = weights_of_rows(check_weight(sample_weight_val, X_val), class_weights, y_val)
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
