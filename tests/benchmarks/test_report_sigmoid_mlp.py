from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.model_selection import train_test_split

from benchmarks.datasets import load
from benchmarks.reports import sigmoid_mlp
from benchmarks.reports._split import with_validation
from benchmarks.reports.command import main
from sklearn_softmax import TwoLayerMLPClassifier
from tests.benchmarks.test_reports import captions, rows_of

FIGURES = [f"sigmoid_mlp_figure_{number}.png" for number in range(1, 4)]
LRS = (0.1, 0.3)


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """Directory that the command wrote for digits, after a search among two rates."""
    out = tmp_path_factory.mktemp("report") / "made" / "here"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sigmoid_mlp, "LRS", LRS)
        main(["sigmoid_mlp", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def text(digits_run):
    return (digits_run / "sigmoid_mlp.md").read_text()


@pytest.fixture(scope="module")
def rows():
    """Training, validation and test rows of the same run."""
    digits = load("digits")
    split = {"test_size": 300, "random_state": 0}
    X, X_test, y, y_test = train_test_split(digits.X, digits.y, stratify=digits.y, **split)
    X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, **split)
    return X_train, y_train, X_val, y_val, X_test, y_test


def scores(rows, n_train, lr):
    """Accuracies of a net like the original report's: training, validation, gap, test."""
    X_train, y_train, X_val, y_val, X_test, y_test = rows
    X_train, y_train = X_train[:n_train], y_train[:n_train]
    net = TwoLayerMLPClassifier(hidden_size=64, activation="sigmoid", optimizer="sgd", momentum=0.0)
    net.set_params(lr=lr, batch_size=20, n_epochs=100, random_state=0).fit(X_train, y_train)
    training, validation = net.score(X_train, y_train), net.score(X_val, y_val)
    return [training, validation, training - validation, net.score(X_test, y_test)]


def test_all_files_are_written(digits_run, text):
    assert sorted(p.name for p in digits_run.iterdir()) == sorted(["sigmoid_mlp.md", *FIGURES])
    assert captions(text) == list(range(1, 4))
    for name in FIGURES:
        assert f"]({name})" in text
        assert min(imread(digits_run / name).shape[:2]) > 300


def test_accuracies(text, rows):
    expected = {(n, lr): scores(rows, n, lr) for n in (200, 1197) for lr in LRS}
    search = rows_of(text, "Table 1.")
    for lr in LRS:
        np.testing.assert_allclose(
            np.array(search[f"{lr:g}"], dtype=float), expected[1197, lr][:2], atol=5.1e-5
        )
    assert max(LRS, key=lambda lr: expected[1197, lr][1]) == 0.3
    block = text.split("**Table 2.**")[1].split("\n\n")[1]
    found = [line.strip("| ").split(" | ") for line in block.splitlines()[2:]]
    assert [tuple(map(float, line[:2])) for line in found] == [
        (200, 0.1),
        (1197, 0.1),
        (200, 0.3),
        (1197, 0.3),
    ]
    for line in found:
        values = expected[int(line[0]), float(line[1])]
        np.testing.assert_allclose(np.array(line[2:], dtype=float), values, atol=5.1e-5)


def test_many_images_learn_more(rows):
    few, many = scores(rows, 200, 0.1), scores(rows, 1197, 0.1)
    assert many[1] > few[1]
    assert many[2] < few[2]


@pytest.fixture(scope="module")
def mnist():
    """Digits that go by the name of MNIST."""
    return replace(load("digits"), name="mnist", n_train=1400)


@pytest.fixture(scope="module")
def mnist_run(mnist, tmp_path_factory):
    """Experiment and text for these data after a few epochs."""
    out = tmp_path_factory.mktemp("mnist")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(sigmoid_mlp.SETTINGS, "mnist", sigmoid_mlp.SETTINGS["digits"])
        experiment = sigmoid_mlp.run(mnist, out, n_jobs=1, n_epochs=2)
    return experiment, (out / "sigmoid_mlp.md").read_text()


def test_held_out_rows_are_the_last_training_rows(mnist, mnist_run):
    experiment, text = mnist_run
    parts = experiment.parts
    np.testing.assert_array_equal(parts.X_train, mnist.X[:1100])
    np.testing.assert_array_equal(parts.y_train, mnist.y[:1100])
    np.testing.assert_array_equal(parts.X_val, mnist.X[1100:1400])
    np.testing.assert_array_equal(parts.y_val, mnist.y[1100:1400])
    np.testing.assert_array_equal(parts.X_test, mnist.X[1400:])
    np.testing.assert_array_equal(parts.y_test, mnist.y[1400:])
    sentence = (
        "the first 1100 training images to train, the last 300 training images to validate and "
        "the 397 test images to test"
    )
    assert sentence in text


def test_parts_without_official_split_share_no_row():
    dataset = replace(load("digits"), X=np.arange(1797.0)[:, np.newaxis])
    parts = with_validation(dataset, n_val=300, random_state=0)
    together = np.concatenate([parts.X_train, parts.X_val, parts.X_test])
    np.testing.assert_array_equal(np.sort(together, axis=0), dataset.X)
    for X, y in ((parts.X_val, parts.y_val), (parts.X_test, parts.y_test)):
        assert len(X) == 300
        np.testing.assert_array_equal(y, dataset.y[X[:, 0].astype(int)])


def test_published_figures_stand_beside_those_for_mnist(mnist_run):
    experiment, text = mnist_run
    assert set(experiment.many) == set(sigmoid_mlp.LRS)
    assert set(experiment.few) == {sigmoid_mlp.DEFAULT_LR, experiment.best_lr}
    block = text.split("**Table 2.**")[1].split("\n\n")[1]
    published = [line.strip("| ").split(" | ")[-1] for line in block.splitlines()]
    assert published == ["Published", "--:", "-", "0.90 to 0.91", "-", "0.94"]


def test_settings_of_the_report():
    settings = sigmoid_mlp.SETTINGS["mnist"]
    assert (settings.n_few, settings.n_val) == (2_000, 10_000)
    assert (sigmoid_mlp.HIDDEN_SIZE, sigmoid_mlp.N_EPOCHS) == (64, 100)
    assert sigmoid_mlp.DEFAULT_LR in sigmoid_mlp.LRS
