"""Softmax regression on handwritten digits: grid search, training and test.

Reproduces K. Abhishek, "Multi-class classification using softmax regression" (2021),
question 2. Tables and figures have the numbers of the original report.
"""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    accuracy_score,
    precision_recall_fscore_support,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    StratifiedKFold,
    train_test_split,
)

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _halving, _markdown, _published
from benchmarks.reports._progress import show_progress, stage
from benchmarks.reports._split import check_rows
from sklearn_softmax import (
    FusedGridSearchCV,
    ParameterHistoryDisplay,
    SearchResultsDisplay,
    SoftmaxRegression,
    TrainingCurveDisplay,
    WeightHistory,
    WeightImagesDisplay,
)

DATA = ("digits", "mnist")
CLASSES = {"digits": tuple(range(10)), "mnist": (0, 1, 3, 4)}
PARAM_GRIDS = {
    name: {
        "n_epochs": [50, 100, 200],
        "lr": [1, 0.5, 0.1],
        "batch_size": batch_sizes,
        "reg_param": [1, 0.1, 0.0],
    }
    for name, batch_sizes in {"digits": [100, 400], "mnist": [1000, 5000]}.items()
}
SEARCHES = {"fused": FusedGridSearchCV, "sklearn": GridSearchCV}
N_FOLDS = 3
TEST_SIZE = 0.3
PER_CLASS = 5  # rows: at least one per fold and one to test
KEPT_EVERY = 5  # epochs
SHOWN_EPOCHS = (0, 25, 75)  # in addition to the last one
THRESHOLD = 0.75

# Published figures for MNIST.
REPORT_COUNTS = (6903, 7877, 6990, 7141, 6824, 6313, 6876, 7293, 6825, 6958)
REPORT_BEST = {"n_epochs": 200, "lr": 0.5, "batch_size": 1000, "reg_param": 0.1}
REPORT_CV_ACCURACY = 0.9879
REPORT_SCORES = {  # precision, recall, F1, accuracy
    0: (0.9952, 0.9928, 0.9940, 0.9928),
    1: (0.9865, 0.9894, 0.9880, 0.9894),
    3: (0.9837, 0.9832, 0.9834, 0.9832),
    4: (0.9883, 0.9878, 0.9880, 0.9878),
    "Average": (0.9884, 0.9883, 0.9883, 0.9883),
}


@dataclass(frozen=True)
class Experiment:
    """All results.

    Parameters
    ----------
    dataset : Dataset
    search : GridSearchCV
        Fitted on the training rows, without refit.
    search_seconds : float
    halving : HalvingGridSearchCV
        The same search by successive halving.
    halving_seconds : float
    model : SoftmaxRegression
        Fitted with the best configuration on all training rows.
    history : WeightHistory or None
        Its parameters during training; None before scikit-learn 1.9.
    n_train : int
        Number of training rows.
    y_test, y_pred : ndarray of shape (n_test,)
        True and predicted labels of the test rows.
    """

    dataset: Dataset
    search: GridSearchCV
    search_seconds: float
    halving: HalvingGridSearchCV
    halving_seconds: float
    model: SoftmaxRegression
    history: WeightHistory | None
    n_train: int
    y_test: np.ndarray
    y_pred: np.ndarray

    @property
    def comparison(self):
        """Comparison of the search over the whole grid with the one by halving."""
        return _halving.Comparison(
            self.search, self.halving, self.search_seconds, self.halving_seconds
        )


def add_arguments(command):
    """Add the options of this report to the parser of its command."""
    group = command.add_mutually_exclusive_group()
    group.add_argument(
        "--search",
        choices=SEARCHES,
        default="fused",
        help="train the configurations of a fold together, or one by one with scikit-learn's "
        "GridSearchCV (default: %(default)s)",
    )
    group.add_argument(
        "--memory",
        type=Path,
        metavar="DIR",
        help="directory in which the fused searches store their results: the same command reads "
        "them and trains only the rest, and the times in the report are those of the rest",
    )


