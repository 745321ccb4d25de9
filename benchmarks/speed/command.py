"""Command line: ``python -m benchmarks.speed TABLE``."""

import argparse
import json
from pathlib import Path

from benchmarks import _files
from benchmarks.speed import defaults, fit, newcomer, perceptron, search
from benchmarks.speed.machine import description

TABLES = {
    "fit": fit,
    "perceptron": perceptron,
    "search": search,
    "defaults": defaults,
    "newcomer": newcomer,
}
# Options that do not change a measurement.
IRRELEVANT = {"table", "parser", "json", "data_home", "out"}


def main(arguments=None):
    """Measure and print a table, and store its records if a file is named.

    Parameters
    ----------
    arguments : list of str or None, default=None
        None for those of the process.

    Returns
    -------
    records : list of dict
        One per problem and contestant.

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
        store(options.json, command_line(options), records)
    return records


def command_line(options):
    """Return the command without options that do not change a measurement.

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
        if name in IRRELEVANT or value == options.parser.get_default(name):
            continue
        values = value if isinstance(value, list) else [] if value is True else [value]
        words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return " ".join(words)


def store(path, command, records):
    """Store the records of a command in a file, in place of older ones of the same command."""
    path = path.resolve()
    measured = json.loads(path.read_text()) if path.is_file() else {}
    measured[command] = {"machine": description(), "records": records}
    with _files.staged(path.parent) as staging:
        text = json.dumps(measured, indent=1, sort_keys=True) + "\n"
        (staging / path.name).write_text(text)


def _check_paths(parser, options):
    """Reject paths that are not writable before hours of measuring."""
    checks = {"json": _files.check_file, "out": _files.check_directory}
    for name, check in checks.items():
        path = getattr(options, name, None)
        try:
            if path is not None:
                check(path)
        except ValueError as error:
            parser.error(f"argument --{name}: {error}")
