"""The BLAS on one thread, while threads of our own or other processes use the rest."""

import os
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from sklearn.utils.parallel import _get_threadpool_controller


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


_keeps_to_one = ContextVar("the BLAS keeps to one thread", default=False)


@contextmanager
def one_blas_thread():
    """Have the BLAS compute on the thread that calls it, as long as the block runs.

    The limit holds for the whole process, so other threads are slowed meanwhile.

    Examples
    --------
    >>> from sklearn_softmax.blas_threads import one_blas_thread
    >>> from threadpoolctl import threadpool_info
    >>> with one_blas_thread():
    ...     {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
    {1}
    """
    _one_blas_thread.enter()
    token = _keeps_to_one.set(True)
    try:
        yield
    finally:
        _keeps_to_one.reset(token)
        _one_blas_thread.leave()


def blas_keeps_to_one():
    """Whether this is called from within :func:`one_blas_thread`.

    Other threads may have limited the BLAS too, or the user: that does not count, so that what is
    decided by it does not depend on them.
    """
    return _keeps_to_one.get()
