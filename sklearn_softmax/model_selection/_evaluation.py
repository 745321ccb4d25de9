"""Fit the candidates of a fold that train together, and score each of them."""

import time
from collections import Counter
from contextlib import contextmanager
from copy import deepcopy
from traceback import format_exception

from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import delayed

from sklearn_softmax._warnings import warn
from sklearn_softmax.model_selection._candidates import last_step, path_to_last_step
from sklearn_softmax.model_selection._memory import write_fits
from sklearn_softmax.model_selection._stack import Stack


def evaluate_tasks(plan, X, y, evaluations, parallel, store, resumable=False):
    """Evaluate the candidates of a search, a task of its plan at a time.

    Parameters
    ----------
    plan : Plan
    X, y : array-like
        All rows: separate arguments of each task, which dask then sends only once.
    evaluations : list of Evaluation
        One for each candidate and fold.
    parallel : Parallel
    store : FitStore
        Contains the fits that no task of the plan makes; each task stores its results.
    resumable : bool, default=False
        Whether a later evaluation, of candidates with more epochs, is to go on from this one.

    Returns
    -------
    results : list of dict
        In the order of the evaluations.
    stacks : dict of (int, int) to Stack, str or None
        For each candidate and fold, what the candidate trained in, or its name in the store; None
        if by itself.
    warnings : list of list of Warning
        About the fits, in the order of the evaluations; those of fits one by one are already shown.

    Warns
    -----
    RuntimeWarning
        If candidates that should have trained together could not, for no fault of theirs.
    UserWarning
        If results could not be stored.
    """
    index = {(e.candidate, e.fold): i for i, e in enumerate(evaluations)}
    keys = [[(candidate, task.fold) for candidate in task.group.candidates] for task in plan.tasks]
    found = parallel(
        delayed(_evaluate_and_store)(
            *(X, y, [evaluations[index[key]] for key in of_task], stack),
            *(store.folder, [store.names.get(key) for key in of_task]),
        )
        for of_task, stack in zip(keys, _stacks_of(plan.tasks, resumable, store))
    )
    results, warnings, stacks = [None] * len(evaluations), [[] for _ in evaluations], {}
    for key, fit in store.fits.items():
        evaluations[index[key]].skip()
        results[index[key]], warnings[index[key]], stacks[key] = fit
    for of_task, (of_candidates, stack, *_) in zip(keys, found):
        stacks |= dict.fromkeys(of_task, stack)
        for key, result in zip(of_task, of_candidates):
            results[index[key]] = result
        for key, fit_warnings in zip(of_task, getattr(stack, "warnings_", ())):
            warnings[index[key]] = fit_warnings
    for problem in {problem for *_, problem, _ in found if problem}:
        warn(problem, RuntimeWarning)
    store.warn_of_errors([error for *_, error in found if error])
    return results, stacks, warnings


def _stacks_of(tasks, resumable, store):
    """What each task is to train in: a new stack, that of an earlier evaluation, or None."""
    n_takers = Counter(id(task.stack) for task in tasks)
    for task in tasks:
        if task.group.reason:
            yield None
        elif task.stack is None:
            yield Stack([], resumable)
        elif isinstance(task.stack, str):
            yield store.read(task.stack) or Stack([], resumable)
        else:
            yield deepcopy(task.stack) if n_takers[id(task.stack)] > 1 else task.stack


def _evaluate_and_store(X, y, evaluations, stack, folder, names):
    """Return what ``_evaluate`` does, and why it could not be stored."""
    results, stack, problem = _evaluate(X, y, evaluations, stack)
    return results, stack, problem, write_fits(folder, names, results, stack)


def _evaluate(X, y, evaluations, stack):
    """Results of candidates on one fold, the stack as they leave it, and what went wrong."""
    if stack is None:
        return [evaluation.run(X, y) for evaluation in evaluations], None, ""
    try:
        return _evaluate_together(X, y, evaluations, stack), stack, ""
    except Exception as error:
        raised = error
    # Each by itself then fails, or not, as it would in any other search, the first one first.
    in_order = sorted(evaluations, key=lambda evaluation: evaluation.candidate)
    of_candidates = {evaluation.candidate: evaluation.run(X, y) for evaluation in in_order}
    results = [of_candidates[evaluation.candidate] for evaluation in evaluations]
    return results, Stack([], stack.resumable), _problem(raised, results)


def _problem(error, results):
    """What to tell of an error that ended the fit of several candidates."""
    if any(type(error).__name__ in (result.get("fit_error") or "") for result in results):
        return ""  # one has it by itself, too, and the search will tell
    return (
        f"{len(results)} candidates were to be trained together, which ended in an error that none "
        "of them has by itself: they were fitted one by one. Please report it to the developers of "
        f"sklearn_softmax: {''.join(format_exception(error))}"
    )


def _evaluate_together(X, y, evaluations, stack):
    """Evaluate candidates on one fold by one training run."""
    estimators = [evaluation.with_parameters() for evaluation in evaluations]
    rows = evaluations[0].rows(X, y)
    stack.members = [last_step(estimator) for estimator in estimators]
    start = time.time()
    with (
        _in_place_of_last_step(stack, estimators[0]) as fitted,
        evaluations[0].followed(fitted, rows),
    ):
        fitted.fit(*rows.train, **rows.fit_params)
    fit_time = (time.time() - start) / len(estimators)
    for estimator in estimators[1:]:
        _share_transformers(estimators[0], estimator)
    results = [
        evaluation.result(estimator, error, rows, fit_time)
        for evaluation, estimator, error in zip(evaluations, estimators, stack.errors_)
    ]
    for evaluation, estimator in zip(evaluations[1:], estimators[1:]):
        with evaluation.followed(estimator, rows):
            pass  # nothing is left to do
    stack.members = []
    return results


@contextmanager
def _in_place_of_last_step(step, estimator):
    """A pipeline that ends in a step in this block; the step itself where there is no pipeline."""
    path, last = path_to_last_step(estimator).removesuffix("__"), last_step(estimator)
    if not path:
        yield step
        return
    try:
        yield estimator.set_params(**{path: step})
    finally:
        estimator.set_params(**{path: last})


def _share_transformers(fitted, estimator):
    """Give a pipeline the fitted transformers of another."""
    if isinstance(fitted, Pipeline):
        _share_transformers(fitted.steps[-1][1], estimator.steps[-1][1])
        estimator.steps = [*fitted.steps[:-1], estimator.steps[-1]]
