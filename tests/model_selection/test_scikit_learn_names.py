"""The private names of scikit-learn that fused searches build on are what they are taken for.

Where one of these tests fails, scikit-learn has changed: mend ``_scikit_learn.py``.
"""

from inspect import Parameter, signature

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import check_scoring
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection import GridSearchCV
from sklearn.model_selection._validation import _fit_and_score, _score
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.parallel import Parallel
from sklearn.utils.validation import _check_method_params

X, Y = np.arange(24.0).reshape(12, 2), np.arange(12) % 2
# What Evaluation and Fold read, beside the rows.
READ = {
    "parameters",
    "candidate_progress",
    "split_progress",
    "train",
    "test",
    "scorer",
    "fit_params",
    "score_params",
    "return_train_score",
    "error_score",
}
# What these two make of no use, or ask for without reading it.
KNOWN = READ | {"verbose", "return_n_test_samples", "return_times", "return_parameters"}
OF_CALLBACKS = {"caller", "callback_ctx"}


def parameters(function):
    return list(signature(function).parameters)


class Spy(GridSearchCV):
    """Keeps what the search hands to its Parallel."""

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        names = evaluate_candidates.__code__.co_freevars
        assert "parallel" in names, "fit no longer shares its Parallel with evaluate_candidates"
        cell = evaluate_candidates.__closure__[names.index("parallel")]
        assert isinstance(cell.cell_contents, Parallel)
        parallel = cell.cell_contents

        def spy(tasks):
            Spy.tasks = list(tasks)
            return parallel(Spy.tasks)

        cell.cell_contents = spy
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        super()._run_search(evaluate_candidates, **context)


@pytest.fixture(scope="module")
def tasks():
    Spy(LogisticRegression(), {"C": [1.0, 2.0]}, cv=2).fit(X, Y)
    return Spy.tasks


def test_a_search_hands_its_candidates_to_its_own_parallel(tasks):
    assert len(tasks) == 2 * 2


def test_a_task_is_fit_and_score_of_an_estimator_and_all_rows(tasks):
    for function, (estimator, X_given, y_given), _ in tasks:
        assert function.function is _fit_and_score
        assert isinstance(estimator, LogisticRegression)
        assert X_given is X
        assert y_given is Y


def test_a_task_has_the_options_that_are_read_and_no_others(tasks):
    for _, _, options in tasks:
        assert set(options) - OF_CALLBACKS == KNOWN


def test_a_task_tells_its_candidate_and_its_fold(tasks):
    places = [(o["candidate_progress"], o["split_progress"]) for _, _, o in tasks]
    assert places == [((c, 2), (f, 2)) for c in (0, 1) for f in (0, 1)]


def test_fit_and_score_takes_these_options():
    assert parameters(_fit_and_score)[:3] == ["estimator", "X", "y"]
    taken = signature(_fit_and_score).parameters
    assert set(taken) >= KNOWN
    assert all(taken[name].kind is Parameter.KEYWORD_ONLY for name in KNOWN)


def test_fit_and_score_gives_the_keys_of_a_result(tasks):
    function, arguments, options = tasks[0]
    expected = {"fit_error", "test_scores", "n_test_samples", "fit_time", "score_time"}
    assert set(function(*arguments, **options)) == expected
    with_train = function(*arguments, **{**options, "return_train_score": True})
    assert set(with_train) == expected | {"train_scores"}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (_score, ["estimator", "X_test", "y_test", "scorer", "score_params", "error_score"]),
        (_safe_split, ["estimator", "X", "y", "indices", "train_indices"]),
        (_check_method_params, ["X", "params", "indices"]),
    ],
    ids=["_score", "_safe_split", "_check_method_params"],
)
def test_helpers_take_these_arguments(function, expected):
    assert parameters(function) == expected


def test_a_scorer_of_several_metrics_has_their_names():
    scorer = check_scoring(LogisticRegression(), scoring=["accuracy", "f1"])
    assert isinstance(scorer, _MultimetricScorer)
    assert list(scorer._scorers) == ["accuracy", "f1"]
