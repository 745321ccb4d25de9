"""A grid of candidates that stop early, fused and one by one."""

from sklearn.model_selection import GridSearchCV, ParameterGrid

from benchmarks import datasets
from benchmarks.speed.search.contest import (
    FUSED,
    N_FOLDS,
    ONE_BY_ONE,
    QUICK,
    Contest,
    SameScores,
    new_cv,
)
from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression

GRID = {"lr": [1, 0.5, 0.1], "reg_param": [10, 1, 0.1, 0]}
BATCH_SIZE, MOST_EPOCHS = 200, 100


def softmax_early_stopping(options):
    """Softmax regression that stops early, a grid of 3 x 4."""
    dataset = datasets.load("mnist", options.data_home)
    rows = slice(0, 20_000)
    most_epochs = round((QUICK if options.quick else 1) * MOST_EPOCHS)
    model = SoftmaxRegression(
        n_epochs=most_epochs, batch_size=BATCH_SIZE, early_stopping=True, random_state=0
    )
    common = {"cv": new_cv(), "refit": False}
    return Contest(
        f"softmax early stopping {dataset.name}",
        dataset.X[rows],
        dataset.y[rows],
        f"{len(ParameterGrid(GRID))} configurations x {N_FOLDS} folds, up to {most_epochs} epochs",
        {
            FUSED: FusedGridSearchCV(model, GRID, **common),
            ONE_BY_ONE: GridSearchCV(model, GRID, **common),
        },
        SameScores((FUSED, ONE_BY_ONE)),
        prints_best_scores=True,
    )
