"""Ctrl-C during a fit, which then ends after the current epoch."""

import signal
import sys
from contextlib import contextmanager, suppress

from sklearn_softmax._warnings import INTERNAL

# This package, and those that wrap its methods.
OWN_MODULES = ("sklearn_softmax", "contextlib", "sklearn.base")
NOTICE = "Training ends after this epoch. Press Ctrl-C again to discard it."


@contextmanager
def deferred_interrupts():
    """Defer the first Ctrl-C in the block if a user has called the fit, not a search or pipeline.

    Yields
    ------
    interrupts : list or None
        Not empty after Ctrl-C was pressed; None if nothing is deferred.
    """
    if _is_called_by_library():
        yield None
        return
    interrupts = []

    def defer(number, frame):
        """Note the first Ctrl-C, and raise KeyboardInterrupt at the second one."""
        if interrupts:
            raise KeyboardInterrupt
        interrupts.append(number)
        print(NOTICE, file=sys.stderr, flush=True)

    # A handler of the user stays in place, and other threads than the main one cannot set any.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):
            signal.signal(signal.SIGINT, defer)
    try:
        yield interrupts
    finally:
        if signal.getsignal(signal.SIGINT) is defer:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_called_by_library():
    """Return whether scikit-learn or a similar library has called the method of the estimator."""
    frame = sys._getframe()
    while frame and _module(frame).startswith(OWN_MODULES):
        frame = frame.f_back
    return frame is not None and _module(frame).partition(".")[0] in INTERNAL


def _module(frame):
    """Return the name of the module whose code is running."""
    return frame.f_globals.get("__name__", "")
