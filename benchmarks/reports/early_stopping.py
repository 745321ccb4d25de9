"""Logistic and softmax regression on handwritten digits: early stopping, shuffling, L2 penalty.

Reproduces V. Rogne and K. Brudeli, "Assignment 1 Report", tasks 2 to 4. Sections name the tasks.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports._split import check_rows, first_rows
from sklearn_softmax import (
    GDLogisticRegression,
    SoftmaxRegression,
    TrainingCurveDisplay,
    WeightImagesDisplay,
)

DATA = ("digits", "mnist")
N_TRAIN, N_VAL = 20_000, 10_000
VAL_SIZE = 0.8  # of the digits: with many rows to train, their validation loss does not turn
PAIR = (2, 3)
PATIENCES = (2, 10)
LAMBDAS = (0.002, 0.02, 0.2, 2.0)


@dataclass(frozen=True)
class Settings:
    """What depends on the size of the data.

    Parameters
    ----------
    batch_size : int
    lr_logistic, lr_softmax : float
        Learning rates of the two models.
    n_epochs : int
        Most epochs of a fit.
    """

    batch_size: int
    lr_logistic: float
    lr_softmax: float
    n_epochs: int


SETTINGS = {"digits": Settings(8, 0.5, 0.1, 150), "mnist": Settings(128, 0.05, 0.01, 50)}

# The published figures, all of them for MNIST; the accuracies are read off its curves.
REPORT_STOPPED_AFTER = 16
REPORT_SOFTMAX_ACCURACY = "about 0.916"
REPORT_ACCURACIES = {
    0.002: "about 0.915",
    0.02: "about 0.908",
    0.2: "about 0.88",
    2.0: "below 0.83",
}


STOP_COLUMNS = (
    "Epochs",
    "Best epoch",
    "Loss",
    "Accuracy",
    "Loss, last epoch",
    "Accuracy, last epoch",
)
KEPT = (
    "Loss and accuracy are those of the validation rows in the best epoch, whose weights are kept."
)
CUT_OFF = 3
GOES_ON = (
    "Pale lines tell how training goes on without early stopping. The loss is cut off at "
    f"{CUT_OFF} times the lowest of the validation rows."
)
SCORED = (
    "Training rows are scored during the epoch, each just before the step that uses it, validation "
    "rows at the end of an epoch."
)


@dataclass(frozen=True)
class Experiment:
    """All that the tables and figures are made of.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    n_train, n_val : int
        Number of training and validation rows.
    logistic : dict of bool to GDLogisticRegression
        Fitted on the two classes, without and with shuffling.
    softmax : dict of int to SoftmaxRegression
        Fitted without penalty, by their patience: epochs without gain until they stop.
    penalised : dict of float to SoftmaxRegression
        Fitted with the longest patience, by the penalty's weight.
    unstopped : dict of str or bool to estimator
        The logistic regressions, and the "softmax" regression without penalty, up to the
        last epoch.
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
    def by_penalty(self):
        """Softmax regressions of the longest patience by the penalty's weight, from 0 on."""
        return {0.0: self.softmax[max(PATIENCES)], **self.penalised}


