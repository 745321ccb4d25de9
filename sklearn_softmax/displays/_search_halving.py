"""Scores of a search by successive halving, one line per candidate."""

import numpy as np

from sklearn_softmax.displays._drawing import OKABE_ITO, ORANGE
from sklearn_softmax.displays._halving import Halving
from sklearn_softmax.displays._score_marks import UNNAMED, ScoreMarks
from sklearn_softmax.displays._tick_labels import fit_tick_labels

# Colours of the candidates that reach the last iteration, the best first.
SURVIVOR_COLOURS = (ORANGE, *(colour for colour in OKABE_ITO if colour != ORANGE))
MAX_NAMED = len(SURVIVOR_COLOURS)
LIGHT_GREY = "0.65"


def draw_halving(results, ax, style):
    """Draw one line per candidate of a halving, up to the iteration that it reached.

    Parameters
    ----------
    results : SearchResultsDisplay
    ax : matplotlib Axes or None
        None for a new figure.
    style : dict
        The user's arguments of ``errorbar``.

    Returns
    -------
    marks : ScoreMarks
    """
    halving = Halving(results.configurations, results.iterations, results.means, results.resource)
    named, others = halving.survivors[:MAX_NAMED], halving.survivors[MAX_NAMED:]
    width = 1 + 0.085 * max((len(candidate.name) for candidate in named), default=0)
    marks = ScoreMarks(ax, results, style, (np.clip(width, 6.4, 14), 4.8 + 0.2 * len(named)))
    ax, n = marks.ax, len(halving.resources)
    is_even = ax.get_xscale() == "linear"
    positions = np.arange(n) if is_even else np.array(halving.resources)
    x = positions[halving.iterations].astype(float)
    if is_even:
        _shift_apart(x, named)
    for candidate, colour in zip(named, SURVIVOR_COLOURS):
        i = candidate.results
        defaults = {"color": colour, "label": candidate.name or UNNAMED, "zorder": 2.5}
        defaults |= {"fmt": "o-", "markersize": 5, "capsize": 3}
        marks.add_bars(x[i], results.means[i], defaults, yerr=results.deviations[i])
    for candidates, outcome, marker_style in (
        (others, "more survived", {"fmt": "o-"}),
        (halving.dropped, "dropped", {"fmt": "x-", "markevery": [-1]}),
    ):
        label = f"{len(candidates)} {outcome}"
        for candidate in candidates:
            i = candidate.results
            defaults = {"color": LIGHT_GREY, "linewidth": 1, "markersize": 5, **marker_style}
            marks.add_bars(x[i], results.means[i], {"label": label, **defaults})
            label = UNNAMED
    if results.best_index is not None:
        marks.mark_best(x[results.best_index], results.means[results.best_index])
    ax.set_xlabel(halving.resource.rpartition("__")[2], parse_math=False)
    ax.set_ylabel(f"{results.score_name} in cross-validation", parse_math=False)
    ax.grid(alpha=0.3)
    if is_even:
        ax.set_xticks(positions, list(map(str, halving.resources)))
        ax.set_xlim(-0.4, n - 0.6)
        fit_tick_labels(ax)
    marks.add_legend()
    return marks


def _shift_apart(x, candidates):
    """Shift the results of candidates to positions side by side."""
    for i, candidate in enumerate(candidates):
        x[candidate.results] += 0.04 * (i - (len(candidates) - 1) / 2)
