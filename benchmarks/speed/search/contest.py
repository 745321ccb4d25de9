"""Several searches of the same data, timed side by side."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier

FUSED, ONE_BY_ONE, SKLEARN = "fused", "one by one", "scikit-learn"
HALVING = "fused halving"
N_FOLDS = 3
# What scikit-learn calls the parameters of our grids; reg_param is in other units.
SKLEARN_NAMES = {"n_epochs": "max_iter", "lr": "learning_rate_init", "batch_size": "batch_size"}
BATCH_SIZE = 200  # the default of both
# As many epochs as these times the grid's.
QUICK = 0.1


@dataclass(frozen=True)
class Contest:
    """Searches of the same data.

    Parameters
    ----------
    name : str
    X, y : ndarray
    size : str
        How much is searched, to be printed.
    searches : dict of str to search
        By contestant, not fitted; times are compared to that of the first.
    check : callable
        Given the fitted searches, raises RuntimeError where their times compare nothing.
    remark : str, default=""
        What else to tell of the contestants.
    prints_best_scores : bool, default=False
        Whether to print the best score that each of them found.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    size: str
    searches: dict
    check: Callable
    remark: str = ""
    prints_best_scores: bool = False

    def run(self, options):
        """Time all searches, and print a row for each number of processes.

        Parameters
        ----------
        options : argparse.Namespace
            With ``n_jobs``.

        Returns
        -------
        records : list of dict
        """
        first = next(iter(self.searches))
        print(heading(self.name, self.X, self.size, f"seconds (x time of {first}){self.remark}"))
        records = []
        for n_jobs in options.n_jobs:
            seconds, fitted = self.search_times(n_jobs)
            print_row(f"n_jobs {n_jobs}", seconds)
            if self.prints_best_scores:
                print_best_scores(fitted)
            records += [
                {
                    "problem": self.name,
                    "contestant": contestant,
                    "n_jobs": n_jobs,
                    "seconds": elapsed,
                    "best_score": best_score(fitted[contestant]),
                }
                for contestant, elapsed in seconds.items()
            ]
        return records

    def search_times(self, n_jobs):
        """Time each contestant's search.

        Parameters
        ----------
        n_jobs : int

        Returns
        -------
        seconds : dict of str to float
        fitted : dict of str to search

        Raises
        ------
        RuntimeError
            If their times compare nothing.
        """
        fitted = {
            contestant: clone(search).set_params(n_jobs=n_jobs)
            for contestant, search in self.searches.items()
        }
        seconds = {
            contestant: fit_seconds(search, self.X, self.y) for contestant, search in fitted.items()
        }
        self.check(fitted)
        return seconds, fitted


def fit_seconds(search, X, y):
    """Fit a search, and tell how long it takes."""
    with warnings.catch_warnings():
        # scikit-learn's net complains of every fit that its tolerance does not end.
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        search.fit(X, y)
        return time.perf_counter() - start


def heading(name, X, size, measured):
    """The line above the rows of a problem."""
    return f"{name} {X.shape[0]}x{X.shape[1]} {X.dtype}, {size}: {measured}"


def print_row(label, seconds):
    """Print seconds of each contestant, and their ratio to those of the first."""
    first = next(iter(seconds.values()))
    cells = [
        f"{name} {elapsed:8.1f} (x {elapsed / first:.2f})" for name, elapsed in seconds.items()
    ]
    print(f"{label}  " + "  ".join(cells), flush=True)


def print_best_scores(fitted):
    """Print the best score that each contestant found."""
    cells = [f"{name} {best_score(search):.4f}" for name, search in fitted.items()]
    print("best scores  " + "  ".join(cells), flush=True)


def best_score(search):
    """Mean score of the best configuration of a fitted search."""
    return float(search.best_score_)


@dataclass(frozen=True)
class SameScores:
    """Checks that two searches give each configuration the same score.

    Parameters
    ----------
    contestants : tuple of (str, str)
    most_difference : float, default=1e-3
        Of the scores of a configuration, by rounding.
    """

    contestants: tuple
    most_difference: float = 1e-3

    def __call__(self, fitted):
        """Raise RuntimeError where these fitted searches give other scores."""
        a, b = (fitted[name].cv_results_["mean_test_score"] for name in self.contestants)
        if not np.max(np.abs(a - b)) <= self.most_difference:
            raise RuntimeError("The searches found different scores: their times compare nothing.")


@dataclass(frozen=True)
class SameBestScore:
    """Checks that two searches find configurations that are equally good.

    Parameters
    ----------
    contestants : tuple of (str, str)
    most_difference : float, default=0.002
        Of their best scores.
    """

    contestants: tuple
    most_difference: float = 0.002

    def __call__(self, fitted):
        """Raise RuntimeError where these fitted searches found unequal ones."""
        a, b = (best_score(fitted[name]) for name in self.contestants)
        if not abs(a - b) <= self.most_difference:
            raise RuntimeError(
                f"The best scores differ, {a:.4f} and {b:.4f}: the times compare nothing."
            )


def new_cv():
    """The folds of every search."""
    return StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)


def sklearn_softmax(most_epochs):
    """scikit-learn's net without a hidden layer, trained by gradient descent."""
    return never_stopping(MLPClassifier(hidden_layer_sizes=(), solver="sgd"), most_epochs)


def never_stopping(net, most_epochs):
    """scikit-learn's net, set to run as many epochs as ours."""
    never_stops = {"tol": 0, "n_iter_no_change": most_epochs + 1, "momentum": 0.0}
    return net.set_params(**never_stops, random_state=0)


def sklearn_grid(grid, n_samples):
    """Return the same grid in the names and units of scikit-learn's net.

    Parameters
    ----------
    grid : dict of str to list
        Values of our parameters.
    n_samples : int
        Rows of the data, of which all folds but one train.

    Returns
    -------
    grids : list of dict
        One per batch size: the net divides ``alpha`` by the rows of a batch, so that ``alpha``
        depends on it.
    """
    grid, n_train = dict(grid), n_samples * (N_FOLDS - 1) / N_FOLDS
    penalties, batch_sizes = grid.pop("reg_param", [0.0]), grid.pop("batch_size", [BATCH_SIZE])
    common = {SKLEARN_NAMES[name]: values for name, values in grid.items()}
    return [
        {
            **common,
            "batch_size": [batch_size],
            "alpha": [reg_param * min(1, batch_size / n_train) for reg_param in penalties],
        }
        for batch_size in batch_sizes
    ]


def sklearn_remark(Search, net):
    """What scikit-learn's contestant is."""
    return (
        f"; {SKLEARN} is {Search.__name__} over "
        f"MLPClassifier(hidden_layer_sizes={net.hidden_layer_sizes})"
    )
