"""Simultaneous fits, and interrupts at any moment."""

import copy
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import sklearn
from sklearn.base import clone

import sklearn_softmax
from tests.cases import assert_same_model, estimators
from tests.fuzz.laws import state_of


def first_rows(case):
    return case.X[:300], case.y[:300]


def test_no_module_limits_the_number_of_threads():
    sources = Path(sklearn_softmax.__file__).parent.rglob("*.py")
    assert not [path for path in sources if re.search("threadpool", path.read_text())]


@estimators()
def test_simultaneous_fits_train_the_same_models(case):
    X, y = first_rows(case)
    models = [case.model(n_epochs=n_epochs) for n_epochs in (12, 1, 7, 2, 9, 3, 5, 1)]
    expected = [clone(model).fit(X, y) for model in models]
    barrier = Barrier(len(models))

    def fit(model):
        barrier.wait(60)
        return model.fit(X, y)

    with ThreadPoolExecutor(len(models)) as pool:
        for fitted, alone in zip(pool.map(fit, models, timeout=60), expected):
            assert_same_model(fitted, alone)


@pytest.fixture
def alarm_as_ctrl_c():
    """Let the alarm raise KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    # An interrupt may leave scikit-learn's configuration changed, which would affect later tests.
    with sklearn.config_context():
        yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarm")
@pytest.mark.parametrize("warm_start", [False, True])
@estimators()
def test_an_interrupt_at_any_moment_leaves_the_old_or_the_new_model(
    case, warm_start, rng, alarm_as_ctrl_c
):
    X, y = first_rows(case)
    fitted = case.model(n_epochs=2, warm_start=warm_start).fit(X, y).set_params(n_epochs=20)
    expected = copy.deepcopy(fitted).fit(X, y)
    n_interrupts, error_handling = 0, np.geterr()
    while n_interrupts < 4:
        model = copy.deepcopy(fitted)
        is_interrupted = interrupt(model, X, y, rng.uniform(0, 0.03))
        n_interrupts += is_interrupted
        assert np.geterr() == error_handling
        if not is_interrupted or model.n_iter_ == expected.n_iter_:
            assert_same_model(model, expected)
            continue
        np.testing.assert_equal(state_of(model), state_of(copy.deepcopy(fitted)))
        assert_same_model(model.fit(X, y), expected)


def interrupt(model, X, y, seconds):
    """Fit, interrupt after some time, and return whether it was interrupted."""
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        model.fit(X, y)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return True
    return False
