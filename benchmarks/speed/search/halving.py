"""Successive halving whose candidates go on, beside the fused search of all of them."""

from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, ParameterGrid

from benchmarks import datasets
from benchmarks.reports import softmax
from benchmarks.speed.search.contest import (
    FUSED,
    HALVING,
    N_FOLDS,
    QUICK,
    SKLEARN,
    Contest,
    SameBestScore,
    new_cv,
    sklearn_grid,
    sklearn_remark,
    sklearn_softmax,
)
from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

NET_DISTRIBUTIONS = {"lr": loguniform(1e-4, 1e-2), "reg_param": loguniform(1e-2, 10)}
N_NETS = 30


def softmax_halving(options):
    """The 54 configurations but for their epochs, by halving, whole, and by scikit-learn."""
    dataset = datasets.load("mnist", options.data_home)
    X, _, y, _ = softmax.split(dataset, random_state=0)
    grid = dict(softmax.PARAM_GRIDS[dataset.name])
    most_epochs = max(grid.pop("n_epochs"))
    if options.quick:
        most_epochs = round(QUICK * most_epochs)
    net = sklearn_softmax(most_epochs)
    model = SoftmaxRegression(n_epochs=most_epochs, random_state=0)
    common = {"cv": new_cv(), "refit": False, "return_train_score": False}
    theirs = {"resource": "max_iter", "max_resources": most_epochs, **common}
    return Contest(
        f"softmax halving {dataset.name}",
        X,
        y,
        _size(len(ParameterGrid(grid)), most_epochs),
        {
            HALVING: FusedHalvingGridSearchCV(model, grid, **common),
            FUSED: FusedGridSearchCV(model, grid, **common),
            SKLEARN: HalvingGridSearchCV(net, sklearn_grid(grid, len(y)), **theirs),
        },
        SameBestScore((HALVING, FUSED)),
        sklearn_remark(HalvingGridSearchCV, net),
        prints_best_scores=True,
    )


def net_halving(options):
    """Nets of 784-64-10 units drawn at random, by halving that begins with one epoch, and all."""
    dataset = datasets.load("mnist", options.data_home)
    rows = slice(0, 5_000 if options.quick else 20_000)
    most_epochs = 9 if options.quick else 27
    model = TwoLayerMLPClassifier(hidden_size=64, n_epochs=most_epochs, random_state=0)
    common = {"cv": new_cv(), "refit": False, "return_train_score": False, "random_state": 0}
    halving = FusedHalvingRandomSearchCV(model, NET_DISTRIBUTIONS, n_candidates=N_NETS, **common)
    return Contest(
        f"net halving {dataset.name}",
        dataset.X[rows],
        dataset.y[rows],
        _size(N_NETS, most_epochs),
        {
            HALVING: halving,
            FUSED: FusedRandomizedSearchCV(model, NET_DISTRIBUTIONS, n_iter=N_NETS, **common),
        },
        SameBestScore((HALVING, FUSED)),
        prints_best_scores=True,
    )


def _size(n_configurations, most_epochs):
    return f"{n_configurations} configurations x {N_FOLDS} folds, up to {most_epochs} epochs"
