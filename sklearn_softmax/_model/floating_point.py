"""What floating-point arithmetic does in silence, in training and in predictions."""

from typing import Any

import numpy as np

# For np.errstate: small numbers may vanish; what has left the range is looked for afterwards.
SILENT: dict[str, Any] = {"over": "ignore", "under": "ignore", "invalid": "ignore"}


def is_finite(vector):
    """Whether all of a vector is finite, for each model of vectors of shape (M, n_parameters)."""
    return np.logical_and.reduce(np.isfinite(vector), axis=tuple(range(1, vector.ndim)))
