import json
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from sklearn.datasets import load_digits
from sklearn.model_selection import ParameterGrid
from threadpoolctl import threadpool_limits

from benchmarks import datasets
from benchmarks.datasets import load
from benchmarks.reports import softmax
from benchmarks.speed import (
    crowded,
    libraries,
    machine,
    newcomer,
    pass_cost,
    perceptron,
    search,
    stack,
)
from benchmarks.speed.command import main
from benchmarks.speed.recorded_net import RecordedNet
from benchmarks.speed.search import contest, grids, halving
from benchmarks.speed.timing import epoch_seconds, shortest_epochs
from sklearn_softmax import (
    BinaryPerceptron,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    WeightHistory,
)
from tests.helpers import read_records

# Small problems have fewer rows than a batch.
few_rows = pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")


def test_machine_is_named_above_every_table(monkeypatch, capsys):
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    main(["perceptron", "--data", "digits", "--runs", "1"])
    first_line, *_ = capsys.readouterr().out.splitlines()
    assert first_line == machine.description()


def test_measurements_are_kept_in_one_file_by_command(monkeypatch, tmp_path):
    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    path = tmp_path / "measured.json"
    of_digits = ["perceptron", "--data", "digits", "--runs", "1", "--json", str(path)]
    first = main(of_digits)
    again = main([*of_digits, "--data-home", str(tmp_path)])
    assert read_records(path) == again
    assert len(first) == len(again)
    main(["stack", "--rows", "90", "--runs", "1", "--json", str(path)])
    measured = json.loads(path.read_text())
    assert list(measured) == ["perceptron --runs 1 --data digits", "stack --runs 1 --rows 90"]
    assert {entry["machine"] for entry in measured.values()} == {machine.description()}


def test_machine_is_described_by_processor_and_blas(monkeypatch, tmp_path):
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text("processor\t: 0\nmodel name\t: Fast: 9000\nprocessor\t: 1\n")
    monkeypatch.setattr(machine, "CPU_INFO", cpu_info)
    with threadpool_limits(1):
        description = machine.description()
    assert description.startswith("Fast: 9000, cores: ")
    assert f"NumPy {np.__version__} with " in description
    assert description.endswith("threads: 1")


def test_processor_is_named_without_cpu_info(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "riscv64")
    assert machine.description().startswith("riscv64, ")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_blas_is_that_of_numpy(order, monkeypatch):
    library = {"user_api": "blas", "internal_api": "openblas", "num_threads": 2}
    libraries = [
        {**library, "version": "1", "architecture": "Zen", "filepath": "scipy.libs/blas.so"},
        {**library, "version": "2", "architecture": "Haswell", "filepath": "numpy.libs/blas.so"},
    ]
    monkeypatch.setattr(machine, "threadpool_info", lambda: [libraries[i] for i in order])
    assert machine.description().endswith("openblas 2, kernels: Haswell, threads: 2")


def test_unknown_blas_is_admitted(monkeypatch):
    monkeypatch.setattr(machine, "threadpool_info", lambda: [{"user_api": "openmp"}])
    assert machine.description().endswith("with a BLAS that threadpoolctl does not know")


