"""Ctrl-C during a fit, which ends it after the current epoch."""

import signal
import sys
from contextlib import contextmanager, suppress

from sklearn_softmax._warnings import INTERNAL

# This package, and modules that wrap its methods.
FIT_MODULES = ("sklearn_softmax", "contextlib", "sklearn.base")
NOTICE = "Training ends after this epoch. Press Ctrl-C again to discard the fit."


@contextmanager
def defer_interrupts():
    """Defer the first Ctrl-C in the block, unless a search or pipeline has called the fit.

    Yields
    ------
    interrupts : list or None
        Signals received, at most one; None if nothing is deferred.
    """
    if _is_called_by_library():
        yield None
        return
    interrupts = []

    def handle(number, frame):
        """Store the first Ctrl-C, and raise KeyboardInterrupt at the second one."""
        if interrupts:
            raise KeyboardInterrupt
        interrupts.append(number)
        print(NOTICE, file=sys.stderr, flush=True)

    # A user's handler is kept, and only the main thread can set one.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):
            signal.signal(signal.SIGINT, handle)
    try:
        yield interrupts
    finally:
        if signal.getsignal(signal.SIGINT) is handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_called_by_library():
    """Return whether scikit-learn or a similar library has called the method of the estimator."""
    frame = sys._getframe()
    while frame and _module(frame).startswith(FIT_MODULES):
        frame = frame.f_back
    return frame is not None and _module(frame).partition(".")[0] in INTERNAL


def _module(frame):
    """Return the name of the module of a frame."""
    return frame.f_globals.get("__name__", "")
