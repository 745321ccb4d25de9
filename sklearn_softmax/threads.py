"""Two threads of our own, each with a BLAS that keeps to one.

Two halves of a large batch go through everything side by side: gathering, products, loss.
That is faster than products on two threads with all the rest on one.
"""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache
from threading import Lock

from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils.parallel import _get_threadpool_controller


def side_by_side(here, there):
    """Call two functions at once, the second in a helper thread.

    Where only one thread may be used, they are called one after the other.

    Parameters
    ----------
    here, there : callable
        Without arguments; must not touch the same data.

    Returns
    -------
    results : tuple
        What the two returned.

    Examples
    --------
    >>> from sklearn_softmax.threads import side_by_side
    >>> side_by_side(lambda: 1, lambda: 2)
    (1, 2)
    """
    if _openmp_effective_n_threads() == 1:
        return one_after_the_other(here, there)
    # In a copy of the context, so that np.errstate holds there too.
    other = _helper(os.getpid()).submit(copy_context().run, there)
    try:
        own = here()
    finally:
        wait([other])
    return own, other.result()


def one_after_the_other(here, there):
    """Call two functions in this thread.

    Parameters
    ----------
    here, there : callable
        Without arguments.

    Returns
    -------
    results : tuple
        What the two returned.

    Examples
    --------
    >>> from sklearn_softmax.threads import one_after_the_other
    >>> one_after_the_other(lambda: 1, lambda: 2)
    (1, 2)
    """
    return here(), there()


@lru_cache(maxsize=1)
def _helper(process):
    """The helper of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(max_workers=1)


class _OneBlasThread:
    """Limits the BLAS from the first fit that enters to the last that leaves."""

    def __init__(self):
        self.lock = Lock()
        self.n_inside = 0
        self.limit = None

    def enter(self):
        with self.lock:
            if self.n_inside == 0:
                self.limit = _get_threadpool_controller().limit(limits=1, user_api="blas")
            self.n_inside += 1

    def leave(self):
        with self.lock:
            self.n_inside -= 1
            if self.n_inside == 0:
                self.limit.restore_original_limits()


_one_blas_thread = _OneBlasThread()


@contextmanager
def one_blas_thread():
    """Have the BLAS compute on the thread that calls it, as long as the block runs.

    Examples
    --------
    >>> from sklearn_softmax.threads import one_blas_thread
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
    {1}
    """
    _one_blas_thread.enter()
    try:
        yield
    finally:
        _one_blas_thread.leave()