def test_contestants_run_in_turn():
    ran = []

    def contestant(name, ends):
        def train(stopwatch):
            ran.append(name)
            stopwatch.times += ends

        return train

    contestants = {"a": contestant("a", [1.0, 3.0, 4.0]), "b": contestant("b", [0.0, 5.0, 7.0])}
    seconds = epoch_seconds(contestants, 2)
    assert ran == ["a", "b", "a", "b"]
    assert {name: epochs.tolist() for name, epochs in seconds.items()} == {
        "a": [2.0, 1.0, 2.0, 1.0],
        "b": [5.0, 2.0, 5.0, 2.0],
    }
    assert shortest_epochs(contestants, 1) == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize(
    ("model", "problems", "contestants"),
    [
        ("softmax", {"softmax 90x784x10"}, {"sklearn_softmax", "numpy floor"}),
        ("logistic", {"logistic 90x784"}, {"10 classes", "2 classes"}),
        (
            "net",
            {"net 90x784x64x10", "net 90x784x256x10"},
            {"sklearn_softmax", "numpy floor", "numpy, recorded", "scikit-learn"},
        ),
    ],
)
@few_rows
def test_fit_writes_its_records(model, problems, contestants, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(libraries, "EPOCHS", 2)
    path = tmp_path / "fit.json"
    arguments = ["--model", model, "--rows", "90", "--runs", "1", "--json", str(path)]
    records = main(["fit", *arguments])
    assert read_records(path) == records
    assert set(records[0]) == {"problem", "contestant", "dtype", "batch_size", "seconds"}
    assert {r["problem"] for r in records} == problems
    assert {r["contestant"] for r in records} - {"torch"} == contestants
    assert {(r["dtype"], r["batch_size"]) for r in records} == {
        (dtype, n) for dtype in ("float32", "float64") for n in (32, 200, 1000)
    }
    assert all(0 < r["seconds"] < 10 for r in records)
    output = capsys.readouterr().out
    assert all(name in output for name in problems | contestants)
    means = [line for line in output.splitlines() if line.startswith("times ours in geometric")]
    assert len(means) == (0 if model == "logistic" else 1)
    assert all(name in line for line in means for name in contestants - {"sklearn_softmax"})


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-4), (np.float64, 1e-10)])
@pytest.mark.parametrize("batch_size", [40, 500])
def test_recorded_net_learns_what_ours_does(dtype, tolerance, batch_size):
    X, y = load_digits(return_X_y=True)
    X, y = (X[:210] / 16).astype(dtype), y[:210]  # the last batch of 40 is shorter
    parameters = WeightHistory()
    model = TwoLayerMLPClassifier(
        hidden_size=16, lr=1e-3, batch_size=batch_size, n_epochs=3, shuffle=False, random_state=0
    )
    model.set_callbacks(parameters).fit(X, y)
    W1, W2 = (weights[0] for weights in parameters.weights_)
    net = RecordedNet(W1, W2, model.lr, batch_size, len(y))
    history = [net.epoch(X, y, np.arange(len(y))) for _ in range(3)]
    losses, accuracies = zip(*history)
    np.testing.assert_allclose(losses, model.history_["loss"], rtol=tolerance)
    np.testing.assert_allclose(accuracies, model.history_["accuracy"])
    for W, coef in zip(net.layers[::2], model.coefs_):
        np.testing.assert_allclose(W.T, coef, rtol=tolerance, atol=tolerance)
    for b, intercept in zip(net.layers[1::2], model.intercepts_):
        np.testing.assert_allclose(b[:, 0], intercept, rtol=tolerance, atol=tolerance)


def test_recorded_net_takes_the_rows_in_the_given_order():
    rng = np.random.default_rng(0)
    X, y, order = rng.random((50, 5)), rng.integers(0, 3, 50), rng.permutation(50)
    W1, W2 = rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    nets = [RecordedNet(W1, W2, 0.1, 20, 50) for _ in range(2)]
    assert nets[0].epoch(X, y, order) == nets[1].epoch(X[order], y[order], np.arange(50))
    np.testing.assert_array_equal(nets[0].params, nets[1].params)


def test_recorded_net_lets_the_first_class_win_ties():
    rng = np.random.default_rng(0)
    # Small integers, whose sums are exact: scores often tie, in two classes or in more.
    X = rng.integers(-1, 2, (200, 4)).astype(float)
    W1, W2 = (rng.integers(-1, 2, shape).astype(float) for shape in ((3, 4), (4, 3)))
    y = rng.integers(0, 4, 200)
    scores = np.maximum(X @ W1.T, 0) @ W2.T
    assert np.any(np.sum(scores == scores.max(axis=1, keepdims=True), axis=1) > 1)
    loss, accuracy = RecordedNet(W1, W2, 0.1, 200, 200).epoch(X, y, np.arange(200))
    assert accuracy == np.mean(scores.argmax(axis=1) == y)
    log_sums = np.log(np.exp(scores).sum(axis=1))
    assert loss == pytest.approx(np.mean(log_sums - scores[np.arange(200), y]))


