"""The data sets of the table, raw and scaled."""

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
# Data sets without a scaled version, because standardising changes them little.
_MADE = {
    "collinear": made.collinear,
    "imbalanced": made.imbalanced,
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
    "label-noise": made.label_noise,
    "far-moons": made.far_moons,
    "counts": made.counts,
    "blobs": made.blobs,
}


@dataclass(frozen=True)
class Problem:
    """A data set and its scaler.

    Parameters
    ----------
    raw_name : str
        Name of the data set without scaling.
    load : callable
        Returns X and y; raises :class:`FileNotFoundError` if a file is missing.
    suffix : str, default=""
        Suffix of the name if the data are scaled.
    scaler : transformer or None, default=None
        Fitted on the training rows; None for raw data.
    """

    raw_name: str
    load: Callable
    suffix: str = ""
    scaler: object = None

    @property
    def name(self):
        """Return the name with the suffix of the scaler."""
        return self.raw_name + self.suffix


def all_problems(data_home=None):
    """Return the data sets by name without loading them.

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
    """Yield two problems per data set."""
    for name, load in loaders.items():
        yield Problem(name, load)
        yield Problem(name, load, suffix, scaler)


def _mnist(data_home):
    """Return the first images of MNIST with pixels from 0 to 255."""
    path = datasets.file_of("mnist", data_home)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path.name}; --data-home names its directory")
    images = datasets.load("mnist", data_home)
    return np.rint(255 * images.X[:MNIST_ROWS]), images.y[:MNIST_ROWS]


def _by_255():
    """Return a scaler of pixels to the range from 0 to 1."""
    return FunctionTransformer(partial(np.multiply, np.float32(1 / 255)))
