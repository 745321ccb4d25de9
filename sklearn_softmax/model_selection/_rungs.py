"""Rungs of successive halving: their candidates, their epochs and their evaluation."""

from dataclasses import dataclass
from math import ceil, floor, log

import numpy as np

from sklearn_softmax.model_selection._evaluation import evaluate_tasks
from sklearn_softmax.model_selection._fit_warnings import Fit


@dataclass(frozen=True)
class Schedule:
    """Number of candidates of each rung, and the amount of the resource for each of them.

    Parameters
    ----------
    n_candidates : int
        Number of candidates of the first rung.
    min_resources : int or "exhaust"
        Amount per candidate in the first rung; "exhaust" is the amount that brings the last rung
        close to ``max_resources``.
    max_resources : int
        Largest amount per candidate.
    factor : float
        Ratio of the candidates of a rung to those of the next one, and of the amount of the next
        one to its own.
    aggressive_elimination : bool
        Whether to repeat the first rung until the last one has no more than ``factor``
        candidates.

    References
    ----------
    K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization" (2016), algorithm 1.

    Examples
    --------
    >>> from sklearn_softmax.model_selection._rungs import Schedule
    >>> schedule = Schedule(18, "exhaust", 200, 3, False)
    >>> schedule.n_candidates_left, schedule.n_resources
    ([18, 6, 2, 1], [22, 66, 198])
    """

    n_candidates: int
    min_resources: object
    max_resources: int
    factor: float
    aggressive_elimination: bool

    @property
    def n_required(self):
        """Return the number of rungs until fewer than ``factor`` candidates are left."""
        return 1 + floor(log(self.n_candidates, self.factor))

    @property
    def n_possible(self):
        """Return the number of rungs until ``max_resources`` would be exceeded."""
        return 1 + floor(log(self.max_resources // self.first_resources, self.factor))

    @property
    def n_rungs(self):
        """Return the number of rungs."""
        if self.aggressive_elimination:
            return self.n_required
        return min(self.n_possible, self.n_required)

    @property
    def first_resources(self):
        """Return the amount per candidate in the first rung."""
        if self.min_resources != "exhaust":
            return self.min_resources
        return max(1, self.max_resources // self.factor ** (self.n_required - 1))

    @property
    def n_candidates_left(self):
        """Return the number of candidates of each rung and of one more rung."""
        counts = [self.n_candidates]
        for _ in range(self.n_rungs):
            counts.append(ceil(counts[-1] / self.factor))
        return counts

    @property
    def n_resources(self):
        """Return the amount per candidate of each rung."""
        repeats = self.n_required - self.n_possible if self.aggressive_elimination else 0
        powers = [max(0, rung - repeats) for rung in range(self.n_rungs)]
        amounts = [int(self.factor**power * self.first_resources) for power in powers]
        return [min(amount, self.max_resources) for amount in amounts]

    def __str__(self):
        first, *others = zip(self.n_resources, self.n_candidates_left)
        rungs = [f"{amount} for {n}" for amount, n in others]
        return ", ".join(["{} for {} candidates".format(*first), *rungs])


def best_candidates(scores, n):
    """Return the indices of the candidates with the highest scores, the best last.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
        NaN for candidates that failed, which are the worst.
    n : int

    Returns
    -------
    indices : ndarray of shape (n,), int
    """
    order = np.roll(np.argsort(scores), np.count_nonzero(np.isnan(scores)))
    return order[-n:]


class Rungs:
    """Evaluates one rung after the other, in each of which the candidates resume.

    Parameters
    ----------
    make_plan : callable
        ``make_plan(evaluations, stacks=..., stored=...)`` returns the plan for candidates that
        resume from these stacks, without the stored fits.
    store : FitStore
    verbose : int
        Above 0, prints the plan of each rung.

    Attributes
    ----------
    fits : list of Fit
        Fits of all rungs; a candidate has its index of the first rung.
    """

    def __init__(self, make_plan, store, verbose):
        self._make_plan, self._store, self._verbose = make_plan, store, verbose
        self.fits, self._stacks, self._first_index = [], {}, {}

    def evaluate(self, X, y, evaluations, parallel):
        """Return the results of the candidates of a rung."""
        self._store.find(X, y, evaluations)
        stored = self._store.fits.keys()
        plan = self._make_plan(evaluations, stacks=self._stacks, stored=stored)
        if self._verbose > 0:
            print(plan)
        results, self._stacks, warnings = evaluate_tasks(
            plan, X, y, evaluations, parallel, self._store, resumable=True
        )
        for evaluation, fit_warnings in zip(evaluations, warnings):
            candidate = self._first_index.get(evaluation.candidate, evaluation.candidate)
            self.fits.append(Fit(candidate, evaluation.parameters, fit_warnings))
        return results

    def keep(self, candidates):
        """Keep these candidates of a rung, by their indices, for the next one."""
        index = {candidate: i for i, candidate in enumerate(candidates)}
        self._first_index = {i: self._first_index.get(c, c) for c, i in index.items()}
        self._stacks = {
            (index[candidate], fold): stack
            for (candidate, fold), stack in self._stacks.items()
            if candidate in index
        }


class SameFolds:
    """A splitter with the same folds in every rung.

    Parameters
    ----------
    cv : splitter
    """

    def __init__(self, cv):
        self.cv = cv

    def split(self, X, y=None, **params):
        """Return the row indices of the folds."""
        if not hasattr(self, "_folds"):
            self._folds = list(self.cv.split(X, y, **params))
        return self._folds
