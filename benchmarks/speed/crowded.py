"""One epoch of training while other processes keep all cores busy, beside the quiet time."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import _arguments
from benchmarks.speed import libraries
from benchmarks.speed.fit import (
    DTYPES,
    LR,
    N_CLASSES,
    N_FEATURES,
    NET_LR,
    OURS,
    SKLEARN,
    TORCH,
    add_sizes,
    make_data,
)
from benchmarks.speed.timing import epoch_seconds
from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier

BATCH_SIZE = 200
ONE_THREAD = f"{OURS}, one BLAS thread"
# Units of the hidden layer; None for softmax regression.
MODELS = {"softmax": None, "net": 64}
# Says that it runs, and ends by itself should this process be killed.
BUSY_PROGRAM = """
import os
parent = os.getppid()
print("busy", flush=True)
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


def add_arguments(parser):
    """Options of this table."""
    add_sizes(parser, n_runs=3)
    n_cores = joblib.cpu_count()
    parser.add_argument(
        "--busy",
        type=_arguments.whole_number(1, 1000),
        default=n_cores,
        metavar="N",
        help=f"busy processes (default {n_cores}, the number of cores)",
    )


def run(options):
    """Time all problems on the quiet and on the crowded machine, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs``, ``rows`` and ``busy``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``dtype``, ``batch_size``, ``n_busy``, and the
        seconds ``quiet_shortest``, ``quiet_median``, ``crowded_shortest`` and
        ``crowded_median`` of an epoch.
    """
    libraries.check_libraries()
    print(f"median ms an epoch, quiet -> beside {options.busy} busy processes (x quiet time)")
    records = []
    for model, hidden_size in MODELS.items():
        sizes = options.rows, N_FEATURES, hidden_size, N_CLASSES
        problem = f"{model} " + "x".join(str(size) for size in sizes if size is not None)
        for dtype in DTYPES:
            X, y = make_data(options.rows, dtype)
            times = quiet_and_crowded(contestants(X, y, hidden_size), options.runs, options.busy)
            print_row(f"{problem} {np.dtype(dtype).name}  batch {BATCH_SIZE}", times)
            records += [
                {
                    "problem": problem,
                    "contestant": name,
                    "dtype": np.dtype(dtype).name,
                    "batch_size": BATCH_SIZE,
                    "n_busy": options.busy,
                    **figures,
                }
                for name, figures in times.items()
            ]
    return records


def contestants(X, y, hidden_size):
    """Functions that train softmax regression or, with a hidden size, a net, by library."""
    if hidden_size is None:
        model = SoftmaxRegression(lr=LR, batch_size=BATCH_SIZE, random_state=0)
    else:
        model = TwoLayerMLPClassifier(
            hidden_size=hidden_size, lr=NET_LR, batch_size=BATCH_SIZE, random_state=0
        )
    problem = X, y, N_CLASSES, hidden_size, model.lr, BATCH_SIZE
    ours = libraries.our_epochs(model, X, y)
    functions = {
        OURS: ours,
        ONE_THREAD: on_one_blas_thread(ours),
        SKLEARN: libraries.sklearn_net_epochs(*problem),
    }
    if libraries.has_torch():
        functions[TORCH] = libraries.torch_epochs(*problem)
    return functions


def on_one_blas_thread(train):
    """The same training, with the threads of the BLAS limited to one."""

    def limited(stopwatch):
        with threadpool_limits(1, user_api="blas"):
            train(stopwatch)

    return limited


def quiet_and_crowded(contestants, n_runs, n_busy):
    """Time each contestant's epochs without and with busy processes, in turn.

    Parameters
    ----------
    contestants : dict of str to callable
        As for :func:`~benchmarks.speed.timing.epoch_seconds`.
    n_runs : int
        Runs of each, quiet and crowded.
    n_busy : int
        Busy processes.

    Returns
    -------
    times : dict of str to dict
        By contestant, the shortest and the median epoch in seconds: ``quiet_shortest``,
        ``quiet_median``, ``crowded_shortest``, ``crowded_median``.
    """
    quiet, crowded = [], []
    for _ in range(n_runs):
        quiet.append(epoch_seconds(contestants, 1))
        with busy_processes(n_busy):
            crowded.append(epoch_seconds(contestants, 1))
    return {
        name: {
            f"{load}_{figure}": float(of([run[name] for run in runs]))
            for load, runs in (("quiet", quiet), ("crowded", crowded))
            for figure, of in (("shortest", np.min), ("median", np.median))
        }
        for name in contestants
    }


@contextmanager
def busy_processes(n):
    """Keep n processes computing, which are killed in the end, whatever happens.

    Parameters
    ----------
    n : int

    Yields
    ------
    processes : list of subprocess.Popen
        All of them already at it.
    """
    with ExitStack() as stack:
        processes = [_busy_process(stack) for _ in range(n)]
        for process in processes:
            process.stdout.readline()
        yield processes


def _busy_process(stack):
    """A busy process that the end of the stack kills, then waits for."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY_PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


def print_row(title, times):
    """Print the median quiet and crowded times of some contestants, and their ratio."""
    cells = [
        f"{name} {1e3 * t['quiet_median']:7.2f} -> {1e3 * t['crowded_median']:7.2f} "
        f"(x {t['crowded_median'] / t['quiet_median']:.2f})"
        for name, t in times.items()
    ]
    print(f"{title}  " + "  ".join(cells), flush=True)
