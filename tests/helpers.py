"""What several test files need."""

from functools import cache
from itertools import product

import numpy as np
from scipy import sparse
from sklearn.utils.fixes import parse_version
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_softmax.rows import Rows


def random_params(network, rng, dtype=np.float64, stack=(), scale=0.5):
    """Parameters that are all different from zero."""
    shapes = network.shapes()
    return [(scale * rng.standard_normal((*stack, *shape))).astype(dtype) for shape in shapes]


def random_rows(rng, n=12, n_features=5, n_classes=3, weighted=False, sparse_X=False):
    """Rows in which every class occurs."""
    X = rng.standard_normal((n, n_features))
    y = rng.permutation(np.arange(n) % n_classes)
    weight = None
    if weighted:
        weight = rng.uniform(0, 2, n)
        weight *= n / weight.sum()
    return Rows(sparse.csr_array(X) if sparse_X else X, y, weight)


def value_and_gradient(objective, params, rows):
    """Full objective and gradient of all rows as one batch."""
    shares = rows.shares(len(rows))
    losses, _, gradient = objective.gradient(params, rows.X, rows.y, shares)
    objective.add_penalty_gradient(objective.network.weights(params), gradient)
    weight = 1 if rows.weight is None else rows.weight
    return np.mean(losses * weight, axis=-1) + objective.penalty(params), gradient


@cache
def blas_keeps_its_bits():
    """Whether products of the BLAS, on this processor, have the same bits for any threads.

    What :mod:`sklearn_softmax.products` leaves to the BLAS: sums of a multiple of 256 terms, a
    multiple of 8 columns.
    """
    versions = [lib["version"] for lib in threadpool_info() if lib["internal_api"] == "openblas"]
    if any(parse_version(version) < parse_version("0.3.30") for version in versions):
        return False
    A, B = np.random.RandomState(0).standard_normal((2, 768, 768))
    for dtype, n, m in product((np.float32, np.float64), (4, 10, 64), (256, 768)):
        products = []
        for n_threads in (1, 2):
            with threadpool_limits(n_threads):
                products.append(A[:n].astype(dtype) @ B[:, :m].astype(dtype))
        if not np.array_equal(*products):
            return False
    return True


def equal_for_any_threads(actual, desired):
    """The same bits where the BLAS keeps them, else equal up to rounding."""
    if blas_keeps_its_bits():
        np.testing.assert_array_equal(actual, desired)
    precision = 1e4 * np.finfo(desired.dtype).eps
    np.testing.assert_allclose(actual, desired, rtol=precision, atol=precision)
