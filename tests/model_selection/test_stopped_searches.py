"""Searches that are killed, and finished by another process from what is stored."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sklearn.base import clone

from tests.model_selection.searches import assert_same_search

SLOW = pytest.mark.slow
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes")

# As a file, for the scorer to be that of a module in each process.
SEARCHES = """
import os, sys, time
from pathlib import Path
from sklearn.datasets import load_iris
from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
RATES = {"lr": [1e-4, 1e-3, 2e-3, 0.01], "batch_size": [30, 40, 50]}


def scorer(estimator, X, y):
    "A slow score, of which a file tells."
    if "LOG" in os.environ:
        with open(os.environ["LOG"], "a") as file:
            print(estimator.lr, estimator.batch_size, estimator.n_epochs, X.sum(), file=file)
        time.sleep(0.01)
    return estimator.score(X, y)


def search(kind, **params):
    common = {"cv": 3, "scoring": scorer, "refit": False, **params}
    if kind == "grid":
        return FusedGridSearchCV(MODEL, {**RATES, "n_epochs": [2, 4]}, **common)
    return FusedHalvingGridSearchCV(
        MODEL, RATES, max_resources=9, return_train_score=False, **common
    )


def main(kind, backend, memory):
    import joblib
    if backend == "dask":
        import distributed
        cluster = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        )
        with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
            return search(kind, memory=memory).fit(X, Y)
    return search(kind, memory=memory, n_jobs=int(backend)).fit(X, Y)


if __name__ == "__main__":
    import searches_of_test
    searches_of_test.main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The module of the searches, and its folder."""
    folder = tmp_path_factory.mktemp("searches")
    (folder / "searches_of_test.py").write_text(SEARCHES)
    sys.path.insert(0, str(folder))
    import searches_of_test

    yield searches_of_test
    sys.path.remove(str(folder))
    del sys.modules["searches_of_test"]


def start(module, kind, backend, memory, log):
    """Start a search in a new process."""
    folder = Path(module.__file__).parent
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, module.__file__, kind, backend, str(memory)],
        env={**os.environ, "LOG": str(log), "PYTHONPATH": path},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )


def n_files(memory):
    """Return the number of stored fits; a stack is named by 32 digits as well."""
    return sum(b"StoredFit" in path.read_bytes() for path in memory.rglob("*") if is_whole(path))


def is_whole(path):
    return path.is_file() and ".tmp." not in path.name


def kill_when_stored(process, memory, n):
    """Kill all processes of a search as soon as so many fits are stored."""
    end = time.monotonic() + 60
    while n_files(memory) < n and time.monotonic() < end and process.poll() is None:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize(
    ("kind", "backend", "n_stored"),
    [
        ("grid", "1", 1),
        pytest.param("grid", "2", 20, marks=SLOW),
        pytest.param("grid", "dask", 20, marks=SLOW),
        pytest.param("halving", "1", 5, marks=SLOW),
        pytest.param("halving", "1", 38, marks=SLOW),
        pytest.param("halving", "1", 49, marks=SLOW),
        pytest.param("halving", "2", 20, marks=SLOW),
        pytest.param("halving", "2", 38, marks=SLOW),
        pytest.param("halving", "dask", 38, marks=SLOW),
    ],
)
def test_a_killed_search_is_finished_and_fits_nothing_twice(
    module, kind, backend, n_stored, tmp_path
):
    if backend == "dask":
        pytest.importorskip("distributed")
    memory, log = tmp_path / "memory", tmp_path / "log"
    kill_when_stored(start(module, kind, backend, memory, tmp_path / "first"), memory, n_stored)
    n_before = n_files(memory)
    expected = module.search(kind).fit(module.X, module.Y)
    n_fits = 3 * len(expected.cv_results_["params"])
    assert 0 < n_before < n_fits
    second = start(module, kind, backend, memory, log)
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    fitted = log.read_text().splitlines()
    assert len(fitted) == len(set(fitted)) == n_fits - n_before
    assert_same_search(module.search(kind, memory=memory).fit(module.X, module.Y), expected)
    assert n_files(memory) == n_fits


@SLOW
@pytest.mark.parametrize("kind", ["grid", "halving"])
def test_two_processes_on_one_folder_are_both_right(module, kind, tmp_path):
    processes = [start(module, kind, "1", tmp_path, tmp_path / f"log{i}") for i in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "Warning" not in errors
    actual = module.search(kind, memory=tmp_path).fit(module.X, module.Y)
    assert_same_search(actual, clone(actual).set_params(memory=None).fit(module.X, module.Y))
    assert not list(tmp_path.rglob("*.tmp.*"))
