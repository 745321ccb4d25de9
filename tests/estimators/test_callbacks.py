"""scikit-learn's callbacks, by its own protocol."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import SoftmaxRegression
from tests.cases import assert_same_model, estimators, parameters

callback = pytest.importorskip("sklearn.callback", reason="callbacks came in scikit-learn 1.9")


class Recorder:
    """Keeps what its hooks are told, and asks to stop after some epochs."""

    def __init__(self, stop_after=None, fail=False):
        self.stop_after = stop_after
        self.fail = fail
        self.events = []
        self.models = []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.max_subtasks))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(("end", context.task_name, context.task_id))
        self.models.append((fitted_estimator, X, y, metadata))
        if self.fail:
            raise RuntimeError("callback failed")
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


@estimators()
def test_every_epoch_is_a_subtask(case):
    X, y = case.X, case.y
    recorder = Recorder()
    case.model(n_epochs=2).set_callbacks(recorder).fit(X, y)
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


@estimators()
def test_stop_signal_is_honoured(case):
    X, y = case.X, case.y
    recorder = Recorder(stop_after=3)
    stopped = case.model(n_epochs=50).set_callbacks(recorder).fit(X, y)
    assert stopped.n_iter_ == 3
    expected = case.model(n_epochs=3).fit(X, y)
    np.testing.assert_array_equal(parameters(stopped), parameters(expected))
    assert recorder.events[-1] == ("teardown", "fit")


class Histories(Recorder):
    """Keeps the histories that it sees, and asks to stop at a validation loss."""

    def __init__(self, val_loss=0.0):
        super().__init__()
        self.val_loss, self.histories = val_loss, []

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.first = getattr(self, "first", fitted_estimator.history_)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.histories.append(fitted_estimator.history_)
        return fitted_estimator.history_["val_loss"][-1] <= self.val_loss


@estimators()
def test_callbacks_see_the_history(case):
    X, y = case.X, case.y
    callback = Histories(val_loss=-1.0)
    model = case.model(n_epochs=3, warm_start=True).set_callbacks(callback)
    model.fit(X, y, X_val=X, y_val=y)
    assert callback.first == {}
    for n_epochs, history in zip([1, 2, 3, 3], callback.histories, strict=True):
        expected = {name: values[:n_epochs] for name, values in model.history_.items()}
        np.testing.assert_equal(history, expected)
    before = model.history_
    model.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_equal(callback.histories[4]["loss"][:3], before["loss"])
    np.testing.assert_equal(callback.histories[-1], model.history_)


def test_a_callback_stops_by_the_validation_loss():
    model, (X, y) = SoftmaxRegression(lr=0.1, n_epochs=500), load_iris(return_X_y=True)
    model.set_callbacks(Histories(val_loss=0.3)).fit(X, y, X_val=X, y_val=y)
    assert model.stop_reason_ == "callback"
    assert model.history_["val_loss"][-1] <= 0.3 < model.history_["val_loss"][-2]


@estimators()
def test_no_epoch_begins_that_does_not_run(case):
    X, y = case.X, case.y
    recorder = Recorder()
    fitted = case.model(n_epochs=500, early_stopping=True, tol=0.1, n_iter_no_change=2)
    fitted.set_callbacks(recorder).fit(X, y)
    epochs = [event for event in recorder.events if event[1] == "epoch"]
    assert len(epochs) == 2 * fitted.n_iter_ < 1000


@estimators()
def test_callbacks_get_an_estimator_as_fitted_so_far(case):
    X, y = case.X, case.y
    recorder = Recorder()
    weight = case.options(sample_weight=np.ones(len(y)))
    case.model(n_epochs=3).set_callbacks(recorder).fit(X, y, **weight)
    for n_epochs, (fitted, X_seen, y_seen, metadata) in enumerate(recorder.models[:3], start=1):
        expected = case.model(n_epochs=n_epochs).fit(X, y)
        np.testing.assert_allclose(parameters(fitted), parameters(expected))
        np.testing.assert_array_equal(fitted.predict(X_seen), expected.predict(X))
        np.testing.assert_array_equal(y_seen, y)
        np.testing.assert_equal(metadata, weight)
        assert fitted.n_iter_ == n_epochs


@estimators()
def test_callbacks_change_nothing(case):
    X, y = case.X, case.y
    watched = case.model(n_epochs=5).set_callbacks(Recorder()).fit(X, y)
    assert_same_model(watched, case.model(n_epochs=5).fit(X, y))


@pytest.mark.parametrize("failing", ["callback", "training"])
@estimators()
def test_teardown_comes_after_a_failure_too(case, failing):
    X, y = case.X, case.y
    recorder = Recorder(fail=failing == "callback")
    estimator = case.model(n_epochs=5).set_callbacks(recorder)
    with pytest.raises((RuntimeError, ValueError), match=r"callback failed|diverged"):
        estimator.fit(X * 1e200 if failing == "training" else X, y)
    assert recorder.events[-1] == ("teardown", "fit")
    assert not hasattr(estimator, "classes_")
    estimator.set_callbacks().fit(X, y)


@estimators()
def test_scoring_monitor_scores_every_epoch(case):
    X, y = case.X, case.y
    monitor = callback.ScoringMonitor(scoring="accuracy")
    weight = case.options(sample_weight=np.ones(len(y)))
    fitted = case.model(n_epochs=4).set_callbacks(monitor).fit(X, y, **weight)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == pytest.approx(fitted.score(X, y))


@estimators()
def test_progress_bar_ends(case, capsys):
    X, y = case.X, case.y
    pytest.importorskip("rich")
    case.model(n_epochs=3).set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "100%" in capsys.readouterr().out


@pytest.mark.parametrize("n_jobs", [1, 2])
@estimators()
def test_progress_bar_of_a_search_over_a_pipeline(case, n_jobs):
    X, y = case.X, case.y
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), case.model(n_epochs=2))
    search = GridSearchCV(pipeline, {f"{case.name.lower()}__lr": [0.1, 1.0]}, cv=3, n_jobs=n_jobs)
    plain = clone(search).fit(X, y)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


@estimators()
def test_fitted_model_pickles(case):
    X, y = case.X, case.y
    fitted = case.model(n_epochs=2).set_callbacks(Recorder()).fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
