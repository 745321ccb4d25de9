"""Accuracy, log loss and time of classifiers with default parameters, over many data sets."""

from pathlib import Path

from benchmarks import _arguments, _files
from benchmarks.reports import _markdown
from benchmarks.speed.defaults import measure, show
from benchmarks.speed.defaults.contestants import CONTESTANTS
from benchmarks.speed.defaults.problems import all_problems
from benchmarks.speed.machine import description

N_SEEDS, N_FOLDS = 3, 5
QUICK_SEEDS, QUICK_FOLDS = 1, 2


def add_arguments(parser):
    """Add the options of this table."""
    parser.add_argument("--data-home", metavar="DIR", help="directory of mnist.npz")
    parser.add_argument(
        "--problems",
        nargs="+",
        choices=all_problems(),
        metavar="NAME",
        help=f"data sets (default: all of {', '.join(all_problems())})",
    )
    parser.add_argument(
        "--contestants",
        nargs="+",
        choices=CONTESTANTS,
        metavar="NAME",
        help=f"classifiers (default: all of {', '.join(CONTESTANTS)})",
    )
    parser.add_argument(
        "--repetitions",
        type=_arguments.whole_number(1, 100),
        metavar="N",
        help=f"cross-validations, each with another seed (default: {N_SEEDS})",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_SEEDS} repetition of {QUICK_FOLDS} folds (default: {N_FOLDS} folds)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help="directory of defaults.md (default: %(default)s)",
    )


def run(options):
    """Measure all contestants on all data sets, print the table and write it.

    Parameters
    ----------
    options : argparse.Namespace
        With ``data_home``, ``problems``, ``contestants``, ``repetitions``, ``quick`` and ``out``.

    Returns
    -------
    records : list of dict
        As :func:`~benchmarks.speed.defaults.measure.measure` returns them.
    """
    problems = all_problems(options.data_home)
    contestants = {n: c for n, c in CONTESTANTS.items() if n in (options.contestants or [n])}
    n_seeds, n_folds = (QUICK_SEEDS, QUICK_FOLDS) if options.quick else (N_SEEDS, N_FOLDS)
    n_seeds = options.repetitions or n_seeds
    method = (
        f"Accuracy and log loss: mean over at most {n_folds} stratified folds, median over "
        f"{n_seeds} seeds. {description()}."
    )
    records, notes = [], []
    for name in options.problems or problems:
        try:
            records += measure.measure(problems[name], contestants, n_seeds, n_folds)
        except FileNotFoundError as error:
            notes.append(f"{name} is omitted: {error}")
        # Written after every data set, since all of them take hours.
        blocks = show.blocks(records, problems, notes, method)
        with _files.staged(options.out) as staging:
            _markdown.write(staging / "defaults.md", blocks)
    print("\n\n".join(blocks))
    return records
