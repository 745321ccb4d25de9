"""Marks of scores: error bars, and a star at the best one."""

import numpy as np

from sklearn_softmax.displays._drawing import ORANGE, add_legend, merge_style, panels

UNNAMED = "_nolegend_"  # label that matplotlib omits from legends
MAX_NAMED = 20  # error bars in a legend at most


class ScoreMarks:
    """Marks of a search's scores on axes.

    Parameters
    ----------
    ax : matplotlib Axes or None
        None for a new figure.
    results : SearchResultsDisplay
    style : dict
        The user's arguments of ``errorbar``.
    figsize : tuple of float
        Width and height of a new figure in inches.

    Attributes
    ----------
    ax : matplotlib Axes
    errorbars : list of matplotlib ErrorbarContainer
    best : matplotlib Line2D or None
    """

    def __init__(self, ax, results, style, figsize):
        self.is_new_figure = ax is None
        (self.ax,) = panels(ax, 1, figsize=figsize)
        self.errorbars, self.best = [], None
        self._style = style
        self._best_label = (
            "" if results.best_index is None else f"best: {results.means[results.best_index]:.4f}"
        )

    def add_bars(self, x, y, defaults, **errors):
        """Draw points with error bars.

        Parameters
        ----------
        x, y : array-like
        defaults : dict
            Arguments of ``errorbar`` that the user has not set.
        **errors : array-like
            ``xerr`` or ``yerr``.
        """
        self.errorbars.append(
            self.ax.errorbar(x, y, **errors, **merge_style(defaults, self._style))
        )

    def mark_best(self, x, y):
        """Draw a star at the best score.

        Parameters
        ----------
        x, y : float
        """
        style = {"linestyle": "none", "markersize": 13, "color": ORANGE, "zorder": 3}
        (self.best,) = self.ax.plot(x, y, marker="*", label=self._best_label, **style)

    def add_legend(self):
        """Add a legend of the star and the named error bars, at most MAX_NAMED of them."""
        handles = [bars for bars in self.errorbars if bars.get_label() != UNNAMED]
        n_named = min(len(handles), MAX_NAMED)
        indices = np.linspace(0, len(handles) - 1, n_named).round().astype(int)
        handles = [handles[i] for i in indices] + ([] if self.best is None else [self.best])
        add_legend(self.ax, handles, outside=self.is_new_figure)
