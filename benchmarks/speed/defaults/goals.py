"""Goals for our classifiers, and the data sets that miss them."""

from benchmarks.speed.defaults.contestants import CONTESTANTS

DEFAULTS, EXACT = ("softmax", "logistic", "net"), "lbfgs"
# Accuracy in points, ratio of log losses, objective above the optimum relative to it.
MAX_POINTS_BELOW, MAX_LOG_LOSS_RATIO, MAX_EXCESS = 1, 1.1, 1e-8


def goals(records, problems):
    """Return one line per goal, with the raw data sets that miss it.

    Each of our classifiers is compared with its reference in ``CONTESTANTS``.

    Parameters
    ----------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    problems : dict of str to Problem

    Returns
    -------
    lines : list of str
        Without goals of contestants that were not measured.
    """
    records_by_contestant = {name: {} for name in CONTESTANTS}
    for record in records:
        records_by_contestant[record["contestant"]][record["problem"]] = record
    raw = {
        name: {p: r for p, r in group.items() if problems[p].scaler is None}
        for name, group in records_by_contestant.items()
    }
    lines = []
    for name in DEFAULTS:
        reference = CONTESTANTS[name].reference
        if raw[name] and records_by_contestant[reference]:
            lines += _prediction_goals(
                name, raw[name], reference, records_by_contestant[reference], problems
            )
    if raw[EXACT]:
        lines.append(_objective_goal(raw[EXACT]))
        lines += _total_time_goal(raw[EXACT], raw[CONTESTANTS[EXACT].reference])
    return lines


def _prediction_goals(name, ours, reference, theirs, problems):
    """Compare accuracy and log loss with the best of the reference on raw and scaled data."""
    accuracies = _best_values(theirs, problems, "accuracy", max)
    log_losses = _best_values(theirs, problems, "log_loss", min)
    points = {
        problem: None if r["error"] else 100 * (r["accuracy"] - accuracies[problem])
        for problem, r in ours.items()
        if problem in accuracies
    }
    ratios = {
        problem: None if r["error"] else r["log_loss"] / log_losses[problem]
        for problem, r in ours.items()
        if problem in log_losses
    }
    best = f"the better of {reference} on raw and on scaled data"
    return [
        _goal(
            f"{name}: accuracy more than {MAX_POINTS_BELOW} point below {best}",
            points,
            "{:+.1f}",
            lambda value: value < -MAX_POINTS_BELOW - 1e-9,
        ),
        _goal(
            f"{name}: log loss more than {MAX_LOG_LOSS_RATIO} times {best}",
            ratios,
            "x {:.2f}",
            lambda value: value > MAX_LOG_LOSS_RATIO,
        ),
    ]


def _best_values(records, problems, key, choose):
    """Return the better value on raw and scaled data for each raw data set."""
    values = {}
    for problem, record in records.items():
        if record[key] is not None:
            values.setdefault(problems[problem].raw_name, []).append(record[key])
    return {raw_name: choose(group) for raw_name, group in values.items()}


def _objective_goal(ours):
    """Compare objectives with the optima that are not negligible."""
    excesses = {p: r["excess"] for p, r in ours.items() if r["error"] or r["optimum"] is not None}
    return _goal(
        f"{EXACT}: objective more than {MAX_EXCESS:.0e} above the optimum",
        excesses,
        "{:.1e}",
        lambda value: value > MAX_EXCESS,
    )


def _total_time_goal(ours, theirs):
    """Compare the total time over the data sets that both can fit."""
    timed = [p for p, r in ours.items() if r["time_ratio"] is not None]
    if not timed:
        return []
    ratio = sum(ours[p]["seconds"] for p in timed) / sum(theirs[p]["seconds"] for p in timed)
    return [
        f"{EXACT}: {ratio:.2f} times the total time of {CONTESTANTS[EXACT].reference} "
        f"on {len(timed)} data sets; the goal is at most 1"
    ]


def _goal(text, values, form, is_missed):
    """Return a goal with the data sets that miss it; None is a failed fit, which misses it."""
    missed = [
        f"{problem} ({'failed' if value is None else form.format(value)})"
        for problem, value in values.items()
        if value is None or is_missed(value)
    ]
    line = f"{text}: {len(missed)} of {len(values)} data sets"
    return f"{line}: {', '.join(missed)}" if missed else line
