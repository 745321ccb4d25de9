"""Error rate of each class."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import (
    BinaryPerceptron,
    ClassErrorDisplay,
    GDLogisticRegression,
)
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from tests.displays.drawing import texts

X, y = load_digits(return_X_y=True)
X = X[:400] / 16
y = y[:400]


@pytest.fixture(scope="module")
def one_vs_rest():
    return GDLogisticRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)


def heights(bars):
    return [bar.get_height() for bar in bars]


def test_bars_are_the_fractions_of_misclassified_rows_per_class(one_vs_rest, pyplot):
    models = {"one-vs-rest": one_vs_rest, "any": DummyClassifier().fit(X, y)}
    display = ClassErrorDisplay.from_estimator(models, X, y)
    for bars, model in zip(display.bars_, models.values()):
        is_wrong = model.predict(X) != y
        np.testing.assert_allclose(heights(bars), [is_wrong[y == k].mean() for k in range(10)])
    ax = display.ax_
    assert texts(ax.get_xticklabels()) == [str(k) for k in range(10)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Class", "Error rate")
    assert ax.get_ylim()[0] == 0
    assert [ax.yaxis.get_major_formatter()(rate) for rate in (0.07, 0.125)] == ["7%", "12.5%"]
    for first, second, position in zip(*display.bars_, range(10)):
        assert first.get_x() + first.get_width() == pytest.approx(second.get_x()) == position
    assert [to_hex(bars[0].get_facecolor()).upper() for bars in display.bars_] == [BLUE, ORANGE]
    (legend,) = display.figure_.legends
    assert texts(legend) == list(models)


def test_error_rates_of_zero_are_marked(pyplot):
    errors = {"a": [0.0, 0.5], "b": [0.25, 0.0]}
    display = ClassErrorDisplay(errors=errors, classes=[0, 1]).plot(edgecolor="black")
    assert [heights(bars) for bars in display.bars_] == list(errors.values())
    assert {to_hex(bar.get_edgecolor()) for bars in display.bars_ for bar in bars} == {"#000000"}
    assert texts(display.ax_.texts) == ["0", "0"]
    for text, bar in zip(display.ax_.texts, (display.bars_[0][0], display.bars_[1][1])):
        assert text.xy == pytest.approx((bar.get_x() + bar.get_width() / 2, 0))


@pytest.mark.parametrize(
    ("labels", "weights"),
    [([0, 1, 2], [1, 1, 0, 0, 2, 2]), (["a", "b", "c"], np.array([1e-9, 0, 0, 0, 1, 1]))],
)
def test_classes_without_weight_have_an_undefined_error_rate(labels, weights, pyplot):
    y_true = np.repeat(labels, 2)
    y_pred = {"first": y_true, "second": np.roll(y_true, 1)}
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=weights)
    for bars in display.bars_:
        np.testing.assert_array_equal(np.isnan(heights(bars)), [False, True, False])
    assert texts(display.ax_.texts)[:3] == ["0", "n/a", "0"]
    assert texts(display.ax_.texts).count("n/a") == 2


@pytest.mark.parametrize(
    ("errors", "expected", "scale"),
    [
        ([np.nan, np.nan], ["n/a", "n/a"], "log"),
        ([np.nan, 0.1, np.nan], ["n/a", "n/a"], "linear"),
        ([None, 0.0, 0.2], ["n/a", "0"], "log"),
        (np.array([0.25, np.nan], dtype=np.float32), ["n/a"], "log"),
    ],
)
def test_marks_of_undefined_error_rates_lie_inside_the_axes(errors, expected, scale, pyplot):
    ax = pyplot.subplots(subplot_kw={"yscale": scale})[1]
    ClassErrorDisplay(errors={"net": errors}, classes=range(len(errors))).plot(ax)
    assert texts(ax.texts) == expected
    ax.figure.draw_without_rendering()
    for text in ax.texts:
        box = text.get_window_extent()
        assert ax.bbox.x0 <= box.x0 < box.x1 <= ax.bbox.x1


def test_legend_on_users_axes_covers_no_bars(pyplot):
    ax = pyplot.subplots(figsize=(3.2, 4.8))[1]
    errors = {"softmax": np.linspace(0.1, 0.3, 10), "one-vs-rest": np.full(10, 0.3)}
    ClassErrorDisplay(errors=errors, classes=range(10)).plot(ax)
    ax.figure.draw_without_rendering()
    box = ax.get_legend().get_window_extent()
    assert not any(bar.get_window_extent().overlaps(box) for bar in ax.patches)


def test_error_rates_of_predictions_are_weighted(pyplot):
    y_true, y_pred = np.array(["a", "a", "b", "b", "b"]), np.array(["a", "b", "b", "c", "a"])
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=[3, 1, 1, 1, 2])
    np.testing.assert_allclose(heights(display.bars_[0]), [0.25, 0.75])
    assert list(display.classes) == ["a", "b"]
    assert list(display.errors) == ["Classifier"]
    assert not display.figure_.legends
    assert display.ax_.get_legend() is None


def test_error_rates_of_sub_classifiers(one_vs_rest, pyplot):
    perceptrons = OneVsRestClassifier(BinaryPerceptron(n_epochs=2, random_state=0)).fit(X, y)
    models = {"perceptrons": perceptrons, "logistic": one_vs_rest}
    display = ClassErrorDisplay.from_sub_classifiers(models, X, y)
    for bars, model in zip(display.bars_, models.values()):
        accepts = model.decision_function(X) > 0
        expected = [np.mean(accepts[:, label] != (y == label)) for label in range(10)]
        np.testing.assert_allclose(heights(bars), expected)
