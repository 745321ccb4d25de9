"""What the tests of the fused searches share: two searches, and what must be the same."""

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
from sklearn_softmax.model_selection._stack import Stack

FUSED = {
    GridSearchCV: FusedGridSearchCV,
    RandomizedSearchCV: FusedRandomizedSearchCV,
    HalvingGridSearchCV: FusedHalvingGridSearchCV,
    HalvingRandomSearchCV: FusedHalvingRandomSearchCV,
}


def fused(search):
    """The search with its candidates trained together; all else as it is."""
    own = FUSED[type(search)](**search.get_params(deep=False))
    callbacks = getattr(search, "_skl_callbacks", ())
    return own.set_callbacks(*callbacks) if callbacks else own


class Work:
    """Counts the runs of stacks, and the fits one by one."""

    def __init__(self):
        self.together, self.one_by_one = 0, 0


@contextmanager
def counted():
    """Count what searches do in this block, in this process."""
    work = Work()
    fit, run = Stack.fit, Evaluation.run

    def counted_fit(self, X, y, **params):
        work.together += 1
        return fit(self, X, y, **params)

    def counted_run(self, X, y):
        work.one_by_one += 1
        return run(self, X, y)

    with (
        patch.object(Stack, "fit", counted_fit),
        patch.object(Evaluation, "run", counted_run),
    ):
        yield work


def works_as_planned(work, plan):
    """Nothing that was planned as a stack was fitted one by one instead."""
    alone = [task for task in plan.tasks if task.group.reason]
    assert work.one_by_one == len(alone)
    assert work.together == len(plan.tasks) - len(alone)


class Outcome:
    """What a search left behind: itself, its warnings, and what it raised."""

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
        """Return those that a fused search does not sum up."""
        return {k: n for k, n in self.warnings.items() if k[0] is not ConvergenceWarning}


def first_line(error):
    # Scores in a warning differ in their last digits.
    return re.sub(r"\[.*", "", str(error).strip().split("\n")[0]).replace("Fused", "")


def text(value):
    # An array's or generator's place in memory is its own.
    return re.sub(r" at 0x\w+", "", repr(value))


def same_outcome(own, expected):
    """Whether two searches ended in the same way, with the same results."""
    assert type(own.error) is type(expected.error), (own.error, expected.error)
    assert own.other_warnings() == expected.other_warnings()
    if expected.error is not None:
        assert first_line(own.error) == first_line(expected.error)
        return
    assert {category for category, _ in own.warnings} == {c for c, _ in expected.warnings}
    same_search(own.search, expected.search)


def same_search(own, expected):
    """Whether two fitted searches tell the same."""
    same_results(own.cv_results_, expected.cv_results_)
    fitted = {name for name in vars(expected) if name.endswith("_")}
    assert {name for name in vars(own) if name.endswith("_")} == fitted
    halving = {name for name in fitted if re.search("resources_|candidates_|iterations_", name)}
    for name in fitted & {"best_index_", "best_params_", "n_splits_", "multimetric_"} | halving:
        assert text(getattr(own, name)) == text(getattr(expected, name))
    if "best_score_" in fitted:
        np.testing.assert_allclose(own.best_score_, expected.best_score_, rtol=1e-10, atol=1e-10)
    if "best_estimator_" in fitted:
        assert text(own.best_estimator_) == text(expected.best_estimator_)


def same_results(own, expected):
    """Whether two ``cv_results_`` are the same, but for times and the last digits."""
    assert list(own) == list(expected)
    for name, values in expected.items():
        if name == "params":
            assert text(own[name]) == text(values)
            continue
        assert type(own[name]) is type(values), name
        assert own[name].dtype == values.dtype, name
        if name.startswith("param_"):
            np.testing.assert_array_equal(np.ma.getmaskarray(own[name]), np.ma.getmaskarray(values))
            assert text(own[name].tolist()) == text(values.tolist())
        elif name.startswith("rank_"):
            np.testing.assert_array_equal(own[name], values, err_msg=name)
        elif name.endswith("_time"):
            assert own[name].shape == values.shape
            assert np.all(own[name] >= 0)
        else:
            np.testing.assert_allclose(own[name], values, rtol=1e-10, atol=1e-10, err_msg=name)


def same_as_scikit_learn(search, *args, **kwargs):
    """Whether the fused search does as the search does; returns what each did, fused first."""
    with counted() as work:
        own = Outcome(fused(search), *args, **kwargs)
    expected = Outcome(search, *args, **kwargs)
    same_outcome(own, expected)
    return own, expected, work