@pytest.fixture
def busy_processes_started(monkeypatch):
    """The busy processes that a test starts."""
    started, start = [], crowded._busy_process
    monkeypatch.setattr(
        crowded, "_busy_process", lambda end: started.append(start(end)) or started[-1]
    )
    return started


@few_rows
def test_crowded_writes_its_records(busy_processes_started, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(libraries, "EPOCHS", 2)
    path = tmp_path / "crowded.json"
    arguments = ["--busy", "1", "--rows", "90", "--runs", "1", "--json", str(path)]
    records = main(["crowded", *arguments])
    assert read_records(path) == records
    assert {(r["problem"], r["dtype"]) for r in records} == set(
        product(("softmax 90x784x10", "net 90x784x64x10"), ("float32", "float64"))
    )
    contestants = {"sklearn_softmax", "sklearn_softmax, one BLAS thread", "scikit-learn"}
    assert {r["contestant"] for r in records} - {"torch"} == contestants
    assert {(r["batch_size"], r["n_busy"]) for r in records} == {(200, 1)}
    for times, record in product(("quiet", "crowded"), records):
        assert 0 < record[f"{times}_shortest"] <= record[f"{times}_median"]
    output = capsys.readouterr().out
    assert all(name in output for name in contestants)
    assert "beside 1 busy processes" in output
    assert len(busy_processes_started) == 4
    assert all(process.poll() is not None for process in busy_processes_started)


def test_quiet_and_crowded_epochs_alternate(busy_processes_started):
    n_running, lengths = [], iter([1.0, 5.0, 2.0, 8.0])

    def train(stopwatch):
        n_running.append(sum(process.poll() is None for process in busy_processes_started))
        stopwatch.times += [0.0, next(lengths)]

    times = crowded.quiet_and_crowded({"a": train}, n_runs=2, n_busy=2)
    assert n_running == [0, 2, 0, 2]
    assert times["a"] == {
        "quiet_shortest": 1.0,
        "quiet_median": 1.5,
        "crowded_shortest": 5.0,
        "crowded_median": 6.5,
    }


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_busy_processes_end_with_an_error(error):
    started = []

    def fail():
        with crowded.busy_processes(2) as processes:
            started.extend(processes)
            assert all(process.poll() is None for process in processes)
            raise error

    with pytest.raises(error):
        fail()
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)


def test_busy_processes_end_where_one_cannot_start(monkeypatch):
    started, start = [], crowded._busy_process

    def fail_at_the_second(end):
        if started:
            raise OSError("no more processes")
        started.append(start(end))
        return started[-1]

    monkeypatch.setattr(crowded, "_busy_process", fail_at_the_second)
    with pytest.raises(OSError, match="no more processes"), crowded.busy_processes(2):
        pass
    assert [process.poll() is None for process in started] == [False]


def test_stack_writes_its_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(stack, "EPOCHS", (1, 2))
    path = tmp_path / "stack.json"
    records = main(["stack", "--rows", "90", "--runs", "1", "--json", str(path)])
    assert read_records(path) == records
    assert [(r["batch_size"], r["n_threads"]) for r in records] == list(
        product((1000, 5000), (None, 1))
    )
    assert {r["problem"] for r in records} == {"stack 90x784, 9 models x 4 classes"}
    # Of so few rows the difference of two searches is noise.
    assert all(np.isfinite(r["seconds"]) for r in records)
    assert "one BLAS thread" in capsys.readouterr().out


