import doctest
import urllib.error

import numpy as np
import pytest
from sklearn.datasets import load_digits

from benchmarks import datasets
from benchmarks.datasets import load

SHAPES = {"mnist": (28, 28), "cifar10": (32, 32, 3)}


def keras_arrays(name, n_train=6, n_test=4):
    rng = np.random.RandomState(0)
    return {
        "x_train": rng.randint(0, 256, (n_train, *SHAPES[name]), np.uint8),
        "y_train": rng.randint(0, 10, n_train, np.uint8),
        "x_test": rng.randint(0, 256, (n_test, *SHAPES[name]), np.uint8),
        "y_test": rng.randint(0, 10, n_test, np.uint8),
    }


def openml_rows(arrays):
    """Rows as OpenML has them: floats, colours as planes, labels as text."""
    images = np.concatenate([arrays["x_train"], arrays["x_test"]])
    planes = np.moveaxis(images, -1, 1) if images.ndim == 4 else images
    labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
    return planes.reshape(len(images), -1).astype(float), labels.astype(str).astype(object)


def assert_holds(dataset, arrays):
    pixels = np.concatenate([arrays["x_train"], arrays["x_test"]]) / 255
    np.testing.assert_allclose(dataset.X, pixels.reshape(len(pixels), -1), rtol=1e-6)
    np.testing.assert_array_equal(dataset.y, [*arrays["y_train"], *arrays["y_test"]])
    assert dataset.n_train == len(arrays["x_train"])


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty default directory, and no network."""

    def no_network(*args, **kwargs):
        raise urllib.error.URLError("no network")

    monkeypatch.delenv("SKLEARN_SOFTMAX_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "default"))
    monkeypatch.setattr(datasets, "fetch_openml", no_network)
    return tmp_path


def test_docstring_examples():
    assert doctest.testmod(datasets).failed == 0


def test_digits():
    dataset = load("digits")
    X, y = load_digits(return_X_y=True)
    np.testing.assert_array_equal(dataset.X, X / 16)
    np.testing.assert_array_equal(dataset.y, y)
    assert (dataset.X.dtype, dataset.y.dtype) == (np.float32, np.int64)
    assert (dataset.name, dataset.image_shape, dataset.n_train) == ("digits", (8, 8), None)


@pytest.mark.parametrize("name", SHAPES)
def test_file_in_the_layout_of_keras(name, home):
    arrays = keras_arrays(name)
    np.savez(home / f"{name}.npz", **arrays)
    dataset = load(name, home)
    assert_holds(dataset, arrays)
    assert (dataset.X.dtype, dataset.y.dtype) == (np.float32, np.int64)
    assert (dataset.X.min() >= 0) & (dataset.X.max() <= 1)
    assert (dataset.name, dataset.image_shape) == (name, SHAPES[name])


def test_labels_as_a_column(home):
    arrays = keras_arrays("cifar10")
    columns = {k: v[:, np.newaxis] if k[0] == "y" else v for k, v in arrays.items()}
    np.savez(home / "cifar10.npz", **columns)
    assert_holds(load("cifar10", home), arrays)


@pytest.mark.parametrize("name", SHAPES)
def test_fetched_once_and_kept(name, home, monkeypatch):
    arrays, calls = keras_arrays(name), []

    def fetch_openml(openml_name, **options):
        calls.append((openml_name, options["version"], options["as_frame"]))
        return openml_rows(arrays)

    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    source = datasets._SOURCES[name]
    monkeypatch.setitem(
        datasets._SOURCES, name, datasets._Source(source.openml_name, source.image_shape, 6)
    )
    for _ in range(2):
        assert_holds(load(name, home / "new"), arrays)
    assert calls == [(source.openml_name, 1, False)]
    assert [path.name for path in (home / "new").iterdir()] == [f"{name}.npz"]
    with np.load(home / "new" / f"{name}.npz") as kept:
        assert set(kept) == set(arrays)
        for key in kept:
            np.testing.assert_array_equal(kept[key], arrays[key])
            assert kept[key].dtype == np.uint8


def test_official_sizes_of_the_training_sets():
    assert {name: s.n_train for name, s in datasets._SOURCES.items()} == {
        "mnist": 60_000,
        "cifar10": 50_000,
    }


def test_broken_off_save_leaves_nothing(home, monkeypatch):
    def broken_off(path, **arrays):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(
        datasets, "fetch_openml", lambda *a, **k: openml_rows(keras_arrays("mnist"))
    )
    monkeypatch.setattr(np, "savez_compressed", broken_off)
    with pytest.raises(KeyboardInterrupt):
        load("mnist", home / "new")
    assert list((home / "new").iterdir()) == []


def test_argument_before_environment_before_default(home, monkeypatch):
    sizes = {"argument": 3, "environment": 4, "default": 5}
    for where, n_train in sizes.items():
        (home / where).mkdir()
        np.savez(home / where / "mnist.npz", **keras_arrays("mnist", n_train))
    assert load("mnist").n_train == sizes["default"]
    monkeypatch.setenv("SKLEARN_SOFTMAX_DATA", str(home / "environment"))
    assert load("mnist").n_train == sizes["environment"]
    assert load("mnist", home / "argument").n_train == sizes["argument"]
    assert load("mnist", str(home / "argument")).n_train == sizes["argument"]


def test_unknown_name():
    with pytest.raises(ValueError, match="'iris'; known are digits, mnist, cifar10"):
        load("iris")


@pytest.mark.parametrize("name", SHAPES)
def test_no_file_and_no_network(name, home):
    with pytest.raises(FileNotFoundError) as caught:
        load(name, home)
    message = str(caught.value)
    shape = ", ".join(map(str, ("n", *SHAPES[name])))
    for part in (str(home / f"{name}.npz"), "no network", "x_train", "y_train", "x_test", "y_test"):
        assert part in message
    for part in (f"({shape})", "uint8", "--data-home", "SKLEARN_SOFTMAX_DATA"):
        assert part in message


def resized(name, **changes):
    arrays = keras_arrays("mnist")
    return {**arrays, name: arrays[name].reshape(changes["shape"])}


def altered(**changes):
    return {**keras_arrays("mnist"), **changes}


BAD_ARRAYS = {
    "missing": ({"x_train": np.zeros((6, 28, 28), np.uint8)}, "y_train, x_test, y_test missing"),
    "flat images": (resized("x_test", shape=(4, 784)), r"x_test has the shape \(4, 784\)"),
    "no images": (altered(x_train=np.zeros((0, 28, 28), np.uint8)), r"x_train .* \(0, 28, 28\)"),
    "float images": (altered(x_train=np.zeros((6, 28, 28))), "x_train .* float64"),
    "float labels": (altered(y_train=np.zeros(6)), "y_train .* float64"),
    "one-hot labels": (altered(y_test=np.eye(4, 10, dtype=int)), r"y_test .* \(4, 10\)"),
    "lengths differ": (altered(y_train=np.zeros(5, int)), "x_train has 6 rows, but y_train has 5"),
    "labels too large": (altered(y_test=np.array([0, 1, 2, 10])), "y_test has labels .* to 10"),
    "labels negative": (altered(y_test=np.array([0, 1, 2, -1])), "y_test has labels from -1"),
    "objects": (altered(y_test=np.array([0, 1, 2, "a"], object)), "Object arrays"),
}


@pytest.mark.parametrize(("arrays", "problem"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_wrong_arrays(arrays, problem, home):
    np.savez(home / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match=problem) as caught:
        load("mnist", home)
    assert str(home / "mnist.npz") in str(caught.value)
    assert "Replace it, or delete it" in str(caught.value)


def damaged(valid, kind):
    """Bytes of a file that is no longer what it was."""
    middle = len(valid) // 2
    return {
        "empty": b"",
        "text": b"<html>not found</html>",
        "truncated": valid[:middle],
        "altered": valid[:middle] + bytes(100) + valid[middle + 100 :],
    }[kind]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["empty", "text", "truncated", "altered"])
def test_damaged_file(save, kind, home):
    path = home / "mnist.npz"
    save(path, **keras_arrays("mnist"))
    path.write_bytes(damaged(path.read_bytes(), kind))
    with pytest.raises(ValueError, match="cannot be used") as caught:
        load("mnist", home)
    assert str(path) in str(caught.value)
    assert "Replace it, or delete it" in str(caught.value)


def test_single_array_under_the_name_of_an_archive(home):
    with open(home / "mnist.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ValueError, match="not a zip archive"):
        load("mnist", home)


def test_a_directory_in_place_of_the_file(home):
    (home / "mnist.npz").mkdir()
    with pytest.raises(ValueError, match=r"mnist\.npz cannot be used: Is a directory\. It must be"):
        load("mnist", home)


@pytest.mark.parametrize("parts", [["notes"], ["notes", "below"], ["mnist.npz"]])
def test_a_file_in_place_of_the_directory(parts, home, monkeypatch):
    def fetch_openml(*args, **options):
        raise AssertionError("fetched before the directory was checked")

    monkeypatch.setattr(datasets, "fetch_openml", fetch_openml)
    (home / parts[0]).write_text("mine")
    with pytest.raises(FileNotFoundError, match=r"cannot write to the directory .*--data-home"):
        load("mnist", home.joinpath(*parts))
