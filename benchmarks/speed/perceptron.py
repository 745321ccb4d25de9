"""Rosenblatt's online rule, compared with scikit-learn's compiled Perceptron."""

import time
from itertools import product

import numpy as np
from sklearn.linear_model import Perceptron

from benchmarks import _arguments, datasets
from benchmarks.speed.timing import print_times
from sklearn_softmax import BinaryPerceptron

EPOCHS = (5, 50)
N_ROWS = 20_000
OURS, SKLEARN = "sklearn_softmax", "scikit-learn"


def add_arguments(parser):
    """Add the options of this table."""
    parser.add_argument(
        "--runs",
        type=_arguments.whole_number(1, 1000),
        default=3,
        metavar="N",
        help="runs of each fit (default %(default)s)",
    )
    parser.add_argument(
        "--data",
        choices=("mnist", "digits"),
        default="mnist",
        help="data set (default %(default)s)",
    )
    parser.add_argument("--data-home", metavar="DIR", help="directory of NAME.npz")


def run(options):
    """Time a perceptron of each class against the rest, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs``, ``data`` and ``data_home``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``library``, ``dtype``, ``shuffle``, ``n_epochs``, ``label`` and
        ``seconds``, the shortest fit.
    """
    try:
        dataset = datasets.load(options.data, options.data_home)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    X, y = dataset.X[:N_ROWS].astype(np.float64), dataset.y[:N_ROWS]
    problem = f"perceptron {dataset.name} {X.shape[0]}x{X.shape[1]}"
    print(f"{problem}, one digit against the rest: ms per fit (x time of {OURS} over that)")
    records = []
    for shuffle, n_epochs in product((False, True), EPOCHS):
        title = f"{'shuffled' if shuffle else 'in order'}  {n_epochs:3d} epochs"
        total = dict.fromkeys((OURS, SKLEARN), 0.0)
        for label in np.unique(y).tolist():
            models = contestants(n_epochs, shuffle)
            seconds = shortest_fits(models, X, y == label, options.runs)
            if not shuffle:
                check_equal_weights(models)
            print_times(f"{title}  digit {label}", seconds, OURS)
            for library, shortest in seconds.items():
                total[library] += shortest
                records.append(
                    {
                        "problem": problem,
                        "library": library,
                        "dtype": X.dtype.name,
                        "shuffle": shuffle,
                        "n_epochs": n_epochs,
                        "label": label,
                        "seconds": shortest,
                    }
                )
        print_times(f"{title}  in total", total, OURS)
    return records


def contestants(n_epochs, shuffle):
    """Return estimators of the same rule by library; unshuffled, they learn the same weights."""
    plain = {"tol": None, "average": False}
    return {
        OURS: BinaryPerceptron(n_epochs=n_epochs, shuffle=shuffle, random_state=0, **plain),
        SKLEARN: Perceptron(max_iter=n_epochs, tol=None, shuffle=shuffle, random_state=0),
    }


def shortest_fits(models, X, y, n_runs):
    """Return the seconds of the shortest fit of each model, fitted in turn.

    Parameters
    ----------
    models : dict of str to estimator
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    n_runs : int

    Returns
    -------
    seconds : dict of str to float
    """
    seconds = dict.fromkeys(models, float("inf"))
    for _ in range(n_runs):
        for library, model in models.items():
            start = time.perf_counter()
            model.fit(X, y)
            seconds[library] = min(seconds[library], time.perf_counter() - start)
    return seconds


def check_equal_weights(models):
    """Raise RuntimeError if the weights of two fitted models differ in any bit."""
    if not np.array_equal(*(model.coef_ for model in models.values())):
        raise RuntimeError("The libraries found different weights: their times are incomparable.")
