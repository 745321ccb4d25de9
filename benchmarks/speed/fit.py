"""One epoch of training: this package, the bare NumPy loop, scikit-learn, PyTorch if installed."""

from itertools import product

import numpy as np

from benchmarks import _arguments
from benchmarks.speed import libraries
from benchmarks.speed.timing import shortest_epochs
from sklearn_softmax import GDLogisticRegression, SoftmaxRegression, TwoLayerMLPClassifier

N_ROWS, N_FEATURES, N_CLASSES = 20_000, 784, 10
LEAST_ROWS = 60  # all classes are among them
LR, NET_LR = 0.01, 1e-3
BATCH_SIZES = (32, 200, 1000)
HIDDEN_SIZES = (64, 256)
DTYPES = (np.float32, np.float64)
OURS, SKLEARN, TORCH = "sklearn_softmax", "scikit-learn", "torch"
# Plain NumPy: the bare loop, and one that records each epoch's loss and accuracy as we do.
FLOOR, RECORDED = "numpy floor", "numpy, recorded"


def add_arguments(parser):
    """Options of this table."""
    add_sizes(parser, n_runs=8)
    parser.add_argument(
        "--model", choices=MODELS, help="one of the models (default: all, one after the other)"
    )


def add_sizes(parser, n_runs):
    """Options for the number of runs and of rows."""
    parser.add_argument(
        "--runs",
        type=_arguments.whole_number(1, 1000),
        default=n_runs,
        metavar="N",
        help=f"runs of each (default {n_runs})",
    )
    parser.add_argument(
        "--rows",
        type=_arguments.whole_number(LEAST_ROWS),
        default=N_ROWS,
        metavar="N",
        help=f"rows (default {N_ROWS})",
    )


def run(options):
    """Time all problems and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs``, ``rows`` and ``model``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``dtype``, ``batch_size`` and ``seconds``, the
        shortest epoch.
    """
    libraries.check_libraries()
    names = [options.model] if options.model else list(MODELS)
    return [record for name in names for record in MODELS[name](options)]


def _softmax(options):
    """Softmax regression by every library."""
    problem = f"softmax {options.rows}x{N_FEATURES}x{N_CLASSES}"
    records = _table(options, problem, OURS, softmax_contestants)
    print_means(records)
    return records


def _logistic(options):
    """Logistic regression of one class against the rest, and of all classes in one pass."""
    problem = f"logistic {options.rows}x{N_FEATURES}"
    return _table(options, problem, f"{N_CLASSES} classes", logistic_contestants)


def _nets(options):
    """Two-layer nets by every library."""
    records = []
    for hidden_size in HIDDEN_SIZES:
        problem = f"net {options.rows}x{N_FEATURES}x{hidden_size}x{N_CLASSES}"
        records += _table(
            options,
            problem,
            OURS,
            lambda X, y, batch_size, n=hidden_size: net_contestants(X, y, batch_size, n),
        )
    print_means(records)
    return records


MODELS = {"softmax": _softmax, "logistic": _logistic, "net": _nets}


def _table(options, problem, reference, contestants):
    """Time the contestants for every dtype and batch size."""
    print(f"{problem}: ms an epoch (x time of {reference} over that)")
    records = []
    for dtype, batch_size in product(DTYPES, BATCH_SIZES):
        X, y = make_data(options.rows, dtype)
        seconds = shortest_epochs(contestants(X, y, batch_size), options.runs)
        print_row(dtype, batch_size, seconds, reference)
        records += [
            {
                "problem": problem,
                "contestant": name,
                "dtype": np.dtype(dtype).name,
                "batch_size": batch_size,
                "seconds": shortest,
            }
            for name, shortest in seconds.items()
        ]
    return records


def print_row(dtype, batch_size, seconds, reference):
    """Print the times of some contestants, each with the ratio of the reference to it."""
    cells = [
        f"{name} {1e3 * shortest:7.2f} (x {seconds[reference] / shortest:.2f})"
        for name, shortest in seconds.items()
    ]
    print(f"{np.dtype(dtype).name}  batch {batch_size:5d}  " + "  ".join(cells), flush=True)


def print_means(records):
    """Print how long the others take in relation to us, in geometric mean over the rows."""
    others = dict.fromkeys(
        record["contestant"] for record in records if record["contestant"] != OURS
    )
    means = [f"{name} {mean_ratio(records, name):.2f}" for name in others]
    print("times ours in geometric mean: " + "  ".join(means))


def mean_ratio(records, contestant):
    """Geometric mean, over the rows of a table, of a contestant's time over ours."""

    def logarithms(name):
        return np.log([record["seconds"] for record in records if record["contestant"] == name])

    return float(np.exp(np.mean(logarithms(contestant) - logarithms(OURS))))


def make_data(n_rows, dtype):
    """Random pixels and classes."""
    rng = np.random.RandomState(0)
    return rng.rand(n_rows, N_FEATURES).astype(dtype), rng.randint(0, N_CLASSES, n_rows)


def softmax_contestants(X, y, batch_size):
    """Functions that train softmax regression, by library."""
    model = SoftmaxRegression(lr=LR, batch_size=batch_size, random_state=0)
    contestants = {
        OURS: libraries.our_epochs(model, X, y),
        FLOOR: libraries.numpy_softmax_epochs(X, y, N_CLASSES, LR, batch_size),
    }
    if libraries.has_torch():
        contestants[TORCH] = libraries.torch_epochs(X, y, N_CLASSES, None, LR, batch_size)
    return contestants


def logistic_contestants(X, y, batch_size):
    """Functions that train logistic regression, by number of classes."""
    ten, two = (GDLogisticRegression(lr=LR, batch_size=batch_size, random_state=0) for _ in "12")
    return {
        f"{N_CLASSES} classes": libraries.our_epochs(ten, X, y),
        "2 classes": libraries.our_epochs(two, X, y == 0),
    }


def net_contestants(X, y, batch_size, hidden_size):
    """Functions that train a two-layer ReLU net by Adam, by library."""
    model = TwoLayerMLPClassifier(
        hidden_size=hidden_size, lr=NET_LR, batch_size=batch_size, random_state=0
    )
    problem = X, y, N_CLASSES, hidden_size, model.lr, batch_size
    contestants = {
        OURS: libraries.our_epochs(model, X, y),
        FLOOR: libraries.numpy_net_epochs(*problem),
        RECORDED: libraries.numpy_recorded_net_epochs(*problem),
        SKLEARN: libraries.sklearn_net_epochs(*problem),
    }
    if libraries.has_torch():
        contestants[TORCH] = libraries.torch_epochs(*problem)
    return contestants
