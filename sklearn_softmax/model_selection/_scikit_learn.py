"""Private parts of scikit-learn's searches, used in no other module.

They are the same in scikit-learn 1.7 and 1.9, except for the callbacks of the latter.
"""

import time
from contextlib import contextmanager
from functools import cache, update_wrapper
from traceback import format_exception
from types import CellType, FunctionType

import numpy as np
import sklearn
from sklearn.base import clone

from sklearn_softmax._warnings import warn

try:
    from sklearn.metrics._scorer import _MultimetricScorer, _PassthroughScorer
    from sklearn.model_selection._validation import _fit_and_score, _score
    from sklearn.utils.metaestimators import _safe_split
    from sklearn.utils.validation import _check_method_params, _num_samples
except ImportError as error:
    MISSING = str(error)
else:
    MISSING = ""

# Options of a task that are read here.
OPTIONS = {
    *("parameters", "candidate_progress", "split_progress", "train", "test", "scorer"),
    *("fit_params", "score_params", "return_train_score", "error_score"),
}


def replace_evaluation(evaluate, evaluate_candidates):
    """Return ``evaluate_candidates`` with another function for the fits.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(X, y, evaluations, parallel) -> results`` with all rows, one
        :class:`Evaluation` per candidate and fold, and the search's ``Parallel``. Results are in
        the order of the evaluations.
    evaluate_candidates : callable
        Argument of ``_run_search`` in ``BaseSearchCV.fit``; it is not changed.

    Returns
    -------
    evaluate_candidates : callable
        With an unsupported scikit-learn, it fits the candidates one by one.

    Warns
    -----
    RuntimeWarning
        Once, with an unsupported scikit-learn.
    """

    @cache
    def warn_of_version(difference):
        """Warn once that this scikit-learn is not supported."""
        warn(
            f"Fused searches do not support scikit-learn {sklearn.__version__} ({difference}): "
            "candidates are fitted one by one, with the same results, and memory is not used. "
            "Try a newer version of sklearn_softmax.",
            RuntimeWarning,
        )

    cells = _cells(evaluate_candidates)
    if MISSING or "parallel" not in cells:
        warn_of_version(MISSING or "evaluate_candidates does not use the Parallel of fit")
        return evaluate_candidates
    parallel = cells["parallel"].cell_contents

    def evaluate_tasks(tasks):
        """Replace the search's ``Parallel``."""
        tasks = list(tasks)
        try:
            evaluations = [Evaluation.from_task(task) for task in tasks]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            warn_of_version(f"tasks of a search: {error!r}")
            return parallel(tasks)
        if not tasks:
            return []
        _, (_, X, y), _ = tasks[0]
        return evaluate(X, y, evaluations, parallel)

    return _replace_cells(evaluate_candidates, cells | {"parallel": CellType(evaluate_tasks)})


def get_splitter(search, evaluate_candidates):
    """Return the splitter that ``fit`` made from the ``cv`` of a search.

    Parameters
    ----------
    search : BaseSearchCV
    evaluate_candidates : callable
        Argument of ``_run_search``.

    Returns
    -------
    cv : splitter or None
        None if this scikit-learn does not store it.
    """
    # An attribute in scikit-learn 1.9, a closure variable in earlier ones.
    cell = _cells(evaluate_candidates).get("cv_orig")
    return getattr(search, "_checked_cv_orig", cell and cell.cell_contents)


def _cells(function):
    """Return the closure variables of a function by name."""
    return dict(zip(function.__code__.co_freevars, function.__closure__ or ()))


