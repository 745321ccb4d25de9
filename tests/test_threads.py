"""The helper threads, and the BLAS that keeps to one."""

import multiprocessing
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier
from sklearn_softmax.blas_threads import _OneBlasThread, blas_keeps_to_one, one_blas_thread
from sklearn_softmax.threads import (
    MOST_THREADS,
    _Pool,
    hired_helpers,
    n_threads,
    side_by_side,
)
from tests.helpers import equal_for_any_threads

digits = load_digits(return_X_y=True)


def fail():
    raise RuntimeError("failed")


def n_blas_threads():
    return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]


def test_of_two_functions_the_second_is_called_in_another_thread():
    here, there = side_by_side(threading.get_ident, threading.get_ident)
    assert here == threading.get_ident()
    assert there != here


def test_without_an_idle_helper_both_are_called_here():
    with hired_helpers(MOST_THREADS) as helpers:
        assert len(helpers) == MOST_THREADS - 1
        assert set(side_by_side(threading.get_ident, threading.get_ident)) == {
            threading.get_ident()
        }


def test_helpers_may_want_helpers():
    def threads_of(depth):
        if depth == 0:
            return {threading.get_ident()}
        here, there = side_by_side(partial(threads_of, depth - 1), partial(threads_of, depth - 1))
        return here | there

    assert 2 <= len(threads_of(5)) <= MOST_THREADS


def test_a_helper_does_one_thing_after_the_other():
    done = []
    with hired_helpers(1) as (helper,):
        helper.call(partial(time.sleep, 0.05))
        for i in range(3):
            helper.call(partial(done.append, i))
    assert done == [0, 1, 2]


def test_errors_of_both_are_raised():
    for _ in range(2 * MOST_THREADS):
        for functions in ((fail, int), (int, fail)):
            with pytest.raises(RuntimeError, match="failed"):
                side_by_side(*functions)
        assert side_by_side(int, int) == (0, 0)


def test_errstate_holds_in_both():
    with np.errstate(over="ignore"):
        side_by_side(lambda: np.float32(1e38) * 10, lambda: np.float32(1e38) * 10)


def test_many_may_hire_at_once_and_none_is_lost():
    pool = _Pool()
    barrier = threading.Barrier(8)

    def hire_and_dismiss():
        barrier.wait()
        for _ in range(50):
            pool.dismiss(pool.hire(2))

    threads = [threading.Thread(target=hire_and_dismiss) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool.n_started <= MOST_THREADS - 1
    assert len(pool.idle) == pool.n_started


def test_an_interrupted_wait_loses_no_helper(monkeypatch):
    def interrupted(outcome):
        raise KeyboardInterrupt

    pool, may_end = _Pool(), threading.Event()
    helpers = pool.hire(2)
    for helper in helpers:
        helper.call(may_end.wait)
    with monkeypatch.context() as patch:
        patch.setattr("sklearn_softmax.threads._Outcome.wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.dismiss(helpers)
    assert not pool.idle
    may_end.set()
    for helper in helpers:
        helper.last.wait()
    assert set(pool.idle) == set(helpers)


def test_nobody_is_hired_while_the_interpreter_shuts_down(monkeypatch):
    pool = _Pool()
    pool.dismiss(pool.hire(1))
    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert pool.hire(1) == []


def test_nobody_is_hired_where_no_thread_can_be_started(monkeypatch):
    def fail_to_start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail_to_start)
    assert _Pool().hire(2) == []


WORK_AT_THE_END = """
from sklearn_softmax.threads import side_by_side

class Last:
    def __del__(self):
        print(side_by_side(int, int))

side_by_side(int, int)
last = Last()
"""


def test_work_at_the_very_end_is_done_in_one_thread():
    command = [sys.executable, "-c", WORK_AT_THE_END]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.stdout == "(0, 0)\n", result.stderr


@pytest.mark.parametrize("n_allowed", [1, 2, 64])
def test_number_of_threads(n_allowed, monkeypatch):
    monkeypatch.setattr("sklearn_softmax.threads._openmp_effective_n_threads", lambda: n_allowed)
    assert n_threads() == min(n_allowed, MOST_THREADS)


def test_only_within_the_block_the_blas_is_said_to_keep_to_one():
    assert not blas_keeps_to_one()
    with one_blas_thread():
        assert side_by_side(blas_keeps_to_one, blas_keeps_to_one) == (True, True)
        with ThreadPoolExecutor(1) as others:
            assert not others.submit(blas_keeps_to_one).result()
    assert not blas_keeps_to_one()


def test_the_blas_is_limited_from_the_first_to_the_last():
    before = n_blas_threads()
    with one_blas_thread():
        with one_blas_thread():
            assert set(n_blas_threads()) == {1}
        assert set(n_blas_threads()) == {1}
    assert n_blas_threads() == before
    with pytest.raises(RuntimeError), one_blas_thread():
        fail()
    assert n_blas_threads() == before


def test_fits_in_several_threads_leave_the_blas_as_it_was():
    X, y = digits
    before = n_blas_threads()
    expected = SoftmaxRegression(lr=0.01, batch_size=1000, n_epochs=20, random_state=0).fit(X, y)
    models = [clone(expected) for _ in range(4)]
    threads = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models:
        np.testing.assert_array_equal(model.coef_, expected.coef_)
    assert n_blas_threads() == before


FIT_AFTER_THE_MAIN_THREAD = """
import threading, time
import numpy as np
from threadpoolctl import threadpool_limits
from sklearn_softmax import SoftmaxRegression
X, y = np.random.RandomState(0).standard_normal((3000, 800)), np.arange(3000) % 3
threadpool_limits(2)
fit = SoftmaxRegression(lr=0.01, batch_size=1024, n_epochs=60).fit
threading.Thread(target=lambda: print(fit(X, y).n_iter_)).start()
time.sleep(0.05)
"""


def test_a_fit_survives_the_main_thread():
    result = subprocess.run(
        [sys.executable, "-c", FIT_AFTER_THE_MAIN_THREAD], capture_output=True, text=True
    )
    assert result.stdout == "60\n", result.stderr


def test_a_fork_amid_a_fit_starts_afresh():
    limit = _OneBlasThread()
    before = n_blas_threads()
    limit.enter()
    limit.lock.acquire()
    limit.start_afresh()
    assert limit.n_inside == 0
    assert n_blas_threads() == before
    limit.enter()
    limit.leave()
    assert n_blas_threads() == before


def fit_in_child(queue):
    queue.put(SoftmaxRegression(lr=0.01, batch_size=1000, n_epochs=2).fit(*digits).n_iter_)


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here"
)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_helper_of_its_own():
    side_by_side(int, int)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=fit_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == 2
    child.join()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_large_batches_give_the_same_net_whatever_the_threads(dropout):
    X, y = digits
    model = TwoLayerMLPClassifier(
        hidden_size=30, dropout=dropout, batch_size=1300, n_epochs=5, random_state=0
    )
    coefs = []
    for n_allowed in (1, 2, 4):
        with threadpool_limits(n_allowed):
            coefs.append(clone(model).fit(X, y).coefs_[0])
    for coef in coefs[1:]:
        equal_for_any_threads(coef, coefs[0])
