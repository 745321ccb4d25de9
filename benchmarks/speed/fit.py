"""One epoch of training: this package, the bare NumPy loop, and PyTorch where installed."""

from itertools import product

import numpy as np

from benchmarks.speed.timing import shortest_epochs
from sklearn_softmax import GDLogisticRegression, SoftmaxRegression

N_ROWS, N_FEATURES, N_CLASSES = 20_000, 784, 10
EPOCHS = 8
LR = 0.01
BATCH_SIZES = (32, 200, 1000)
DTYPES = (np.float32, np.float64)
OURS, FLOOR, TORCH = "sklearn_softmax", "numpy floor", "torch"


def add_arguments(parser):
    """Options of this table."""
    parser.add_argument(
        "--runs",
        type=int,
        default=8,
        choices=range(1, 1001),
        metavar="N",
        help="runs of each (default 8)",
    )
    parser.add_argument("--rows", type=int, default=N_ROWS, help=f"rows (default {N_ROWS})")


def run(options):
    """Time all problems and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``runs`` and ``rows``.

    Returns
    -------
    records : list of dict
        Keys ``problem``, ``library``, ``dtype``, ``batch_size`` and ``seconds``, the
        shortest epoch.
    """
    if not hasattr(SoftmaxRegression, "set_callbacks"):
        raise SystemExit("error: epochs are timed by a callback; install scikit-learn 1.9 or later")
    return [*_softmax(options), *_logistic(options)]


def _softmax(options):
    """Softmax regression by every library."""
    problem = f"softmax {options.rows}x{N_FEATURES}x{N_CLASSES}"
    print(f"{problem}: ms an epoch (x time of {OURS} over that)")
    records = []
    for dtype, batch_size in product(DTYPES, BATCH_SIZES):
        X, y = make_data(options.rows, dtype)
        seconds = shortest_epochs(softmax_contestants(X, y, batch_size), options.runs)
        print_row(dtype, batch_size, seconds, reference=OURS)
        records += [
            _record(problem, library, dtype, batch_size, own) for library, own in seconds.items()
        ]
    return records


def _logistic(options):
    """Logistic regression of one class against the rest, and of all classes in one pass."""
    print(f"logistic {options.rows}x{N_FEATURES}: ms an epoch (x time of {N_CLASSES} classes over)")
    records = []
    for dtype, batch_size in product(DTYPES, BATCH_SIZES):
        X, y = make_data(options.rows, dtype)
        seconds = shortest_epochs(
            {
                f"{N_CLASSES} classes": logistic_epochs(X, y, batch_size),
                "2 classes": logistic_epochs(X, y == 0, batch_size),
            },
            options.runs,
        )
        print_row(dtype, batch_size, seconds, reference=f"{N_CLASSES} classes")
        records += [
            _record(f"logistic {options.rows}x{N_FEATURES}, {title}", OURS, dtype, batch_size, own)
            for title, own in seconds.items()
        ]
    return records


def _record(problem, library, dtype, batch_size, seconds):
    return {
        "problem": problem,
        "library": library,
        "dtype": np.dtype(dtype).name,
        "batch_size": batch_size,
        "seconds": seconds,
    }


def print_row(dtype, batch_size, seconds, reference):
    """Print the times of some contestants, each with the ratio of the reference to it."""
    cells = [
        f"{name} {1e3 * own:7.2f} (x {seconds[reference] / own:.2f})"
        for name, own in seconds.items()
    ]
    print(f"{np.dtype(dtype).name}  batch {batch_size:5d}  " + "  ".join(cells), flush=True)


def make_data(n_rows, dtype):
    """Random pixels and classes."""
    rng = np.random.RandomState(0)
    return rng.rand(n_rows, N_FEATURES).astype(dtype), rng.randint(0, N_CLASSES, n_rows)


def softmax_contestants(X, y, batch_size):
    """Functions that train softmax regression for ``EPOCHS`` epochs, by library."""
    ours = SoftmaxRegression(lr=LR, batch_size=batch_size, n_epochs=EPOCHS, random_state=0)
    contestants = {
        OURS: lambda stopwatch: ours.set_callbacks(stopwatch).fit(X, y),
        FLOOR: numpy_epochs(X, y, batch_size),
    }
    try:
        contestants[TORCH] = torch_epochs(X, y, batch_size)
    except ImportError:
        print("PyTorch is not installed: its column is left out")
    return contestants


def logistic_epochs(X, y, batch_size):
    """A function that trains logistic regression for ``EPOCHS`` epochs."""
    model = GDLogisticRegression(lr=LR, batch_size=batch_size, n_epochs=EPOCHS, random_state=0)
    return lambda stopwatch: model.set_callbacks(stopwatch).fit(X, y)


def numpy_epochs(X, y, batch_size):
    """The least that mini-batch softmax regression must do: nothing is recorded."""
    rng = np.random.RandomState(0)
    n = len(y)

    def train(stopwatch):
        W, b = np.zeros((N_CLASSES, X.shape[1]), X.dtype), np.zeros((N_CLASSES, 1), X.dtype)
        buffer = np.empty((batch_size, X.shape[1]), X.dtype)
        for _ in range(EPOCHS):
            order = rng.permutation(n)
            for start in range(0, n, batch_size):
                batch = order[start : start + batch_size]
                m = len(batch)
                A = np.take(X, batch, axis=0, out=buffer[:m], mode="clip")
                Z = W @ A.T + b
                Z -= Z.max(axis=0)
                P = np.exp(Z, out=Z)
                P /= P.sum(axis=0)
                P[y[batch], np.arange(m)] -= 1
                P /= m
                W -= LR * (P @ A)
                b -= LR * P.sum(axis=1, keepdims=True)
            stopwatch.note()

    return train


def torch_epochs(X, y, batch_size):
    """A plain PyTorch loop on the CPU that keeps the mean loss of each epoch."""
    import torch

    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def train(stopwatch):
        model = torch.nn.Linear(X.shape[1], N_CLASSES, dtype=X.dtype)
        optimizer = torch.optim.SGD(model.parameters(), lr=LR)
        losses = []
        for _ in range(EPOCHS):
            total = 0.0
            for batch in torch.randperm(len(y)).split(batch_size):
                loss = torch.nn.functional.cross_entropy(model(X[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            losses.append(total / len(y))
            stopwatch.note()

    return train
