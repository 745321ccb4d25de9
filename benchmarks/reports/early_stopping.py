"""Logistic and softmax regression on handwritten digits: early stopping, shuffling, L2 penalty.

Reproduces V. Rogne and K. Brudeli, "Assignment 1 Report", tasks 2 to 4. Sections name the tasks.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports._split import check_rows, first_rows, rows_text
from sklearn_softmax import (
    GDLogisticRegression,
    SoftmaxRegression,
    TrainingCurveDisplay,
    WeightImagesDisplay,
)

DATA = ("digits", "mnist")
N_TRAIN, N_VAL = 20_000, 10_000
VAL_SIZE = 0.8  # of the digits: with more training rows, the validation loss never rises
PAIR = (2, 3)
PATIENCES = (2, 10)
LAMBDAS = (0.002, 0.02, 0.2, 2.0)


@dataclass(frozen=True)
class Settings:
    """Values that depend on the data set.

    Parameters
    ----------
    batch_size : int
    lr_logistic, lr_softmax : float
        Learning rates of the two models.
    n_epochs : int
        Largest number of epochs.
    """

    batch_size: int
    lr_logistic: float
    lr_softmax: float
    n_epochs: int


SETTINGS = {"digits": Settings(8, 0.5, 0.1, 150), "mnist": Settings(128, 0.05, 0.01, 50)}

# Published figures for MNIST; the accuracies are read off curves.
REPORT_STOPPED_AFTER = 16
REPORT_SOFTMAX_ACCURACY = "about 0.916"
REPORT_ACCURACIES = {
    0.002: "about 0.915",
    0.02: "about 0.908",
    0.2: "about 0.88",
    2.0: "below 0.83",
}

STOP_COLUMNS = ("Epochs", "Best epoch", "Loss", "Accuracy", "Last loss", "Last accuracy")
STOP_CAPTION = (
    "The epoch in which training stopped, loss and accuracy of the validation rows in the best "
    "epoch, whose weights the model has, and in the last one."
)
MAX_LOSS_RATIO = 3
CURVE_CAPTION = (
    "Pale lines are the curves without early stopping. The loss axis ends at "
    f"{MAX_LOSS_RATIO} times the lowest validation loss. Training rows are scored during the "
    "epoch, each just before the step that uses it, validation rows at the end of an epoch."
)


@dataclass(frozen=True)
class Experiment:
    """All results.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    n_train, n_val : int
        Number of training and validation rows.
    logistic : dict of bool to GDLogisticRegression
        Fitted on the two classes, without and with shuffling.
    softmax : dict of int to SoftmaxRegression
        Fitted without penalty, by patience in epochs.
    penalised : dict of float to SoftmaxRegression
        Fitted with the longest patience, by lambda.
    unstopped : dict of str or bool to estimator
        The logistic regressions and the unpenalised "softmax" regression without early stopping.
    """

    dataset: Dataset
    settings: Settings
    n_train: int
    n_val: int
    logistic: dict
    softmax: dict
    penalised: dict
    unstopped: dict

    @property
    def models_by_lambda(self):
        """Softmax regressions with the longest patience by lambda, from 0 on."""
        return {0.0: self.softmax[max(PATIENCES)], **self.penalised}


def run(dataset, out, *, n_jobs=2, random_state=0):
    """Run the experiment, and write ``early_stopping.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Output directory, created if it does not exist.
    n_jobs : int, default=2
        Processes that train models.
    random_state : int, default=0
        Seed of the split, if there is no official one, and of the shuffles.

    Returns
    -------
    experiment : Experiment
    """
    X_train, X_val, y_train, y_val = first_rows(
        dataset, n_train=N_TRAIN, n_test=N_VAL, test_size=VAL_SIZE, random_state=random_state
    )
    labels = {f"first {N_TRAIN} training rows": y_train, f"first {N_VAL} test rows": y_val}
    check_rows(dataset, labels)
    rows = 2 * X_train - 1, y_train, 2 * X_val - 1, y_val
    settings = SETTINGS[dataset.name]
    common = {
        "batch_size": settings.batch_size,
        "n_epochs": settings.n_epochs,
        "early_stopping": True,
        "random_state": random_state,
    }
    new_logistic = partial(
        GDLogisticRegression, lr=settings.lr_logistic, n_iter_no_change=min(PATIENCES), **common
    )
    new_softmax = partial(SoftmaxRegression, lr=settings.lr_softmax, **common)
    with stage(f"Training logistic regressions of {PAIR[0]} against {PAIR[1]}"):
        models = {shuffle: new_logistic(shuffle=shuffle) for shuffle in (False, True)}
        pair_rows = _rows_of_pair(*rows)
        logistic = fit_all(models, pair_rows, n_jobs)
        unstopped = fit_all(_without_stopping(models), pair_rows, n_jobs)
    with stage("Training softmax regressions of all classes"):
        models = {patience: new_softmax(n_iter_no_change=patience) for patience in PATIENCES}
        softmax = fit_all(models, rows, n_jobs)
        longest = {"softmax": models[max(PATIENCES)]}
        unstopped |= fit_all(_without_stopping(longest), rows, n_jobs)
    with stage(f"Training softmax regressions with {len(LAMBDAS)} penalties"):
        new_penalised = partial(new_softmax, n_iter_no_change=max(PATIENCES))
        models = {value: new_penalised(reg_param=value * len(y_train)) for value in LAMBDAS}
        penalised = fit_all(models, rows, n_jobs)
    experiment = Experiment(
        dataset, settings, len(y_train), len(y_val), logistic, softmax, penalised, unstopped
    )
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "early_stopping.md", _document(experiment, staging))
    print(f"Wrote {out / 'early_stopping.md'}")
    pair = f"{PAIR[0]} against {PAIR[1]}"
    print(f"Best validation accuracy, {pair}, shuffled: {_accuracy(logistic[True]):.4f}")
    print(f"Best validation accuracy, all classes: {_accuracy(softmax[max(PATIENCES)]):.4f}")
    return experiment


def _rows_of_pair(X_train, y_train, X_val, y_val):
    """Return the rows of the two classes."""
    train, val = np.isin(y_train, PAIR), np.isin(y_val, PAIR)
    return X_train[train], y_train[train], X_val[val], y_val[val]


def _without_stopping(models):
    """Return the same models without early stopping."""
    return {name: clone(model).set_params(early_stopping=False) for name, model in models.items()}


def _document(e, out):
    """Return the blocks of Markdown in the original order, and write the figures to ``out``."""

    def write(figure, number, text):
        """Write a figure and return its link."""
        return _figures.write(figure, out / f"early_stopping_figure_{number}.png", text)

    return [
        f"# Early stopping, shuffling and L2 penalty on {e.dataset.name}",
        _introduction(e),
        _patience(e),
        f"## Logistic regression, {PAIR[0]} against {PAIR[1]} (tasks 2b to 2e)",
        f"`GDLogisticRegression` with `lr={e.settings.lr_logistic}` on the rows of the classes "
        f"{PAIR[0]} and {PAIR[1]}, in their original order and shuffled in each epoch.",
        f"**Table 1.** {STOP_CAPTION}",
        _logistic_table(e),
        write(_plot_logistic(e), 1, "Logistic regression in each epoch"),
        f"**Figure 1** (tasks 2b to 2e). Loss and accuracy over the epochs. {CURVE_CAPTION}",
        "Without shuffling, every epoch ends with the same batches, so that their effect on the "
        "weights is the same at every check; the original report checks within the epochs as well. "
        "With shuffling they differ, so that curves can be rougher, and training stops sooner.",
        "## Softmax regression, all classes (tasks 3b to 3d)",
        _softmax_settings(e),
        f"**Table 2.** {STOP_CAPTION}",
        _softmax_table(e),
        write(_plot_softmax(e), 2, "Softmax regression in each epoch"),
        "**Figure 2** (tasks 3b to 3d). Loss and accuracy over the epochs, with a patience of "
        f"{max(PATIENCES)} epochs. {CURVE_CAPTION}",
        "## L2 penalty (tasks 4b to 4e)",
        "The original report adds `(lambda / 2) ||w||^2` to the mean loss. In this package the "
        "objective is `(sum of losses + (reg_param / 2) ||W||^2) / n`, which is the same for "
        f"`reg_param = lambda * n` with n = {e.n_train} training rows. The intercepts are not "
        "penalised. Early stopping uses the loss without the penalty.",
        write(_plot_weights(e), 3, "Weights as images"),
        "**Figure 3** (task 4b). Weights of each class as images for each lambda. Red pixels are "
        "evidence for the class, blue ones against it. Left: all on one scale, which shows how the "
        "weights shrink. Right: one scale per row, which shows their shape.",
        write(_plot_accuracies(e), 4, "Validation accuracy in each epoch"),
        "**Figure 4** (task 4c). Validation accuracy over the epochs for each lambda, until "
        "training stopped.",
        "**Table 3.** Best validation accuracy of any epoch, and the norm of the fitted weights, "
        "those of the lowest validation loss.",
        _penalty_table(e),
        write(_plot_norms(e), 5, "Norm of the weights for each lambda"),
        "**Figure 5** (task 4e). Norm of the fitted weights for each lambda.",
    ]


def _introduction(e):
    """Return the first paragraph."""
    curves = " Its accuracies are read off curves." if _published.are_comparable(e.dataset) else ""
    return (
        'This reproduces V. Rogne and K. Brudeli, "Assignment 1 Report", below "the original '
        f'report", tasks 2 to 4, on the data set `{e.dataset.name}`: '
        f"{rows_text(e.dataset, e.n_train, e.n_val, 'validate')}, with pixels scaled to [-1, 1]. "
        f"Batches have {e.settings.batch_size} rows, and there are at most {e.settings.n_epochs} "
        "epochs. The original report numbers neither its tables nor its figures. "
        f"{_published.explanation(e.dataset)}{curves}"
    )


def _patience(e):
    """Return the paragraph about the patience."""
    short, long = min(PATIENCES), max(PATIENCES)
    return (
        "The original report validates five times per epoch and stops after ten checks without "
        "improvement. Here validation rows are scored at the end of each epoch, so that ten checks "
        f"are either the same span, {short} epochs, or the same number of checks, {long} epochs "
        f"(`n_iter_no_change`). Logistic regression has a patience of {short} epochs, softmax "
        f"regression both, and {long} with a penalty: on MNIST this is nearest to the published "
        "figures. The loss of the validation rows improves if it falls by more than "
        f"{e.softmax[long].tol:g} (`tol`)."
    )


def _softmax_settings(e):
    """Return the paragraph about softmax regression."""
    text = f"`SoftmaxRegression` with `lr={e.settings.lr_softmax}`, shuffled in each epoch."
    if _published.are_comparable(e.dataset):
        text += f" The original report's validation accuracy is {REPORT_SOFTMAX_ACCURACY}."
    return text


def _stop(model):
    """Return the number of epochs, the best epoch, and losses and accuracies of best and last."""
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    best = losses.argmin()
    figures = losses[best], accuracies[best], losses[-1], accuracies[-1]
    return [model.n_iter_, best + 1, *map(float, figures)]


def _logistic_table(e):
    """Return table 1."""
    published = {False: f"about {REPORT_STOPPED_AFTER}", True: None}
    rows = [
        ["with" if shuffle else "without", *_stop(model), published[shuffle]]
        for shuffle, model in e.logistic.items()
    ]
    return _published.table(e.dataset, ["Shuffling", *STOP_COLUMNS, "Epochs (published)"], rows)


def _softmax_table(e):
    """Return table 2."""
    rows = ([f"{patience} epochs", *_stop(model)] for patience, model in e.softmax.items())
    return _markdown.table(["Patience", *STOP_COLUMNS], rows)


def _penalty_table(e):
    """Return table 3."""
    published = {0: REPORT_SOFTMAX_ACCURACY, **REPORT_ACCURACIES}
    rows = [
        [f"{s:g}", f"{model.reg_param:g}", _accuracy(model), published[s], _norm(model)]
        for s, model in e.models_by_lambda.items()
    ]
    header = ["lambda", "`reg_param`", "Best accuracy", "Accuracy (published)", "Weight norm"]
    return _published.table(e.dataset, header, rows)


def _accuracy(model):
    """Return the best validation accuracy of any epoch."""
    return float(model.history_["val_accuracy"].max())


def _norm(model):
    """Return the norm of the fitted weights."""
    return float(np.linalg.norm(model.coef_))


def _plot_logistic(e):
    """Plot loss and accuracy over the epochs, without shuffling (top) and with it."""
    figure = _figures.new_figure(9.6, 8)
    grid = figure.subplots(nrows=2, ncols=2, sharex=True, sharey="col")
    keys = {}
    for axes, (shuffle, model) in zip(grid, e.logistic.items()):
        keys |= _draw_stopped(axes, model, e.unstopped[shuffle])
        for ax in axes:
            ax.set_title("With shuffling" if shuffle else "Without shuffling")
    for ax in grid[0]:
        ax.set_xlabel("")
    figure.legend(handles=list(keys.values()), loc="outside upper center", ncols=3)
    return figure


def _plot_softmax(e):
    """Plot loss and accuracy over the epochs."""
    figure = _figures.new_figure(9.6, 4.2)
    keys = _draw_stopped(figure.subplots(ncols=2), e.models_by_lambda[0], e.unstopped["softmax"])
    figure.legend(handles=list(keys.values()), loc="outside upper center", ncols=3)
    return figure


def _draw_stopped(axes, model, unstopped):
    """Draw a model and, pale, the same one without early stopping; return legend keys by label."""
    keys = {}
    for suffix, fitted, style in (
        (", without early stopping", unstopped, {"alpha": 0.4, "linewidth": 1}),
        ("", model, {}),
    ):
        legend = TrainingCurveDisplay.from_estimator(fitted, ax=axes, **style).legend_
        legend.remove()
        for key in legend.legend_handles:
            key.set_label(f"{key.get_label()}{suffix}")
            keys[key.get_label()] = key
    # The losses of the first epochs would hide the minimum.
    axes[0].set_ylim(0, MAX_LOSS_RATIO * unstopped.history_["val_loss"].min())
    return keys


def _plot_weights(e):
    """Plot the weights of each lambda as images, on one scale (left) and on one per lambda."""
    models = {f"λ = {value:g}": model for value, model in e.models_by_lambda.items()}
    figure = _figures.new_figure(13, 1.3 * len(models))
    titles = {"common": "One scale", "estimator": "A scale for each λ"}
    for part, (scale, title) in zip(figure.subfigures(ncols=2), titles.items()):
        part.suptitle(title)
        axes = part.subplots(nrows=len(models))
        shape = e.dataset.image_shape
        WeightImagesDisplay.from_estimator(models, shape, scale=scale, ax=axes)
    return figure


def _plot_accuracies(e):
    """Plot the validation accuracy over the epochs for each lambda."""
    models = {f"λ = {value:g}": model for value, model in e.penalised.items()}
    return TrainingCurveDisplay.from_estimator(models, metrics="val_accuracy").figure_


def _plot_norms(e):
    """Plot the norm of the weights for each lambda."""
    figure = _figures.new_figure(6.4, 4.2)
    ax = figure.subplots()
    names = [f"{value:g}" for value in e.models_by_lambda]
    bars = ax.bar(
        names, [_norm(model) for model in e.models_by_lambda.values()], color=_figures.BLUE
    )
    ax.bar_label(bars, fmt="%.2f", padding=2)
    ax.margins(y=0.1)
    ax.set(xlabel="λ", ylabel="Norm of the weights")
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    return figure
