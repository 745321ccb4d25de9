"""The report on ReLU nets: toy set, sweeps, best net and deeper nets."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.decomposition import PCA

from benchmarks.datasets import load
from benchmarks.reports import relu_mlp
from benchmarks.reports.relu_mlp import document, nets, sweeps, toy
from sklearn_softmax import TwoLayerMLPClassifier
from tests.benchmarks.reports import (
    figures_unwritten,
    lines_below,
    official_digits,
    rows_below,
    run_report,
)

pytestmark = pytest.mark.slow

DIGITS = nets.SETTINGS["digits"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Text and experiment for digits under the name of CIFAR-10."""
    dataset, out = official_digits("cifar10", 1497), tmp_path_factory.mktemp("report")
    return run_report(relu_mlp, dataset, out, list(range(1, 8)), quick=True)


def fitted_net(parts, n_epochs, **params):
    """Return a net with the original report's settings, fitted anew."""
    net = TwoLayerMLPClassifier(optimizer="sgd", momentum=0.0, weight_init=1e-4, lr_decay=0.95)
    n_train = len(parts.y_train)
    net.set_params(hidden_size=50, lr=1e-3, batch_size=20, reg_param=2 * 0.25 * n_train)
    net.set_params(n_epochs=n_epochs, random_state=0, **params)
    return net.fit(parts.X_train, parts.y_train)


def test_pixels_range_to_255_around_the_mean_training_image(report):
    pixels = 255 * load("digits").X
    expected = pixels - pixels[:119].mean(axis=0)
    parts = report[1].parts
    for found, rows in (
        (parts.X_train, slice(119)),
        (parts.X_val, slice(1197, 1497)),
        (parts.X_test, slice(1497, None)),
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[rows], atol=1e-3)


def test_toy_set_is_that_of_the_course():
    X, _ = toy.rows()
    rng = np.random.RandomState(0)
    W1, W2 = 0.1 * rng.standard_normal((4, 10)), 0.1 * rng.standard_normal((10, 3))
    printed = [0.3644621, 0.22911264, 0.40642526]  # of the first row
    scores = np.maximum(X[0] @ W1, 0) @ W2
    np.testing.assert_allclose(softmax(scores), printed, atol=1e-8)


def test_gradient_errors_and_toy_loss_are_small(report):
    table = rows_below(report[0], "Figure 1.")
    assert all(float(table[f"`{name}`"][0]) < 1e-8 for name in ("W1", "b1", "W2", "b2"))
    assert table["`W1`"][1] == "6.3e-09"
    loss = float(report[0].split("The last is ")[1].split(";")[0])
    assert 0 < loss < 0.03


@pytest.mark.parametrize(
    ("number", "cells", "params"),
    [
        (1, ["300"], {"lr": 1e-4}),
        (2, ["120"], {}),
        (2, ["300"], {}),
        (3, ["30"], {"hidden_size": 30}),
        (4, ["100", "40"], {"hidden_size": 100, "batch_size": 40}),
        (5, ["100", "0.5"], {"hidden_size": 100, "reg_param": 119}),
        (6, ["100", "0.75"], {"hidden_size": 100, "dropout": 0.25}),
        (7, ["25", "40", "150", "0.001", "0.3"], {"batch_size": 40, "reg_param": 2 * 0.3 * 119}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*no better than:sklearn.exceptions.ConvergenceWarning")
def test_validation_accuracies_are_those_of_nets_fitted_anew(report, number, cells, params):
    text, experiment = report
    (line,) = (x for x in lines_below(text, f"Table {number}.") if x[: len(cells)] == cells)
    epochs, _, accuracy, _ = line[len(cells) :]
    parts = experiment.parts
    if number == 7:
        pca = PCA(25, svd_solver="covariance_eigh").fit(parts.X_train)
        X_train, X_val = pca.transform(parts.X_train), pca.transform(parts.X_val)
        parts = replace(parts, X_train=X_train, X_val=X_val)
    score = fitted_net(parts, int(epochs), **params).score(parts.X_val, parts.y_val)
    # Principal components are rounded in another order.
    assert float(accuracy) == pytest.approx(score, abs=0.01 if number == 7 else 5.1e-5)
    if number in (1, 2):
        assert int(epochs) == round(int(cells[0]) * 20 / 119)


def test_table_8_contains_the_accuracies_of_three_seeds(report):
    text, experiment = report
    table, parts = rows_below(text, "Table 8."), experiment.parts
    assert table[""] == ["Validation", "Test"]
    net = fitted_net(parts, int(rows_below(text, "Table 3.")["100"][0]), hidden_size=100)
    expected = [net.score(parts.X_val, parts.y_val), net.score(parts.X_test, parts.y_test)]
    assert table["Seed 0"] == [f"{score:.4f}" for score in expected]
    found = np.array([table[f"Seed {seed}"] for seed in range(3)], dtype=float)
    mean = np.array(table["Mean"], dtype=float)
    np.testing.assert_allclose(mean, found.mean(axis=0), atol=1.1e-4)


def test_rows_and_published_figures_are_stated(report):
    text = report[0]
    assert "the first 119 training images to train, the last 300 training images" in text
    assert "This is the quick version" in text
    assert "A JPEG copy of CIFAR-10 costs two or three points" in text
    assert rows_below(text, "Table 1.")["120"][-1] == "0.4130"
    assert [line[-1] for line in lines_below(text, "Table 2.")][1:3] == ["0.4990", "0.5200"]
    assert rows_below(text, "Table 3.")["100"][-1] == "0.5390"
    assert [line[-1] for line in lines_below(text, "Table 7.")][1::3] == ["0.2400", "about 0.50"]
    assert rows_below(text, "Table 8.")["Published"] == ["0.5390", "0.5380"]
    table = rows_below(text, "Table 9.")
    scales = ["Training, 0.001", "Validation, 0.001", "Training, auto", "Validation, auto"]
    assert table["Layers"] == [*scales, "Validation (published)"]
    assert [table[n][-1] for n in "2345"] == ["0.5200", "0.4860", "0.0780", "0.0780"]


def test_axes_of_losses_begin_at_0(report, pyplot):
    experiment = report[1]
    ax = document.plot_baseline(experiment).axes[0]
    bottom, top = ax.get_ylim()
    assert bottom == 0 < ax.lines[0].get_ydata().max() < top
    assert sweeps.plot_batches(experiment).axes[0].get_ylim()[0] == 0


@pytest.mark.parametrize("number", [4, 7, 8, 9])
def test_single_table_is_made_without_the_rest(number, tmp_path):
    with figures_unwritten():
        relu_mlp.run(load("digits"), tmp_path, n_jobs=1, table=number, quick=True)
    text = (tmp_path / "relu_mlp.md").read_text()
    assert [n for n in range(1, 10) if f"**Table {n}.**" in text] == [number]
    assert text.count("](relu_mlp_figure_") == (number in (4, 7))
