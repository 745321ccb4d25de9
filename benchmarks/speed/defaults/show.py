"""The table as Markdown."""

from benchmarks.reports import _markdown
from benchmarks.speed.defaults.contestants import CONTESTANTS
from benchmarks.speed.defaults.goals import goals


def blocks(records, problems, notes, description):
    """Return the blocks of the Markdown file: tables, notes and goals.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    problems : dict of str to Problem
    notes : list of str
        Notes on data sets that were omitted.
    description : str
        Method and machine.

    Returns
    -------
    blocks : list of str
    """
    names = list(dict.fromkeys(record["contestant"] for record in records))
    codes = [[name, f"`{CONTESTANTS[name].code}`"] for name in names]
    linear = [name for name in names if CONTESTANTS[name].has_optimum]
    return [
        "# Classifiers with default parameters",
        description,
        _markdown.table(["Contestant", "Call for three classes"], codes),
        "## Accuracy in %",
        _markdown.table(["Data set", *names], _rows(records, names, _accuracy)),
        "## Log loss",
        "On held-out rows. A dash for classifiers without probabilities.",
        _markdown.table(["Data set", *names], _rows(records, names, _log_loss)),
        "## Relative excess over the optimal objective",
        "Training objective on all rows with scikit-learn's penalty, divided by its optimum, "
        "minus 1. The optimum is found by L-BFGS on whitened rows. A dash if it is below 0.005.",
        _markdown.table(["Data set", *linear], _rows(records, linear, _excess)),
        "## Time of a fit on all rows in ms",
        "The shortest of several. In brackets: the ratio to "
        + "; ".join(f"{CONTESTANTS[r].code} for {', '.join(n)}" for r, n in _references(names))
        + ".",
        _markdown.table(["Data set", *names], _rows(records, names, _time)),
        "## Warnings and errors",
        _list(_warnings(records, names) + _errors(records) + notes),
        "## Goals",
        _list(goals(records, problems)),
    ]


def _rows(records, names, cell):
    """Yield one row per data set, with one cell per contestant."""
    cells = {(record["problem"], record["contestant"]): cell(record) for record in records}
    for problem in dict.fromkeys(record["problem"] for record in records):
        yield [problem, *(cells[problem, name] for name in names)]


def _accuracy(record):
    """Return the accuracy in percent."""
    return None if record["accuracy"] is None else f"{100 * record['accuracy']:.1f}"


def _log_loss(record):
    """Return the log loss with three decimals."""
    return None if record["log_loss"] is None else f"{record['log_loss']:.3f}"


def _excess(record):
    """Return the relative excess, which spans many orders of magnitude."""
    return None if record["excess"] is None else f"{record['excess']:.1e}"


def _time(record):
    """Return the milliseconds with the ratio in brackets."""
    if record["seconds"] is None:
        return None
    ratio = "" if record["time_ratio"] is None else f" ({record['time_ratio']:.2f})"
    return f"{1e3 * record['seconds']:.1f}{ratio}"


def _references(names):
    """Yield each reference with the contestants that are compared with it."""
    references = dict.fromkeys(CONTESTANTS[name].reference for name in names)
    for reference in references:
        yield reference, [name for name in names if CONTESTANTS[name].reference == reference]


def _warnings(records, names):
    """Return one line per contestant and warning, with the data sets and the number of fits."""
    lines = []
    for name in names:
        group = [record for record in records if record["contestant"] == name]
        for category in sorted({category for record in group for category in record["warnings"]}):
            data_sets = [
                f"{record['problem']} ({record['warnings'][category]} of {record['n_fits']})"
                for record in group
                if category in record["warnings"]
            ]
            lines.append(f"{name}: {category} in fits of {', '.join(data_sets)}")
    return lines


def _errors(records):
    """Return one line per contestant and error, with the data sets."""
    data_sets = {}
    for record in records:
        if record["error"]:
            data_sets.setdefault((record["contestant"], record["error"]), []).append(
                record["problem"]
            )
    return [f"{name} on {', '.join(data)}: {error}" for (name, error), data in data_sets.items()]


def _list(lines):
    """Return a Markdown list."""
    return "\n".join(f"- {line}" for line in lines) if lines else "None."
