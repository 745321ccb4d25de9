"""Fused searches in several threads and processes: loky and a dask cluster."""

import os
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from tests.model_selection.searches import assert_same_search, count_work

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
GRID = {"lr": [0.001, 0.002], "n_epochs": [2, 3], "batch_size": [40, 50], "shuffle": [True, False]}
HALVING = {"lr": [1e-4, 1e-3, 2e-3, 0.01], "batch_size": [20, 50], "early_stopping": [True]}


def score_and_process(estimator, X, y):
    return {"score": estimator.score(X, y), "process": os.getpid()}


def fit_and_return_processes(expected, **params):
    """Fit a fused search, compare its scores, and return the processes of its tasks."""
    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=score_and_process, refit="score")
    results = search.set_params(**params).fit(X, Y).cv_results_
    scores = results["mean_test_score"], expected.cv_results_["mean_test_score"]
    np.testing.assert_allclose(*scores, rtol=1e-10)
    assert search.best_params_ == expected.best_params_
    return {int(p) for fold in range(3) for p in results[f"split{fold}_test_process"]}


@pytest.fixture(scope="module")
def expected():
    return GridSearchCV(MODEL, GRID, cv=3).fit(X, Y)


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=True, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_loky_processes_store_results_and_give_the_scores_of_scikit_learn(
    expected, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    processes = fit_and_return_processes(expected, n_jobs=2, memory="results")
    assert os.getpid() not in processes
    assert len([path for path in Path("results").rglob("*") if path.is_file()]) == 3 * 2**4


@pytest.mark.filterwarnings("default")
def test_dask_processes_give_the_scores_of_scikit_learn(cluster, expected):
    with joblib.parallel_config(backend="dask"):
        processes = fit_and_return_processes(expected)
    assert processes == set(cluster.run(os.getpid).values())


@pytest.mark.filterwarnings("default")
def test_dask_resumes_models_of_a_halving(cluster):
    model = clone(MODEL).set_params(n_iter_no_change=3)
    search = FusedHalvingGridSearchCV(model, HALVING, cv=3, max_resources=18)
    expected = clone(search).fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        assert_same_search(clone(search).fit(X, Y), expected)


NINE = {"lr": [1e-4, 1e-3, 0.01], "reg_param": [0.0, 0.1, 1.0], "batch_size": [20, 50]}


@pytest.mark.parametrize("n_jobs", [7, pytest.param(60, marks=pytest.mark.slow)])
@pytest.mark.parametrize("Search", [FusedGridSearchCV, FusedHalvingGridSearchCV])
def test_split_stacks_give_the_results_of_one_job(Search, n_jobs):
    search = Search(clone(MODEL).set_params(n_epochs=9), NINE, cv=3)
    expected = clone(search).fit(X, Y)
    with joblib.parallel_config(backend="threading"), count_work() as work:
        actual = clone(search).set_params(n_jobs=n_jobs).fit(X, Y)
    assert_same_search(actual, expected)
    n_tasks = min(n_jobs, 6 * 9)
    if Search is FusedGridSearchCV:
        assert work.together == n_tasks
    assert len(clone(search).set_params(n_jobs=n_jobs).plan(X, Y).tasks) == n_tasks
