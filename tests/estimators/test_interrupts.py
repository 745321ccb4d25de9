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
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
MESSAGE = "interrupted by Ctrl-C and ended after epoch"


@pytest.fixture(autouse=True)
def default_handler():
    """Set Python's handler, because the test runner may have another one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(monkeypatch, n_epochs, times=1):
    """Press Ctrl-C when an epoch ends."""
    record = TrainingRun._record

    def press_and_record(run, result):
        if run.state.epoch == n_epochs:
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
        record(run, result)

    monkeypatch.setattr(TrainingRun, "_record", press_and_record)


@every_model
def test_the_first_ctrl_c_ends_training_after_the_epoch(model, monkeypatch, capsys):
    model = clone(model)
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, 3)
        with pytest.warns(UserWarning, match=f"{MESSAGE} 3:") as caught:
            model.fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert model.stop_reason_ == "interrupted"
    assert "again" in capsys.readouterr().err
    with warnings.catch_warnings(action="ignore"):
        whole = clone(model).set_params(n_epochs=3).fit(X, y)
    assert_same_model(model, whole, exclude=["stop_reason_"])
    if hasattr(model, "partial_fit"):
        assert_same_model(model.partial_fit(X, y), whole.partial_fit(X, y))


@every_model
def test_the_second_ctrl_c_discards_the_fit(model, monkeypatch):
    model = clone(model)
    press_ctrl_c(monkeypatch, 2, times=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    "fit",
    [
        lambda model: make_pipeline(StandardScaler(), model).fit(X, y),
        lambda model: GridSearchCV(model, {"tol": [1e-3, 1e-4]}).fit(X, y),
        lambda model: FusedGridSearchCV(model, {"tol": [1e-3, 1e-4]}).fit(X, y),
        lambda model: FusedGridSearchCV(model, {"shuffle": [True], "verbose": [0]}).fit(X, y),
        lambda model: OneVsRestClassifier(model).fit(X, y),
        lambda model: cross_val_score(model, X, y),
    ],
)
def test_the_first_ctrl_c_ends_pipelines_and_searches(fit, monkeypatch):
    press_ctrl_c(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        fit(SoftmaxRegression(**LONG))


def test_the_first_ctrl_c_discards_partial_fit(monkeypatch):
    model = SoftmaxRegression(random_state=0).partial_fit(X, y, classes=[0, 1])
    before = clone(model).partial_fit(X, y, classes=[0, 1])
    press_ctrl_c(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, y)
    assert_same_model(model, before)


def test_a_handler_of_the_user_is_kept(monkeypatch):
    def exit_process(number, frame):
        raise SystemExit

    press_ctrl_c(monkeypatch, 2)
    signal.signal(signal.SIGINT, exit_process)
    try:
        with pytest.raises(SystemExit):
            SoftmaxRegression(**LONG).fit(X, y)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_a_keyboard_interrupt_of_a_callback_ends_training():
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


def test_ctrl_c_of_another_process_ends_training():
    model = TwoLayerMLPClassifier(**LONG)
    threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.warns(UserWarning, match=MESSAGE):
        model.fit(X, y)
    assert len(model.history_["loss"]) == model.n_iter_ > 1