def run(dataset, out, *, n_jobs=2, random_state=0, param_grid=None, search="fused", memory=None):
    """Run the experiment, and write ``softmax.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Output directory, created if it does not exist.
    n_jobs : int, default=2
        Processes of the search.
    random_state : int, default=0
        Seed of the splits and of the shuffles.
    param_grid : dict, default=None
        None for the 54 configurations of the original report, with smaller batches for "digits".
    search : {"fused", "sklearn"}, default="fused"
        Whether configurations train together or one by one.
    memory : Path, default=None
        Directory in which the fused searches store their results.

    Returns
    -------
    experiment : Experiment
    """
    X_train, X_test, y_train, y_test = split(dataset, random_state)
    search = SEARCHES[search](
        SoftmaxRegression(random_state=random_state),
        param_grid or PARAM_GRIDS[dataset.name],
        scoring="accuracy",
        cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state),
        n_jobs=n_jobs,
        refit=False,
    )
    halving = _halving.halving_search(search)
    if memory is not None:
        search.set_params(memory=memory)
        halving.set_params(memory=memory)
    n_configurations = len(ParameterGrid(search.param_grid))
    try:
        with stage(f"Searching {n_configurations} configurations in {N_FOLDS} folds") as searching:
            show_progress(search).fit(X_train, y_train)
        with stage("Searching once more, by successive halving") as searching_by_halving:
            show_progress(halving).fit(X_train, y_train)
    except KeyboardInterrupt as error:
        if memory is not None:
            error.add_note(f"to resume, repeat the command with --memory {memory}")
        raise
    model = SoftmaxRegression(random_state=random_state, **search.best_params_)
    history = _weight_history(model)
    with stage("Training the best configuration"):
        model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    experiment = Experiment(
        dataset=dataset,
        search=search,
        search_seconds=searching.seconds,
        halving=halving,
        halving_seconds=searching_by_halving.seconds,
        model=model,
        history=history,
        n_train=len(y_train),
        y_test=y_test,
        y_pred=model.predict(X_test),
    )
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "softmax.md", _document(experiment, staging))
    print(f"Wrote {out / 'softmax.md'}")
    best = ", ".join(f"{name}={value}" for name, value in search.best_params_.items())
    print(f"Best configuration: {best} (mean CV accuracy {search.best_score_:.4f})")
    print(f"Test accuracy: {accuracy_score(y_test, experiment.y_pred):.4f}")
    return experiment


def split(dataset, random_state):
    """Return the rows of the chosen classes, shuffled and split with the same class shares.

    Parameters
    ----------
    dataset : Dataset
    random_state : int

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarray

    Raises
    ------
    MissingRowsError
        If a class has fewer than ``PER_CLASS`` rows.
    """
    check_rows(dataset, {"rows": dataset.y}, classes=CLASSES[dataset.name], per_class=PER_CLASS)
    mask = np.isin(dataset.y, CLASSES[dataset.name])
    X, y = dataset.X[mask], dataset.y[mask]
    return train_test_split(X, y, test_size=TEST_SIZE, stratify=y, random_state=random_state)


def _weight_history(model):
    """Set a callback that stores the parameters, and return it; None before scikit-learn 1.9."""
    try:
        history = WeightHistory(every=KEPT_EVERY)
    except ImportError:
        return None
    model.set_callbacks(history)
    return history


