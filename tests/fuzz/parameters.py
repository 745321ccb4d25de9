"""Ordinary, extreme and invalid values of every parameter."""

import numpy as np

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

ESTIMATORS = (
    *(SoftmaxRegression, GDLogisticRegression, TwoLayerMLPClassifier),
    *(BinaryPerceptron, TwoLayerMLPClassifier, SoftmaxRegression),
)
BOOLEANS = "average", "early_stopping", "fit_intercept", "nesterov", "shuffle", "warm_start"
ORDINARY = {
    "lr": ["auto", "auto", 1e-3, 0.1, 1.0, np.float32(0.5)],
    "lr_decay": [1.0, 0.9, 0.5],
    "reg_param": [0.0, 1e-3, 1.0],
    "batch_size": [1, 2, 7, 32, 200],
    "n_epochs": [1, 2, 5, 20],
    "optimizer": ["sgd", "adam", "lbfgs"],
    "momentum": [0.0, 0.5, 0.9, "auto"],
    "validation_fraction": [0.1, 0.3, 0.5],
    "n_iter_no_change": [1, 3, 10, np.inf],
    "tol": [0.0, 1e-4, 0.1],
    "class_weight": [None, "balanced"],
    "random_state": [0, 1],
    "verbose": [0],
    "hidden_size": [1, 3, 20, (4, 3), [2, 2, 2]],
    "activation": ["relu", "sigmoid", "tanh"],
    "dropout": [0.0, 0.2, 0.5],
    "weight_init": ["auto", 0.01, 1.0],
    **{name: [False, True] for name in BOOLEANS},
}
EXTREME = {
    "lr": [1e-300, 1e-30, 1e3, 1e10, 1e30, 1e300, 5e-324, 1.7e308, 10**20],
    "lr_decay": [1e-300, 1e-3, 1 - 1e-16, 1],
    "reg_param": [1e-300, 1e10, 1e300, 5e-324, 10**20],
    "batch_size": [1, 10**20, np.int64(3)],
    "n_epochs": [np.int32(3)],
    "momentum": [1 - 1e-16, 5e-324],
    "validation_fraction": [1e-300, 0.99, 1 - 1e-16],
    "n_iter_no_change": [10**20],
    "tol": [1e300, 5e-324, np.float64(1e-16)],
    "class_weight": [{}, {0: 1e300}, {0: 0.0}, {0: 5e-324, 1: 1e308}, {99: 2.0}, {0: -1.0}],
    "hidden_size": [300, (1,) * 6, (np.int64(5), 1)],
    "dropout": [1 - 1e-16, 1e-300, 0.999],
    "weight_init": [1e-300, 1e10, 1e300, 5e-324],
    "random_state": [None, 2**32 - 1],
}
INVALID = {
    "lr": [0, -1, np.inf, np.nan, "big", None],
    "lr_decay": [0, 1.1, np.nan],
    "reg_param": [-1e-9, np.inf, np.nan],
    "batch_size": [0, 2.5, "all", None, np.nan],
    "n_epochs": [0, 3.5, None, np.inf],
    "optimizer": ["newton", None],
    "momentum": [-0.1, 1.0, np.nan],
    "validation_fraction": [0, 1, np.nan],
    "n_iter_no_change": [0, 1.5, np.nan],
    "tol": [-1e-3, np.nan, "small"],
    "class_weight": ["even", 3],
    "random_state": ["seed", -1, 2**32],
    "verbose": ["loud"],
    "hidden_size": [0, 2.5, "wide", None, (), (3, 0), (2, True), [0]],
    "activation": ["linear", None],
    "dropout": [1, -0.1, np.nan],
    "weight_init": [0, np.inf, np.nan, "he"],
    **{name: ["yes"] for name in BOOLEANS},
}


def choice(rng, values):
    """Return one of the values, which may have different types."""
    return values[rng.integers(len(values))]


def draw_estimator(rng):
    """Return an estimator and the name of its invalid parameter, or None."""
    estimator = choice(rng, ESTIMATORS)()
    names = sorted(estimator.get_params())
    values = {name: choice(rng, ORDINARY[name]) for name in names if rng.random() < 0.4}
    extreme = [name for name in names if name in EXTREME and rng.random() < 0.06]
    values |= {name: choice(rng, EXTREME[name]) for name in extreme}
    values.setdefault("n_epochs", choice(rng, [5, 5, 5, 5, 5, "auto"]))
    values.setdefault("random_state", 0)
    if isinstance(estimator, BinaryPerceptron):
        values = {name: value for name, value in values.items() if value != "auto"}
    invalid_name = choice(rng, names) if rng.random() < 0.06 else None
    if invalid_name:
        values[invalid_name] = choice(rng, INVALID[invalid_name])
    return estimator.set_params(**values), invalid_name
