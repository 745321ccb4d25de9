"""Softmax regression on handwritten digits: grid search, training and test.

Reproduces K. Abhishek, "Multi-class classification using softmax regression" (2021),
question 2. Tables and figures bear the numbers that they have there.
"""

from dataclasses import dataclass
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

from benchmarks import _ending, _files
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
PER_CLASS = 5  # rows: one per fold, and one to test
KEPT_EVERY = 5  # epochs
SHOWN_EPOCHS = (0, 25, 75)  # and the last one
THRESHOLD = 0.75

# The published figures, all of them for MNIST.
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
    """All that the tables and figures are made of.

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
        The best configuration, fitted on all training rows.
    history : WeightHistory or None
        Its parameters while it was fitted; None before scikit-learn 1.9.
    n_train : int
        Number of training rows.
    y_test, y_pred : ndarray of shape (n_test,)
        Labels of the test rows, and what the model takes them for.
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
        """The search over the whole grid beside the halving."""
        return _halving.Comparison(
            self.search, self.halving, self.search_seconds, self.halving_seconds
        )

    @property
    def has_published_figures(self):
        """Whether the original report's figures are for the same data."""
        return _published.are_comparable(self.dataset)


def add_arguments(command):
    """Options of this report alone."""
    group = command.add_mutually_exclusive_group()
    group.add_argument(
        "--search",
        choices=SEARCHES,
        default="fused",
        help="train the configurations of a fold together, or let scikit-learn's GridSearchCV "
        "train one after the other (default: %(default)s)",
    )
    group.add_argument(
        "--memory",
        type=Path,
        metavar="DIR",
        help="directory of results of the fused searches: the same command reads them and trains "
        "what is missing, and the report has the times of that alone",
    )


def run(dataset, out, *, n_jobs=2, random_state=0, param_grid=None, search="fused", memory=None):
    """Do the experiment, and write ``softmax.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Directory to write to, made where there is none.
    n_jobs : int, default=2
        Processes of the search.
    random_state : int, default=0
        Seed of the splits and of the shuffles.
    param_grid : dict, default=None
        Values to search; None for the 54 configurations of the original report, with smaller
        batches for "digits".
    search : {"fused", "sklearn"}, default="fused"
        Whether configurations train together or one after the other.
    memory : Path, default=None
        Folder in which the fused searches store their results, to be resumed.

    Returns
    -------
    experiment : Experiment
    """
    X_train, X_test, y_train, y_test = split(dataset, random_state)
    param_grid = param_grid or PARAM_GRIDS[dataset.name]
    search = grid_search(param_grid, n_jobs, random_state, SEARCHES[search])
    n_configurations = len(ParameterGrid(search.param_grid))
    halving = show_progress(_halving.halving_search(search))
    if memory is not None:
        for resumable in (search, halving):
            resumable.set_params(memory=memory)
    with _ending.with_note(memory and f"to resume, repeat the command with --memory {memory}"):
        with stage(f"Searching {n_configurations} configurations in {N_FOLDS} folds") as searching:
            search.fit(X_train, y_train)
        with stage("Searching once more, by successive halving") as searching_by_halving:
            halving.fit(X_train, y_train)
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
    """The chosen classes, shuffled and split with the same share of each class.

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
    chosen = np.isin(dataset.y, CLASSES[dataset.name])
    X, y = dataset.X[chosen], dataset.y[chosen]
    return train_test_split(X, y, test_size=TEST_SIZE, stratify=y, random_state=random_state)


def grid_search(param_grid, n_jobs, random_state, Search):
    """The search, ready to be fitted.

    Parameters
    ----------
    param_grid : dict
    n_jobs : int
    random_state : int
    Search : class
        ``GridSearchCV`` or one like it.

    Returns
    -------
    search : GridSearchCV
    """
    search = Search(
        SoftmaxRegression(random_state=random_state),
        param_grid,
        scoring="accuracy",
        cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=random_state),
        n_jobs=n_jobs,
        refit=False,
    )
    return show_progress(search)


def _weight_history(model):
    """What will keep the parameters while the model is fitted; None before scikit-learn 1.9."""
    try:
        history = WeightHistory(every=KEPT_EVERY)
    except ImportError:
        return None
    model.set_callbacks(history)
    return history


def _document(e, out):
    """Blocks of Markdown in the original report's order; the figures are written to ``out``."""
    return [
        f"# Softmax regression on {e.dataset.name}",
        _introduction(e),
        "**Figure 1.** Not reproduced: the original report's drawing of the model's parts.",
        "## The data",
        "**Table 1.** Number of images of each class.",
        _table_1(e),
        _partition(e),
        "## The search",
        "**Table 2.** Values to choose from.",
        _table_2(e),
        _search_summary(e),
        _image(_plot_search(e), 2, "Mean accuracy of each configuration", out),
        "**Figure 2.** Accuracy in cross-validation: means (points) and standard deviations over "
        f"the {N_FOLDS} folds (bars) of every configuration, a panel for each batch size.",
        "**Table 3.** The best configuration.",
        _table_3(e),
        "## The search by successive halving",
        *_search_by_halving(e, out),
        "## Training the best configuration",
        _image(_plot_training(e), 3, "Loss and accuracy in each epoch", out),
        "**Figure 3.** Loss and accuracy over the epochs. Training rows are scored during the "
        "epoch, each just before the step that uses it, test rows at the end of an epoch; the loss "
        "is the cross-entropy without the penalty.",
        "## The weights and the biases",
        *_parameters(e, out),
        _image(_plot_weights(e), 6, "Weights as images", out),
        "**Figure 6.** Weights of each class after the training. Red speaks for the class and "
        "blue against it.",
        _image(_plot_weights(e, scale="image", threshold=THRESHOLD), 7, "Largest weights", out),
        "**Figure 7.** (a) The same without what lies below "
        f"{THRESHOLD:.0%} of the largest weight of the class. (b) Not reproduced: curves that the "
        "report draws through these pixels by hand, leaving outliers out.",
        "## The test rows",
        _image(_plot_confusion(e), 8, "Confusion matrix", out),
        "**Figure 8.** Confusion matrix of the test rows.",
        "**Table 4.** Scores of the test rows. The accuracy of a class is the share of its images "
        "that are recognised, which is its recall.",
        _table_4(e),
    ]


