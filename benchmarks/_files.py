"""Files that are written completely or not at all."""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile


@contextmanager
def staged(directory):
    """Yield a temporary directory, and move its files into another one if the block succeeds.

    After an error or an interrupt, older files remain as they were.

    Parameters
    ----------
    directory : Path
        Created if it does not exist.

    Yields
    ------
    staging : Path

    Raises
    ------
    OSError
        If a file cannot be written; the error names its path in ``directory``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".", dir=directory) as staging:
        try:
            yield Path(staging)
            # Markdown last, so that a new text never refers to old figures.
            for path in sorted(Path(staging).iterdir(), key=lambda path: path.suffix == ".md"):
                os.replace(path, directory / path.name)
        except OSError as error:
            path = directory / Path(error.filename or "").name
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def check_directory(path):
    """Create a directory if it does not exist, and check that it is writable.

    Raises
    ------
    ValueError
        If it is not writable.
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
    """Check that a file can be written or replaced.

    Raises
    ------
    ValueError
        If it cannot.
    """
    if path.is_dir():
        raise ValueError(f"{path} is a directory: name a file")
    check_directory(path.resolve().parent)
