"""Parts that all reports share."""

import doctest
import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from benchmarks.datasets import load
from benchmarks.reports import _markdown, _published
from benchmarks.reports._fits import fit_all
from benchmarks.reports._progress import show_progress, stage
from benchmarks.reports._split import first_rows, rows_text, with_validation
from benchmarks.reports.command import main
from sklearn_softmax import SoftmaxRegression
from tests.benchmarks.reports import official_digits


def test_docstring_examples_of_markdown():
    assert doctest.testmod(_markdown).failed == 0


@pytest.mark.parametrize(("name", "n_columns"), [("digits", 2), ("mnist", 3)])
def test_published_columns_are_only_for_the_same_data(name, n_columns):
    header = ["Class", "Error", "Error (published)"]
    table = _published.table(official_digits(name, 1300), header, [[0, 1, 2]])
    assert table.splitlines()[2] == f"| {' | '.join('012'[:n_columns])} |"
    assert ("omitted" in _published.explanation(official_digits(name, 1300))) == (n_columns == 2)


def test_first_rows_are_those_of_the_official_split():
    dataset = official_digits("mnist", 1300)
    sizes = {"test_size": 0.3, "random_state": 0}
    X_train, X_test, y_train, y_test = first_rows(dataset, n_train=100, n_test=20, **sizes)
    np.testing.assert_array_equal(X_train, dataset.X[:100])
    np.testing.assert_array_equal(y_train, dataset.y[:100])
    np.testing.assert_array_equal(X_test, dataset.X[1300:1320])
    np.testing.assert_array_equal(y_test, dataset.y[1300:1320])
    X_train, X_test, _, _ = first_rows(dataset, n_train=5000, n_test=5000, **sizes)
    assert (len(X_train), len(X_test)) == (1300, 497)
    text = "the first 100 training images, and the first 20 test images to test"
    assert rows_text(dataset, 100, 20, "test") == text
    text = "100 images to train and 20 to test, shuffled and with the same class shares"
    assert rows_text(load("digits"), 100, 20, "test") == text


def test_validation_rows_are_the_last_training_rows():
    dataset = official_digits("mnist", 1400)
    parts = with_validation(dataset, n_val=300, random_state=0)
    for name, rows in {
        "train": slice(1100),
        "val": slice(1100, 1400),
        "test": slice(1400, None),
    }.items():
        np.testing.assert_array_equal(getattr(parts, f"X_{name}"), dataset.X[rows])
        np.testing.assert_array_equal(getattr(parts, f"y_{name}"), dataset.y[rows])
    assert str(parts) == (
        "the first 1100 training images to train, the last 300 training images to validate and "
        "the 397 test images to test"
    )


def test_parts_without_official_split_are_disjoint_and_stratified():
    digits = load("digits")
    parts = with_validation(digits, n_val=300, random_state=0)
    X = np.concatenate([parts.X_train, parts.X_val, parts.X_test])
    y = np.concatenate([parts.y_train, parts.y_val, parts.y_test])
    found, expected = (
        np.unique(np.column_stack(rows), axis=0) for rows in ((X, y), (digits.X, digits.y))
    )
    np.testing.assert_array_equal(found, expected)
    assert len(y) == len(digits.y)
    for labels in (parts.y_val, parts.y_test):
        assert len(labels) == 300
        assert np.ptp(np.bincount(labels)) <= 3
    assert "shuffled and with the same class shares" in str(parts)


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
    shape = {"mnist": (28, 28), "cifar10": (32, 32, 3)}[name]
    y_train, y_test = np.resize(rows.get("train", [0, 1, 2, 4]), rows.get("n", 1005)), [0, 1, 2, 4]
    arrays = {"y_train": y_train, "y_test": np.array(y_test)}
    images = {f"x_{part[2:]}": np.zeros((len(y), *shape), np.uint8) for part, y in arrays.items()}
    np.savez(tmp_path / f"{name}.npz", **arrays, **images)
    options = ["--data", name, "--data-home", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=f"error: The data set {name} lacks rows.*{problem}"):
        main([*line.split(), *options])
    assert capsys.readouterr().out == ""


def test_damaged_data_set_is_an_error(tmp_path):
    (tmp_path / "mnist.npz").write_text("not an archive")
    options = ["--data-home", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"error: .*mnist\.npz cannot be used"):
        main(["softmax", "--data", "mnist", *options])


def test_progress_without_callbacks_or_rich(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    assert show_progress(GridSearchCV(SoftmaxRegression(), {})).verbose == 1
    assert list(fitted_by_lr()) == [0.1, 0.2]
    assert capsys.readouterr().out == ""


def fitted_by_lr():
    """Return two models fitted by ``fit_all`` on the digits."""
    digits = load("digits")
    rows = digits.X[:50], digits.y[:50], digits.X[50:], digits.y[50:]
    return fit_all({lr: SoftmaxRegression(lr=lr, n_epochs=1) for lr in (0.1, 0.2)}, rows, 1)


def test_fits_are_shown_by_a_progress_bar_and_validated(capsys):
    pytest.importorskip("rich")
    models = fitted_by_lr()
    assert {lr: model.lr_ for lr, model in models.items()} == {0.1: 0.1, 0.2: 0.2}
    assert all("val_accuracy" in model.history_ for model in models.values())
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("SoftmaxRegression - fit ")
    assert "100%" in line


def test_stage_prints_its_beginning_and_its_end(capsys):
    with stage("Sorting") as sorting:
        assert capsys.readouterr().out == "Sorting ...\n"
    assert sorting.seconds >= 0
    assert capsys.readouterr().out.startswith("Sorting: done in ")
