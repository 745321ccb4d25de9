"""The data sets of the table, each as it is and, where that differs, scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn import datasets as bundled
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks import datasets
from benchmarks.speed.defaults import made

MNIST_ROWS = 5_000
_BUNDLED = {
    "iris": bundled.load_iris,
    "wine": bundled.load_wine,
    "breast-cancer": bundled.load_breast_cancer,
    "digits": bundled.load_digits,
}
# Made data sets that standardising changes little have no scaled version.
_MADE = {
    "collinear": made.collinear,
    "imbalanced": made.imbalanced,
    "label-noise": made.label_noise,
    "ten-rows": made.ten_rows,
    "many-rows": made.many_rows,
    "wide": made.wide,
    "circles": made.circles,
    "moons": made.moons,
}
_MADE_AND_SCALED = {
    "badly-scaled": made.badly_scaled,
    "constant-columns": made.constant_columns,
    "heavy-tailed": made.heavy_tailed,
    "counts": made.counts,
}


@dataclass(frozen=True)
class Problem:
    """A data set, and what scales it.

    Parameters
    ----------
    raw_name : str
        Name of the data set without scaling.
    load : callable
        Returns X and y, and raises :class:`FileNotFoundError` where there is no file.
    suffix : str, default=""
        Follows the name where the data are scaled.
    scaler : transformer or None, default=None
        Fitted on the training rows; None for data as they are.
    """

    raw_name: str
    load: Callable
    suffix: str = ""
    scaler: object = None

    @property
    def name(self):
        """Name with the suffix of what scales the data."""
        return self.raw_name + self.suffix


def all_problems(data_home=None):
    """The data sets by name; none of them is loaded yet.

    Parameters
    ----------
    data_home : path-like, default=None
        Directory of ``mnist.npz``, as for :func:`benchmarks.datasets.load`.

    Returns
    -------
    problems : dict of str to Problem
    """
    loaders = {name: partial(load, return_X_y=True) for name, load in _BUNDLED.items()}
    problems = [
        *_raw_and_scaled(loaders | _MADE_AND_SCALED, "-std", StandardScaler()),
        *(Problem(name, load) for name, load in _MADE.items()),
        *_raw_and_scaled({"text": made.text}, "-tfidf", TfidfTransformer()),
        *_raw_and_scaled({"mnist": partial(_mnist, data_home)}, "-unit", _by_255()),
    ]
    return {problem.name: problem for problem in problems}


def _raw_and_scaled(loaders, suffix, scaler):
    """Two problems of every data set."""
    for name, load in loaders.items():
        yield Problem(name, load)
        yield Problem(name, load, suffix, scaler)


def _mnist(data_home):
    """The first images of MNIST with pixels from 0 to 255, where its file is there."""
    path = datasets.file_of("mnist", data_home)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path.name}; --data-home names its directory")
    images = datasets.load("mnist", data_home)
    return np.rint(255 * images.X[:MNIST_ROWS]), images.y[:MNIST_ROWS]


def _by_255():
    """Pixels from 0 to 1."""
    return FunctionTransformer(partial(np.multiply, np.float32(1 / 255)))
