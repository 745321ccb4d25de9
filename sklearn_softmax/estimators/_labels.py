"""Checks of labels and of the classes of ``partial_fit``."""

import reprlib
from numbers import Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import assert_all_finite, column_or_1d

from sklearn_softmax.estimators._arrays import add_name_to_errors, convert_to_numpy

# Labels of one array are all bools, all numbers, all text or all dates.
KINDS = (bool, np.bool_), Real, str, np.datetime64


def check_labels(labels, name):
    """Return labels as an array with the dtype of its elements.

    Parameters
    ----------
    labels : array-like of shape (n_labels,) or (n_labels, 1)
    name : str
        Name of the labels in an error.

    Returns
    -------
    labels : ndarray of shape (n_labels,)
        Of bools, whole numbers, dates or text.

    Raises
    ------
    ValueError
        If the labels are not one-dimensional, are missing, are of different types, or are numbers
        with fractions.
    """
    if labels is None:
        raise ValueError(
            f"This classifier requires {name} to be passed, but the target {name} is None."
        )
    labels = convert_to_numpy(labels, name)
    # NumPy would convert a list of numbers and text to text, and a sparse matrix to a scalar.
    dtype = object if isinstance(labels, list | tuple) else None
    array = labels if issparse(labels) else np.asarray(labels, dtype=dtype)
    if array.ndim == 0:
        raise ValueError(
            f"{name} should be a 1d array of labels, such as np.arange(10), got "
            f"{reprlib.repr(labels)}."
        )
    if array.ndim != 1 and array.shape[1:] != (1,):
        raise ValueError(
            f"{name} should be a 1d array, got an array of shape {array.shape} instead. Pass one "
            f"label per row: for one-hot rows, {name}.argmax(axis=1); several labels per row need "
            "sklearn.multioutput.MultiOutputClassifier."
        )
    with add_name_to_errors(name):
        labels = column_or_1d(array, warn=True)
    if labels.dtype.kind not in "biufUmM":
        labels = _convert_to_common_type(labels, name)
    if np.any(labels != labels):
        raise ValueError(f"Input {name} contains NaN or NaT: leave out the rows without a label.")
    assert_all_finite(labels, input_name=name)
    if labels.dtype.kind == "f" and np.any(labels != np.floor(labels)):
        fraction = labels[labels != np.floor(labels)][0]
        raise ValueError(
            f"Unknown label type: continuous. {name} contains numbers with fractions, such as "
            f"{fraction}, as the target of a regression: use a regressor, or convert them to "
            "classes, for instance with pandas.cut."
        )
    return labels


def set_classes(estimator, classes):
    """Set ``classes_`` in the first call of ``partial_fit``, and check the classes of later ones.

    Parameters
    ----------
    estimator : estimator of this package
    classes : array-like of shape (n_classes,) or None

    Raises
    ------
    ValueError
        If the classes are missing in the first call, are not valid, or differ from those of
        earlier calls.
    """
    classes = None if classes is None else check_labels(classes, "classes")
    _check_partial_fit_first_call(estimator, classes)


def encode(labels, classes, *, name, classes_name):
    """Return the class index of each label.

    Parameters
    ----------
    labels : array-like of shape (n_samples,)
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
        If the labels are not valid, or if a label is not among the classes.
    """
    labels, index = np.unique(check_labels(labels, name), return_inverse=True)
    # Keys compare as in Python: 1 equals 1.0 but not "1", whatever the dtypes.
    class_indices = {label: i for i, label in enumerate(classes.tolist())}
    unseen = [label for label in labels.tolist() if label not in class_indices]
    if unseen:
        raise ValueError(
            f"{name} contains labels that are not in {classes_name}: {unseen}. "
            f"The classes are {classes.tolist()}; leave out the rows with other labels."
        )
    return np.array([class_indices[label] for label in labels.tolist()], dtype=np.intp)[index]


def _convert_to_common_type(labels, name):
    """Return labels in the dtype of their common type, or raise an error if they have none."""
    values = labels.tolist()
    types = {type(value) for value in values}
    kinds = {next((kind for kind in KINDS if issubclass(t, kind)), t) for t in types}
    if len(kinds) <= 1 and kinds <= set(KINDS):
        array = np.array(values)
        if array.dtype.kind in "biufUmM":
            return array
    problem = "has labels" if len(kinds) <= 1 else "mixes labels that cannot be compared,"
    names = " and ".join(sorted(t.__name__ for t in types))
    raise ValueError(
        f"{name} {problem} of type {names}, in an array of dtype {labels.dtype}. Labels must be "
        "all bools, all numbers, all text or all datetime64: leave out the rows without a label, "
        f"and convert the others, for instance by {name}.astype(str)."
    )
