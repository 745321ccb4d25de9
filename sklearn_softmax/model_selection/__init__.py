"""Searches that train the configurations of a grid together."""

from sklearn_softmax.model_selection.fused_halving import (
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
)
from sklearn_softmax.model_selection.fused_search import FusedGridSearchCV, FusedRandomizedSearchCV

__all__ = [
    "FusedGridSearchCV",
    "FusedHalvingGridSearchCV",
    "FusedHalvingRandomSearchCV",
    "FusedRandomizedSearchCV",
]
