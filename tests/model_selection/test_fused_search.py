"""Fused searches against scikit-learn's: the same in all but time."""

import pickle
import time
import tracemalloc
from inspect import Parameter, signature

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.decomposition import PCA, KernelPCA
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ParameterGrid,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import check_is_fitted

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.model_selection import _scikit_learn, fused_search
from sklearn_softmax.model_selection._evaluation import evaluate_tasks
from sklearn_softmax.model_selection._stack import Stack
from tests.model_selection.searches import (
    FUSED,
    Outcome,
    assert_same_search,
    assert_work_as_planned,
    compare_with_scikit_learn,
    count_work,
    fuse,
)

OPTIONS = {"n_epochs": 3, "batch_size": 20, "random_state": 0}
ESTIMATORS = [
    SoftmaxRegression(**OPTIONS),
    GDLogisticRegression(**OPTIONS),
    TwoLayerMLPClassifier(hidden_size=4, **OPTIONS),
    BinaryPerceptron(**OPTIONS),
]
VALUES = {
    "lr": [0.01, 0.1, 0.3, 1, "auto"],
    "lr_decay": [1.0, 0.8],
    "reg_param": [0.0, 1.0, 10.0],
    "momentum": [0.0, 0.5, 0.9, "auto"],
    "n_epochs": [1, 2, 4, "auto"],
    "batch_size": [16, 500],
    "class_weight": [None, "balanced"],
    "weight_init": ["auto", 0.1],
    "optimizer": ["sgd", "adam"],
    "nesterov": [False, True],
    "early_stopping": [False, True],
    "n_iter_no_change": [1, 2],
    "tol": [0.0, 0.05],
    "fit_intercept": [True, False],
    "shuffle": [True, False],
    "dropout": [0.0, 0.3],
    "hidden_size": [3, (3, 2)],
}
BAD_VALUES = {"lr": [-1.0, 1e307], "reg_param": [1e307], "n_epochs": [0], "batch_size": ["all"]}
NUMBERS = ["lr", "lr_decay", "reg_param", "momentum", "nesterov", "n_epochs", "early_stopping"]


def test_a_search_keeps_no_runs_to_go_on_from(monkeypatch):
    stacks, fit = [], Stack.fit

    def spy(self, X, y, **params):
        stacks.append(fit(self, X, y, **params))
        return stacks[-1]

    monkeypatch.setattr(Stack, "fit", spy)
    grid = {"lr": [0.1, 0.2], "n_epochs": [1, 2]}
    FusedGridSearchCV(ESTIMATORS[0], grid, cv=2).fit(np.eye(20), np.arange(20) % 2)
    assert stacks
    assert not any(hasattr(stack, "_runs") for stack in stacks)


def test_times_of_candidates_add_up_to_no_more_than_the_search_takes():
    search = FusedGridSearchCV(ESTIMATORS[0], {"lr": [0.1, 0.2, 0.3, 0.4]}, cv=2, refit=False)
    begin = time.perf_counter()
    results = search.fit(np.eye(20), np.arange(20) % 2).cv_results_
    taken = time.perf_counter() - begin
    for step in ("fit", "score"):
        assert 0 < 2 * np.sum(results[f"mean_{step}_time"]) < taken


@pytest.mark.parametrize("kind", FUSED)
def test_parameters_and_defaults_are_those_of_scikit_learn(kind):
    actual, expected = (signature(search).parameters for search in (FUSED[kind], kind))
    for name in actual.keys() - {"resource", "memory"}:
        assert str(actual[name].replace(annotation=Parameter.empty)) == str(expected[name])


def make_data(n_classes, n=72):
    X, y = make_classification(
        n_samples=n,
        n_features=6,
        n_informative=4,
        n_classes=n_classes,
        n_clusters_per_class=1,
        random_state=n_classes,
    )
    return X, y


def worst(results):
    """A callable refit."""
    name = next(name for name in results if name.startswith("rank_test"))
    return int(np.argmax(results[name]))


