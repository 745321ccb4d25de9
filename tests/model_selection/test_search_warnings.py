"""Warnings of fits that train together: one per search and kind, at the line of the user."""

import inspect
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    SoftmaxRegression,
)

RNG = np.random.RandomState(0)
X, Y = RNG.standard_normal((60, 3)), RNG.randint(3, size=60)
MODEL = SoftmaxRegression(n_epochs=4, random_state=0)
# Two of four candidates end with a larger loss.
GRID = {"lr": [1e-3, 1e4], "reg_param": [0.0, 1e-3]}
SEARCHES = {
    "grid": FusedGridSearchCV(MODEL, GRID, cv=3, refit=False),
    "halving": FusedHalvingGridSearchCV(MODEL, GRID, factor=2, cv=3, refit=False),
}


def catch_warnings(function, *args):
    """Return the texts of the warnings of a call, and check their category and line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args)
    lines, first = inspect.getsourcelines(catch_warnings)
    place = __file__, first + lines.index("        function(*args)\n")
    assert {(w.filename, w.lineno) for w in caught} <= {place}
    assert {w.category for w in caught} <= {ConvergenceWarning}
    return [str(w.message) for w in caught]


@pytest.mark.parametrize(("name", "n_jobs"), [("grid", 1), ("halving", 1), ("halving", 2)])
def test_warnings_are_summed_up_with_numbers_and_first_parameters(name, n_jobs):
    search = clone(SEARCHES[name]).set_params(n_jobs=n_jobs)
    (message,) = catch_warnings(search.fit, X, Y)
    candidates = search.cv_results_["params"]
    first, *others = [params for params in candidates if params["lr"] == 1e4]
    assert message.startswith(
        f"{3 * (1 + len(others))} of {3 * len(candidates)} fits (2 of 4 candidates) ended with a "
        f"warning, the first one with {first}: After "
    )
    assert "lr=10000.0 may be too large" in message


def test_each_kind_of_warning_has_a_summary():
    grid = [{"lr": [1e3, 1e4]}, {"lr": ["auto"], "reg_param": [0.0, 1.0], "n_epochs": [2]}]
    search = FusedGridSearchCV(MODEL, grid, cv=3, refit=False)
    too_large, still_falls = catch_warnings(search.fit, X + np.eye(3)[Y], Y)
    assert too_large.startswith("6 of 12 fits (2 of 4 candidates)")
    assert "{'lr': 1000.0}: After 4 epochs the training loss is" in too_large
    assert still_falls.startswith("6 of 12 fits (2 of 4 candidates)")
    assert "After 2 epochs the training objective still falls" in still_falls


def test_refitted_model_and_candidates_fitted_one_by_one_warn_separately():
    grid = {"lr": [1e4], "warm_start": [True, False], "reg_param": [0.0, 1e-3]}
    search = FusedGridSearchCV(MODEL, grid, cv=3)
    *one_by_one, together, refitted = catch_warnings(search.fit, X, Y)
    assert len(one_by_one) == 6
    assert all(message.startswith("After 4 epochs") for message in [*one_by_one, refitted])
    assert together.startswith("6 of 12 fits (2 of 4 candidates)")


def test_search_in_a_cross_validation_warns_at_the_line_of_the_user():
    search = clone(SEARCHES["grid"]).set_params(refit=True)
    messages = catch_warnings(cross_val_score, search, X, Y)
    assert sum("6 of 12 fits" in message for message in messages) == 5