def run(dataset, out, *, n_jobs=2, random_state=0, n_epochs=None):
    """Do the experiment, and write ``early_stopping.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Directory to write to, made where there is none.
    n_jobs : int, default=2
        Processes that train models.
    random_state : int, default=0
        Seed of the split, where there is no official one, and of the shuffles.
    n_epochs : int, default=None
        Most epochs of a fit; None for 150 on "digits" and 50 on "mnist".

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
    settings = replace(settings, n_epochs=n_epochs or settings.n_epochs)
    common = {
        "batch_size": settings.batch_size,
        "n_epochs": settings.n_epochs,
        "early_stopping": True,
        "random_state": random_state,
    }
    with stage(f"Training logistic regressions of {PAIR[0]} against {PAIR[1]}"):
        models = _logistic_regressions(lr=settings.lr_logistic, **common)
        logistic = fit_all(models, _of_pair(*rows), n_jobs)
        unstopped = fit_all(_without_stopping(models), _of_pair(*rows), n_jobs)
    with stage("Training softmax regressions of all classes"):
        models = _softmax_regressions(lr=settings.lr_softmax, **common)
        softmax = fit_all(models, rows, n_jobs)
        last = {"softmax": models[max(PATIENCES)]}
        unstopped |= fit_all(_without_stopping(last), rows, n_jobs)
    with stage(f"Training softmax regressions with {len(LAMBDAS)} penalties"):
        models = _penalised_regressions(len(y_train), lr=settings.lr_softmax, **common)
        penalised = fit_all(models, rows, n_jobs)
    experiment = Experiment(
        dataset, settings, len(y_train), len(y_val), logistic, softmax, penalised, unstopped
    )
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "early_stopping.md", _document(experiment, staging))
    print(f"Wrote {out / 'early_stopping.md'}")
    pair = f"{PAIR[0]} against {PAIR[1]}"
    print(f"Best validation accuracy, {pair}, shuffled: {_accuracy(logistic[True]):.4f}")
    print(f"Best validation accuracy, all classes: {_accuracy(experiment.by_penalty[0]):.4f}")
    return experiment


def _of_pair(X_train, y_train, X_val, y_val):
    """The rows of the two classes that are told apart first."""
    train, val = np.isin(y_train, PAIR), np.isin(y_val, PAIR)
    return X_train[train], y_train[train], X_val[val], y_val[val]


def _logistic_regressions(**params):
    """Without and with shuffling."""
    params = {"n_iter_no_change": min(PATIENCES), **params}
    return {shuffle: GDLogisticRegression(shuffle=shuffle, **params) for shuffle in (False, True)}


def _softmax_regressions(**params):
    """Without penalty, for each patience."""
    return {p: SoftmaxRegression(n_iter_no_change=p, **params) for p in PATIENCES}


def _without_stopping(models):
    """The same models, to be trained up to the last epoch."""
    return {name: clone(model).set_params(early_stopping=False) for name, model in models.items()}


def _penalised_regressions(n_train, **params):
    """With the longest patience, for each lambda."""
    params = {"n_iter_no_change": max(PATIENCES), **params}
    return {
        strength: SoftmaxRegression(reg_param=strength * n_train, **params) for strength in LAMBDAS
    }


def _document(e, out):
    """Blocks of Markdown in the original report's order; the figures are written to ``out``."""
    return [
        f"# Early stopping, shuffling and L2 penalty on {e.dataset.name}",
        _introduction(e),
        _patience(e),
        f"## Logistic regression, {PAIR[0]} against {PAIR[1]} (tasks 2b to 2e)",
        _logistic_settings(e),
        f"**Table 1.** Where training stopped. {KEPT}",
        _logistic_table(e),
        _image(_plot_logistic(e), 1, "Logistic regression in each epoch", out),
        f"**Figure 1** (tasks 2b to 2e). Loss and accuracy over the epochs. {GOES_ON} {SCORED}",
        "Without shuffling, every epoch ends with the same batches, so that what they do to the "
        "weights is the same at every check; the original report looks within the epochs too. With "
        "shuffling they change, so that curves can be rougher, and epochs without gain come "
        "sooner.",
        "## Softmax regression, all classes (tasks 3b to 3d)",
        _softmax_settings(e),
        f"**Table 2.** Where training stopped. {KEPT}",
        _softmax_table(e),
        _image(_plot_softmax(e), 2, "Softmax regression in each epoch", out),
        "**Figure 2** (tasks 3b to 3d). Loss and accuracy over the epochs, with a patience of "
        f"{max(PATIENCES)} epochs. {GOES_ON} {SCORED}",
        "## L2 penalty (tasks 4b to 4e)",
        _penalty(e),
        _image(_plot_weights(e), 3, "Weights as images", out),
        "**Figure 3** (task 4b). Weights of each class as images for each lambda. Red speaks for "
        "the class and blue against it. Left: all on one scale, which shows how they shrink. "
        "Right: each row on its own scale, which shows their shape.",
        _image(_plot_accuracies(e), 4, "Validation accuracy in each epoch", out),
        "**Figure 4** (task 4c). Validation accuracy over the epochs for each lambda, up to where "
        "training stopped.",
        "**Table 3.** Best validation accuracy of any epoch, and the norm of the weights kept, "
        "those of the lowest validation loss.",
        _penalty_table(e),
        _image(_plot_norms(e), 5, "Norm of the weights for each lambda", out),
        "**Figure 5** (task 4e). Norm of the weights kept for each lambda.",
    ]


def _image(figure, number, text, out):
    return _figures.write(figure, out / f"early_stopping_figure_{number}.png", text)


def _introduction(e):
    rows = (
        f"{e.n_train} images to train and {e.n_val} to validate, shuffled and with the same share "
        "of each class in both"
        if e.dataset.n_train is None
        else f"the first {e.n_train} training images to train and {e.n_val} test images to validate"
    )
    curves = ""
    if _published.are_comparable(e.dataset):
        curves = " The accuracies among them are read off its curves."
    return (
        'This reproduces V. Rogne and K. Brudeli, "Assignment 1 Report", below "the original '
        'report", tasks 2 to 4, on the data set '
        f"`{e.dataset.name}`: {rows}, with pixels scaled to [-1, 1]. Batches have "
        f"{e.settings.batch_size} rows, and there are {e.settings.n_epochs} epochs at most. "
        "The original report numbers neither its tables nor its figures. "
        f"{_published.explanation(e.dataset)}{curves}"
    )


def _patience(e):
    return (
        "The original report validates five times an epoch and stops after ten checks without "
        "gain. Here the validation rows are scored once, at the end of an epoch, so that ten "
        f"checks are either the same span, {min(PATIENCES)} epochs, or the same number of checks, "
        f"{max(PATIENCES)} epochs (`n_iter_no_change`). Logistic regression waits "
        f"{min(PATIENCES)} epochs, softmax regression is shown with both, and with a penalty it "
        f"waits {max(PATIENCES)}: on MNIST this comes nearest to the original report's figures. A "
        f"gain is a fall of the validation loss by more than {e.softmax[max(PATIENCES)].tol:g} "
        "(`tol`)."
    )


