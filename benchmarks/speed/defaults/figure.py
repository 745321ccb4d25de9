"""The table as a figure: accuracy, objective above the optimum and time, by data set."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.reports import _figures

# Excesses below are those of solvers that stop early enough; they are drawn there.
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
    figure = _figures.new_figure(15, 2.5 + 0.45 * len(problems))
    axes = figure.subplots(1, len(_PANELS), sharey=True)
    for ax, (key, title) in zip(axes, _PANELS.items()):
        _draw(ax, records, problems, key)
        ax.set(title=title, axisbelow=True)
        ax.grid(axis="x", color="0.9")
    _name_rows(axes, problems)
    axes[1].set(xscale="log", xlim=(LEAST_EXCESS / 2, None))
    axes[2].set(xscale="log")
    axes[2].axvline(1, color=_figures.BLACK, linewidth=1)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=7, title="Filled: ours")
    return _figures.write(figure, path, "Accuracy, objective and time of every contestant")


def _draw(ax, records, problems, key):
    """One kind of value, the dots of a data set one above the other in the order of the legend."""
    names = list(dict.fromkeys(record["contestant"] for record in records))
    rows = np.arange(len(problems))
    for i, (name, offset) in enumerate(zip(names, np.linspace(-0.35, 0.35, len(names)))):
        values = {r["problem"]: r[key] for r in records if r["contestant"] == name}
        ax.plot(
            [_drawn(key, values[problem]) for problem in problems],
            rows + offset,
            linestyle="none",
            marker=_MARKERS[i % len(_MARKERS)],
            fillstyle="none" if name.startswith("sk-") else "full",
            color=plt.get_cmap("tab20").colors[i % 20],
            label=name,
        )


def _drawn(key, value):
    """A value, not a number where there is none."""
    if value is None:
        return np.nan
    return max(value, LEAST_EXCESS) if key == "excess" else value


def _name_rows(axes, problems):
    """Names of the data sets, the first at the top, and lines between them."""
    axes[0].set_yticks(range(len(problems)), problems)
    axes[0].set_ylim(len(problems) - 0.5, -0.5)
    for ax in axes:
        for row in range(1, len(problems)):
            ax.axhline(row - 0.5, color="0.8", linewidth=0.5)
