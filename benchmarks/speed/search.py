"""A grid search: ours fused, scikit-learn's over its net, and ours one by one."""

import time
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, ParameterGrid, StratifiedKFold
from sklearn.neural_network import MLPClassifier

from benchmarks import datasets
from benchmarks.reports import softmax
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression, TwoLayerMLPClassifier

FUSED, ONE_BY_ONE, SKLEARN = "fused", "one by one", "scikit-learn"
N_FOLDS = 3
# What scikit-learn calls the parameters of our grids.
SKLEARN_NAMES = {
    "n_epochs": "max_iter",
    "lr": "learning_rate_init",
    "batch_size": "batch_size",
    "reg_param": "alpha",
}
NET_GRID = {"lr": [0.01, 0.003, 0.001], "reg_param": [0, 1, 10], "n_epochs": [5, 10, 20]}
# As many epochs as these times the grid's.
QUICK = 0.1


@dataclass(frozen=True)
class Problem:
    """A grid to be searched by several contestants.

    Parameters
    ----------
    name : str
    X, y : ndarray
    contestants : dict of str to tuple of (search class, estimator, param_grid)
    most_difference : float, default=1e-3
        Of the scores of the same configuration fused and alone, by rounding.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    contestants: dict
    most_difference: float = 1e-3


def add_arguments(parser):
    """Options of this table."""
    parser.add_argument("--data-home", metavar="DIR", help="directory of mnist.npz")
    parser.add_argument(
        "--quick", action="store_true", help=f"take {QUICK:g} times the epochs: a few minutes"
    )
    parser.add_argument(
        "--problem", choices=PROBLEMS, help="one of the problems (default: all, one by one)"
    )
    parser.add_argument(
        "--n-jobs",
        type=int,
        nargs="+",
        default=[1, 2],
        metavar="N",
        help="numbers of processes to search with (default 1 2)",
    )


def run(options):
    """Time all searches, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``data_home``, ``quick``, ``problem`` and ``n_jobs``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``n_jobs`` and ``seconds``.
    """
    records = []
    for name in [options.problem] if options.problem else PROBLEMS:
        try:
            problem = PROBLEMS[name](options)
        except (OSError, ValueError) as error:
            raise SystemExit(f"error: {error}") from error
        _, _, grid = problem.contestants[FUSED]
        _, net, _ = problem.contestants[SKLEARN]
        print(
            f"{problem.name} {problem.X.shape[0]}x{problem.X.shape[1]} {problem.X.dtype}, "
            f"{len(ParameterGrid(grid))} configurations x {N_FOLDS} folds: "
            f"seconds (x time of {FUSED}); {SKLEARN} is GridSearchCV over "
            f"MLPClassifier(hidden_layer_sizes={net.hidden_layer_sizes})"
        )
        for n_jobs in options.n_jobs:
            seconds = search_times(problem, n_jobs)
            cells = [
                f"{contestant} {elapsed:8.1f} (x {elapsed / seconds[FUSED]:.2f})"
                for contestant, elapsed in seconds.items()
            ]
            print(f"n_jobs {n_jobs}  " + "  ".join(cells), flush=True)
            records += [
                {
                    "problem": problem.name,
                    "contestant": contestant,
                    "n_jobs": n_jobs,
                    "seconds": elapsed,
                }
                for contestant, elapsed in seconds.items()
            ]
    return records


def search_times(problem, n_jobs):
    """Time each contestant's search.

    Parameters
    ----------
    problem : Problem
    n_jobs : int

    Returns
    -------
    seconds : dict of str to float

    Raises
    ------
    RuntimeError
        If fused and one by one score differently.
    """
    seconds, scores = {}, {}
    for contestant, (Search, estimator, grid) in problem.contestants.items():
        cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
        search = Search(estimator, grid, cv=cv, n_jobs=n_jobs, refit=False)
        with warnings.catch_warnings():
            # scikit-learn's net complains of every fit that its tolerance does not end.
            warnings.simplefilter("ignore", ConvergenceWarning)
            start = time.perf_counter()
            search.fit(problem.X, problem.y)
            seconds[contestant] = time.perf_counter() - start
        scores[contestant] = search.cv_results_["mean_test_score"]
    if np.max(np.abs(scores[FUSED] - scores[ONE_BY_ONE])) > problem.most_difference:
        raise RuntimeError("The searches found different scores: their times compare nothing.")
    return seconds


def _softmax_mnist(options):
    """Softmax regression, the 54 configurations of the report, in single precision."""
    return _softmax_problem(datasets.load("mnist", options.data_home), options.quick)


def _softmax_digits(options):
    """The same on the small digits that scikit-learn bundles."""
    return _softmax_problem(datasets.load("digits"), options.quick)


def _softmax_problem(dataset, quick):
    grid = _shortened(softmax.PARAM_GRIDS[dataset.name], quick)
    X, _, y, _ = softmax.split(dataset, random_state=0)
    ours = SoftmaxRegression(random_state=0)
    contestants = _contestants(ours, MLPClassifier(hidden_layer_sizes=(), solver="sgd"), grid)
    return Problem(f"softmax {dataset.name}", X, y, contestants)


def _net_mnist(options):
    """A net of 784-64-10 units, a grid of 3 x 3 and three numbers of epochs."""
    dataset = datasets.load("mnist", options.data_home)
    rows = slice(0, 5_000 if options.quick else 20_000)
    ours = TwoLayerMLPClassifier(hidden_size=64, random_state=0)
    contestants = _contestants(ours, MLPClassifier(hidden_layer_sizes=64), NET_GRID)
    # Rounding in single precision grows with the steps of a net.
    return Problem(f"net {dataset.name}", dataset.X[rows], dataset.y[rows], contestants, 0.01)


PROBLEMS = {"mnist": _softmax_mnist, "digits": _softmax_digits, "net": _net_mnist}


def _shortened(grid, quick):
    factor = QUICK if quick else 1
    return {**grid, "n_epochs": [round(factor * n_epochs) for n_epochs in grid["n_epochs"]]}


def _contestants(ours, sklearn_net, grid):
    # No tolerance: scikit-learn is to run as many epochs as we do.
    never_stops = {"tol": 0, "n_iter_no_change": max(grid["n_epochs"]) + 1, "momentum": 0.0}
    sklearn_net.set_params(**never_stops, random_state=0)
    sklearn_grid = {SKLEARN_NAMES[name]: values for name, values in grid.items()}
    return {
        FUSED: (FusedGridSearchCV, ours, grid),
        SKLEARN: (GridSearchCV, sklearn_net, sklearn_grid),
        ONE_BY_ONE: (GridSearchCV, ours, grid),
    }
