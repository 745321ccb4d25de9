"""Tables 1 to 7: validation accuracy for values of each setting; figures 4 to 6."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.reports import _figures, _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import stage
from benchmarks.reports.relu_mlp.nets import BASELINE_LR, RAISED_LR, Net, n_epochs
from sklearn_softmax import TrainingCurveDisplay

EXPLAINED = 0.95
# Some of the published learning rates are too small to learn.
NOT_LEARNING = ".*no better than"
BAND = "The line is the running mean of the losses, the band their running standard deviation."
PUBLISHED = {
    1: (0.2819, 0.358, 0.388, 0.413, 0.43, 0.433, 0.446, 0.443, 0.446, 0.453),
    2: (0.499, 0.52, 0.516, 0.516, 0.526),
    3: (0.426, 0.46, 0.486, 0.505, 0.52, 0.499, 0.506, 0.52, 0.515, 0.539, 0.529, 0.514),
    4: (0.488, 0.52, 0.495, 0.485, 0.508, 0.491, 0.539, 0.522, 0.52, 0.522),
    5: (0.509, 0.52, 0.498, 0.504, 0.492, 0.542, 0.539, 0.527, 0.523, 0.497),
    6: (0.34, 0.403, 0.465, 0.52, 0.376, 0.44, 0.462, 0.539),
    7: (0.24, 0.216, 0.2819, "about 0.50"),
}


class Row(NamedTuple):
    """The first cells of a row, its net, and the steps after which accuracies are read off."""

    cells: tuple
    net: Net
    n_iterations: int


class Table(NamedTuple):
    """A table of validation accuracies."""

    title: str
    header: list
    rows: list


def tables(settings):
    """Return the tables of the original report by their numbers."""
    s = settings
    sizes = [replace(s.fifty, hidden_size=size) for size in range(10, 121, 10)]
    return {
        1: _iterations_table(s, BASELINE_LR, step=1),
        2: _iterations_table(s, RAISED_LR, step=2),
        3: _table("The number of hidden units.", {"Hidden units": "hidden_size"}, sizes),
        4: _table_of_both(s, "The batch size.", "Batch size", "batch_size", s.batch_sizes),
        5: _table_of_both(s, "The penalty.", "lambda", "strength", (0.0, 0.25, 0.5, 0.75, 1.0)),
        6: _table_of_both(s, "Dropout.", "Keep probability", "keep", (0.25, 0.5, 0.75, 1.0)),
        7: _pca_table(s),
    }


def _iterations_table(s, lr, step):
    """Return the table of a single run, read off every ``step`` thousand steps."""
    net = replace(s.fifty, n_iterations=10 * s.thousand, lr=lr)
    title = f"The number of iterations, with a learning rate of {lr:g}."
    checkpoints = range(step * s.thousand, net.n_iterations + 1, step * s.thousand)
    return Table(title, ["Iterations"], [Row((n,), net, n) for n in checkpoints])


def _table(title, columns, nets):
    """Return a table with one row per net, read off after its last step."""
    rows = [
        Row(tuple(_cell(getattr(net, name)) for name in columns.values()), net, net.n_iterations)
        for net in nets
    ]
    return Table(title, list(columns), rows)


def _cell(value):
    """Format a setting of a net."""
    return "all pixels" if value is None else f"{value:g}"


def _table_of_both(s, title, header, name, values):
    """Return a table of one setting for the nets with 50 and with 100 hidden units."""
    nets = [replace(net, **{name: value}) for net in (s.fifty, s.best) for value in values]
    return _table(title, {"Hidden units": "hidden_size", header: name}, nets)


def _pca_table(s):
    """Return the table of two nets, each on principal components and on all pixels."""
    second = replace(s.fifty, n_iterations=5 * s.thousand, batch_size=4 * s.hundred, strength=0.3)
    nets = [
        replace(net, n_components=n) for n in (s.n_components, None) for net in (s.baseline, second)
    ]
    columns = {
        "Input size": "n_components",
        "Batch size": "batch_size",
        "Iterations": "n_iterations",
        "Learning rate": "lr",
        "lambda": "strength",
    }
    return _table("Principal components, with 50 hidden units.", columns, nets)


def fit(nets, parts, *, n_jobs, random_state):
    """Fit nets.

    Parameters
    ----------
    nets : list of Net
    parts : Parts
    n_jobs, random_state : int

    Returns
    -------
    fitted : dict of Net to TwoLayerMLPClassifier
    pca : PCA or None
        None if no net is on principal components.
    """
    options = {"n_jobs": n_jobs, "random_state": random_state}
    fitted = _fit([net for net in nets if net.n_components is None], parts, **options)
    reduced_nets = [net for net in nets if net.n_components]
    if not reduced_nets:
        return fitted, None
    with stage("Computing the principal components"):
        pca = PCA(svd_solver="covariance_eigh").fit(parts.X_train)
    axes = pca.components_[: reduced_nets[0].n_components].T
    reduced = {
        name: (getattr(parts, name) - pca.mean_) @ axes for name in ("X_train", "X_val", "X_test")
    }
    return fitted | _fit(reduced_nets, replace(parts, **reduced), **options), pca


def _fit(nets, parts, *, n_jobs, random_state):
    """Fit nets on the same features."""
    if not nets:
        return {}
    models = {net: net.estimator(len(parts.y_train), random_state) for net in nets}
    with stage(f"Training {len(nets)} nets on {parts.X_train.shape[1]} features"):
        return fit_all(models, parts.to_fit, n_jobs, ignored_warning=NOT_LEARNING)


def blocks(e, write):
    """Return the blocks of Markdown.

    Parameters
    ----------
    e : Experiment
    write : callable
        Writes a figure by its number and alternative text, and returns its link.

    Returns
    -------
    blocks : list of str
    """
    if not e.tables:
        return []
    n_val = len(e.parts.y_val)
    found = [
        "## The sweeps (question 3b)",
        "Accuracies are those at the end of an epoch; those of training rows are of the scores "
        "during it, each just before the step that uses it. All rows of table 1 are of one run, as "
        f"are those of table 2. On {n_val} validation rows an accuracy of one half has a standard "
        f"error of {0.5 / np.sqrt(n_val):.3f}: smaller differences may be chance.",
    ]
    for number, table in e.tables.items():
        found += _pca_blocks(e, write) if number == 7 else []
        found += [f"**Table {number}.** {table.title}", _accuracy_table(e, number)]
        found += _remarks(e, write, number)
    return found


def _accuracy_table(e, number):
    """Return training and validation accuracies as Markdown."""
    table = e.tables[number]
    rows = []
    for row, published in zip(table.rows, PUBLISHED[number], strict=True):
        cells, net, n_iterations = row
        epochs = n_epochs(n_iterations, net.batch_size, e.n_train)
        history = e.nets[net].history_
        accuracies = (float(history[name][epochs - 1]) for name in ("accuracy", "val_accuracy"))
        rows.append([*cells, epochs, *accuracies, published])
    header = [*table.header, "Epochs", "Training", "Validation", "Validation (published)"]
    return _published.table(e.dataset, header, rows)


def _remarks(e, write, number):
    """Return the blocks below a table."""
    if number == 4:
        return [
            "The number of steps is the same for every batch size. Larger batches thus mean more "
            "epochs, and the learning rate, which falls after each epoch, falls further.",
            write(plot_batches(e), 4, "Loss of each batch with small and with larger batches"),
            "**Figure 4.** Loss of each batch, without penalty, with "
            f"{e.settings.fifty.hidden_size} hidden units: it varies more with small batches. "
            f"{BAND}",
        ]
    if number == 5 and e.toy:
        return [
            write(_plot_training(e), 5, "Loss and accuracy of the baseline and of the best net"),
            "**Figure 5.** Loss of each batch, without penalty (top), and accuracy over the epochs "
            f"(bottom) of the original baseline (left) and of the original best net (right). "
            f"{BAND}",
        ]
    if number == 6:
        return [
            "In training, the units that dropout keeps are multiplied by 1 / keep probability, so "
            "that the trained net needs no rescaling. Training accuracies are with dropout."
        ]
    return []


def _pca_blocks(e, write):
    """Return figure 6 and its caption."""
    variance = np.cumsum(e.pca.explained_variance_ratio_)
    n_needed, n = np.searchsorted(variance, EXPLAINED) + 1, e.settings.n_components
    published = "; about 250 in the original report" if _published.are_comparable(e.dataset) else ""
    return [
        write(_plot_pca(e, variance), 6, "Explained variance, and accuracy in each epoch"),
        "**Figure 6.** Left: fraction of the variance that the first principal components explain. "
        f"{n_needed} components explain {EXPLAINED:.0%}{published}; the nets use {n}, which "
        f"explain {variance[n - 1]:.1%}. Right: validation accuracy over the epochs of the nets of "
        "table 7, on these components and on all pixels.",
    ]


def draw_training(axes, net):
    """Draw the loss of the batches and the accuracy over the epochs."""
    for ax, metric in zip(axes, ("step_loss", "accuracy")):
        TrainingCurveDisplay.from_estimator(net, metrics=metric, ax=ax)
    # The axis begins at 0, so that small changes look small.
    axes[0].set_ylim(0, 1.1 * max(net.step_losses_))


def plot_batches(e):
    """Plot the loss of the batches for a small and a larger batch size."""
    sizes = e.settings.batch_sizes[0], e.settings.batch_sizes[2]
    nets = {
        f"batches of {size} rows": e.nets[replace(e.settings.fifty, batch_size=size)]
        for size in sizes
    }
    display = TrainingCurveDisplay.from_estimator(nets, metrics="step_loss")
    display.axes_[0].set_ylim(bottom=0)
    return display.figure_


def _plot_training(e):
    """Plot loss and accuracy of the baseline and of the best net."""
    figure = _figures.new_figure(9.6, 8)
    columns = figure.subplots(nrows=2, ncols=2, sharey="row").T
    nets = {"Baseline": e.settings.baseline, "Best net": e.settings.best}
    for axes, (title, net) in zip(columns, nets.items()):
        draw_training(axes, e.nets[net])
        axes[0].set_title(title)
    return figure


def _plot_pca(e, variance):
    """Plot the explained variance, and the accuracy on components and on pixels."""
    figure = _figures.new_figure(9.6, 4.2)
    ax, accuracy_ax = figure.subplots(ncols=2)
    ax.plot(np.arange(1, len(variance) + 1), variance, color=_figures.BLUE)
    ax.axhline(EXPLAINED, color=_figures.BLACK, linestyle=":", label=f"{EXPLAINED:.0%}")
    ax.axvline(e.settings.n_components, color=_figures.ORANGE, linestyle="--", label="used")
    ax.set(xlabel="Number of components", ylabel="Explained fraction of the variance")
    ax.grid(alpha=0.3)
    ax.legend()
    nets = {
        f"{'components' if net.n_components else 'pixels'}, lr {net.lr:g}, "
        f"{e.nets[net].n_epochs} epochs": e.nets[net]
        for _, net, _ in e.tables[7].rows
    }
    TrainingCurveDisplay.from_estimator(nets, metrics="val_accuracy", ax=accuracy_ax)
    return figure
