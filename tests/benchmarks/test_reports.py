"""Parts that all reports share."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import show_progress
from benchmarks.reports.command import main
from sklearn_softmax import SoftmaxRegression
from tests.benchmarks.test_datasets import keras_arrays

LACKING = [
    ("softmax", "mnist", {}, "20 among its rows, 5 or more .* 0, 1, 3, 4.* 0 of class 3"),
    ("one_vs_rest", "mnist", {}, "10 among its first 20000 training rows, 1 or more"),
    ("one_vs_rest", "mnist", {"train": range(10)}, "first 2000 test rows.* 0 of class 3"),
    ("early_stopping", "mnist", {}, "first 20000 training rows.* 0 of class 3"),
    ("early_stopping", "mnist", {"train": range(10)}, "first 10000 test rows.* 0 of class 3"),
    ("sigmoid_mlp", "mnist", {}, "2000 training rows before the last 10000.* are 0, 0 of class 0"),
    ("relu_mlp", "cifar10", {}, "250 among its first 5 training rows before the last 1000"),
    ("relu_mlp --quick", "cifar10", {"n": 1900}, "first 90 training rows before the last 1000"),
]


@pytest.mark.parametrize(("line", "name", "rows", "problem"), LACKING)
def test_data_sets_with_too_few_rows_are_an_error(line, name, rows, problem, tmp_path, capsys):
    y_train = np.resize(rows.get("train", [0, 1, 2, 4]), rows.get("n", 1005))
    arrays = keras_arrays(name, len(y_train)) | {"y_train": y_train, "y_test": [0, 1, 2, 4]}
    np.savez(tmp_path / f"{name}.npz", **arrays)
    options = ["--data", name, "--data-home", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=f"error: The data set {name} lacks rows.*{problem}"):
        main([*line.split(), *options])
    assert capsys.readouterr().out == ""


def test_damaged_data_set_is_an_error(tmp_path):
    (tmp_path / "mnist.npz").write_text("not an archive")
    with pytest.raises(SystemExit, match=r"error: .*mnist\.npz cannot be used"):
        main(["softmax", "--data", "mnist", "--data-home", str(tmp_path), "--out", str(tmp_path)])


@pytest.mark.parametrize("missing", [[], ["sklearn.callback", "rich.progress"]])
def test_progress_of_searches_and_fits_without_optional_packages(missing, monkeypatch, capsys):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    if missing:
        assert show_progress(GridSearchCV(SoftmaxRegression(), {})).verbose == 1
    else:
        pytest.importorskip("rich")
    X, y = load_digits(return_X_y=True)
    models = {lr: SoftmaxRegression(lr=lr, n_epochs=1) for lr in (0.1, 0.01)}
    fitted = fit_all(models, (X[:50], y[:50], X[50:], y[50:]), n_jobs=1)
    assert {lr: model.lr_ for lr, model in fitted.items()} == {0.1: 0.1, 0.01: 0.01}
    assert all("val_accuracy" in model.history_ for model in fitted.values())
    output = capsys.readouterr().out
    assert ("SoftmaxRegression - fit" in output) == ("100%" in output) == (not missing)
