"""Grid and random searches whose candidates train together."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from functools import partial
from os import PathLike
from typing import Any, Literal

import numpy as np
from joblib import Memory, effective_n_jobs
from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
    check_cv,
)

from sklearn_softmax._typing import Folds, Grid, MatrixLike, RandomSource, Refit, Scoring
from sklearn_softmax._versions import VersionMixin
from sklearn_softmax.estimators._callbacks import has_callbacks_for_every_fit
from sklearn_softmax.model_selection._evaluation import evaluate_tasks
from sklearn_softmax.model_selection._fit_warnings import Fit, warn_of_fits
from sklearn_softmax.model_selection._memory import FitStore, find_stored_fits
from sklearn_softmax.model_selection._plan import Plan, plan
from sklearn_softmax.model_selection._scikit_learn import replace_evaluation

CONSTRAINTS = {"memory": [str, PathLike, Memory, None]}


class FusedSearchMixin(VersionMixin):
    """Mixin for a search that trains the candidates of a fold together."""

    estimator: Any
    cv: Any
    memory: Any

    def plan(
        self,
        X: MatrixLike | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        **params: Any,
    ) -> Plan:
        """Return which candidates train together, which do not, and why.

        Parameters
        ----------
        X, y, groups : array-like, default=None
            Data of the search. Some splitters need them for the number of folds, and with
            ``memory`` they are needed for the number of stored fits.
        **params : array-like
            Further arguments of :meth:`fit`. With ``X_val``, candidates with and without early
            stopping train together.

        Returns
        -------
        plan : Plan
            Prints one line per group, and is a table in a notebook; also available as
            ``plan.groups`` and ``plan.tasks``.

        Raises
        ------
        ValueError
            If ``cv`` can be read only once, as a generator: none would be left for ``fit``.
        """
        # An iterable that can be read again has a new iterator each time.
        is_iterable = isinstance(self.cv, Iterable) and not hasattr(self.cv, "split")
        if is_iterable and iter(self.cv) is iter(self.cv):
            raise ValueError(
                f"plan() would exhaust cv={self.cv!r}, which can be read only once: use a list "
                "instead, cv=list(...)."
            )
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        n_folds = cv.get_n_splits(X, y, groups)
        stored = find_stored_fits(self, X, y, groups, params)
        return self._whole_plan(n_folds, params, stored)

    def _whole_plan(self, n_folds, fit_params, stored):
        """Return the plan for all candidates."""
        return self._plan(list(self._candidates()), n_folds, fit_params, stored=stored)

    def _plan(self, candidates, n_folds, fit_params, **options):
        """Return the plan for these candidates."""
        obstacle = ""
        if has_callbacks_for_every_fit(self):
            obstacle = "callbacks of the search follow every fit"
        return plan(
            self.estimator,
            candidates,
            n_folds,
            obstacle,
            has_validation_rows=any(name.split("__")[-1] == "X_val" for name in fit_params),
            n_workers=effective_n_jobs(self.n_jobs),
            **options,
        )

    def _run_search(self, evaluate_candidates, *, callback_ctx=None):
        """Evaluate the candidates of the search together."""
        # scikit-learn before 1.9 has no callbacks.
        context = {} if callback_ctx is None else {"callback_ctx": callback_ctx}
        fits = []
        evaluate = partial(self._evaluate, fits, FitStore(self.memory))
        super()._run_search(replace_evaluation(evaluate, evaluate_candidates), **context)
        warn_of_fits(fits)

    def _evaluate(self, fits, store, X, y, evaluations, parallel):
        """Evaluate candidates on folds by a plan, and append to the fits."""
        store.find(X, y, evaluations)
        whole_plan = self._plan_evaluations(evaluations, stored=store.fits.keys())
        if self.verbose > 0:
            print(whole_plan)
        results, _, warnings = evaluate_tasks(whole_plan, X, y, evaluations, parallel, store)
        fits += [Fit(e.candidate, e.parameters, w) for e, w in zip(evaluations, warnings)]
        return results

    def _plan_evaluations(self, evaluations, **options):
        """Return the plan for evaluations of candidates on folds."""
        candidates = {e.candidate: e.parameters for e in evaluations}
        n_folds, fit_params = evaluations[0].n_folds, evaluations[0].options["fit_params"]
        return self._plan(list(candidates.values()), n_folds, fit_params or {}, **options)


class FusedGridSearchCV(FusedSearchMixin, GridSearchCV):
    r"""Grid search whose candidates train together.

    A drop-in replacement of ``GridSearchCV`` for the estimators of this package and for
    pipelines that end in one, including those of imbalanced-learn. Candidates that differ only in
    ``lr``, ``lr_decay``, ``reg_param``, ``momentum``, ``nesterov``, ``class_weight``,
    ``weight_init``, ``dropout`` or early stopping are a stack of models that read the same
    batches,

    .. math:: Z_k = W_k X^\top + b_k, \qquad k = 1, \dots, M

    with one matrix product for all M models; a model that stops early is retired.
    Candidates that differ only in ``n_epochs`` are one model, read off after each of these
    numbers of epochs. So 54 configurations of three learning rates, penalties and numbers of
    epochs and two batch sizes, in 3 folds, need 6 runs of 9 models instead of 162 fits. The
    transformers of a pipeline are fitted once per group of such candidates and fold.

    Candidates that cannot train together are fitted one by one within the same search, with the
    same results: other estimators, ``warm_start``, ``verbose`` or callbacks on the estimator,
    online perceptrons, invalid parameters. Candidates with different batches are separate groups:
    those with another ``batch_size`` or ``random_state`` and, unless ``fit`` gets ``X_val``,
    those with early stopping. :meth:`plan` shows the groups.

    Parameters
    ----------
    estimator : estimator instance
        Any classifier or regressor; those of this package train together.
    param_grid : dict or list of dict
        Values to try for each parameter.
    scoring : str, callable, list, tuple, dict or None, default=None
        As in ``GridSearchCV``, like ``refit``, ``cv``, ``pre_dispatch``, ``error_score`` and
        ``return_train_score``.
    n_jobs : int or None, default=None
        Number of joblib jobs; a task is one group of candidates on one fold. If there are fewer
        tasks than jobs, stacks are split. Workers need about a second to start, so that two jobs
        are faster if the search takes more than about 4 s with one. None is 1 unless in a
        ``joblib.parallel_config`` context, -1 is all processors.
    refit : bool, str or callable, default=True
    cv : int, splitter, iterable or None, default=None
    verbose : int, default=0
        Above 0, prints the plan; above 1 also one line per candidate that is fitted alone, as
        ``GridSearchCV`` does.
    pre_dispatch : int or str, default="2*n_jobs"
    error_score : "raise" or float, default=nan
        Score of a candidate that cannot be fitted. A candidate that diverges does not change
        the others of its stack.
    return_train_score : bool, default=False
    memory : str, path-like, joblib.Memory or None, default=None
        Folder in which the result of each candidate on each fold is stored when its task ends. A
        later ``fit``, in any process, reads the results that depend on the same rows, folds,
        parameters, scorers and versions, and trains only the other candidates. Candidates with a
        ``random_state`` that is not an int are not stored. Only use folders that you trust: the
        files are pickles.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in ``GridSearchCV``, with the same scores up to rounding. The fit time of a
        candidate is that of its task divided by the number of candidates.
    best_estimator_ : estimator instance
        As in ``GridSearchCV``, like ``best_score_``, ``best_params_``, ``best_index_``,
        ``scorer_``, ``n_splits_``, ``refit_time_``, ``multimetric_``, ``classes_``,
        ``n_features_in_`` and ``feature_names_in_``.

    See Also
    --------
    FusedRandomizedSearchCV : Evaluates candidates drawn at random.
    FusedHalvingGridSearchCV : Trains only the best candidates to the end.
    sklearn.model_selection.GridSearchCV : Fits one candidate after the other.

    Notes
    -----
    With ``random_state=None`` the models of a stack share their initial weights, their
    order of rows and their dropout masks. With an int or a generator each candidate
    starts from the same seed, as in ``GridSearchCV``.

    A task needs one copy of its fold, as ``GridSearchCV`` does for each fit, and at most 256 MiB
    for its models and their training; a larger stack is trained in several runs.

    Warnings of fits that train together are raised once per kind at the end of the search, with
    the number of fits and candidates and the parameters of the first one.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021), question 2:
    the search over 54 configurations.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"lr": [0.01, 0.1], "reg_param": [0.0, 1.0], "n_epochs": [50, 100, 200]}
    >>> search = FusedGridSearchCV(SoftmaxRegression(random_state=0), grid, cv=3)
    >>> print(search.plan(X, y))
    36 fits in 3 runs, 3 of each group:
      12 together: 4 models, read off after 50, 100, 200 epochs
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    """

    _parameter_constraints: dict = {**GridSearchCV._parameter_constraints, **CONSTRAINTS}

    def __init__(
        self,
        estimator: Any,
        param_grid: Grid,
        *,
        scoring: Scoring = None,
        n_jobs: int | None = None,
        refit: Refit = True,
        cv: Folds = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        memory: str | PathLike[str] | Memory | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.memory = memory

    def _candidates(self):
        """Return the parameters of each candidate."""
        return ParameterGrid(self.param_grid)


class FusedRandomizedSearchCV(FusedSearchMixin, RandomizedSearchCV):
    """Random search whose candidates train together.

    A drop-in replacement of ``RandomizedSearchCV``, as :class:`FusedGridSearchCV` is of
    ``GridSearchCV``. All candidates are one stack if ``lr``, ``lr_decay``, ``reg_param``,
    ``momentum`` or ``dropout`` are drawn from distributions, and ``n_epochs`` from a few values.

    Parameters
    ----------
    estimator : estimator instance
        Any classifier or regressor; those of this package train together.
    param_distributions : dict or list of dict
        Distributions or lists of values for each parameter.
    n_iter : int, default=10
        Number of candidates.
    random_state : int, RandomState instance or None, default=None
        Source of the candidates; with None, :meth:`plan` and ``fit`` draw different ones.
    scoring, n_jobs, refit, cv, verbose, pre_dispatch, error_score, return_train_score, memory
        As in :class:`FusedGridSearchCV`.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in :class:`FusedGridSearchCV`, like the other attributes.

    See Also
    --------
    FusedGridSearchCV : Evaluates all candidates of a grid.
    FusedHalvingRandomSearchCV : Trains only the best candidates to the end.
    sklearn.model_selection.RandomizedSearchCV : Fits one candidate after the other.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import FusedRandomizedSearchCV, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> distributions = {"lr": loguniform(1e-3, 1e-1), "reg_param": loguniform(1e-3, 1)}
    >>> search = FusedRandomizedSearchCV(
    ...     SoftmaxRegression(), distributions, cv=3, random_state=0
    ... )
    >>> bool(search.fit(X, y).best_score_ > 0.95)
    True
    """

    _parameter_constraints: dict = {**RandomizedSearchCV._parameter_constraints, **CONSTRAINTS}

    def __init__(
        self,
        estimator: Any,
        param_distributions: Grid,
        *,
        n_iter: int = 10,
        scoring: Scoring = None,
        n_jobs: int | None = None,
        refit: Refit = True,
        cv: Folds = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: RandomSource = None,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = False,
        memory: str | PathLike[str] | Memory | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            n_iter=n_iter,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            random_state=random_state,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.memory = memory

    def _candidates(self):
        """Return the parameters of each candidate."""
        # A copy: the search draws the same candidates again.
        random_state = deepcopy(self.random_state)
        return ParameterSampler(self.param_distributions, self.n_iter, random_state=random_state)
