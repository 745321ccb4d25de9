"""Fused halving searches against scikit-learn's, which fit candidates anew in every rung."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    StratifiedShuffleSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    SoftmaxRegression,
)
from sklearn_softmax._training.run import TrainingRun
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


class FixedScore(ClassifierMixin, BaseEstimator):
    """Scores by its parameters."""

    def __init__(self, quality=0, amount=1):
        self.quality, self.amount = quality, amount

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), int)

    def score(self, X, y):
        return (self.quality + np.log(self.amount)) / 100


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
    grid = {"quality": list(np.random.RandomState(0).permutation(n_candidates))}
    search = HalvingGridSearchCV(
        FixedScore(),
        grid,
        factor=factor,
        resource="amount",
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


@pytest.mark.parametrize(
    ("estimator", "early_stopping"), list(zip(ESTIMATORS[:3], [True, False, True])), ids=str
)
def test_scores_of_each_rung_are_those_of_a_grid_search_after_as_many_epochs(
    estimator, early_stopping
):
    model = clone(estimator).set_params(early_stopping=early_stopping, n_iter_no_change=3)
    search = FusedHalvingGridSearchCV(model, RATES, cv=3, max_resources=18).fit(X, Y)
    assert search.n_resources_ == [2, 6, 18]
    whole = FusedGridSearchCV(model, {**RATES, "n_epochs": [2, 6, 18]}, cv=3)
    whole.set_params(return_train_score=True).fit(X, Y)
    indices = [whole.cv_results_["params"].index(params) for params in search.cv_results_["params"]]
    for name in ("mean_test_score", "split2_test_score", "mean_train_score"):
        expected = whole.cv_results_[name][indices]
        np.testing.assert_allclose(search.cv_results_[name], expected, rtol=1e-10)


def noisy(X):
    return X + np.random.default_rng().normal(0, 0.1, X.shape)


UNSEEDED = clone(SOFTMAX).set_params(random_state=None, early_stopping=True, n_iter_no_change=18)


@pytest.mark.parametrize(
    ("estimator", "n_epochs"),
    [
        (SOFTMAX, 18),
        (Pipeline([("scale", StandardScaler()), ("clf", SOFTMAX)]), 18),
        (UNSEEDED, 18),
        (Pipeline([("noise", FunctionTransformer(noisy)), ("clf", SOFTMAX)]), 2 + 6 + 18),
    ],
    ids=["classifier", "pipeline", "without a seed", "random transformer"],
)
def test_no_epoch_is_trained_twice_unless_the_transformed_rows_change(
    estimator, n_epochs, monkeypatch
):
    advance, epochs_of_runs = TrainingRun.advance, []

    def recorded_advance(self, *args):
        before = self.state.epoch
        advance(self, *args)
        epochs_of_runs.append(self.state.epoch - before)

    monkeypatch.setattr(TrainingRun, "advance", recorded_advance)
    prefix = "clf__" if isinstance(estimator, Pipeline) else ""
    FusedHalvingGridSearchCV(
        estimator,
        {f"{prefix}lr": RATES["lr"]},
        resource=f"{prefix}n_epochs",
        cv=3,
        max_resources=18,
        refit=False,
    ).fit(X, Y)
    assert sum(epochs_of_runs) == 3 * n_epochs


@pytest.mark.parametrize(
    ("n_candidates", "random_state"), [(7, 0), ("exhaust", np.random.RandomState(3))], ids=str
)
def test_random_halving_draws_and_plans_the_candidates_of_scikit_learn(n_candidates, random_state):
    distributions = {"lr": loguniform(1e-3, 1), "batch_size": [10, 20]}
    search = HalvingRandomSearchCV(
        *(SOFTMAX, distributions),
        n_candidates=n_candidates,
        resource="n_epochs",
        random_state=random_state,
        min_resources=2,
        max_resources=9,
        cv=3,
    )
    plan = fuse(search).plan(X, Y)
    actual, _, work = compare_with_scikit_learn(search, X, Y)
    assert work.one_by_one == 0
    results = actual.search.cv_results_
    batch_sizes = results["param_batch_size"][results["iter"] == 0].tolist()
    assert len(batch_sizes) == (7 if n_candidates == 7 else 9 // 2)
    assert {group.shared["batch_size"]: len(group.candidates) for group in plan.groups} == {
        batch_size: batch_sizes.count(batch_size) for batch_size in set(batch_sizes)
    }


def test_folds_are_drawn_once():
    cv = StratifiedShuffleSplit(2, random_state=np.random.RandomState(0))
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=cv, max_resources=18).fit(X, Y)
    fixed = list(StratifiedShuffleSplit(2, random_state=np.random.RandomState(0)).split(X, Y))
    expected = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=fixed, max_resources=18).fit(X, Y)
    assert_same_search(search, expected)


@pytest.mark.parametrize(
    ("rates", "error_score"),
    [([*RATES["lr"], 1e307], "raise"), ([*RATES["lr"], -1.0], np.nan), ([-1.0, -2.0], np.nan)],
    ids=["one diverges, raised", "one is not valid", "all are not valid"],
)
def test_failing_candidates_have_the_results_of_scikit_learn(rates, error_score):
    search = HalvingGridSearchCV(
        *(SOFTMAX, {"lr": rates}),
        error_score=error_score,
        max_resources=18,
        resource="n_epochs",
        cv=3,
    )
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert (actual.error is None) == (rates[-1] == -1)


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
        (RANDOM, {"resource": "epochs"}, "Cannot use resource=epochs which is not supported"),
        (GRID, {"resource": "n_samples"}, "searches for the number of samples"),
        (GRID, {"estimator": Pipeline([("clf", SOFTMAX)])}, r"use one of \['clf__n_epochs'\]"),
        (GRID, {"param_grid": {"n_epochs": [1, 2]}}, "Cannot use parameter n_epochs as the"),
        (
            RANDOM,
            {"param_distributions": {"n_epochs": [1, 2, 3]}},
            "Cannot use parameter n_epochs as",
        ),
        (GRID, {"min_resources": 9, "max_resources": 8}, "min_resources_=9 is greater than"),
        (RANDOM, {"min_resources": 9, "max_resources": 8}, "min_resources_=9 is greater than"),
        (RANDOM, {"min_resources": "exhaust"}, "cannot be both set to 'exhaust'"),
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


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_foreign_estimators_have_the_results_of_scikit_learn():
    grid = {"C": [0.1, 1.0, 10.0]}
    search = HalvingGridSearchCV(
        LogisticRegression(), grid, resource="max_iter", max_resources=9, cv=3
    )
    _, _, work = compare_with_scikit_learn(search, X, Y)
    assert (work.together, work.one_by_one) == (0, 3 * (3 + 1))


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


def test_metadata_and_groups_are_routed():
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("clf", model)])
        pipeline.named_steps["scale"].set_fit_request(sample_weight=False)
        options = {"resource": "clf__n_epochs", "max_resources": 18, "cv": GroupKFold(2)}
        search = HalvingGridSearchCV(pipeline, {"clf__lr": RATES["lr"]}, **options)
        params = {"sample_weight": np.linspace(0, 2, 90), "groups": np.arange(90) % 4}
        _, _, work = compare_with_scikit_learn(search, X, Y, **params)
    assert work.one_by_one == 0


def test_fitted_halving_can_be_cloned_pickled_and_fitted_again():
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18).fit(X, Y)
    unpickled = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(unpickled.predict(X), search.predict(X))
    assert_same_search(clone(search).fit(X, Y), search)
    assert_same_search(unpickled.fit(X, Y), search)
    assert len(pickle.dumps(search)) < 50_000


@pytest.mark.filterwarnings("ignore")
def test_halving_passes_check_estimator():
    search = FusedHalvingGridSearchCV(
        SoftmaxRegression(random_state=0), {"lr": [0.05, 0.1]}, cv=2, max_resources=10
    )
    check_estimator(search)
