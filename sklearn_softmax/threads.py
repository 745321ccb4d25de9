"""Two threads of our own, each with a BLAS that keeps to one.

Two halves of a large batch go through everything side by side: gathering, products, loss.
That is faster than products on two threads with all the rest on one. Where more than two
threads may be used, the BLAS can do more with them than we could, and is left alone.
"""

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import copy_context
from functools import lru_cache
from threading import Lock

from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils.parallel import _get_threadpool_controller


def has_two_threads():
    """Whether exactly two threads may be used here."""
    return _openmp_effective_n_threads() == 2


def side_by_side(here, there):
    """Call two functions at once, the second in a helper thread.

    Where there is no helper to be had, they are called one after the other.

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
    if not has_two_threads():
        return one_after_the_other(here, there)
    try:
        # In a copy of the context, so that np.errstate holds there too.
        other = _helper(os.getpid()).submit(copy_context().run, there)
    except RuntimeError:  # the interpreter is shutting down
        return one_after_the_other(here, there)
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
        self.limit = None
        self.start_afresh()

    def start_afresh(self):
        """In a forked process: no fit is inside, whatever went on before."""
        if self.limit is not None:
            self.limit.restore_original_limits()
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
                self.limit = None


_one_blas_thread = _OneBlasThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_one_blas_thread.start_afresh)


@contextmanager
def one_blas_thread():
    """Have the BLAS compute on the thread that calls it, as long as the block runs.

    The limit holds for the whole process, so other threads are slowed meanwhile.

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
