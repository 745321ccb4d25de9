import json
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from sklearn.datasets import load_digits

from benchmarks.datasets import load
from benchmarks.reports import softmax
from benchmarks.speed import libraries, perceptron, search
from benchmarks.speed.__main__ import main
from sklearn_softmax import BinaryPerceptron


@pytest.mark.parametrize(
    ("model", "problems", "contestants"),
    [
        ("softmax", {"softmax 90x784x10"}, {"sklearn_softmax", "numpy floor"}),
        ("logistic", {"logistic 90x784"}, {"10 classes", "2 classes"}),
        (
            "net",
            {"net 90x784x64x10", "net 90x784x256x10"},
            {"sklearn_softmax", "numpy floor", "scikit-learn"},
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger:UserWarning")
def test_fit_writes_its_records(model, problems, contestants, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(libraries, "EPOCHS", 2)
    path = tmp_path / "fit.json"
    arguments = ["--model", model, "--rows", "90", "--runs", "1", "--json", str(path)]
    records = main(["fit", *arguments])
    assert json.loads(path.read_text()) == records
    assert set(records[0]) == {"problem", "contestant", "dtype", "batch_size", "seconds"}
    assert {r["problem"] for r in records} == problems
    assert {r["contestant"] for r in records} - {"torch"} == contestants
    assert {(r["dtype"], r["batch_size"]) for r in records} == {
        (dtype, n) for dtype in ("float32", "float64") for n in (32, 200, 1000)
    }
    assert all(0 < r["seconds"] < 10 for r in records)
    output = capsys.readouterr().out
    assert all(name in output for name in problems | contestants)


def test_perceptron_writes_its_records(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(perceptron, "EPOCHS", (2,))
    path = tmp_path / "perceptron.json"
    records = main(["perceptron", "--data", "digits", "--runs", "1", "--json", str(path)])
    assert json.loads(path.read_text()) == records
    assert {(r["library"], r["label"]) for r in records} == {
        (library, label) for library in ("sklearn_softmax", "scikit-learn") for label in range(10)
    }
    assert "in total" in capsys.readouterr().out


def test_other_weights_are_no_comparison():
    X, y = load_digits(return_X_y=True)
    models = {"a": BinaryPerceptron(n_epochs=1), "b": BinaryPerceptron(n_epochs=2)}
    with pytest.raises(RuntimeError, match="different weights"):
        perceptron.shortest_fits(models, X, y == 8, 1)


def test_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "invalid choice" in capsys.readouterr().err


@pytest.fixture
def small_problems(monkeypatch):
    """The searches on few rows, few configurations and few epochs."""
    digits = load("digits")
    rows = replace(digits, X=digits.X[:200], y=digits.y[:200])
    monkeypatch.setattr(search.datasets, "load", lambda *_: rows)
    monkeypatch.setitem(softmax.PARAM_GRIDS, "digits", {"lr": [0.1], "n_epochs": [20, 30]})
    monkeypatch.setattr(search, "NET_GRID", {"lr": [0.01], "n_epochs": [2, 3]})


def test_search_writes_its_records(small_problems, tmp_path, capsys):
    path = tmp_path / "search.json"
    records = main(["search", "--quick", "--n-jobs", "1", "--json", str(path)])
    assert json.loads(path.read_text()) == records
    problems = ["softmax digits", "softmax digits", "net digits"]
    contestants = ["fused", "one by one", "scikit-learn"]
    assert [(r["problem"], r["contestant"]) for r in records] == list(
        product(problems, contestants)
    )
    assert all(r["n_jobs"] == 1 and r["seconds"] > 0 for r in records)
    assert "2 configurations x 3 folds" in capsys.readouterr().out


def test_other_scores_are_no_comparison(small_problems):
    problem = search.PROBLEMS["digits"](SimpleNamespace(quick=True))
    Search, model, grid = problem.contestants["one by one"]
    problem.contestants["one by one"] = Search, model, {**grid, "lr": [1e-4]}
    with pytest.raises(RuntimeError, match="different scores"):
        search.search_times(problem, 1)
