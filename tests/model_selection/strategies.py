"""Strategies of hypothesis that draw a search of scikit-learn and the arguments of its fit."""

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

OPTIONS = {"n_epochs": 3, "batch_size": 20, "random_state": 0}
ESTIMATORS = [
    SoftmaxRegression(**OPTIONS),
    GDLogisticRegression(**OPTIONS),
    TwoLayerMLPClassifier(hidden_size=4, **OPTIONS),
    BinaryPerceptron(**OPTIONS),
]
STACKABLE_VALUES = {
    "lr": [0.01, 0.1, 0.3, 1, "auto"],
    "lr_decay": [1.0, 0.8],
    "reg_param": [0.0, 1.0, 10.0],
    "momentum": [0.0, 0.5, 0.9, "auto"],
    "nesterov": [False, True],
    "n_epochs": [1, 2, 4, "auto"],
    "early_stopping": [False, True],
}
VALUES = STACKABLE_VALUES | {
    "batch_size": [16, 500],
    "class_weight": [None, "balanced"],
    "weight_init": ["auto", 0.1],
    "optimizer": ["sgd", "adam"],
    "n_iter_no_change": [1, 2],
    "tol": [0.0, 0.05],
    "fit_intercept": [True, False],
    "shuffle": [True, False],
    "warm_start": [False, True],
    "dropout": [0.0, 0.3],
    "hidden_size": [3, (3, 2)],
}
BAD_VALUES = {"lr": [-1.0, 1e307], "reg_param": [1e307], "n_epochs": [0], "batch_size": ["all"]}


def make_data(n_classes, n=72, **options):
    options |= {"n_informative": 4, "n_clusters_per_class": 1, "random_state": n_classes}
    return make_classification(n, 6, n_classes=n_classes, **options)


def make_frame(X):
    return pd.DataFrame(X, columns=[f"feature {i}" for i in range(X.shape[1])])


CONTAINERS = {"array": np.asarray, "sparse": sparse.csr_array, "frame": make_frame, "list": list}


def worst_index(results):
    name = next(name for name in results if name.startswith("rank_test"))
    return int(np.argmax(results[name]))


def many_scores(estimator, X, y):
    correct = estimator.predict(X) == y
    return {"accuracy": np.mean(correct), "first": float(correct[0])}


@st.composite
def grids(draw, estimator, resource):
    """Draw a grid, with invalid values in a quarter of all cases."""
    names = set(estimator.get_params()) - {resource}
    stackable, others = sorted(names & set(STACKABLE_VALUES)), sorted(names & set(VALUES))
    keys = draw(st.lists(st.sampled_from(stackable), min_size=1, max_size=2, unique=True))
    keys += draw(st.lists(st.sampled_from(others), max_size=1))
    grid = {
        name: draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2)) for name in keys
    }
    bad = draw(st.sampled_from([None, None, None, *sorted(set(BAD_VALUES) & set(grid))]))
    return grid | ({bad: grid[bad] + BAD_VALUES[bad]} if bad else {})


@st.composite
def pipelines(draw, estimator, is_sparse):
    """Draw a pipeline, the prefix of its last step's parameters, and a grid of its transformers."""
    scaler, k_best = StandardScaler(with_mean=not is_sparse), SelectKBest(f_classif, k=4)
    kind = draw(st.sampled_from(["none", "scaler", "select", "nested", "pca"]))
    if kind == "none" or (kind == "pca" and is_sparse):
        return estimator, "", {}
    scaled = Pipeline([("scale", scaler), ("clf", estimator)])
    if kind == "scaler":
        return scaled, "clf__", {}
    if kind == "nested":
        return Pipeline([("select", k_best), ("inner", scaled)]), "inner__clf__", {}
    step = {"select": k_best, "pca": PCA(4, random_state=0)}[kind]
    name = {"select": "step__k", "pca": "step__n_components"}[kind]
    grid = draw(st.sampled_from([{}, {name: [2, 4]}, {"step": [step, "passthrough"]}]))
    return Pipeline([("step", step), *scaled.steps]), "clf__", grid


@st.composite
def searches(draw, halving=False):
    """Draw a search, its rows and targets, and further arguments of its fit."""
    estimator = draw(st.sampled_from(ESTIMATORS))
    is_perceptron = isinstance(estimator, BinaryPerceptron)
    X, y = make_data(2 if is_perceptron else draw(st.sampled_from([2, 3])), flip_y=0.2)
    container = draw(st.sampled_from(list(CONTAINERS)))
    model, prefix, step_grid = draw(pipelines(clone(estimator), container == "sparse"))
    grid = draw(st.lists(grids(estimator, halving and "n_epochs"), min_size=1, max_size=2))
    grid = [{prefix + name: v for name, v in values.items()} | step_grid for values in grid]

    params, y_val = {}, y[:50]
    if container == "frame":
        y = pd.Series(np.array(["a", "b", "c"])[y])
        y_val = y[:50]
    X = CONTAINERS[container](X)
    if draw(st.booleans()):
        params[f"{prefix}sample_weight"] = np.random.RandomState(1).uniform(0, 2, len(y))
    if not prefix and draw(st.booleans()):
        params |= {"X_val": X[:50], "y_val": y_val}
    cv = draw(st.sampled_from([2, StratifiedKFold(3, shuffle=True, random_state=0), GroupKFold(2)]))
    if isinstance(cv, GroupKFold):
        params["groups"] = np.arange(len(y)) % 5
    options = {
        "cv": cv,
        "error_score": draw(st.sampled_from([np.nan, 0.0])),
        "return_train_score": draw(st.booleans()),
    }
    grid = grid if len(grid) > 1 else grid[0]
    if halving:
        most = draw(st.integers(1, 12))
        search = HalvingGridSearchCV(
            model,
            grid,
            resource=f"{prefix}n_epochs",
            max_resources=most,
            min_resources=draw(st.sampled_from(["exhaust", "smallest", min(2, most)])),
            factor=draw(st.sampled_from([2, 3, 2.5])),
            aggressive_elimination=draw(st.booleans()),
            refit=draw(st.booleans()),
            **options,
        )
        return search, X, y, params

    scorings = [None, "accuracy", ["accuracy", "f1_macro"], many_scores]
    if not is_perceptron:
        scorings += ["neg_log_loss", {"ll": "neg_log_loss", "accuracy": "accuracy"}]
    scoring = draw(st.sampled_from(scorings))
    is_multi = scoring is many_scores or isinstance(scoring, list | dict)
    refit = draw(st.sampled_from([False, "accuracy" if is_multi else True, worst_index]))
    search = GridSearchCV(model, grid, scoring=scoring, refit=refit, **options)
    return search, X, y, params
