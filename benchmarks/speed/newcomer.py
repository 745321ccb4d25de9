"""README's two commands, each in a fresh clone: the report and the tests, with installation."""

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
NAMES = "main job", "tests"


def add_arguments(parser):
    """Add the options of this table."""
    parser.add_argument("--only", choices=NAMES, help="one of the two (default: both)")


def run(options):
    """Time the commands and print the table.

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
            elapsed = seconds(command)
            records.append({"command": name, "seconds": elapsed})
            print(f"{name}  {elapsed:.0f} s: {command}", flush=True)
    return records


def commands():
    """Return the two commands of README."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("python3 -m venv")]


def seconds(command):
    """Return the seconds of a shell command in a clone of the last commit.

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
