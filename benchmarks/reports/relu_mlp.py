"""Net with a ReLU hidden layer on small colour images: gradient check, sweeps, deeper nets.

Reproduces exercise 2 of a course on high-level computer vision, "HLCV-Ex2", questions 2
to 4. Figures and the tables 1 to 7 bear the numbers that they have there; tables 8 and 9 hold
what is in its text.
"""

from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.decomposition import PCA

from benchmarks import _files
from benchmarks.datasets import Dataset
from benchmarks.reports import _figures, _markdown, _published, _pytorch
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports._split import Parts, check_rows, with_validation
from sklearn_softmax import (
    TrainingCurveDisplay,
    TwoLayerMLPClassifier,
    WeightImagesDisplay,
    gradient_check,
)

DATA = ("digits", "cifar10")
BASELINE_LR, RAISED_LR = 1e-4, 1e-3
LR_DECAY = 0.95
WEIGHT_INIT = 1e-4
TOY_CHECK_STRENGTH, TOY_TRAINING_STRENGTH = 0.05, 5e-6
SEEDS = (0, 1, 2)
DEPTHS = (2, 3, 4, 5)
DEEP_EPOCHS = 10
DEEP_SCALES = (1e-3, "auto")
HALF_RANGE = 127.5
EXPLAINED = 0.95
FINAL, DEEPER = 8, 9
BAND = "The line is the running mean of the losses, the band their running standard deviation."

# The published figures, all but those of the toy set for CIFAR-10.
REPORT_GRADIENT_ERRORS = {"W1": 6.3e-9, "b1": 1.3e-9, "W2": 3.4e-9, "b2": 3.9e-11}
REPORT_TOY_LOSS = 0.0171
REPORT_ACCURACIES = {
    1: (0.2819, 0.358, 0.388, 0.413, 0.43, 0.433, 0.446, 0.443, 0.446, 0.453),
    2: (0.499, 0.52, 0.516, 0.516, 0.526),
    3: (0.426, 0.46, 0.486, 0.505, 0.52, 0.499, 0.506, 0.52, 0.515, 0.539, 0.529, 0.514),
    4: (0.488, 0.52, 0.495, 0.485, 0.508, 0.491, 0.539, 0.522, 0.52, 0.522),
    5: (0.509, 0.52, 0.498, 0.504, 0.492, 0.542, 0.539, 0.527, 0.523, 0.497),
    6: (0.34, 0.403, 0.465, 0.52, 0.376, 0.44, 0.462, 0.539),
    7: (0.24, 0.216, 0.2819, "about 0.50"),
}
REPORT_BEST = [0.539, 0.538]  # on validation rows, on test rows
REPORT_DEPTHS = {2: 0.52, 3: 0.486, 4: 0.078, 5: 0.078}


