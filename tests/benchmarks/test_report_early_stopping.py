from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.model_selection import train_test_split

from benchmarks.datasets import load
from benchmarks.reports import early_stopping
from benchmarks.reports.command import main
from sklearn_softmax import GDLogisticRegression, SoftmaxRegression
from tests.benchmarks.test_reports import captions, figures_unwritten, rows_of

pytestmark = pytest.mark.slow

FIGURES = [f"early_stopping_figure_{number}.png" for number in range(1, 6)]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """Directory that the command wrote for digits."""
    out = tmp_path_factory.mktemp("report") / "made" / "here"
    main(["early_stopping", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def text(digits_run):
    return (digits_run / "early_stopping.md").read_text()


@pytest.fixture(scope="module")
def rows():
    """Training and validation rows of the same run."""
    digits = load("digits")
    return train_test_split(
        2 * digits.X - 1, digits.y, test_size=0.8, stratify=digits.y, random_state=0
    )


def refitted(model, rows):
    X_train, X_val, y_train, y_val = rows
    model.set_params(batch_size=8, n_epochs=150, early_stopping=True, random_state=0)
    return model.fit(X_train, y_train, X_val=X_val, y_val=y_val)


def cells_of(model, X_val, y_val):
    """What a table of stops tells of a model."""
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    best = np.argmin(losses)
    assert accuracies[best] == pytest.approx(model.score(X_val, y_val))
    figures = losses[best], accuracies[best], losses[-1], accuracies[-1]
    return [str(model.n_iter_), str(best + 1), *(f"{figure:.4f}" for figure in figures)]


def test_all_files_are_written(digits_run, text):
    assert sorted(p.name for p in digits_run.iterdir()) == sorted(["early_stopping.md", *FIGURES])
    assert captions(text) == list(range(1, 6))
    for name in FIGURES:
        assert f"]({name})" in text
        assert min(imread(digits_run / name).shape[:2]) > 300


@pytest.mark.parametrize(("title", "shuffle"), [("without", False), ("with", True)])
def test_stops_of_logistic_regression(text, rows, title, shuffle):
    X_train, X_val, y_train, y_val = rows
    train, val = (y_train == 2) | (y_train == 3), (y_val == 2) | (y_val == 3)
    of_pair = X_train[train], X_val[val], y_train[train], y_val[val]
    model = GDLogisticRegression(lr=0.5, shuffle=shuffle, n_iter_no_change=2)
    refitted(model, of_pair)
    assert rows_of(text, "Table 1.")[title] == cells_of(model, X_val[val], y_val[val])


@pytest.mark.parametrize(("title", "shuffle"), [("without", False), ("with", True)])
def test_the_validation_loss_has_turned_where_training_stops(text, rows, title, shuffle):
    X_train, X_val, y_train, y_val = rows
    train, val = (y_train == 2) | (y_train == 3), (y_val == 2) | (y_val == 3)
    model = GDLogisticRegression(
        lr=0.5, shuffle=shuffle, batch_size=8, n_epochs=150, random_state=0
    )
    model.fit(X_train[train], y_train[train], X_val=X_val[val], y_val=y_val[val])
    losses, stopped_after = model.history_["val_loss"], int(rows_of(text, "Table 1.")[title][0])
    assert losses[:stopped_after].min() < losses[stopped_after - 1] < losses[-1]
    assert model.history_["loss"][-1] < model.history_["loss"][stopped_after - 1]


@pytest.mark.parametrize("patience", [2, 10])
def test_stops_of_softmax_regression(text, rows, patience):
    model = refitted(SoftmaxRegression(lr=0.1, n_iter_no_change=patience), rows)
    found = rows_of(text, "Table 2.")[f"{patience} epochs"]
    assert found == cells_of(model, rows[1], rows[3])


def test_strong_penalties_cost_accuracy_and_shrink_the_weights(text):
    table = rows_of(text, "Table 3.")
    assert table["lambda"] == ["`reg_param`", "Best accuracy", "Weight norm"]
    found = np.array([table[name] for name in ("0", "0.002", "0.02", "0.2", "2")], dtype=float)
    n_train = 359
    strengths = np.array([0, 0.002, 0.02, 0.2, 2])
    np.testing.assert_allclose(found[:, 0], strengths * n_train)
    assert np.all(np.diff(found[:, 1]) <= 0)
    assert np.all(np.diff(found[:, 2]) < 0)


@pytest.fixture(scope="module")
def mnist_run(tmp_path_factory):
    """Experiment and text for data that go by the name of MNIST, after a few epochs."""
    out = tmp_path_factory.mktemp("mnist")
    dataset = replace(load("digits"), name="mnist", n_train=1300)
    with figures_unwritten():
        experiment = early_stopping.run(dataset, out, n_jobs=1, n_epochs=3)
    return experiment, (out / "early_stopping.md").read_text()


def test_penalty_is_the_one_on_the_mean_loss(mnist_run):
    experiment, _ = mnist_run
    for strength, model in experiment.penalised.items():
        squares = model.history_["weight_norm"] ** 2
        np.testing.assert_allclose(model.history_["penalty"], strength / 2 * squares, rtol=1e-5)


def test_published_figures_stand_beside_those_for_mnist(mnist_run):
    _, text = mnist_run
    assert "the first 1300 training images to train and 497 test images to validate" in text
    table = rows_of(text, "Table 1.")
    assert [table[name][-1] for name in ("without", "with")] == ["about 16", "-"]
    assert "The original report's validation accuracy is about 0.916." in text
    table = rows_of(text, "Table 3.")
    published = [table[name][2] for name in ("0.002", "0.02", "0.2", "2")]
    assert published == ["about 0.915", "about 0.908", "about 0.88", "below 0.83"]


def test_figures_1_and_2_show_how_training_goes_on_without_stopping(mnist_run, pyplot):
    experiment, _ = mnist_run
    for key, model in {"softmax": experiment.softmax[10], **experiment.logistic}.items():
        unstopped = experiment.unstopped[key]
        assert not unstopped.early_stopping
        assert unstopped.n_iter_ == experiment.settings.n_epochs
        losses = unstopped.history_["val_loss"][: model.n_iter_]
        np.testing.assert_array_equal(losses, model.history_["val_loss"])
    figures = early_stopping._plot_softmax(experiment), early_stopping._plot_logistic(experiment)
    for figure in figures:
        (legend,) = figure.legends
        pale = [text.get_text() for text in legend.get_texts()[:2]]
        assert pale == [f"{rows}, without early stopping" for rows in ("training", "validation")]
        keys, lines = legend.legend_handles[:2], figure.axes[0].lines[:2]
        for style in ("get_alpha", "get_color", "get_linestyle"):
            assert [getattr(x, style)() for x in keys] == [getattr(x, style)() for x in lines]
    axes = figures[0].axes
    lowest = experiment.unstopped["softmax"].history_["val_loss"].min()
    assert axes[0].get_ylim() == pytest.approx((0, 3 * lowest))
    assert [len(ax.lines) for ax in axes] == [5, 5]  # training and validation twice, and a mark


def test_figure_3_has_the_weights_on_one_scale_and_on_their_own(mnist_run, pyplot):
    experiment, _ = mnist_run
    figure = early_stopping._plot_weights(experiment)
    one_scale, own_scales = (
        [ax.images[0].get_clim() for ax in part.axes if ax.images] for part in figure.subfigs
    )
    limits = [np.abs(model.coef_).max() for model in experiment.by_penalty.values()]
    np.testing.assert_allclose(one_scale, [(-max(limits), max(limits))] * 5)
    np.testing.assert_allclose(own_scales, [(-limit, limit) for limit in limits])


def test_settings_of_the_report():
    assert early_stopping.SETTINGS["mnist"] == early_stopping.Settings(128, 0.05, 0.01, 50)
    assert early_stopping.LAMBDAS == (0.002, 0.02, 0.2, 2.0)
    assert (early_stopping.N_TRAIN, early_stopping.N_VAL) == (20_000, 10_000)
