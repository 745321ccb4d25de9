"""Error rate of each class."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import BinaryPerceptron, ClassErrorDisplay, GDLogisticRegression
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from tests.displays.drawing import texts

X, y = load_iris(return_X_y=True)
ONE_VS_REST = GDLogisticRegression(lr=0.01, n_epochs=5, random_state=0).fit(X, y)


def heights(bars):
    return [bar.get_height() for bar in bars]


def test_bars_are_the_fractions_of_misclassified_rows_per_class(pyplot):
    models = {"one-vs-rest": ONE_VS_REST, "any": DummyClassifier().fit(X, y)}
    display = ClassErrorDisplay.from_estimator(models, X, y)
    for bars, model in zip(display.bars_, models.values()):
        is_wrong = model.predict(X) != y
        np.testing.assert_allclose(heights(bars), [is_wrong[y == k].mean() for k in range(3)])
    ax = display.ax_
    assert texts(ax.get_xticklabels()) == ["0", "1", "2"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Class", "Error rate")
    assert ax.get_ylim()[0] == 0
    assert [ax.yaxis.get_major_formatter()(rate) for rate in (0.07, 0.125)] == ["7%", "12.5%"]
    for first, second, position in zip(*display.bars_, range(3)):
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
    ("errors", "expected", "scale"),
    [
        ([np.nan, np.nan], ["n/a", "n/a"], "log"),
        ([np.nan, 0.1, np.nan], ["n/a", "n/a"], "linear"),
        ([None, 0.0, 0.2], ["n/a", "0"], "log"),
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


@pytest.mark.parametrize("weight", [[3, 1, 1, 1, 2, 0], np.array([3, 1, 1, 1, 2, 0]) * 1e-9])
def test_error_rates_are_weighted_and_undefined_for_a_class_without_weight(weight, pyplot):
    y_true, y_pred = np.array(list("aabbbc")), list("abbcac")
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=weight)
    np.testing.assert_allclose(heights(display.bars_[0]), [0.25, 0.75, np.nan])
    assert list(display.classes) == ["a", "b", "c"]
    assert list(display.errors) == ["Classifier"]
    assert not display.figure_.legends
    assert display.ax_.get_legend() is None


def test_error_rates_of_sub_classifiers(pyplot):
    perceptrons = OneVsRestClassifier(BinaryPerceptron(n_epochs=2, random_state=0)).fit(X, y)
    models = {"perceptrons": perceptrons, "logistic": ONE_VS_REST}
    display = ClassErrorDisplay.from_sub_classifiers(models, X, y)
    for bars, model in zip(display.bars_, models.values()):
        accepts = model.decision_function(X) > 0
        expected = [np.mean(accepts[:, label] != (y == label)) for label in range(3)]
        np.testing.assert_allclose(heights(bars), expected)


def test_limits_and_formatter_of_users_axes_are_kept(pyplot):
    ax = pyplot.subplots()[1]
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.set_ylim(0.1, 0.4)
    ClassErrorDisplay(errors={"net": [0.1, 0.2]}, classes=["b", "c"]).plot(ax)
    assert ax.yaxis.get_major_formatter()(0.25) == "0.25"
    assert ax.get_ylim() == (0.1, 0.4)