def test_stack_trains_all_models_together_on_the_rows_asked_for():
    X, y, cv = stack.make_data(60)
    ((train, test),) = cv.split(X, y)
    assert (len(train), len(test)) == (60, stack.N_TEST_ROWS)
    assert len(np.unique(y[train])) == stack.N_CLASSES
    plan = stack.new_search(cv, 20, 3).plan(X, y)
    assert plan.n_runs == 1
    assert "9 models" in str(plan)


def test_perceptron_writes_its_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(perceptron, "EPOCHS", (2,))
    path = tmp_path / "perceptron.json"
    records = main(["perceptron", "--data", "digits", "--runs", "1", "--json", str(path)])
    assert read_records(path) == records
    assert {(r["library"], r["shuffle"], r["label"]) for r in records} == set(
        product(("sklearn_softmax", "scikit-learn"), (False, True), range(10))
    )
    output = capsys.readouterr().out
    assert all(f"{order}    2 epochs  in total" in output for order in ("in order", "shuffled"))


def test_perceptrons_must_learn_the_same_weights_in_order_only(monkeypatch):
    class Refusal(Exception):
        pass

    def refuse(models):
        assert not any(model.shuffle for model in models.values())
        raise Refusal

    monkeypatch.setattr(perceptron, "EPOCHS", (1,))
    monkeypatch.setattr(perceptron, "check_equal_weights", refuse)
    with pytest.raises(Refusal):
        main(["perceptron", "--data", "digits", "--runs", "1"])


@pytest.mark.parametrize("shuffle", [False, True])
def test_perceptrons_are_shuffled_alike(shuffle):
    assert {model.shuffle for model in perceptron.contestants(5, shuffle).values()} == {shuffle}


def test_other_weights_are_no_comparison():
    X, y = load_digits(return_X_y=True)
    models = {"a": BinaryPerceptron(n_epochs=1), "b": BinaryPerceptron(n_epochs=2)}
    perceptron.shortest_fits(models, X, y == 8, 1)
    with pytest.raises(RuntimeError, match="different weights"):
        perceptron.check_equal_weights(models)


def test_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "invalid choice" in capsys.readouterr().err


@pytest.fixture
def small_problems(monkeypatch):
    """The searches on few rows, few configurations and few epochs."""
    digits = load("digits")
    rows = replace(digits, X=digits.X[:200], y=digits.y[:200])
    monkeypatch.setattr(datasets, "load", lambda *_: rows)
    grid = {"lr": [0.1, 0.001], "batch_size": [20, 50], "n_epochs": [20, 30]}
    monkeypatch.setitem(softmax.PARAM_GRIDS, "digits", grid)
    monkeypatch.setattr(grids, "NET_GRID", {"lr": [0.01], "n_epochs": [2, 3]})
    monkeypatch.setattr(halving, "N_NETS", 4)


SEARCHES = {
    "mnist": ["fused", "scikit-learn", "one by one"],
    "digits": ["fused", "scikit-learn", "one by one"],
    "net": ["fused", "scikit-learn", "one by one"],
    "halving": ["fused halving", "fused", "scikit-learn"],
    "net-halving": ["fused halving", "fused"],
    "early-stopping": ["fused", "one by one"],
    "cut": ["whole", "cut"],
}


@few_rows
@pytest.mark.parametrize("name", SEARCHES)
def test_search_writes_its_records(name, small_problems, tmp_path, capsys, monkeypatch):
    # Of so few rows and epochs, who is left is chance.
    monkeypatch.setattr(contest.SameBestScore, "__call__", lambda self, fitted: None)
    path = tmp_path / "search.json"
    arguments = ["--quick", "--n-jobs", "1", "--problem", name, "--json", str(path)]
    records = main(["search", *arguments])
    assert read_records(path) == records
    assert list(dict.fromkeys(r["contestant"] for r in records)) == SEARCHES[name]
    assert all(r["seconds"] > 0 and 0 <= r["best_score"] <= 1 for r in records)
    output = capsys.readouterr().out
    assert all(contestant in output for contestant in SEARCHES[name])
    measured = "(x time of whole)" if name == "cut" else f"(x time of {SEARCHES[name][0]})"
    assert measured in output


