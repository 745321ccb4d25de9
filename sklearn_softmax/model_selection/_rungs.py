"""The rungs of successive halving: how many candidates get how many epochs, and who is left."""

from dataclasses import dataclass
from math import ceil, floor, log

import numpy as np

from sklearn_softmax.model_selection._evaluation import evaluate_tasks
from sklearn_softmax.model_selection._fit_warnings import Fit


@dataclass(frozen=True)
class Schedule:
    """How many candidates each rung has, and how much of the resource each of them gets.

    Parameters
    ----------
    n_candidates : int
        Candidates of the first rung.
    min_resources : int or "exhaust"
        What a candidate gets in the first rung; "exhaust" for as much as lets the last rung
        come close to ``max_resources``.
    max_resources : int
        Most that a candidate gets.
    factor : float
        A rung has this many times fewer candidates than the one before, and gives each this
        many times as much.
    aggressive_elimination : bool
        Whether to repeat the first rung until few enough candidates are left for the last one.

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
        """Rungs until fewer than ``factor`` candidates would be left."""
        return 1 + floor(log(self.n_candidates, self.factor))

    @property
    def n_possible(self):
        """Rungs until ``max_resources`` would be exceeded."""
        return 1 + floor(log(self.max_resources // self.first_resources, self.factor))

    @property
    def n_rungs(self):
        """Number of rungs."""
        if self.aggressive_elimination:
            return self.n_required
        return min(self.n_possible, self.n_required)

    @property
    def first_resources(self):
        """What a candidate gets in the first rung."""
        if self.min_resources != "exhaust":
            return self.min_resources
        return max(1, self.max_resources // self.factor ** (self.n_required - 1))

    @property
    def n_candidates_left(self):
        """Candidates in each rung, and in the one that would come after the last."""
        numbers = [self.n_candidates]
        for _ in range(self.n_rungs):
            numbers.append(ceil(numbers[-1] / self.factor))
        return numbers

    @property
    def n_resources(self):
        """What each candidate of a rung gets."""
        repeats = self.n_required - self.n_possible if self.aggressive_elimination else 0
        powers = [max(0, rung - repeats) for rung in range(self.n_rungs)]
        amounts = [int(self.factor**power * self.first_resources) for power in powers]
        return [min(amount, self.max_resources) for amount in amounts]

    def __str__(self):
        first, *others = zip(self.n_resources, self.n_candidates_left)
        rungs = [f"{amount} for {n}" for amount, n in others]
        return ", ".join(["{} for {} candidates".format(*first), *rungs])


def best_candidates(scores, n):
    """Indices of the candidates with the highest scores, the best last.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates,)
        NaN for those that failed, which are the worst.
    n : int

    Returns
    -------
    indices : ndarray of shape (n,), int
    """
    order = np.roll(np.argsort(scores), np.count_nonzero(np.isnan(scores)))
    return order[-n:]


class Rungs:
    """Evaluates one rung after the other; candidates go on from where they stood.

    Parameters
    ----------
    plan_of : callable
        ``plan_of(evaluations, stacks=..., stored=...)`` is the plan for evaluating candidates
        that stand in these stacks, without those that are stored.
    store : FitStore
    verbose : int
        Above 0, prints the plan of each rung.

    Attributes
    ----------
    fits : list of Fit
        Of all rungs; a candidate has the index that it has in the first rung.
    """

    def __init__(self, plan_of, store, verbose):
        self._plan_of, self._store, self._verbose = plan_of, store, verbose
        self.fits, self._stacks, self._first_index = [], {}, {}

    def evaluate(self, X, y, evaluations, parallel):
        """Results of the candidates of a rung."""
        self._store.find(X, y, evaluations)
        stored = self._store.fits.keys()
        plan = self._plan_of(evaluations, stacks=self._stacks, stored=stored)
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
        """Let these candidates of a rung, by their indices, be those of the next one."""
        index = {candidate: i for i, candidate in enumerate(candidates)}
        self._first_index = {i: self._first_index.get(c, c) for c, i in index.items()}
        self._stacks = {
            (index[candidate], fold): stack
            for (candidate, fold), stack in self._stacks.items()
            if candidate in index
        }


class SameFolds:
    """A splitter whose folds are the same in every rung, as they were first drawn.

    Parameters
    ----------
    cv : splitter
    """

    def __init__(self, cv):
        self.cv = cv

    def split(self, X, y=None, **params):
        """Row indices of the folds."""
        if not hasattr(self, "_folds"):
            self._folds = list(self.cv.split(X, y, **params))
        return self._folds
