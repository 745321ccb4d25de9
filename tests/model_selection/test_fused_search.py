"""Fused searches against scikit-learn's: the same results, errors and warnings."""

import pickle
import time
import tracemalloc
from inspect import Parameter, signature
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import KernelPCA
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    RandomizedSearchCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.metaestimators import _safe_split

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from sklearn_softmax.model_selection import _evaluation, _scikit_learn
from tests.model_selection.searches import (
    FUSED,
    assert_same_search,
    assert_work_as_planned,
    compare_with_scikit_learn,
    count_work,
    fuse,
)
from tests.model_selection.strategies import ESTIMATORS, make_data, searches

BINARY = make_data(2)
X, Y = make_data(3)
LABELS = np.array(["a", "b", "c"])[Y]
RATES = {"lr": [0.05, 0.1], "n_epochs": [1, 3]}
SOFTMAX, LOGISTIC, _, PERCEPTRON = ESTIMATORS


def scaled(estimator=SOFTMAX, scaler=None, **options):
    return Pipeline([("scale", scaler or StandardScaler()), ("clf", clone(estimator))], **options)


def last_step_grid(grid):
    return {f"clf__{name}": values for name, values in grid.items()}


@pytest.mark.parametrize("Search", FUSED.values())
def test_search_stores_its_parameters_and_checks_each(Search):
    params = {name: object() for name in signature(Search).parameters}
    assert Search(**params).get_params(deep=False) == params
    assert Search._parameter_constraints.keys() == params.keys()


@given(searches())
def test_fused_search_has_the_results_of_scikit_learn(search_and_data):
    search, X, y, params = search_and_data
    actual, expected, work = compare_with_scikit_learn(search, X, y, **params)
    assert_work_as_planned(work, fuse(search).plan(X, y, **params))
    if expected.error is None and search.refit:
        np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))


LABEL_WEIGHTS = {"class_weight": [{"a": 2.0}, {"b": 0.0, "c": 2.0}], **RATES}
KERNEL_PCA = scaled(scaler=KernelPCA(3, random_state=0))
PRECOMPUTED = {"scale__kernel": ["precomputed"], "clf__lr": [0.1, 0.2]}
SEED = {"random_state": np.random.RandomState(4)}
NOT_RANDOM = {"random_state": None, "shuffle": False}
WORK = {
    "softmax": (SOFTMAX, RATES, X, Y, (3, 0)),
    "perceptrons": (PERCEPTRON, RATES, *BINARY, (3, 0)),
    "online perceptrons": (PERCEPTRON, {"lr": [0.5, 1.0], "batch_size": [1, 20]}, *BINARY, (3, 6)),
    "sparse, two classes": (LOGISTIC, RATES, sparse.csr_array(BINARY[0]), BINARY[1], (3, 0)),
    "one class": (SOFTMAX, RATES, X, np.ones(72), (3, 0)),
    "weights of labels": (SOFTMAX, LABEL_WEIGHTS, X, LABELS, (3, 0)),
    "pairwise pipeline": (KERNEL_PCA, PRECOMPUTED, X @ X.T, Y, (3, 0)),
    "last steps": (scaled(), {"clf": ESTIMATORS[:2], **last_step_grid(RATES)}, X, Y, (6, 0)),
    "generator as seed": (clone(SOFTMAX).set_params(**SEED), RATES, X, Y, (3, 0)),
    "nothing random": (clone(SOFTMAX).set_params(**NOT_RANDOM), RATES, X, Y, (3, 0)),
    "regressor": (Ridge(), {"alpha": [0.1, 1.0]}, X, X[:, 0], (0, 6)),
    "clustering": (KMeans(random_state=0, n_init=1), {"n_clusters": [2, 3]}, X, None, (0, 6)),
    "one-vs-rest": (OneVsRestClassifier(PERCEPTRON), {"estimator__lr": [0.1, 1.0]}, X, Y, (0, 6)),
}


