"""State of models in training: typed dataclasses whose arrays have a leading axis of models."""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache, reduce
from typing import Any

import numpy as np

from sklearn_softmax._model.parameters import Parameters

# Metadata of a dataclass field that all models share, so that it has no axis of models.
SHARED = {"shared": True}


@dataclass
class State:
    """State of training, complete enough to resume it.

    Parameters
    ----------
    params : Parameters
        Parameters at which gradients are computed; changed in place.
    optimizer_state : object
        Typed state of the optimizer; changed in place.
    hyperparameters : Hyperparameters
    epoch : int, default=0
        Number of finished epochs.
    """

    params: Parameters
    optimizer_state: Any
    hyperparameters: Any
    epoch: int = field(default=0, metadata=SHARED)


def take(state, models):
    """Return a copy of the state of selected models.

    Parameters
    ----------
    state : ndarray, Parameters, dataclass, list or dict of such, or anything without models
    models : ndarray or list of int, or ndarray of bool
        Indices, or a mask.

    Returns
    -------
    state : object
        Of the same type. Fields that models share are not copied.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.optimizers import MomentumState
    >>> from sklearn_softmax._training.state import take
    >>> take(MomentumState(velocity=np.eye(3)), [2])
    MomentumState(velocity=array([[0., 0., 1.]]))
    """
    if isinstance(state, np.ndarray):
        return state[models]
    if isinstance(state, Parameters):
        return state.replace_vector(state.vector[models])
    if isinstance(state, list):
        return [take(part, models) for part in state]
    if isinstance(state, dict):
        return {name: take(part, models) for name, part in state.items()}
    if is_dataclass(state):
        return replace(state, **take(_parts(state), models))
    return state


def is_finite(state):
    """Return whether all numbers of each model are finite: an array of shape (M,), or a bool."""
    if isinstance(state, Parameters):
        return is_finite(state.vector)
    if isinstance(state, np.ndarray):
        return np.logical_and.reduce(np.isfinite(state), axis=tuple(range(1, state.ndim)))
    if is_dataclass(state):
        return reduce(np.logical_and, (is_finite(part) for part in _parts(state).values()), True)
    return True


def _parts(state):
    """Return the fields of a dataclass that models do not share, by name."""
    return {name: getattr(state, name) for name in _model_fields(type(state))}


@cache
def _model_fields(cls):
    """Return the names of the fields with an axis of models."""
    return [part.name for part in fields(cls) if not part.metadata.get("shared")]
