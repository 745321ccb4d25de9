"""One epoch of training: this package, the bare NumPy loop, scikit-learn, PyTorch if installed."""

from itertools import product

import numpy as np

from benchmarks import _arguments
from benchmarks.speed import libraries
from benchmarks.speed.timing import print_times, shortest_epochs
from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier

N_ROWS, N_FEATURES, N_CLASSES = 20_000, 784, 10
MIN_ROWS = 60  # contain all classes
LR, NET_LR = 0.01, 1e-3
BATCH_SIZES = (32, 200, 1000)
HIDDEN_SIZES = (64, 256)
DTYPES = (np.float32, np.float64)
OURS, FLOOR, SKLEARN, TORCH = "sklearn_softmax", "numpy floor", "scikit-learn", "torch"


def add_arguments(parser):
    """Add the options of this table."""
    parser.add_argument(
        "--runs",
        type=_arguments.whole_number(1, 1000),
        default=8,
        metavar="N",
        help="runs of each (default %(default)s)",
    )
    parser.add_argument(
        "--rows",
        type=_arguments.whole_number(MIN_ROWS),
        default=N_ROWS,
        metavar="N",
        help="rows (default %(default)s)",
    )
    parser.add_argument("--model", choices=MODELS, help="one of the models (default: all)")


def run(options):
    """Time all problems and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs``, ``rows`` and ``model``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``contestant``, ``dtype``, ``batch_size`` and ``seconds``, the shortest
        epoch.
    """
    libraries.check_libraries()
    names = [options.model] if options.model else list(MODELS)
    return [record for name in names for record in MODELS[name](options)]


def _softmax(options):
    """Time softmax regression by every library."""
    problem = f"softmax {options.rows}x{N_FEATURES}x{N_CLASSES}"
    records = _table(options, problem, softmax_contestants)
    print_means(records)
    return records


def _nets(options):
    """Time two-layer nets by every library."""
    records = []
    for size in HIDDEN_SIZES:
        problem = f"net {options.rows}x{N_FEATURES}x{size}x{N_CLASSES}"
        records += _table(options, problem, net_contestants(size))
    print_means(records)
    return records


MODELS = {"softmax": _softmax, "net": _nets}


def _table(options, problem, contestants):
    """Time the contestants for every dtype and batch size."""
    print(f"{problem}: ms per epoch (x time of {OURS} over that)")
    records = []
    rng = np.random.RandomState(0)
    pixels = rng.rand(options.rows, N_FEATURES)
    y = rng.randint(0, N_CLASSES, options.rows)
    for dtype, batch_size in product(DTYPES, BATCH_SIZES):
        X, dtype_name = pixels.astype(dtype), np.dtype(dtype).name
        seconds = shortest_epochs(contestants(X, y, batch_size), options.runs)
        print_times(f"{dtype_name}  batch {batch_size:5d}", seconds, OURS)
        records += [
            {
                "problem": problem,
                "contestant": name,
                "dtype": dtype_name,
                "batch_size": batch_size,
                "seconds": shortest,
            }
            for name, shortest in seconds.items()
        ]
    return records


def print_means(records):
    """Print the geometric means of the other contestants' times relative to ours."""
    logarithms = {}
    for record in records:
        logarithms.setdefault(record["contestant"], []).append(np.log(record["seconds"]))
    ours = logarithms.pop(OURS)
    means = [
        f"{name} {np.exp(np.mean(np.subtract(x, ours))):.2f}" for name, x in logarithms.items()
    ]
    print("times ours in geometric mean: " + "  ".join(means))


def softmax_contestants(X, y, batch_size):
    """Return functions that train softmax regression, by library."""
    model = SoftmaxRegression(lr=LR, batch_size=batch_size, random_state=0)
    contestants = {
        OURS: libraries.our_epochs(model, X, y),
        FLOOR: libraries.numpy_softmax_epochs(X, y, N_CLASSES, LR, batch_size),
    }
    if libraries.has_torch():
        contestants[TORCH] = libraries.torch_epochs(X, y, N_CLASSES, None, LR, batch_size)
    return contestants


def net_contestants(hidden_size):
    """Return a function like :func:`softmax_contestants` for ReLU nets trained by Adam."""

    def contestants(X, y, batch_size):
        """Return functions that train a net, by library."""
        model = TwoLayerMLPClassifier(
            hidden_size=hidden_size, lr=NET_LR, batch_size=batch_size, random_state=0
        )
        problem = X, y, N_CLASSES, hidden_size, NET_LR, batch_size
        functions = {
            OURS: libraries.our_epochs(model, X, y),
            FLOOR: libraries.numpy_net_epochs(*problem),
            SKLEARN: libraries.sklearn_net_epochs(*problem),
        }
        if libraries.has_torch():
            functions[TORCH] = libraries.torch_epochs(*problem)
        return functions

    return contestants
