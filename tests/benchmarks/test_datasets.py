"""Data sets of the benchmarks: layout, download and errors."""

import urllib.error
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks import datasets
from benchmarks.datasets import load

SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3)}


def keras_arrays(name, n_train=6, n_test=4):
    """Return small arrays in the layout of Keras."""
    rng, arrays = np.random.RandomState(0), {}
    for part, n in (("train", n_train), ("test", n_test)):
        arrays[f"x_{part}"] = rng.randint(0, 256, (n, *SHAPES[name]), np.uint8)
        arrays[f"y_{part}"] = rng.randint(0, 10, n, np.uint8)
    return arrays


def openml_rows(arrays):
    """Return rows as in OpenML: floats, one block per colour, labels as text."""
    images = np.concatenate([arrays["x_train"], arrays["x_test"]])
    planes = np.moveaxis(images, -1, 1) if images.ndim == 4 else images
    labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
    return planes.reshape(len(images), -1).astype(float), labels.astype(str).astype(object)


def assert_contains(dataset, arrays):
    """Assert that a data set has the images and labels of arrays."""
    pixels = np.concatenate([arrays["x_train"], arrays["x_test"]]) / 255
    np.testing.assert_allclose(dataset.X, pixels.reshape(len(pixels), -1), rtol=1e-6)
    np.testing.assert_array_equal(dataset.y, [*arrays["y_train"], *arrays["y_test"]])
    assert dataset.n_train == len(arrays["x_train"])
    assert (dataset.X.dtype, dataset.y.dtype) == (np.float32, np.int64)
    assert dataset.image_shape == SHAPES[dataset.name]


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty default directory, and no network."""

    monkeypatch.delenv("SKLEARN_SOFTMAX_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "default"))
    no_network = Mock(side_effect=urllib.error.URLError("no network"))
    monkeypatch.setattr(datasets, "fetch_openml", no_network)
    return tmp_path


def test_digits_are_those_of_scikit_learn():
    dataset = load("digits")
    X, y = load_digits(return_X_y=True)
    np.testing.assert_array_equal(dataset.X, X / 16)
    np.testing.assert_array_equal(dataset.y, y)


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_file_in_the_layout_of_keras_is_read(name, column, home):
    arrays = keras_arrays(name)
    labels = {k: v[:, np.newaxis] for k, v in arrays.items() if k[0] == "y" and column}
    np.savez(home / f"{name}.npz", **(arrays | labels))
    assert_contains(load(name, home), arrays)


@pytest.mark.parametrize(("name", "n_train"), [("mnist", 60_000), ("cifar10", 50_000)])
def test_missing_file_is_downloaded_once(name, n_train, home, monkeypatch):
    arrays = keras_arrays(name)
    fetch_openml = Mock(return_value=openml_rows(arrays))
    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    source = datasets._SOURCES[name]
    assert source.n_train == n_train
    monkeypatch.setitem(datasets._SOURCES, name, replace(source, n_train=6))
    for _ in range(2):
        assert_contains(load(name, home / "new"), arrays)
    fetch_openml.assert_called_once()
    assert fetch_openml.call_args.args == (source.openml_name,)
    assert fetch_openml.call_args.kwargs["version"] == 1
    assert [path.name for path in (home / "new").iterdir()] == [f"{name}.npz"]


def test_interrupted_download_leaves_no_file(home, monkeypatch):
    def interrupt(path, **arrays):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    fetch_openml = Mock(return_value=openml_rows(keras_arrays("mnist")))
    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    monkeypatch.setattr(np, "savez_compressed", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load("mnist", home / "new")
    assert list((home / "new").iterdir()) == []


def test_argument_precedes_environment_and_default(home, monkeypatch):
    sizes = {"argument": 3, "environment": 4, "default": 5}
    for name, n_train in sizes.items():
        (home / name).mkdir()
        np.savez(home / name / "mnist.npz", **keras_arrays("mnist", n_train))
    assert load("mnist").n_train == sizes["default"]
    monkeypatch.setenv("SKLEARN_SOFTMAX_DATA", str(home / "environment"))
    assert load("mnist").n_train == sizes["environment"]
    assert load("mnist", str(home / "argument")).n_train == sizes["argument"]


def test_unknown_name_is_an_error():
    with pytest.raises(ValueError, match="'iris': it must be one of digits, mnist, cifar10"):
        load("iris")


@pytest.mark.parametrize("name", SHAPES)
def test_error_without_network_describes_the_missing_file(name, home):
    with pytest.raises(FileNotFoundError) as caught:
        load(name, home)
    shape = ", ".join(map(str, ("n", *SHAPES[name])))
    for text in (
        *(f"{home / name}.npz", "no network", "x_train", "y_train", "x_test", "y_test"),
        *(f"({shape})", "uint8", "--data-home", "SKLEARN_SOFTMAX_DATA"),
    ):
        assert text in str(caught.value)


BAD_ARRAYS = {
    "missing": (dict.fromkeys(["y_train", "x_test", "y_test"]), "y_train, x_test, y_test missing"),
    "flat images": ({"x_test": np.zeros((4, 784), np.uint8)}, r"x_test .* \(4, 784\)"),
    "no images": ({"x_train": np.zeros((0, 28, 28), np.uint8)}, r"x_train .* \(0, 28, 28\)"),
    "float images": ({"x_train": np.zeros((6, 28, 28))}, "x_train .* float64"),
    "float labels": ({"y_train": np.zeros(6)}, "y_train .* float64"),
    "one-hot labels": ({"y_test": np.eye(4, 10, dtype=int)}, r"y_test .* \(4, 10\)"),
    "lengths differ": ({"y_train": np.zeros(5, int)}, "x_train has 6 rows, but y_train has 5"),
    "labels too large": ({"y_test": [0, 1, 2, 10]}, "y_test has labels .* to 10"),
    "labels negative": ({"y_test": [0, 1, 2, -1]}, "y_test has labels from -1"),
    "objects": ({"y_test": np.array([0, 1, 2, "a"], object)}, "Object arrays"),
}


def assert_unusable(home, problem):
    """Assert that loading raises an error with the file, the problem and the remedy."""
    with pytest.raises(ValueError, match=rf"mnist\.npz cannot be used: .*{problem}") as caught:
        load("mnist", home)
    assert str(home / "mnist.npz") in str(caught.value)
    assert "Replace it, or delete it" in str(caught.value)


@pytest.mark.parametrize(("changes", "problem"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_wrong_arrays_are_an_error(changes, problem, home):
    arrays = keras_arrays("mnist") | changes
    np.savez(home / "mnist.npz", **{k: v for k, v in arrays.items() if v is not None})
    assert_unusable(home, problem)


DAMAGES = {
    "empty": lambda valid: b"",
    "text": lambda valid: b"<html>not found</html>",
    "truncated": lambda valid: valid[: len(valid) // 2],
    "altered": lambda valid: valid[:1000] + bytes(100) + valid[1100:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_an_error(damage, home):
    path = home / "mnist.npz"
    np.savez_compressed(path, **keras_arrays("mnist"))
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert_unusable(home, "" if damage == "altered" else "it is not a complete zip archive")


def test_directory_in_place_of_the_file_is_an_error(home):
    (home / "mnist.npz").mkdir()
    assert_unusable(home, r"Is a directory\. It must be")


@pytest.mark.parametrize("path", ["notes", "notes/below", "mnist.npz"])
def test_file_in_place_of_the_directory_is_an_error(path, home):
    (home / path.partition("/")[0]).write_text("mine")
    with pytest.raises(FileNotFoundError, match=r"cannot write to the directory .*--data-home"):
        load("mnist", home / path)
    datasets.fetch_openml.assert_not_called()
