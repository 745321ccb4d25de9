"""An epoch of a stack: nine softmax regressions that a fused search trains together."""

import time

import numpy as np
from sklearn.model_selection import PredefinedSplit
from threadpoolctl import threadpool_limits

from benchmarks.speed.fit import N_FEATURES, add_sizes
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression

N_CLASSES, N_TEST_ROWS = 4, 100
BATCH_SIZES = (1000, 5000)
GRID = {"lr": [0.001, 0.003, 0.01], "reg_param": [0, 1, 10]}
# Epochs of a short and of a long search, whose difference is that of epochs alone.
EPOCHS = (2, 12)
# Threads of the BLAS; None for as many as it takes by itself.
THREADS = {"BLAS as it is": None, "one BLAS thread": 1}


def add_arguments(parser):
    """Options of this table."""
    add_sizes(parser, n_runs=5)


def run(options):
    """Time an epoch of the stack, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs`` and ``rows``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``dtype``, ``batch_size``, ``n_threads`` (None for as many as the
        BLAS takes by itself) and ``seconds`` of an epoch.
    """
    n_models = len(GRID["lr"]) * len(GRID["reg_param"])
    problem = f"stack {options.rows}x{N_FEATURES}, {n_models} models x {N_CLASSES} classes"
    print(f"{problem}: ms an epoch of all models")
    X, y, cv = make_data(options.rows)
    records = []
    for batch_size in BATCH_SIZES:
        seconds = epoch_seconds(X, y, cv, batch_size, options.runs)
        cells = [f"{name} {1e3 * epoch:7.2f}" for name, epoch in seconds.items()]
        print(f"{X.dtype}  batch {batch_size:5d}  " + "  ".join(cells), flush=True)
        records += [
            {
                "problem": problem,
                "dtype": X.dtype.name,
                "batch_size": batch_size,
                "n_threads": THREADS[name],
                "seconds": epoch,
            }
            for name, epoch in seconds.items()
        ]
    return records


def make_data(n_rows, n_classes=N_CLASSES):
    """Random pixels, classes, and one split that trains on ``n_rows`` of them."""
    rng = np.random.RandomState(0)
    n = n_rows + N_TEST_ROWS
    X = rng.rand(n, N_FEATURES).astype(np.float32)
    # Rows of fold -1 are trained on; those of fold 0 are few, so that scoring is cheap.
    cv = PredefinedSplit(np.where(np.arange(n) < n_rows, -1, 0))
    return X, np.arange(n) % n_classes, cv


def new_search(cv, batch_size, n_epochs, grid=GRID):
    """A search of which all candidates train together."""
    model = SoftmaxRegression(batch_size=batch_size, n_epochs=n_epochs, random_state=0)
    return FusedGridSearchCV(model, grid, cv=cv, refit=False)


def epoch_seconds(X, y, cv, batch_size, n_runs, grid=GRID):
    """Time an epoch with as many BLAS threads as there are, and with one, in turn.

    Parameters
    ----------
    X, y : ndarray
    cv : PredefinedSplit
    batch_size : int
    n_runs : int
        Runs of each search, of which the shortest counts.
    grid : dict, default=GRID
        Parameters of the models.

    Returns
    -------
    seconds : dict of str to float
    """
    shortest = {(name, n_epochs): np.inf for name in THREADS for n_epochs in EPOCHS}
    for _ in range(n_runs):
        for name, n_epochs in shortest:
            search = new_search(cv, batch_size, n_epochs, grid)
            with threadpool_limits(THREADS[name]):
                start = time.perf_counter()
                search.fit(X, y)
                seconds = time.perf_counter() - start
            shortest[name, n_epochs] = min(shortest[name, n_epochs], seconds)
    few, many = EPOCHS
    return {name: (shortest[name, many] - shortest[name, few]) / (many - few) for name in THREADS}
