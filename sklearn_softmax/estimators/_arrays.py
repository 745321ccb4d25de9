"""Arrays of other libraries, and errors that name the array."""

from contextlib import contextmanager

import numpy as np


def convert_to_numpy(array, name):
    """Convert an array of another library, such as PyTorch, to NumPy.

    Parameters
    ----------
    array : object
        Objects that are not such arrays are returned unchanged.
    name : str
        Name of the array in an error.

    Returns
    -------
    array : object

    Raises
    ------
    ValueError
        If NumPy cannot read the array, for instance because it is on a GPU.
    """
    if isinstance(array, np.ndarray) or not hasattr(array, "__dlpack__"):
        return array
    try:
        return np.asarray(array)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        raise ValueError(
            f"NumPy cannot read {name} of type {type(array).__name__}: {error} Training and "
            "prediction run on the CPU with NumPy: pass a NumPy array, for a PyTorch tensor "
            f"{name}.detach().cpu().numpy()."
        ) from error


@contextmanager
def add_name_to_errors(name):
    """Add the name of an array to errors of the block that lack it.

    Parameters
    ----------
    name : str
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        if name in str(error):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error
