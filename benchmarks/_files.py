"""Files that are there as a whole or not at all, and errors that name them."""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile


@contextmanager
def staged(directory):
    """Room for new files, which move into a directory together when all of them are whole.

    Where one of them cannot be written, or the user interrupts, older files stay as they were.

    Parameters
    ----------
    directory : Path
        Made where there is none.

    Yields
    ------
    staging : Path
        A directory inside the other one.

    Raises
    ------
    OSError
        If a file cannot be written; the error names it as it would be called in the end.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".", dir=directory) as staging:
        try:
            yield Path(staging)
            # The text last: where it is new, the figures that it shows are too.
            for path in sorted(Path(staging).iterdir(), key=lambda path: path.suffix == ".md"):
                os.replace(path, directory / path.name)
        except OSError as error:
            raise _named(error, directory / Path(error.filename or "").name) from error


@contextmanager
def replacing(path):
    """Room for a new file, which takes the place of an older one when it is whole.

    Parameters
    ----------
    path : Path
        A device or a pipe is written to as it is.

    Yields
    ------
    path : Path
        Where to write.

    Raises
    ------
    OSError
        If the file cannot be written; the error names it.
    """
    target = path.resolve()
    with naming(path):
        if _is_special(target):
            yield target
            return
        with TemporaryDirectory(prefix=".", dir=target.parent) as staging:
            temporary = Path(staging) / target.name
            yield temporary
            os.replace(temporary, target)


@contextmanager
def naming(path):
    """Have errors name a file, which those of a full disk do not by themselves.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        With the path as its ``filename``.
    """
    try:
        yield
    except OSError as error:
        raise _named(error, path) from error


def _named(error, path):
    return OSError(error.errno, error.strerror or str(error), str(path))


def _is_special(path):
    """Whether there is something that is neither a file nor a directory."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_directory(path):
    """Make a directory where there is none, and see that it can be written to.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        If it cannot; the message names the remedy.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = "it is a file" if path.is_file() else error.strerror
        raise ValueError(
            f"cannot write to the directory {path} ({reason}): name another one"
        ) from error


def check_file(path):
    """See that a file can be written, or replaced.

    Parameters
    ----------
    path : Path

    Raises
    ------
    ValueError
        If it cannot; the message names the remedy.
    """
    target = path.resolve()
    if target.is_dir():
        raise ValueError(f"{path} is a directory: name a file")
    if _is_special(target):
        return
    try:
        with TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise ValueError(
            f"cannot write to the directory {target.parent} ({error.strerror}): name a file "
            "elsewhere"
        ) from error