@dataclass(frozen=True)
class Net:
    """A net of the sweeps, in the original report's terms.

    Parameters
    ----------
    n_iterations : int
        Steps.
    batch_size : int
    hidden_size : int, default=50
    lr : float, default=1e-3
    strength : float, default=0.25
        The original report's lambda.
    keep : float, default=1.0
        Probability that dropout keeps a hidden unit.
    reduced : bool, default=False
        Whether the pixels are reduced to principal components.
    seed : int, default=0
        Added to the seed of the report.
    """

    n_iterations: int
    batch_size: int
    hidden_size: int = 50
    lr: float = RAISED_LR
    strength: float = 0.25
    keep: float = 1.0
    reduced: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Settings:
    """What depends on the size of the data.

    Parameters
    ----------
    n_val : int
    thousand : int
        Steps that stand for 1,000 of the original report.
    hundred : int
        Rows of a batch that stand for 100 of the original report.
    n_components : int
        Principal components.
    share : int, default=1
        Only the first of so many parts of the training rows are used.
    """

    n_val: int
    thousand: int
    hundred: int
    n_components: int
    share: int = 1

    @property
    def small(self):
        """A tenth of the steps on a tenth of the rows, hence as many epochs."""
        return replace(self, thousand=self.thousand // 10, share=10)

    @property
    def baseline(self):
        """The original report's HLCV-Ex2-Baseline."""
        return Net(self.thousand, 2 * self.hundred, lr=BASELINE_LR)

    @property
    def fifty(self):
        """The original report's HLCV-Ex2-50."""
        return Net(4 * self.thousand, 2 * self.hundred)

    @property
    def best(self):
        """The original report's HLCV-Ex2-100."""
        return replace(self.fifty, hidden_size=100)

    @property
    def batch_sizes(self):
        """Those of table 4."""
        return tuple(range(self.hundred, 5 * self.hundred + 1, self.hundred))


SETTINGS = {
    "digits": Settings(n_val=300, thousand=300, hundred=10, n_components=25),
    "cifar10": Settings(n_val=1_000, thousand=1_000, hundred=100, n_components=250),
}


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Parameters
    ----------
    cells : tuple
        What tells the net from those of the other rows.
    net : Net
    n_iterations : int
        Steps after which the accuracies are read off.
    """

    cells: tuple
    net: Net
    n_iterations: int

    @classmethod
    def at_the_end(cls, cells, net):
        """A row read off after the net's last step."""
        return cls(cells, net, net.n_iterations)


@dataclass(frozen=True)
class Table:
    """A table of validation accuracies.

    Parameters
    ----------
    title : str
    header : list of str
        Of the cells.
    rows : list of Row
    """

    title: str
    header: list
    rows: list


@dataclass(frozen=True)
class Toy:
    """What is found on the toy set.

    Parameters
    ----------
    errors : dict of str to float
        Relative errors of the gradient by the names of the parameters.
    net : TwoLayerMLPClassifier
        Trained on the toy set.
    """

    errors: dict
    net: TwoLayerMLPClassifier


@dataclass(frozen=True)
class Experiment:
    """All that the tables and figures are made of.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    parts : Parts
        Raw pixels, without the mean training image.
    toy : Toy or None
    tables : dict of int to Table
        Those of the tables 1 to 7 that are made, by number.
    nets : dict of Net to TwoLayerMLPClassifier
        Fitted.
    pca : PCA or None
    ours, theirs : list of pairs of float, or None
        Validation and test accuracy of the best net for each of ``SEEDS``, trained here and
        by PyTorch.
    deeper : dict of (int, float or "auto") to TwoLayerMLPClassifier
        Fitted nets by their number of layers and the scale of their initial weights.
    """

    dataset: Dataset
    settings: Settings
    parts: Parts
    toy: Toy | None
    tables: dict
    nets: dict
    pca: PCA | None
    ours: list | None
    theirs: list | None
    deeper: dict

    @property
    def n_train(self):
        """Number of training rows."""
        return len(self.parts.y_train)


def add_arguments(command):
    """Add what this report alone takes from the command line.

    Parameters
    ----------
    command : argparse.ArgumentParser
    """
    command.add_argument(
        "--table",
        type=int,
        choices=range(1, DEEPER + 1),
        metavar="N",
        help="make only this table: 1 to 7 as in the original report, 8 for the test accuracy, 9 "
        "for deeper nets (default: all of them, and everything else)",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="a tenth of the steps on a tenth of the training rows",
    )


def run(dataset, out, *, n_jobs=2, random_state=0, table=None, quick=False):
    """Do the experiment, and write ``relu_mlp.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "cifar10".
    out : Path
        Directory to write to, made where there is none.
    n_jobs : int, default=2
        Processes that train nets.
    random_state : int, default=0
        Seed of the split, where there is no official one, of weights and of shuffles.
    table : int, default=None
        Number of the only table to make; None for all, with the toy set and all figures.
    quick : bool, default=False
        Whether to take a tenth of the steps on a tenth of the training rows.

    Returns
    -------
    experiment : Experiment
    """
    settings = SETTINGS[dataset.name]
    settings = settings.small if quick else settings
    parts = raw_pixels(dataset, settings, random_state)
    wanted = (table,) if table else tuple(range(1, DEEPER + 1))
    tables = {number: made for number, made in _tables(settings).items() if number in wanted}
    how = {"n_jobs": n_jobs, "random_state": random_state}
    toy = _toy(random_state) if table is None else None
    nets, pca = _fit_sweeps(settings, tables, wanted, parts, **how)
    ours = theirs = None
    if FINAL in wanted:
        ours = [_accuracies(nets[replace(settings.best, seed=seed)], parts) for seed in SEEDS]
        theirs = _fit_with_pytorch(settings.best, parts, **how)
    deeper = _fit_deeper(settings, parts, **how) if DEEPER in wanted else {}
    experiment = Experiment(dataset, settings, parts, toy, tables, nets, pca, ours, theirs, deeper)
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "relu_mlp.md", _document(experiment, staging))
    print(f"Wrote {out / 'relu_mlp.md'}")
    for name, found in (("here", ours), ("with PyTorch", theirs)):
        if found is not None:
            print(f"Test accuracy of the best net {name}: {np.mean(found, axis=0)[1]:.4f}")
    return experiment


