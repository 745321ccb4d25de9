"""Records and tables of ``python -m benchmarks.speed``, except for ``defaults``."""

import json
import re
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from pandas import DataFrame
from scipy.stats import gmean
from sklearn.linear_model import Perceptron
from sklearn.model_selection import ParameterGrid

from benchmarks import datasets
from benchmarks.datasets import load
from benchmarks.reports import softmax
from benchmarks.speed import fit, libraries, machine, newcomer, perceptron
from benchmarks.speed.command import main
from benchmarks.speed.search import problems
from benchmarks.speed.timing import shortest_epochs
from sklearn_softmax import SoftmaxRegression
from tests.helpers import read_records

# Small problems have fewer rows than a batch.
pytestmark = pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")


def test_perceptron_records_replace_older_ones_of_the_same_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    path, command = tmp_path / "link.json", "perceptron --runs 1 --data digits"
    (tmp_path / "real.json").write_text(json.dumps({command: "older", "other command": "older"}))
    path.symlink_to(tmp_path / "real.json")
    options = ["--json", str(path), "--data-home", str(tmp_path)]
    records = main([*command.split(), *options])
    assert {(r["library"], r["shuffle"], r["label"]) for r in records} == set(
        product(("sklearn_softmax", "scikit-learn"), (False, True), range(10))
    )
    first_line, *lines = capsys.readouterr().out.splitlines()
    assert first_line == machine.description()
    for order in ("in order", "shuffled"):
        assert any(line.startswith(f"{order}    1 epochs  in total") for line in lines)
    assert path.is_symlink()
    assert json.loads((tmp_path / "real.json").read_text()) == {
        command: {"machine": first_line, "records": records},
        "other command": "older",
    }


def test_perceptrons_with_different_weights_are_an_error(monkeypatch):
    monkeypatch.setattr(perceptron, "Perceptron", partial(Perceptron, eta0=2))
    with pytest.raises(RuntimeError, match="different weights"):
        main(["perceptron", "--data", "digits", "--runs", "1"])


BLAS = {"user_api": "blas", "internal_api": "openblas", "num_threads": 2}
SCIPY = {**BLAS, "version": "1", "architecture": "Zen", "filepath": "scipy.libs/blas.so"}
NUMPY = {**BLAS, "version": "2", "architecture": "Haswell", "filepath": "numpy.libs/blas.so"}


@pytest.mark.parametrize(
    ("cpu_info", "loaded", "processor", "blas"),
    [
        ("a\t: 0\nmodel name\t: Fast: 9000\n", [SCIPY, NUMPY], "Fast: 9000", "openblas 2"),
        ("a\t: 0\n", [NUMPY, SCIPY], "riscv64", "openblas 2, kernels: Haswell, threads: 2"),
        ("", [{"user_api": "openmp"}], "riscv64", "a BLAS unknown to threadpoolctl"),
    ],
)
def test_machine_is_described_by_processor_and_blas_of_numpy(
    cpu_info, loaded, processor, blas, monkeypatch, tmp_path
):
    (tmp_path / "cpuinfo").write_text(cpu_info)
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(machine, "threadpool_info", lambda: loaded)
    text = rf"{processor}, cores: \d+; NumPy {np.__version__} with {blas}"
    assert re.match(text, machine.description())


def test_contestants_run_in_turn_and_their_shortest_epoch_counts():
    runs = {"a": [[1.0, 3.0, 4.0], [0.0, 9.0, 12.0]], "b": [[0.0, 5.0, 9.0], [2.0, 4.0, 7.0]]}
    ran = []

    def contestant(name):
        def train(stopwatch):
            stopwatch.times += runs[name][ran.count(name)]
            ran.append(name)

        return train

    assert shortest_epochs({name: contestant(name) for name in runs}, 2) == {"a": 1.0, "b": 2.0}
    assert ran == ["a", "b", "a", "b"]


