"""The private parts of scikit-learn's searches that a fused search builds on.

No other file knows them. They are the same in scikit-learn 1.7 and 1.9, but for the
callbacks of the latter.
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


def evaluating_with(evaluate, evaluate_candidates):
    """A function that does what ``evaluate_candidates`` does, but leaves the fits to another.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(X, y, evaluations, parallel) -> results`` is given all rows, an
        :class:`Evaluation` for each candidate and fold, and the search's ``Parallel``, and
        returns a result for each, in the same order.
    evaluate_candidates : callable
        What ``BaseSearchCV.fit`` hands to ``_run_search``; it stays as it is.

    Returns
    -------
    evaluate_candidates : callable
        Where this scikit-learn is not what it is taken for, it fits the candidates one by one.

    Warns
    -----
    RuntimeWarning
        Once, in that case.
    """

    @cache
    def warn_of_version(difference):
        """Warn, once, that this scikit-learn is another."""
        warn(
            f"The searches of scikit-learn {sklearn.__version__} differ from those known here "
            f"({difference}): candidates are fitted one by one, with the same results, and "
            "memory is not used. A newer version of sklearn_softmax may know them.",
            RuntimeWarning,
        )

    cells = _cells(evaluate_candidates)
    if MISSING or "parallel" not in cells:
        warn_of_version(MISSING or "evaluate_candidates does not use the Parallel of fit")
        return evaluate_candidates
    parallel = cells["parallel"].cell_contents

    def evaluate_tasks(tasks):
        """What takes the place of the search's ``Parallel``."""
        tasks = list(tasks)
        try:
            evaluations = [Evaluation.of_task(task) for task in tasks]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            warn_of_version(f"its tasks: {error!r}")
            return parallel(tasks)
        if not tasks:
            return []
        _, (_, X, y), _ = tasks[0]
        return evaluate(X, y, evaluations, parallel)

    return _with_cells(evaluate_candidates, cells | {"parallel": CellType(evaluate_tasks)})


def splitter_of(search, evaluate_candidates):
    """The splitter that a search made of its ``cv`` in ``fit``.

    Parameters
    ----------
    search : BaseSearchCV
    evaluate_candidates : callable
        What ``fit`` hands to ``_run_search``.

    Returns
    -------
    cv : splitter or None
        None where this scikit-learn does not tell.
    """
    # The first is the place in scikit-learn 1.9, the other the one before.
    in_cell = _cells(evaluate_candidates).get("cv_orig")
    return getattr(search, "_checked_cv_orig", in_cell and in_cell.cell_contents)


def _cells(function):
    """The variables around a function, by name."""
    return dict(zip(function.__code__.co_freevars, function.__closure__ or ()))


def _with_cells(function, cells):
    """A function with the same code, but with other variables around it."""
    own = FunctionType(
        function.__code__,
        function.__globals__,
        argdefs=function.__defaults__,
        closure=tuple(cells.values()),
    )
    own.__kwdefaults__ = function.__kwdefaults__
    return update_wrapper(own, function)


class Evaluation:
    """A candidate to be fitted and scored on a fold: the arguments of ``_fit_and_score``.

    Parameters
    ----------
    estimator : estimator instance
        A clone, without the candidate's parameters yet.
    options : dict
        Keyword arguments of ``_fit_and_score``.
    """

    def __init__(self, estimator, options):
        self.estimator, self.options = estimator, options
        self.parameters = options["parameters"]
        self.candidate, _ = options["candidate_progress"]
        self.fold, self.n_folds = options["split_progress"]

    @classmethod
    def of_task(cls, task):
        """What a task of the search's ``Parallel`` is to evaluate.

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
            If the task is another than ``_fit_and_score`` with the options read here.
        """
        function, (estimator, _, _), options = task
        if getattr(function, "function", function) is not _fit_and_score:
            raise ValueError("one is not _fit_and_score")
        if missing := OPTIONS - options.keys():
            raise KeyError(*sorted(missing))
        return cls(estimator, options)

    def run(self, X, y):
        """The result, by scikit-learn's function; X and y are all rows."""
        return _fit_and_score(self.estimator, X, y, **self.options)

    def with_parameters(self):
        """The estimator with the candidate's parameters."""
        return self.estimator.set_params(**clone(self.parameters, safe=False))

    def new_estimator(self):
        """Return a new estimator with the parameters of the candidate."""
        return clone(self.estimator).set_params(**clone(self.parameters, safe=False))

    @property
    def rows_of_fold(self):
        """Indices of the training and the test rows."""
        return self.options["train"], self.options["test"]

    @property
    def dependencies(self):
        """What a result depends on besides the rows, the fold and the candidate."""
        scorer = self.options["scorer"]
        # The estimator's own score: the estimator in it is not the candidate.
        scorer = None if isinstance(scorer, _PassthroughScorer) else scorer
        names = "fit_params", "score_params", "return_train_score", "error_score"
        return scorer, *(self.options[name] for name in names)

    def skip(self):
        """Tell callbacks that the candidate needs no fit."""
        context = self.options.pop("callback_ctx", None)
        if context is not None:
            context.call_on_fit_task_begin(estimator=self.options["caller"])
            context.call_on_fit_task_end(estimator=self.options["caller"])

    def rows(self, X, y):
        """Those rows that belong to the fold, and their metadata."""
        return Fold(self.estimator, X, y, self.options)

    @contextmanager
    def followed(self, estimator, rows):
        """Tell callbacks, once and for all, that the candidate is fitted in this block."""
        context = self.options.pop("callback_ctx", None)
        if context is None:
            yield
            return
        weight = rows.fit_params.get("sample_weight")
        known = {
            "estimator": self.options["caller"],
            "X": rows.X_train,
            "y": rows.y_train,
            "metadata": None if weight is None else {"sample_weight": weight},
        }
        try:
            with context.propagate_callback_context(estimator):
                context.call_on_fit_task_begin(**known)
                yield
        finally:
            context.call_on_fit_task_end(**known)

    def result(self, estimator, error, rows, fit_time):
        """The result of a fit that has taken place, as ``_fit_and_score`` gives it.

        Parameters
        ----------
        estimator : estimator instance
        error : Exception or None
            What the fit raised.
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
        parts = ("test", "train") if self.options["return_train_score"] else ("test",)
        score = rows.score if error is None else rows.error_scores
        scores = {}
        for part in parts:
            scores[f"{part}_scores"] = score(estimator, part)
            scores.setdefault("score_time", time.time() - start if error is None else 0.0)
        return {
            "fit_error": error and "".join(format_exception(error)),
            "fit_time": fit_time,
            "n_test_samples": _num_samples(rows.X_test),
            **scores,
        }


class Fold:
    """Training and test rows of a fold, with what metadata is for them; copied once.

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
            part: _check_method_params(X, options["score_params"] or {}, rows)
            for part, rows in (("train", train), ("test", test))
        }

    @property
    def train(self):
        """Training rows as ``fit`` takes them, without targets where there are none."""
        return (self.X_train,) if self.y_train is None else (self.X_train, self.y_train)

    def score(self, estimator, part):
        """Score or scores of the training or test rows."""
        X, y = (self.X_train, self.y_train) if part == "train" else (self.X_test, self.y_test)
        return _score(estimator, X, y, self.scorer, self.score_params[part], self.error_score)

    def error_scores(self, estimator, part):
        """What stands in for them where there is no model."""
        if isinstance(self.scorer, _MultimetricScorer):
            return dict.fromkeys(self.scorer._scorers, self.error_score)
        return self.error_score
