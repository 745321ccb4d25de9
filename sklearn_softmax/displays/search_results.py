"""Scores of all configurations of a search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from sklearn_softmax._typing import Array
from sklearn_softmax.displays._configurations import (
    are_numbers,
    full_name,
    having,
    text_table,
    value_text,
    values_of,
)
from sklearn_softmax.displays._drawing import (
    BLUE,
    GREY,
    OKABE_ITO,
    ORANGE,
    add_legend,
    colours,
    panels,
    styled,
)
from sklearn_softmax.displays._halving import N_RESOURCES, Halving

if TYPE_CHECKING:
    from matplotlib.axes import Axes


UNNAMED = "_nolegend_"  # matplotlib's own
MOST_EVEN = 10  # values of a parameter that are drawn evenly spaced
# Of successive halving: colours of the candidates that reach the last iteration, the best first.
SURVIVORS = (ORANGE, *(colour for colour in OKABE_ITO if colour != ORANGE))
MOST_NAMED = len(SURVIVORS)
LIGHT_GREY = "0.65"


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
        What the scores are.
    train_means, train_deviations : ndarray of shape (n_candidates,), default=None
        The same of the scores on the training rows.
    iterations : ndarray of shape (n_candidates,), default=None
        Of successive halving, the iteration of each; ``configurations`` then have
        ``n_resources``, and a candidate has an entry for each iteration that it reached.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the scores.
    figure_ : matplotlib Figure
        Figure that holds them.
    errorbars_ : list of matplotlib ErrorbarContainer
        Test scores, then training scores where there are any; against a parameter one
        for each line; of successive halving one for each candidate that has a score,
        those that reached the last iteration before the others, the best first.
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
    >>> grid = {"lr": [0.01, 0.1], "batch_size": [20, 100]}
    >>> search = GridSearchCV(SoftmaxRegression(random_state=0), grid, cv=3)
    >>> search = search.fit(*load_iris(return_X_y=True))
    >>> display = SearchResultsDisplay.from_search(search)
    >>> len(display.ax_.get_yticklabels())  # the names of the parameters, and 4 candidates
    5
    >>> display = SearchResultsDisplay.from_search(search, parameter="lr", lines="batch_size")
    >>> display.ax_.get_xlabel()
    'lr'

    Of successive halving, a line for each candidate, up to the iteration that it reached:

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
    ) -> None:
        self.configurations = configurations
        self.means = means
        self.deviations = deviations
        self.best_index = best_index
        self.score_name = score_name
        self.train_means = train_means
        self.train_deviations = train_deviations
        self.iterations = iterations

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
            Fitted ``GridSearchCV`` or any other with ``cv_results_``; those of
            successive halving are drawn over its resource, as :meth:`plot` describes.
        metric : str, default=None
            Which of several metrics; None for the one that ``refit`` names, or the only
            one.
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
                f"This {type(search).__name__} has no `cv_results_`: give a search, fitted."
            )
        is_multimetric = getattr(search, "multimetric_", False)
        chosen_by = search.refit if is_multimetric and isinstance(search.refit, str) else None
        metric = chosen_by if metric is None else metric
        display = cls._computed(search.cv_results_, metric)
        if metric == chosen_by and hasattr(search, "best_index_"):
            best_index = int(search.best_index_)
            display.best_index = best_index if np.isfinite(display.means[best_index]) else None
        scoring = getattr(search, "scoring", None)
        if metric is None and isinstance(scoring, str):
            display.score_name = _as_words(scoring)
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
            ``cv_results_`` of any of scikit-learn's searches. Successive halving is
            known by its ``iter``; its ``n_resources`` counts as a parameter, and its best
            candidate is that of the last iteration.
        metric : str, default=None
            Which of several metrics; None for the only one.
        parameter, lines, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : SearchResultsDisplay

        Raises
        ------
        ValueError
            If there is no such metric or parameter.
        """
        display = cls._computed(cv_results, metric)
        return display.plot(ax, parameter=parameter, lines=lines, **kwargs)

    @classmethod
    def _computed(cls, cv_results, metric):
        metric = _checked_metric(cv_results, metric)
        configurations = [dict(params) for params in cv_results["params"]]
        for params, n_resources in zip(configurations, cv_results.get("n_resources", [])):
            params[N_RESOURCES] = n_resources
        means = np.asarray(cv_results[f"mean_test_{metric}"], dtype=float)
        return cls(
            configurations=configurations,
            means=means,
            deviations=np.asarray(cv_results[f"std_test_{metric}"], dtype=float),
            best_index=_best_index(means, cv_results.get("iter")),
            score_name=_as_words(metric),
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

        Of successive halving, every configuration is a line of scores over the resource,
        which ends where the candidate was dropped, with a cross. Those that reached the
        last iteration have error bars, a colour each and a name, the best first; of more
        than seven the others are grey. Failed fits are left out.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None for a new figure, as high as the configurations need
            (0.18 inches each, of successive halving 0.2 for each that is named).
        parameter : str, default=None
            Parameter to draw the scores against, by its name in the search or without
            its step of a pipeline; a point is the best of all configurations with that
            value. None draws every configuration by itself.
        lines : str, default=None
            With ``parameter``, another one, of which each value has a line of its own.
        **kwargs : dict
            Passed on to matplotlib's ``errorbar``.

        Returns
        -------
        display : SearchResultsDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or if ``lines`` is given alone.
        """
        if lines is not None and parameter is None:
            raise ValueError(f"lines={lines!r} needs a parameter to draw the scores against.")
        parameter, lines = (
            None if name is None else full_name(name, self.configurations)
            for name in (parameter, lines)
        )
        self.errorbars_, self.best_ = [], None
        if parameter is not None:
            self._draw_against(ax, parameter, lines, kwargs)
        elif self.iterations is not None:
            self._draw_halving(ax, kwargs)
        else:
            self._draw_configurations(ax, kwargs)
        self.figure_ = self.ax_.get_figure()
        handles = [bars for bars in self.errorbars_ if not bars.get_label().startswith("_")]
        handles += [] if self.best_ is None else [self.best_]
        add_legend(self.ax_, handles, outside=ax is None)
        return self

    def _draw_configurations(self, ax, kwargs):
        """Draw a line of text and an error bar for each configuration."""
        n, labels = len(self.means), text_table(self.configurations)
        figsize = (min(14, 4.5 + 0.07 * len(labels[0])), 1.5 + 0.18 * n)
        (self.ax_,) = panels(ax, 1, figsize=figsize)
        places = np.arange(n)
        bars = {"fmt": "o", "markersize": 4, "capsize": 2}
        if self.train_means is not None:
            style = {"color": GREY, "markerfacecolor": "white", "label": "train", **bars}
            self._add_bars(self.train_means, places, style, kwargs, xerr=self.train_deviations)
        style = {"color": BLUE, "label": "test" if self.errorbars_ else UNNAMED, **bars}
        self._add_bars(self.means, places, style, kwargs, xerr=self.deviations)
        if self.best_index is not None:
            self._mark_best(self.means[self.best_index], self.best_index)
        height = self.ax_.get_window_extent().height * 72 / self.ax_.get_figure().dpi
        size = min(8, 0.85 * height / (n + 1))
        self.ax_.set_yticks(np.arange(-1, n), labels, family="monospace", fontsize=size)
        self.ax_.tick_params(axis="y", length=0)
        if self.best_ is not None:
            self.ax_.get_yticklabels()[1 + self.best_index].set(color=ORANGE, weight="bold")
        self.ax_.set(xlabel=f"{self.score_name} in cross-validation", ylim=(n - 0.5, -1.5))
        self.ax_.grid(axis="x", alpha=0.3)

    def _draw_halving(self, ax, kwargs):
        """Draw a line for each candidate of a halving, up to the iteration that it reached."""
        halving = Halving(self.configurations, self.iterations, self.means)
        named, others = halving.survivors[:MOST_NAMED], halving.survivors[MOST_NAMED:]
        width = 1 + 0.085 * max((len(candidate.name) for candidate in named), default=0)
        figsize = (np.clip(width, 6.4, 14), 4.8 + 0.2 * len(named))
        (self.ax_,) = panels(ax, 1, figsize=figsize)
        x = _moved_apart(halving.iterations, named)
        self._draw_named(named, x, kwargs)
        self._draw_grey(others, f"{len(others)} more survived", x, {"fmt": "o-"}, kwargs)
        cross = {"fmt": "x-", "markevery": [-1]}
        self._draw_grey(halving.dropped, f"{len(halving.dropped)} dropped", x, cross, kwargs)
        if self.best_index is not None:
            self._mark_best(x[self.best_index], self.means[self.best_index])
        n = len(halving.resources)
        self.ax_.set_xticks(range(n), map(value_text, halving.resources))
        self.ax_.set(xlim=(-0.4, n - 0.6), xlabel=_short(halving.resource))
        self.ax_.set_ylabel(f"{self.score_name} in cross-validation")
        self.ax_.grid(alpha=0.3)

    def _draw_named(self, candidates, x, kwargs):
        """Draw each candidate in a colour, with error bars."""
        for candidate, colour in zip(candidates, SURVIVORS):
            results = candidate.results
            style = {"color": colour, "label": candidate.name or UNNAMED, "zorder": 2.5}
            style |= {"fmt": "o-", "markersize": 5, "capsize": 3}
            errors = self.deviations[results]
            self._add_bars(x[results], self.means[results], style, kwargs, yerr=errors)

    def _draw_grey(self, candidates, label, x, style, kwargs):
        """Draw candidates in grey, with one label for all of them."""
        style = {"color": LIGHT_GREY, "linewidth": 1, "markersize": 5, **style}
        for candidate in candidates:
            results = candidate.results
            self._add_bars(x[results], self.means[results], {"label": label, **style}, kwargs)
            label = UNNAMED

    def _draw_against(self, ax, parameter, lines, kwargs):
        """Draw the best score for each value of a parameter, in a line for each of another."""
        (self.ax_,) = panels(ax, 1, figsize=(6.4, 4.8))
        values = values_of(parameter, self.configurations)
        is_even = len(values) <= MOST_EVEN or not are_numbers(values.values())
        x = np.arange(len(values)) if is_even else np.array(list(values.values()))
        groups = [{}]
        if lines is not None:
            groups = [{lines: text} for text in values_of(lines, self.configurations)]
        for number, (group, colour) in enumerate(zip(groups, colours(len(groups)))):
            chosen = [self._best_of({parameter: text, **group}) for text in values]
            shift = 0.06 * (number - (len(groups) - 1) / 2) if is_even else 0
            style = {"fmt": "o-", "markersize": 4, "capsize": 3, "color": colour}
            style["label"] = f"{_short(lines)} = {group[lines]}" if group else UNNAMED
            self._draw_line(x + shift, chosen, style, kwargs)
        if is_even:
            self.ax_.set_xticks(x, list(values))
        elif x[0] > 0 and x[-1] >= 100 * x[0]:
            self.ax_.set_xscale("log")
        self.ax_.set(xlabel=_short(parameter), ylabel=f"{self.score_name} in cross-validation")
        self.ax_.grid(alpha=0.3)

    def _best_of(self, values):
        """Index of the best configuration with some values; None if none has a score."""
        scored = [i for i in having(values, self.configurations) if np.isfinite(self.means[i])]
        return max(scored, key=lambda i: (self.means[i], i == self.best_index), default=None)

    def _draw_line(self, x, chosen, style, kwargs):
        """Draw a line through the chosen configurations, as far as there are any."""
        places = [place for place, index in enumerate(chosen) if index is not None]
        indices = [chosen[place] for place in places]
        if not indices:
            return
        self._add_bars(x[places], self.means[indices], style, kwargs, yerr=self.deviations[indices])
        if self.best_index in indices:
            self._mark_best(x[chosen.index(self.best_index)], self.means[self.best_index])

    def _add_bars(self, x, y, style, kwargs, **errors):
        style = styled(style, kwargs)
        self.errorbars_.append(self.ax_.errorbar(x, y, **errors, **style))

    def _mark_best(self, x, y):
        label = f"best: {self.means[self.best_index]:.4f}"
        style = {"linestyle": "none", "markersize": 13, "color": ORANGE, "zorder": 3}
        (self.best_,) = self.ax_.plot(x, y, marker="*", label=label, **style)


def _checked_metric(cv_results, metric):
    """The metric, or the only one; an error names those that there are."""
    prefix = "mean_test_"
    known = [key.removeprefix(prefix) for key in cv_results if key.startswith(prefix)]
    if metric in known:
        return metric
    if metric is None and len(known) == 1:
        return known[0]
    raise ValueError(f"metric={metric!r} does not name one of the metrics of the search: {known}.")


def _best_index(means, iterations):
    """Index of the highest mean, in the last iteration where there are several."""
    if iterations is not None:
        means = np.where(iterations == np.max(iterations), means, np.nan)
    return None if np.all(np.isnan(means)) else int(np.nanargmax(means))


def _moved_apart(iterations, candidates):
    """Where results are drawn: at their iterations, but those of some candidates side by side."""
    x = iterations.astype(float)
    for i, candidate in enumerate(candidates):
        x[candidate.results] += 0.04 * (i - (len(candidates) - 1) / 2)
    return x


def _as_words(name):
    return name.replace("_", " ").capitalize()


def _short(name):
    """Name of a parameter without the steps of a pipeline."""
    return name.rpartition("__")[2]
