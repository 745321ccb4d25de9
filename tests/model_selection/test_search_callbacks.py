"""Callbacks on fused searches: they hear of the same tasks as on scikit-learn's."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import Pipeline

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from tests.model_selection.searches import assert_same_search, count_work, fuse

callback = pytest.importorskip("sklearn.callback", reason="callbacks came in scikit-learn 1.9")

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(lr=0.01, batch_size=50, random_state=0)
GRID = {"lr": [0.01, 0.02], "n_epochs": [2, 3]}


class Recorder:
    """Keeps what its hooks are told."""

    def __init__(self):
        self.events, self.owners, self.weights = [], set(), []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.task_id))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, context.task_id))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self.events.append(("end", context.task_name, context.task_id))
        self.owners.add(type(estimator).__name__)
        self.weights.append((context.task_name, context.task_id, np.shape(X), text(metadata)))


def text(metadata):
    return metadata and {name: np.sum(values) for name, values in metadata.items()}


class PropagatedRecorder(Recorder):
    """Follows the estimators within a search, too."""

    max_propagation_depth = None


def recorded(search, recorder, **params):
    search.set_callbacks(recorder).fit(X, Y, **params)
    return search, recorder


@pytest.mark.parametrize("refit", [True, False])
def test_a_recorder_hears_of_the_same_tasks(refit):
    search = GridSearchCV(MODEL, GRID, cv=3, refit=refit)
    with count_work() as work:
        _, actual = recorded(fuse(search), Recorder())
    _, expected = recorded(clone(search), Recorder())
    assert work.together == 3
    assert Counter(actual.events) == Counter(expected.events)
    assert actual.events[:3] == expected.events[:3]
    assert actual.events[-2:] == expected.events[-2:]


HALVING = {"lr": [1e-4, 2e-4, 1e-3, 0.01], "batch_size": [20, 50]}


@pytest.mark.parametrize("refit", [True, False])
def test_a_recorder_hears_of_the_same_tasks_of_a_halving(refit):
    options = {"resource": "n_epochs", "max_resources": 9, "cv": 3, "refit": refit}
    search = HalvingGridSearchCV(MODEL, HALVING, **options)
    with count_work() as work:
        _, actual = recorded(fuse(search), Recorder())
    _, expected = recorded(clone(search), Recorder())
    assert work.one_by_one == 0
    assert Counter(actual.events) == Counter(expected.events)
    names = [name for hook, name, _ in actual.events if hook == "begin" and "iteration" in name]
    assert names == ["halving-iteration"] * 2


@pytest.mark.parametrize(
    "search",
    [FusedGridSearchCV(MODEL, GRID, cv=3), FusedHalvingGridSearchCV(MODEL, HALVING, cv=3)],
    ids=["grid", "halving"],
)
def test_every_task_begins_before_it_ends(search):
    _, recorder = recorded(clone(search), Recorder())
    for hook, *task in recorder.events:
        if hook == "end":
            begin, end = (recorder.events.index((h, *task)) for h in ("begin", "end"))
            assert begin < end


def test_a_recorder_gets_the_rows_and_weights_of_the_fold():
    search = GridSearchCV(MODEL, GRID, cv=3)
    weight = np.arange(len(Y)) / len(Y)
    own_search, actual = recorded(fuse(search), Recorder(), sample_weight=weight)
    _, expected = recorded(clone(search), Recorder(), sample_weight=weight)
    assert sorted(actual.weights, key=str) == sorted(expected.weights, key=str)
    assert actual.owners == {type(own_search).__name__}


@pytest.mark.parametrize("grid", [{"select__k": [2, -1]}, {"clf__lr": [0.01, 0.02, 1e307]}])
def test_a_recorder_hears_of_failing_candidates_once(grid):
    pipeline = Pipeline([("select", SelectKBest(k=2)), ("clf", MODEL)])
    grid = {"clf__reg_param": [0.0, 1e307], **grid}
    search = GridSearchCV(pipeline, grid, cv=3, error_score=0.0)
    with pytest.warns(match="fits failed"):
        _, actual = recorded(fuse(search), Recorder())
    with pytest.warns(match="fits failed"):
        _, expected = recorded(clone(search), Recorder())
    assert Counter(actual.events) == Counter(expected.events)


@pytest.mark.parametrize("Search", [FusedGridSearchCV, FusedHalvingGridSearchCV])
def test_a_recorder_hears_of_stored_fits(Search, tmp_path):
    search = Search(MODEL, HALVING, cv=3, memory=tmp_path)
    (_, first), (_, again) = (recorded(clone(search), Recorder()) for _ in range(2))
    assert Counter(again.events) == Counter(first.events)
    larger = clone(search).set_params(param_grid={**HALVING, "lr": [0.02, 1e-4, 2e-4, 1e-3, 0.01]})
    _, actual = recorded(clone(larger), Recorder())
    _, expected = recorded(larger.set_params(memory=None), Recorder())
    assert Counter(actual.events) == Counter(expected.events)


def test_callbacks_change_nothing():
    search = FusedGridSearchCV(MODEL, GRID, cv=3)
    watched, _ = recorded(clone(search), Recorder())
    assert_same_search(watched, search.fit(X, Y))


def test_a_propagated_recorder_follows_every_fit():
    search = GridSearchCV(MODEL, GRID, cv=3)
    with count_work() as work:
        own_search, actual = recorded(fuse(search), PropagatedRecorder())
    _, expected = recorded(clone(search), PropagatedRecorder())
    assert (work.together, work.one_by_one) == (0, 4 * 3)
    assert actual.events == expected.events
    assert "callbacks of the search follow every fit" in str(own_search.plan(X, Y))


def test_callbacks_on_the_inner_estimator_follow_every_fit():
    actual, expected = Recorder(), Recorder()
    GridSearchCV(clone(MODEL).set_callbacks(expected), GRID, cv=3).fit(X, Y)
    FusedGridSearchCV(clone(MODEL).set_callbacks(actual), GRID, cv=3).fit(X, Y)
    assert actual.events == expected.events


def test_a_monitor_on_the_inner_estimator_scores_every_fit():
    scores = []
    for search in (GridSearchCV, FusedGridSearchCV):
        monitor = callback.ScoringMonitor(scoring="accuracy")
        search(clone(MODEL).set_callbacks(monitor), GRID, cv=3).fit(X, Y)
        scores.append([row["accuracy"] for log in monitor.get_logs("all") for row in log.data])
    assert scores[0] == scores[1]
    assert len(scores[0]) > 0


@pytest.mark.parametrize("grid", [GRID, {**GRID, "early_stopping": [False, True]}], ids=str)
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("depth", [1, None])
def test_a_progress_bar_ends(grid, n_jobs, depth, capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    search = FusedGridSearchCV(MODEL, grid, cv=3, n_jobs=n_jobs)
    expected = clone(search).fit(X, Y)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=depth)).fit(X, Y)
    printed = capsys.readouterr().out.splitlines()
    assert "100%" in [line for line in printed if "FusedGridSearchCV - fit" in line][-1]
    assert_same_search(search, expected)


class EpochCounter(callback.ProgressBar):
    """Counts what a progress bar is told: epochs that were announced, and that passed."""

    def __init__(self):
        super().__init__(max_propagation_depth=None)
        self.announced, self.passed = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.estimator_name == "Stack" and context.task_name == "fit":
            self.announced.append(context.max_subtasks)
            self.passed.append(0)

    def on_fit_task_end(self, estimator, context):
        if context.estimator_name == "Stack" and context.task_name == "epoch":
            self.passed[-1] += 1


def test_a_progress_bar_is_told_of_the_epochs_of_a_rung():
    counter = EpochCounter()
    search = FusedHalvingGridSearchCV(MODEL, {"lr": HALVING["lr"]}, cv=3, max_resources=9)
    search.set_callbacks(counter).fit(X, Y)
    assert counter.announced == counter.passed == [3] * 3 + [6] * 3


def test_a_progress_bar_is_told_of_stacks_that_thin_out():
    counter = EpochCounter()
    model = clone(MODEL).set_params(early_stopping=True, n_epochs=50)
    grid = {"n_iter_no_change": [1, 3], "tol": [0.1, 0.2], "n_epochs": [20, 50]}
    FusedGridSearchCV(model, grid, cv=3, refit=False).set_callbacks(counter).fit(X, Y)
    assert counter.announced == [50] * 3
    assert max(counter.passed) < 50


def test_a_progress_bar_of_a_halving_ends(capsys, monkeypatch):
    rich = pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(rich, "_console", None)  # another test's may be narrower
    search = FusedHalvingGridSearchCV(MODEL, HALVING, cv=3, max_resources=9)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, Y)
    lines = [line for line in capsys.readouterr().out.splitlines() if "━" in line]
    assert len([line for line in lines if "halving-iteration" in line]) >= 2
    assert all("100%" in line for line in lines)


def test_a_progress_bar_shows_epochs_as_they_pass(capsys):
    pytest.importorskip("rich")
    with count_work() as work:
        search = FusedGridSearchCV(MODEL, GRID, cv=3, refit=False)
        search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, Y)
    assert work.together == 3
    assert "Stack - fit" in capsys.readouterr().out
