"""Scores of a search against a parameter."""

import numpy as np

from sklearn_softmax.displays._configurations import are_numbers, indices_by_value
from sklearn_softmax.displays._drawing import colours
from sklearn_softmax.displays._score_marks import UNNAMED, ScoreMarks
from sklearn_softmax.displays._tick_labels import fit_tick_labels

MAX_EVEN = 10  # numbers that are evenly spaced


def draw_curves(results, ax, parameter, lines, style):
    """Draw the best score per value of a parameter, with a line per value of another one.

    Parameters
    ----------
    results : SearchResultsDisplay
    ax : matplotlib Axes or None
        None for a new figure.
    parameter : str
    lines : str or None
        The other parameter.
    style : dict
        The user's arguments of ``errorbar``.

    Returns
    -------
    marks : ScoreMarks
    """
    marks = ScoreMarks(ax, results, style, (6.4, 4.8))
    is_new_figure, ax = ax is None, marks.ax
    indices = indices_by_value(parameter, results.configurations)
    values = [results.configurations[i][parameter] for i, *_ in indices.values()]
    is_even = not are_numbers(values) or (len(values) <= MAX_EVEN and ax.get_xscale() == "linear")
    x = np.arange(len(values)) if is_even else np.array(values, dtype=float)
    if is_even:
        if ax.get_xscale() != "linear":
            ax.set_xscale("linear")
        ax.set_xticks(x, list(indices), parse_math=False)
    elif is_new_figure and x[0] > 0 and x[-1] >= 100 * x[0]:
        ax.set_xscale("log")
    groups = {UNNAMED: range(len(results.means))}
    if lines is not None:
        line_indices = indices_by_value(lines, results.configurations)
        groups = {f"{_short_name(lines)} = {text}": i for text, i in line_indices.items()}
    distance = min(0.06, 0.6 / len(groups)) if is_even else 0
    for number, (group, colour) in enumerate(zip(groups, colours(len(groups)))):
        best = [
            _best_candidate(results, set(candidates).intersection(groups[group]))
            for candidates in indices.values()
        ]
        defaults = {"fmt": "o-", "markersize": 4, "capsize": 3, "color": colour, "label": group}
        shift = distance * (number - (len(groups) - 1) / 2)
        _draw_curve(marks, results, x + shift, best, defaults)
    ax.set_xlabel(_short_name(parameter), parse_math=False)
    ax.set_ylabel(f"{results.score_name} in cross-validation", parse_math=False)
    ax.grid(alpha=0.3)
    if is_even:
        fit_tick_labels(ax)
    marks.add_legend()
    return marks


def _best_candidate(results, indices):
    """Return the index of the best of some candidates, None if none has a score."""
    scored = [i for i in sorted(indices) if np.isfinite(results.means[i])]
    return max(scored, key=lambda i: (results.means[i], i == results.best_index), default=None)


def _draw_curve(marks, results, x, indices, defaults):
    """Draw the scores at indices that are not None, and mark the best of all if it is one."""
    positions = [position for position, index in enumerate(indices) if index is not None]
    indices = [indices[position] for position in positions]
    if not indices:
        return
    means, deviations = results.means[indices], results.deviations[indices]
    marks.add_bars(x[positions], means, defaults, yerr=deviations)
    if results.best_index in indices:
        position = positions[indices.index(results.best_index)]
        marks.mark_best(x[position], results.means[results.best_index])


def _short_name(name):
    """Return the name of a parameter without the steps of a pipeline."""
    return name.rpartition("__")[2]
