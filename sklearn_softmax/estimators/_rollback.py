"""Restoration of an estimator after a failed fit."""

from contextlib import contextmanager
from copy import deepcopy

import numpy as np

PRIVATE_STATE = ("_resume_state", "_random_state", "_dropout_generator")


@contextmanager
def restore_on_failure(estimator):
    """Restore the fitted attributes and the state of generators if the block fails.

    Parameters
    ----------
    estimator : estimator of this package
    """
    saved = {name: v for name, v in vars(estimator).items() if _is_fitted_attribute(name)}
    if "_dropout_generator" in saved:
        saved["_dropout_generator"] = deepcopy(saved["_dropout_generator"])
    # Not copied, because it may belong to the user.
    rng = saved.get("_random_state")
    rng_state = None if rng is None else rng.get_state()
    try:
        yield
    except BaseException:
        for name in filter(_is_fitted_attribute, list(vars(estimator))):
            delattr(estimator, name)
        for name, value in saved.items():
            setattr(estimator, name, value)
        # Other code may have drawn from NumPy's global generator.
        if rng is not None and rng is not np.random.mtrand._rand:
            rng.set_state(rng_state)
        raise


def _is_fitted_attribute(name):
    """Return whether fitting sets an attribute."""
    return name.endswith("_") or name in PRIVATE_STATE
