"""What it costs to cut stacks of models into more tasks, for more workers."""

from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median

import numpy as np
from joblib import parallel_config
from joblib.parallel import ParallelBackendBase
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid
from threadpoolctl import threadpool_limits

from benchmarks import datasets
from benchmarks.reports import softmax
from benchmarks.speed.search.contest import (
    N_FOLDS,
    SameScores,
    best_score,
    fit_seconds,
    heading,
    new_cv,
    print_row,
)
from benchmarks.speed.search.grids import shortened
from benchmarks.speed.stack import THREADS
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression

WHOLE, CUT = "whole", "cut"
N_WORKERS, N_RUNS = 16, 3


class OneByOne(ParallelBackendBase):
    """A backend of joblib that has many workers by its word, and does all work itself.

    Parameters
    ----------
    n_workers : int, default=16
        Workers that it says it has.
    nesting_level : int, default=None
        As in joblib.
    """

    supports_sharedmem = True

    def __init__(self, n_workers=N_WORKERS, nesting_level=None):
        super().__init__(nesting_level=nesting_level)
        self.n_workers = n_workers

    def effective_n_jobs(self, n_jobs):
        """Number of workers, whatever is asked for."""
        return self.n_workers

    def submit(self, func, callback=None):
        """Do the work at once."""
        result = func()
        callback(result)
        return result

    def retrieve_result(self, out, timeout=None):
        """What the work gave."""
        return out


@dataclass(frozen=True)
class Cuts:
    """A fused search as one process plans it, and as it is cut for many workers.

    Parameters
    ----------
    name : str
    X, y : ndarray
    search : FusedGridSearchCV
        Not fitted.
    n_runs : int
        Searches of each, of which the median time counts.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    search: FusedGridSearchCV
    n_runs: int

    def run(self, options):
        """Time the work of both, done by this process, and print a row for each use of the BLAS.

        Parameters
        ----------
        options : argparse.Namespace
            Of no effect.

        Returns
        -------
        records : list of dict
        """
        print(heading(self.name, self.X, self._size(), self._measured()))
        records = []
        for label, n_threads in THREADS.items():
            with threadpool_limits(n_threads):
                seconds, fitted = self.work_times()
            print_row(label, seconds)
            records += [
                {
                    "problem": self.name,
                    "contestant": contestant,
                    "n_threads": n_threads,
                    "seconds": elapsed,
                    "best_score": best_score(fitted[contestant]),
                }
                for contestant, elapsed in seconds.items()
            ]
        return records

    def plans(self):
        """The plan of each contestant."""
        plans = {}
        for contestant, context in CONTEXTS.items():
            with context():
                plans[contestant] = self.search.plan(self.X, self.y)
        return plans

    def work_times(self):
        """Time the work of each contestant, in turn.

        Returns
        -------
        seconds : dict of str to float
        fitted : dict of str to FusedGridSearchCV

        Raises
        ------
        RuntimeError
            If they find different scores.
        """
        seconds, fitted = defaultdict(list), {}
        for _ in range(self.n_runs):
            for contestant, context in CONTEXTS.items():
                fitted[contestant] = clone(self.search)
                with context():
                    seconds[contestant].append(fit_seconds(fitted[contestant], self.X, self.y))
        SameScores((WHOLE, CUT))(fitted)
        return {name: median(times) for name, times in seconds.items()}, fitted

    def _size(self):
        grid = self.search.param_grid
        n, most_epochs = len(ParameterGrid(grid)), max(grid["n_epochs"])
        return f"{n} configurations x {N_FOLDS} folds, up to {most_epochs} epochs"

    def _measured(self):
        plans = self.plans()
        return (
            f"seconds of all work in one process (x time of {WHOLE}); {plans[WHOLE].n_runs} tasks, "
            f"cut to {plans[CUT].n_runs} for {N_WORKERS} workers, planned as x "
            f"{plans[CUT].more_work:.2f}"
        )


def many_workers():
    """A context in which joblib takes this process for many workers, from the call on."""
    return parallel_config(OneByOne(), n_jobs=N_WORKERS)


# What each contestant's search runs in.
CONTEXTS = {WHOLE: nullcontext, CUT: many_workers}


def softmax_cut(options):
    """The 54 configurations with a tenth of their epochs, as it is and cut."""
    dataset = datasets.load("mnist", options.data_home)
    X, _, y, _ = softmax.split(dataset, random_state=0)
    grid = shortened(softmax.PARAM_GRIDS[dataset.name], quick=True)
    search = FusedGridSearchCV(SoftmaxRegression(random_state=0), grid, cv=new_cv(), refit=False)
    return Cuts(f"softmax cut {dataset.name}", X, y, search, 1 if options.quick else N_RUNS)
