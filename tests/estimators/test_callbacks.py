"""scikit-learn's callbacks, by its protocol."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from sklearn_softmax import SoftmaxRegression
from tests.cases import assert_same_model, estimators, parameters

callback = pytest.importorskip("sklearn.callback", reason="callbacks came in scikit-learn 1.9")


class Recorder:
    """Record the calls of the hooks; stop or fail after some epochs."""

    def __init__(self, stop_after=None, fail=False):
        self.stop_after, self.fail = stop_after, fail
        self.events, self.ends = [], []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.events.append(("begin", context.task_name, context.task_id))
        if context.task_name == "epoch":
            self.first_history = getattr(self, "first_history", fitted_estimator.history_)

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(("end", context.task_name, context.task_id))
        self.ends.append((fitted_estimator, X, y, metadata))
        if self.fail:
            raise RuntimeError("callback failed")
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


@estimators()
def test_every_epoch_is_a_subtask_with_the_model_fitted_so_far(case):
    X, y, weight = case.X, case.y, np.ones(len(case.y))
    recorder = Recorder()
    model = case.model(n_epochs=2).set_callbacks(recorder).fit(X, y, weight)
    assert recorder.events == [
        ("setup", "fit", 2),
        ("begin", "fit", 0),
        ("begin", "epoch", 0),
        ("end", "epoch", 0),
        ("begin", "epoch", 1),
        ("end", "epoch", 1),
        ("end", "fit", 0),
        ("teardown", "fit"),
    ]
    for n_epochs, (fitted, X_seen, y_seen, metadata) in enumerate(recorder.ends[:2], start=1):
        expected = case.model(n_epochs=n_epochs).fit(X, y)
        np.testing.assert_allclose(parameters(fitted), parameters(expected))
        np.testing.assert_array_equal(fitted.predict(X_seen), expected.predict(X))
        np.testing.assert_array_equal(y_seen, y)
        np.testing.assert_equal(metadata, {"sample_weight": weight})
        assert fitted.n_iter_ == n_epochs
    assert_same_model(model, case.model(n_epochs=2).fit(X, y, weight))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


@estimators()
def test_the_model_fitted_so_far_has_the_history_of_all_fits(case):
    X, y = case.X, case.y
    recorder = Recorder()
    model = case.model(n_epochs=3, warm_start=True).set_callbacks(recorder)
    for n_before in (0, 3):
        model.fit(X, y, X_val=X, y_val=y)
        ends = recorder.ends[n_before and 4 :]
        for n_epochs, (fitted, *_) in zip([1, 2, 3, 3], ends, strict=True):
            n_epochs += n_before
            expected = {name: values[:n_epochs] for name, values in model.history_.items()}
            np.testing.assert_equal(fitted.history_, expected)
    assert recorder.first_history == {}


@estimators()
def test_a_callback_stops_training(case):
    X, y = case.X, case.y
    recorder = Recorder(stop_after=3)
    stopped = case.model(n_epochs=50).set_callbacks(recorder).fit(X, y)
    assert (stopped.n_iter_, stopped.stop_reason_) == (3, "callback")
    expected = case.model(n_epochs=3).fit(X, y)
    np.testing.assert_array_equal(parameters(stopped), parameters(expected))
    assert recorder.events[-1] == ("teardown", "fit")


def test_a_fit_that_a_callback_stops_does_not_warn_of_too_few_epochs():
    X, y = load_digits(return_X_y=True)
    model = SoftmaxRegression(random_state=0).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert model.convergence_ > 0.3


@pytest.mark.parametrize("failing", ["callback", "training"])
@estimators()
def test_teardown_follows_a_failure(case, failing):
    X, y = case.X, case.y
    recorder = Recorder(fail=failing == "callback")
    model = case.model(n_epochs=5).set_callbacks(recorder)
    with pytest.raises((RuntimeError, ValueError), match=r"callback failed|diverged"):
        model.fit(X * 1e200 if failing == "training" else X, y)
    assert recorder.events[-1] == ("teardown", "fit")
    assert not hasattr(model, "classes_")
    model.set_callbacks().fit(X, y)


def test_a_failed_fit_does_not_reset_the_global_generator_of_numpy():
    class Draw(Recorder):
        def on_fit_task_end(self, estimator, context):
            self.events.append(np.random.mtrand._rand.random_sample())
            raise RuntimeError

    draw, iris = Draw(), load_iris(return_X_y=True)
    model = SoftmaxRegression(lr=0.01, n_epochs=2).fit(*iris).set_callbacks(draw)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            model.fit(*iris)
    first, second = (event for event in draw.events if isinstance(event, float))
    assert first != second


@estimators()
def test_scoring_monitor_and_progress_bar_follow_every_epoch(case, capsys):
    pytest.importorskip("rich")
    X, y = case.X, case.y
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = case.model(n_epochs=4).set_callbacks(monitor, callback.ProgressBar())
    model.fit(X, y, sample_weight=np.ones(len(y)))
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == pytest.approx(model.score(X, y))
    assert "100%" in capsys.readouterr().out
