"""Ctrl-C during a fit."""

import os
import signal
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax._training.run import TrainingRun
from tests.cases import assert_same_model

LONG = {"n_epochs": 10**6, "random_state": 0}
X = np.random.default_rng(0).normal(size=(300, 5))
y = (X[:, 0] + np.random.default_rng(1).normal(size=300) > 0).astype(int)
MODELS = [
    SoftmaxRegression(**LONG),
    SoftmaxRegression(optimizer="lbfgs", tol=0.0, **LONG),
    GDLogisticRegression(lr=0.01, early_stopping=True, n_iter_no_change=10**6, **LONG),
    BinaryPerceptron(tol=None, **LONG),
    TwoLayerMLPClassifier(hidden_size=4, dropout=0.1, **LONG),
]
EACH_MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
MESSAGE = "interrupted by Ctrl-C and ended after epoch"


@pytest.fixture(autouse=True)
def handler_of_python():
    """The handler of the test runner's own process may be another one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press_after(monkeypatch, n_epochs, times=1):
    """Press Ctrl-C while an epoch is evaluated."""
    record = TrainingRun._record

    def press_and_record(run, result):
        if run.state.epoch == n_epochs:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        record(run, result)

    monkeypatch.setattr(TrainingRun, "_record", press_and_record)


@EACH_MODEL
def test_the_last_whole_epoch_is_kept(model, monkeypatch, capsys):
    model = clone(model)
    with monkeypatch.context() as patch:
        press_after(patch, 3)
        with pytest.warns(UserWarning, match=f"{MESSAGE} 3:") as caught:
            model.fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert model.stop_reason_ == "interrupted"
    assert "again" in capsys.readouterr().err
    with warnings.catch_warnings(action="ignore"):
        whole = clone(model).set_params(n_epochs=3).fit(X, y)
    assert_same_model(model, whole, exclude=["stop_reason_"])
    if model.get_params().get("optimizer") != "lbfgs":
        assert_same_model(model.partial_fit(X, y), whole.partial_fit(X, y))


@EACH_MODEL
def test_a_second_press_discards_the_fit(model, monkeypatch):
    model = clone(model)
    press_after(monkeypatch, 2, times=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    "make",
    [
        lambda model: make_pipeline(StandardScaler(), model),
        lambda model: GridSearchCV(model, {"tol": [1e-3, 1e-4]}),
        lambda model: FusedGridSearchCV(model, {"tol": [1e-3, 1e-4]}),
        lambda model: FusedGridSearchCV(model, {"shuffle": [True], "verbose": [0]}),
        OneVsRestClassifier,
    ],
)
def test_pipelines_and_searches_end(make, monkeypatch):
    press_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        make(SoftmaxRegression(**LONG)).fit(X, y)


def test_cross_validation_ends(monkeypatch):
    press_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        cross_val_score(TwoLayerMLPClassifier(**LONG), X, y)


def test_partial_fit_is_discarded(monkeypatch):
    model = SoftmaxRegression(random_state=0).partial_fit(X, y, classes=[0, 1])
    before = clone(model).partial_fit(X, y, classes=[0, 1])
    press_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, y)
    assert_same_model(model, before)


def test_a_handler_of_the_user_stays(monkeypatch):
    def end_everything(number, frame):
        raise SystemExit

    press_after(monkeypatch, 2)
    signal.signal(signal.SIGINT, end_everything)
    try:
        with pytest.raises(SystemExit):
            SoftmaxRegression(**LONG).fit(X, y)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_callback_that_raises_keyboard_interrupt():
    pytest.importorskip("sklearn.callback", reason="callbacks came in scikit-learn 1.9")

    class Interrupt:
        def setup(self, estimator, context):
            pass

        teardown = on_fit_task_begin = setup

        def on_fit_task_end(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 4:
                raise KeyboardInterrupt

    model = SoftmaxRegression(**LONG)
    with pytest.warns(UserWarning, match=MESSAGE):
        model.set_callbacks(Interrupt()).fit(X, y)
    assert model.n_iter_ == 5
    with pytest.raises(KeyboardInterrupt):
        make_pipeline(clone(model).set_callbacks(Interrupt())).fit(X, y)


def test_ctrl_c_from_outside():
    model = TwoLayerMLPClassifier(**LONG)
    timer = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    timer.start()
    with pytest.warns(UserWarning, match=MESSAGE):
        model.fit(X, y)
    assert len(model.history_["loss"]) == model.n_iter_ > 1


def test_fits_in_other_threads():
    fitted = []
    thread = threading.Thread(target=lambda: fitted.append(SoftmaxRegression().fit(X, y)))
    thread.start()
    thread.join()
    assert fitted[0].stop_reason_ in {"converged", "max_epochs"}
