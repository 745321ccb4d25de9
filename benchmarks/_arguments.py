"""Numbers on a command line, each with the error of a value that is out of range."""

from argparse import ArgumentTypeError

LARGEST_SEED = 2**31 - 1  # leaves room for the seeds beside it


def whole_number(least, most=None):
    """What reads a whole number between two others.

    Parameters
    ----------
    least : int
    most : int, default=None
        None for no limit.

    Returns
    -------
    read : callable
        For argparse, as the ``type`` of an argument.

    Examples
    --------
    >>> from benchmarks._arguments import whole_number
    >>> whole_number(1)("3")
    3
    """

    def read(text):
        value = _int(text)
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            raise ArgumentTypeError(f"must be {limits}, got {text}")
        return value

    return read


seed = whole_number(0, LARGEST_SEED)


def n_jobs(text):
    """Read a number of processes.

    Parameters
    ----------
    text : str

    Returns
    -------
    n_jobs : int
        Not 0.

    Raises
    ------
    ArgumentTypeError
        If it is not such a number.
    """
    value = _int(text)
    if value == 0:
        raise ArgumentTypeError("must be 1 or more, or -1 for a process on each core; got 0")
    return value


def _int(text):
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a whole number, got {text!r}") from None