def _logistic_settings(e):
    return (
        f"`GDLogisticRegression` with `lr={e.settings.lr_logistic}` on the rows of the classes "
        f"{PAIR[0]} and {PAIR[1]} alone, once in their given order throughout and once shuffled in "
        "each epoch."
    )


def _softmax_settings(e):
    text = f"`SoftmaxRegression` with `lr={e.settings.lr_softmax}`, shuffled in each epoch."
    if _published.are_comparable(e.dataset):
        text += f" The original report's validation accuracy is {REPORT_SOFTMAX_ACCURACY}."
    return text


def _penalty(e):
    return (
        "The original report adds `(lambda / 2) ||w||^2` to the mean of the losses. In this "
        "package the penalty stands beside their sum, `(sum of losses + (reg_param / 2) ||W||^2) / "
        f"n`, which is the same for `reg_param = lambda * n`, with the n = {e.n_train} training "
        "rows. The intercepts are not penalised. The loss that early stopping goes by is without "
        "penalty."
    )


def _stop(model):
    """Epochs run and best epoch; loss and accuracy of the best epoch and of the last."""
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    best = losses.argmin()
    figures = losses[best], accuracies[best], losses[-1], accuracies[-1]
    return [model.n_iter_, best + 1, *map(float, figures)]


def _logistic_table(e):
    """Where training stopped, without and with shuffling."""
    published = {False: f"about {REPORT_STOPPED_AFTER}", True: None}
    rows = [
        ["with" if shuffle else "without", *_stop(model), published[shuffle]]
        for shuffle, model in e.logistic.items()
    ]
    return _published.table(e.dataset, ["Shuffling", *STOP_COLUMNS, "Epochs (published)"], rows)


def _softmax_table(e):
    """Where training stopped, for each patience."""
    rows = ([f"{patience} epochs", *_stop(model)] for patience, model in e.softmax.items())
    return _markdown.table(["Patience", *STOP_COLUMNS], rows)


def _penalty_table(e):
    """Accuracy and norm for each lambda."""
    published = {0: REPORT_SOFTMAX_ACCURACY, **REPORT_ACCURACIES}
    rows = [
        [f"{s:g}", f"{model.reg_param:g}", _accuracy(model), published[s], _norm(model)]
        for s, model in e.by_penalty.items()
    ]
    header = ["lambda", "`reg_param`", "Best accuracy", "Accuracy (published)", "Weight norm"]
    return _published.table(e.dataset, header, rows)


def _accuracy(model):
    """Best validation accuracy of any epoch."""
    return float(model.history_["val_accuracy"].max())


def _norm(model):
    """Norm of the weights that the model keeps."""
    return float(np.linalg.norm(model.coef_))


def _plot_logistic(e):
    """Loss and accuracy over the epochs: above without shuffling, below with it."""
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
    """Loss and accuracy over the epochs."""
    figure = _figures.new_figure(9.6, 4.2)
    keys = _draw_stopped(figure.subplots(ncols=2), e.by_penalty[0], e.unstopped["softmax"])
    figure.legend(handles=list(keys.values()), loc="outside upper center", ncols=3)
    return figure


def _draw_stopped(axes, model, unstopped):
    """Draw a model that may stop early and, pale, the same one without; return keys by label."""
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
    # The losses of the first epochs would leave little room for the turn.
    axes[0].set_ylim(0, CUT_OFF * unstopped.history_["val_loss"].min())
    return keys


def _plot_weights(e):
    """Weights of all classes as images for each penalty: on one scale (left), and each on its own.

    The first tells how they shrink, the second what becomes of their shape.
    """
    models = {f"λ = {strength:g}": model for strength, model in e.by_penalty.items()}
    figure = _figures.new_figure(13, 1.3 * len(models))
    titles = {"common": "One scale", "estimator": "A scale for each λ"}
    for part, (scale, title) in zip(figure.subfigures(ncols=2), titles.items()):
        part.suptitle(title)
        axes = part.subplots(nrows=len(models))
        shape = e.dataset.image_shape
        WeightImagesDisplay.from_estimator(models, shape, scale=scale, ax=axes)
    return figure


def _plot_accuracies(e):
    """Validation accuracy over the epochs for each lambda."""
    models = {f"λ = {strength:g}": model for strength, model in e.penalised.items()}
    return TrainingCurveDisplay.from_estimator(models, metrics="val_accuracy").figure_


def _plot_norms(e):
    """Norm of the weights for each lambda."""
    figure = _figures.new_figure(6.4, 4.2)
    ax = figure.subplots()
    names = [f"{strength:g}" for strength in e.by_penalty]
    bars = ax.bar(names, [_norm(model) for model in e.by_penalty.values()], color=_figures.BLUE)
    ax.bar_label(bars, fmt="%.2f", padding=2)
    ax.margins(y=0.1)
    ax.set(xlabel="λ", ylabel="Norm of the weights")
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    return figure
