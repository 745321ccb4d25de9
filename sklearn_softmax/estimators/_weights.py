"""Weights of rows and of classes."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import _num_samples

from sklearn_softmax.estimators._arrays import add_name_to_errors, convert_to_numpy


def check_weight(sample_weight, X, name="sample_weight"):
    """Return the sample weights in double precision, or None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), float or None
    X : array-like of shape (n_samples, n_features)
    name : str, default="sample_weight"
        Name of the weights in an error.

    Returns
    -------
    weight : ndarray of shape (n_samples,), float64, or None

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or all are zero or almost zero.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, str | dict):
        raise ValueError(
            f"{name} must contain one number per row, got {sample_weight!r}. For weights of "
            f"classes, set the parameter class_weight={sample_weight!r} of the estimator."
        )
    with add_name_to_errors(name):
        weight = check_array(
            convert_to_numpy(sample_weight, name),
            dtype=np.float64,
            ensure_2d=False,
            allow_nd=True,
            ensure_min_samples=0,
            ensure_non_negative=True,
            input_name=name,
        )
    n_samples = _num_samples(X)
    weight = np.full(n_samples, weight) if weight.ndim == 0 else weight
    if weight.shape != (n_samples,):
        raise ValueError(
            f"{name}.shape == {weight.shape}, expected {(n_samples,)}: one weight per row."
        )
    _check_total(weight, name)
    return weight


def compute_class_weights(class_weight, weight, y, classes):
    """Return the weight of each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        The keys of a dict are labels. As in scikit-learn, other keys are allowed only if all
        classes have a weight: a class may be missing in the training rows of a fold.
    weight : ndarray of shape (n_samples,) or None
        Sample weights, which "balanced" takes into account.
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
        If a class weight is negative or not finite, or if a key is not a label.
    """
    if class_weight is None:
        return None
    labels = classes.tolist()
    if isinstance(class_weight, str):
        # Classes of total weight 0 need no class weight.
        counts = np.ones(len(y), bool) if weight is None else weight > 0
        present = np.unique(y[counts])
        balanced = compute_class_weight(
            class_weight,
            classes=present,
            y=y[counts],
            sample_weight=None if weight is None else weight[counts],
        )
        class_weight = dict(zip(classes[present].tolist(), balanced))
    unknown = [key for key in class_weight if key not in labels]
    if unknown and not class_weight.keys() >= set(labels):
        raise ValueError(
            f"class_weight has keys that are not labels: {unknown}. The labels are {labels}; a key "
            "and its label must be equal, both numbers or both text."
        )
    class_weights = [class_weight.get(label, 1.0) for label in labels]
    if not all(isinstance(value, Real) and 0 <= value < np.inf for value in class_weights):
        raise ValueError(
            f"class_weight must be finite and not negative; the classes {labels} have the weights "
            f"{class_weights}."
        )
    return np.array(class_weights, np.float64)


def compute_row_weights(weight, class_weights, y, name="sample_weight"):
    """Return the product of the sample weights and the class weights.

    Parameters
    ----------
    weight : ndarray of shape (n_samples,) or None
    class_weights : ndarray of shape (n_classes,) or None
    y : ndarray of shape (n_samples,), int
        Class indices.
    name : str, default="sample_weight"
        Name of the sample weights in an error.

    Returns
    -------
    weight : ndarray of shape (n_samples,), float64, or None
        None for equal weights.

    Raises
    ------
    ValueError
        If all are zero or almost zero, or their sum is not finite.
    """
    if class_weights is None:
        return weight
    with np.errstate(over="ignore"):
        weight = class_weights[y] if weight is None else weight * class_weights[y]
    _check_total(weight, f"{name} times class_weight")
    return weight


def _check_total(weight, name):
    """Check that the sum of weights is finite and not too small."""
    if not np.any(weight):
        raise ValueError(f"{name} must contain at least one non-zero number, but all are zero.")
    with np.errstate(over="ignore"):
        total = np.sum(weight)
    if not np.isfinite(total):
        raise ValueError(f"{name} must have a finite sum, got {total}: divide it by a constant.")
    if total / len(weight) < np.finfo(np.float64).tiny:
        raise ValueError(
            f"{name} is too small, with a mean of {total / len(weight)}: multiply it by a constant."
        )
