"""A helper thread for work on large arrays that NumPy does on one."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache

from sklearn.utils._openmp_helpers import _openmp_effective_n_threads


def in_halves(work, length, worthwhile=True):
    """Call ``work`` on one half of a range and have the helper do the other.

    Parameters
    ----------
    work : callable
        ``work(part)`` with a slice; must not care about the order of the parts.
    length : int
        End of the range, which starts from 0.
    worthwhile : bool, default=True
        False does all at once: for little work the hand-over costs more than it saves.
        So it is done where only one thread may be used.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.threads import in_halves
    >>> squares = np.arange(5)
    >>> def square(part):
    ...     squares[part] **= 2
    >>> in_halves(square, 5)
    >>> squares
    array([ 0,  1,  4,  9, 16])
    """
    if not worthwhile or _openmp_effective_n_threads() == 1:
        work(slice(0, length))
        return
    half = length // 2
    # In a copy of the context, so that np.errstate holds there too.
    other = _helper(os.getpid()).submit(copy_context().run, work, slice(half, length))
    work(slice(0, half))
    other.result()


@lru_cache(maxsize=1)
def _helper(process):
    """The helper of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(max_workers=1)