def raw_pixels(dataset, settings, random_state):
    """Pixels from 0 to 255, from which the mean training image is subtracted.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    random_state : int
        Seed of the split, where there is no official one.

    Returns
    -------
    parts : Parts
    """
    parts = with_validation(dataset, n_val=settings.n_val, random_state=random_state)
    n_train = len(parts.y_train) // settings.share
    training_rows = f"first {n_train} training rows before the last {settings.n_val}"
    labels = {training_rows: parts.y_train[:n_train]}
    check_rows(dataset, labels, total=settings.n_components)
    check_rows(dataset, {"last training rows": parts.y_val, "test rows": parts.y_test})
    mean = 255 * parts.X_train[:n_train].mean(axis=0, dtype=np.float64).astype(np.float32)
    return replace(
        parts,
        X_train=255 * parts.X_train[:n_train] - mean,
        y_train=parts.y_train[:n_train],
        X_val=255 * parts.X_val - mean,
        X_test=255 * parts.X_test - mean,
    )


def n_epochs(n_iterations, batch_size, n_train):
    """Passes over the training rows that come nearest to a number of steps.

    Parameters
    ----------
    n_iterations, batch_size, n_train : int

    Returns
    -------
    n_epochs : int
        At least 1.

    Examples
    --------
    >>> from benchmarks.reports.relu_mlp import n_epochs
    >>> n_epochs(4_000, 200, 49_000)
    16
    """
    return max(1, round(n_iterations * batch_size / n_train))


def _tables(s):
    """The original report's tables, by their numbers."""
    return {
        1: _iterations_table(s, BASELINE_LR, step=1),
        2: _iterations_table(s, RAISED_LR, step=2),
        3: Table(
            "The number of hidden units.",
            ["Hidden units"],
            [Row.at_the_end((n,), replace(s.fifty, hidden_size=n)) for n in range(10, 121, 10)],
        ),
        4: _table_of_both(s, "The batch size.", "Batch size", "batch_size", s.batch_sizes),
        5: _table_of_both(s, "The penalty.", "lambda", "strength", (0.0, 0.25, 0.5, 0.75, 1.0)),
        6: _table_of_both(s, "Dropout.", "Keep probability", "keep", (0.25, 0.5, 0.75, 1.0)),
        7: _pca_table(s),
    }


def _iterations_table(s, lr, step):
    """Accuracies of one run, every so many thousand steps."""
    net = replace(s.fifty, n_iterations=10 * s.thousand, lr=lr)
    read_off = range(step * s.thousand, net.n_iterations + 1, step * s.thousand)
    return Table(
        f"The number of iterations, with a learning rate of {lr:g}.",
        ["Iterations"],
        [Row((n,), net, n) for n in read_off],
    )


def _table_of_both(s, title, header, name, values):
    """One setting varied in the nets with 50 and with 100 hidden units."""
    rows = [
        Row.at_the_end((net.hidden_size, f"{value:g}"), replace(net, **{name: value}))
        for net in (s.fifty, s.best)
        for value in values
    ]
    return Table(title, ["Hidden units", header], rows)


