"""The table as Markdown."""

from benchmarks.reports import _markdown
from benchmarks.speed.defaults.contestants import CONTESTANTS
from benchmarks.speed.defaults.goals import goals


def blocks(records, problems, notes, description):
    """Blocks of the Markdown file: tables, notes and goals.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    problems : dict of str to Problem
    notes : list of str
        On data sets that were left out.
    description : str
        How it was measured.

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
        "## Training objective above the optimum in %",
        "The penalised objective of all rows, with scikit-learn's penalty; the optimum is found by "
        "L-BFGS on whitened rows. A dash where that is below 0.005.",
        _markdown.table(["Data set", *linear], _rows(records, linear, _excess)),
        "## Time of a fit on all rows in ms",
        "The shortest of several. In brackets the ratio to "
        + "; ".join(f"{CONTESTANTS[r].code} for {', '.join(n)}" for r, n in _references(names))
        + ".",
        _markdown.table(["Data set", *names], _rows(records, names, _time)),
        "## Warnings and errors",
        _list(_warnings(records, names) + _errors(records) + notes),
        "## Goals",
        _list(goals(records, problems)),
    ]


def _rows(records, names, cell):
    """A row for every data set, with a cell for every contestant."""
    cells = {(record["problem"], record["contestant"]): cell(record) for record in records}
    for problem in dict.fromkeys(record["problem"] for record in records):
        yield [problem, *(cells[problem, name] for name in names)]


def _accuracy(record):
    """Percents."""
    return None if record["accuracy"] is None else f"{100 * record['accuracy']:.1f}"


def _excess(record):
    """Percents above the optimum."""
    return None if record["excess"] is None else f"{100 * record['excess']:.2f}"


def _time(record):
    """Milliseconds, and the ratio."""
    if record["seconds"] is None:
        return None
    ratio = "" if record["time_ratio"] is None else f" ({record['time_ratio']:.2f})"
    return f"{1e3 * record['seconds']:.1f}{ratio}"


def _references(names):
    """Each contestant that times are divided by, and those whose times are."""
    references = dict.fromkeys(CONTESTANTS[name].reference for name in names)
    for reference in references:
        yield reference, [name for name in names if CONTESTANTS[name].reference == reference]


def _warnings(records, names):
    """A line for each contestant that warned: how often, of what, on which data."""
    lines = []
    for name in names:
        theirs = [record for record in records if record["contestant"] == name]
        for category in sorted({category for record in theirs for category in record["warnings"]}):
            where = [
                f"{record['problem']} ({record['warnings'][category]} of {record['n_fits']})"
                for record in theirs
                if category in record["warnings"]
            ]
            lines.append(f"{name}: {category} in fits of {', '.join(where)}")
    return lines


def _errors(records):
    """A line for each error of a contestant, with the data sets that it came with."""
    where = {}
    for record in records:
        if record["error"]:
            where.setdefault((record["contestant"], record["error"]), []).append(record["problem"])
    return [f"{name} on {', '.join(data)}: {error}" for (name, error), data in where.items()]


def _list(lines):
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines) if lines else "None."
