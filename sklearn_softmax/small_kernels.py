"""Products in parts that suit OpenBLAS's kernels for small matrices.

A BLAS copies the factors of a product into an order of its own first. For few weights times many
rows that takes as long as the product itself. For processors with AVX-512 OpenBLAS has kernels
that do without, for small products, each of which runs on one thread. A large product may be
computed as many small ones; whether that pays was measured, and depends on how the numbers lie.
"""

from functools import cache

import numpy as np
from sklearn.utils.parallel import _get_threadpool_controller

from sklearn_softmax.blas_threads import blas_keeps_to_one

HAVE_SMALL_KERNELS = {"SkylakeX", "Cooperlake", "Sapphirerapids"}
# Multiplications, and numbers in the product, that the kernels go up to.
SMALL_KERNEL, SMALL_RESULT = 10**6, 1200
# Multiplications from which parts are worth a call of their own, and up to which one thread will
# do; a stack of few rows in all is trained in a search, whose tasks share the cores.
MIN_PRODUCT, ONE_THREAD, N_ROWS_OF_NARROW = 2**18, 2**22, 48
HEIGHT, N_COLUMNS = 32, 8
# Where parts were seen to pay, for sums of numbers that lie together and of such that lie apart.
MIN_LENGTH, CACHE_BYTES = 128, 2**21
MIN_PRODUCT_APART, MIN_COLUMNS_APART, MAX_BYTES_APART = 2**20, 16, 2**13


def suits(n, length, m):
    """Whether a product of n x length by length x m numbers is small enough as it is.

    Parameters
    ----------
    n, length, m : int

    Returns
    -------
    suits : bool
        Never where there are no such kernels, nor for products with a vector.
    """
    is_small = n * length * m <= SMALL_KERNEL and n * m <= SMALL_RESULT and min(n, m) > 1
    return is_small and _has_small_kernels()


def part_of(A, B, *, is_stack=False):
    """Shape of the parts in which a product is faster than whole.

    Parameters
    ----------
    A : ndarray of shape (n, s)
    B : ndarray of shape (s, m)
    is_stack : bool, default=False
        Whether the rows of A are those of several models.

    Returns
    -------
    shape : tuple of int or None
        Height and width of a part of the product; None to leave it whole.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.small_kernels import part_of
    >>> part_of(np.ones((2, 3)), np.ones((3, 4))) is None
    True
    """
    n_multiplications = A.size * B.shape[1]
    if n_multiplications <= MIN_PRODUCT:
        return None
    (n, length), m = A.shape, B.shape[1]
    if min(n, m) == 1 or suits(n, length, m) or A.dtype != B.dtype:
        return None
    will_one_thread_do = (
        n_multiplications <= ONE_THREAD
        or (is_stack and n <= N_ROWS_OF_NARROW)
        or blas_keeps_to_one()
    )
    if not (will_one_thread_do and _has_small_kernels()):
        return None
    height = n if n <= N_ROWS_OF_NARROW else HEIGHT
    width = min(SMALL_KERNEL // (height * length), SMALL_RESULT // height) // N_COLUMNS * N_COLUMNS
    terms_lie_together = B.strides[0] == B.itemsize
    pays = _pays_together(A, width) if terms_lie_together else _pays_apart(A, B, width)
    return (height, width) if pays else None


def _pays_together(A, width):
    """Sums of numbers that lie together: if they are long and A stays in the cache."""
    return width > 0 and A.shape[1] >= MIN_LENGTH and A.nbytes <= CACHE_BYTES


def _pays_apart(A, B, width):
    """Sums of numbers of B that lie apart: for a few at a time, and not from page to page."""
    return (
        width >= MIN_COLUMNS_APART
        and len(A) <= N_ROWS_OF_NARROW
        and A.size * B.shape[1] > MIN_PRODUCT_APART
        and B.shape[1] * B.itemsize < MAX_BYTES_APART
    )


@cache
def _has_small_kernels():
    """Whether NumPy's BLAS has them, or, where it cannot be told, every one that is loaded."""
    blas = _get_threadpool_controller().select(user_api="blas").info()
    of_numpy = [library for library in blas if "numpy" in library["filepath"]]
    architectures = {library.get("architecture") for library in of_numpy or blas}
    return bool(architectures) and architectures <= HAVE_SMALL_KERNELS


def in_parts(A, B, height, width):
    """Product by parts, each on one thread.

    Parameters
    ----------
    A : ndarray of shape (n, s)
    B : ndarray of shape (s, m)
    height, width : int
        Those of a part; what is left over at the edges makes smaller ones.

    Returns
    -------
    product : ndarray of shape (n, m)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.small_kernels import in_parts
    >>> in_parts(np.eye(3), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), 2, 1)
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    """
    product = np.empty((len(A), B.shape[1]), np.result_type(A, B))
    for rows in _whole_and_rest(len(A), height):
        for columns in _whole_and_rest(B.shape[1], width):
            _fill(product[rows, columns], A[rows], B[:, columns], height, width)
    return product


def _whole_and_rest(n, size):
    """What whole parts of a size take up, and what is left.

    At least two, of which one may be computed again: a vector the BLAS cuts by threads.
    """
    whole = n // size * size
    parts = slice(0, whole), slice(min(whole, n - 2), n)
    return [own for own, is_there in zip(parts, (whole > 0, whole < n)) if is_there]


def _fill(product, A, B, height, width):
    """Write a product by parts, of which a whole number fits, or else as one."""
    n, m = product.shape
    height, width = min(n, height), min(m, width)
    down, across = n // height, m // width
    np.matmul(
        A.reshape(down, 1, height, -1),
        B.reshape(-1, across, width).swapaxes(0, 1),
        out=product.reshape(down, height, across, width).swapaxes(1, 2),
    )