def _search_by_halving(e, out):
    """What halving saves, which is not in the original report."""
    path = out / "softmax_halving.png"
    return [
        "Not in the original report: the same search once more, but all configurations train for a "
        "few epochs, and only the best third of them goes on to three times as many. "
        f"{e.comparison.rungs()}",
        e.comparison.summary(),
        e.comparison.table(),
        _figures.write(_plot_halving(e), path, "Mean accuracy of each configuration by halving"),
        "Mean accuracy in cross-validation of every configuration, over the epochs up to which it "
        "was trained.",
    ]


def _image(figure, number, text, out):
    return _figures.write(figure, out / f"softmax_figure_{number}.png", text)


def _parameters(e, out):
    """Figures 4 and 5, and the animation."""
    if e.history is None:
        return [
            "**Figures 4 and 5.** Left out: the parameters of every epoch are kept by a callback, "
            "which needs scikit-learn 1.9 or later."
        ]
    animation = e.history.animate(e.dataset.image_shape)
    _figures.write_animation(animation, out / "softmax_weights.gif")
    return [
        _image(_plot_parameters(e), 4, "Norm of the weights and biases in each epoch", out),
        "**Figure 4.** Norm of the weights (a, left) and bias of each class (b, right) over the "
        f"epochs, kept every {KEPT_EVERY} epochs. The norm falls in the original report; here the "
        "weights begin at zero, so that it rises.",
        _image(_plot_epochs(e), 5, "Weights after some epochs", out),
        "**Figure 5.** Weights of each class after some epochs, all on one scale. The original "
        "report's video is [`softmax_weights.gif`](softmax_weights.gif), with every "
        f"{KEPT_EVERY}th epoch.",
    ]


def _introduction(e):
    return (
        'This reproduces K. Abhishek, "Multi-class classification using softmax regression" '
        '(2021), below "the original report", question 2, on the data set '
        f"`{e.dataset.name}`. Tables and figures bear the "
        f"numbers that they have there. {_published.explanation(e.dataset)}"
    )


def _partition(e):
    classes = ", ".join(map(str, CLASSES[e.dataset.name]))
    return (
        f"Of these, the digits {classes} are used: {e.n_train} images to train and "
        f"{len(e.y_test)} ({TEST_SIZE:.0%}) to test, with the same share of each class in both."
    )


def _search_summary(e):
    n_configurations = len(e.search.cv_results_["params"])
    return (
        f"The {n_configurations * N_FOLDS} fits of {n_configurations} configurations in {N_FOLDS} "
        f"folds took `{type(e.search).__name__}` {e.search_seconds:.1f} s with "
        f"`n_jobs={e.search.n_jobs}`."
    )


def _table_1(experiment):
    """Number of images of each class."""
    classes, counts = np.unique(experiment.dataset.y, return_counts=True)
    rows = zip(classes, counts, REPORT_COUNTS)
    return _published.table(experiment.dataset, ["Class", "Count", "Count (published)"], rows)


def _table_2(experiment):
    """Values of each hyperparameter."""
    rows = (
        (f"`{name}`", ", ".join(map(str, values)))
        for name, values in experiment.search.param_grid.items()
    )
    return _markdown.table(["Hyperparameter", "Values"], rows)


