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
    points = {p: _points(r, table[reference, p]["accuracy"]) for p, r in ours.items()}
    excesses = {
        p: r["excess"]
        for p, r in ours.items()
        if r["optimum"] is not None and r["optimum"] > LEAST_OPTIMUM
    }
    times = {p: r["time_ratio"] for p, r in ours.items()}
    above = f"above the optimum, where that is over {LEAST_OPTIMUM}"
    return [
        _missed(f"{name}: more than 1 point below {reference}", points, "{:+.1f}", _is_below),
        _missed(
            f"{name}: objective more than {MOST_EXCESS:.0%} {above}",
            excesses,
            "{:+.0%}",
            lambda excess: excess > MOST_EXCESS,
        ),
        _missed(
            f"{name}: more than {MOST_TIME:g} times the time",
            times,
            "x {:.1f}",
            lambda ratio: ratio > MOST_TIME,
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
    goal = f"{NET}: more than 1 point below the better of {SKLEARN_NET} on raw and on scaled data"
    return _missed(goal, points, "{:+.1f}", _is_below)


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


def _is_below(points):
    """Whether a difference of accuracies counts, rounding aside."""
    return points < LEAST_POINTS - 1e-9


def _missed(goal, values, form, is_missed):
    """A goal, and the data sets that miss it, the values that are None left out."""
    measured = {problem: value for problem, value in values.items() if value is not None}
    missed = [
        f"{problem} ({form.format(value)})"
        for problem, value in measured.items()
        if is_missed(value)
    ]
    line = f"{goal}: {len(missed)} of {len(measured)} data sets"
    return f"{line}: {', '.join(missed)}" if missed else line
