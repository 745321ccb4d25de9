"""Warnings of fits that train together: one per search and kind, at the line of the user."""

import inspect
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

RNG = np.random.RandomState(0)
X, Y = RNG.standard_normal((60, 3)), RNG.randint(3, size=60)
MODEL = SoftmaxRegression(n_epochs=4, random_state=0)
# Two of four candidates end with a larger loss.
GRID = {"lr": [1e-3, 1e4], "reg_param": [0.0, 1e-3]}
SEARCHES = {
    "grid": FusedGridSearchCV(MODEL, GRID, cv=3, refit=False),
    "random": FusedRandomizedSearchCV(MODEL, GRID, n_iter=4, cv=3, refit=False, random_state=0),
    "halving": FusedHalvingGridSearchCV(MODEL, GRID, factor=2, cv=3, refit=False),
    "random halving": FusedHalvingRandomSearchCV(
        MODEL, GRID, n_candidates=4, factor=2, cv=3, refit=False, random_state=0
    ),
}


def warned(function, *args):
    """Return the warnings of a call, after a check that they point at it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*args)
    lines, first = inspect.getsourcelines(warned)
    place = __file__, first + lines.index("        function(*args)\n")
    assert {(w.filename, w.lineno) for w in caught} <= {place}
    assert {w.category for w in caught} <= {ConvergenceWarning}
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_fits_that_warn_are_summed_up(search, n_jobs):
    search = clone(search).set_params(n_jobs=n_jobs)
    (message,) = warned(search.fit, X, Y)
    n_warned = sum(p["lr"] == 1e4 for p in search.cv_results_["params"])
    first = next(p for p in search.cv_results_["params"] if p["lr"] == 1e4)
    n_fits = 3 * len(search.cv_results_["params"])
    assert message.startswith(
        f"{3 * n_warned} of {n_fits} fits (2 of 4 candidates) ended with a warning, the first one "
        f"with {first}: After "
    )
    assert "lr=10000.0 may be too large" in message


@pytest.mark.parametrize("prefix", ["", "model__"], ids=["alone", "pipeline"])
@pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(n_epochs=3, batch_size=7),
        GDLogisticRegression(n_epochs=3),
        TwoLayerMLPClassifier(n_epochs=3, optimizer="sgd", activation="tanh", random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_every_estimator_warns_by_its_search(model, prefix):
    if prefix:
        model = Pipeline([("scale", StandardScaler()), ("model", model)])
    search = FusedGridSearchCV(model, {f"{prefix}lr": [1e-3, 1e3, 1e4]}, cv=2, refit=False)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        (message,) = warned(search.fit, X, Y)
    first = {f"{prefix}lr": 1e3}
    assert message.startswith(
        "4 of 6 fits (2 of 3 candidates) ended with a warning, the first one "
    )
    assert f"with {first}: After 3 epochs" in message


def test_each_kind_of_warning_is_summed_up():
    grid = [{"lr": [1e3, 1e4]}, {"lr": ["auto"], "reg_param": [0.0, 1.0], "n_epochs": [2]}]
    search = FusedGridSearchCV(MODEL, grid, cv=3, refit=False)
    too_large, still_falls = warned(search.fit, X + np.eye(3)[Y], Y)
    assert too_large.startswith("6 of 12 fits (2 of 4 candidates)")
    assert "{'lr': 1000.0}: After 4 epochs the training loss is" in too_large
    assert still_falls.startswith("6 of 12 fits (2 of 4 candidates)")
    assert "After 2 epochs the training objective still falls" in still_falls


def test_the_refitted_model_and_candidates_fitted_one_by_one_warn_themselves():
    grid = {"lr": [1e4], "warm_start": [True, False], "reg_param": [0.0, 1e-3]}
    *one_by_one, together, refitted = warned(FusedGridSearchCV(MODEL, grid, cv=3).fit, X, Y)
    assert len(one_by_one) == 6
    assert all(message.startswith("After 4 epochs") for message in [*one_by_one, refitted])
    assert together.startswith("6 of 12 fits (2 of 4 candidates)")


def test_a_search_in_a_search_warns_at_the_line_of_the_user():
    messages = warned(cross_val_score, clone(SEARCHES["grid"]).set_params(refit=True), X, Y)
    assert sum("6 of 12 fits" in message for message in messages) == 5


def test_the_summary_can_be_filtered_by_its_category():
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning, match="6 of 12 fits"):
            clone(SEARCHES["grid"]).fit(X, Y)
        warnings.simplefilter("ignore", ConvergenceWarning)
        clone(SEARCHES["grid"]).fit(X, Y)
