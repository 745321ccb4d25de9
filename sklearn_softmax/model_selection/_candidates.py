"""Candidates of a search, with equal keys if they can train together."""

from dataclasses import dataclass, field
from pickle import PicklingError

import joblib
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_softmax.estimators._callbacks import has_callbacks
from sklearn_softmax.model_selection._stack import STACKABLE, find_obstacle, model_key

# Pipelines that fit their last step to the transformed rows and do nothing more.
PIPELINES = {("sklearn.pipeline", "Pipeline"), ("imblearn.pipeline", "Pipeline")}


@dataclass(frozen=True)
class Candidate:
    """A candidate of a search.

    Parameters
    ----------
    index : int
        Index in the search.
    key : object
        Equal for candidates that train together.
    classifier : estimator of this package or None, default=None
        Classifier to be trained; None if the candidate is fitted alone.
    shared : dict, default={}
        Parameters that are equal in all candidates that train together.
    reason : str, default=""
        Why the candidate must be fitted alone; empty if it need not be.
    """

    index: int
    key: object
    classifier: object = None
    shared: dict = field(default_factory=dict)
    reason: str = ""


def read_candidate(estimator, index, params, has_validation_rows):
    """Return a candidate, with the reason if it must be fitted alone.

    Parameters
    ----------
    estimator : estimator instance
        Estimator of the search.
    index : int
        Index of the candidate.
    params : dict
        Parameters of the candidate.
    has_validation_rows : bool
        Whether ``fit`` gets validation rows.

    Returns
    -------
    candidate : Candidate
    """
    try:
        candidate = clone(estimator).set_params(**clone(params, safe=False))
    except (AttributeError, TypeError, ValueError):
        return Candidate(index, index, reason="its parameters cannot be set")
    reason = _find_pipeline_obstacle(candidate) or find_obstacle(last_step(candidate))
    if reason:
        return Candidate(index, index, reason=reason)
    classifier, prefix = last_step(candidate), last_step_prefix(candidate)
    stackable = {*STACKABLE, "n_epochs"}
    if not has_validation_rows:
        stackable.discard("early_stopping")
    names = {prefix + name for name in stackable}
    shared = {name: value for name, value in params.items() if name not in names}
    if classifier.lr == "auto":
        # "auto" needs another optimizer than a number, and depends on the class weights.
        shared |= {prefix + "lr": "auto", prefix + "class_weight": classifier.class_weight}
    try:
        key = joblib.hash(shared), classifier.n_epochs == "auto"
        hash(model_key(classifier))  # class weights are not validated yet
    except (AttributeError, PicklingError, TypeError):
        return Candidate(index, index, reason="its parameters cannot be compared")
    return Candidate(index, key, classifier, shared)


def last_step(estimator):
    """Return the last step of a pipeline, also of a nested one, or the estimator itself."""
    return last_step(estimator.steps[-1][1]) if isinstance(estimator, Pipeline) else estimator


def last_step_prefix(estimator):
    """Return the prefix of the last step's parameters in those of the estimator."""
    if not isinstance(estimator, Pipeline):
        return ""
    name, step = estimator.steps[-1]
    return f"{name}__{last_step_prefix(step)}"


def _find_pipeline_obstacle(estimator):
    """Return why the last steps of such pipelines cannot train together; empty if they can."""
    if not isinstance(estimator, Pipeline):
        return ""
    if (type(estimator).__module__, type(estimator).__name__) not in PIPELINES:
        return f"{type(estimator).__name__} may fit differently from a Pipeline"
    if has_callbacks(estimator):
        return "its pipeline has callbacks"
    return _find_pipeline_obstacle(estimator.steps[-1][1])
