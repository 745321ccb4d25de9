"""Optima of the linear estimators, compared with those of scikit-learn's solvers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import scale

from sklearn_softmax import GDLogisticRegression, SoftmaxRegression


def scaled(load):
    X, y = load(return_X_y=True)
    return scale(X), y


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def badly_scaled():
    """Return features of sizes from 1e-2 to 1e4, far from 0."""
    X, y = scaled(load_breast_cancer)
    return (X + 3) * 10 ** np.linspace(-2, 4, X.shape[1]), y


DATA = {
    "iris": lambda: load_iris(return_X_y=True),
    "wine": lambda: scaled(load_wine),
    "raw wine": lambda: load_wine(return_X_y=True),
    "digits": digits,
    "cancer": lambda: scaled(load_breast_cancer),
    "badly scaled": badly_scaled,
    "more features than rows": lambda: make_classification(
        40, 300, n_informative=20, random_state=0
    ),
}
# The parameters, unlike the objective, are too sensitive to rounding.
ILL_CONDITIONED = ("raw wine", "badly scaled")
LINEAR = [SoftmaxRegression(random_state=0), GDLogisticRegression(random_state=0)]
linear = pytest.mark.parametrize("model", LINEAR, ids=repr)


def objective(model, X, y, sample_weight=None):
    """Return the sum of losses and the penalty."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    weight = weight * np.vectorize((model.class_weight or {}).get)(y, 1.0)
    scores = X @ model.coef_.T + model.intercept_
    is_class = y[:, np.newaxis] == model.classes_
    if isinstance(model, GDLogisticRegression):
        is_class = is_class[:, -scores.shape[1] :]
        losses = np.sum(np.logaddexp(0, scores) - is_class * scores, axis=1)
    else:
        losses = np.logaddexp.reduce(scores, axis=1) - scores[is_class]
    return weight @ losses + model.reg_param * np.sum(model.coef_**2) / 2


def optimum(model, X, y, sample_weight=None):
    """Return scikit-learn's optimum: a model with its parameters, and its fitted estimator."""
    is_binary, is_softmax = len(np.unique(y)) == 2, isinstance(model, SoftmaxRegression)
    # The penalty of two weight vectors w and -w is that of 2 w with half the strength.
    C = (2 if is_binary and is_softmax else 1) / model.reg_param
    solver = LogisticRegression(C=C, tol=1e-10, solver="newton-cholesky", max_iter=1000)
    solver.set_params(fit_intercept=model.fit_intercept, class_weight=model.class_weight)
    best = clone(model).set_params(n_epochs=1, optimizer="sgd").fit(X, y)
    if is_binary or is_softmax:
        solver.fit(X, y, sample_weight)
        best.coef_, best.intercept_ = solver.coef_, solver.intercept_
    else:
        solver = OneVsRestClassifier(solver).fit(X, y)
        best.coef_ = np.vstack([part.coef_ for part in solver.estimators_])
        best.intercept_ = np.concatenate([part.intercept_ for part in solver.estimators_])
    if is_binary and is_softmax:
        best.coef_ = np.vstack([-solver.coef_, solver.coef_]) / 2
        best.intercept_ = np.concatenate([-solver.intercept_, solver.intercept_]) / 2
    return best, solver


ignore_warnings = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@ignore_warnings
@pytest.mark.parametrize(
    ("data", "params", "weighted"),
    [
        *((name, {}, False) for name in DATA),
        ("cancer", {"fit_intercept": False}, True),
        ("cancer", {"class_weight": {0: 0.5, 1: 4.0}}, False),
        ("cancer", {"class_weight": "balanced"}, True),
    ],
    ids=str,
)
@linear
def test_lbfgs_reaches_the_optimum_of_scikit_learn(model, data, params, weighted, rng):
    X, y = DATA[data]()
    weight = rng.uniform(0.5, 1.5, len(y)) if weighted else None
    model = clone(model).set_params(optimizer="lbfgs", reg_param=5.0, tol=1e-9, **params)
    model.fit(X, y, weight)
    best, solver = optimum(model, X, y, weight)
    if params.get("class_weight") != "balanced":
        lowest = objective(best, X, y, weight)
        assert objective(model, X, y, weight) == pytest.approx(lowest, rel=1e-8)
    if data not in ILL_CONDITIONED:
        np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-5)
        np.testing.assert_allclose(model.intercept_, best.intercept_, atol=1e-5)
        np.testing.assert_allclose(model.predict_proba(X), solver.predict_proba(X), atol=1e-5)
        scores = solver.decision_function(X)
        np.testing.assert_allclose(model.decision_function(X), scores, atol=1e-4)
        np.testing.assert_array_equal(model.predict(X), solver.predict(X))


@ignore_warnings
@pytest.mark.parametrize("data", ["iris", "raw wine", "badly scaled"])
@linear
def test_schedule_free_descent_approaches_the_optimum_of_raw_data(model, data):
    X, y = DATA[data]()
    model = clone(model).set_params(reg_param=10.0)
    lowest = objective(optimum(model, X, y)[0], X, y)
    default = objective(clone(model).fit(X, y), X, y)
    strict = objective(model.set_params(tol=1e-6).fit(X, y), X, y)
    assert lowest * (1 - 1e-7) <= strict <= default * (1 + 1e-3)
    assert strict < 1.25 * lowest


@pytest.mark.parametrize(
    ("model", "data", "params", "atol"),
    [
        (LINEAR[0], "iris", {"batch_size": 37}, 2e-4),
        # The order of the classes pulls the weights to and fro.
        (LINEAR[0], "iris", {"batch_size": 37, "shuffle": False}, 2e-3),
        (LINEAR[0], "iris", {"optimizer": "adam", "lr": 0.05}, 1e-4),
        (LINEAR[1], "cancer", {"batch_size": 150}, 2e-4),
    ],
    ids=str,
)
def test_fixed_rates_that_decay_reach_the_optimum(model, data, params, atol, rng):
    X, y = DATA[data]()
    X = scale(X)
    weight = rng.uniform(0, 3, len(y))
    params = {"lr": 0.5, "lr_decay": 0.995, "reg_param": 50.0, "n_epochs": 1500, **params}
    model = clone(model).set_params(**params).fit(X, y, weight)
    best, _ = optimum(model, X, y, weight)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=atol)
    # A constant added to all intercepts of softmax changes no probability.
    shift = model.intercept_.mean() if len(best.classes_) > 2 else 0
    np.testing.assert_allclose(model.intercept_ - shift, best.intercept_, atol=atol)


@linear
def test_single_precision_reaches_nearly_the_same_objective(model):
    X, y = DATA["raw wine"]()
    model = clone(model).set_params(reg_param=1.0)
    double, single = clone(model).fit(X, y), model.fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32
    assert objective(single, X, y) == pytest.approx(objective(double, X, y), rel=0.02)


@linear
def test_restart_after_early_stopping_begins_at_the_restored_parameters(model):
    X, y = DATA["wine"]()
    flipped = np.where(np.arange(len(y)) % 3 == 0, (y + 1) % 3, y)
    options = {"batch_size": 178, "early_stopping": True, "n_iter_no_change": 3, "n_epochs": 90}
    model = clone(model).set_params(**options).fit(X, flipped, X_val=X, y_val=y)
    assert np.argmin(model.history_["val_loss"]) < model.n_iter_ - 1
    n_steps = model.n_steps_
    loss = objective(model, X, flipped) / len(y)
    model.set_params(warm_start=True, n_epochs=1).fit(X, flipped, X_val=X, y_val=y)
    assert model.step_losses_[n_steps] == pytest.approx(loss, rel=1e-9)
