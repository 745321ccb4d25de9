"""Which candidates of a search train together, and why others cannot."""

from collections import Counter
from dataclasses import dataclass, field
from pickle import PicklingError

import joblib
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_softmax.estimators._callbacks import has_callbacks
from sklearn_softmax.estimators._stack import STACKABLE, model_of, obstacle_to_stacking


@dataclass(frozen=True)
class Group:
    """Candidates that train in one run a fold.

    Parameters
    ----------
    candidates : tuple of int
        Their indices in the search, those with the most epochs first.
    n_models : int, default=1
        Models in the stack; candidates that differ in ``n_epochs`` alone are one.
    n_epochs : tuple of int, default=()
        Epochs after which the models are looked at; empty without a stack.
    shared : dict, default={}
        Parameters that the search sets to the same values for all of them.
    reason : str, default=""
        Why there is no stack; empty where there is one.
    """

    candidates: tuple
    n_models: int = 1
    n_epochs: tuple = ()
    shared: dict = field(default_factory=dict)
    reason: str = ""

    def __str__(self):
        n = len(self.candidates)
        if self.reason:
            return f"{n} by itself: {self.reason}"
        epochs = ", ".join(map(str, self.n_epochs))
        shared = ", ".join(f"{name}={value!r}" for name, value in self.shared.items())
        text = f"{n} together: {self.n_models} models, looked at after {epochs} epochs"
        return f"{text} ({shared})" if shared else text


@dataclass(frozen=True)
class Plan:
    """What a search trains together; printed, it tells this line by line.

    Parameters
    ----------
    groups : tuple of Group
    n_folds : int
    """

    groups: tuple
    n_folds: int

    @property
    def n_fits(self):
        """Fits that the search asks for: one a candidate and fold."""
        return self.n_folds * sum(len(group.candidates) for group in self.groups)

    @property
    def n_runs(self):
        """Runs that they take: one a group and fold."""
        return self.n_folds * len(self.groups)

    def __str__(self):
        stacks = [str(group) for group in self.groups if not group.reason]
        # Candidates that stand alone for the same reason are told of together.
        alone = Counter(group.reason for group in self.groups if group.reason)
        lines = stacks + [f"{n} one by one: {reason}" for reason, n in alone.items()]
        head = f"{self.n_fits} fits in {self.n_runs} runs, {self.n_folds} of each group:"
        return "\n  ".join([head, *lines])


def plan(estimator, candidates, n_folds, obstacle=""):
    """Divide the candidates of a search into groups that train together.

    Candidates train together where they are the same in all but ``n_epochs`` and what a
    stack of models can hold.

    Parameters
    ----------
    estimator : estimator instance
        What the search is over: one of this package, or a pipeline that ends in one.
    candidates : list of dict
        Parameters of each candidate.
    n_folds : int
    obstacle : str, default=""
        Why none of them can train together, if there is such a reason.

    Returns
    -------
    plan : Plan

    Examples
    --------
    >>> from sklearn_softmax import SoftmaxRegression
    >>> from sklearn_softmax.model_selection._plan import plan
    >>> print(plan(SoftmaxRegression(), [{"lr": 0.1}, {"lr": 1.0}, {"shuffle": False}], 3))
    9 fits in 6 runs, 3 of each group:
      2 together: 2 models, looked at after 200 epochs
      1 one by one: no other candidate is like it
    """
    groups = {}
    for index, params in enumerate(candidates):
        candidate = (
            _Candidate(index, index, reason=obstacle)
            if obstacle
            else _candidate(estimator, index, params)
        )
        groups.setdefault(candidate.key, []).append(candidate)
    return Plan(tuple(map(_group, groups.values())), n_folds)


def last_step(estimator):
    """What a pipeline, and one within it, ends in; another estimator as it is."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


@dataclass(frozen=True)
class _Candidate:
    """A candidate: what it trains, and ``key``, which those that train together share."""

    index: int
    key: object
    classifier: object = None
    shared: dict = field(default_factory=dict)
    reason: str = ""


def _candidate(estimator, index, params):
    """A candidate with its parameters set, or the reason why it stands alone."""
    try:
        candidate = clone(estimator).set_params(**clone(params, safe=False))
    except (AttributeError, TypeError, ValueError):
        return _Candidate(index, index, reason="its parameters cannot be set")
    classifier, path = candidate, ""
    while isinstance(classifier, Pipeline):
        reason = _obstacle_in_pipeline(classifier)
        if reason:
            return _Candidate(index, index, reason=reason)
        name, classifier = classifier.steps[-1]
        path += f"{name}__"
    reason = obstacle_to_stacking(classifier)
    if reason:
        return _Candidate(index, index, reason=reason)
    varied = {path + name for name in (*STACKABLE, "n_epochs")}
    shared = {name: value for name, value in params.items() if name not in varied}
    try:
        # "auto" for a learning rate cannot stand in a stack beside numbers.
        key = joblib.hash(shared), isinstance(classifier.lr, str)
    except (AttributeError, PicklingError, TypeError):
        return _Candidate(index, index, reason="its parameters cannot be compared")
    return _Candidate(index, key, classifier, shared)


def _obstacle_in_pipeline(pipeline):
    """Why the last steps of such pipelines cannot train together; empty where they can."""
    if type(pipeline) is not Pipeline:
        return f"{type(pipeline).__name__} may fit in another way than a Pipeline"
    return "its pipeline has callbacks" if has_callbacks(pipeline) else ""


def _group(candidates):
    """The group of candidates with the same key."""
    if len(candidates) == 1:
        reason = candidates[0].reason or "no other candidate is like it"
        return Group((candidates[0].index,), reason=reason)
    candidates = sorted(candidates, key=lambda candidate: -candidate.classifier.n_epochs)
    classifiers = [candidate.classifier for candidate in candidates]
    return Group(
        tuple(candidate.index for candidate in candidates),
        n_models=len({model_of(classifier) for classifier in classifiers}),
        n_epochs=tuple(sorted({classifier.n_epochs for classifier in classifiers})),
        shared=candidates[0].shared,
    )