@st.composite
def grids(draw, estimator):
    known = sorted(set(VALUES) & set(estimator.get_params()))
    numbers = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2, unique=True))
    others = draw(st.lists(st.sampled_from(known), max_size=1))
    grid = {
        name: draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2))
        for name in dict.fromkeys([*numbers, *others])
        if name in known
    }
    bad = draw(st.sampled_from([None, None, None, *sorted(set(BAD_VALUES) & set(grid))]))
    return grid | ({bad: grid[bad] + BAD_VALUES[bad]} if bad else {})


@st.composite
def pipelines(draw, estimator, is_sparse):
    """A pipeline, the prefix of its last step's parameters, and a grid for its transformers."""
    scaler, k_best = StandardScaler(with_mean=not is_sparse), SelectKBest(f_classif, k=4)
    kind = draw(st.sampled_from(["none", "scaler", "select", "nested", "pca"]))
    if kind == "none" or (kind == "pca" and is_sparse):
        return estimator, "", {}
    if kind == "scaler":
        return Pipeline([("scale", scaler), ("clf", estimator)]), "clf__", {}
    if kind == "nested":
        inner = Pipeline([("scale", scaler), ("clf", estimator)])
        return Pipeline([("select", k_best), ("inner", inner)]), "inner__clf__", {}
    step = {"select": k_best, "pca": PCA(4, random_state=0)}[kind]
    name = {"select": "step__k", "pca": "step__n_components"}[kind]
    actual = draw(st.sampled_from([{}, {name: [2, 4]}, {"step": [step, "passthrough"]}]))
    return Pipeline([("step", step), ("scale", scaler), ("clf", estimator)]), "clf__", actual


@st.composite
def searches(draw):
    """A search, and what its fit is given."""
    estimator = draw(st.sampled_from(ESTIMATORS))
    is_perceptron = isinstance(estimator, BinaryPerceptron)
    X, y = make_data(2 if is_perceptron else draw(st.sampled_from([2, 3])))
    kind = draw(st.sampled_from(["array", "sparse", "frame", "list"]))
    model, prefix, actual = draw(pipelines(clone(estimator), kind == "sparse"))
    drawn = draw(st.lists(grids(estimator), min_size=1, max_size=2))
    drawn = [{prefix + name: v for name, v in grid.items()} | actual for grid in drawn]

    params = {}
    if draw(st.booleans()):
        params[f"{prefix}sample_weight"] = np.random.RandomState(1).uniform(0, 2, len(y))
    if not prefix and draw(st.booleans()):
        params |= {"X_val": X[:50], "y_val": y[:50]}
    cv = draw(st.sampled_from([2, StratifiedKFold(3, shuffle=True, random_state=0), GroupKFold(2)]))
    if isinstance(cv, GroupKFold):
        params["groups"] = np.arange(len(y)) % 5

    scorings = [None, "accuracy", ["accuracy", "f1_macro"], many_scores]
    if not is_perceptron:
        scorings += ["neg_log_loss", {"ll": "neg_log_loss", "accuracy": "accuracy"}]
    scoring = draw(st.sampled_from(scorings))
    is_multi = scoring is many_scores or isinstance(scoring, list | dict)
    refit = draw(st.sampled_from([False, "accuracy" if is_multi else True, worst]))
    search = GridSearchCV(
        model,
        drawn if len(drawn) > 1 else drawn[0],
        scoring=scoring,
        refit=refit,
        cv=cv,
        error_score=draw(st.sampled_from([np.nan, 0.0])),
        return_train_score=draw(st.booleans()),
    )
    X = {"array": np.asarray, "sparse": sparse.csr_array, "frame": frame, "list": list}[kind](X)
    if kind == "frame":
        y = pd.Series(np.array(["a", "b", "c"])[y])
        if "X_val" in params:
            params |= {"X_val": X[:50], "y_val": y[:50]}
    elif kind == "sparse" and "X_val" in params:
        params["X_val"] = X[:50]
    return search, X, y, params


def frame(X):
    return pd.DataFrame(X, columns=[f"feature {i}" for i in range(X.shape[1])])


def many_scores(estimator, X, y):
    correct = estimator.predict(X) == y
    return {"accuracy": np.mean(correct), "first": float(correct[0])}


@given(searches())
def test_a_search_does_as_scikit_learns_does(drawn):
    search, X, y, params = drawn
    actual, expected, work = compare_with_scikit_learn(search, X, y, **params)
    plan = fuse(search).plan(X, y, **params)
    assert_work_as_planned(work, plan)
    if expected.error is None and search.refit:
        np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))


