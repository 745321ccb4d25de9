"""What the table says of the defaults: data sets on which ours are not yet good enough."""

from statistics import median

# Accuracy in points, objective above the optimum where that is not nearly zero, ratio of times.
LEAST_POINTS, MOST_EXCESS, LEAST_OPTIMUM, MOST_TIME = -1.0, 0.05, 0.01, 3.0
LINEAR = {"softmax-auto": "sk-logistic", "logistic-auto": "sk-ovr"}
NET, SKLEARN_NET = "net-auto", "sk-net"


def goals(records, problems):
    """One line for each goal, with the data sets that miss it.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    problems : dict of str to Problem

    Returns
    -------
    lines : list of str
        Only of contestants that took part.
    """
    table = {(record["contestant"], record["problem"]): record for record in records}
    took_part = {name for name, _ in table}
    lines = []
    for name, reference in LINEAR.items():
        if {name, reference} <= took_part:
            lines += _linear_goals(table, name, reference)
    if {NET, SKLEARN_NET} <= took_part:
        lines.append(_net_accuracy(table, problems))
    for name in (*LINEAR, NET):
        if name in took_part:
            lines += _failures(table, name)
            lines.append(_median_time(table, name, problems))
    return lines


def _linear_goals(table, name, reference):
    """Accuracy, objective and time of a linear model."""
    ours = _of(table, name)
    points = {
        problem: _points(record, table[reference, problem]["accuracy"])
        for problem, record in ours.items()
    }
    excesses = {
        problem: record["excess"]
        for problem, record in ours.items()
        if record["optimum"] is not None and record["optimum"] > LEAST_OPTIMUM
    }
    times = {problem: record["time_ratio"] for problem, record in ours.items()}
    return [
        _line(
            f"{name}: more than {-LEAST_POINTS:g} point below {reference}",
            {p: f"{v:+.1f}" for p, v in points.items() if v is not None and v < LEAST_POINTS},
        ),
        _line(
            f"{name}: objective more than {MOST_EXCESS:.0%} above an optimum over {LEAST_OPTIMUM}",
            {p: f"{v:+.0%}" for p, v in excesses.items() if v > MOST_EXCESS},
        ),
        _line(
            f"{name}: more than {MOST_TIME:g} times the time",
            {p: f"x {v:.1f}" for p, v in times.items() if v is not None and v > MOST_TIME},
        ),
    ]


def _net_accuracy(table, problems):
    """Accuracy of our net, beside the better of theirs with and without scaling."""
    best = {}
    for problem, record in _of(table, SKLEARN_NET).items():
        raw_name = problems[problem].raw_name
        if record["accuracy"] is not None:
            best[raw_name] = max(record["accuracy"], best.get(raw_name, 0.0))
    points = {
        problem: _points(record, best.get(problems[problem].raw_name))
        for problem, record in _of(table, NET).items()
    }
    return _line(
        f"{NET}: more than {-LEAST_POINTS:g} point below the better of {SKLEARN_NET} on raw and "
        "on scaled data",
        {p: f"{v:+.1f}" for p, v in points.items() if v is not None and v < LEAST_POINTS},
    )


def _failures(table, name):
    """A line where fits failed."""
    failed = [problem for problem, record in _of(table, name).items() if record["error"]]
    return [f"{name}: failed on {len(failed)} data sets: {', '.join(failed)}"] if failed else []


def _median_time(table, name, problems):
    """Median ratio of times on data that are not scaled."""
    ratios = [
        record["time_ratio"]
        for problem, record in _of(table, name).items()
        if problems[problem].scaler is None and record["time_ratio"] is not None
    ]
    measured = f"{median(ratios):.2f}" if ratios else "not measured"
    return f"{name}: median ratio of times on raw data: {measured}"


def _of(table, name):
    """Records of a contestant by problem."""
    return {problem: record for (who, problem), record in table.items() if who == name}


def _points(record, accuracy):
    """Accuracy above another one, in points; None without both."""
    if record["accuracy"] is None or accuracy is None:
        return None
    return 100 * (record["accuracy"] - accuracy)


def _line(goal, missed):
    """A goal and the data sets that miss it, with by how much."""
    names = ", ".join(f"{problem} ({amount})" for problem, amount in missed.items())
    return f"{goal}: {len(missed)} data sets" + (f": {names}" if names else "")