@pytest.mark.parametrize(("estimator", "grid", "X", "y", "n_fits"), WORK.values(), ids=WORK)
def test_number_of_runs_and_of_fits_one_by_one(estimator, grid, X, y, n_fits):
    search = GridSearchCV(estimator, grid, cv=3, return_train_score=True)
    before = repr(search)
    _, _, work = compare_with_scikit_learn(search, X, y)
    assert (work.together, work.one_by_one) == n_fits
    assert repr(search) == before


def test_pipeline_with_a_memory_trains_together(tmp_path):
    search = GridSearchCV(scaled(memory=str(tmp_path)), last_step_grid(RATES), cv=3)
    _, _, work = compare_with_scikit_learn(search, X, Y)
    assert (work.together, work.one_by_one) == (3, 0)


def failing_scorer(estimator, X, y):
    raise RuntimeError("no score")


BAD_SCALER = GridSearchCV(
    scaled(scaler=SelectKBest()), {"scale__k": [4, -1], **last_step_grid(RATES)}, cv=2
)
BAD_SCORER = GridSearchCV(SOFTMAX, RATES, scoring=failing_scorer, cv=2, refit=False)
PLAIN = GridSearchCV(SOFTMAX, RATES, cv=KFold(2))


@pytest.mark.parametrize(
    ("search", "params", "fit_params"),
    [
        *((BAD_SCALER, {"error_score": score}, {}) for score in (np.nan, "raise")),
        *((BAD_SCORER, {"error_score": score}, {}) for score in (np.nan, 0.5, "raise")),
        *((PLAIN, {"param_grid": grid}, {}) for grid in ({"lr": []}, {"lr": 0.1}, [], {"lr": "x"})),
        (PLAIN, {"scoring": "no such"}, {}),
        (PLAIN, {"error_score": "no such"}, {}),
        (PLAIN, {"cv": 1}, {}),
        (PLAIN, {"cv": []}, {}),
        (PLAIN, {"scoring": ["accuracy"], "refit": "no such"}, {}),
        (PLAIN, {}, {"y": None}),
        (PLAIN, {}, {"y": X[:, 0]}),
        *((GridSearchCV(model, RATES, cv=2), {}, {"weights": Y}) for model in ESTIMATORS),
        (PLAIN, {}, {"sample_weight": -np.ones(72)}),
    ],
)
def test_failures_are_those_of_scikit_learn(search, params, fit_params):
    search = clone(search).set_params(**params)
    actual, _, _ = compare_with_scikit_learn(search, X, **{"y": Y, **fit_params})
    assert actual.error or actual.warnings


def test_diverging_candidate_fails_alone_within_its_stack():
    search = GridSearchCV(SOFTMAX, {"lr": [0.1, 1e307], "reg_param": [0.0, 1e307]}, cv=3)
    actual, _, work = compare_with_scikit_learn(search, X, Y)
    assert (work.together, work.one_by_one) == (3, 0)
    is_nan = np.isnan(actual.search.cv_results_["mean_test_score"])
    assert is_nan.tolist() == [False, True, True, True]


def test_first_failing_candidate_is_raised():
    grid = {"n_epochs": [1, 2, 3], "lr": [1e306, 1e307], "reg_param": [1e307]}
    search = GridSearchCV(SOFTMAX, grid, cv=2, error_score="raise")
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert "lr=1e+306" in str(actual.error)


def test_error_of_a_fit_does_not_mention_the_joint_fit():
    grid = {**last_step_grid(RATES), "scale__k": [-1]}
    search = FusedGridSearchCV(scaled(scaler=SelectKBest()), grid, cv=2)
    with pytest.raises(ValueError, match="All the 8 fits failed") as caught:
        search.fit(X, Y)
    assert "another exception" not in str(caught.value)


def interrupting_scorer(estimator, X, y):
    raise KeyboardInterrupt