def test_fit_records_every_contestant_and_prints_geometric_means(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(libraries, "EPOCHS", 2)
    monkeypatch.setattr(fit, "N_FEATURES", 20)
    path = tmp_path / "fit.json"
    records = main(["fit", "--rows", "90", "--runs", "1", "--json", str(path)])
    assert read_records(path) == records
    output = capsys.readouterr().out
    keys = ["problem", "dtype", "batch_size"]
    times = DataFrame(records).pivot(index=keys, columns="contestant", values="seconds")
    softmax, nets = ["softmax 90x20x10"], ["net 90x20x64x10", "net 90x20x256x10"]
    assert set(times.index) == set(product(softmax + nets, ("float32", "float64"), (32, 200, 1000)))
    for names, others in ((softmax, ["numpy floor"]), (nets, ["numpy floor", "scikit-learn"])):
        ratios = times.loc[names][others].div(times.loc[names]["sklearn_softmax"], axis=0)
        means = "  ".join(f"{name} {gmean(ratios[name]):.2f}" for name in others)
        assert f"times ours in geometric mean: {means}" in output


@pytest.fixture
def small_problems(monkeypatch):
    """The searches with few rows, configurations and epochs."""
    digits = load("digits")
    rows = replace(digits, X=digits.X[:200], y=digits.y[:200])
    monkeypatch.setattr(datasets, "load", lambda *_: rows)
    grid = {"lr": [0.1, 0.001], "batch_size": [20, 50], "n_epochs": [20, 30]}
    monkeypatch.setitem(softmax.PARAM_GRIDS, "digits", grid)
    monkeypatch.setattr(problems, "NET_GRID", {"lr": [0.01], "n_epochs": [2, 3]})
    monkeypatch.setattr(problems, "N_NETS", 4)
    monkeypatch.setattr(problems, "STOPPING_GRID", {"lr": [0.5], "reg_param": [1, 0]})


def test_search_records_every_contestant_of_all_problems(small_problems, tmp_path, monkeypatch):
    for name in ("halving", "net-halving"):

        def contest(options, make=problems.PROBLEMS[name]):
            # With so few rows and epochs, the survivors are chance.
            return replace(make(options), max_difference=1)

        monkeypatch.setitem(problems.PROBLEMS, name, contest)
    path = tmp_path / "search.json"
    records = main(["search", "--quick", "--n-jobs", "1", "--json", str(path)])
    assert read_records(path) == records
    grid, halving = ["fused", "scikit-learn", "one by one"], ["fused halving", "fused"]
    assert [(r["problem"], r["contestant"]) for r in records] == [
        *product(["softmax digits", "softmax digits", "net digits"], grid),
        *product(["softmax halving digits"], [*halving, "scikit-learn"]),
        *product(["net halving digits"], halving),
        *product(["softmax early stopping digits"], ["fused", "one by one"]),
    ]
    assert all(r["seconds"] > 0 and 0 <= r["best_score"] <= 1 for r in records)


def test_chosen_search_runs_with_each_number_of_processes(small_problems):
    records = main(["search", "--quick", "--problem", "early-stopping", "--n-jobs", "1", "1"])
    assert [r["contestant"] for r in records] == 2 * ["fused", "one by one"]
    assert {r["n_jobs"] for r in records} == {1}


@pytest.mark.parametrize(
    ("name", "search"),
    [("early-stopping", "GridSearchCV"), ("halving", "FusedHalvingGridSearchCV")],
)
def test_searches_with_different_scores_are_an_error(name, search, small_problems, monkeypatch):
    other_scores = partial(getattr(problems, search), scoring="neg_log_loss")
    monkeypatch.setattr(problems, search, other_scores)
    with pytest.raises(RuntimeError, match=r"The scores of fused .* differ by \d+\.\d+"):
        main(["search", "--quick", "--problem", name, "--n-jobs", "1"])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_net_of_scikit_learn_learns_the_same_model_with_a_penalty():
    n_train, n_epochs = 100, 200
    digits = load("digits")
    X, y = digits.X[:n_train], digits.y[:n_train]
    grid = {"batch_size": [20, 200], "reg_param": [30.0], "n_epochs": [n_epochs]}
    grids = problems.sklearn_grid(grid | {"lr": [0.1]}, n_samples=150)
    for ours, theirs in zip(ParameterGrid(grid), ParameterGrid(grids), strict=True):
        model = SoftmaxRegression(lr=0.1, random_state=0, **ours).fit(X, y)
        net = problems.sklearn_softmax(n_epochs).set_params(**theirs).fit(X, y)
        assert np.mean(np.abs(net.predict_proba(X) - model.predict_proba(X))) < 0.01


def test_newcomer_times_commands_in_a_clone(monkeypatch, capsys):
    assert len(newcomer.commands()) == len(newcomer.NAMES)  # those of README
    monkeypatch.setattr(newcomer, "commands", lambda: ["test -e setup.cfg", "touch new && ls new"])
    (record,) = main(["newcomer", "--only", "tests"])
    assert record["command"] == "tests"
    assert record["seconds"] > 0
    assert "touch new && ls new" in capsys.readouterr().out
    assert not (newcomer.ROOT / "new").exists()
    monkeypatch.setattr(newcomer, "commands", lambda: ["echo broken && false", "true"])
    with pytest.raises(SystemExit, match="echo broken && false failed:\nbroken"):
        main(["newcomer"])
