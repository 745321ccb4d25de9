"""What a fused search does where scikit-learn is another, or where something fails unforeseen."""

import warnings
from types import FunctionType

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

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


EXPECTED = {type(search): clone(search).fit(X, Y) for search in SEARCHES}


def fitted_one_by_one(search, match):
    """Text of the only warning of a search that trains nothing together, but ends as ever."""
    with count_work() as work, pytest.warns(RuntimeWarning, match=match) as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert work.together == 0
    assert_same_search(search, next(e for kind, e in EXPECTED.items() if isinstance(search, kind)))
    return str(caught[0].message)


class Renamed:
    """A search whose ``fit`` calls its Parallel by another name."""

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        code = evaluate_candidates.__code__
        names = tuple("workers" if name == "parallel" else name for name in code.co_freevars)
        renamed = FunctionType(
            code.replace(co_freevars=names),
            evaluate_candidates.__globals__,
            argdefs=evaluate_candidates.__defaults__,
            closure=evaluate_candidates.__closure__,
        )
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(renamed, **context)


class RenamedGrid(Renamed, FusedGridSearchCV):
    pass


class RenamedHalving(Renamed, FusedHalvingGridSearchCV):
    pass


@pytest.mark.parametrize(
    ("Search", "known"),
    list(zip([RenamedGrid, RenamedHalving], SEARCHES)),
    ids=["grid", "halving"],
)
def test_another_name_of_the_parallel(Search, known):
    search = Search(**known.get_params(deep=False))
    text = fitted_one_by_one(search, "does not use the Parallel of fit")
    assert "sklearn_softmax" in text


@every_search
@pytest.mark.parametrize("option", sorted(_scikit_learn.OPTIONS))
def test_an_option_of_a_task_that_has_gone(search, option, monkeypatch):
    monkeypatch.setattr(_scikit_learn, "OPTIONS", {*_scikit_learn.OPTIONS, f"new_{option}"})
    fitted_one_by_one(clone(search), f"new_{option}")


@every_search
def test_another_function_as_task(search, monkeypatch):
    known = _scikit_learn._fit_and_score
    monkeypatch.setattr(_scikit_learn, "_fit_and_score", lambda *args, **kwargs: None)
    fitted_one_by_one(clone(search), "one is not _fit_and_score")
    assert known is not _scikit_learn._fit_and_score


@every_search
def test_a_private_name_that_has_gone(search, monkeypatch):
    monkeypatch.setattr(_scikit_learn, "MISSING", "cannot import name '_score'")
    fitted_one_by_one(clone(search), "cannot import name '_score'")


@every_search
def test_a_plan_fits_nothing(search, tmp_path, monkeypatch):
    monkeypatch.setattr(_scikit_learn, "OPTIONS", {*_scikit_learn.OPTIONS, "another"})
    search = clone(search).set_params(memory=tmp_path)
    with count_work() as work:
        assert search.plan(X, Y).n_stored == 0
    assert (work.together, work.one_by_one) == (0, 0)
    assert "memory is not used" in fitted_one_by_one(search, "another")
    assert not any(tmp_path.iterdir())


def test_the_package_imports_without_the_private_names():
    import subprocess
    import sys

    script = (
        "import sklearn.model_selection._validation as v; del v._score\n"
        "import sklearn_softmax.model_selection._scikit_learn as actual\n"
        "assert '_score' in actual.MISSING, actual.MISSING"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_scikit_learns_function_stays_as_it_is():
    def evaluate_candidates():
        return parallel

    parallel = object()
    actual = _scikit_learn.replace_evaluation(lambda *args: None, evaluate_candidates)
    assert actual is not evaluate_candidates
    assert evaluate_candidates() is parallel
    assert actual() is not parallel
    assert actual.__name__ == "evaluate_candidates"


@every_search
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_that_nobody_foresaw_is_told_of(search, n_jobs, monkeypatch):
    expected, fit = EXPECTED[type(search)], Stack.fit

    def broken_fit(self, X, y, **params):
        fit(self, X, y, **params)
        raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(Stack, "fit", broken_fit)
    with pytest.warns(RuntimeWarning, match="ZeroDivisionError: in the middle") as caught:
        with_threads(clone(search).set_params(n_jobs=n_jobs), expected)
    n_rungs = getattr(expected, "n_iterations_", 1)
    assert len(caught) == n_rungs
    assert "report it" in str(caught[0].message)


def with_threads(search, expected):
    """Fit in this process, where things are patched."""
    from joblib import parallel_config

    with parallel_config(backend="threading"):
        assert_same_search(search.fit(X, Y), expected)


def test_an_error_in_one_rung_leaves_the_next_as_it_would_be(monkeypatch):
    search = SEARCHES[1]
    expected = EXPECTED[type(search)]
    fit, n_calls = Stack.fit, []

    def sometimes_broken_fit(self, X, y, **params):
        fit(self, X, y, **params)
        n_calls.append(1)
        if len(n_calls) == 2:
            raise ZeroDivisionError("in the middle")

    monkeypatch.setattr(Stack, "fit", sometimes_broken_fit)
    with pytest.warns(RuntimeWarning, match="ZeroDivisionError"):
        assert_same_search(clone(search).fit(X, Y), expected)
    assert len(n_calls) == 3 * expected.n_iterations_


@every_search
def test_an_error_of_a_candidate_is_no_surprise(search):
    """It is told of as in any other search, and not a second time."""
    pipeline = Pipeline([("scale", StandardScaler(with_mean="no")), ("clf", SOFTMAX)])
    grid = {"clf__lr": RATES["lr"]}
    params = {"resource": "clf__n_epochs"} if "Halving" in type(search).__name__ else {}
    search = clone(search).set_params(estimator=pipeline, param_grid=grid, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="All the 12 fits failed"):
            search.fit(X, Y)


@every_search
def test_no_estimator_is_changed(search):
    model = clone(SOFTMAX)
    clone(search).set_params(estimator=model).fit(X, Y)
    assert set(vars(model)) == set(model.get_params())


def test_stacks_take_the_last_step_s_place_and_give_it_back():
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", SOFTMAX)])
    stack = Stack([SOFTMAX])
    replaced = _evaluation._replace_last_step(pipeline, stack)
    with replaced:
        assert pipeline.steps[-1] == ("clf", stack)
    assert pipeline.steps[-1] == ("clf", SOFTMAX)


@pytest.mark.parametrize("resumable", [False, True])
def test_after_an_error_the_next_rungs_go_on_all_the_same(resumable, monkeypatch):
    def fails(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(_evaluation, "_evaluate_together", fails)
    _, stack, _ = _evaluation._evaluate(X, Y, [], Stack([], resumable))
    assert stack.resumable == resumable


def test_a_search_of_nothing_foreseen_is_scikit_learns():
    """The guards above guard something: without them the searches differ."""
    expected = GridSearchCV(SOFTMAX, RATES, cv=3).fit(X, Y)
    np.testing.assert_allclose(
        clone(SEARCHES[0]).fit(X, Y).cv_results_["mean_test_score"],
        expected.cv_results_["mean_test_score"],
    )
