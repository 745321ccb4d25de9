"""Error rate of each class."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import recall_score
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import (
    BinaryPerceptron,
    ClassErrorDisplay,
    GDLogisticRegression,
    SoftmaxRegression,
)
from sklearn_softmax.displays._drawing import BLUE, OKABE_ITO, ORANGE

X, y = load_digits(return_X_y=True)
X = X[:400] / 16
y = y[:400]


@pytest.fixture(scope="module")
def models():
    return {
        "softmax": SoftmaxRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y),
        "one-vs-rest": GDLogisticRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y),
    }


def heights(bars):
    return [bar.get_height() for bar in bars]


def test_share_of_the_rows_of_a_class_that_are_wrong(models, pyplot):
    model = models["softmax"]
    display = ClassErrorDisplay.from_estimator(model, X, y)
    y_pred = model.predict(X)
    expected = [np.mean(y_pred[y == label] != label) for label in range(10)]
    np.testing.assert_allclose(heights(display.bars_[0]), expected)
    ax = display.ax_
    assert [tick.get_text() for tick in ax.get_xticklabels()] == [str(k) for k in range(10)]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Class", "Error rate")
    assert ax.get_ylim()[0] == 0
    assert [ax.yaxis.get_major_formatter()(rate) for rate in (0.07, 0.125)] == ["7%", "12.5%"]
    assert ax.get_legend() is None
    assert display.figure_ is ax.get_figure()
    display.figure_.canvas.draw()


def test_a_class_without_errors_is_seen(pyplot):
    display = ClassErrorDisplay(errors={"a": [0.0, 0.5], "b": [0.25, 0.0]}, classes=[0, 1]).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["0", "", "", "0"]
    first, last = display.ax_.texts[0], display.ax_.texts[3]
    places = [display.bars_[0][0], display.bars_[1][1]]
    for text, bar in zip((first, last), places):
        assert text.xy == pytest.approx((bar.get_x() + bar.get_width() / 2, 0))


def marks(display):
    return [text.get_text() for text in display.ax_.texts if text.get_text()]


@pytest.mark.parametrize("labels", [[0, 1, 2], ["a", "b", "c"]])
@pytest.mark.parametrize("weights", [[1, 1, 0, 0, 2, 2], np.array([1e-9, 0, 0, 0, 1, 1])])
def test_a_class_without_weight_is_undefined(labels, weights, pyplot):
    y_true = np.repeat(labels, 2)
    y_pred = {"first": y_true, "second": np.roll(y_true, 1)}
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=weights)
    for bars in display.bars_:
        np.testing.assert_array_equal(np.isnan(heights(bars)), [False, True, False])
    assert marks(display)[:3] == ["0", "n/a", "0"]
    assert marks(display).count("n/a") == 2
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([np.nan, np.nan], ["n/a", "n/a"]),
        ([np.nan, 0.1, np.nan], ["n/a", "n/a"]),
        ([None, 0.0, 0.2], ["n/a", "0"]),
        (np.array([0.25, np.nan], dtype=np.float32), ["n/a"]),
    ],
)
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_undefined_rates_on_any_scale(errors, expected, scale, pyplot):
    ax = pyplot.subplots()[1]
    ax.set_yscale(scale)
    display = ClassErrorDisplay(errors={"net": errors}, classes=range(len(errors))).plot(ax)
    assert marks(display) == expected
    ax.figure.canvas.draw()
    for text in ax.texts:
        box = text.get_window_extent()
        assert not text.get_text() or (ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1)


def test_given_axes_keep_their_formatter_and_limits(pyplot):
    ax = pyplot.subplots()[1]
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.set_ylim(0.1, 0.4)
    errors = {"a": [0.1, 0.39], "b": [0.2, 0.39]}
    ClassErrorDisplay(errors=errors, classes=[0, 1]).plot(ax)
    assert ax.yaxis.get_major_formatter()(0.25) == "0.25"
    assert ax.get_ylim() == (0.1, 0.4)


def test_several_models_side_by_side(models, pyplot):
    display = ClassErrorDisplay.from_estimator(models, X, y)
    first, second = display.bars_
    for left, right, place in zip(first, second, range(10)):
        assert left.get_x() + left.get_width() == pytest.approx(right.get_x()) == place
    assert [to_hex(bars[0].get_facecolor()).upper() for bars in display.bars_] == [BLUE, ORANGE]
    assert [bars.get_label() for bars in display.bars_] == list(models)
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == list(models)


def test_given_axes_are_honoured(models, pyplot):
    figure, axes = pyplot.subplots(ncols=2)
    display = ClassErrorDisplay.from_estimator(models, X, y, ax=axes[1])
    assert display.ax_ is axes[1]
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    figure.canvas.draw()
    box = axes[1].get_legend().get_window_extent()
    assert not any(bar.get_window_extent().overlaps(box) for bar in axes[1].patches)


def test_from_predictions_with_weights(pyplot):
    y_true, y_pred = np.array(["a", "a", "b", "b", "b"]), np.array(["a", "b", "b", "c", "a"])
    display = ClassErrorDisplay.from_predictions(y_true, y_pred, sample_weight=[3, 1, 1, 1, 2])
    np.testing.assert_allclose(heights(display.bars_[0]), [0.25, 0.75])
    assert list(display.classes) == ["a", "b"]


def test_any_classifier(pyplot):
    model = DummyClassifier().fit(X, y)
    display = ClassErrorDisplay.from_estimator([model], X, y)
    expected = 1 - recall_score(y, model.predict(X), average=None)
    np.testing.assert_allclose(heights(display.bars_[0]), expected)


def test_sub_classifiers(models, pyplot):
    perceptrons = OneVsRestClassifier(BinaryPerceptron(n_epochs=2, random_state=0)).fit(X, y)
    shown = {"perceptrons": perceptrons, "logistic": models["one-vs-rest"]}
    display = ClassErrorDisplay.from_sub_classifiers(shown, X, y)
    for bars, model in zip(display.bars_, shown.values()):
        says_yes = model.decision_function(X) > 0
        expected = [np.mean(says_yes[:, label] != (y == label)) for label in range(10)]
        np.testing.assert_allclose(heights(bars), expected)


def test_published_numbers_beside_ours(pyplot):
    errors = {"here": [0.01, 0.02], "report": [0.015, 0.03]}
    display = ClassErrorDisplay(errors=errors, classes=["two", "three"]).plot(edgecolor="black")
    assert [heights(bars) for bars in display.bars_] == list(errors.values())
    assert {to_hex(bar.get_edgecolor()) for bars in display.bars_ for bar in bars} == {"#000000"}


def test_many_models_keep_colours_apart(pyplot):
    errors = {str(number): [0.1, 0.2] for number in range(len(OKABE_ITO) + 3)}
    display = ClassErrorDisplay(errors=errors, classes=[0, 1]).plot()
    assert len({bars[0].get_facecolor() for bars in display.bars_}) == len(errors)


def test_long_names_are_turned(pyplot):
    classes = [
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ]
    display = ClassErrorDisplay(errors={"net": np.full(10, 0.5)}, classes=classes).plot()
    labels = display.ax_.get_xticklabels()
    assert {label.get_rotation() for label in labels} == {45}


def test_bad_input(models, pyplot):
    with pytest.raises(NotFittedError, match="SoftmaxRegression instance is not fitted yet"):
        ClassErrorDisplay.from_estimator(SoftmaxRegression(), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ClassErrorDisplay.from_predictions([0, 1], [0, 1, 1])
    binary = GDLogisticRegression(lr=1.0, n_epochs=5).fit(X, y == 0)
    with pytest.raises(ValueError, match=r"no sub-classifier for each of its 2 classes: use from"):
        ClassErrorDisplay.from_sub_classifiers(binary, X, y == 0)
    few = GDLogisticRegression(lr=1.0, n_epochs=5).fit(X, y % 5)
    with pytest.raises(ValueError, match=r"'few' has the classes \[0 1 2 3 4\], the first one has"):
        ClassErrorDisplay.from_sub_classifiers({**models, "few": few}, X, y)
    assert not pyplot.get_fignums()
