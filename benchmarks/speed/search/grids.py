"""A grid search: ours fused, scikit-learn's over its net, and ours one by one."""

from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.neural_network import MLPClassifier

from benchmarks import datasets
from benchmarks.reports import softmax
from benchmarks.speed.search.contest import (
    FUSED,
    N_FOLDS,
    ONE_BY_ONE,
    QUICK,
    SKLEARN,
    Contest,
    SameScores,
    never_stopping,
    new_cv,
    sklearn_grid,
    sklearn_remark,
    sklearn_softmax,
)
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression, TwoLayerMLPClassifier

NET_GRID = {"lr": [0.01, 0.003, 0.001], "reg_param": [0, 1, 10], "n_epochs": [5, 10, 20]}


def softmax_mnist(options):
    """Softmax regression, the 54 configurations of the softmax report, in single precision."""
    return _softmax_contest(datasets.load("mnist", options.data_home), options.quick)


def softmax_digits(options):
    """The same on the small digits that scikit-learn bundles."""
    return _softmax_contest(datasets.load("digits"), options.quick)


def _softmax_contest(dataset, quick):
    grid = shortened(softmax.PARAM_GRIDS[dataset.name], quick)
    X, _, y, _ = softmax.split(dataset, random_state=0)
    net = sklearn_softmax(max(grid["n_epochs"]))
    model = SoftmaxRegression(random_state=0)
    return _contest(f"softmax {dataset.name}", X, y, model, net, grid)


def net_mnist(options):
    """A net of 784-64-10 units, a grid of 3 x 3 and three numbers of epochs."""
    dataset = datasets.load("mnist", options.data_home)
    rows = slice(0, 5_000 if options.quick else 20_000)
    X, y = dataset.X[rows], dataset.y[rows]
    net = never_stopping(MLPClassifier(hidden_layer_sizes=64), max(NET_GRID["n_epochs"]))
    model = TwoLayerMLPClassifier(hidden_size=64, random_state=0)
    # Rounding in single precision grows with the steps of a net.
    return _contest(f"net {dataset.name}", X, y, model, net, NET_GRID, most_difference=0.01)


def shortened(grid, quick):
    """The grid, with fewer epochs where it is to be quick."""
    factor = QUICK if quick else 1
    return {**grid, "n_epochs": [round(factor * n_epochs) for n_epochs in grid["n_epochs"]]}


def _contest(name, X, y, model, net, grid, **tolerance):
    options = {"cv": new_cv(), "refit": False}
    return Contest(
        name,
        X,
        y,
        f"{len(ParameterGrid(grid))} configurations x {N_FOLDS} folds",
        {
            FUSED: FusedGridSearchCV(model, grid, **options),
            SKLEARN: GridSearchCV(net, sklearn_grid(grid, len(y)), **options),
            ONE_BY_ONE: GridSearchCV(model, grid, **options),
        },
        SameScores((FUSED, ONE_BY_ONE), **tolerance),
        sklearn_remark(GridSearchCV, net),
    )
