"""Private parts of scikit-learn's searches, and fused searches if they or our code fail."""

import itertools
import runpy

import joblib
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, _search
from sklearn.model_selection._validation import _fit_and_score
from sklearn.utils.parallel import Parallel

from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV, SoftmaxRegression
from sklearn_softmax.model_selection import _evaluation, _scikit_learn
from sklearn_softmax.model_selection._stack import Stack
from tests.model_selection.searches import assert_same_search, count_work

X, Y = load_iris(return_X_y=True)
SOFTMAX = SoftmaxRegression(batch_size=20, n_epochs=3, random_state=0)
RATES = {"lr": [1e-4, 1e-3, 2e-3, 0.01]}
SEARCHES = [
    FusedGridSearchCV(SOFTMAX, RATES, cv=3),
    FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, factor=2),
]
every_search = pytest.mark.parametrize("search", SEARCHES, ids=lambda s: type(s).__name__)


@pytest.fixture(scope="module")
def fitted_searches():
    return [clone(search).fit(X, Y) for search in SEARCHES]


def test_tasks_of_scikit_learn_have_the_options_that_are_read(monkeypatch):
    tasks = []

    class RecordingParallel(Parallel):
        def __call__(self, iterable):
            tasks.extend(iterable)
            return super().__call__(tasks)

    monkeypatch.setattr(_search, "Parallel", RecordingParallel)
    GridSearchCV(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y)
    # Options without effect here, and options of callbacks, which are read if they are there.
    unread = {"verbose", "return_n_test_samples", "return_times", "return_parameters"}
    for function, (estimator, rows, targets), options in tasks:
        assert function.function is _fit_and_score
        assert isinstance(estimator, LogisticRegression)
        assert rows is X
        assert targets is Y
        names = set(options) - {"caller", "callback_ctx"}
        assert names == {*_scikit_learn.OPTIONS, *unread}
    indices = [(o["candidate_progress"], o["split_progress"]) for _, _, o in tasks]
    assert indices == [((c, 2), (fold, 2)) for c in (0, 1) for fold in (0, 1)]
    result = function(estimator, rows, targets, **{**options, "return_train_score": True})
    keys = {"fit_error", "test_scores", "n_test_samples", "fit_time", "score_time"}
    assert set(result) == keys | {"train_scores"}


def assert_fitted_one_by_one(search, match, fitted_searches):
    """Check that a search trains nothing together, warns once and has the same results."""
    with count_work() as work, pytest.warns(RuntimeWarning, match=match) as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert "sklearn_softmax" in str(caught[0].message)
    assert work.together == 0
    assert_same_search(search, next(s for s in fitted_searches if isinstance(search, type(s))))


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("OPTIONS", {*_scikit_learn.OPTIONS, "new_option"}, "new_option"),
        ("_fit_and_score", lambda *args, **kwargs: None, "one is not _fit_and_score"),
        ("_cells", lambda function: {}, "does not use the Parallel of fit"),
        ("MISSING", "cannot import name '_score'", "cannot import name '_score'"),
    ],
)
@every_search
def test_candidates_are_fitted_one_by_one_by_unknown_versions(
    search, name, value, match, fitted_searches, tmp_path, monkeypatch
):
    monkeypatch.setattr(_scikit_learn, name, value)
    search = clone(search).set_params(memory=tmp_path)
    with count_work() as work:
        assert search.plan(X, Y).n_stored == 0
    assert (work.together, work.one_by_one) == (0, 0)
    assert_fitted_one_by_one(search, f"{match}.*memory is not used", fitted_searches)
    assert not any(tmp_path.iterdir())


def test_module_is_imported_without_the_private_names(monkeypatch):
    monkeypatch.delattr("sklearn.model_selection._validation._score")
    assert "_score" in runpy.run_path(_scikit_learn.__file__)["MISSING"]


def test_function_of_scikit_learn_is_not_changed():
    def evaluate_candidates():
        return parallel

    parallel = object()
    replaced = _scikit_learn.replace_evaluation(lambda *args: None, evaluate_candidates)
    assert replaced is not evaluate_candidates
    assert evaluate_candidates() is parallel
    assert replaced() is not parallel
    assert replaced.__name__ == "evaluate_candidates"


@pytest.mark.parametrize("broken", [range(99), [1]], ids=["all stacks", "one stack"])
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("index", [0, 1], ids=["grid", "halving"])
def test_unexpected_error_of_a_joint_fit_is_reported(
    index, n_jobs, broken, fitted_searches, monkeypatch
):
    expected, fit, calls = fitted_searches[index], Stack.fit, itertools.count()

    def broken_fit(self, X, y, **params):
        fit(self, X, y, **params)
        if next(calls) in broken:
            raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(Stack, "fit", broken_fit)
    search = clone(SEARCHES[index]).set_params(n_jobs=n_jobs)
    with (
        pytest.warns(RuntimeWarning, match="(?s)report it.*ZeroDivisionError: in") as caught,
        joblib.parallel_config(backend="threading"),
    ):
        assert_same_search(search.fit(X, Y), expected)
    n_rungs = getattr(expected, "n_iterations_", 1)
    assert len(caught) == min(n_rungs, len(broken))
    assert next(calls) == 3 * n_rungs


@pytest.mark.parametrize("resumable", [False, True])
def test_stack_after_an_unexpected_error_is_new_and_resumable_as_before(resumable, monkeypatch):
    monkeypatch.setattr(_evaluation, "_evaluate_together", lambda *args: 1 / 0)
    _, stack, _ = _evaluation._evaluate(X, Y, [], Stack([SOFTMAX], resumable))
    assert (stack.members, stack.resumable) == ([], resumable)
