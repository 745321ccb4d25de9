"""Image data sets as float32 pixels in [0, 1], read from a file or downloaded once.

``digits`` is part of scikit-learn. ``mnist`` and ``cifar10`` are read from
``DIR/mnist.npz`` and ``DIR/cifar10.npz``, archives in the layout of Keras: uint8 images
``x_train``, ``x_test`` and integer labels ``y_train``, ``y_test``. A missing file is
downloaded from OpenML and stored there.
"""

import os
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from zipfile import is_zipfile

import numpy as np
from sklearn.datasets import fetch_openml, get_data_home, load_digits

from benchmarks import _files


@dataclass(frozen=True)
class Dataset:
    """Images as rows of pixels.

    Parameters
    ----------
    name : str
    X : ndarray of shape (n_samples, n_features), float32
        Pixels in [0, 1]; training rows before test rows, each in their official order.
    y : ndarray of shape (n_samples,), int64
        Class labels.
    image_shape : tuple of int
        Shape of the image in a row: (height, width) or (height, width, 3).
    n_train : int or None
        Number of training rows; None without an official split.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    image_shape: tuple
    n_train: int | None


@dataclass(frozen=True)
class _Source:
    """A data set on OpenML and the shape of its images."""

    openml_name: str
    image_shape: tuple
    n_train: int

    def images(self, X):
        """Return images from the rows of OpenML, in which each colour is a block."""
        height, width, *colours = self.image_shape
        planes = X.astype(np.uint8).reshape(len(X), *colours, height, width)
        return np.moveaxis(planes, 1, -1) if colours else planes


_SOURCES = {
    "mnist": _Source("mnist_784", (28, 28), 60_000),
    "cifar10": _Source("CIFAR_10", (32, 32, 3), 50_000),
}
NAMES = ("digits", *_SOURCES)
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_LAYOUT = (
    "an npz archive in the layout of Keras: x_train of shape ({shape}) and dtype uint8, y_train "
    "of shape (n,) with the labels 0 to 9, and x_test, y_test likewise"
)
_OTHER_DIRECTORY = (
    "--data-home (data_home) or the environment variable SKLEARN_SOFTMAX_DATA can name another "
    "directory."
)


def load(name, data_home=None):
    """Load a data set, and download it from OpenML if it has no file.

    Parameters
    ----------
    name : {"digits", "mnist", "cifar10"}
    data_home : path-like, default=None
        Directory of ``mnist.npz`` and ``cifar10.npz``. None for the environment variable
        ``SKLEARN_SOFTMAX_DATA`` or scikit-learn's :func:`~sklearn.datasets.get_data_home`.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    FileNotFoundError
        If there is no file, and it cannot be downloaded or its directory is not writable.
    ValueError
        If the name is unknown, or the file is damaged or a directory.

    Examples
    --------
    >>> from benchmarks.datasets import load
    >>> digits = load("digits")
    >>> digits.X.shape, digits.X.dtype, digits.image_shape
    ((1797, 64), dtype('float32'), (8, 8))
    """
    if name not in NAMES:
        raise ValueError(f"Unknown data set {name!r}: it must be one of {', '.join(NAMES)}.")
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return Dataset("digits", (X / 16).astype(np.float32), y.astype(np.int64), (8, 8), None)
    source, path = _SOURCES[name], file_of(name, data_home)
    if not path.exists():
        _save(path, _fetch(source, path))
    x_train, y_train, x_test, y_test = _read(path, source)
    pixels = np.concatenate([x_train, x_test])
    return Dataset(
        name,
        # Directly in float32: float64 would need twice the memory.
        X=np.divide(pixels.reshape(len(pixels), -1), 255, dtype=np.float32),
        y=np.concatenate([y_train, y_test], dtype=np.int64),
        image_shape=source.image_shape,
        n_train=len(x_train),
    )


def file_of(name, data_home=None):
    """Return the path of the file of a data set, which need not exist.

    Parameters
    ----------
    name : {"mnist", "cifar10"}
    data_home : path-like, default=None
        As for :func:`load`.

    Returns
    -------
    path : Path
    """
    directory = data_home or os.environ.get("SKLEARN_SOFTMAX_DATA") or get_data_home()
    return Path(directory).expanduser() / f"{name}.npz"


def _fetch(source, path):
    """Return arrays from OpenML in the layout of Keras."""
    try:
        _files.check_directory(path.parent)
        X, y = fetch_openml(
            source.openml_name,
            version=1,
            data_home=path.parent,
            return_X_y=True,
            as_frame=False,
            parser="liac-arff",  # slower than pandas, but the same with and without it
        )
    except (OSError, HTTPException, ValueError) as error:
        raise FileNotFoundError(
            f"There is no file {path}, and downloading {source.openml_name} from OpenML failed "
            f"({error}). Put the file there: {_layout(source)}. {_OTHER_DIRECTORY}"
        ) from error
    images, labels, n = source.images(X), y.astype(np.uint8), source.n_train
    return dict(zip(_ARRAYS, (images[:n], labels[:n], images[n:], labels[n:])))


def _save(path, arrays):
    """Write the archive completely or not at all."""
    with _files.staged(path.parent) as staging:
        np.savez_compressed(staging / path.name, **arrays)


def _read(path, source):
    """Return the valid arrays of a file."""
    try:
        with open(path, "rb") as file:
            return _valid(_unpack(file), source)
    except Exception as error:  # np.load raises errors of many kinds for damaged bytes
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{path} cannot be used: {reason}. It must be {_layout(source)}. Replace it, or "
            f"delete it to download it from OpenML again. {_OTHER_DIRECTORY}"
        ) from error


def _unpack(file):
    """Return the arrays of an archive."""
    if not is_zipfile(file):  # np.load would regard it as a pickle and advise to trust it
        raise ValueError("it is not a complete zip archive")
    file.seek(0)
    with np.load(file) as archive:
        return dict(archive)


def _valid(arrays, source):
    """Return the arrays if they are valid, with labels as vectors; in Keras some are columns."""
    missing = [name for name in _ARRAYS if name not in arrays]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    x_train, y_train, x_test, y_test = (arrays[name] for name in _ARRAYS)
    for part, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if x.dtype != np.uint8 or x.shape[1:] != source.image_shape or not len(x):
            raise ValueError(f"x_{part} has the shape {x.shape} and the dtype {x.dtype}")
        if y.dtype.kind not in "iu" or y.shape not in ((y.size,), (y.size, 1)):
            raise ValueError(f"y_{part} has the shape {y.shape} and the dtype {y.dtype}")
        if len(x) != len(y):
            raise ValueError(f"x_{part} has {len(x)} rows, but y_{part} has {len(y)}")
        if y.min() < 0 or y.max() > 9:
            raise ValueError(f"y_{part} has labels from {y.min()} to {y.max()}")
    return x_train, y_train.ravel(), x_test, y_test.ravel()


def _layout(source):
    """Return a description of the layout of a data set."""
    return _LAYOUT.format(shape=", ".join(map(str, ("n", *source.image_shape))))
