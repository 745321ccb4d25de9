"""Exit of a command after Ctrl-C or an error of a file: one line on stderr, no traceback."""

import atexit
import os
import signal
import sys
from contextlib import contextmanager
from threading import Event, Thread

INTERRUPTED = 128 + signal.SIGINT  # exit status


@contextmanager
def one_line_errors():
    """End the process with one line on stderr after Ctrl-C or an OSError in this block."""
    # Unlike Python's handler, this one also interrupts an estimator in the middle of an epoch.
    signal.signal(signal.SIGINT, _raise_interrupt)
    try:
        yield
    except BaseException as error:
        if _is_interrupt(error):
            print("; ".join(["interrupted", *getattr(error, "__notes__", [])]), file=sys.stderr)
            _exit_at_once()
        if isinstance(error, OSError):
            raise SystemExit(f"error: {error}") from error
        raise


def _raise_interrupt(number, frame):
    """Raise KeyboardInterrupt."""
    raise KeyboardInterrupt


def _is_interrupt(error):
    """Return whether an error is an interrupt or was raised while one was handled."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _exit_at_once():
    """Exit without waiting for threads: that of an interrupted progress bar may never end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit._run_exitfuncs()  # joblib's remove its temporary files
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)


@contextmanager
def uninterrupted_workers():
    """Start worker processes that do not receive Ctrl-C, which prints tracebacks, and end them."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    # Imported here, so that its exit function runs before those registered earlier.
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # Python 3.11 unblocks SIGINT when it starts the tracker
    is_over = Event()
    # Workers inherit the mask; this thread, started before, receives the signals of the process.
    Thread(target=is_over.wait, daemon=True).start()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        loky = sys.modules.get("joblib.externals.loky.reusable_executor")
        executor = getattr(loky, "_executor", None)
        if executor is not None:
            executor.shutdown(kill_workers=True)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        is_over.set()
