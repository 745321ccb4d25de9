"""Searches that are killed or interrupted, and finished by another process."""

import os
import signal
import subprocess
import sys
import time

import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from tests.model_selection.searches import assert_same_search, count_work

SLOW = pytest.mark.slow
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills processes")

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
RATES = {"lr": [1e-4, 1e-3, 2e-3, 0.01], "batch_size": [30, 40, 50]}


def slow_score(estimator, X, y):
    time.sleep(float(os.environ.get("SECONDS_PER_SCORE", 0)))
    return estimator.score(X, y)


SEARCHES = {
    "grid": FusedGridSearchCV(MODEL, {**RATES, "n_epochs": [2, 4]}, cv=3, scoring=slow_score),
    "halving": FusedHalvingGridSearchCV(MODEL, RATES, max_resources=9, cv=3, scoring=slow_score),
}


def start_process(kind, n_jobs, memory):
    """Start a process that fits a search; it imports this module."""
    params = {"n_jobs": n_jobs, "memory": str(memory)}
    code = f"import {__name__} as m; m.SEARCHES[{kind!r}].set_params(**{params}).fit(m.X, m.Y)"
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path, "SECONDS_PER_SCORE": "0.02"},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.002)
    return condition()


def count_stored_fits(memory):
    """Return the number of stored fits; stacks and incomplete files do not count."""
    files = [path for path in memory.rglob("*") if path.is_file() and ".tmp." not in path.name]
    return sum(b"StoredFit" in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    ("kind", "n_jobs", "n_stored", "stop"),
    [
        ("grid", 1, 1, signal.SIGKILL),
        pytest.param("grid", 2, 1, signal.SIGINT, marks=SLOW),
        pytest.param("grid", 2, 20, signal.SIGKILL, marks=SLOW),
        pytest.param("halving", 1, 5, signal.SIGINT, marks=SLOW),
        pytest.param("halving", 1, 38, signal.SIGKILL, marks=SLOW),
        pytest.param("halving", 1, 49, signal.SIGKILL, marks=SLOW),
        pytest.param("halving", 2, 20, signal.SIGKILL, marks=SLOW),
        pytest.param("halving", 2, 38, signal.SIGINT, marks=SLOW),
    ],
)
def test_stopped_search_is_finished_without_repeated_fits(kind, n_jobs, n_stored, stop, tmp_path):
    process = start_process(kind, n_jobs, tmp_path)
    wait_until(lambda: count_stored_fits(tmp_path) >= n_stored or process.poll() is not None)
    os.killpg(process.pid, stop)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    if stop == signal.SIGINT:
        assert "KeyboardInterrupt" in errors
    n_before = count_stored_fits(tmp_path)
    expected = clone(SEARCHES[kind]).fit(X, Y)
    n_fits = 3 * len(expected.cv_results_["params"])
    assert 0 < n_before < n_fits
    actual = clone(SEARCHES[kind]).set_params(memory=tmp_path)
    with count_work() as work:
        assert_same_search(actual.fit(X, Y), expected)
    assert work.fits == n_fits - n_before
    assert_same_search(clone(actual).fit(X, Y), expected)
    assert count_stored_fits(tmp_path) == n_fits


@SLOW
@pytest.mark.parametrize("kind", ["grid", "halving"])
def test_two_processes_with_one_folder_have_the_same_results(kind, tmp_path):
    for process in [start_process(kind, 1, tmp_path) for _ in range(2)]:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "Warning" not in errors
    actual = clone(SEARCHES[kind]).set_params(memory=tmp_path).fit(X, Y)
    assert_same_search(actual, clone(SEARCHES[kind]).fit(X, Y))
    assert not list(tmp_path.rglob("*.tmp.*"))
