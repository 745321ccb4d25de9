"""Net with a sigmoid hidden layer on handwritten digits, trained on few images and on many.

Reproduces A. Lee (2021), sections 3 to 6: a 784-64-10 net on MNIST. Figures have the numbers of
the original report.
"""

from dataclasses import dataclass, replace

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports._split import Parts, check_rows, with_validation
from sklearn_softmax import TrainingCurveDisplay, TwoLayerMLPClassifier, WeightImagesDisplay

DATA = ("digits", "mnist")
HIDDEN_SIZE = 64
N_EPOCHS = 100
DEFAULT_LR = 0.1
LRS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True)
class Settings:
    """Values that depend on the data set.

    Parameters
    ----------
    n_few : int
        Images of the smaller training set.
    n_val : int
    batch_size : int
    """

    n_few: int
    n_val: int
    batch_size: int


SETTINGS = {"digits": Settings(200, 300, 20), "mnist": Settings(2_000, 10_000, 100)}

# Published figures for MNIST.
REPORT_DEFAULT_ACCURACY = "0.90 to 0.91"
REPORT_BEST_ACCURACY = "0.94"


@dataclass(frozen=True)
class Experiment:
    """All results.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    parts : Parts
    few, many : dict of float to TwoLayerMLPClassifier
        Fitted on few images and on all training images, by learning rate: ``many`` with all of
        ``LRS``, ``few`` with the default and the best of them.
    """

    dataset: Dataset
    settings: Settings
    parts: Parts
    few: dict
    many: dict

    @property
    def best_lr(self):
        """Learning rate with the best validation accuracy with many images."""
        return _best_lr(self.many)


def run(dataset, out, *, n_jobs=2, random_state=0):
    """Run the experiment, and write ``sigmoid_mlp.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "mnist".
    out : Path
        Output directory, created if it does not exist.
    n_jobs : int, default=2
        Processes that train nets.
    random_state : int, default=0
        Seed of the split, if there is no official one, of weights and of shuffles.

    Returns
    -------
    experiment : Experiment
    """
    settings = SETTINGS[dataset.name]
    parts = with_validation(dataset, n_val=settings.n_val, random_state=random_state)
    few_rows = first_training_rows(parts, settings.n_few)
    training_rows = f"first {settings.n_few} training rows before the last {settings.n_val}"
    labels = {training_rows: few_rows.y_train, "last training rows": parts.y_val}
    check_rows(dataset, labels | {"test rows": parts.y_test})
    common = {
        "batch_size": settings.batch_size,
        "n_epochs": N_EPOCHS,
        "random_state": random_state,
    }
    with stage(f"Training on {len(parts.y_train)} images with {len(LRS)} learning rates"):
        many = fit_all(_nets(LRS, **common), parts.to_fit, n_jobs)
    with stage(f"Training on {len(few_rows.y_train)} images"):
        few = fit_all(_nets({DEFAULT_LR, _best_lr(many)}, **common), few_rows.to_fit, n_jobs)
    experiment = Experiment(dataset, settings, parts, few, many)
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "sigmoid_mlp.md", _document(experiment, staging))
    print(f"Wrote {out / 'sigmoid_mlp.md'}")
    best = many[experiment.best_lr]
    print(f"Best learning rate: {best.lr:g} (validation accuracy {_val_accuracy(best):.4f})")
    print(f"Test accuracy: {best.score(parts.X_test, parts.y_test):.4f}")
    return experiment


def first_training_rows(parts, n):
    """Return parts with the first ``n`` training rows."""
    return replace(parts, X_train=parts.X_train[:n], y_train=parts.y_train[:n])


def _best_lr(nets):
    """Return the learning rate with the best validation accuracy in the last epoch."""
    return max(nets, key=lambda lr: _val_accuracy(nets[lr]))


def _val_accuracy(net):
    """Return the validation accuracy in the last epoch."""
    return float(net.history_["val_accuracy"][-1])


def _nets(lrs, **params):
    """Return nets by learning rate."""
    params = {"activation": "sigmoid", "optimizer": "sgd", "momentum": 0.0, **params}
    return {lr: TwoLayerMLPClassifier(hidden_size=HIDDEN_SIZE, lr=lr, **params) for lr in lrs}