def test_interrupt_ends_the_search_at_once():
    with count_work() as work, pytest.raises(KeyboardInterrupt):
        FusedGridSearchCV(SOFTMAX, RATES, scoring=interrupting_scorer, cv=5).fit(X, Y)
    assert (work.together, work.one_by_one) == (1, 0)


@pytest.mark.parametrize(
    "ineffective",
    [
        {"momentum": [0.0, 0.3, 0.5, 0.7, 0.9], "optimizer": ["adam"]},
        {"lr_decay": [0.5, 0.6, 0.7, 0.8, 0.9], "n_epochs": [1]},
    ],
    ids=str,
)
def test_candidates_with_equal_models_share_a_rank(ineffective):
    grid = {"lr": [0.01, 0.02, 0.03], **ineffective}
    search = GridSearchCV(SOFTMAX, grid, scoring="neg_log_loss", cv=3)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert set(actual.search.cv_results_["rank_test_score"]) == {1, 6, 11}


def test_transformers_are_fitted_and_folds_are_copied_once_per_group_and_fold():
    grid = {"scale__with_std": [True, False], **last_step_grid(RATES)}
    search = FusedGridSearchCV(scaled(), grid, cv=3, refit=False, return_train_score=True)
    fit = patch.object(StandardScaler, "fit", autospec=True, side_effect=StandardScaler.fit)
    split = patch.object(_scikit_learn, "_safe_split", side_effect=_safe_split)
    with fit as fit, split as split:
        search.fit(X, Y)
    assert fit.call_count == 2 * 3
    assert split.call_count == 2 * (2 * 3)  # training and test rows


def peak_memory(search, X, y):
    tracemalloc.start()
    search.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_peak_memory_is_that_of_scikit_learn_and_a_fraction_of_the_rows(rng):
    X, y = rng.standard_normal((3000, 800)).astype(np.float32), rng.randint(4, size=3000)
    grid = {"lr": [0.001, 0.002, 0.003], "reg_param": [0, 1], "n_epochs": [1, 2]}
    estimator = SoftmaxRegression(batch_size=100, random_state=0, n_epochs=1)
    FusedGridSearchCV(estimator, grid, cv=3, refit=False).fit(X[:90, :5], y[:90])  # imports
    actual = peak_memory(FusedGridSearchCV(estimator, grid, cv=3, refit=False), X, y)
    expected = peak_memory(GridSearchCV(estimator, {"lr": [0.001]}, cv=3, refit=False), X, y)
    # The models and the losses of all rows are a tenth of X, a copy of a fold two thirds.
    assert actual - expected < X.nbytes / 5


def test_rows_are_separate_arguments_of_each_task():
    many, evaluate = np.tile(X, 500), _evaluation._evaluate_and_store
    with patch.object(_evaluation, "_evaluate_and_store", side_effect=evaluate) as tasks:
        FusedGridSearchCV(SOFTMAX, {"lr": [1e-5, 2e-5]}, cv=3, refit=False).fit(many, Y)
    assert tasks.call_count == 3
    for rows, targets, evaluations, *_ in (call.args for call in tasks.call_args_list):
        assert rows is many
        assert targets is Y
        assert len(pickle.dumps(evaluations)) < many.nbytes / 5


def test_validation_rows_are_transformed():
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(X_val=True, y_val=True)
        search = GridSearchCV(scaled(model, transform_input=["X_val"]), last_step_grid(RATES), cv=3)
        outcomes = compare_with_scikit_learn(search, X, Y, X_val=X[:40], y_val=Y[:40])
    *searches, work = outcomes
    assert (work.together, work.one_by_one) == (3, 0)
    val_loss = [o.search.best_estimator_["clf"].history_["val_loss"] for o in searches]
    np.testing.assert_array_equal(*val_loss)