def _document(e, out):
    """Return the blocks of Markdown in the original order, and write the figures to ``out``."""

    def write(figure, number, text):
        """Write a figure and return its link."""
        return _figures.write(figure, out / f"softmax_figure_{number}.png", text)

    classes = ", ".join(map(str, CLASSES[e.dataset.name]))
    n_configurations, shape = len(e.search.cv_results_["params"]), e.dataset.image_shape
    images = WeightImagesDisplay.from_estimator
    return [
        f"# Softmax regression on {e.dataset.name}",
        'This reproduces K. Abhishek, "Multi-class classification using softmax regression" '
        f'(2021), below "the original report", question 2, on the data set `{e.dataset.name}`. '
        "Tables and figures have the numbers of the original report. "
        f"{_published.explanation(e.dataset)}",
        "**Figure 1.** Not reproduced: the original report's drawing of the parts of the model.",
        "## The data",
        "**Table 1.** Number of images of each class.",
        _table_1(e),
        f"The digits {classes} are used: {e.n_train} images to train and {len(e.y_test)} "
        f"({TEST_SIZE:.0%}) to test, with the same class shares.",
        "## The search",
        "**Table 2.** Values of each hyperparameter.",
        _table_2(e),
        f"The {n_configurations * N_FOLDS} fits of {n_configurations} configurations in {N_FOLDS} "
        f"folds took `{type(e.search).__name__}` {e.search_seconds:.1f} s with "
        f"`n_jobs={e.search.n_jobs}`.",
        write(_plot_search(e), 2, "Mean accuracy of each configuration"),
        "**Figure 2.** Accuracy in cross-validation: means (points) and standard deviations over "
        f"the {N_FOLDS} folds (bars) of every configuration, one panel per batch size.",
        "**Table 3.** The best configuration.",
        _table_3(e),
        "## The search by successive halving",
        "Not in the original report: the same search with all configurations trained for a few "
        "epochs, and only the best third of them for three times as many. "
        f"{e.comparison.rungs()}",
        e.comparison.summary(),
        e.comparison.table(),
        _figures.write(
            SearchResultsDisplay.from_search(e.halving).figure_,
            out / "softmax_halving.png",
            "Mean accuracy of each configuration by halving",
        ),
        "Mean accuracy in cross-validation of every configuration over its epochs.",
        "## Training the best configuration",
        write(
            TrainingCurveDisplay.from_estimator(e.model, validation_name="test").figure_,
            3,
            "Loss and accuracy in each epoch",
        ),
        "**Figure 3.** Loss and accuracy over the epochs. Training rows are scored during the "
        "epoch, each just before the step that uses it, test rows at the end of an epoch; the loss "
        "is the cross-entropy without the penalty.",
        "## The weights and the biases",
        *_parameters(e, out, write),
        write(images(e.model, shape).figure_, 6, "Weights as images"),
        "**Figure 6.** Weights of each class after training. Red pixels are evidence for the "
        "class, blue ones against it.",
        write(
            images(e.model, shape, scale="image", threshold=THRESHOLD).figure_, 7, "Largest weights"
        ),
        f"**Figure 7.** (a) The same without weights below {THRESHOLD:.0%} of the largest of the "
        "class. (b) Not reproduced: curves drawn by hand through these pixels, without outliers.",
        "## The test rows",
        write(_plot_confusion(e), 8, "Confusion matrix"),
        "**Figure 8.** Confusion matrix of the test rows.",
        "**Table 4.** Scores of the test rows. The accuracy of a class is the fraction of its "
        "images that are recognised, which is its recall.",
        _table_4(e),
    ]


def _parameters(e, out, write):
    """Return the blocks of figures 4 and 5, and write the animation."""
    if e.history is None:
        return [
            "**Figures 4 and 5.** Omitted: the callback that stores the parameters of every epoch "
            "needs scikit-learn 1.9 or later."
        ]
    _figures.write_animation(e.history.animate(e.dataset.image_shape), out / "softmax_weights.gif")
    parameters = ParameterHistoryDisplay.from_history(e.history)
    return [
        write(parameters.figure_, 4, "Norm of the weights and biases in each epoch"),
        "**Figure 4.** Norm of the weights (a, left) and bias of each class (b, right), every "
        f"{KEPT_EVERY} epochs. The norm falls in the original report; here the weights begin at "
        "zero, so that it rises.",
        write(_plot_epochs(e), 5, "Weights after some epochs"),
        "**Figure 5.** Weights of each class after some epochs, all on one scale. The original "
        "report's video is [`softmax_weights.gif`](softmax_weights.gif), with every "
        f"{KEPT_EVERY}th epoch.",
    ]


def _table_1(e):
    """Return the number of images of each class."""
    classes, counts = np.unique(e.dataset.y, return_counts=True)
    rows = zip(classes, counts, REPORT_COUNTS)
    return _published.table(e.dataset, ["Class", "Count", "Count (published)"], rows)