def _document(e, out):
    """Return the blocks of Markdown in the original order, and write the figures to ``out``."""

    def write(figure, number, text):
        """Write a figure and return its link."""
        return _figures.write(figure, out / f"sigmoid_mlp_figure_{number}.png", text)

    n_few, n_many = _sizes(e)
    return [
        f"# Net with a sigmoid hidden layer on {e.dataset.name}",
        _introduction(e),
        "## Few images and many (sections 3 and 4)",
        f"The same net is trained on the first {n_few} training images and on all {n_many}, for "
        f"{N_EPOCHS} epochs, with `lr={DEFAULT_LR}`.",
        write(_plot_curves(e.few), 1, "Accuracy in each epoch with few images"),
        f"**Figure 1.** Accuracy over the epochs with {n_few} training images. Training images "
        "are scored during the epoch, each just before the step that uses it, validation images at "
        "the end of an epoch.",
        write(_plot_curves(e.many), 2, "Accuracy in each epoch with many images"),
        f"**Figure 2.** The same with {n_many} training images.",
        _comparison(e),
        "## Accuracy (section 5)",
        _search_text(e),
        f"**Table 1.** Accuracy with {n_many} training images after {N_EPOCHS} epochs.",
        _search_table(e),
        "**Table 2.** Accuracy with the default learning rate and with the best; the gap is that "
        "between training and validation images.",
        _accuracy_table(e),
        "The test images were not used to choose the learning rate.",
        "## The weights (section 6)",
        write(_plot_weights(e), 3, "Weights of the hidden units as images"),
        f"**Figure 3**, without a number in the original report. Weights of the {HIDDEN_SIZE} "
        "hidden units of the best net as images, each with its scale. Red pixels increase the "
        "activation of a unit, blue ones decrease it.",
    ]


def _sizes(e):
    """Return the numbers of training images: few, many."""
    return min(e.settings.n_few, len(e.parts.y_train)), len(e.parts.y_train)


def _introduction(e):
    """Return the first paragraph."""
    n_features, n_classes = e.parts.X_train.shape[1], len(e.many[DEFAULT_LR].classes_)
    return (
        'This reproduces A. Lee (2021), below "the original report", sections 3 to 6, on the data '
        f"set `{e.dataset.name}`: {e.parts}, with pixels scaled to [0, 1]. The net is "
        f"`TwoLayerMLPClassifier` with {n_features} inputs, {HIDDEN_SIZE} sigmoid units and "
        f"{n_classes} softmax outputs, trained by gradient descent without momentum and without "
        f"penalty in batches of {e.settings.batch_size} rows. {_published.explanation(e.dataset)}"
    )


def _comparison(e):
    """Return the claims of the original report about figures 1 and 2, with the figures found."""
    few, many = (nets[DEFAULT_LR].history_["val_accuracy"] for nets in (e.few, e.many))
    n_few, n_many = _sizes(e)
    return (
        "The original report finds a larger gap between the curves with few images, and a higher "
        "accuracy and a faster rise at the beginning with many. Here the validation accuracy after "
        f"the first epoch is {few[0]:.4f} with {n_few} images and {many[0]:.4f} with {n_many}, "
        f"after the last {few[-1]:.4f} and {many[-1]:.4f}. With many images, an epoch has "
        "proportionally more steps."
    )


def _search_text(e):
    """Return the paragraph about the learning rates."""
    text = (
        f"Of {len(LRS)} learning rates with all training images, {e.best_lr:g} has the best "
        "validation accuracy after the last epoch."
    )
    if _published.are_comparable(e.dataset):
        text += (
            f" The original report's accuracy is {REPORT_DEFAULT_ACCURACY} with its default "
            f"settings and {REPORT_BEST_ACCURACY} with its best learning rate. It names 0.0001 "
            "both as the best and as one that was worse, and states neither its batches nor the "
            "scale of its pixels, so that the learning rates themselves cannot be compared."
        )
    return text


def _search_table(e):
    """Return table 1."""
    rows = (
        [f"{lr:g}", net.score(e.parts.X_train, e.parts.y_train), _val_accuracy(net)]
        for lr, net in e.many.items()
    )
    return _markdown.table(["`lr`", "Training", "Validation"], rows)


def _accuracy_table(e):
    """Return table 2."""
    published = {DEFAULT_LR: REPORT_DEFAULT_ACCURACY, e.best_lr: REPORT_BEST_ACCURACY}
    n_few, n_many = _sizes(e)
    rows = [
        row
        for lr in published
        for row in (
            [n_few, f"{lr:g}", *_accuracies(e, e.few[lr], n_few), None],
            [n_many, f"{lr:g}", *_accuracies(e, e.many[lr], n_many), published[lr]],
        )
    ]
    header = ["Images", "`lr`", "Training", "Validation", "Gap", "Test", "Published"]
    return _published.table(e.dataset, header, rows)


def _accuracies(e, net, n_train):
    """Return training accuracy, validation accuracy, their difference, and test accuracy."""
    rows = first_training_rows(e.parts, n_train)
    training = net.score(rows.X_train, rows.y_train)
    validation = net.score(rows.X_val, rows.y_val)
    return [training, validation, training - validation, net.score(rows.X_test, rows.y_test)]


def _plot_curves(nets):
    """Plot the accuracy over the epochs, on the same scale for few and many images."""
    display = TrainingCurveDisplay.from_estimator(nets[DEFAULT_LR], metrics="accuracy")
    display.axes_[0].set(ylim=(0, 1.02))
    return display.figure_


def _plot_weights(e):
    """Plot the weights of the best net's hidden units."""
    net, shape = e.many[e.best_lr], e.dataset.image_shape
    return WeightImagesDisplay.from_estimator(net, shape, scale="image").figure_
