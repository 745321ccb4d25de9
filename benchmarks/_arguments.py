"""Types of numeric command-line arguments, which reject values out of range."""

from argparse import ArgumentTypeError

MAX_SEED = 2**31 - 1  # other seeds are offsets from this one and must fit as well


def whole_number(least, most=None):
    """Return an argparse type for whole numbers in a range.

    Examples
    --------
    >>> from benchmarks._arguments import whole_number
    >>> whole_number(1)("3")
    3
    """

    def parse(text):
        value = _int(text)
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            raise ArgumentTypeError(f"must be {limits}, got {text}")
        return value

    return parse


seed = whole_number(0, MAX_SEED)


def n_jobs(text):
    """Parse a number of processes."""
    value = _int(text)
    if value == 0:
        raise ArgumentTypeError("must be 1 or more, or -1 for a process on each core; got 0")
    return value


def _int(text):
    """Parse a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a whole number, got {text!r}") from None
