"""Command line: ``python -m benchmarks.speed TABLE``."""

import argparse
import json
from pathlib import Path

from benchmarks import _files
from benchmarks.speed import (
    crowded,
    defaults,
    fit,
    newcomer,
    pass_cost,
    perceptron,
    search,
    stack,
)
from benchmarks.speed.machine import description

TABLES = {
    "fit": fit,
    "crowded": crowded,
    "perceptron": perceptron,
    "search": search,
    "stack": stack,
    "pass_cost": pass_cost,
    "defaults": defaults,
    "newcomer": newcomer,
}
NOT_MEASURED = {"table", "parser", "json", "data_home", "out"}


def main(arguments=None):
    """Print the table that the command line asks for, and keep its records if wanted.

    Parameters
    ----------
    arguments : list of str or None, default=None
        None for those of the command line.

    Returns
    -------
    records : list of dict
        One for each problem and library.

    Raises
    ------
    SystemExit
        If an argument is not valid, or a data set cannot be loaded.
    OSError
        If a file cannot be written.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    tables = parser.add_subparsers(dest="table", required=True)
    for name, module in TABLES.items():
        table = tables.add_parser(name, help=module.__doc__.splitlines()[0])
        table.add_argument(
            "--json", type=Path, metavar="FILE", help="file of measurements to add this one to"
        )
        table.set_defaults(parser=table)
        module.add_arguments(table)
    options = parser.parse_args(arguments)
    _check_paths(parser, options)
    print(description(), flush=True)
    records = TABLES[options.table].run(options)
    if options.json:
        keep(options.json, command_line(options), records)
    return records


def command_line(options):
    """The command without what does not change a measurement.

    Parameters
    ----------
    options : argparse.Namespace

    Returns
    -------
    command_line : str
        Such as ``"search --problem halving --n-jobs 1"``.
    """
    words = [options.table]
    for name, value in vars(options).items():
        if name in NOT_MEASURED or value == options.parser.get_default(name):
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return " ".join(words)


def keep(path, measured_by, records):
    """Add the records of a command to a file, or replace those that it has of the same one.

    Parameters
    ----------
    path : Path
    measured_by : str
        See :func:`command_line`.
    records : list of dict
    """
    measured = json.loads(path.read_text()) if path.is_file() else {}
    measured[measured_by] = {"machine": description(), "records": records}
    with _files.replacing(path) as new:
        new.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")


def _check_paths(parser, options):
    """Refuse what cannot be written to before hours of measuring."""
    checks = {"json": _files.check_file, "out": _files.check_directory}
    for name, check in checks.items():
        path = getattr(options, name, None)
        try:
            if path is not None:
                check(path)
        except ValueError as error:
            parser.error(f"argument --{name}: {error}")