@given(searches())
@settings(max_examples=10)
def test_an_error_that_is_raised_is_that_of_a_candidate(drawn):
    search, X, y, params = drawn
    search = clone(search).set_params(error_score="raise", refit=False)
    actual = Outcome(fuse(search), X, y, **params).error
    expected = Outcome(search, X, y, **params).error
    assert (actual is None) == (expected is None)
    if actual is not None:
        grids = [
            {name: [v] for name, v in grid.items()} for grid in ParameterGrid(search.param_grid)
        ]
        alone = [
            Outcome(clone(search).set_params(param_grid=grid), X, y, **params).error
            for grid in grids
        ]
        assert repr(actual) in map(repr, alone)


X3, Y3 = make_data(3)
RATES = {"lr": [0.05, 0.1], "n_epochs": [1, 3]}
SOFTMAX = ESTIMATORS[0]


def scaled(estimator=SOFTMAX, scaler=None, **options):
    return Pipeline([("scale", scaler or StandardScaler()), ("clf", clone(estimator))], **options)


def of_last_step(grid):
    return {f"clf__{name}": values for name, values in grid.items()}


@pytest.mark.parametrize("estimator", ESTIMATORS[:3], ids=str)
def test_all_candidates_of_a_fold_are_one_run(estimator):
    _, _, work = compare_with_scikit_learn(GridSearchCV(estimator, RATES, cv=3), X3, Y3)
    assert (work.together, work.one_by_one) == (3, 0)


def test_mini_batch_perceptrons_train_together():
    search = GridSearchCV(ESTIMATORS[3], RATES, cv=3)
    _, _, work = compare_with_scikit_learn(search, *make_data(2))
    assert (work.together, work.one_by_one) == (3, 0)


def test_online_perceptrons_are_fitted_beside_those_that_train_together():
    search = GridSearchCV(ESTIMATORS[3], {"lr": [0.5, 1.0], "batch_size": [1, 20]}, cv=3)
    _, _, work = compare_with_scikit_learn(search, *make_data(2))
    assert (work.together, work.one_by_one) == (3, 6)


def test_sparse_rows_train_together():
    _, _, work = compare_with_scikit_learn(
        GridSearchCV(SOFTMAX, RATES, cv=3), sparse.csr_array(X3), Y3
    )
    assert (work.together, work.one_by_one) == (3, 0)


def test_a_diverging_candidate_fails_alone_within_its_stack():
    search = GridSearchCV(SOFTMAX, {"lr": [0.1, 1e307], "reg_param": [0.0, 1e307]}, cv=3)
    actual, _, work = compare_with_scikit_learn(search, X3, Y3)
    assert (work.together, work.one_by_one) == (3, 0)
    assert np.isnan(actual.search.cv_results_["mean_test_score"]).tolist() == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.parametrize(
    "without_effect",
    [
        {"momentum": [0.0, 0.3, 0.5, 0.7, 0.9], "optimizer": ["adam"]},
        {"lr_decay": [0.5, 0.6, 0.7, 0.8, 0.9], "n_epochs": [1]},
    ],
    ids=str,
)
def test_candidates_with_equal_models_share_a_rank(without_effect):
    grid = {"lr": [0.01, 0.02, 0.03], **without_effect}
    search = GridSearchCV(SOFTMAX, grid, scoring="neg_log_loss", cv=3)
    actual, _, _ = compare_with_scikit_learn(search, X3, Y3)
    assert set(actual.search.cv_results_["rank_test_score"]) == {1, 6, 11}


def test_weights_of_labels_train_together():
    y = np.array(["a", "b", "c"])[Y3]
    model = clone(SOFTMAX).set_params(class_weight={"a": 3.0})
    grid = {"class_weight": [{"a": 2.0}, {"b": 0.0, "c": 2.0}], **RATES}
    _, _, work = compare_with_scikit_learn(GridSearchCV(model, grid, cv=3), X3, y)
    assert (work.together, work.one_by_one) == (3, 0)


