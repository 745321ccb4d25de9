"""Restoration of an estimator after a failed fit."""

from contextlib import contextmanager
from copy import deepcopy

import numpy as np

PRIVATE_STATE = ("_resume_state", "_random_state", "_dropout_generator")


@contextmanager
def restored_on_failure(estimator):
    """Restore the fitted attributes and the state of generators if the block fails.

    Parameters
    ----------
    estimator : estimator of this package
    """
    before = {name: v for name, v in vars(estimator).items() if _is_fitted_attribute(name)}
    if "_dropout_generator" in before:
        before["_dropout_generator"] = deepcopy(before["_dropout_generator"])
    # Not copied, since it may be the user's.
    rng = before.get("_random_state")
    rng_state = None if rng is None else rng.get_state()
    try:
        yield
    except BaseException:
        for name in filter(_is_fitted_attribute, list(vars(estimator))):
            delattr(estimator, name)
        for name, value in before.items():
            setattr(estimator, name, value)
        # NumPy's global generator is shared with other code.
        if rng is not None and rng is not np.random.mtrand._rand:
            rng.set_state(rng_state)
        raise


def _is_fitted_attribute(name):
    """Return whether an attribute is set by fitting."""
    return name.endswith("_") or name in PRIVATE_STATE
