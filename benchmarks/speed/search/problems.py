"""The searches that are timed."""

from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    StratifiedKFold,
)
from sklearn.neural_network import MLPClassifier

from benchmarks import datasets
from benchmarks.reports import softmax
from benchmarks.speed.search.contest import Contest
from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

FUSED, HALVING, ONE_BY_ONE, SKLEARN = "fused", "fused halving", "one by one", "scikit-learn"
N_FOLDS = 3
QUICK = 0.1  # factor of the numbers of epochs
BATCH_SIZE = 200  # the default of both libraries
# Our parameters in scikit-learn's net, except for reg_param, which has other units.
SKLEARN_NAMES = {"n_epochs": "max_iter", "lr": "learning_rate_init", "batch_size": "batch_size"}
COMMON = {"cv": StratifiedKFold(N_FOLDS, shuffle=True, random_state=0), "refit": False}
NET_GRID = {"lr": [0.01, 0.003, 0.001], "reg_param": [0, 1, 10], "n_epochs": [5, 10, 20]}
NET_DISTRIBUTIONS = {"lr": loguniform(1e-4, 1e-2), "reg_param": loguniform(1e-2, 10)}
N_NETS = 30
STOPPING_GRID = {"lr": [1, 0.5, 0.1], "reg_param": [10, 1, 0.1, 0]}


def softmax_mnist(options):
    """Return the search of the softmax report, 54 configurations in single precision."""
    return _softmax_contest(datasets.load("mnist", options.data_home), options.quick)


def softmax_digits(options):
    """Return the same search on the small digits of scikit-learn."""
    return _softmax_contest(datasets.load("digits"), options.quick)


def _softmax_contest(dataset, quick):
    """Return the search of the softmax report on a data set."""
    grid = dict(softmax.PARAM_GRIDS[dataset.name])
    grid["n_epochs"] = [_shortened(n_epochs, quick) for n_epochs in grid["n_epochs"]]
    X, _, y, _ = softmax.split(dataset, random_state=0)
    net, model = sklearn_softmax(max(grid["n_epochs"])), SoftmaxRegression(random_state=0)
    return _grid_contest(f"softmax {dataset.name}", X, y, model, net, grid)


def net_mnist(options):
    """Return a search over nets of 784-64-10 units, 27 configurations."""
    dataset, rows = _mnist(options, 5_000 if options.quick else 20_000)
    net = _without_stopping(MLPClassifier(hidden_layer_sizes=64), max(NET_GRID["n_epochs"]))
    model = TwoLayerMLPClassifier(hidden_size=64, random_state=0)
    # Rounding in single precision grows with the steps of a net.
    name = f"net {dataset.name}"
    return _grid_contest(name, *rows, model, net, NET_GRID, max_difference=0.01)


def _grid_contest(name, X, y, model, net, grid, **tolerance):
    """Return a search fused, by scikit-learn's net and one by one."""
    return Contest(
        name,
        X,
        y,
        f"{len(ParameterGrid(grid))} configurations x {N_FOLDS} folds",
        {
            FUSED: FusedGridSearchCV(model, grid, **COMMON),
            SKLEARN: GridSearchCV(net, sklearn_grid(grid, len(y)), **COMMON),
            ONE_BY_ONE: GridSearchCV(model, grid, **COMMON),
        },
        compared=(FUSED, ONE_BY_ONE),
        remark=_sklearn_remark(GridSearchCV, net),
        **tolerance,
    )


def softmax_halving(options):
    """Return the softmax search without numbers of epochs, by halving, fused and scikit-learn's."""
    dataset = datasets.load("mnist", options.data_home)
    X, _, y, _ = softmax.split(dataset, random_state=0)
    grid = dict(softmax.PARAM_GRIDS[dataset.name])
    most_epochs = _shortened(max(grid.pop("n_epochs")), options.quick)
    net, model = (
        sklearn_softmax(most_epochs),
        SoftmaxRegression(n_epochs=most_epochs, random_state=0),
    )
    common = {**COMMON, "return_train_score": False}
    resources = {"resource": "max_iter", "max_resources": most_epochs}
    return Contest(
        f"softmax halving {dataset.name}",
        X,
        y,
        _size(len(ParameterGrid(grid)), most_epochs),
        {
            HALVING: FusedHalvingGridSearchCV(model, grid, **common),
            FUSED: FusedGridSearchCV(model, grid, **common),
            SKLEARN: HalvingGridSearchCV(net, sklearn_grid(grid, len(y)), **resources, **common),
        },
        compared=(HALVING, FUSED),
        max_difference=0.002,
        has_same_configurations=False,
        remark=_sklearn_remark(HalvingGridSearchCV, net),
    )