def _pca_table(s):
    """The original report's two nets on principal components, then the same on all pixels."""
    second = replace(s.fifty, n_iterations=5 * s.thousand, batch_size=4 * s.hundred, strength=0.3)
    rows = [
        Row.at_the_end(
            (
                s.n_components if reduced else "all pixels",
                net.batch_size,
                net.n_iterations,
                f"{net.lr:g}",
                f"{net.strength:g}",
            ),
            replace(net, reduced=reduced),
        )
        for reduced in (True, False)
        for net in (s.baseline, second)
    ]
    header = ["Input size", "Batch size", "Iterations", "Learning rate", "lambda"]
    return Table("Principal components, with 50 hidden units.", header, rows)


def _needed(s, tables, wanted):
    """Nets of the tables and, with all tables, of the figures; each once."""
    nets = [row.net for table in tables.values() for row in table.rows]
    if FINAL in wanted:
        nets += [replace(s.best, seed=seed) for seed in SEEDS]
    if len(wanted) > 1:
        nets += _nets_of_features(s).values()
    return list(dict.fromkeys(nets))


def _nets_of_features(s):
    """Nets whose features are shown, by the original report's names."""
    return {"HLCV-Ex2-Baseline": s.baseline, "HLCV-Ex2-50": s.fifty, "HLCV-Ex2-100": s.best}


def _fit_sweeps(s, tables, wanted, parts, *, n_jobs, random_state):
    """Fitted estimators by their nets, and the principal components if any net is on them."""
    needed = _needed(s, tables, wanted)
    reduced_nets = [net for net in needed if net.reduced]
    others = [net for net in needed if not net.reduced]
    models = _fit_nets(others, parts, n_jobs, random_state) if others else {}
    if not reduced_nets:
        return models, None
    with stage("Finding the principal components"):
        pca = PCA(svd_solver="covariance_eigh").fit(parts.X_train)
    reduced = _reduced(parts, pca, s.n_components)
    return models | _fit_nets(reduced_nets, reduced, n_jobs, random_state), pca


def _fit_nets(nets, parts, n_jobs, random_state):
    models = {net: _estimator(net, len(parts.y_train), random_state) for net in nets}
    with stage(f"Training {len(nets)} nets on {parts.X_train.shape[1]} features"):
        return fit_all(models, parts.to_fit, n_jobs)


def _estimator(net, n_train, random_state):
    return TwoLayerMLPClassifier(
        hidden_size=net.hidden_size,
        dropout=1 - net.keep,
        weight_init=WEIGHT_INIT,
        lr=net.lr,
        lr_decay=LR_DECAY,
        reg_param=2 * net.strength * n_train,
        batch_size=net.batch_size,
        n_epochs=n_epochs(net.n_iterations, net.batch_size, n_train),
        optimizer="sgd",
        momentum=0.0,
        random_state=random_state + net.seed,
    )


def toy_set():
    """The course's five rows.

    Returns
    -------
    X : ndarray of shape (5, 4)
    y : ndarray of shape (5,)
    """
    X = 10 * np.random.RandomState(1).standard_normal((5, 4))
    return X, np.array([0, 1, 2, 2, 1])


def _toy(random_state):
    X, y = toy_set()
    net = TwoLayerMLPClassifier(
        hidden_size=10,
        weight_init=0.1,
        lr=0.1,
        lr_decay=LR_DECAY,
        reg_param=2 * TOY_TRAINING_STRENGTH * len(y),
        n_epochs=100,
        optimizer="sgd",
        momentum=0.0,
        random_state=random_state,
    )
    checked = clone(net).set_params(reg_param=2 * TOY_CHECK_STRENGTH * len(y))
    with stage("Checking the gradient and training on the toy set"):
        return Toy(gradient_check(checked, X, y, random_state=random_state), net.fit(X, y))


def _reduced(parts, pca, n_components):
    """The same rows as principal components."""
    axes = pca.components_[:n_components].T
    X_train, X_val, X_test = (
        (X - pca.mean_) @ axes for X in (parts.X_train, parts.X_val, parts.X_test)
    )
    return replace(parts, X_train=X_train, X_val=X_val, X_test=X_test)