def _replace_cells(function, cells):
    """Return a copy of a function with other closure variables."""
    copy = FunctionType(
        function.__code__,
        function.__globals__,
        argdefs=function.__defaults__,
        closure=tuple(cells.values()),
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return update_wrapper(copy, function)


class Evaluation:
    """A candidate on a fold: the arguments of ``_fit_and_score``.

    Parameters
    ----------
    estimator : estimator instance
        A clone without the parameters of the candidate.
    options : dict
        Keyword arguments of ``_fit_and_score``.
    """

    def __init__(self, estimator, options):
        self.estimator, self.options = estimator, options
        self.parameters = options["parameters"]
        self.candidate, _ = options["candidate_progress"]
        self.fold, self.n_folds = options["split_progress"]

    @classmethod
    def from_task(cls, task):
        """Return the evaluation of a task of the search's ``Parallel``.

        Parameters
        ----------
        task : tuple of (callable, tuple, dict)
            A function, its positional and its keyword arguments.

        Returns
        -------
        evaluation : Evaluation

        Raises
        ------
        KeyError, TypeError, ValueError
            If the task is not ``_fit_and_score`` with the options read here.
        """
        function, (estimator, _, _), options = task
        if getattr(function, "function", function) is not _fit_and_score:
            raise ValueError("one is not _fit_and_score")
        if missing := OPTIONS - options.keys():
            raise KeyError(*sorted(missing))
        return cls(estimator, options)

    def run(self, X, y):
        """Return the result of scikit-learn's function; X and y are all rows."""
        return _fit_and_score(self.estimator, X, y, **self.options)

    def set_parameters(self):
        """Set the parameters of the candidate on the estimator, and return it."""
        return self.estimator.set_params(**clone(self.parameters, safe=False))

    def new_estimator(self):
        """Return a new estimator with the parameters of the candidate."""
        return clone(self.estimator).set_params(**clone(self.parameters, safe=False))

    @property
    def fold_rows(self):
        """Return the indices of the training and the test rows."""
        return self.options["train"], self.options["test"]

    @property
    def dependencies(self):
        """Return what a result depends on besides the rows, the fold and the candidate."""
        scorer = self.options["scorer"]
        # It contains the estimator of the search, not the candidate.
        scorer = None if isinstance(scorer, _PassthroughScorer) else scorer
        names = "fit_params", "score_params", "return_train_score", "error_score"
        return scorer, *(self.options[name] for name in names)

    def skip(self):
        """Notify callbacks of a candidate that needs no fit."""
        context = self.options.pop("callback_ctx", None)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self.options["caller"])
            context.call_on_fit_task_end(estimator=self.options["caller"])

    def split_rows(self, X, y):
        """Return the rows of the fold and their metadata."""
        return Fold(self.estimator, X, y, self.options)

    @contextmanager
    def notify_callbacks(self, estimator, rows):
        """Notify callbacks, once, that the candidate is fitted in this block."""
        context = self.options.pop("callback_ctx", None)
        if context is None:
            yield
            return
        weight = rows.fit_params.get("sample_weight")
        task_info = {
            "estimator": self.options["caller"],
            "X": rows.X_train,
            "y": rows.y_train,
            "metadata": None if weight is None else {"sample_weight": weight},
        }
        try:
            with context.propagate_callback_context(estimator):
                context.call_on_fit_task_begin(**task_info)
                yield
        finally:
            context.call_on_fit_task_end(**task_info)

    def result(self, estimator, error, rows, fit_time):
        """Return the result of a fit in the form of ``_fit_and_score``.

        Parameters
        ----------
        estimator : estimator instance
        error : Exception or None
            Error of the fit.
        rows : Fold
        fit_time : float
            In seconds.

        Returns
        -------
        result : dict
        """
        error_score = self.options["error_score"]
        if error is not None and error_score == "raise":
            raise error
        start = time.time()
        subsets = ("test", "train") if self.options["return_train_score"] else ("test",)
        score = rows.score if error is None else rows.error_scores
        scores = {}
        for subset in subsets:
            scores[f"{subset}_scores"] = score(estimator, subset)
            scores.setdefault("score_time", time.time() - start if error is None else 0.0)
        return {
            "fit_error": error and "".join(format_exception(error)),
            "fit_time": fit_time,
            "n_test_samples": _num_samples(rows.X_test),
            **scores,
        }


class Fold:
    """Training and test rows of a fold with their metadata; copied once.

    Parameters
    ----------
    estimator, options
        As in :class:`Evaluation`.
    X, y : array-like
        All rows.
    """

    def __init__(self, estimator, X, y, options):
        train, test = np.asarray(options["train"]), np.asarray(options["test"])
        self.scorer, self.error_score = options["scorer"], options["error_score"]
        self.X_train, self.y_train = _safe_split(estimator, X, y, train)
        self.X_test, self.y_test = _safe_split(estimator, X, y, test, train)
        self.fit_params = _check_method_params(X, options["fit_params"] or {}, train)
        self.score_params = {
            subset: _check_method_params(X, options["score_params"] or {}, rows)
            for subset, rows in (("train", train), ("test", test))
        }

    @property
    def train(self):
        """Return the rows for ``fit``, without targets if there are none."""
        return (self.X_train,) if self.y_train is None else (self.X_train, self.y_train)

    def score(self, estimator, subset):
        """Return the score or scores of the training or test rows."""
        X, y = (self.X_train, self.y_train) if subset == "train" else (self.X_test, self.y_test)
        return _score(estimator, X, y, self.scorer, self.score_params[subset], self.error_score)

    def error_scores(self, estimator, subset):
        """Return the score or scores of a failed fit."""
        if isinstance(self.scorer, _MultimetricScorer):
            return dict.fromkeys(self.scorer._scorers, self.error_score)
        return self.error_score
