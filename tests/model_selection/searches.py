"""Comparison of fused searches with those of scikit-learn, for several test modules."""

import re
import warnings
from collections import Counter
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)

from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
)
from sklearn_softmax.model_selection._scikit_learn import Evaluation
from sklearn_softmax.model_selection._stack import Stack, _Run

FUSED = {
    GridSearchCV: FusedGridSearchCV,
    RandomizedSearchCV: FusedRandomizedSearchCV,
    HalvingGridSearchCV: FusedHalvingGridSearchCV,
    HalvingRandomSearchCV: FusedHalvingRandomSearchCV,
}


def fuse(search):
    """Return the fused search with the parameters and callbacks of a search of scikit-learn."""
    actual = FUSED[type(search)](**search.get_params(deep=False))
    callbacks = getattr(search, "_skl_callbacks", ())
    return actual.set_callbacks(*callbacks) if callbacks else actual


class Work:
    """Number of runs of stacks, of epochs of their models, of fits one by one, and of all fits."""

    def __init__(self):
        self.together, self.epochs, self.one_by_one, self.fits = 0, 0, 0, 0


@contextmanager
def count_work():
    """Count the work of searches in this block, in this process."""
    work = Work()
    fit, fit_models, run, result = Stack.fit, _Run.fit, Evaluation.run, Evaluation.result

    def counted_fit(self, X, y, **params):
        work.together += 1
        return fit(self, X, y, **params)

    def counted_fit_models(self, models, *args):
        before = self._run.state.epoch if self._run else 0
        outcomes = fit_models(self, models, *args)
        work.epochs += len(self._members(models)) * (self._run.state.epoch - before)
        return outcomes

    def counted_run(self, *args):
        work.one_by_one += 1
        work.fits += 1
        return run(self, *args)

    def counted_result(self, *args):
        work.fits += 1
        return result(self, *args)

    with (
        patch.object(Stack, "fit", counted_fit),
        patch.object(_Run, "fit", counted_fit_models),
        patch.object(Evaluation, "run", counted_run),
        patch.object(Evaluation, "result", counted_result),
    ):
        yield work


def assert_work_as_planned(work, plan):
    """Check that stacks and fits one by one are those of the plan."""
    alone = [task for task in plan.tasks if task.group.reason]
    assert work.one_by_one == len(alone)
    assert work.together == len(plan.tasks) - len(alone)


class Outcome:
    """A search after its fit, with its warnings and its error."""

    def __init__(self, search, *args, **kwargs):
        self.search, self.error = clone(search), None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                self.search.fit(*args, **kwargs)
            except Exception as error:
                self.error = error
        self.warnings = Counter((w.category, first_line(w.message)) for w in caught)

    def other_warnings(self):
        """Return the warnings that a fused search does not sum up."""
        return {k: n for k, n in self.warnings.items() if k[0] is not ConvergenceWarning}


def first_line(error):
    # Scores in a warning differ in their last digits.
    return re.sub(r"\[.*", "", str(error).strip().split("\n")[0]).replace("Fused", "")


def text(value):
    # Addresses of arrays and generators differ.
    return re.sub(r" at 0x\w+", "", repr(value))


def assert_same_outcome(actual, expected):
    """Check that two searches have the same results, warnings and error."""
    assert type(actual.error) is type(expected.error), (actual.error, expected.error)
    assert actual.other_warnings() == expected.other_warnings()
    if expected.error is not None:
        assert first_line(actual.error) == first_line(expected.error)
        return
    assert {category for category, _ in actual.warnings} == {c for c, _ in expected.warnings}
    assert_same_search(actual.search, expected.search)


def assert_same_search(actual, expected):
    """Check that two fitted searches have the same results and attributes."""
    assert_same_results(actual.cv_results_, expected.cv_results_)
    fitted = {name for name in vars(expected) if name.endswith("_")}
    assert {name for name in vars(actual) if name.endswith("_")} == fitted
    halving = {name for name in fitted if re.search("resources_|candidates_|iterations_", name)}
    for name in fitted & {"best_index_", "best_params_", "n_splits_", "multimetric_"} | halving:
        assert text(getattr(actual, name)) == text(getattr(expected, name))
    if "best_score_" in fitted:
        np.testing.assert_allclose(actual.best_score_, expected.best_score_, rtol=1e-10, atol=1e-10)
    if "best_estimator_" in fitted:
        assert text(actual.best_estimator_) == text(expected.best_estimator_)


def assert_same_results(actual, expected):
    """Check that two ``cv_results_`` are the same, except for times and the last digits."""
    assert list(actual) == list(expected)
    for name, values in expected.items():
        if name == "params":
            assert text(actual[name]) == text(values)
            continue
        assert type(actual[name]) is type(values), name
        assert actual[name].dtype == values.dtype, name
        if name.startswith("param_"):
            np.testing.assert_array_equal(
                np.ma.getmaskarray(actual[name]), np.ma.getmaskarray(values)
            )
            assert text(actual[name].tolist()) == text(values.tolist())
        elif name.startswith("rank_"):
            np.testing.assert_array_equal(actual[name], values, err_msg=name)
        elif name.endswith("_time"):
            assert actual[name].shape == values.shape
            assert np.all(actual[name] >= 0)
        else:
            np.testing.assert_allclose(actual[name], values, rtol=1e-10, atol=1e-10, err_msg=name)


def compare_with_scikit_learn(search, *args, **kwargs):
    """Compare a search with its fused one; return both outcomes and the fused one's work."""
    with count_work() as work:
        actual = Outcome(fuse(search), *args, **kwargs)
    expected = Outcome(search, *args, **kwargs)
    assert_same_outcome(actual, expected)
    return actual, expected, work