def _accuracies(model, parts):
    """Validation and test accuracy."""
    return [
        model.score(X, y) for X, y in ((parts.X_val, parts.y_val), (parts.X_test, parts.y_test))
    ]


def _fit_with_pytorch(net, parts, *, n_jobs, random_state):
    """Accuracies of the net trained by PyTorch for each of ``SEEDS``; None where there is none."""
    if not _pytorch.is_installed():
        return None
    params = {
        "hidden_size": net.hidden_size,
        "weight_init": WEIGHT_INIT,
        "lr": net.lr,
        "lr_decay": LR_DECAY,
        "strength": net.strength,
        "batch_size": net.batch_size,
        "n_epochs": n_epochs(net.n_iterations, net.batch_size, len(parts.y_train)),
    }
    fits = (
        delayed(_pytorch.fit)(*parts.to_fit[:2], random_state=random_state + seed, **params)
        for seed in SEEDS
    )
    with stage(f"Training {len(SEEDS)} nets with PyTorch"):
        nets = Parallel(n_jobs=n_jobs, verbose=11)(fits)
    return [_accuracies(net, parts) for net in nets]


def _fit_deeper(s, parts, *, n_jobs, random_state):
    """Nets of question 4c by depth and scale of the initial weights."""
    rows = parts.X_train / HALF_RANGE, parts.y_train, parts.X_val / HALF_RANGE, parts.y_val
    models = {
        (depth, scale): TwoLayerMLPClassifier(
            hidden_size=(s.fifty.hidden_size,) * (depth - 1),
            weight_init=scale,
            lr=1e-3,
            batch_size=s.fifty.batch_size,
            n_epochs=DEEP_EPOCHS,
            random_state=random_state,
        )
        for depth in DEPTHS
        for scale in DEEP_SCALES
    }
    with stage(f"Training {len(models)} nets of {min(DEPTHS)} to {max(DEPTHS)} layers"):
        return fit_all(models, rows, n_jobs)


def _document(e, out):
    """Blocks of Markdown in the original report's order; the figures are written to ``out``."""
    return [
        f"# Net with a ReLU hidden layer on {e.dataset.name}",
        _introduction(e),
        _settings_text(e),
        *(_toy_part(e, out) if e.toy else []),
        *(_baseline_part(e, out) if e.toy else []),
        *(_sweeps(e, out) if e.tables else []),
        *(_final_part(e) if e.ours else []),
        *(_features(e, out) if e.toy else []),
        *(_deeper_part(e) if e.deeper else []),
    ]


def _image(figure, number, text, out):
    return _figures.write(figure, out / f"relu_mlp_figure_{number}.png", text)


def _introduction(e):
    text = (
        'This reproduces the course report "HLCV-Ex2", below "the original report", questions 2 '
        "to 4, on the data set "
        f"`{e.dataset.name}`: {e.parts}. Pixels go from 0 to 255; the mean training image is "
        "subtracted from them. Figures and the tables 1 to 7 bear the numbers that they have "
        "there; tables 8 and 9 hold what is in its text. "
        f"{_published.explanation(e.dataset, 'cifar10')}"
    )
    if _published.are_comparable(e.dataset):
        text += " A JPEG copy of CIFAR-10 costs two or three points against the original."
    if e.settings.share > 1:
        text += (
            " This is the quick version: a tenth of the steps on a tenth of the training rows, "
            "whose accuracies are lower."
        )
    return text


def _settings_text(e):
    best = e.settings.best
    epochs = n_epochs(best.n_iterations, best.batch_size, e.n_train)
    return "\n".join(
        [
            "The nets are `TwoLayerMLPClassifier` with the original report's settings:",
            "",
            "- gradient descent without momentum; the learning rate falls by the factor "
            f"{LR_DECAY} after each epoch. The original report writes that it raised it from 1e-3 "
            f"to 1e-4; the baseline's is {BASELINE_LR:g} and the raised one {RAISED_LR:g};",
            f"- normal initial weights with a standard deviation of {WEIGHT_INIT:g}, intercepts "
            "of 0;",
            "- iterations are steps of one batch. Training here goes by whole epochs, "
            "`n_epochs = round(iterations * batch_size / n)` with the "
            f"n = {e.n_train} training rows, so that {best.n_iterations} iterations with batches "
            f"of {best.batch_size} rows are {epochs} epochs;",
            "- the original report adds `lambda (||W1||^2 + ||W2||^2)` to the mean loss. In this "
            "package the penalty stands beside the sum of the losses, "
            "`(sum of losses + (reg_param / 2) ||W||^2) / n`, which is the same for "
            "`reg_param = 2 * lambda * n`.",
        ]
    )