def test_metadata_are_routed_and_refused_without_a_request():
    weight, groups = np.random.RandomState(0).uniform(0, 2, len(Y)), np.arange(len(Y)) % 5
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        search = GridSearchCV(model, RATES, cv=GroupKFold(3))
        metadata = {"sample_weight": weight, "groups": groups}
        _, _, work = compare_with_scikit_learn(search, X, Y, **metadata)
        search = GridSearchCV(SOFTMAX, RATES, cv=3)
        refused, _, _ = compare_with_scikit_learn(search, X, Y, sample_weight=weight)
    assert (work.together, work.one_by_one) == (3, 0)
    assert isinstance(refused.error, UnsetMetadataPassedError)


@pytest.mark.parametrize(
    "search",
    [
        FusedGridSearchCV(scaled(), last_step_grid(RATES), cv=3),
        FusedHalvingGridSearchCV(SOFTMAX, {"lr": [0.01, 0.05, 0.1]}, cv=3, max_resources=18),
    ],
    ids=["grid", "halving"],
)
def test_fitted_search_can_be_pickled_cloned_and_fitted_again(search):
    fitted = clone(search).fit(X, Y)
    unpickled = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(unpickled.predict_proba(X), fitted.predict_proba(X))
    for other in (unpickled, clone(fitted)):
        assert_same_search(other.fit(X[:50], Y[:50]).fit(X, Y), fitted)
    assert len(pickle.dumps(fitted)) < 50_000


@pytest.mark.parametrize("kind", FUSED)
def test_signature_is_that_of_scikit_learn_with_memory(kind):
    actual, expected = (dict(signature(search).parameters) for search in (FUSED[kind], kind))
    memory = actual.pop("memory")
    assert (memory.kind, memory.default) == (Parameter.KEYWORD_ONLY, None)
    for name in actual.keys() - {"resource"}:
        assert str(actual[name].replace(annotation=Parameter.empty)) == str(expected[name])
    if kind in (GridSearchCV, RandomizedSearchCV):
        assert list(actual) == list(expected)
    with pytest.raises(TypeError, match=rf"^{FUSED[kind].__name__}\..*keyword argument 'C'"):
        FUSED[kind](SOFTMAX, RATES, C=1)


def test_verbose_prints_the_plan(capsys):
    search = FusedGridSearchCV(SOFTMAX, RATES, cv=3).fit(X, Y)
    assert capsys.readouterr().out == ""
    search.set_params(verbose=1).fit(X, Y)
    head = "Fitting 3 folds for each of 4 candidates, totalling 12 fits"
    assert capsys.readouterr().out == f"{head}\n{search.plan(X, Y)}\n"


def test_times_of_candidates_are_equal_and_sum_to_less_than_that_of_the_search():
    search = FusedGridSearchCV(SOFTMAX, RATES, cv=2, refit=False)
    start = time.perf_counter()
    results = search.fit(X, Y).cv_results_
    seconds = time.perf_counter() - start
    assert len(set(results["mean_fit_time"])) == 1
    assert np.all(results["mean_score_time"] > 0)
    for step in ("fit", "score"):
        assert 0 < 2 * np.sum(results[f"mean_{step}_time"]) < seconds


# scikit-learn expects its own searches to fail these two as well.
EXPECTED_TO_FAIL = {
    "check_supervised_y_2d": "no DataConversionWarning",
    "check_requires_y_none": "does not fail gracefully",
}
MODEL = SoftmaxRegression(n_epochs=10, random_state=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "search",
    [
        FusedGridSearchCV(MODEL, {"lr": [0.1, 0.2]}, cv=2, error_score="raise"),
        FusedHalvingGridSearchCV(MODEL, {"lr": [0.05, 0.1]}, cv=2, error_score="raise"),
        pytest.param(
            FusedGridSearchCV(scaled(MODEL), {"clf__lr": [0.1, 0.2]}, cv=2, error_score="raise"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["grid", "halving", "pipeline"],
)
def test_fused_search_passes_check_estimator(search):
    check_estimator(search, expected_failed_checks=EXPECTED_TO_FAIL, on_skip=None)
