"""Training and test rows of the original reports."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split


class MissingRowsError(ValueError):
    """Raised if a data set has too few rows for a report."""


def check_rows(dataset, labels, *, classes=range(10), per_class=1, total=0):
    """Check that a data set has enough rows for a report.

    Parameters
    ----------
    dataset : Dataset
    labels : dict of str to ndarray
        Labels of rows, by a description of these rows.
    classes : iterable of int, default=range(10)
    per_class, total : int
        Number of rows needed of each class and in all.

    Raises
    ------
    MissingRowsError
        If there are fewer rows.
    """
    for name, y in labels.items():
        counts = {label: np.count_nonzero(y == label) for label in classes}
        few = [f"{count} of class {label}" for label, count in counts.items() if count < per_class]
        if few or len(y) < total:
            raise MissingRowsError(
                f"The data set {dataset.name} lacks rows: this report needs at least "
                f"{max(total, per_class * len(counts))} among its {name}, {per_class} or more of "
                f"each of the classes {', '.join(map(str, counts))}. There are "
                f"{', '.join([str(len(y)), *few])}. Replace {dataset.name}.npz by the full data "
                "set, or name its directory with --data-home."
            )


def first_rows(dataset, *, n_train, n_test, test_size, random_state):
    """Return the first rows of the official training and test sets.

    Parameters
    ----------
    dataset : Dataset
    n_train, n_test : int
        Largest number of rows of each set.
    test_size : float
        Fraction of test rows if there is no official split: the rows are then shuffled and
        split with the same class shares.
    random_state : int
        Seed of that split.

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarray
    """
    X, y, n_official = dataset.X, dataset.y, dataset.n_train
    if n_official is None:
        return train_test_split(X, y, test_size=test_size, stratify=y, random_state=random_state)
    train, test = slice(min(n_train, n_official)), slice(n_official, n_official + n_test)
    return X[train], X[test], y[train], y[test]


def rows_text(dataset, n_train, n_test, purpose):
    """Return a description of the rows of :func:`first_rows`.

    Parameters
    ----------
    dataset : Dataset
    n_train, n_test : int
        Number of rows.
    purpose : {"test", "validate"}
        Use of the test rows.

    Returns
    -------
    text : str
    """
    if dataset.n_train is None:
        return (
            f"{n_train} images to train and {n_test} to {purpose}, shuffled and with the same "
            "class shares"
        )
    return f"the first {n_train} training images, and the first {n_test} test images to {purpose}"


@dataclass(frozen=True)
class Parts:
    """Rows to train, to validate and to test.

    Parameters
    ----------
    X_train, X_val, X_test : ndarray of shape (n_samples, n_features)
    y_train, y_val, y_test : ndarray of shape (n_samples,)
    is_official : bool
        Whether training and test rows are those of an official split.
    """

    X_train: np.ndarray
    X_val: np.ndarray
    X_test: np.ndarray
    y_train: np.ndarray
    y_val: np.ndarray
    y_test: np.ndarray
    is_official: bool

    @property
    def to_fit(self):
        """Training and validation rows, for :func:`benchmarks.reports._fits.fit_all`."""
        return self.X_train, self.y_train, self.X_val, self.y_val

    def __str__(self):
        n_train, n_val, n_test = map(len, (self.y_train, self.y_val, self.y_test))
        if self.is_official:
            return (
                f"the first {n_train} training images to train, the last {n_val} training images "
                f"to validate and the {n_test} test images to test"
            )
        return (
            f"{n_train} images to train, {n_val} to validate and {n_test} to test, shuffled and "
            "with the same class shares"
        )


def with_validation(dataset, *, n_val, random_state):
    """Return all rows, with the last training rows held out for validation.

    Parameters
    ----------
    dataset : Dataset
    n_val : int
        Validation rows. If there is no official split, there are as many test rows, and all are
        shuffled and split with the same class shares.
    random_state : int
        Seed of that split.

    Returns
    -------
    parts : Parts
    """
    X, y, n_official = dataset.X, dataset.y, dataset.n_train
    if n_official is None:
        split = {"test_size": n_val, "random_state": random_state}
        X, X_test, y, y_test = train_test_split(X, y, stratify=y, **split)
        X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, **split)
        return Parts(X_train, X_val, X_test, y_train, y_val, y_test, is_official=False)
    cuts = [max(0, n_official - n_val), n_official]
    return Parts(*np.split(X, cuts), *np.split(y, cuts), is_official=True)
