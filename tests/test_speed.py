import json

import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from sklearn.datasets import load_digits

from benchmarks.speed import perceptron
from benchmarks.speed.__main__ import main
from sklearn_softmax import BinaryPerceptron


def test_fit_writes_its_records(tmp_path, capsys):
    path = tmp_path / "fit.json"
    records = main(["fit", "--rows", "300", "--runs", "1", "--json", str(path)])
    assert json.loads(path.read_text()) == records
    assert set(records[0]) == {"problem", "library", "dtype", "batch_size", "seconds"}
    sizes = {(dtype, n) for dtype in ("float32", "float64") for n in (32, 200, 1000)}
    for problem in ("softmax 300x784x10", "logistic 300x784, 10 classes"):
        ours = [r for r in records if (r["problem"], r["library"]) == (problem, "sklearn_softmax")]
        assert {(r["dtype"], r["batch_size"]) for r in ours} == sizes
    assert {"sklearn_softmax", "numpy floor"} <= {r["library"] for r in records}
    assert all(0 < r["seconds"] < 10 for r in records)
    assert "numpy floor" in capsys.readouterr().out


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
