"""Fused searches in several processes: loky, a dask cluster, and an end by interrupt."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from tests.model_selection.searches import assert_same_search, count_work

SLOW = pytest.mark.slow
X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
GRID = {"lr": [0.001, 0.002], "n_epochs": [2, 3], "batch_size": [40, 50], "shuffle": [True, False]}


def where_it_ran(estimator, X, y):
    return {"score": estimator.score(X, y), "process": os.getpid()}


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("dask")
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def processes(search):
    names = [name for name in search.cv_results_ if name.endswith("_test_process")]
    return {int(p) for name in names if name.startswith("split") for p in search.cv_results_[name]}


@pytest.mark.filterwarnings("default")
def test_a_dask_cluster_gives_the_same(cluster):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=where_it_ran, refit="score")
    expected = GridSearchCV(MODEL, GRID, cv=3).fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        actual = clone(search).fit(X, Y)
    np.testing.assert_allclose(
        actual.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"], rtol=1e-10
    )
    assert actual.best_params_ == expected.best_params_
    assert processes(actual) == set(cluster.run(os.getpid).values())


@pytest.mark.filterwarnings("default")
@SLOW
def test_a_dask_cluster_searches_pipelines_and_what_is_not_fused(cluster):
    pipeline = make_pipeline(StandardScaler(), MODEL)
    grid = {"softmaxregression__lr": [0.001, 0.002], "softmaxregression__warm_start": [False, True]}
    search = FusedGridSearchCV(pipeline, grid, cv=3)
    expected = clone(search).fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        actual = clone(search).fit(X, Y)
    assert_same_search(actual, expected)


@pytest.mark.filterwarnings("default")
def test_runs_of_a_halving_travel_through_a_dask_cluster(cluster):
    grid = {"lr": [1e-4, 1e-3, 2e-3, 0.01], "batch_size": [20, 50], "early_stopping": [True]}
    model = clone(MODEL).set_params(n_iter_no_change=3)
    search = FusedHalvingGridSearchCV(model, grid, cv=3, max_resources=18)
    expected = clone(search).fit(X, Y)
    with joblib.parallel_config(backend="dask"):
        actual = clone(search).fit(X, Y)
    assert_same_search(actual, expected)


NINE = {"lr": [1e-4, 1e-3, 0.01], "reg_param": [0.0, 0.1, 1.0], "batch_size": [20, 50]}


@pytest.mark.parametrize(
    "n_jobs", [2, 7, pytest.param(16, marks=SLOW), pytest.param(60, marks=SLOW)]
)
@pytest.mark.parametrize("Search", [FusedGridSearchCV, FusedHalvingGridSearchCV])
def test_stacks_are_cut_for_all_workers_to_have_work(Search, n_jobs):
    search = Search(clone(MODEL).set_params(n_epochs=18), NINE, cv=3)
    expected = clone(search).fit(X, Y)
    with joblib.parallel_config(backend="threading"), count_work() as work:
        actual = clone(search).set_params(n_jobs=n_jobs).fit(X, Y)
    assert_same_search(actual, expected)
    if Search is FusedGridSearchCV:
        assert work.together == max(6, min(n_jobs, 6 * 9))
    plan = clone(search).set_params(n_jobs=n_jobs).plan(X, Y)
    assert len(plan.tasks) == max(6, min(n_jobs, 6 * 9))


def killed_worker(estimator, X, y):
    """A scorer that kills its process, unless that is the one of the tests."""
    if os.environ.get("THIS_PROCESS") != str(os.getpid()):
        os.kill(os.getpid(), signal.SIGKILL)
    return estimator.score(X, y)


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process")
@pytest.mark.slow
@pytest.mark.parametrize("Search", [FusedGridSearchCV, FusedHalvingGridSearchCV])
def test_a_killed_worker_is_scikit_learns_error_and_the_search_can_be_fitted_again(
    Search, monkeypatch
):
    monkeypatch.setenv("THIS_PROCESS", str(os.getpid()))
    search = Search(clone(MODEL).set_params(n_epochs=18), NINE, cv=3, n_jobs=2)
    with pytest.raises(TerminatedWorkerError, match="worker process"):
        clone(search).set_params(scoring=killed_worker).fit(X, Y)
    assert_same_search(search.fit(X, Y), clone(search).set_params(n_jobs=None).fit(X, Y))


def test_loky_workers_share_the_groups():
    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=where_it_ran, refit="score", n_jobs=2)
    search.fit(X, Y)
    assert os.getpid() not in processes(search)


SLOW_SEARCH = """
import sys
import numpy as np
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression

def scorer(estimator, X, y):
    return 0.0

X = np.random.RandomState(0).standard_normal((3000, 50))
y = np.arange(3000) % 3
grid = {"lr": [1e-4, 2e-4], "batch_size": [10, 11, 12, 13]}
search = FusedGridSearchCV(SoftmaxRegression(n_epochs=100000), grid, cv=3, n_jobs=int(sys.argv[1]))
print("begun", flush=True)
search.fit(X, y)
"""


def children(pid):
    """Processes below a process."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    actual = [int(child) for child in found.stdout.split()]
    return actual + [grandchild for child in actual for grandchild in children(child)]


def is_running(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_interrupt_leaves_no_process_behind(n_jobs):
    search = subprocess.Popen(
        [sys.executable, "-c", SLOW_SEARCH, str(n_jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert search.stdout.readline() == "begun\n"
        if n_jobs > 1:
            assert wait_until(lambda: len(children(search.pid)) >= n_jobs)
        time.sleep(1)
        workers = children(search.pid)
        os.killpg(search.pid, signal.SIGINT)
        _, errors = search.communicate(timeout=20)
        assert search.returncode != 0
        assert "KeyboardInterrupt" in errors
        assert wait_until(lambda: not any(map(is_running, workers)), seconds=10)
    finally:
        if search.poll() is None:
            os.killpg(search.pid, signal.SIGKILL)
            search.communicate()