def test_a_pairwise_pipeline_is_cut_as_its_candidate_says():
    X = X3 @ X3.T
    pipeline = scaled(scaler=KernelPCA(3, random_state=0))
    grid = {"scale__kernel": ["precomputed"], "clf__lr": [0.1, 0.2]}
    _, _, work = compare_with_scikit_learn(GridSearchCV(pipeline, grid, cv=3), X, Y3)
    assert (work.together, work.one_by_one) == (3, 0)


def test_the_first_candidate_that_fails_is_the_one_raised():
    grid = {"n_epochs": [1, 2, 3], "lr": [1e306, 1e307], "reg_param": [1e307]}
    search = GridSearchCV(SOFTMAX, grid, cv=2, error_score="raise")
    actual, _, _ = compare_with_scikit_learn(search, X3, Y3)
    assert "lr=1e+306" in str(actual.error)


def test_the_error_of_a_fit_tells_of_that_fit_alone():
    grid = {**of_last_step(RATES), "scale__k": [-1]}
    search = FusedGridSearchCV(scaled(scaler=SelectKBest()), grid, cv=2)
    with pytest.raises(ValueError, match="All the 8 fits failed") as caught:
        search.fit(X3, Y3)
    assert "another exception" not in str(caught.value)


@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_a_transformer_that_fails_fails_every_candidate(error_score):
    grid = {"scale__k": [4, -1], **of_last_step(RATES)}
    search = GridSearchCV(scaled(scaler=SelectKBest()), grid, cv=2, error_score=error_score)
    actual, _, _ = compare_with_scikit_learn(search, X3, Y3)
    assert error_score == "raise" or actual.warnings


@pytest.mark.parametrize("y", [None, np.ones(72), X3[:, 0]], ids=["none", "one class", "numbers"])
def test_targets_that_nothing_can_learn_fail_as_in_scikit_learn(y):
    actual, _, _ = compare_with_scikit_learn(GridSearchCV(SOFTMAX, RATES, cv=KFold(2)), X3, y)
    assert actual.error is not None or actual.warnings or len(np.unique(y)) == 1


@pytest.mark.parametrize("params", [{"weights": Y3}, {"sample_weight": -np.ones(72)}], ids=str)
def test_fit_parameters_that_are_wrong_fail_as_in_scikit_learn(params):
    actual, _, _ = compare_with_scikit_learn(GridSearchCV(SOFTMAX, RATES, cv=2), X3, Y3, **params)
    assert isinstance(actual.error, ValueError)


def failing_scorer(estimator, X, y):
    raise RuntimeError("no score")


@pytest.mark.parametrize("error_score", [np.nan, 0.5, "raise"])
def test_a_scorer_that_fails_does_so_as_in_scikit_learn(error_score):
    search = GridSearchCV(
        SOFTMAX, RATES, scoring=failing_scorer, cv=2, error_score=error_score, refit=False
    )
    actual, _, _ = compare_with_scikit_learn(search, X3, Y3)
    assert actual.error is not None if error_score == "raise" else actual.warnings


def interrupting_scorer(estimator, X, y):
    raise KeyboardInterrupt


def test_an_interrupt_ends_the_search_at_once():
    with count_work() as work, pytest.raises(KeyboardInterrupt):
        FusedGridSearchCV(SOFTMAX, RATES, scoring=interrupting_scorer, cv=5).fit(X3, Y3)
    assert (work.together, work.one_by_one) == (1, 0)


class CountingScaler(StandardScaler):
    """Tells of its fits; the count belongs to the class."""

    n_fits = 0

    def fit(self, X, y=None, sample_weight=None):
        type(self).n_fits += 1
        return super().fit(X, y, sample_weight)


def test_transformers_are_fitted_once_for_each_group_and_fold(monkeypatch):
    monkeypatch.setattr(CountingScaler, "n_fits", 0)
    grid = {"scale__with_std": [True, False], **of_last_step(RATES)}
    search = FusedGridSearchCV(scaled(scaler=CountingScaler()), grid, cv=3, refit=False)
    search.fit(X3, Y3)
    assert CountingScaler.n_fits == 2 * 3


def test_folds_are_cut_once_for_each_group(monkeypatch):
    cuts = []
    monkeypatch.setattr(_scikit_learn, "_safe_split", lambda *a: cuts.append(1) or _safe_split(*a))
    grid = {**RATES, "batch_size": [10, 20]}
    FusedGridSearchCV(SOFTMAX, grid, cv=3, refit=False, return_train_score=True).fit(X3, Y3)
    assert len(cuts) == 2 * (2 * 3)  # training and test rows


