"""Training and test rows as the original reports take them."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split


class MissingRowsError(ValueError):
    """A data set lacks rows that a report needs."""


def check_rows(dataset, labels, *, classes=range(10), per_class=1, total=0):
    """Check that a data set has the rows that a report needs.

    Parameters
    ----------
    dataset : Dataset
    labels : dict of str to ndarray
        Labels of the rows, by the name of these rows.
    classes : iterable of int, default=range(10)
    per_class, total : int
        Number of rows needed of each class, and of all of them.

    Raises
    ------
    MissingRowsError
        If there are fewer.
    """
    for name, y in labels.items():
        counts = {label: np.count_nonzero(y == label) for label in classes}
        few = [f"{count} of class {label}" for label, count in counts.items() if count < per_class]
        if few or len(y) < total:
            raise MissingRowsError(
                f"The data set {dataset.name} lacks rows that this report needs: at least "
                f"{max(total, per_class * len(counts))} among its {name}, {per_class} or more of "
                f"each of the classes {', '.join(map(str, counts))}. There are "
                f"{', '.join([str(len(y)), *few])}. Replace {dataset.name}.npz by the whole data "
                "set, or name its directory by --data-home."
            )


def first_rows(dataset, *, n_train, n_test, test_size, random_state):
    """The first rows of the official training and test parts.

    Parameters
    ----------
    dataset : Dataset
    n_train, n_test : int
        Rows to take from each part, or all that there are.
    test_size : float
        Share of the test rows where there are no official parts: the rows are then
        shuffled and split with the same share of each class.
    random_state : int
        Seed of that split.

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarray
    """
    X, y, border = dataset.X, dataset.y, dataset.n_train
    if border is None:
        return train_test_split(X, y, test_size=test_size, stratify=y, random_state=random_state)
    train, test = slice(min(n_train, border)), slice(border, border + n_test)
    return X[train], X[test], y[train], y[test]


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
        """What :func:`benchmarks.reports._fits.fit_all` takes."""
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
            "with the same share of each class in all three"
        )


def with_validation(dataset, *, n_val, random_state):
    """All rows: the last training rows are held out to validate.

    Parameters
    ----------
    dataset : Dataset
    n_val : int
        Rows to validate. Where there is no official split, as many again are the test rows;
        all are then shuffled and split with the same share of each class.
    random_state : int
        Seed of that split.

    Returns
    -------
    parts : Parts
    """
    X, y, border = dataset.X, dataset.y, dataset.n_train
    if border is None:
        split = {"test_size": n_val, "random_state": random_state}
        X, X_test, y, y_test = train_test_split(X, y, stratify=y, **split)
        X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, **split)
        return Parts(X_train, X_val, X_test, y_train, y_val, y_test, is_official=False)
    cuts = [max(0, border - n_val), border]
    return Parts(*np.split(X, cuts), *np.split(y, cuts), is_official=True)
