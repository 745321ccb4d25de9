"""Figures of fitted models, by scikit-learn's conventions for a Display."""

from sklearn_softmax.displays.class_error import ClassErrorDisplay
from sklearn_softmax.displays.parameter_history import ParameterHistoryDisplay
from sklearn_softmax.displays.search_results import SearchResultsDisplay
from sklearn_softmax.displays.training_curve import TrainingCurveDisplay
from sklearn_softmax.displays.weight_images import WeightImagesDisplay

__all__ = [
    "ClassErrorDisplay",
    "ParameterHistoryDisplay",
    "SearchResultsDisplay",
    "TrainingCurveDisplay",
    "WeightImagesDisplay",
]
