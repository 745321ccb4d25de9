"""Base class of the halving searches."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_softmax._typing import MatrixLike
from sklearn_softmax.estimators._callbacks import subtask
from sklearn_softmax.model_selection._fit_warnings import warn_of_fits
from sklearn_softmax.model_selection._memory import FitStore
from sklearn_softmax.model_selection._plan import max_epochs
from sklearn_softmax.model_selection._rungs import Rungs, SameFolds, Schedule, best_candidates
from sklearn_softmax.model_selection._scikit_learn import get_splitter, replace_evaluation
from sklearn_softmax.model_selection.fused_search import CONSTRAINTS as SEARCH_CONSTRAINTS
from sklearn_softmax.model_selection.fused_search import FusedSearchMixin

CONSTRAINTS = {
    **SEARCH_CONSTRAINTS,
    # A single metric ranks the candidates.
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "random_state": ["random_state"],
    "max_resources": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "min_resources": [
        Interval(Integral, 1, None, closed="left"),
        StrOptions({"exhaust", "smallest"}),
    ],
    "resource": [str],
    "factor": [Interval(Real, 1, None, closed="neither")],
    "aggressive_elimination": ["boolean"],
}


class FusedHalvingMixin(FusedSearchMixin):
    """Fused search in rungs, each with fewer candidates and more epochs."""

    cv_results_: Any
    best_index_: Any

    def __init__(
        self,
        estimator,
        candidates,
        *,
        factor,
        resource,
        max_resources,
        min_resources,
        aggressive_elimination,
        random_state,
        memory,
        **params,
    ):
        super().__init__(estimator, candidates, **params)
        self.factor = factor
        self.resource = resource
        self.max_resources = max_resources
        self.min_resources = min_resources
        self.aggressive_elimination = aggressive_elimination
        self.random_state = random_state
        self.memory = memory

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: MatrixLike, y: ArrayLike | None = None, **params: Any) -> Self:
        """Run the search, and refit the best candidate on all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,), default=None
            Class labels.
        **params : array-like
            Parameters of the estimator's ``fit``, of the scorer and of the splitter, as in
            ``HalvingGridSearchCV``.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        ValueError
            If a parameter is not valid, if the estimator has no such resource, or if the resource
            is one of the searched parameters.

        Warns
        -----
        ConvergenceWarning
            Once per kind at the end, for the fits of all rungs that train together.
        """
        self._check_resource()
        self._candidates()  # raises before any work
        super().fit(X, y, **params)  # type: ignore[misc]  # of the search it is mixed into
        # BaseSearchCV does not set it if refit is callable.
        self.best_score_ = self.cv_results_["mean_test_score"][self.best_index_]
        return self

    def _whole_plan(self, n_folds, fit_params, stored):
        """Return the plan of the first rung, with the schedule of all rungs."""
        self._check_resource()
        candidates = self._candidates()
        schedule = self._schedule(len(candidates))
        first = self._add_resource(candidates, schedule.n_resources[0])
        first_rung = self._plan(first, n_folds, fit_params, stacks={}, stored=stored)
        return replace(first_rung, rungs=f"{self.resource} from rung to rung: {schedule}")

    def _check_resource(self):
        """Check the resource and its amounts."""
        names = self.estimator.get_params()
        if self.resource not in names:
            similar = [name for name in names if name.split("__")[-1] == self.resource]
            remedy = f"use one of {similar}" if similar else "use a parameter that counts its work"
            raise ValueError(
                f"Cannot use resource={self.resource} which is not supported by estimator "
                f"{type(self.estimator).__name__}: {remedy}, or scikit-learn's halving searches "
                "for the number of samples."
            )
        least, most = self._min_amount(), self._max_amount()
        if not isinstance(most, Integral):
            raise ValueError(
                f"max_resources='auto' uses the estimator's {self.resource}, which is {most!r}: "
                "set max_resources to an int."
            )
        if least > most:
            raise ValueError(
                f"min_resources_={least} is greater than max_resources_={most}: lower "
                "min_resources or raise max_resources."
            )

    def _candidates(self):
        """Return the parameters of each candidate of the first rung, without the resource."""
        candidates = self._draw_candidates()
        if any(self.resource in params for params in candidates):
            raise ValueError(
                f"Cannot use parameter {self.resource} as the resource since it is part of the "
                "searched parameters: leave it out of them."
            )
        # A generator draws other candidates when it is read again, as in scikit-learn.
        return list(candidates)

    def _min_amount(self):
        """Return the least that a candidate may get."""
        return 1 if isinstance(self.min_resources, str) else self.min_resources

    def _max_amount(self):
        """Return the most that a candidate may get."""
        if self.max_resources == "auto":
            return max_epochs(self.estimator.get_params()[self.resource])
        return self.max_resources

    def _schedule(self, n_candidates):
        """Return the schedule for a number of candidates."""
        least = "exhaust" if self.min_resources == "exhaust" else self._min_amount()
        return Schedule(
            n_candidates, least, self._max_amount(), self.factor, self.aggressive_elimination
        )

    def _add_resource(self, candidates, amount):
        """Return the parameters of the candidates with an amount of the resource."""
        return [{**params, self.resource: amount} for params in candidates]

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        """Evaluate the rungs."""
        candidates = self._candidates()
        schedule = self._set_schedule(len(candidates))
        rungs = Rungs(self._plan_evaluations, FitStore(self.memory), self.verbose)
        cv = get_splitter(self, evaluate_candidates)
        folds = None if cv is None else SameFolds(cv)
        evaluate = replace_evaluation(rungs.evaluate, evaluate_candidates)
        name = {"task_name": "search", "max_subtasks": schedule.n_rungs}
        with subtask(callback_ctx, self, **name) as search_ctx:
            for rung, amount in enumerate(schedule.n_resources):
                if self.verbose > 0:
                    print(f"rung {rung}: {len(candidates)} candidates, {self.resource}={amount}")
                candidates = self._add_resource(candidates, amount)
                scores = self._evaluate_rung(evaluate, rung, candidates, folds, search_ctx)
                best = best_candidates(scores, schedule.n_candidates_left[rung + 1])
                candidates = [candidates[i] for i in best]
                rungs.keep(best)
                if self.verbose > 0:
                    print(_ranking_text(rung, candidates, scores[best]))
        warn_of_fits(rungs.fits)

    def _set_schedule(self, n_candidates):
        """Return the schedule for a number of candidates, and set its fitted attributes."""
        schedule = self._schedule(n_candidates)
        self.n_required_iterations_ = schedule.n_required
        self.n_possible_iterations_ = schedule.n_possible
        self.n_iterations_ = schedule.n_rungs
        self.min_resources_, self.max_resources_ = schedule.first_resources, self._max_amount()
        self.n_resources_ = schedule.n_resources
        *self.n_candidates_, self.n_remaining_candidates_ = schedule.n_candidates_left
        return schedule

    def _evaluate_rung(self, evaluate, rung, candidates, folds, search_ctx):
        """Evaluate a rung and return the mean scores of its candidates."""
        n, amount = len(candidates), candidates[0][self.resource]
        more_results = {"iter": [rung] * n, "n_resources": [amount] * n}
        # scikit-learn before 1.9 has no callbacks, and sets n_splits_ after the search.
        n_fits = n * getattr(self, "n_splits_", 0)
        name = {"task_name": "halving-iteration", "max_subtasks": n_fits}
        with subtask(search_ctx, self, **name, sequential_subtasks=False) as rung_ctx:
            context = {} if rung_ctx is None else {"callback_ctx": rung_ctx}
            results = evaluate(candidates, folds, more_results=more_results, **context)
        return results["mean_test_score"][-n:]

    @staticmethod
    def _select_best_index(refit, refit_metric, results):
        """Return the index of the best candidate of the last rung."""
        last = np.flatnonzero(results["iter"] == np.max(results["iter"]))
        scores = results["mean_test_score"][last]
        return last[0 if np.isnan(scores).all() else np.nanargmax(scores)]


def _ranking_text(rung, candidates, scores):
    """Return the lines that ``verbose`` prints after a rung, the best candidate first."""
    lines = [f"{score:.4f} {params}" for params, score in zip(candidates, scores)][::-1]
    return "\n  ".join([f"left after rung {rung}, with mean scores:", *lines])