def _table_3(experiment):
    """The best configuration and, where it was searched, the original report's."""
    search = experiment.search
    rows = [("Best", search.best_params_, search.best_score_)]
    if REPORT_BEST in search.cv_results_["params"]:
        rows.append(("The published best, here", REPORT_BEST, mean_accuracy(search, REPORT_BEST)))
    if experiment.has_published_figures:
        rows.append(("Best (published)", REPORT_BEST, REPORT_CV_ACCURACY))
    return _markdown.table(
        ["", *(f"`{name}`" for name in REPORT_BEST), "Mean accuracy"],
        (
            [title, *(str(params[name]) for name in REPORT_BEST), float(score)]
            for title, params, score in rows
        ),
    )


def mean_accuracy(search, params):
    """Mean accuracy of one configuration over the folds.

    Parameters
    ----------
    search : GridSearchCV
    params : dict

    Returns
    -------
    accuracy : float
    """
    results = search.cv_results_
    return float(results["mean_test_score"][results["params"].index(params)])


def _table_4(experiment):
    """Precision, recall, F1 and accuracy of each class, their averages, and the accuracy."""
    scores = scores_of(experiment.y_test, experiment.y_pred)
    names = ["Precision", "Recall", "F1", "Accuracy"]
    header = ["Class", *_published.beside(names, [f"{name} (published)" for name in names])]
    rows = (
        [row, *_published.beside(values, REPORT_SCORES.get(row, [None] * len(values)))]
        for row, values in scores.items()
    )
    return _published.table(experiment.dataset, header, rows)


def scores_of(y_test, y_pred):
    """Precision, recall, F1 and accuracy of each class, their averages, the overall accuracy.

    Parameters
    ----------
    y_test, y_pred : ndarray of shape (n_test,)

    Returns
    -------
    scores : dict of list
        A row for each class, whose accuracy is its recall; "Average"; and "Overall", which
        has only an accuracy.
    """
    classes = np.unique(y_test)
    by_class = precision_recall_fscore_support(y_test, y_pred, labels=classes, zero_division=0)
    precision, recall, f1, _ = by_class
    columns = np.column_stack([precision, recall, f1, recall])
    scores = {int(label): row.tolist() for label, row in zip(classes, columns)}
    scores["Average"] = columns.mean(axis=0).tolist()
    scores["Overall"] = [None, None, None, float(accuracy_score(y_test, y_pred))]
    return scores


def _plot_search(e):
    """Means and standard deviations of all configurations, a panel for each batch size."""
    results = SearchResultsDisplay.from_search(e.search)
    plt.close(results.figure_)
    batch_sizes = e.search.param_grid["batch_size"]
    n_rows = len(results.means) // len(batch_sizes)
    figure = _figures.new_figure(10.8, 1.6 + 0.18 * n_rows)
    panels = figure.subplots(ncols=len(batch_sizes), sharex=True, squeeze=False)[0]
    marks = [_draw_batch_size(ax, results, size) for ax, size in zip(panels, batch_sizes)]
    figure.legend(handles=[mark for mark in marks if mark], loc="outside upper center")
    return figure


def _draw_batch_size(ax, results, batch_size):
    """Draw the configurations of a batch size; the mark of the best of all if it is among them."""
    chosen = [i for i, c in enumerate(results.configurations) if c["batch_size"] == batch_size]
    display = SearchResultsDisplay(
        configurations=[results.configurations[i] for i in chosen],
        means=results.means[chosen],
        deviations=results.deviations[chosen],
        best_index=chosen.index(results.best_index) if results.best_index in chosen else None,
        score_name=results.score_name,
    ).plot(ax)
    ax.set_title(f"batch_size = {batch_size}")
    if ax.get_legend():
        ax.get_legend().remove()  # the figure has one for all panels
    return display.best_


def _plot_halving(e):
    """Mean scores of all configurations over the epochs that they trained."""
    return SearchResultsDisplay.from_search(e.halving).figure_


def _plot_training(e):
    """Loss and accuracy over the epochs, on training and test rows."""
    return TrainingCurveDisplay.from_estimator(e.model, validation_name="test").figure_


def _plot_parameters(e):
    """Norm of the weights and the biases over the epochs."""
    return ParameterHistoryDisplay.from_history(e.history).figure_


def _plot_epochs(e):
    """Weights of each class after some epochs."""
    last = e.model.n_iter_
    epochs = [*(epoch for epoch in SHOWN_EPOCHS if epoch < last), last]
    display = WeightImagesDisplay.from_history(e.history, e.dataset.image_shape, epochs=epochs)
    return display.figure_


def _plot_weights(e, **style):
    """Weights of each class."""
    return WeightImagesDisplay.from_estimator(e.model, e.dataset.image_shape, **style).figure_


def _plot_confusion(e):
    """Confusion matrix of the test rows."""
    figure = _figures.new_figure(6, 5)
    ConfusionMatrixDisplay.from_predictions(
        e.y_test, e.y_pred, ax=figure.subplots(), cmap="cividis"
    )
    return figure
