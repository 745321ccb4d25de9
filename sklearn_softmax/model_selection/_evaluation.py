"""Fit the candidates of a fold that train together, and score each of them."""

import time
from contextlib import suppress
from inspect import signature

from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import delayed

from sklearn_softmax.estimators._stack import fit_together
from sklearn_softmax.model_selection._plan import last_step


def evaluate_groups(plan, X, y, evaluations, parallel):
    """Evaluate the candidates of a search, a group and fold a task.

    Parameters
    ----------
    plan : Plan
    X, y : array-like
        All rows: separate arguments of each task, which dask then sends only once.
    evaluations : list of Evaluation
        One for each candidate and fold.
    parallel : Parallel

    Returns
    -------
    results : list of dict
        In the order of the evaluations.
    """
    index = {(e.candidate, e.fold): i for i, e in enumerate(evaluations)}
    folds = sorted({fold for _, fold in index})
    tasks = [
        [index[candidate, fold] for candidate in group.candidates]
        for group in plan.groups
        for fold in folds
    ]
    found = parallel(delayed(_evaluate)(X, y, [evaluations[i] for i in task]) for task in tasks)
    results = {i: result for task, of_task in zip(tasks, found) for i, result in zip(task, of_task)}
    return [results[i] for i in range(len(evaluations))]


def _evaluate(X, y, evaluations):
    """Evaluate candidates on one fold, together if there are several and it works."""
    if len(evaluations) == 1:
        return [evaluations[0].run(X, y)]
    with suppress(Exception):
        return _evaluate_together(X, y, evaluations)
    # Each by itself then fails, or not, as it would in any other search, the first one first.
    in_order = sorted(evaluations, key=lambda evaluation: evaluation.candidate)
    results = {evaluation.candidate: evaluation.run(X, y) for evaluation in in_order}
    return [results[evaluation.candidate] for evaluation in evaluations]


def _evaluate_together(X, y, evaluations):
    """Evaluate candidates on one fold by one training run."""
    estimators = [evaluation.with_parameters() for evaluation in evaluations]
    rows = evaluations[0].rows(X, y)
    start = time.time()
    with evaluations[0].followed(estimators[0], rows):
        errors = _fit_candidates(estimators, rows)
    fit_time = (time.time() - start) / len(estimators)
    results = [
        evaluation.result(estimator, error, rows, fit_time)
        for evaluation, estimator, error in zip(evaluations, estimators, errors)
    ]
    for evaluation, estimator in zip(evaluations[1:], estimators[1:]):
        with evaluation.followed(estimator, rows):
            pass  # nothing is left to do
    return results


def _fit_candidates(estimators, rows):
    """Fit classifiers, or pipelines of which the first one's transformers serve all."""
    first, *others = map(last_step, estimators)
    errors = []

    def fit_all(*args, **kwargs):
        """Fit all classifiers in place of the first one."""
        signature(type(first).fit).bind(first, *args, **kwargs)
        errors.extend(fit_together(first, others, *args, **kwargs))
        return first

    # A pipeline then trains all of them where it would train its last step.
    first.fit = fit_all
    try:
        estimators[0].fit(rows.X_train, rows.y_train, **rows.fit_params)
    finally:
        del first.fit
    for estimator in estimators[1:]:
        _share_transformers(estimators[0], estimator)
    return errors


def _share_transformers(fitted, estimator):
    """Give a pipeline the fitted transformers of another."""
    if isinstance(fitted, Pipeline):
        _share_transformers(fitted.steps[-1][1], estimator.steps[-1][1])
        estimator.steps = [*fitted.steps[:-1], estimator.steps[-1]]
