"""Speed figures in README and on the site equal the stored measurements."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
MEASURED = json.loads((ROOT / "benchmarks" / "speed" / "measured.json").read_text())
README, SPEED, CHOOSING = "README.md", "docs/user_guide/speed.md", "docs/user_guide/choosing.md"
HALVING = "search --problem halving --n-jobs 1"
GRID = "search --quick --problem mnist"
STOPPING = "search --problem early-stopping --n-jobs 1"
EPOCH = "fit --model softmax"
NETS = "fit --runs 3 --model net"
THREADS = "timeit"
REPORT = "reports softmax --data mnist"
DEFAULTS = next(command for command in MEASURED if command.startswith("defaults"))
CLASSIFIERS = "softmax", "lbfgs", "sk-logistic-1000", "net", "sk-net"


def record(command, /, **values):
    """Return the only record of a command with these values."""
    (found,) = (r for r in MEASURED[command]["records"] if values.items() <= r.items())
    return found


def seconds(command, contestant, **values):
    """Return the seconds of a contestant."""
    return record(command, contestant=contestant, **values)["seconds"]


def search_rows():
    """Yield the rows of the table of searches."""
    for name, command in (
        ("54 configurations, a tenth of the epochs", GRID),
        ("18 configurations by halving, up to 200 epochs", HALVING),
        ("12 candidates that stop early", STOPPING),
    ):
        for r in (r for r in MEASURED[command]["records"] if r["n_jobs"] == 1):
            yield f"| {name} | {r['contestant']} | {r['seconds']:.1f} s | {r['best_score']:.4f} |"


def epoch_rows():
    """Yield the rows of the table of epochs, in milliseconds."""
    records = MEASURED[EPOCH]["records"]
    for dtype, batch_size in dict.fromkeys((r["dtype"], r["batch_size"]) for r in records):
        cells = [
            f"{1e3 * seconds(EPOCH, name, dtype=dtype, batch_size=batch_size):.0f}"
            for name in ("sklearn_softmax", "numpy floor", "torch")
        ]
        yield f"| {dtype} | {batch_size} | {' | '.join(cells)} |"


def thread_rows():
    """Yield the rows of the table of threads."""
    records = MEASURED[THREADS]["records"]
    for busy, name in dict.fromkeys((r["busy_processes"], r["contestant"]) for r in records):
        one, two = (seconds(THREADS, name, busy_processes=busy, threads=n) for n in (1, 2))
        yield f"| `{name}` | {'busy' if busy else 'idle'} | {one:.2f} s | {two:.2f} s |"


def default_rows():
    """Yield the rows of the table of defaults: accuracy, log loss and milliseconds of a fit."""
    records = MEASURED[DEFAULTS]["records"]
    for problem in dict.fromkeys(r["problem"] for r in records):
        cells = [
            f"{100 * r['accuracy']:.1f} / {r['log_loss']:.3f} ({1e3 * r['seconds']:.0f})"
            for name in CLASSIFIERS
            for r in records
            if (r["problem"], r["contestant"]) == (problem, name)
        ]
        yield f"| {problem} | {' | '.join(cells)} |"


def statements():
    """Yield each page and its sentences and rows that state a measurement."""
    fused, sklearn = (seconds(GRID, name, n_jobs=1) for name in ("fused", "scikit-learn"))
    halving, sklearn_halving = seconds(HALVING, "fused halving"), seconds(HALVING, "scikit-learn")
    for page, measurement in ((README, HALVING), (SPEED, HALVING), (CHOOSING, DEFAULTS)):
        yield page, machine(MEASURED[measurement]["machine"])
    yield README, f"{fused:.0f} s instead of {sklearn:.0f} s"
    yield README, f"{halving:.0f} s instead of {sklearn_halving:.0f} s"
    one, two = (seconds(GRID, "fused", n_jobs=n_jobs) for n_jobs in (1, 2))
    yield SPEED, f"{one:.1f} s in one process and {two:.1f} s in two new processes"
    one, two = (seconds(REPORT, "fused", n_jobs=n_jobs) for n_jobs in (1, 2))
    yield SPEED, f"{one:.1f} s in one process with two threads, and {two:.1f} s in two processes"
    nets = [r["seconds"] for r in MEASURED[NETS]["records"] if r["contestant"] == "sklearn_softmax"]
    sklearn = [r["seconds"] for r in MEASURED[NETS]["records"] if r["contestant"] == "scikit-learn"]
    ratios = np.divide(nets, sklearn)
    yield SPEED, f"took {ratios.min():.2f} to {ratios.max():.2f} of the time of `MLPClassifier`"
    job, tests = (record("newcomer", command=name)["seconds"] for name in ("main job", "tests"))
    processor = machine(MEASURED["newcomer"]["machine"]).partition(", OpenBLAS")[0]
    yield README, f"the first took {job:.0f} s and the second {tests:.0f} s ({processor})."
    tables = {search_rows: SPEED, epoch_rows: SPEED, thread_rows: SPEED, default_rows: CHOOSING}
    for table, page in tables.items():
        for row in table():
            yield page, row


def machine(description):
    """Return processor, cores and kernels in the words of the pages."""
    pattern = r"(.+), cores: (\d+);.* kernels: (\w+)"
    processor, cores, kernels = re.match(pattern, description).groups()
    return f"{processor}, {cores} cores, OpenBLAS with {kernels} kernels"


@pytest.mark.parametrize(("page", "statement"), list(statements()))
def test_pages_state_the_measured_figures(page, statement):
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert statement in text


def test_times_of_searches_and_epochs_were_measured_on_one_machine():
    others = [entry for command, entry in MEASURED.items() if command not in (DEFAULTS, "newcomer")]
    assert len({machine(entry["machine"]) for entry in others}) == 1
