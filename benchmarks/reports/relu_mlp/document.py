"""The Markdown of the report, with the figures 3 and 7."""

from dataclasses import dataclass
from functools import partial

from sklearn.decomposition import PCA

from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _published
from benchmarks.reports._split import Parts
from benchmarks.reports.relu_mlp import best_net, deeper, sweeps, toy
from benchmarks.reports.relu_mlp.nets import (
    BASELINE_LR,
    LR_DECAY,
    RAISED_LR,
    WEIGHT_INIT,
    Settings,
    n_epochs,
)
from sklearn_softmax import WeightImagesDisplay


@dataclass(frozen=True)
class Experiment:
    """All results.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    parts : Parts
        Raw pixels minus the mean training image.
    wanted : tuple of int
        Numbers of the tables to make.
    tables : dict of int to Table
        Tables 1 to 7 by number.
    nets : dict of Net to TwoLayerMLPClassifier
        Fitted.
    pca : PCA or None
    toy : Toy or None
        None if a single table is made.
    deeper : dict of (int, float or "auto") to TwoLayerMLPClassifier, or None
        Fitted nets by their number of layers and scale of the initial weights.
    """

    dataset: Dataset
    settings: Settings
    parts: Parts
    wanted: tuple
    tables: dict
    nets: dict
    pca: PCA | None
    toy: toy.Toy | None
    deeper: dict | None

    @property
    def n_train(self):
        """Number of training rows."""
        return len(self.parts.y_train)


def blocks(e, out):
    """Return the blocks of Markdown in the original order, and write the figures to ``out``."""
    write = partial(_write, out)
    return [
        f"# Net with a ReLU hidden layer on {e.dataset.name}",
        _introduction(e),
        _settings(e),
        *(toy.blocks(e, write) + _baseline(e, write) if e.toy else []),
        *sweeps.blocks(e, write),
        *(best_net.blocks(e) if 8 in e.wanted else []),
        *(_features(e, write) if e.toy else []),
        *(deeper.blocks(e) if e.deeper else []),
    ]


def _write(out, figure, number, text):
    """Write a figure and return its link."""
    return _figures.write(figure, out / f"relu_mlp_figure_{number}.png", text)


def _introduction(e):
    """Return the first paragraph."""
    text = (
        'This reproduces the course report "HLCV-Ex2", below "the original report", questions 2 '
        f"to 4, on the data set `{e.dataset.name}`: {e.parts}. Pixels range from 0 to 255, minus "
        "the mean training image. Figures and tables 1 to 7 have the numbers of the original "
        "report; tables 8 and 9 contain figures from its text. "
        f"{_published.explanation(e.dataset, 'cifar10')}"
    )
    if _published.are_comparable(e.dataset):
        text += " A JPEG copy of CIFAR-10 costs two or three points compared with the original."
    if e.settings.divisor > 1:
        text += (
            " This is the quick version: a tenth of the steps on a tenth of the training rows, "
            "with lower accuracies."
        )
    return text


def _settings(e):
    """Return the list of settings."""
    best = e.settings.best
    epochs = n_epochs(best.n_iterations, best.batch_size, e.n_train)
    return "\n".join(
        [
            "The nets are `TwoLayerMLPClassifier` with the original report's settings:",
            "",
            "- gradient descent without momentum; the learning rate is multiplied by "
            f"{LR_DECAY} after each epoch. The original report claims to raise it from 1e-3 "
            f"to 1e-4; here the baseline's is {BASELINE_LR:g} and the raised one {RAISED_LR:g};",
            f"- normal initial weights with a standard deviation of {WEIGHT_INIT:g}, intercepts "
            "of 0;",
            "- iterations are steps of one batch. Training here is in whole epochs, "
            f"`n_epochs = round(iterations * batch_size / n)` with n = {e.n_train} training rows: "
            f"{best.n_iterations} iterations with batches of {best.batch_size} rows are {epochs} "
            "epochs;",
            "- the original report adds `lambda (||W1||^2 + ||W2||^2)` to the mean loss. In this "
            "package the objective is `(sum of losses + (reg_param / 2) ||W||^2) / n`, which is "
            "the same for `reg_param = 2 * lambda * n`.",
        ]
    )


def _baseline(e, write):
    """Return figure 3 and its caption."""
    return [
        "## The baseline (question 3b)",
        write(plot_baseline(e), 3, "Loss, accuracy and features of the baseline"),
        "**Figure 3.** The original report's baseline, with a learning rate of "
        f"{e.settings.baseline.lr:g}. Left: loss of each batch (top), without penalty, and "
        f"accuracy over the epochs (bottom). {sweeps.BAND} Right: first-layer weights of each "
        "hidden unit as an image, each scaled by its largest weight.",
    ]


def plot_baseline(e):
    """Plot loss and accuracy of the baseline next to the weights of its hidden units."""
    net = e.nets[e.settings.baseline]
    figure = _figures.new_figure(9.6, 6.4)
    axes = figure.subplot_mosaic([["loss", "features"], ["accuracy", "features"]])
    sweeps.draw_training((axes["loss"], axes["accuracy"]), net)
    style = {"scale": "image", "n_columns": 5}
    WeightImagesDisplay.from_estimator(net, e.dataset.image_shape, ax=axes["features"], **style)
    return figure


def _features(e, write):
    """Return figure 7 and its caption."""
    nets = {name: e.nets[net] for name, net in e.settings.named_nets.items()}
    display = WeightImagesDisplay.from_estimator(
        nets, e.dataset.image_shape, scale="image", n_columns=10
    )
    return [
        write(display.figure_, 7, "Features as images"),
        "**Figure 7.** First-layer weights of each hidden unit as an image, each scaled by its "
        "largest weight.",
    ]