def peak_of(search, X, y):
    tracemalloc.start()
    search.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_search_holds_no_copy_of_a_fold_more_than_scikit_learns_does(rng):
    X, y = rng.standard_normal((3000, 800)).astype(np.float32), rng.randint(4, size=3000)
    grid = {"lr": [0.001, 0.002, 0.003], "reg_param": [0, 1, 2], "n_epochs": [1, 2]}
    estimator = SoftmaxRegression(batch_size=100, random_state=0)
    FusedGridSearchCV(estimator, grid, cv=3, refit=False).fit(X[:90, :5], y[:90])  # imports
    ours, theirs = (
        peak_of(Search(estimator, grid, cv=3, refit=False), X, y)
        for Search in (FusedGridSearchCV, GridSearchCV)
    )
    # Stack, models read off it, loss of every row: an eighth. A fold: two thirds or a third.
    assert ours - theirs < X.nbytes / 5


def test_tasks_have_the_rows_as_arguments_of_their_own(monkeypatch):
    handed = []

    def watched(plan, X, y, evaluations, parallel, store):
        def watched_parallel(tasks):
            tasks = list(tasks)
            handed.extend((*arguments[:2], pickle.dumps(arguments[2])) for _, arguments, _ in tasks)
            return parallel(tasks)

        return evaluate_tasks(plan, X, y, evaluations, watched_parallel, store)

    monkeypatch.setattr(fused_search, "evaluate_tasks", watched)
    X = np.tile(X3, 500)
    FusedGridSearchCV(SOFTMAX, {**RATES, "lr": [1e-5, 2e-5]}, cv=3, refit=False).fit(X, Y3)
    assert len(handed) == 3
    for X_given, y_given, evaluations in handed:
        assert X_given is X
        assert y_given is Y3
        assert len(evaluations) < X.nbytes / 50


def test_an_empty_splitter_fails_as_in_scikit_learn():
    actual, _, _ = compare_with_scikit_learn(GridSearchCV(SOFTMAX, RATES, cv=[]), X3, Y3)
    assert "No fits were performed" in str(actual.error)


def test_a_pipeline_with_a_memory_trains_together(tmp_path):
    search = GridSearchCV(scaled(memory=str(tmp_path)), of_last_step(RATES), cv=3)
    _, _, work = compare_with_scikit_learn(search, X3, Y3)
    assert (work.together, work.one_by_one) == (3, 0)


def test_replaced_last_steps_train_together():
    grid = {"clf": ESTIMATORS[:2], **of_last_step(RATES)}
    _, _, work = compare_with_scikit_learn(GridSearchCV(scaled(), grid, cv=3), X3, Y3)
    assert (work.together, work.one_by_one) == (6, 0)
    assert [model.lr for model in grid["clf"]] == [model.lr for model in ESTIMATORS[:2]]


def test_validation_rows_go_through_the_transformers():
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(X_val=True, y_val=True)
        pipeline = scaled(model, transform_input=["X_val"])
        search = GridSearchCV(pipeline, of_last_step(RATES), cv=3)
        actual, expected, work = compare_with_scikit_learn(
            search, X3, Y3, X_val=X3[:40], y_val=Y3[:40]
        )
    assert (work.together, work.one_by_one) == (3, 0)
    val_loss = [o.search.best_estimator_["clf"].history_["val_loss"] for o in (actual, expected)]
    np.testing.assert_array_equal(*val_loss)


def test_metadata_are_routed():
    weight = np.random.RandomState(0).uniform(0, 2, len(Y3))
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, RATES, cv=GroupKFold(3))
        actual, _, work = compare_with_scikit_learn(
            search, X3, Y3, sample_weight=weight, groups=np.arange(len(Y3)) % 5
        )
        unweighted = FusedGridSearchCV(model, RATES, cv=GroupKFold(3))
        unweighted.fit(X3, Y3, groups=np.arange(len(Y3)) % 5)
    assert (work.together, work.one_by_one) == (3, 0)
    scores = [s.cv_results_["mean_test_score"] for s in (actual.search, unweighted)]
    assert not np.allclose(*scores)


