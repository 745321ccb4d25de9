"""Error rate of each class."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import (
    BinaryPerceptron,
    ClassErrorDisplay,
    GDLogisticRegression,
    SoftmaxRegression,
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


def marks(display):
    return [text for text in texts(display.ax_.texts) if text]


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


def test_one_model_has_no_legend(pyplot):
    display = ClassErrorDisplay.from_predictions([0, 1], [0, 0])
    assert display.ax_.get_legend() is None
    assert not display.figure_.legends
    assert list(display.errors) == ["Classifier"]


def test_error_rates_of_zero_are_marked(pyplot):
    errors = {"a": [0.0, 0.5], "b": [0.25, 0.0]}
    display = ClassErrorDisplay(errors=errors, classes=[0, 1]).plot(edgecolor="black")
    assert [heights(bars) for bars in display.bars_] == list(errors.values())
    assert {to_hex(bar.get_edgecolor()) for bars in display.bars_ for bar in bars} == {"#000000"}
    assert texts(display.ax_.texts) == ["0", "", "", "0"]
    first, *_, last = display.ax_.texts
    for text, bar in ((first, display.bars_[0][0]), (last, display.bars_[1][1])):
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
    assert marks(display)[:3] == ["0", "n/a", "0"]
    assert marks(display).count("n/a") == 2


@pytest.mark.parametrize(
    ("errors", "expected", "scale"),
    [
        ([np.nan, np.nan], ["n/a", "n/a"], "linear"),
        ([np.nan, np.nan], ["n/a", "n/a"], "log"),
        ([np.nan, 0.1, np.nan], ["n/a", "n/a"], "linear"),
        ([None, 0.0, 0.2], ["n/a", "0"], "log"),
        (np.array([0.25, np.nan], dtype=np.float32), ["n/a"], "log"),
    ],
)
def test_marks_of_undefined_error_rates_lie_inside_the_axes(errors, expected, scale, pyplot):
    ax = pyplot.subplots()[1]
    ax.set_yscale(scale)
    display = ClassErrorDisplay(errors={"net": errors}, classes=range(len(errors))).plot(ax)
    assert marks(display) == expected
    ax.figure.draw_without_rendering()
    for text in ax.texts:
        box = text.get_window_extent()
        assert not text.get_text() or (ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1)


def test_users_axes_keep_their_formatter_and_limits(pyplot):
    ax = pyplot.subplots()[1]
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.set_ylim(0.1, 0.4)
    errors = {"a": [0.1, 0.39], "b": [0.2, 0.39]}
    ClassErrorDisplay(errors=errors, classes=[0, 1]).plot(ax)
    assert ax.yaxis.get_major_formatter()(0.25) == "0.25"
    assert ax.get_ylim() == (0.1, 0.4)


def test_bars_are_drawn_on_users_axes_beside_a_legend(pyplot):
    figure, axes = pyplot.subplots(ncols=2)
    errors = {"softmax": np.linspace(0.1, 0.3, 10), "one-vs-rest": np.full(10, 0.3)}
    display = ClassErrorDisplay(errors=errors, classes=range(10)).plot(axes[1])
    assert display.ax_ is axes[1]
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    figure.draw_without_rendering()
    box = axes[1].get_legend().get_window_extent()
    assert not any(bar.get_window_extent().overlaps(box) for bar in axes[1].patches)


def test_error_rates_of_predictions_are_weighted(pyplot):
    y_true, y_pred = np.array(["a", "a", "b", "b", "b"]), np.array(["a", "b", "b", "c", "a"])
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=[3, 1, 1, 1, 2])
    np.testing.assert_allclose(heights(display.bars_[0]), [0.25, 0.75])
    assert list(display.classes) == ["a", "b"]


def test_error_rates_of_sub_classifiers(one_vs_rest, pyplot):
    perceptrons = OneVsRestClassifier(BinaryPerceptron(n_epochs=2, random_state=0)).fit(X, y)
    models = {"perceptrons": perceptrons, "logistic": one_vs_rest}
    display = ClassErrorDisplay.from_sub_classifiers(models, X, y)
    for bars, model in zip(display.bars_, models.values()):
        accepts = model.decision_function(X) > 0
        expected = [np.mean(accepts[:, label] != (y == label)) for label in range(10)]
        np.testing.assert_allclose(heights(bars), expected)


def test_errors_of_class_error_display(one_vs_rest, pyplot):
    with pytest.raises(NotFittedError, match="SoftmaxRegression instance is not fitted yet"):
        ClassErrorDisplay.from_estimator(SoftmaxRegression(), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ClassErrorDisplay.from_predictions([0, 1], [0, 1, 1])
    binary = GDLogisticRegression(lr=1.0, n_epochs=5).fit(X, y == 0)
    with pytest.raises(ValueError, match=r"no sub-classifier for each of its 2 classes: use from"):
        ClassErrorDisplay.from_sub_classifiers(binary, X, y == 0)
    few = GDLogisticRegression(lr=1.0, n_epochs=5).fit(X, y % 5)
    with pytest.raises(ValueError, match=r"'few' has the classes \[0 1 2 3 4\], the first one has"):
        ClassErrorDisplay.from_sub_classifiers({"all": one_vs_rest, "few": few}, X, y)
    assert not pyplot.get_fignums()
