"""How a command ends that cannot go on: with a line, and never with a traceback."""

import atexit
import os
import signal
import sys
from contextlib import contextmanager, suppress
from threading import Event, Thread

INTERRUPTED = 128 + signal.SIGINT  # exit status of what an interrupt has ended


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
            notes = getattr(error, "__notes__", [])
            print("; ".join(["interrupted", *notes]), file=sys.stderr, flush=True)
            raise SystemExit(INTERRUPTED) from None
        if isinstance(error, OSError):
            raise SystemExit(f"error: {_told(error)}") from error
        raise


@contextmanager
def with_note(note):
    """Add a note to whatever ends this block early, for ``in_one_line``.

    Parameters
    ----------
    note : str or None
        How to go on.
    """
    try:
        yield
    except BaseException as error:
        if note:
            error.add_note(note)
        raise


@contextmanager
def without_lingering():
    """End this process at once after an interrupt, also if that comes while Python shuts down.

    Python waits for all threads at its end: those of progress bars go on forever if the interrupt
    comes while they are set up. An exception meanwhile would be a traceback.
    """
    is_interrupted = Event()

    def note_interrupt(*_):
        """Print the line, and let the functions at exit run to their end."""
        if not is_interrupted.is_set():
            is_interrupted.set()
            os.write(sys.stderr.fileno(), b"interrupted\n")

    def exit_if_interrupted():
        """Exit, or let what is left of Python's end ignore interrupts."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if is_interrupted.is_set():
            with suppress(OSError):  # of a pipe that nobody reads any longer
                sys.stdout.flush()
            os._exit(INTERRUPTED)

    # Estimators defer Python's own handler to the end of an epoch, but not this one.
    signal.signal(signal.SIGINT, _raise_interrupt)
    atexit.register(exit_if_interrupted)  # before all others, so that it is called last
    status = None
    try:
        yield
    except SystemExit as error:
        status = error.code
        raise
    finally:
        signal.signal(signal.SIGINT, note_interrupt)
        if status == INTERRUPTED:
            is_interrupted.set()
            atexit._run_exitfuncs()


def _raise_interrupt(number, frame):
    """Raise KeyboardInterrupt, as Python's own handler does."""
    raise KeyboardInterrupt


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
    # Not above: what multiprocessing does at exit is then done before the last function there.
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # Python 3.11's would make all hear again
    is_over = Event()
    # Takes the interrupts of the main thread, which with all that it starts becomes deaf to them.
    Thread(target=is_over.wait, daemon=True).start()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        _end_workers()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        is_over.set()


def _end_workers():
    """End the idle processes of joblib, for which Python would wait seconds at its end."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = getattr(loky, "_executor", None)
    if executor is not None:
        executor.shutdown(kill_workers=True)
