"""Net with a ReLU hidden layer on small colour images: gradient check, sweeps, deeper nets.

Reproduces exercise 2 of a course on high-level computer vision, "HLCV-Ex2", questions 2 to 4.
Figures and tables 1 to 7 have the numbers of the original report; tables 8 and 9 contain figures
from its text.
"""

from dataclasses import replace

import numpy as np

from benchmarks import _files
from benchmarks.reports import _markdown
from benchmarks.reports._progress import stage
from benchmarks.reports._split import check_rows, with_validation
from benchmarks.reports.relu_mlp import best_net, deeper, document, nets, sweeps, toy

DATA = ("digits", "cifar10")


def add_arguments(command):
    """Add the options of this report to the parser of its command."""
    command.add_argument(
        "--table",
        type=int,
        choices=range(1, 10),
        metavar="N",
        help="make only this table: 1 to 7 as in the original report, 8 for the test accuracy, 9 "
        "for deeper nets (default: all tables and figures)",
    )
    command.add_argument(
        "--quick",
        action="store_true",
        help="a tenth of the steps on a tenth of the training rows",
    )


def run(dataset, out, *, n_jobs=2, random_state=0, table=None, quick=False):
    """Run the experiment, and write ``relu_mlp.md`` with its figures.

    Parameters
    ----------
    dataset : Dataset
        "digits" or "cifar10".
    out : Path
        Output directory, created if it does not exist.
    n_jobs : int, default=2
        Processes that train nets.
    random_state : int, default=0
        Seed of the split, if there is no official one, of weights and of shuffles.
    table : int, default=None
        Number of the only table to make; None for all tables and figures.
    quick : bool, default=False
        Whether to train with a tenth of the steps on a tenth of the training rows.

    Returns
    -------
    experiment : Experiment
    """
    settings = nets.SETTINGS[dataset.name]
    settings = settings.quick if quick else settings
    parts = raw_pixels(dataset, settings, random_state)
    wanted = (table,) if table else tuple(range(1, 10))
    options = {"n_jobs": n_jobs, "random_state": random_state}
    tables = {n: made for n, made in sweeps.tables(settings).items() if n in wanted}
    needed = [row.net for made in tables.values() for row in made.rows]
    needed += best_net.nets(settings) if 8 in wanted else []
    needed += [] if table else settings.named_nets.values()
    fitted, pca = sweeps.fit(list(dict.fromkeys(needed)), parts, **options)
    experiment = document.Experiment(
        dataset=dataset,
        settings=settings,
        parts=parts,
        wanted=wanted,
        tables=tables,
        nets=fitted,
        pca=pca,
        toy=None if table else toy.fit(random_state),
        deeper=deeper.fit(settings, parts, **options) if 9 in wanted else None,
    )
    with stage("Writing tables and figures"), _files.staged(out) as staging:
        _markdown.write(staging / "relu_mlp.md", document.blocks(experiment, staging))
    print(f"Wrote {out / 'relu_mlp.md'}")
    if 8 in wanted:
        accuracy = best_net.accuracies(experiment)[:, 1].mean()
        print(f"Test accuracy of the best net: {accuracy:.4f}")
    return experiment


def raw_pixels(dataset, settings, random_state):
    """Return pixels from 0 to 255 minus the mean training image.

    Parameters
    ----------
    dataset : Dataset
    settings : Settings
    random_state : int
        Seed of the split, if there is no official one.

    Returns
    -------
    parts : Parts
    """
    parts = with_validation(dataset, n_val=settings.n_val, random_state=random_state)
    n_train = len(parts.y_train) // settings.divisor
    training_rows = f"first {n_train} training rows before the last {settings.n_val}"
    labels = {training_rows: parts.y_train[:n_train]}
    check_rows(dataset, labels, total=settings.n_components)
    check_rows(dataset, {"last training rows": parts.y_val, "test rows": parts.y_test})
    mean = 255 * parts.X_train[:n_train].mean(axis=0, dtype=np.float64).astype(np.float32)
    X_train, X_val, X_test = (
        255 * X - mean for X in (parts.X_train[:n_train], parts.X_val, parts.X_test)
    )
    y_train = parts.y_train[:n_train]
    return replace(parts, X_train=X_train, y_train=y_train, X_val=X_val, X_test=X_test)