def test_metadata_that_nobody_asked_for_are_refused():
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(SOFTMAX, RATES, cv=3)
        actual, _, _ = compare_with_scikit_learn(search, X3, Y3, sample_weight=np.ones(len(Y3)))
    assert isinstance(actual.error, UnsetMetadataPassedError)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_two_jobs_do_as_one(backend):
    search = FusedGridSearchCV(scaled(), {**of_last_step(RATES), "clf__batch_size": [10, 20]}, cv=3)
    expected = clone(search).fit(X3, Y3)
    with joblib.parallel_config(backend=backend):
        actual = clone(search).set_params(n_jobs=2).fit(X3, Y3)
    assert_same_search(actual, expected)


def test_a_fitted_search_pickles():
    fitted = FusedGridSearchCV(scaled(), of_last_step(RATES), cv=3).fit(X3, Y3)
    again = pickle.loads(pickle.dumps(fitted))
    assert_same_search(again, fitted)
    np.testing.assert_array_equal(again.predict_proba(X3), fitted.predict_proba(X3))


def test_a_clone_is_unfitted_and_searches_the_same():
    fitted = FusedGridSearchCV(SOFTMAX, RATES, cv=3, verbose=0).fit(X3, Y3)
    again = clone(fitted)
    known = GridSearchCV(SOFTMAX, RATES).get_params().keys()
    assert again.get_params().keys() == known | {"memory"}
    assert not hasattr(again, "cv_results_")
    assert_same_search(again.fit(X3, Y3), fitted)


@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV])
def test_parameters_and_their_defaults_are_scikit_learns(search):
    ours, theirs = (signature(kind).parameters.values() for kind in (FUSED[search], search))
    *same, memory = ((p.name, p.kind, repr(p.default)) for p in ours)
    assert same == [(p.name, p.kind, repr(p.default)) for p in theirs]
    assert memory == ("memory", Parameter.KEYWORD_ONLY, "None")


@pytest.mark.parametrize("search", FUSED.values())
def test_an_unknown_parameter_is_an_error_of_the_search_itself(search):
    with pytest.raises(TypeError, match=rf"^{search.__name__}\..*unexpected keyword argument 'C'"):
        search(SOFTMAX, RATES, C=1)


def test_a_search_can_be_fitted_again():
    search = FusedGridSearchCV(SOFTMAX, RATES, cv=3).fit(X3[:50], Y3[:50])
    assert_same_search(search.fit(X3, Y3), GridSearchCV(SOFTMAX, RATES, cv=3).fit(X3, Y3))


def test_the_inner_estimator_and_the_grid_stay_as_they_are():
    estimator, grid = scaled(), {"clf": [clone(SOFTMAX)], **of_last_step(RATES)}
    before = repr(estimator), repr(grid)
    FusedGridSearchCV(estimator, grid, cv=3).fit(X3, Y3)
    assert (repr(estimator), repr(grid)) == before
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)
    with pytest.raises(NotFittedError):
        check_is_fitted(grid["clf"][0])


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3)], ids=["int", "generator"])
def test_a_random_search_draws_what_scikit_learns_draws(random_state):
    drawn = {"lr": loguniform(1e-3, 1e-1), "n_epochs": [1, 2], "batch_size": [10, 20]}
    search = RandomizedSearchCV(SOFTMAX, drawn, n_iter=8, random_state=random_state, cv=3)
    actual, _, work = compare_with_scikit_learn(search, X3, Y3)
    assert_work_as_planned(work, actual.search.plan(X3, Y3))
    assert work.together == 2 * 3


def test_a_generator_as_seed_of_the_models_gives_the_same():
    model = clone(SOFTMAX).set_params(random_state=np.random.RandomState(4))
    _, _, work = compare_with_scikit_learn(GridSearchCV(model, RATES, cv=3), X3, Y3)
    assert (work.together, work.one_by_one) == (3, 0)


def test_without_a_seed_the_global_generator_decides():
    search = FusedGridSearchCV(clone(SOFTMAX).set_params(random_state=None), RATES, cv=3)
    results = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        results.append(clone(search).fit(X3, Y3).best_estimator_.coef_)
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])


