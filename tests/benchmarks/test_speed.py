"""Records and tables of ``python -m benchmarks.speed``, except for ``defaults``."""

import json
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from sklearn.model_selection import ParameterGrid
from threadpoolctl import threadpool_limits

from benchmarks import datasets
from benchmarks.datasets import load
from benchmarks.reports import softmax
from benchmarks.speed import fit, libraries, machine, newcomer, perceptron, search
from benchmarks.speed.command import main, store
from benchmarks.speed.search import problems
from benchmarks.speed.timing import shortest_epochs
from sklearn_softmax import BinaryPerceptron, SoftmaxRegression
from tests.helpers import read_records

# Small problems have fewer rows than a batch.
few_rows = pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")


def test_perceptron_records_replace_older_ones_of_the_same_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    path, command = tmp_path / "a.json", "perceptron --runs 1 --data digits"
    for older in (command, "other command"):
        store(path, older, ["older"])
    options = ["--json", str(path), "--data-home", str(tmp_path)]
    records = main([*command.split(), *options])
    assert {(r["library"], r["shuffle"], r["label"]) for r in records} == set(
        product(("sklearn_softmax", "scikit-learn"), (False, True), range(10))
    )
    first_line, *lines = capsys.readouterr().out.splitlines()
    assert first_line == machine.description()
    for order in ("in order", "shuffled"):
        assert any(line.startswith(f"{order}    1 epochs  in total") for line in lines)
    assert json.loads(path.read_text()) == {
        command: {"machine": first_line, "records": records},
        "other command": {"machine": first_line, "records": ["older"]},
    }


def test_machine_is_described_by_processor_cores_and_blas(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "riscv64")
    assert machine.description().startswith("riscv64, cores: ")
    machine.CPU_INFO.write_text("processor\t: 0\nmodel name\t: Fast: 9000\nprocessor\t: 1\n")
    with threadpool_limits(1):
        description = machine.description()
    assert description.startswith("Fast: 9000, cores: ")
    assert f"NumPy {np.__version__} with " in description
    assert description.endswith("threads: 1")


BLAS = {"user_api": "blas", "internal_api": "openblas", "num_threads": 2}
SCIPY = {**BLAS, "version": "1", "architecture": "Zen", "filepath": "scipy.libs/blas.so"}
NUMPY = {**BLAS, "version": "2", "architecture": "Haswell", "filepath": "numpy.libs/blas.so"}


@pytest.mark.parametrize(
    ("loaded", "text"),
    [
        ([SCIPY, NUMPY], "openblas 2, kernels: Haswell, threads: 2"),
        ([NUMPY, SCIPY], "openblas 2, kernels: Haswell, threads: 2"),
        ([{"user_api": "openmp"}], "with a BLAS unknown to threadpoolctl"),
    ],
)
def test_described_blas_is_that_of_numpy(loaded, text, monkeypatch):
    monkeypatch.setattr(machine, "threadpool_info", lambda: loaded)
    assert machine.description().endswith(text)


def test_contestants_run_in_turn_and_their_shortest_epoch_counts():
    ran = []

    def contestant(name, *runs):
        ends = iter(runs)

        def train(stopwatch):
            ran.append(name)
            stopwatch.times += next(ends)

        return train

    contestants = {
        "a": contestant("a", [1.0, 3.0, 4.0], [0.0, 9.0, 12.0]),
        "b": contestant("b", [0.0, 5.0, 9.0], [2.0, 4.0, 7.0]),
    }
    assert shortest_epochs(contestants, 2) == {"a": 1.0, "b": 2.0}
    assert ran == ["a", "b", "a", "b"]


NETS = {"net 90x784x64x10", "net 90x784x256x10"}


