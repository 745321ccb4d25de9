"""Image data sets as float32 pixels in [0, 1], read from a file or fetched once.

``digits`` comes with scikit-learn. ``mnist`` and ``cifar10`` are read from
``DIR/mnist.npz`` and ``DIR/cifar10.npz``, archives in the layout of Keras: uint8 images
``x_train``, ``x_test`` and integer labels ``y_train``, ``y_test``. A file that is missing is
fetched from OpenML and kept there.
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
        Pixels in [0, 1]; the training rows first, then the test rows, each in their
        official order.
    y : ndarray of shape (n_samples,), int64
        Class labels.
    image_shape : tuple of int
        Shape of the image that a row holds: (height, width) or (height, width, 3).
    n_train : int or None
        Number of training rows; None where there is no official split.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    image_shape: tuple
    n_train: int | None


@dataclass(frozen=True)
class _Source:
    """A data set on OpenML, and the shape of its images."""

    openml_name: str
    image_shape: tuple
    n_train: int

    def images(self, X):
        """Images from the rows of OpenML, which hold colours as planes one after another."""
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
_ELSEWHERE = (
    "--data-home (data_home) or the environment variable SKLEARN_SOFTMAX_DATA can name another "
    "directory."
)


def load(name, data_home=None):
    """Load a data set, fetching it from OpenML where there is no file of it yet.

    Parameters
    ----------
    name : {"digits", "mnist", "cifar10"}
    data_home : path-like, default=None
        Directory of ``mnist.npz`` and ``cifar10.npz``. None for the one that the
        environment variable ``SKLEARN_SOFTMAX_DATA`` names, else scikit-learn's
        :func:`~sklearn.datasets.get_data_home`.

    Returns
    -------
    dataset : Dataset

    Raises
    ------
    FileNotFoundError
        If there is no file, and it cannot be fetched or its directory cannot be written to.
    ValueError
        If the name is not known, or the file is damaged or a directory.

    Examples
    --------
    >>> from benchmarks.datasets import load
    >>> digits = load("digits")
    >>> digits.X.shape, digits.X.dtype, digits.image_shape
    ((1797, 64), dtype('float32'), (8, 8))
    """
    if name not in NAMES:
        raise ValueError(f"Unknown data set {name!r}; known are {', '.join(NAMES)}.")
    if name == "digits":
        return _digits()
    source, path = _SOURCES[name], file_of(name, data_home)
    if not path.exists():
        _save(path, _fetch(source, path))
    x_train, y_train, x_test, y_test = _read(path, source)
    pixels = np.concatenate([x_train, x_test])
    return Dataset(
        name,
        # Straight to float32: float64 on the way would take twice the memory.
        X=np.divide(pixels.reshape(len(pixels), -1), 255, dtype=np.float32),
        y=np.concatenate([y_train, y_test], dtype=np.int64),
        image_shape=source.image_shape,
        n_train=len(x_train),
    )


def file_of(name, data_home=None):
    """File that a data set is read from, whether it is there or not.

    Parameters
    ----------
    name : {"mnist", "cifar10"}
    data_home : path-like, default=None
        As for :func:`load`.

    Returns
    -------
    path : Path
    """
    chosen = data_home or os.environ.get("SKLEARN_SOFTMAX_DATA") or get_data_home()
    return Path(chosen).expanduser() / f"{name}.npz"


def _digits():
    X, y = load_digits(return_X_y=True)
    return Dataset("digits", (X / 16).astype(np.float32), y.astype(np.int64), (8, 8), None)


def _fetch(source, path):
    """Return arrays in the layout of Keras from OpenML."""
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
            f"There is no file {path}, and fetching {source.openml_name} from OpenML failed "
            f"({error}). Put the file there: {_layout(source)}. {_ELSEWHERE}"
        ) from error
    images, labels, n = source.images(X), y.astype(np.uint8), source.n_train
    return dict(zip(_ARRAYS, (images[:n], labels[:n], images[n:], labels[n:])))


def _save(path, arrays):
    """Write the archive in one step, so that a broken-off run leaves no half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}-{os.getpid()}.npz")
    try:
        np.savez_compressed(temporary, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _read(path, source):
    """Return the arrays of the file, checked."""
    try:
        with open(path, "rb") as file:
            return _checked(_unpacked(file), source)
    except Exception as error:  # damaged bytes make np.load raise nearly anything
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"{path} cannot be used: {reason}. It must be {_layout(source)}. Replace it, or "
            f"delete it to have it fetched from OpenML again. {_ELSEWHERE}"
        ) from error


def _unpacked(file):
    if not is_zipfile(file):  # np.load would take it for a pickle, and advise to trust it
        raise ValueError("it is not a zip archive, or only the beginning of one")
    file.seek(0)
    with np.load(file) as archive:
        return dict(archive)


def _checked(arrays, source):
    """The arrays, with labels as vectors; Keras has columns for some data sets."""
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
    return _LAYOUT.format(shape=", ".join(map(str, ("n", *source.image_shape))))
