"""Rows, labels and weights of many kinds."""

import numpy as np
import pandas as pd
from scipy import sparse

from tests.fuzz.parameters import choice

LABELS = [
    np.array([3, 1, 7, -2, 0, 5]),
    np.arange(6, dtype=np.int8),
    np.array(["a", "bb", "", "é", "z", "0"]),
    np.array(["x", "y", "z", "u", "v", "w"], dtype=object),
    np.array([0.0, 1.0, 2.0, -1.0, 5.0, 4.0]),
    np.array([False, True]),
]
DTYPES = [np.float64, np.float64, np.float32, np.float32, np.int64, np.int8, bool, np.float16]
SCALES = [1e-300, 1e-150, 1e-30, 1e-10, 1e10, 1e19, 1e30, 1e150, 1e200, 1e300]
OFFSETS = [0, 0, 0, 0, 3, 3, 1e4, 1e8]


def draw_X(rng):
    """Return finite features in double precision."""
    n_rows, n_features = rng.integers(1, 60), rng.integers(1, 7)
    if rng.random() < 0.04:
        n_rows = rng.integers(1000, 2100)  # more than a block
    X = rng.standard_normal((n_rows, n_features)) + choice(rng, OFFSETS)
    with np.errstate(over="ignore"):
        if rng.random() < 0.25:
            X *= choice(rng, [choice(rng, SCALES), 10.0 ** rng.uniform(-300, 300, n_features)])
        if rng.random() < 0.1:
            X[rng.integers(n_rows)] *= choice(rng, SCALES)
    if rng.random() < 0.15:
        X[:, rng.integers(n_features)] = choice(rng, [0.0, 1.0, 1e10])
    if rng.random() < 0.1:
        X[:] = X[0]
    if rng.random() < 0.3:
        X[rng.random(X.shape) < choice(rng, [0.2, 0.6])] = 0
    return X.clip(-1e308, 1e308)


def draw_y(rng, X, max_classes):
    """Return labels, half of which depend on the features."""
    labels = choice(rng, LABELS)
    n_classes = min(rng.integers(1 if rng.random() < 0.1 else 2, 7), len(labels), max_classes)
    y = rng.integers(n_classes, size=len(X))
    if rng.random() < 0.5:
        edges = np.quantile(X[:, 0], np.linspace(0, 1, n_classes + 1)[1:-1])
        y = np.searchsorted(edges, X[:, 0])
    if rng.random() < 0.1:
        y[:] = 0
        y[: n_classes - 1] = np.arange(1, n_classes)[: len(y)]
    y = labels[y]
    return choice(rng, [y, y, y.tolist(), pd.Series(y)])


def corrupt_X(rng, X):
    """Return X with a NaN or infinite value, or an array that cannot be X."""
    if rng.random() < 0.2:
        return choice(rng, [X[:0], X[:, :0], X[:, 0], X[np.newaxis], X + 1j, X.astype(str) + "a"])
    X = X.copy()
    X.flat[rng.integers(X.size)] = choice(rng, [np.nan, np.inf, -np.inf])
    return X


def corrupt_y(rng, y):
    """Return labels of a wrong type or number."""
    y = np.asarray(y)
    random = rng.standard_normal(len(y))
    kinds = [
        *(y[1:], np.r_[y, y], np.column_stack([y, y]), np.full(len(y), np.nan), None, random),
        *(np.array([None, *y[1:]], object), np.array([1, "a", *y], object)[: max(2, len(y))]),
    ]
    return choice(rng, kinds)


def convert(rng, X):
    """Return X in some container and dtype, clipped to its range."""
    dtype = np.dtype(choice(rng, DTYPES))
    if dtype != np.float64:
        info = np.finfo if dtype.kind == "f" else np.iinfo
        largest = 1 if dtype.kind == "b" else info(dtype).max / 2
        X = np.where(np.isfinite(X), X.clip(-largest, largest), X if dtype.kind == "f" else 0)
    with np.errstate(under="ignore"):
        X = X.astype(dtype)
    containers = DENSE if dtype == np.float16 else DENSE + SPARSE
    return choice(rng, containers)(X)


def split_entries(X):
    """Return a CSR array that stores each entry in two parts, which add up to it."""
    X = sparse.csr_array(X)
    parts = np.outer(X.data, np.array([0.5, 0.5] if X.dtype.kind == "f" else [1, 0], X.dtype))
    indices = np.repeat(X.indices, 2)
    return sparse.csr_array((parts.ravel(), indices, 2 * X.indptr), shape=X.shape)


def draw_weight(rng, n_rows):
    """Return sample weights, some invalid, or mostly None."""
    random = rng.uniform(0, 2, n_rows)
    kinds = [
        *(np.ones(n_rows), random, random * (random > 1), np.zeros(n_rows), random * 1e-300),
        *(random * 1e300, np.full(n_rows, 1e308), np.full(n_rows, 5e-324), random - 1),
        *(np.r_[5e-324, np.zeros(n_rows - 1)], random.astype(np.float32), random.tolist(), 2.0),
        *(np.where(random > 1.9, np.nan, 1), rng.integers(0, 3, n_rows), random[1:], "balanced"),
        *(np.column_stack([random, random]), random + 1j, random.astype(str), [None] * n_rows),
    ]
    return choice(rng, kinds) if rng.random() < 0.4 else None


DENSE = [
    *(np.asarray, np.asfortranarray, np.ndarray.tolist),
    lambda X: np.repeat(X, 2, axis=0)[::2],
    lambda X: pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])]),
]
SPARSE = [
    *(split_entries, sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix),
]
