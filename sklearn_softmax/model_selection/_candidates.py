"""What the candidates of a search train, and which of them can train together."""

from dataclasses import dataclass, field
from pickle import PicklingError

import joblib
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_softmax.estimators._callbacks import has_callbacks
from sklearn_softmax.model_selection._stack import STACKABLE, model_key, obstacle_to_stacking

# Pipelines that hand their last step what the steps before it make of the rows, and no more.
PIPELINES = {("sklearn.pipeline", "Pipeline"), ("imblearn.pipeline", "Pipeline")}


@dataclass(frozen=True)
class Candidate:
    """A candidate of a search.

    Parameters
    ----------
    index : int
        In the search.
    key : object
        What those that train together share.
    classifier : estimator of this package or None, default=None
        What it trains; None for anything else.
    shared : dict, default={}
        Parameters that are the same for all candidates that train together.
    reason : str, default=""
        Why it is fitted by itself; empty where it need not be.
    """

    index: int
    key: object
    classifier: object = None
    shared: dict = field(default_factory=dict)
    reason: str = ""


def read_candidate(estimator, index, params, has_validation_rows):
    """A candidate as what it trains, or with the reason why it stands alone.

    Parameters
    ----------
    estimator : estimator instance
        What the search is over.
    index : int
        Of the candidate.
    params : dict
        Parameters of the candidate.
    has_validation_rows : bool
        Whether ``fit`` is given some.

    Returns
    -------
    candidate : Candidate
    """
    try:
        candidate = clone(estimator).set_params(**clone(params, safe=False))
    except (AttributeError, TypeError, ValueError):
        return Candidate(index, index, reason="its parameters cannot be set")
    reason = _obstacle_in_pipeline(candidate) or obstacle_to_stacking(last_step(candidate))
    if reason:
        return Candidate(index, index, reason=reason)
    classifier, path = last_step(candidate), path_to_last_step(candidate)
    differing = {*STACKABLE, "n_epochs"}
    if not has_validation_rows:
        differing.discard("early_stopping")
    names = {path + name for name in differing}
    shared = {name: value for name, value in params.items() if name not in names}
    if classifier.lr == "auto":
        # It cannot train beside numbers, and it depends on class weights.
        shared |= {path + "lr": "auto", path + "class_weight": classifier.class_weight}
    try:
        key = joblib.hash(shared), classifier.n_epochs == "auto"
        hash(model_key(classifier))  # class weights may be anything yet
    except (AttributeError, PicklingError, TypeError):
        return Candidate(index, index, reason="its parameters cannot be compared")
    return Candidate(index, key, classifier, shared)


def last_step(estimator):
    """What a pipeline, and one within it, ends in; another estimator as it is."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def path_to_last_step(estimator):
    """What stands before the names of its parameters in those of the whole estimator."""
    if not isinstance(estimator, Pipeline):
        return ""
    name, step = estimator.steps[-1]
    return f"{name}__{path_to_last_step(step)}"


def _obstacle_in_pipeline(estimator):
    """Why the last steps of such pipelines cannot train together; empty where they can."""
    if not isinstance(estimator, Pipeline):
        return ""
    if (type(estimator).__module__, type(estimator).__name__) not in PIPELINES:
        return f"{type(estimator).__name__} may fit in another way than a Pipeline"
    if has_callbacks(estimator):
        return "its pipeline has callbacks"
    return _obstacle_in_pipeline(estimator.steps[-1][1])
