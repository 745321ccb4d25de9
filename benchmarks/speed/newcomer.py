"""README's two commands, each in a fresh clone: from nothing to a report, and to passed tests."""

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
NAMES = "main job", "tests"


def add_arguments(parser):
    """Options of this table."""
    parser.add_argument("--only", choices=NAMES, help="one of the two (default: both)")


def run(options):
    """Time the commands, installation included, and print the table.

    Parameters
    ----------
    options : argparse.Namespace
        With ``only``.

    Returns
    -------
    records : list of dict
        Keys ``command`` and ``seconds``.

    Raises
    ------
    SystemExit
        If a command fails.
    """
    records = []
    for name, command in zip(NAMES, commands(), strict=True):
        if options.only in (None, name):
            records.append({"command": name, "seconds": seconds(command)})
            print(f"{name}  {records[-1]['seconds']:.0f} s: {command}", flush=True)
    return records


def commands():
    """The commands, as README prints them.

    Returns
    -------
    commands : list of str
    """
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("python3 -m venv")]


def seconds(command):
    """Time a command in a clone of what is committed.

    Parameters
    ----------
    command : str
        For the shell.

    Returns
    -------
    seconds : float

    Raises
    ------
    SystemExit
        If it fails.
    """
    with TemporaryDirectory() as directory:
        subprocess.run(["git", "clone", "--quiet", ROOT, directory], check=True)
        start = time.perf_counter()
        done = subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True)
        elapsed = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"error: {command} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return elapsed
