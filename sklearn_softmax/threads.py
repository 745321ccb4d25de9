"""A few threads of our own, for parts of large batches and of large layers.

They go through everything side by side, gathering, products, loss and optimiser, each with a BLAS
that keeps to one thread: that is faster than products on several with all the rest on one.
"""

import os
import sys
from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread

from sklearn.utils._openmp_helpers import _openmp_effective_n_threads

MOST_THREADS = 4


def n_threads():
    """Number of threads that OpenMP may use here, up to ``MOST_THREADS``.

    Returns
    -------
    n_threads : int
    """
    return min(MOST_THREADS, _openmp_effective_n_threads())


class _Outcome:
    """What a function that is called elsewhere comes to."""

    def __init__(self, function):
        self.function = function
        self.value = self.error = None
        self.is_done = Lock()
        self.is_done.acquire()

    def find(self):
        """Call the function, in the thread that this is called from."""
        try:
            self.value = self.function()
        except BaseException as error:
            self.error = error
        finally:
            self.function = None
            self.is_done.release()

    def wait(self):
        """Return when the function has ended."""
        with self.is_done:
            pass

    def result(self):
        """What the function returned, or the error that it raised, once it has ended."""
        self.wait()
        try:
            if self.error is not None:
                raise self.error
            return self.value
        finally:
            self = None  # no cycle with the error's traceback


class _Helper:
    """A thread that calls functions.

    Helpers of an executor take longer to reach: steps of large nets, which last a millisecond or
    less, took up to 8 % longer with them.
    """

    def __init__(self):
        self.outcomes = SimpleQueue()
        self.last = None
        Thread(target=self._work, daemon=True).start()

    def call(self, function):
        """Have a function called after those before it.

        Parameters
        ----------
        function : callable
            Without arguments. It is called in a copy of the caller's context, so that
            ``np.errstate`` holds there too.

        Returns
        -------
        outcome : _Outcome
        """
        context = copy_context()
        self.last = _Outcome(lambda: context.run(function))
        self.outcomes.put(self.last)
        return self.last

    def is_idle(self):
        """Whether all is done that it was given."""
        return self.last is None or not self.last.is_done.locked()

    def _work(self):
        while True:
            self.outcomes.get().find()


class _Pool:
    """The helpers of a process, each started when it is wanted first."""

    def __init__(self):
        self.start_afresh()

    def start_afresh(self):
        """In a forked process: its helpers are not there."""
        self.lock = Lock()
        self.idle = deque()
        self.n_started = 0

    def hire(self, n_helpers):
        """At most so many helpers that are idle, none if the interpreter is shutting down."""
        helpers = []
        with self.lock:
            while len(helpers) < n_helpers and not sys.is_finalizing():
                if not self.idle and not self._start():
                    break
                helpers.append(self.idle.pop())
        return helpers

    def _start(self):
        if self.n_started == MOST_THREADS - 1:
            return False
        try:
            self.idle.append(_Helper())
        except RuntimeError:  # the interpreter is shutting down, or there are too many threads
            return False
        self.n_started += 1
        return True

    def dismiss(self, helpers):
        """Take helpers back, and return when they have done what they were given."""
        busy = [helper for helper in helpers if not helper.is_idle()]
        for helper in helpers:
            if helper not in busy:
                helper.last = None
                self.idle.append(helper)
        # An interrupt while we wait must not lose them: they come back by themselves.
        for outcome in [helper.call(partial(self.idle.append, helper)) for helper in busy]:
            outcome.wait()


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.start_afresh)


@contextmanager
def hired_helpers(n_helpers):
    """Helper threads to call functions in; what they were given is done when the block ends.

    Parameters
    ----------
    n_helpers : int
        As many as are wanted.

    Yields
    ------
    helpers : list of _Helper
        As many as are to be had; possibly none.

    Examples
    --------
    >>> from sklearn_softmax.threads import hired_helpers
    >>> with hired_helpers(1) as helpers:
    ...     outcomes = [helper.call(lambda: 2) for helper in helpers]
    ...     [outcome.result() for outcome in outcomes]
    [2]
    """
    helpers = _pool.hire(n_helpers)
    try:
        yield helpers
    finally:
        _pool.dismiss(helpers)


def side_by_side(here, there):
    """Call two functions at once, the second in a helper thread.

    Where no helper is to be had, they are called one after the other.

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
    with hired_helpers(1) as helpers:
        if not helpers:
            return one_after_the_other(here, there)
        outcome = helpers[0].call(there)
        return here(), outcome.result()


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
