"""Rosenblatt's online rule: this package beside scikit-learn's compiled Perceptron."""

import time

import numpy as np
from sklearn.linear_model import Perceptron

from benchmarks import datasets
from sklearn_softmax import BinaryPerceptron

EPOCHS = (5, 50)
N_ROWS = 20_000
OURS, SKLEARN = "sklearn_softmax", "scikit-learn"


def add_arguments(parser):
    """Options of this table."""
    parser.add_argument(
        "--runs", type=int, default=3, choices=range(1, 1001), metavar="N", help="runs of each fit"
    )
    parser.add_argument(
        "--data", choices=("mnist", "digits"), default="mnist", help="data set (default mnist)"
    )
    parser.add_argument("--data-home", metavar="DIR", help="directory of NAME.npz")


def run(options):
    """Time a perceptron for each class against the rest, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs``, ``data`` and ``data_home``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``library``, ``dtype``, ``n_epochs``, ``label`` and ``seconds``, the
        shortest fit.
    """
    try:
        dataset = datasets.load(options.data, options.data_home)
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    X, y = dataset.X[:N_ROWS].astype(np.float64), dataset.y[:N_ROWS]
    size = f"{X.shape[0]}x{X.shape[1]}"
    print(f"perceptron, {dataset.name} {size}, a digit against the rest: ms a fit")
    records = []
    for n_epochs in EPOCHS:
        total = dict.fromkeys((OURS, SKLEARN), 0.0)
        for label in np.unique(y).tolist():
            seconds = shortest_fits(contestants(n_epochs), X, y == label, options.runs)
            print_row(f"{n_epochs:3d} epochs  digit {label}", seconds)
            for library, own in seconds.items():
                total[library] += own
                records.append(
                    {
                        "problem": f"perceptron {dataset.name} {size}",
                        "library": library,
                        "dtype": "float64",
                        "n_epochs": n_epochs,
                        "label": label,
                        "seconds": own,
                    }
                )
        print_row(f"{n_epochs:3d} epochs  in total", total)
    return records


def contestants(n_epochs):
    """Estimators that learn the same weights, by library."""
    return {
        OURS: BinaryPerceptron(n_epochs=n_epochs, shuffle=False),
        SKLEARN: Perceptron(max_iter=n_epochs, tol=None, shuffle=False),
    }


def shortest_fits(models, X, y, n_runs):
    """Shortest fit of each model, all of them run in turn.

    Parameters
    ----------
    models : dict of str to estimator
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    n_runs : int

    Returns
    -------
    seconds : dict of str to float

    Raises
    ------
    RuntimeError
        If the weights differ in any bit.
    """
    seconds = dict.fromkeys(models, float("inf"))
    for _ in range(n_runs):
        for library, model in models.items():
            start = time.perf_counter()
            model.fit(X, y)
            seconds[library] = min(seconds[library], time.perf_counter() - start)
    if not np.array_equal(*(model.coef_ for model in models.values())):
        raise RuntimeError("The libraries found different weights: their times compare nothing.")
    return seconds


def print_row(title, seconds):
    """Print the times of one problem, each with the ratio of ours to it."""
    cells = [
        f"{library} {1e3 * own:8.1f} (x {seconds[OURS] / own:.2f})"
        for library, own in seconds.items()
    ]
    print(f"{title}  " + "  ".join(cells), flush=True)
