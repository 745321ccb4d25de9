"""How a command ends that cannot go on: with a line, and never with a traceback."""

import os
import signal
import sys
from contextlib import contextmanager
from multiprocessing import resource_tracker
from threading import Event, Thread, Timer

INTERRUPTED = 128 + signal.SIGINT  # exit status of what an interrupt has ended
PATIENCE = 5.0  # seconds that threads and processes may take to end by themselves


@contextmanager
def in_one_line():
    """End the process with a line on stderr where the user interrupts it, or a file fails.

    Raises
    ------
    SystemExit
        With status 130 for an interrupt, 1 for a file that cannot be read or written.
    """
    try:
        yield
    except BaseException as error:
        if _began_with_an_interrupt(error):
            print("interrupted", file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None
        if isinstance(error, OSError):
            raise SystemExit(f"error: {_told(error)}") from error
        raise


@contextmanager
def without_lingering():
    """Let the process end after an interrupt though some thread does not.

    Progress bars have threads that go on forever if the interrupt comes while they are set up.
    """
    try:
        yield
    except BaseException as error:
        if _began_with_an_interrupt(error):
            end = Timer(PATIENCE, os._exit, [INTERRUPTED])
            end.daemon = True  # does not itself keep the process
            end.start()
        raise


def _began_with_an_interrupt(error):
    """Whether it is an interrupt, or an error of what an interrupt left half done."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _told(error):
    """What fails and why."""
    if error.filename is None:
        return error
    return f"{error.filename}: {error.strerror}"


@contextmanager
def deaf_workers():
    """Start processes that an interrupt from the terminal does not reach: this one ends them.

    Else each of them would print a traceback of its own.
    """
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    resource_tracker.ensure_running()  # Python 3.11's would make all hear again
    is_over = Event()
    # Takes the interrupts of the main thread, which with all that it starts becomes deaf to them.
    Thread(target=is_over.wait, daemon=True).start()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        is_over.set()
