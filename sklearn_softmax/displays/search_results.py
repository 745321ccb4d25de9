"""Scores of the configurations of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from sklearn_softmax._typing import Array
from sklearn_softmax.displays._configurations import full_name
from sklearn_softmax.displays._halving import N_RESOURCES
from sklearn_softmax.displays._search_curves import draw_curves
from sklearn_softmax.displays._search_halving import draw_halving
from sklearn_softmax.displays._search_rows import draw_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class SearchResultsDisplay:
    """Means and standard deviations of the scores of a search.

    It is recommended to use :meth:`from_search` or :meth:`from_cv_results`. All
    parameters are stored as attributes.

    Parameters
    ----------
    configurations : list of dict of length n_candidates
        Parameters of each candidate.
    means, deviations : ndarray of shape (n_candidates,)
        Mean and standard deviation over the folds; NaN for failed fits.
    best_index : int or None
        The candidate to mark as the best.
    score_name : str
        Name of the scores.
    train_means, train_deviations : ndarray of shape (n_candidates,), default=None
        Mean and standard deviation of the scores on the training rows.
    iterations : ndarray of shape (n_candidates,), default=None
        For successive halving, the iteration of each entry; ``configurations`` then contain
        ``n_resources``, and a candidate has one entry per iteration that it reached.
    resource : str, default=None
        For successive halving, the parameter that is its resource, or "n_samples". None
        selects the parameter that equals ``n_resources``, if these grow.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.
    figure_ : matplotlib Figure
        Figure that holds them.
    errorbars_ : list of matplotlib ErrorbarContainer
        Training scores, if there are any, then test scores. Against a parameter, one per
        line. For successive halving, one per candidate with a score: those that reached
        the last iteration before the others, the best first.
    best_ : matplotlib Line2D or None
        Mark of the best candidate.

    See Also
    --------
    sklearn.model_selection.ValidationCurveDisplay : Scores over one parameter.
    FusedHalvingGridSearchCV : A search by successive halving.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression" (2021),
       figure 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn_softmax import SearchResultsDisplay, SoftmaxRegression
    >>> grid = {"lr": [0.01, 0.03], "batch_size": [20, 100]}
    >>> search = GridSearchCV(SoftmaxRegression(random_state=0), grid, cv=3)
    >>> search = search.fit(*load_iris(return_X_y=True))
    >>> display = SearchResultsDisplay.from_search(search)
    >>> len(display.ax_.get_yticklabels())  # the names of the parameters, and 4 candidates
    5
    >>> display = SearchResultsDisplay.from_search(search, parameter="lr", lines="batch_size")
    >>> display.ax_.get_xlabel()
    'lr'

    For successive halving, one line per candidate, up to the iteration that it reached:

    >>> from sklearn_softmax import FusedHalvingGridSearchCV
    >>> model = SoftmaxRegression(random_state=0)
    >>> halving = FusedHalvingGridSearchCV(model, grid, max_resources=18, cv=3)
    >>> halving = halving.fit(*load_iris(return_X_y=True))
    >>> display = SearchResultsDisplay.from_search(halving)
    >>> display.ax_.get_xlabel(), [text.get_text() for text in display.ax_.get_xticklabels()]
    ('n_epochs', ['6', '18'])
    """

    def __init__(
        self,
        *,
        configurations: list[dict[str, Any]],
        means: Array,
        deviations: Array,
        best_index: int | None,
        score_name: str = "Score",
        train_means: Array | None = None,
        train_deviations: Array | None = None,
        iterations: Array | None = None,
        resource: str | None = None,
    ) -> None:
        self.configurations = configurations
        self.means = means
        self.deviations = deviations
        self.best_index = best_index
        self.score_name = score_name
        self.train_means = train_means
        self.train_deviations = train_deviations
        self.iterations = iterations
        self.resource = resource

    @classmethod
    def from_search(
        cls,
        search: Any,
        *,
        metric: str | None = None,
        parameter: str | None = None,
        lines: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the results of a fitted search.

        Parameters
        ----------
        search : estimator
            Fitted ``GridSearchCV`` or any other with ``cv_results_``; successive halving
            is drawn over its resource, as :meth:`plot` describes.
        metric : str, default=None
            The metric to draw; None for the one that ``refit`` names, or the only one.
        parameter, lines, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : SearchResultsDisplay

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        ValueError
            If there is no such metric or parameter.
        """
        if not hasattr(search, "cv_results_"):
            raise NotFittedError(
                f"This {type(search).__name__} has no `cv_results_`: give a fitted search, or its "
                "cv_results_ to from_cv_results."
            )
        is_multimetric = getattr(search, "multimetric_", False)
        chosen_by = search.refit if is_multimetric and isinstance(search.refit, str) else None
        metric = chosen_by if metric is None else metric
        display = cls._create(search.cv_results_, metric)
        display.resource = getattr(search, "resource", None)
        if metric == chosen_by and hasattr(search, "best_index_"):
            best_index = int(search.best_index_)
            display.best_index = best_index if np.isfinite(display.means[best_index]) else None
        scoring = getattr(search, "scoring", None)
        if metric is None and isinstance(scoring, str):
            display.score_name = _readable_name(scoring)
        return display.plot(ax, parameter=parameter, lines=lines, **kwargs)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: dict[str, Any],
        *,
        metric: str | None = None,
        parameter: str | None = None,
        lines: str | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the results of a search.

        Parameters
        ----------
        cv_results : dict of str to array-like
            ``cv_results_`` of any of scikit-learn's searches. The column ``iter`` indicates
            successive halving: ``n_resources`` then counts as a parameter, and the best
            candidate is that of the last iteration. If the resource is ambiguous, because a
            parameter equals ``n_resources`` but all iterations have the same, the axis is
            called "n_resources"; :meth:`from_search` reads the resource from the search.
        metric : str, default=None
            The metric to draw; None for the only one.
        parameter, lines, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : SearchResultsDisplay

        Raises
        ------
        TypeError
            If ``cv_results`` is not a mapping, but for example the search.
        ValueError
            If there is no such metric or parameter.
        """
        display = cls._create(cv_results, metric)
        return display.plot(ax, parameter=parameter, lines=lines, **kwargs)

    @classmethod
    def _create(cls, cv_results, metric):
        """Create a Display of a metric without drawing it."""
        metric = _validate_metric(cv_results, metric)
        configurations = [dict(params) for params in cv_results["params"]]
        for params, n_resources in zip(configurations, cv_results.get("n_resources", [])):
            params[N_RESOURCES] = n_resources
        means = np.asarray(cv_results[f"mean_test_{metric}"], dtype=float)
        return cls(
            configurations=configurations,
            means=means,
            deviations=np.asarray(cv_results[f"std_test_{metric}"], dtype=float),
            best_index=_best_index(means, cv_results.get("iter")),
            score_name=_readable_name(metric),
            train_means=cv_results.get(f"mean_train_{metric}"),
            train_deviations=cv_results.get(f"std_train_{metric}"),
            iterations=cv_results.get("iter"),
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        parameter: str | None = None,
        lines: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw every configuration, or the best ones against a parameter.

        For successive halving, every configuration is a line of scores over the resource.
        It ends with a cross at the iteration in which the candidate was dropped. The seven
        best of those that reached the last iteration have error bars, a colour and a name;
        the others are grey. Failed fits are omitted.

        Equal values of a parameter are drawn as one. Different values have different texts,
        which are shortened if they are long, and omitted if there are too many. A legend
        names at most twenty lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None for a new figure, as high as the configurations need
            (0.18 inches each, 50 in all; for successive halving, 0.2 for each named one).
            In a figure without a layout, axes become narrower if the names of the
            configurations need more space than there is left of the axes. On an x axis
            that is not linear, numbers are drawn at their values.
        parameter : str, default=None
            Parameter to draw the scores against, named as in the search or without its
            pipeline step; a point is the best of all configurations with that value. None
            draws every configuration.
        lines : str, default=None
            With ``parameter``, another parameter; one line is drawn per value of it.
        **kwargs : dict
            Passed to matplotlib's ``errorbar``.

        Returns
        -------
        display : SearchResultsDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or if ``lines`` is used without ``parameter``.
        """
        if lines is not None and parameter is None:
            raise ValueError(f"lines={lines!r} needs a parameter to draw the scores against.")
        parameter, lines = (
            None if name is None else full_name(name, self.configurations)
            for name in (parameter, lines)
        )
        if parameter is not None:
            marks = draw_curves(self, ax, parameter, lines, kwargs)
        elif self.iterations is not None:
            marks = draw_halving(self, ax, kwargs)
        else:
            marks = draw_rows(self, ax, kwargs)
        self.ax_, self.errorbars_, self.best_ = marks.ax, marks.errorbars, marks.best
        self.figure_ = self.ax_.get_figure()
        return self


def _validate_metric(cv_results, metric):
    """Return the metric, or the only one if it is None."""
    if not hasattr(cv_results, "keys"):
        raise TypeError(
            "cv_results must be the cv_results_ of a search, got "
            f"{type(cv_results).__name__}: give search.cv_results_, or the search to from_search."
        )
    prefix = "mean_test_"
    metrics = [key.removeprefix(prefix) for key in cv_results if key.startswith(prefix)]
    if metric in metrics:
        return metric
    if metric is None and len(metrics) == 1:
        return metrics[0]
    raise ValueError(f"metric={metric!r} does not name a metric of the search: {metrics}.")


def _best_index(means, iterations):
    """Return the index of the highest mean in the last iteration."""
    if iterations is not None:
        means = np.where(iterations == np.max(iterations), means, np.nan)
    return None if np.all(np.isnan(means)) else int(np.nanargmax(means))


def _readable_name(name):
    return name.replace("_", " ").capitalize()
