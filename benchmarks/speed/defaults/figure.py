"""The table as a figure: accuracy, objective above the optimum and time, by data set."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.reports import _figures

# Smaller excesses are rounding and the tolerance of solvers.
LEAST_EXCESS = 1e-6
_PANELS = {
    "accuracy": "Accuracy",
    "excess": "Objective above the optimum, relatively",
    "time_ratio": "Time, over that of scikit-learn",
}
_MARKERS = "os^vDPX"


def write(records, path):
    """Draw the records, a dot for each contestant.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    path : Path
        Of a PNG file.

    Returns
    -------
    markdown : str
        The image, for a Markdown file beside it.
    """
    problems = list(dict.fromkeys(record["problem"] for record in records))
    names = list(dict.fromkeys(record["contestant"] for record in records))
    figure = _figures.new_figure(15, 2.5 + 0.3 * len(problems))
    axes = figure.subplots(1, len(_PANELS), sharey=True)
    for ax, (key, title) in zip(axes, _PANELS.items()):
        for i, name in enumerate(names):
            values = {r["problem"]: r[key] for r in records if r["contestant"] == name}
            _dots(ax, [values[problem] for problem in problems], i, name)
        ax.set(title=title, axisbelow=True)
        ax.grid(axis="both", color="0.9")
    axes[0].set_yticks(range(len(problems)), problems)
    axes[0].invert_yaxis()
    for ax in axes[1:]:
        ax.set_xscale("log")
    axes[1].set_xlim(left=LEAST_EXCESS / 2)
    axes[2].axvline(1, color=_figures.BLACK, linewidth=1)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=7)
    return _figures.write(figure, path, "Accuracy, objective and time of every contestant")


def _dots(ax, values, index, name):
    """The values of a contestant, one a line, those that are missing left out."""
    values = np.array([np.nan if value is None else value for value in values])
    ax.plot(
        values,
        np.arange(len(values)),
        linestyle="none",
        marker=_MARKERS[index % len(_MARKERS)],
        color=plt.get_cmap("tab20").colors[index % 20],
        label=name,
    )