@pytest.mark.parametrize(
    ("model", "names", "contestants"),
    [
        ("softmax", {"softmax 90x784x10"}, {"sklearn_softmax", "numpy floor"}),
        ("net", NETS, {"sklearn_softmax", "numpy floor", "scikit-learn"}),
    ],
)
@few_rows
def test_fit_records_every_contestant(model, names, contestants, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(libraries, "EPOCHS", 2)
    path = tmp_path / "fit.json"
    arguments = ["--model", model, "--rows", "90", "--runs", "1", "--json", str(path)]
    records = main(["fit", *arguments])
    assert read_records(path) == records
    found = {(r["problem"], r["contestant"], r["dtype"], r["batch_size"]) for r in records}
    expected = product(names, contestants, ("float32", "float64"), (32, 200, 1000))
    assert {row for row in found if row[1] != "torch"} == set(expected)
    assert all(0 < r["seconds"] < 10 for r in records)
    output = capsys.readouterr().out
    assert all(name in output for name in names | contestants)
    assert output.count("times ours in geometric mean: ") == 1


def test_means_are_geometric_and_relative_to_ours(capsys):
    times = {"sklearn_softmax": (1.0, 2.0), "a": (4.0, 2.0)}
    fit.print_means(
        [{"contestant": name, "seconds": s} for name, row in times.items() for s in row]
    )
    assert capsys.readouterr().out == "times ours in geometric mean: a 2.00\n"


def test_perceptrons_must_learn_the_same_weights_in_order_only(monkeypatch):
    class Checked(Exception):
        pass

    def check(models):
        assert {model.shuffle for model in models.values()} == {False}
        raise Checked

    assert {model.shuffle for model in perceptron.contestants(5, True).values()} == {True}
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    monkeypatch.setattr(perceptron, "check_equal_weights", check)
    with pytest.raises(Checked):
        main(["perceptron", "--data", "digits", "--runs", "1"])


def test_perceptrons_with_different_weights_are_an_error():
    digits = load("digits")
    models = {"a": BinaryPerceptron(n_epochs=1), "b": BinaryPerceptron(n_epochs=2)}
    perceptron.shortest_fits(models, digits.X, digits.y == 8, 1)
    with pytest.raises(RuntimeError, match="different weights"):
        perceptron.check_equal_weights(models)


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


@few_rows
@pytest.mark.parametrize(
    ("name", "contestants"),
    {
        "mnist": ["fused", "scikit-learn", "one by one"],
        "net": ["fused", "scikit-learn", "one by one"],
        "halving": ["fused halving", "fused", "scikit-learn"],
        "net-halving": ["fused halving", "fused"],
        "early-stopping": ["fused", "one by one"],
    }.items(),
)
def test_search_records_every_contestant(name, contestants, small_problems, tmp_path, monkeypatch):
    contest = problems.PROBLEMS[name](SimpleNamespace(quick=True, data_home=None))
    if "halving" in name:  # with so few rows and epochs, the survivors are chance
        contest = replace(contest, max_difference=1)
    monkeypatch.setitem(problems.PROBLEMS, name, lambda options: contest)
    path = tmp_path / "search.json"
    options = ["--quick", "--n-jobs", "1", "--problem", name, "--json", str(path)]
    records = main(["search", *options])
    assert read_records(path) == records
    assert [(r["contestant"], r["n_jobs"]) for r in records] == [(c, 1) for c in contestants]
    assert all(r["seconds"] > 0 and 0 <= r["best_score"] <= 1 for r in records)


def test_all_searches_run_with_all_numbers_of_processes_by_default(monkeypatch):
    contests = {
        name: lambda options, name=name: SimpleNamespace(run=lambda n_jobs: [(name, n_jobs)])
        for name in "ab"
    }
    monkeypatch.setattr(search, "PROBLEMS", contests)
    options = SimpleNamespace(problem=None, n_jobs=[1, 2])
    assert search.run(options) == [("a", [1, 2]), ("b", [1, 2])]


@pytest.mark.parametrize("has_same_configurations", [False, True])
def test_searches_with_different_scores_are_an_error(has_same_configurations, small_problems):
    contest = problems.PROBLEMS["digits"](SimpleNamespace(quick=True))
    contest = replace(contest, has_same_configurations=has_same_configurations)
    one_by_one = contest.searches["one by one"]
    one_by_one.param_grid = {**one_by_one.param_grid, "lr": [1e-4, 1e-5]}
    del contest.searches["scikit-learn"]
    with pytest.raises(RuntimeError, match=r"fused and one by one differ by 0\.\d+"):
        contest.measure(1)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@few_rows
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
