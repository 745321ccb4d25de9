"""Warnings that point at the code of users."""

import sys
import warnings

# Packages whose functions may call each other between the user's code and a warning.
INTERNAL = {"sklearn_softmax", "sklearn", "imblearn", "numpy", "joblib"}


def warn(message, category=None):
    """Warn at the innermost line outside this package and the libraries that call it.

    Parameters
    ----------
    message : str or Warning
    category : type of Warning, default=None
        None for the type of ``message`` if that is a Warning, otherwise for UserWarning.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from sklearn_softmax._warnings import warn
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     np.errstate(all="ignore")(warn)("lr is too large")
    >>> [str(warning.message) for warning in caught]
    ['lr is too large']
    """
    frame, stacklevel = sys._getframe(1), 2
    while frame and frame.f_globals.get("__name__", "").partition(".")[0] in INTERNAL:
        frame, stacklevel = frame.f_back, stacklevel + 1
    warnings.warn(message, category, stacklevel=stacklevel)
