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


def epoch_seconds(contestants, n_runs):
    """Seconds of every epoch of each contestant but the first of a run, all of them run in turn.

    Running them in turn lets a busy time of the machine hit all alike.

    Parameters
    ----------
    contestants : dict of str to callable
        By name; each trains a few epochs of the same problem and notes their ends on
        the :class:`Stopwatch` it is given.
    n_runs : int
        Runs of each.

    Returns
    -------
    seconds : dict of str to ndarray of shape (n_runs * (n_epochs - 1),)
    """
    seconds = {name: [] for name in contestants}
    for _ in range(n_runs):
        for name, train in contestants.items():
            stopwatch = Stopwatch()
            train(stopwatch)
            seconds[name].append(np.diff(stopwatch.times))
    return {name: np.concatenate(runs) for name, runs in seconds.items()}


def shortest_epochs(contestants, n_runs):
    """Shortest epoch of each contestant: the one that other work of the machine disturbed least.

    Parameters
    ----------
    contestants : dict of str to callable
    n_runs : int
        As for :func:`epoch_seconds`.

    Returns
    -------
    seconds : dict of str to float
    """
    return {
        name: float(epochs.min()) for name, epochs in epoch_seconds(contestants, n_runs).items()
    }