def net_halving(options):
    """Return a search over random nets of 784-64-10 units, by halving from one epoch, and fused."""
    dataset, rows = _mnist(options, 5_000 if options.quick else 20_000)
    most_epochs = 9 if options.quick else 27
    model = TwoLayerMLPClassifier(hidden_size=64, n_epochs=most_epochs, random_state=0)
    common = {**COMMON, "return_train_score": False, "random_state": 0}
    halving = FusedHalvingRandomSearchCV(model, NET_DISTRIBUTIONS, n_candidates=N_NETS, **common)
    return Contest(
        f"net halving {dataset.name}",
        *rows,
        _size(N_NETS, most_epochs),
        {
            HALVING: halving,
            FUSED: FusedRandomizedSearchCV(model, NET_DISTRIBUTIONS, n_iter=N_NETS, **common),
        },
        compared=(HALVING, FUSED),
        max_difference=0.002,
        has_same_configurations=False,
    )


def softmax_early_stopping(options):
    """Return a search over softmax regression with early stopping, fused and one by one."""
    dataset, rows = _mnist(options, 20_000)
    most_epochs = _shortened(100, options.quick)
    model = SoftmaxRegression(
        n_epochs=most_epochs, batch_size=BATCH_SIZE, early_stopping=True, random_state=0
    )
    return Contest(
        f"softmax early stopping {dataset.name}",
        *rows,
        _size(len(ParameterGrid(STOPPING_GRID)), most_epochs),
        {
            FUSED: FusedGridSearchCV(model, STOPPING_GRID, **COMMON),
            ONE_BY_ONE: GridSearchCV(model, STOPPING_GRID, **COMMON),
        },
        compared=(FUSED, ONE_BY_ONE),
    )


PROBLEMS = {
    "mnist": softmax_mnist,
    "digits": softmax_digits,
    "net": net_mnist,
    "halving": softmax_halving,
    "net-halving": net_halving,
    "early-stopping": softmax_early_stopping,
}


def _mnist(options, n_rows):
    """Return MNIST, and its first images and labels."""
    dataset = datasets.load("mnist", options.data_home)
    return dataset, (dataset.X[:n_rows], dataset.y[:n_rows])


def _shortened(n_epochs, quick):
    """Return a number of epochs, a tenth of it for a quick search."""
    return round(QUICK * n_epochs) if quick else n_epochs


def _size(n_configurations, most_epochs):
    """Return the size of a search as text."""
    return f"{n_configurations} configurations x {N_FOLDS} folds, up to {most_epochs} epochs"


def sklearn_softmax(most_epochs):
    """Return scikit-learn's net without a hidden layer, trained by gradient descent."""
    return _without_stopping(MLPClassifier(hidden_layer_sizes=(), solver="sgd"), most_epochs)


def _without_stopping(net, most_epochs):
    """Return scikit-learn's net, set to train as many epochs as ours."""
    values = {"tol": 0, "n_iter_no_change": most_epochs + 1, "momentum": 0.0, "random_state": 0}
    return net.set_params(**values)


def sklearn_grid(grid, n_samples):
    """Return the same grid in the names and units of scikit-learn's net.

    Parameters
    ----------
    grid : dict of str to list
        Values of our parameters.
    n_samples : int
        Rows of the data, of which all folds but one are for training.

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


def _sklearn_remark(Search, net):
    """Return a description of scikit-learn's contestant."""
    return (
        f"; {SKLEARN} is {Search.__name__} over "
        f"MLPClassifier(hidden_layer_sizes={net.hidden_layer_sizes})"
    )
