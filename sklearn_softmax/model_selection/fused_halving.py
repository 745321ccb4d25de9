"""Successive halving whose candidates train together and resume in each rung."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from numbers import Integral
from os import PathLike
from typing import Any, Literal

import numpy as np
from joblib import Memory
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
)
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_softmax._typing import Grid, RandomSource, Splitter
from sklearn_softmax.model_selection._halving import CONSTRAINTS, FusedHalvingMixin


class FusedHalvingGridSearchCV(FusedHalvingMixin, GridSearchCV):
    r"""Successive halving of a grid, whose candidates train together and resume in each rung.

    A drop-in replacement of ``HalvingGridSearchCV(resource="n_epochs")`` for the estimators of
    this package, and for pipelines that end in one. All candidates train for a few epochs, the
    best third for three times as many, and so on. scikit-learn fits each candidate anew in
    every rung; here the candidates that remain resume their training, so that no epoch is trained
    twice. Their scores are those of :class:`FusedGridSearchCV` after as many epochs.

    Candidates that cannot train together (see :class:`FusedGridSearchCV`) are fitted one by one
    and anew in every rung, as in scikit-learn; so are candidates whose pipeline transforms the
    rows differently when it is fitted again. :meth:`plan` shows which.

    Parameters
    ----------
    estimator : estimator instance
        Any classifier or regressor; those of this package train together.
    param_grid : dict or list of dict
        Values to try for each parameter, ``resource`` not among them.
    factor : float, default=3
        Ratio of the candidates of a rung to those of the next one, and of the epochs of the next
        one to its own. Above 1.
    resource : str, default="n_epochs"
        Parameter that grows from rung to rung; for a pipeline, ``"clf__n_epochs"`` for instance.
    max_resources : int or "auto", default="auto"
        Most that a candidate may get; "auto" is the value of the estimator.
    min_resources : int, "exhaust" or "smallest", default="exhaust"
        Amount per candidate in the first rung: "exhaust" is the amount that brings the last rung
        close to ``max_resources``, "smallest" is 1.
    aggressive_elimination : bool, default=False
        Whether to repeat the first rung until the last one has no more than ``factor``
        candidates.
    cv : int, splitter or iterable, default=5
        The folds are drawn once and are the same in every rung.
    scoring : str, callable or None, default=None
        The metric that ranks the candidates.
    refit : bool, default=True
        Whether to fit the best candidate of the last rung to all rows.
    error_score : "raise" or float, default=nan
        Score of a candidate that cannot be fitted.
    return_train_score : bool, default=True
    random_state : int, RandomState instance or None, default=None
        Without effect, for compatibility with scikit-learn.
    n_jobs : int or None, default=None
        As in :class:`FusedGridSearchCV`.
    verbose : int, default=0
        Above 0, prints each rung, its plan, and the candidates that are left after it.
    memory : str, path-like, joblib.Memory or None, default=None
        As in :class:`FusedGridSearchCV`. The models are stored as well, so that a search that was
        stopped in any rung trains no epoch twice.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in ``HalvingGridSearchCV``: one entry per candidate and rung, with the rung as ``iter``
        and the epochs as ``n_resources``. ``fit_time`` is that of the rung only.
    n_candidates_, n_resources_ : list of int
        Number of candidates of each rung, and epochs of each of them.
    n_iterations_ : int
        Number of rungs, as many as ``n_possible_iterations_`` or
        ``n_required_iterations_`` allow.
    n_remaining_candidates_ : int
        Number of candidates that another rung would have.
    min_resources_, max_resources_ : int
        Epochs of the first rung, and the most that were possible.
    best_estimator_ : estimator instance
        Best candidate of the last rung, as ``best_index_``, ``best_params_`` and ``best_score_``.

    See Also
    --------
    FusedHalvingRandomSearchCV : Starts with candidates drawn at random.
    FusedGridSearchCV : Trains all candidates to the end.
    SearchResultsDisplay : Draws the scores over the epochs.
    sklearn.model_selection.HalvingGridSearchCV : Fits each candidate anew in every rung.

    References
    ----------
    K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter
    optimization" (2016).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import FusedHalvingGridSearchCV, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> grid = {"lr": [0.001, 0.01, 0.1], "reg_param": [0.0, 1.0, 10.0]}
    >>> model = SoftmaxRegression(batch_size=20, random_state=0)
    >>> search = FusedHalvingGridSearchCV(model, grid, cv=3)
    >>> print(search.plan(X, y))
    27 fits in 3 runs, 3 of each group:
      9 together: 9 models, read off after 22 epochs
    n_epochs from rung to rung: 22 for 9 candidates, 66 for 3, 198 for 1
    >>> search = search.fit(X, y)
    >>> search.n_candidates_, search.n_resources_
    ([9, 3, 1], [22, 66, 198])
    >>> search.best_params_["n_epochs"]
    198
    """

    _parameter_constraints: dict = {**GridSearchCV._parameter_constraints, **CONSTRAINTS}
    _parameter_constraints.pop("pre_dispatch")

    def __init__(
        self,
        estimator: Any,
        param_grid: Grid,
        *,
        factor: float = 3,
        resource: str = "n_epochs",
        max_resources: int | Literal["auto"] = "auto",
        min_resources: int | Literal["exhaust", "smallest"] = "exhaust",
        aggressive_elimination: bool = False,
        cv: int | Splitter | Iterable[Any] = 5,
        scoring: str | Callable[..., Any] | None = None,
        refit: bool = True,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = True,
        random_state: RandomSource = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        memory: str | PathLike[str] | Memory | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_grid,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
            memory=memory,
        )

    def _draw_candidates(self):
        """Return the parameters of each candidate of the first rung, without the resource."""
        return ParameterGrid(self.param_grid)


class FusedHalvingRandomSearchCV(FusedHalvingMixin, RandomizedSearchCV):
    """Successive halving of random candidates, which train together and resume in each rung.

    A drop-in replacement of ``HalvingRandomSearchCV(resource="n_epochs")``, as
    :class:`FusedHalvingGridSearchCV` is of ``HalvingGridSearchCV``.

    Parameters
    ----------
    estimator : estimator instance
        Any classifier or regressor; those of this package train together.
    param_distributions : dict or list of dict
        Distributions or lists of values for each parameter, ``resource`` not among them.
    n_candidates : int or "exhaust", default="exhaust"
        Number of candidates of the first rung; "exhaust" is the number that brings the last rung
        close to ``max_resources``.
    factor, resource, max_resources
        As in :class:`FusedHalvingGridSearchCV`.
    min_resources : int, "exhaust" or "smallest", default="smallest"
        As in :class:`FusedHalvingGridSearchCV`; "exhaust" requires an int as ``n_candidates``.
    aggressive_elimination, cv, scoring, refit, error_score, return_train_score
        As in :class:`FusedHalvingGridSearchCV`.
    random_state : int, RandomState instance or None, default=None
        Source of the candidates; with None, :meth:`plan` and ``fit`` draw different ones.
    n_jobs, verbose, memory
        As in :class:`FusedHalvingGridSearchCV`.

    Attributes
    ----------
    cv_results_ : dict of str to ndarray
        As in :class:`FusedHalvingGridSearchCV`, like the other attributes.

    See Also
    --------
    FusedHalvingGridSearchCV : Starts with all candidates of a grid.
    FusedRandomizedSearchCV : Trains all candidates to the end.

    Examples
    --------
    >>> from scipy.stats import loguniform
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import FusedHalvingRandomSearchCV, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> distributions = {"lr": loguniform(1e-3, 1e-1), "reg_param": loguniform(1e-3, 1)}
    >>> search = FusedHalvingRandomSearchCV(
    ...     SoftmaxRegression(),
    ...     distributions,
    ...     n_candidates=9,
    ...     max_resources=90,
    ...     random_state=0,
    ... )
    >>> search.fit(X, y).n_resources_
    [1, 3, 9]
    """

    _parameter_constraints: dict = {
        **RandomizedSearchCV._parameter_constraints,
        **CONSTRAINTS,
        "n_candidates": [Interval(Integral, 1, None, closed="left"), StrOptions({"exhaust"})],
    }

    _parameter_constraints.pop("pre_dispatch")
    _parameter_constraints.pop("n_iter")

    def __init__(
        self,
        estimator: Any,
        param_distributions: Grid,
        *,
        n_candidates: int | Literal["exhaust"] = "exhaust",
        factor: float = 3,
        resource: str = "n_epochs",
        max_resources: int | Literal["auto"] = "auto",
        min_resources: int | Literal["exhaust", "smallest"] = "smallest",
        aggressive_elimination: bool = False,
        cv: int | Splitter | Iterable[Any] = 5,
        scoring: str | Callable[..., Any] | None = None,
        refit: bool = True,
        error_score: float | Literal["raise"] = np.nan,
        return_train_score: bool = True,
        random_state: RandomSource = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        memory: str | PathLike[str] | Memory | None = None,
    ) -> None:
        super().__init__(
            estimator,
            param_distributions,
            factor=factor,
            resource=resource,
            max_resources=max_resources,
            min_resources=min_resources,
            aggressive_elimination=aggressive_elimination,
            cv=cv,
            scoring=scoring,
            refit=refit,
            error_score=error_score,
            return_train_score=return_train_score,
            random_state=random_state,
            n_jobs=n_jobs,
            verbose=verbose,
            memory=memory,
        )
        self.n_candidates = n_candidates

    def _check_resource(self):
        """Check the resource, and that the number of candidates is defined."""
        super()._check_resource()
        if self.min_resources == self.n_candidates == "exhaust":
            raise ValueError(
                "n_candidates and min_resources cannot be both set to 'exhaust': set one of "
                "them to an int."
            )

    def _draw_candidates(self):
        """Return the parameters of each candidate of the first rung, without the resource."""
        n_candidates = self.n_candidates
        if n_candidates == "exhaust":
            n_candidates = self._max_amount() // self._min_amount()
        # A copy: the search draws the same candidates again.
        random_state = deepcopy(self.random_state)
        return ParameterSampler(self.param_distributions, n_candidates, random_state=random_state)
