"""Callbacks on fused searches: the same events as on scikit-learn's."""

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
HALVING = {"lr": [1e-4, 2e-4, 1e-3, 0.01], "batch_size": [20, 50]}
HALVING_OPTIONS = {"resource": "n_epochs", "max_resources": 9, "cv": 3}


class Recorder:
    """Records the events of a fit, and the rows and metadata at their end."""

    def __init__(self):
        self.events, self.owners, self.rows = [], set(), []

    def setup(self, estimator, context):
        self.events.append(("setup", context.task_name, context.task_id))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context.task_name, context.task_id))

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None):
        self.events.append(("end", context.task_name, context.task_id))
        self.owners.add(type(estimator).__name__)
        sums = metadata and {name: np.sum(values) for name, values in metadata.items()}
        self.rows.append((context.task_name, context.task_id, np.shape(X), sums))


def record(search, recorder=None, **params):
    recorder = recorder or Recorder()
    clone(search).set_callbacks(recorder).fit(X, Y, **params)
    return recorder


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize(
    "search",
    [GridSearchCV(MODEL, GRID, cv=3), HalvingGridSearchCV(MODEL, HALVING, **HALVING_OPTIONS)],
    ids=["grid", "halving"],
)
def test_events_rows_and_weights_are_those_of_scikit_learn(search, refit):
    search = clone(search).set_params(refit=refit)
    weight = np.arange(len(Y)) / len(Y)
    with count_work() as work:
        actual = record(fuse(search), sample_weight=weight)
    expected = record(search, sample_weight=weight)
    assert work.one_by_one == 0
    assert Counter(actual.events) == Counter(expected.events)
    assert actual.events[:3] == expected.events[:3]
    assert actual.events[-2:] == expected.events[-2:]
    assert sorted(actual.rows, key=str) == sorted(expected.rows, key=str)
    assert actual.owners == {type(fuse(search)).__name__}
    for event, *task in actual.events:
        if event == "end":
            begin, end = (actual.events.index((name, *task)) for name in ("begin", "end"))
            assert begin < end


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.parametrize("grid", [{"select__k": [2, -1]}, {"clf__lr": [0.01, 0.02, 1e307]}])
def test_events_of_failing_candidates_are_those_of_scikit_learn(grid):
    pipeline = Pipeline([("select", SelectKBest(k=2)), ("clf", MODEL)])
    grid = {"clf__reg_param": [0.0, 1e307], "clf__n_epochs": [3], **grid}
    search = GridSearchCV(pipeline, grid, cv=2, error_score=0.0)
    assert Counter(record(fuse(search)).events) == Counter(record(search).events)


@pytest.mark.parametrize(
    "search",
    [
        FusedGridSearchCV(clone(MODEL).set_params(n_epochs=3), HALVING, cv=2),
        FusedHalvingGridSearchCV(MODEL, HALVING, cv=2, max_resources=9),
    ],
    ids=["grid", "halving"],
)
def test_events_of_stored_fits_are_those_of_fits(search, tmp_path):
    search = clone(search).set_params(memory=tmp_path)
    first, second = record(search), record(search)
    assert Counter(second.events) == Counter(first.events)
    larger = clone(search).set_params(param_grid={**HALVING, "lr": [0.02, 1e-4, 2e-4, 1e-3, 0.01]})
    actual, expected = record(larger), record(larger.set_params(memory=None))
    assert Counter(actual.events) == Counter(expected.events)


PIPELINE = Pipeline([("select", SelectKBest(k=2)), ("clf", MODEL)])


@pytest.mark.parametrize(
    ("estimator", "is_inner", "reason"),
    [
        (MODEL, False, "callbacks of the search follow every fit"),
        (MODEL, True, "it has callbacks"),
        (PIPELINE, True, "its pipeline has callbacks"),
    ],
    ids=["search", "classifier", "pipeline"],
)
def test_callbacks_that_follow_every_fit_have_the_events_of_scikit_learn(
    estimator, is_inner, reason
):
    prefix = "clf__" if estimator is PIPELINE else ""
    grid = {f"{prefix}{name}": values for name, values in GRID.items()}
    recorders = []
    with count_work() as work:
        for Search in (GridSearchCV, FusedGridSearchCV):
            recorders.append(Recorder())
            if not is_inner:
                recorders[-1].max_propagation_depth = None
            search = Search(clone(estimator), grid, cv=3)
            (search.estimator if is_inner else search).set_callbacks(recorders[-1])
            search.fit(X, Y)
    assert (work.together, work.one_by_one) == (0, 4 * 3)
    assert recorders[0].events == recorders[1].events
    assert reason in str(search.plan(X, Y))


PROGRESS = {"lr": [1e-4, 0.01, 0.02], "early_stopping": [False, True]}


@pytest.mark.parametrize("Search", [FusedGridSearchCV, FusedHalvingGridSearchCV])
@pytest.mark.parametrize(("n_jobs", "depth"), [(1, 1), (1, None), (2, None)])
def test_progress_bars_end_and_show_stacks(Search, n_jobs, depth, capsys, monkeypatch):
    rich = pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(rich, "_console", None)  # another test's may be narrower
    search = Search(clone(MODEL).set_params(n_epochs=9), PROGRESS, cv=3, n_jobs=n_jobs)
    expected = clone(search).fit(X, Y)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=depth)).fit(X, Y)
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if "━" in line]
    assert all("100%" in line for line in lines)
    assert any(f"{Search.__name__} - fit" in line for line in lines)
    if depth is None:
        assert "Stack - fit" in printed
        assert printed.count("halving-iteration") >= getattr(search, "n_iterations_", 0)
    assert_same_search(search, expected)


class EpochCounter(callback.ProgressBar):
    """Counts the epochs that stacks announce, and those that they train."""

    def __init__(self):
        super().__init__(max_propagation_depth=None)
        self.announced, self.trained = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        if context.estimator_name == "Stack" and context.task_name == "fit":
            self.announced.append(context.max_subtasks)
            self.trained.append(0)

    def on_fit_task_end(self, estimator, context):
        if context.estimator_name == "Stack" and context.task_name == "epoch":
            self.trained[-1] += 1


def test_progress_bar_gets_the_epochs_of_each_rung():
    counter = EpochCounter()
    search = FusedHalvingGridSearchCV(MODEL, {"lr": HALVING["lr"]}, cv=3, max_resources=9)
    search.set_callbacks(counter).fit(X, Y)
    assert counter.announced == counter.trained == [3] * 3 + [6] * 3


def test_progress_bar_gets_the_epochs_of_stacks_whose_models_all_stop_early():
    counter = EpochCounter()
    model = clone(MODEL).set_params(early_stopping=True, n_epochs=50)
    grid = {"n_iter_no_change": [1, 3], "tol": [0.1, 0.2], "n_epochs": [20, 50]}
    FusedGridSearchCV(model, grid, cv=3, refit=False).set_callbacks(counter).fit(X, Y)
    assert counter.announced == [50] * 3
    assert max(counter.trained) < 50
