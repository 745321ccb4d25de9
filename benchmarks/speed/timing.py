"""Times of the epochs of several contestants."""

import time

import numpy as np


class Stopwatch:
    """Records when each epoch ends: a callback of scikit-learn's protocol (1.9 and later).

    Attributes
    ----------
    times : list of float
        Seconds of a clock.
    """

    def __init__(self):
        self.times = []

    def end_epoch(self):
        """Record the end of an epoch."""
        self.times.append(time.perf_counter())

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Record the end of a task that is an epoch."""
        if context.task_name == "epoch":
            self.end_epoch()


def shortest_epochs(contestants, n_runs):
    """Return the shortest epoch of each contestant, which other processes disturbed least.

    Contestants run in turn, so that a busy time of the machine affects all of them. The first
    epoch of a run is not timed.

    Parameters
    ----------
    contestants : dict of str to callable
        Each trains for a few epochs and records their ends on a :class:`Stopwatch`.
    n_runs : int
        Runs of each contestant.

    Returns
    -------
    seconds : dict of str to float
    """
    seconds = dict.fromkeys(contestants, float("inf"))
    for _ in range(n_runs):
        for name, train in contestants.items():
            stopwatch = Stopwatch()
            train(stopwatch)
            seconds[name] = min(seconds[name], float(np.diff(stopwatch.times).min()))
    return seconds


def print_times(title, seconds, reference):
    """Print milliseconds of each contestant, with the ratio of the reference to it."""
    cells = [
        f"{name} {1e3 * shortest:8.2f} (x {seconds[reference] / shortest:.2f})"
        for name, shortest in seconds.items()
    ]
    print("  ".join([title, *cells]), flush=True)