def test_candidates_without_a_seed_and_without_chance_are_as_in_scikit_learn():
    model = clone(SOFTMAX).set_params(random_state=None, shuffle=False)
    compare_with_scikit_learn(GridSearchCV(model, RATES, cv=3), X3, Y3)


def test_verbose_prints_the_plan(capsys):
    search = FusedGridSearchCV(SOFTMAX, RATES, cv=3, verbose=1).fit(X3, Y3)
    printed = capsys.readouterr().out
    assert printed == (
        "Fitting 3 folds for each of 4 candidates, totalling 12 fits\n" + f"{search.plan(X3, Y3)}\n"
    )


def test_a_quiet_search_prints_nothing(capsys):
    FusedGridSearchCV(SOFTMAX, RATES, cv=3).fit(X3, Y3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("grid", [{"lr": []}, {"lr": 0.1}, [], {"lr": "auto"}], ids=str)
def test_grids_that_are_none_fail_as_in_scikit_learn(grid):
    actual, _, _ = compare_with_scikit_learn(GridSearchCV(SOFTMAX, grid, cv=2), X3, Y3)
    assert actual.error is not None


@pytest.mark.parametrize(
    "params", [{"scoring": "no such"}, {"error_score": "no such"}, {"cv": 1}, {"refit": "no such"}]
)
def test_options_that_are_wrong_fail_as_in_scikit_learn(params):
    search = GridSearchCV(SOFTMAX, RATES, **{"scoring": ["accuracy"], **params})
    actual, _, _ = compare_with_scikit_learn(search, X3, Y3)
    assert actual.error is not None


def test_foreign_estimators_are_searched_as_in_scikit_learn():
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=3, return_train_score=True)
    _, _, work = compare_with_scikit_learn(search, X3, X3[:, 0])
    assert (work.together, work.one_by_one) == (0, 6)


def test_clusterings_are_searched_as_in_scikit_learn():
    search = GridSearchCV(KMeans(random_state=0, n_init=1), {"n_clusters": [2, 3]}, cv=3)
    compare_with_scikit_learn(search, X3)


def test_multi_class_reductions_are_searched_as_in_scikit_learn():
    search = GridSearchCV(OneVsRestClassifier(ESTIMATORS[3]), {"estimator__lr": [0.1, 1.0]}, cv=3)
    compare_with_scikit_learn(search, X3, Y3)


def test_searches_within_a_cross_validation_give_the_same():
    search = GridSearchCV(SOFTMAX, RATES, cv=2)
    actual = cross_val_score(fuse(search), X3, Y3, cv=3)
    np.testing.assert_allclose(actual, cross_val_score(search, X3, Y3, cv=3))


def test_classes_and_delegated_methods_are_there():
    actual, expected, _ = compare_with_scikit_learn(
        GridSearchCV(scaled(), of_last_step(RATES)), X3, Y3
    )
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        found = [getattr(o.search, method)(X3) for o in (actual, expected)]
        np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(actual.search.classes_, expected.search.classes_)
    assert actual.search.score(X3, Y3) == expected.search.score(X3, Y3)
    assert actual.search.n_features_in_ == 6


def test_times_add_up_to_that_of_the_group():
    results = FusedGridSearchCV(SOFTMAX, RATES, cv=2).fit(X3, Y3).cv_results_
    assert len(set(results["mean_fit_time"])) == 1
    assert np.all(results["mean_fit_time"] > 0)
    assert np.all(results["mean_score_time"] > 0)


# scikit-learn expects its own searches to fail these two as well.
EXPECTED_TO_FAIL = {
    "check_supervised_y_2d": "no DataConversionWarning",
    "check_requires_y_none": "does not fail gracefully",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("wrap", [clone, pytest.param(scaled, marks=pytest.mark.slow)])
def test_fused_searches_pass_scikit_learns_checks(wrap):
    model = wrap(SoftmaxRegression(n_epochs=20, random_state=0))
    grid = of_last_step({"lr": [0.1, 0.2]}) if isinstance(model, Pipeline) else {"lr": [0.1, 0.2]}
    search = FusedGridSearchCV(model, grid, cv=2, error_score="raise")
    check_estimator(search, expected_failed_checks=EXPECTED_TO_FAIL, on_skip=None)
