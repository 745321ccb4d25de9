"""Fits beside one another, a fork, and Ctrl-C leave the threads of the BLAS, and models, alone."""

import copy
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import sklearn
from joblib import parallel_config
from sklearn.base import clone
from threadpoolctl import threadpool_info, threadpool_limits

import sklearn_softmax
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from tests.cases import assert_same_model, cases, estimators
from tests.fuzz.laws import state_of
from tests.model_selection.searches import assert_same_search


def some_rows(case):
    """Enough to be interrupted while they are trained on."""
    return case.X[:300], case.y[:300]


def n_threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


@contextmanager
def threads_left_alone():
    """More than one, or a limit that stays behind could not be seen."""
    with threadpool_limits(3, user_api="blas"):
        before = n_threads()
        yield
        assert n_threads() == before


def test_no_module_limits_the_threads():
    sources = Path(sklearn_softmax.__file__).parent.rglob("*.py")
    assert not [path for path in sources if re.search("threadpool", path.read_text())]


@estimators()
def test_fits_that_overlap(case):
    X, y = some_rows(case)
    models = [case.model(n_epochs=n_epochs) for n_epochs in (12, 1, 7, 2, 9, 3, 5, 1)]
    expected = [clone(model).fit(X, y) for model in models]
    barrier = Barrier(len(models))

    def fit(model):
        barrier.wait(60)
        return model.fit(X, y)

    with threads_left_alone(), ThreadPoolExecutor(len(models)) as pool:
        for fitted, alone in zip(pool.map(fit, models, timeout=60), expected):
            assert_same_model(fitted, alone)


def test_a_search_in_threads():
    X, y = some_rows(cases()[0])
    grid = {"lr": [0.1, 0.2], "batch_size": [50, 100], "n_epochs": [1, 2]}
    search = FusedGridSearchCV(SoftmaxRegression(random_state=0), grid, cv=2)
    expected = clone(search).fit(X, y)
    with threads_left_alone(), parallel_config("threading", n_jobs=4):
        assert_same_search(search.fit(X, y), expected)


FORK = """
import os, threading
from sklearn.datasets import load_iris
from sklearn_softmax import SoftmaxRegression

X, y = load_iris(return_X_y=True)
model = SoftmaxRegression(n_epochs=20, lr=0.01, random_state=0)
expected = model.fit(X, y).coef_
stop, begun = threading.Event(), threading.Event()

def fit_again_and_again():
    while not stop.is_set():
        begun.set()
        SoftmaxRegression(lr=0.01, n_epochs=200).fit(X, y)

thread = threading.Thread(target=fit_again_and_again)
thread.start()
begun.wait()
for _ in range(4):
    child = os.fork()
    if child == 0:
        os._exit(not (model.fit(X, y).coef_ == expected).all())
    assert os.waitpid(child, 0)[1] == 0
stop.set()
thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_a_thread_fits():
    options = {"timeout": 100, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], **options)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")
@pytest.mark.parametrize("warm_start", [False, True])
@estimators()
def test_an_interrupt_at_any_moment(case, warm_start, rng):
    # An alarm that does what Ctrl-C does.
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    # scikit-learn's own contexts may not be left properly, and later tests would go without checks.
    config = sklearn.get_config()
    try:
        interrupt_again_and_again(case, warm_start, rng)
    finally:
        sklearn.set_config(**config)
        signal.signal(signal.SIGALRM, before)


def interrupt_again_and_again(case, warm_start, rng):
    """The estimator is the old model, or, where the last line had been run, the new one."""
    X, y = some_rows(case)
    fitted = case.model(n_epochs=2, warm_start=warm_start).fit(X, y)
    expected = copy.deepcopy(fitted).set_params(n_epochs=20).fit(X, y)
    n_interrupts = 0
    with threads_left_alone():
        error_handling = np.geterr()
        while n_interrupts < 6:
            model = copy.deepcopy(fitted).set_params(n_epochs=20)
            is_interrupted = interrupt(model, X, y, rng.uniform(0, 0.03))
            n_interrupts += is_interrupted
            assert np.geterr() == error_handling
            if not is_interrupted or model.n_iter_ == expected.n_iter_:
                assert_same_model(model, expected)
                continue
            old = copy.deepcopy(fitted).set_params(n_epochs=20)
            np.testing.assert_equal(state_of(model), state_of(old))
            assert_same_model(model.fit(X, y), expected)


def interrupt(model, X, y, seconds):
    """Fit, and interrupt it after some time; tell whether it came to that."""
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        model.fit(X, y)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False
