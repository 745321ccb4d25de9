"""Accuracy, loss and time of classifiers with default parameters, over many data sets."""
