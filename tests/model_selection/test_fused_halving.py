"""Fused halving searches against scikit-learn's, which fit candidates anew in every rung."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    StratifiedShuffleSplit,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_softmax import (
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
)
from tests.model_selection.searches import (
    assert_same_search,
    compare_with_scikit_learn,
    count_work,
    fuse,
)
from tests.model_selection.strategies import ESTIMATORS, make_data, searches

# The first rungs of small learning rates are too short to learn.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*no better than:sklearn.exceptions.ConvergenceWarning"
)

X, Y = make_data(3, 90, flip_y=0.3)
SOFTMAX = ESTIMATORS[0]
RATES = {"lr": [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.05, 0.1]}


@given(searches(halving=True))
def test_fused_halving_has_the_results_of_scikit_learn(halving):
    search, X, y, params = halving
    actual, expected, work = compare_with_scikit_learn(search, X, y, **params)
    first = fuse(search).plan(X, y, **params)
    if not any(group.reason for group in first.groups):
        assert work.one_by_one == 0
    if expected.error is None and search.refit:
        np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))


def n_neighbors_and_log_leaf_size(estimator, X, y):
    return estimator.n_neighbors + np.log(estimator.leaf_size)


@given(
    n_candidates=st.integers(1, 40),
    most=st.integers(1, 300),
    least=st.one_of(st.integers(1, 20), st.sampled_from(["exhaust", "smallest"])),
    factor=st.sampled_from([2, 3, 4, 1.5, 2.7]),
    aggressive=st.booleans(),
)
def test_rungs_are_those_of_scikit_learn_and_of_the_plan(
    n_candidates, most, least, factor, aggressive
):
    assume(isinstance(least, str) or least <= most)
    search = HalvingGridSearchCV(
        KNeighborsClassifier(),
        {"n_neighbors": 1 + np.random.RandomState(0).permutation(n_candidates)},
        scoring=n_neighbors_and_log_leaf_size,
        factor=factor,
        resource="leaf_size",
        max_resources=most,
        min_resources=least,
        aggressive_elimination=aggressive,
        cv=2,
    )
    actual, expected = fuse(search), search.fit(X, Y)
    plan = actual.plan(X, Y).rungs
    assert_same_search(actual.fit(X, Y), expected)
    assert re.findall(r"(\d+) for (\d+)", plan) == [
        (str(amount), str(n)) for n, amount in zip(actual.n_candidates_, actual.n_resources_)
    ]


def noisy(X):
    return X + np.random.default_rng().normal(0, 0.1, X.shape)


UNSEEDED = clone(SOFTMAX).set_params(random_state=None, early_stopping=True, n_iter_no_change=18)


@pytest.mark.parametrize(
    ("estimator", "n_epochs"),
    [
        (SOFTMAX, 9 * 2 + 3 * 4 + 12),
        (Pipeline([("scale", StandardScaler()), ("clf", SOFTMAX)]), 9 * 2 + 3 * 4 + 12),
        (UNSEEDED, 9 * 2 + 3 * 4 + 12),
        (Pipeline([("noise", FunctionTransformer(noisy)), ("clf", SOFTMAX)]), 9 * 2 + 3 * 6 + 18),
    ],
    ids=["classifier", "pipeline", "without a seed", "random transformer"],
)
def test_no_epoch_is_trained_twice_unless_the_transformed_rows_change(estimator, n_epochs):
    prefix = "clf__" if isinstance(estimator, Pipeline) else ""
    options = {"resource": f"{prefix}n_epochs", "max_resources": 18, "cv": 3}
    with count_work() as work:
        FusedHalvingGridSearchCV(estimator, {f"{prefix}lr": RATES["lr"]}, **options).fit(X, Y)
    assert work.epochs == 3 * n_epochs


DISTRIBUTIONS = {"lr": loguniform(1e-3, 1), "batch_size": [10, 20]}
RANDOM_SEARCHES = {
    "random": RandomizedSearchCV(SOFTMAX, DISTRIBUTIONS, n_iter=7),
    "halving": HalvingRandomSearchCV(
        SOFTMAX, DISTRIBUTIONS, resource="n_epochs", min_resources=2, max_resources=14
    ),
}


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3)], ids=["int", "generator"])
@pytest.mark.parametrize("search", RANDOM_SEARCHES.values(), ids=RANDOM_SEARCHES)
def test_random_searches_draw_and_plan_the_candidates_of_scikit_learn(search, random_state):
    search = clone(search).set_params(random_state=random_state, cv=3)
    fused = fuse(search)
    plan = fused.plan(X, Y)
    assert fused.plan(X, Y) == plan
    actual, _, work = compare_with_scikit_learn(search, X, Y)
    assert work.one_by_one == 0
    batch_sizes = [params["batch_size"] for params in actual.search.cv_results_["params"][:7]]
    n_candidates = {group.shared["batch_size"]: len(group.candidates) for group in plan.groups}
    assert n_candidates == Counter(batch_sizes)


def test_folds_are_drawn_once():
    cv = StratifiedShuffleSplit(2, random_state=np.random.RandomState(0))
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=cv, max_resources=18).fit(X, Y)
    fixed = list(StratifiedShuffleSplit(2, random_state=np.random.RandomState(0)).split(X, Y))
    expected = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=fixed, max_resources=18).fit(X, Y)
    assert_same_search(search, expected)


def nan_score(estimator, X, y):
    return np.nan


@pytest.mark.parametrize(
    ("rates", "params"),
    [
        ([*RATES["lr"], 1e307], {"error_score": "raise"}),
        ([*RATES["lr"], -1.0], {}),
        ([-1.0, -2.0], {}),
        ([0.05, 0.1], {"scoring": nan_score}),
    ],
    ids=["one diverges, raised", "one is not valid", "all are not valid", "no scores"],
)
def test_failing_candidates_have_the_results_of_scikit_learn(rates, params):
    options = {"resource": "n_epochs", "max_resources": 18, "cv": 3}
    search = HalvingGridSearchCV(SOFTMAX, {"lr": rates}, **options, **params)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert (actual.error is None) == (rates[-1] in (-1, 0.1))


def learning_rate(estimator, X, y):
    return estimator.lr


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("error_score", [-1.0, np.nan])
def test_candidates_that_diverge_in_a_later_rung_are_the_worst(error_score):
    # Weights grow by a factor in each step: the last two diverge in the last and second rung.
    grid = {"lr": [1e-6, 2e-6, 1e-5, 3e-5, 0.045, 0.05], "reg_param": [3000.0]}
    options = {"max_resources": 80, "factor": 2, "resource": "n_epochs", "cv": 3}
    search = HalvingGridSearchCV(SOFTMAX, grid, scoring=learning_rate, **options)
    search.set_params(error_score=error_score)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    rates = actual.search.cv_results_["mean_test_score"]
    expected = [*grid["lr"], 3e-5, 0.045, error_score, 3e-5, error_score]
    np.testing.assert_allclose(rates, expected)


GRID, RANDOM = FusedHalvingGridSearchCV, FusedHalvingRandomSearchCV


@pytest.mark.parametrize(
    ("Search", "params", "message"),
    [
        (GRID, {"resource": "epochs"}, "Cannot use resource=epochs which is not supported"),
        (GRID, {"resource": "n_samples"}, "searches for the number of samples"),
        (GRID, {"estimator": Pipeline([("clf", SOFTMAX)])}, r"use one of \['clf__n_epochs'\]"),
        (GRID, {"param_grid": {"n_epochs": [1, 2]}}, "Cannot use parameter n_epochs as the"),
        (RANDOM, {"min_resources": 9, "max_resources": 8}, "min_resources_=9 is greater than"),
        (RANDOM, {"min_resources": "exhaust"}, "cannot be both set to 'exhaust'"),
        (RANDOM, {"n_candidates": 0}, "The 'n_candidates' parameter"),
        (GRID, {"resource": "random_state"}, "'auto' uses the estimator's random_state"),
        (GRID, {"factor": 1}, "The 'factor' parameter"),
        (GRID, {"scoring": ["accuracy", "f1"]}, "The 'scoring' parameter"),
        (GRID, {"max_resources": 0}, "The 'max_resources' parameter"),
    ],
    ids=str,
)
def test_invalid_parameters_raise_before_any_work(Search, params, message):
    model = clone(SOFTMAX).set_params(random_state=None)
    search = Search(model, RATES).set_params(**params)
    with count_work() as work, pytest.raises(ValueError, match=message):
        search.fit(X, Y)
    assert (work.together, work.one_by_one) == (0, 0)
    assert not [name for name in vars(search) if name.endswith("_")]
    if not message.startswith("The "):
        with pytest.raises(ValueError, match=message):
            search.plan(X, Y)


def test_plan_shows_the_first_rung_and_the_schedule():
    model = clone(SOFTMAX).set_params(n_epochs=90)
    search = FusedHalvingGridSearchCV(model, {**RATES, "warm_start": [False, True]}, cv=3)
    assert str(search.plan(X, Y)) == (
        "54 fits in 30 runs, 3 of each group:\n"
        "  9 together: 9 models, read off after 10 epochs (warm_start=False)\n"
        "  9 one by one: warm_start=True\n"
        "n_epochs from rung to rung: 10 for 18 candidates, 30 for 6, 90 for 2"
    )


def test_verbose_prints_the_candidates_that_are_left(capsys):
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18)
    clone(search).fit(X, Y)
    assert capsys.readouterr().out == ""
    search.set_params(verbose=1).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("rung")] == [
        "rung 0: 9 candidates, n_epochs=2",
        "rung 1: 3 candidates, n_epochs=6",
        "rung 2: 1 candidates, n_epochs=18",
    ]
    first = lines.index("left after rung 0, with mean scores:")
    scores = search.cv_results_["mean_test_score"][:9]
    assert [line.split()[0] for line in lines[first + 1 : first + 4]] == [
        f"{score:.4f}" for score in sorted(scores)[:-4:-1]
    ]
    assert "'lr': " in lines[first + 1]