def _toy_part(e, out):
    X, y = toy_set()
    errors, losses = e.toy.errors, e.toy.net.step_losses_
    rows = (
        [f"`{name}`", f"{errors[name]:.1e}", f"{published:.1e}"]
        for name, published in REPORT_GRADIENT_ERRORS.items()
    )
    return [
        "## The gradient (question 2d)",
        f"The toy set has {len(y)} rows of {X.shape[1]} features in 3 classes, its net "
        f"{e.toy.net.hidden_size} hidden units. `gradient_check` compares the gradient with "
        f"central differences, the penalty with lambda {TOY_CHECK_STRENGTH} included.",
        "**Figure 1.** Largest relative error of the gradient for each parameter.",
        _markdown.table(["Parameter", "Error", "Error (published)"], rows),
        "## The toy set (question 3a)",
        _image(_plot_toy(e.toy.net), 2, "Loss on the toy set", out),
        f"**Figure 2.** Loss on the toy set in {len(losses)} steps on all rows at once. The last "
        f"is {losses[-1]:.4f}; the original report's is {REPORT_TOY_LOSS}, from other random "
        "weights and on random batches.",
    ]


def _baseline_part(e, out):
    net = e.settings.baseline
    return [
        "## The baseline (question 3b)",
        _image(_plot_baseline(e), 3, "Loss, accuracy and features of the baseline", out),
        f"**Figure 3.** The original report's baseline, with a learning rate of {net.lr:g}. Left: "
        f"loss of each batch (top), without penalty, and accuracy over the epochs (bottom). {BAND} "
        "Right: first-layer weights of each hidden unit as an image, scaled to its own largest "
        "weight.",
    ]


def _sweeps(e, out):
    """The original report's tables, each with what belongs to it."""
    n_val = len(e.parts.y_val)
    followers = {4: _batch_part, 5: _curves_part, 6: _dropout_part}
    blocks = [
        "## The sweeps (question 3b)",
        "Accuracies are those at the end of an epoch, on training rows those of the scores "
        "during it, each just before the step that uses it. Every row of tables 1 and 2 is of the "
        f"same run. On {n_val} validation rows an accuracy of one half has a standard error of "
        f"{0.5 / np.sqrt(n_val):.3f}: smaller differences may be chance.",
    ]
    for number, table in e.tables.items():
        if number == 7:
            blocks += _pca_part(e, out)
        blocks += [f"**Table {number}.** {table.title}", _accuracy_table(e, number)]
        if number in followers:
            blocks += followers[number](e, out)
    return blocks


def _accuracy_table(e, number):
    """Training and validation accuracy of each row."""
    table = e.tables[number]
    rows = (
        [*row.cells, *_read_off(e, row), published]
        for row, published in zip(table.rows, REPORT_ACCURACIES[number])
    )
    header = [*table.header, "Epochs", "Training", "Validation", "Validation (published)"]
    return _published.table(e.dataset, header, rows)


def _read_off(e, row):
    """Epochs, and training and validation accuracy after them."""
    epochs = n_epochs(row.n_iterations, row.net.batch_size, e.n_train)
    history = e.nets[row.net].history_
    return [epochs, *(float(history[name][epochs - 1]) for name in ("accuracy", "val_accuracy"))]


def _batch_part(e, out):
    figure = _plot_batches(e)
    return [
        "There are as many steps for every batch size. Larger batches thus pass over the rows more "
        "often, and the learning rate, which falls after each epoch, falls further.",
        _image(figure, 4, "Loss of each batch with small and with larger batches", out),
        "**Figure 4.** Loss of each batch, without penalty, with "
        f"{e.settings.fifty.hidden_size} hidden units: small batches vary more than larger ones. "
        f"{BAND}",
    ]


