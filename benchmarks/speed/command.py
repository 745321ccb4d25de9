"""Command line: ``python -m benchmarks.speed TABLE``."""

import argparse
import json
from pathlib import Path

from benchmarks import _files
from benchmarks.speed import crowded, defaults, fit, pass_cost, perceptron, search, stack
from benchmarks.speed.machine import description

TABLES = {
    "fit": fit,
    "crowded": crowded,
    "perceptron": perceptron,
    "search": search,
    "stack": stack,
    "pass_cost": pass_cost,
    "defaults": defaults,
}


def main(arguments=None):
    """Print the table that the command line asks for, and write it as JSON if wanted.

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
        table.add_argument("--json", type=Path, metavar="FILE", help="write the records there")
        module.add_arguments(table)
    options = parser.parse_args(arguments)
    _check_paths(parser, options)
    print(description(), flush=True)
    records = TABLES[options.table].run(options)
    if options.json:
        with _files.replacing(options.json) as path:
            path.write_text(json.dumps(records, indent=2) + "\n")
    return records


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
