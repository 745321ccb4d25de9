"""The table as a figure: accuracy, log loss, objective above the optimum and time."""

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.reports import _figures

# Smaller excesses are within the tolerance of the optimum and are drawn here.
MIN_EXCESS = 1e-9
_PANELS = {
    "accuracy": "Accuracy",
    "log_loss": "Log loss",
    "excess": "Relative excess over the optimal objective",
    "time_ratio": "Time relative to scikit-learn",
}
_MARKERS = "os^vDPX"


def write(records, path):
    """Draw the records, one dot per contestant, data set and quantity.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    path : Path
        PNG file.

    Returns
    -------
    markdown : str
        Image link for a Markdown file in the same directory.
    """
    problems = list(dict.fromkeys(record["problem"] for record in records))
    figure = _figures.new_figure(20, 2.5 + 0.45 * len(problems))
    axes = figure.subplots(1, len(_PANELS), sharey=True)
    for ax, (key, title) in zip(axes, _PANELS.items()):
        _draw(ax, records, problems, key)
        ax.set(title=title, axisbelow=True, xscale="linear" if key == "accuracy" else "log")
        ax.grid(axis="x", color="0.9")
    _name_rows(axes, problems)
    axes[2].set_xlim(MIN_EXCESS / 2, None)
    axes[3].axvline(1, color=_figures.BLACK, linewidth=1)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=8, title="Filled: ours")
    return _figures.write(
        figure, path, "Accuracy, log loss, objective and time of every contestant"
    )


def _draw(ax, records, problems, key):
    """Draw one quantity, the dots of a data set one below the other in the order of the legend."""
    names = list(dict.fromkeys(record["contestant"] for record in records))
    rows = np.arange(len(problems))
    for i, (name, offset) in enumerate(zip(names, np.linspace(-0.35, 0.35, len(names)))):
        values = {r["problem"]: r[key] for r in records if r["contestant"] == name}
        ax.plot(
            [_position(key, values[problem]) for problem in problems],
            rows + offset,
            linestyle="none",
            marker=_MARKERS[i % len(_MARKERS)],
            fillstyle="none" if name.startswith("sk-") else "full",
            color=plt.get_cmap("tab20").colors[i % 20],
            label=name,
        )


def _position(key, value):
    """Return the position of a value on the axis, NaN for None."""
    if value is None:
        return np.nan
    return max(value, MIN_EXCESS) if key == "excess" else value


def _name_rows(axes, problems):
    """Label the rows with the data sets, the first at the top, and separate them by lines."""
    axes[0].set_yticks(range(len(problems)), problems)
    axes[0].set_ylim(len(problems) - 0.5, -0.5)
    for ax in axes:
        for row in range(1, len(problems)):
            ax.axhline(row - 0.5, color="0.8", linewidth=0.5)
