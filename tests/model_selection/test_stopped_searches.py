"""Searches that are killed or interrupted, and finished by another process."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sklearn.base import clone

from tests.model_selection.searches import assert_same_search

SLOW = pytest.mark.slow
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="kills processes, and reads /proc"
)

# As a file, so that the scorer is in a module in each process.
SEARCHES = """
import os, sys, time
from pathlib import Path
from sklearn.datasets import load_iris
from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
RATES = {"lr": [1e-4, 1e-3, 2e-3, 0.01], "batch_size": [30, 40, 50]}


def scorer(estimator, X, y):
    "A slow score, recorded in a file."
    if "LOG" in os.environ:
        with open(os.environ["LOG"], "a") as file:
            print(estimator.lr, estimator.batch_size, estimator.n_epochs, X.sum(), file=file)
        time.sleep(0.02)
    return estimator.score(X, y)


def search(kind, **params):
    common = {"cv": 3, "scoring": scorer, "refit": False, **params}
    if kind == "grid":
        return FusedGridSearchCV(MODEL, {**RATES, "n_epochs": [2, 4]}, **common)
    return FusedHalvingGridSearchCV(
        MODEL, RATES, max_resources=9, return_train_score=False, **common
    )


def main(kind, n_jobs, memory):
    return search(kind, memory=memory, n_jobs=int(n_jobs)).fit(X, Y)


if __name__ == "__main__":
    import searches_of_test
    searches_of_test.main(*sys.argv[1:])
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The module of the searches."""
    folder = tmp_path_factory.mktemp("searches")
    (folder / "searches_of_test.py").write_text(SEARCHES)
    sys.path.insert(0, str(folder))
    import searches_of_test

    yield searches_of_test
    sys.path.remove(str(folder))
    del sys.modules["searches_of_test"]


def start_process(module, kind, n_jobs, memory, log):
    folder = Path(module.__file__).parent
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, module.__file__, kind, str(n_jobs), str(memory)],
        env={**os.environ, "LOG": str(log), "PYTHONPATH": path},
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )


def session_processes(pid):
    """Return the running processes of the session of a process."""
    processes = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, session, *_ = stat.read_text().rpartition(")")[2].split()
            if int(session) == pid and state != "Z":
                processes.append(int(stat.parent.name))
    return processes


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
def test_stopped_search_leaves_no_process_and_is_finished_without_repeated_fits(
    module, kind, n_jobs, n_stored, stop, tmp_path, monkeypatch
):
    memory, log = tmp_path / "memory", tmp_path / "log"
    process = start_process(module, kind, n_jobs, memory, tmp_path / "first")
    wait_until(lambda: count_stored_fits(memory) >= n_stored or process.poll() is not None)
    processes = session_processes(process.pid)
    os.killpg(process.pid, stop)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert len(processes) == 1 if n_jobs == 1 else len(processes) > 2
    assert wait_until(lambda: not session_processes(process.pid), seconds=10)
    if stop == signal.SIGINT:
        assert "KeyboardInterrupt" in errors
    n_before = count_stored_fits(memory)
    expected = module.search(kind).fit(module.X, module.Y)
    n_fits = 3 * len(expected.cv_results_["params"])
    assert 0 < n_before < n_fits
    with monkeypatch.context() as patch:
        patch.setenv("LOG", str(log))
        actual = module.search(kind, memory=memory).fit(module.X, module.Y)
    assert_same_search(actual, expected)
    fits = log.read_text().splitlines()
    assert len(fits) == len(set(fits)) == n_fits - n_before
    assert_same_search(module.search(kind, memory=memory).fit(module.X, module.Y), expected)
    assert count_stored_fits(memory) == n_fits


@SLOW
@pytest.mark.parametrize("kind", ["grid", "halving"])
def test_two_processes_with_one_folder_have_the_same_results(module, kind, tmp_path):
    processes = [start_process(module, kind, 1, tmp_path, tmp_path / f"log{i}") for i in range(2)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert "Warning" not in errors
    actual = module.search(kind, memory=tmp_path).fit(module.X, module.Y)
    assert_same_search(actual, clone(actual).set_params(memory=None).fit(module.X, module.Y))
    assert not list(tmp_path.rglob("*.tmp.*"))
