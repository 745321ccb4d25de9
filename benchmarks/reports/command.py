"""Command line of the reports, one subcommand per report."""

import argparse
from pathlib import Path

import matplotlib

from benchmarks import _arguments, _ending, _files, datasets
from benchmarks.reports import early_stopping, one_vs_rest, relu_mlp, sigmoid_mlp, softmax
from benchmarks.reports._split import MissingRowsError

REPORTS = {
    "softmax": softmax,
    "one_vs_rest": one_vs_rest,
    "early_stopping": early_stopping,
    "sigmoid_mlp": sigmoid_mlp,
    "relu_mlp": relu_mlp,
}


def parser():
    """Return the parser of the command line."""
    main_parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reports", description="Reproduce published experiments."
    )
    commands = main_parser.add_subparsers(dest="report", required=True, metavar="REPORT")
    for name, report in REPORTS.items():
        summary = report.__doc__.partition("\n")[0]
        _add_options(commands.add_parser(name, help=summary, description=summary), report)
    return main_parser


def _add_options(command, report):
    """Add the options of a report to the parser of its command."""
    command.add_argument(
        "--data",
        choices=report.DATA,
        default=report.DATA[0],
        help="data set (default: %(default)s)",
    )
    command.add_argument(
        "--data-home",
        metavar="DIR",
        help="directory of NAME.npz (default: $SKLEARN_SOFTMAX_DATA or scikit-learn's)",
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help="output directory (default: %(default)s)",
    )
    command.add_argument(
        "--n-jobs",
        type=_arguments.n_jobs,
        default=2,
        metavar="N",
        help="number of processes, -1 for one per core (default: %(default)s)",
    )
    command.add_argument(
        "--random-state",
        type=_arguments.seed,
        default=0,
        metavar="SEED",
        help="seed of splits and shuffles, 0 or more (default: %(default)s)",
    )
    if hasattr(report, "add_arguments"):
        report.add_arguments(command)


def main(argv=None):
    """Run the report of the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None for those of the process.

    Raises
    ------
    SystemExit
        If an argument is not valid, or the data set cannot be loaded or has too few rows.
    OSError
        If a file of the report cannot be written.
    """
    main_parser = parser()
    options = vars(main_parser.parse_args(argv))
    report = REPORTS[options.pop("report")]
    try:
        _files.check_directory(options["out"])
    except ValueError as error:
        main_parser.error(f"argument --out: {error}")
    matplotlib.use("agg")  # figures are written, never shown
    try:
        dataset = datasets.load(options.pop("data"), options.pop("data_home"))
    except (OSError, ValueError) as error:
        raise SystemExit(f"error: {error}") from error
    try:
        with _ending.uninterrupted_workers():
            report.run(dataset, options.pop("out"), **options)
    except MissingRowsError as error:
        raise SystemExit(f"error: {error}") from error