def test_all_problems_run_by_default(monkeypatch):
    ran = []
    problems = {name: lambda options, n=name: SimpleNamespace(run=ran_by(n)) for name in "ab"}

    def ran_by(name):
        return lambda options: ran.append(name) or [name]

    monkeypatch.setattr(search, "PROBLEMS", problems)
    assert search.run(SimpleNamespace(problem=None)) == ["a", "b"] == ran


def test_a_cut_plan_has_a_task_for_each_worker(small_problems):
    softmax.PARAM_GRIDS["digits"]["reg_param"] = [0.1, 1.0, 10.0]
    cuts = search.PROBLEMS["cut"](SimpleNamespace(quick=True, data_home=None))
    plans = cuts.plans()
    assert (plans["whole"].n_runs, plans["cut"].n_runs) == (6, 16)


def test_other_scores_are_no_comparison(small_problems):
    problem = search.PROBLEMS["digits"](SimpleNamespace(quick=True))
    problem.searches["one by one"].param_grid = {
        **problem.searches["one by one"].param_grid,
        "lr": [1e-4, 1e-5],
    }
    with pytest.raises(RuntimeError, match="different scores"):
        problem.search_times(1)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@few_rows
def test_scikit_learns_net_learns_the_same_model_with_a_penalty():
    n_train, n_epochs = 100, 200
    digits = load("digits")
    X, y = digits.X[:n_train], digits.y[:n_train]
    grid = {"batch_size": [20, 200], "reg_param": [1.0, 30.0], "n_epochs": [n_epochs]}
    grids = contest.sklearn_grid(grid | {"lr": [0.1]}, n_samples=150)
    for ours, theirs in zip(ParameterGrid(grid), ParameterGrid(grids), strict=True):
        model = SoftmaxRegression(lr=0.1, random_state=0, **ours).fit(X, y)
        net = contest.sklearn_softmax(n_epochs).set_params(**theirs).fit(X, y)
        assert np.mean(np.abs(net.predict_proba(X) - model.predict_proba(X))) < 0.01


def test_another_best_score_is_no_comparison():
    fitted = {name: SimpleNamespace(best_score_=score) for name, score in zip("ab", (0.9, 0.903))}
    contest.SameBestScore(("a", "b"), 0.004)(fitted)
    with pytest.raises(RuntimeError, match=r"0\.9000 and 0\.9030"):
        contest.SameBestScore(("a", "b"))(fitted)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_cost_of_a_pass_is_told_from_few_and_many_models(capsys, monkeypatch):
    monkeypatch.setattr(pass_cost, "BATCH_SIZES", (20,))
    monkeypatch.setattr(stack, "EPOCHS", (1, 2))
    records = main(["pass_cost", "--rows", "60", "--runs", "1"])
    assert [(r["n_classes"], r["n_threads"]) for r in records] == [
        (n, threads) for n in (4, 10) for threads in (None, 1)
    ]
    assert all(set(r["seconds"]) == {"3", "9"} for r in records)
    assert capsys.readouterr().out.count("a / b") == 4


def test_newcomer_times_commands_in_a_clone(monkeypatch, capsys):
    monkeypatch.setattr(newcomer, "commands", lambda: ["test -e setup.cfg", "touch new && ls new"])
    (record,) = main(["newcomer", "--only", "tests"])
    assert record["command"] == "tests"
    assert record["seconds"] > 0
    assert "touch new && ls new" in capsys.readouterr().out
    assert not (newcomer.ROOT / "new").exists()


def test_newcomer_tells_what_failed(monkeypatch):
    monkeypatch.setattr(newcomer, "commands", lambda: ["echo broken && false", "true"])
    with pytest.raises(SystemExit, match="echo broken && false failed:\nbroken"):
        main(["newcomer"])


def test_newcomer_reads_the_commands_of_the_readme():
    assert len(newcomer.commands()) == len(newcomer.NAMES)