def _curves_part(e, out):
    if not e.toy:
        return []
    return [
        _image(_plot_training(e), 5, "Loss and accuracy of the baseline and of the best net", out),
        "**Figure 5.** Loss of each batch, without penalty (top), and accuracy over the epochs "
        f"(bottom) of the original report's baseline (left) and of its best net (right). {BAND}",
    ]


def _dropout_part(e, out):
    return [
        "Units that dropout keeps are scaled up in training by 1 / keep probability, so that the "
        "whole net can be used as it is afterwards. Training accuracies are those with dropout."
    ]


def _pca_part(e, out):
    variance = np.cumsum(e.pca.explained_variance_ratio_)
    n_needed = np.searchsorted(variance, EXPLAINED) + 1
    n = e.settings.n_components
    published = (
        "; the original report finds about 250" if _published.are_comparable(e.dataset) else ""
    )
    return [
        _image(_plot_pca(e, variance), 6, "Explained variance, and accuracy in each epoch", out),
        "**Figure 6.** Left: share of the variance that the first principal components explain. "
        f"{n_needed} components explain {EXPLAINED:.0%}{published}; {n} are used, which explain "
        f"{variance[n - 1]:.1%}. Right: validation accuracy over the epochs of the nets of table "
        "7, on these components and on all pixels.",
    ]


def _final_part(e):
    best = e.settings.best
    return [
        "## The best net (conclusion)",
        f"The original report's choice: {best.hidden_size} hidden units, {best.n_iterations} "
        f"iterations, batches of {best.batch_size} rows, a learning rate of {best.lr:g}, lambda "
        f"{best.strength:g}, neither dropout nor PCA. {_pytorch_text(e)}",
        "**Table 8.** Validation and test accuracy from different random weights and shuffles.",
        _final_table(e),
    ]


def _pytorch_text(e):
    if e.theirs is None:
        return "Where PyTorch is installed, the same net trained by it stands beside."
    return (
        "PyTorch trains the same net on the same rows with the same settings, from its own random "
        "weights and in its own order."
    )


def _final_table(e):
    """Accuracies of each seed, their means, and the original report's."""
    found = np.array(e.ours if e.theirs is None else np.hstack([e.ours, e.theirs]))
    header = ["", "Validation", "Test", "Validation (PyTorch)", "Test (PyTorch)"]
    rows = [[f"Seed {seed}", *row] for seed, row in zip(SEEDS, found.tolist())]
    rows.append(["Mean", *found.mean(axis=0).tolist()])
    if _published.are_comparable(e.dataset):
        rows.append(["Published", *REPORT_BEST, *[None] * (found.shape[1] - len(REPORT_BEST))])
    return _markdown.table(header[: 1 + found.shape[1]], rows)


def _features(e, out):
    return [
        _image(_plot_features(e), 7, "Features as images", out),
        "**Figure 7.** First-layer weights of each hidden unit as an image, scaled to its own "
        "largest weight.",
    ]


def _deeper_part(e):
    rows = (
        [depth, *_deep_accuracies(e, depth), published]
        for depth, published in REPORT_DEPTHS.items()
    )
    titles = [
        f"{part}, {scale}" for scale in map(str, DEEP_SCALES) for part in ("Training", "Validation")
    ]
    return [
        "## Deeper nets (question 4c)",
        f"Nets of {min(DEPTHS)} to {max(DEPTHS)} layers with {e.settings.fifty.hidden_size} units "
        f"in each hidden one, trained for {DEEP_EPOCHS} epochs by Adam with the estimator's own "
        f"learning rate in batches of {e.settings.fifty.batch_size} rows, on pixels divided by "
        f"{HALF_RANGE}. The original report states the number of epochs only. Weights begin once "
        f"with a standard deviation of {DEEP_SCALES[0]:g} in all layers and once with He's, which "
        "depends "
        'on the size of the layer (`weight_init="auto"`).',
        "**Table 9.** Accuracy after the last epoch, by the scale of the initial weights.",
        _published.table(e.dataset, ["Layers", *titles, "Validation (published)"], rows),
        "The original report takes the chance level of its deepest nets for overfitting. A net "
        "that overfits is right on the rows that it is trained on; one that is at chance on these "
        "too has not learnt.",
    ]


