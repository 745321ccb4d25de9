"""Evaluation of the tasks of a plan: fits, scores and storage."""

import time
from collections import Counter
from contextlib import contextmanager
from copy import deepcopy
from traceback import format_exception

from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import delayed

from sklearn_softmax._warnings import warn
from sklearn_softmax.model_selection._candidates import last_step, last_step_prefix
from sklearn_softmax.model_selection._memory import write_fits
from sklearn_softmax.model_selection._stack import Stack


def evaluate_tasks(plan, X, y, evaluations, parallel, store, resumable=False):
    """Evaluate the candidates of a search, one job per task of the plan.

    Parameters
    ----------
    plan : Plan
    X, y : array-like
        All rows; separate arguments of each job, so that dask sends them once.
    evaluations : list of Evaluation
        One per candidate and fold.
    parallel : Parallel
    store : FitStore
        Contains the fits that are in no task of the plan; each task stores its results.
    resumable : bool, default=False
        Whether later evaluations, with more epochs, resume these fits.

    Returns
    -------
    results : list of dict
        In the order of the evaluations.
    stacks : dict of (int, int) to Stack, str or None
        For each candidate and fold its stack, or the name of the stack in the store; None if the
        candidate was fitted alone.
    warnings : list of list of Warning
        Warnings of the fits, in the order of the evaluations; those of fits one by one are already
        shown.

    Warns
    -----
    RuntimeWarning
        If training candidates together failed with an error that none of them raises alone.
    UserWarning
        If results could not be stored.
    """
    index = {(e.candidate, e.fold): i for i, e in enumerate(evaluations)}
    keys = [[(candidate, task.fold) for candidate in task.group.candidates] for task in plan.tasks]
    outcomes = parallel(
        delayed(_evaluate_and_store)(
            *(X, y, [evaluations[index[key]] for key in task_keys], stack),
            *(store.folder, [store.names.get(key) for key in task_keys]),
        )
        for task_keys, stack in zip(keys, _make_stacks(plan.tasks, resumable, store))
    )
    results, warnings, stacks = [None] * len(evaluations), [[] for _ in evaluations], {}
    for key, fit in store.fits.items():
        evaluations[index[key]].skip()
        results[index[key]], warnings[index[key]], stacks[key] = fit
    for task_keys, (task_results, stack, *_) in zip(keys, outcomes):
        stacks |= dict.fromkeys(task_keys, stack)
        for key, result in zip(task_keys, task_results):
            results[index[key]] = result
        for key, fit_warnings in zip(task_keys, getattr(stack, "warnings_", ())):
            warnings[index[key]] = fit_warnings
    for problem in {problem for *_, problem, _ in outcomes if problem}:
        warn(problem, RuntimeWarning)
    store.warn_of_errors([error for *_, error in outcomes if error])
    return results, stacks, warnings


def _make_stacks(tasks, resumable, store):
    """Yield the stack of each task: a new one, that of an earlier evaluation, or None."""
    n_tasks = Counter(id(task.stack) for task in tasks)
    for task in tasks:
        if task.group.reason:
            yield None
        elif task.stack is None:
            yield Stack([], resumable)
        elif isinstance(task.stack, str):
            yield store.read(task.stack) or Stack([], resumable)
        else:
            yield deepcopy(task.stack) if n_tasks[id(task.stack)] > 1 else task.stack


def _evaluate_and_store(X, y, evaluations, stack, folder, names):
    """Return the outcome of ``_evaluate``, and why it could not be stored."""
    results, stack, problem = _evaluate(X, y, evaluations, stack)
    return results, stack, problem, write_fits(folder, names, results, stack)


def _evaluate(X, y, evaluations, stack):
    """Return the results of candidates on one fold, their stack, and a problem if any."""
    if stack is None:
        return [evaluation.run(X, y) for evaluation in evaluations], None, ""
    try:
        return _evaluate_together(X, y, evaluations, stack), stack, ""
    except Exception as error:
        raised = error
    # Fitted alone and in the order of the search, candidates raise what they raise elsewhere.
    results_by_candidate = {
        evaluation.candidate: evaluation.run(X, y)
        for evaluation in sorted(evaluations, key=lambda evaluation: evaluation.candidate)
    }
    results = [results_by_candidate[evaluation.candidate] for evaluation in evaluations]
    return results, Stack([], stack.resumable), _describe_problem(raised, results)


def _describe_problem(error, results):
    """Return a text for an error of a joint fit; empty if a candidate raises it alone."""
    if any(type(error).__name__ in (result.get("fit_error") or "") for result in results):
        return ""  # the search warns of it or raises it
    return (
        f"Training {len(results)} candidates together raised an error that none of them raises "
        "alone: they were fitted one by one. Please report it to the developers of "
        f"sklearn_softmax: {''.join(format_exception(error))}"
    )


def _evaluate_together(X, y, evaluations, stack):
    """Evaluate candidates on one fold by one training run."""
    estimators = [evaluation.set_parameters() for evaluation in evaluations]
    rows = evaluations[0].split_rows(X, y)
    stack.members = [last_step(estimator) for estimator in estimators]
    start = time.time()
    with (
        _replace_last_step(estimators[0], stack) as fitted,
        evaluations[0].notify_callbacks(fitted, rows),
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
        with evaluation.notify_callbacks(estimator, rows):
            pass  # the run has fitted it
    stack.members = []
    return results


@contextmanager
def _replace_last_step(estimator, step):
    """Replace the last step of a pipeline in this block; without a pipeline, yield the step."""
    name, last = last_step_prefix(estimator).removesuffix("__"), last_step(estimator)
    if not name:
        yield step
        return
    try:
        yield estimator.set_params(**{name: step})
    finally:
        estimator.set_params(**{name: last})


def _share_transformers(fitted, estimator):
    """Set the transformers of a pipeline to the fitted ones of another."""
    if isinstance(fitted, Pipeline):
        _share_transformers(fitted.steps[-1][1], estimator.steps[-1][1])
        estimator.steps = [*fitted.steps[:-1], estimator.steps[-1]]
