"""Command line of the reports: one subcommand each."""

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
    """Parser of the command line.

    Returns
    -------
    parser : argparse.ArgumentParser
    """
    main_parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reports", description="Reproduce published experiments."
    )
    commands = main_parser.add_subparsers(dest="report", required=True, metavar="REPORT")
    for name, report in REPORTS.items():
        summary = report.__doc__.partition("\n")[0]
        _add_options(commands.add_parser(name, help=summary, description=summary), report)
    return main_parser


def _add_options(command, report):
    command.add_argument(
        "--data",
        choices=report.DATA,
        default=report.DATA[0],
        help="data set (default: %(default)s)",
    )
    command.add_argument(
        "--data-home",
        metavar="DIR",
        help="directory of NAME.npz (default: $SKLEARN_SOFTMAX_DATA, else scikit-learn's)",
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help="directory to write to (default: %(default)s)",
    )
    command.add_argument(
        "--n-jobs",
        type=_arguments.n_jobs,
        default=2,
        metavar="N",
        help="processes that work at once, -1 for one a core (default: %(default)s)",
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
    """Run the report that the command line names.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None for those of the process.

    Raises
    ------
    SystemExit
        If an argument is not valid, or the data set cannot be loaded or lacks rows.
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
        with _ending.deaf_workers():
            report.run(dataset, options.pop("out"), **options)
    except MissingRowsError as error:
        raise SystemExit(f"error: {error}") from error
