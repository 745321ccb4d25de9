"""Timing several contestants side by side."""

import time

import numpy as np


class Stopwatch:
    """Notes when each epoch ends: a callback by scikit-learn's protocol (1.9 and later).

    Attributes
    ----------
    times : list of float
        Seconds on a clock of no particular start.
    """

    def __init__(self):
        self.times = []

    def note(self):
        """Note that an epoch ended."""
        self.times.append(time.perf_counter())

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Note the end of a task that is an epoch."""
        if context.task_name == "epoch":
            self.note()


def shortest_epochs(contestants, n_runs):
    """Shortest epoch of each contestant, all of them run in turn.

    Running them in turn lets a busy time of the machine hit all alike, and the
    shortest epoch is the one that it disturbed least.

    Parameters
    ----------
    contestants : dict of str to callable
        By name; each trains a few epochs of the same problem and notes their ends on
        the :class:`Stopwatch` it is given.
    n_runs : int
        Runs of each.

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