def _table_2(e):
    """Return the values of each hyperparameter."""
    grid = e.search.param_grid
    rows = ((f"`{name}`", ", ".join(map(str, values))) for name, values in grid.items())
    return _markdown.table(["Hyperparameter", "Values"], rows)


def _table_3(e):
    """Return the best configuration and the original report's if it was searched."""
    results = e.search.cv_results_
    rows = [("Best", e.search.best_params_, e.search.best_score_)]
    if REPORT_BEST in results["params"]:
        score = results["mean_test_score"][results["params"].index(REPORT_BEST)]
        rows.append(("The published best, here", REPORT_BEST, score))
    if _published.are_comparable(e.dataset):
        rows.append(("Best (published)", REPORT_BEST, REPORT_CV_ACCURACY))
    return _markdown.table(
        ["", *(f"`{name}`" for name in REPORT_BEST), "Mean accuracy"],
        (
            [title, *(str(params[name]) for name in REPORT_BEST), float(score)]
            for title, params, score in rows
        ),
    )


def _table_4(e):
    """Return precision, recall, F1 and accuracy of each class, their means, and the accuracy."""
    classes = np.unique(e.y_test)
    precision, recall, f1, _ = precision_recall_fscore_support(
        e.y_test, e.y_pred, labels=classes, zero_division=0
    )
    columns = np.column_stack([precision, recall, f1, recall])
    scores = {int(label): row.tolist() for label, row in zip(classes, columns)}
    scores["Average"] = columns.mean(axis=0).tolist()
    scores["Overall"] = [None, None, None, float(accuracy_score(e.y_test, e.y_pred))]
    header = ["Class"]
    for name in ("Precision", "Recall", "F1", "Accuracy"):
        header += [name, f"{name} (published)"]
    rows = (
        [name, *chain.from_iterable(zip(found, REPORT_SCORES.get(name, [None] * 4)))]
        for name, found in scores.items()
    )
    return _published.table(e.dataset, header, rows)


def _plot_search(e):
    """Plot means and standard deviations of all configurations, one panel per batch size."""
    results = SearchResultsDisplay.from_search(e.search)
    plt.close(results.figure_)
    batch_sizes = e.search.param_grid["batch_size"]
    n_rows = len(results.means) // len(batch_sizes)
    figure = _figures.new_figure(10.8, 1.6 + 0.18 * n_rows)
    axes = figure.subplots(ncols=len(batch_sizes), sharex=True, squeeze=False)[0]
    marks = [_draw_batch_size(ax, results, size) for ax, size in zip(axes, batch_sizes)]
    figure.legend(handles=[mark for mark in marks if mark], loc="outside upper center")
    return figure


def _draw_batch_size(ax, results, batch_size):
    """Draw the configurations of a batch size, and return the mark of the best if it is there."""
    indices = [i for i, c in enumerate(results.configurations) if c["batch_size"] == batch_size]
    has_best = results.best_index in indices
    display = SearchResultsDisplay(
        configurations=[results.configurations[i] for i in indices],
        means=results.means[indices],
        deviations=results.deviations[indices],
        best_index=indices.index(results.best_index) if has_best else None,
        score_name=results.score_name,
    ).plot(ax)
    ax.set_title(f"batch_size = {batch_size}")
    if ax.get_legend():
        ax.get_legend().remove()  # the figure has one for all panels
    return display.best_


def _plot_epochs(e):
    """Plot the weights of each class after some epochs."""
    last = e.model.n_iter_
    epochs = [*(epoch for epoch in SHOWN_EPOCHS if epoch < last), last]
    display = WeightImagesDisplay.from_history(e.history, e.dataset.image_shape, epochs=epochs)
    return display.figure_


def _plot_confusion(e):
    """Plot the confusion matrix of the test rows."""
    figure = _figures.new_figure(6, 5)
    ConfusionMatrixDisplay.from_predictions(
        e.y_test, e.y_pred, ax=figure.subplots(), cmap="cividis"
    )
    return figure