def _deep_accuracies(e, depth):
    """Training and validation accuracy for each scale of the initial weights."""
    return [
        float(e.deeper[depth, scale].history_[name][-1])
        for scale in DEEP_SCALES
        for name in ("accuracy", "val_accuracy")
    ]


def _plot_toy(net):
    """Loss over the epochs, which have one step each."""
    display = TrainingCurveDisplay.from_estimator(net, metrics="loss")
    display.axes_[0].set(yscale="log")
    return display.figure_


def _plot_baseline(e):
    """Loss (top) and accuracy (bottom), beside the weights of the hidden units."""
    net = e.nets[e.settings.baseline]
    figure = _figures.new_figure(9.6, 6.4)
    axes = figure.subplot_mosaic([["loss", "features"], ["accuracy", "features"]])
    _draw_training((axes["loss"], axes["accuracy"]), net)
    style = {"scale": "image", "n_columns": 5}
    WeightImagesDisplay.from_estimator(net, e.dataset.image_shape, ax=axes["features"], **style)
    return figure


def _draw_training(axes, net):
    """Draw the loss of the batches and the accuracy over the epochs, with a legend each."""
    for ax, metric in zip(axes, ("step_loss", "accuracy")):
        TrainingCurveDisplay.from_estimator(net, metrics=metric, ax=ax)
    # From zero on, for a loss that hardly falls to look like one.
    axes[0].set_ylim(0, 1.1 * max(net.step_losses_))


def _plot_batches(e):
    """Loss of the batches, for a small batch size and for a larger one."""
    sizes = e.settings.batch_sizes[0], e.settings.batch_sizes[2]
    nets = {
        f"batches of {size} rows": e.nets[replace(e.settings.fifty, batch_size=size)]
        for size in sizes
    }
    display = TrainingCurveDisplay.from_estimator(nets, metrics="step_loss")
    display.axes_[0].set_ylim(bottom=0)
    return display.figure_


def _plot_training(e):
    """Loss and accuracy of the baseline (left) and of the best net (right)."""
    figure = _figures.new_figure(9.6, 8)
    columns = figure.subplots(nrows=2, ncols=2, sharey="row").T
    shown = {"Baseline": e.settings.baseline, "Best net": e.settings.best}
    for axes, (title, net) in zip(columns, shown.items()):
        _draw_training(axes, e.nets[net])
        axes[0].set_title(title)
    return figure


def _plot_pca(e, variance):
    """Explained variance (left), and accuracy with and without reduction (right)."""
    figure = _figures.new_figure(9.6, 4.2)
    ax, accuracy_ax = figure.subplots(ncols=2)
    ax.plot(np.arange(1, len(variance) + 1), variance, color=_figures.BLUE)
    ax.axhline(EXPLAINED, color=_figures.BLACK, linestyle=":", label=f"{EXPLAINED:.0%}")
    ax.axvline(e.settings.n_components, color=_figures.ORANGE, linestyle="--", label="used")
    ax.set(xlabel="Number of components", ylabel="Share of the variance")
    ax.grid(alpha=0.3)
    ax.legend()
    nets = {
        f"{'components' if row.net.reduced else 'pixels'}, lr {row.net.lr:g}, "
        f"{e.nets[row.net].n_epochs} epochs": e.nets[row.net]
        for row in e.tables[7].rows
    }
    TrainingCurveDisplay.from_estimator(nets, metrics="val_accuracy", ax=accuracy_ax)
    return figure


def _plot_features(e):
    """Weights of the hidden units of three nets."""
    nets = {name: e.nets[net] for name, net in _nets_of_features(e.settings).items()}
    return WeightImagesDisplay.from_estimator(
        nets, e.dataset.image_shape, scale="image", n_columns=10
    ).figure_
