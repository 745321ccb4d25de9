"""Weights as images."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    WeightImagesDisplay,
)
from tests.displays.test_parameter_history_display import history

X, y = load_digits(return_X_y=True)
X = X[:300] / 16
y = y[:300]


@pytest.fixture(scope="module")
def softmax():
    return SoftmaxRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def net():
    return TwoLayerMLPClassifier(hidden_size=12, n_epochs=2, random_state=0).fit(X, y)


def titles(display):
    return [[text.get_text() for text in texts] for texts in display.texts_]


def test_an_image_for_each_class(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8))
    assert len(display.images_[0]) == 10
    limit = np.abs(softmax.coef_).max()
    for image, weights in zip(display.images_[0], softmax.coef_):
        np.testing.assert_array_equal(image.get_array(), weights.reshape(8, 8))
        assert image.get_clim() == (-limit, limit)
    assert titles(display) == [[str(digit) for digit in range(10)]]
    assert [bar.ax.get_ylabel() for bar in display.colorbars_] == ["Weight"]
    assert not list(display.axes_[0].get_xticks())
    display.figure_.canvas.draw()


def test_images_lie_in_rows_and_do_not_overlap(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), n_columns=4)
    extents = np.array([image.get_extent() for image in display.images_[0]])
    assert len(np.unique(extents[:, 0])) == 4
    assert len(np.unique(extents[:, 3])) == 3
    left, right, bottom, top = extents[:2].T
    assert right[0] < left[1]
    assert top[0] == top[1] < bottom[0] < extents[4, 3]
    xlim, ylim = display.axes_[0].get_xlim(), display.axes_[0].get_ylim()
    assert xlim[0] <= extents[:, 0].min() < extents[:, 1].max() <= xlim[1]
    assert ylim[1] <= extents[:, 3].min() < extents[:, 2].max() <= ylim[0]


def test_given_axes_are_honoured(softmax, pyplot):
    figure, axes = pyplot.subplots(ncols=2)
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), ax=axes[1])
    assert display.axes_[0] is axes[1]
    assert display.figure_ is figure
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]


def test_hidden_units_in_colour(pyplot):
    coloured = np.repeat(X, 3, axis=1)
    net = TwoLayerMLPClassifier(hidden_size=6, n_epochs=2, random_state=0).fit(coloured, y)
    display = WeightImagesDisplay.from_estimator(net, (8, 8, 3), scale="image")
    for image, weights in zip(display.images_[0], net.coefs_[0].T):
        shown = np.asarray(image.get_array())
        assert shown.shape == (8, 8, 3)
        expected = 0.5 + weights.reshape(8, 8, 3) / (2 * np.abs(weights).max())
        np.testing.assert_allclose(shown, expected, atol=1e-12)
    assert display.colorbars_ == []
    assert titles(display) == [[]]


def test_hidden_units_are_no_classes(pyplot):
    net = TwoLayerMLPClassifier(hidden_size=10, n_epochs=2).fit(X, y)
    display = WeightImagesDisplay.from_estimator(net, (8, 8))
    assert titles(display) == [[]]


def test_threshold_leaves_the_largest_weights(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), threshold=0.75)
    for image, weights in zip(display.images_[0], softmax.coef_):
        is_large = weights >= 0.75 * weights.max()
        expected = np.where(is_large, weights, 0).reshape(8, 8)
        np.testing.assert_array_equal(image.get_array(), expected)
        assert 0 < is_large.sum() < 32


def test_threshold_leaves_no_negative_weight(pyplot):
    display = WeightImagesDisplay(
        weights={"": np.array([[-1.0, -4.0], [-3.0, 2.0]])}, image_shape=(1, 2), titles={"": None}
    )
    display.plot(threshold=0.5)
    shown = [image.get_array().tolist() for image in display.images_[0]]
    assert shown == [[[0, 0]], [[0, 2]]]
    display.plot(threshold=0.5, scale="image")
    assert display.images_[0][1].get_array().tolist() == [[0, 1]]


def test_the_colour_bar_of_a_threshold_has_the_weights_that_are_left(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), threshold=0.75, scale="image")
    (bar,) = display.colorbars_
    shares = softmax.coef_ / softmax.coef_.max(axis=1, keepdims=True)
    assert bar.ax.get_ylim() == pytest.approx((shares[shares >= 0.75].min(), 1), rel=0.1)
    assert bar.ax.get_ylim()[0] > 0
    display.plot(threshold=0.5, scale="estimator", vmax=1e-9)  # all of them above the scale
    assert len(display.colorbars_) == 1
    display.plot()
    (bar,) = display.colorbars_
    assert bar.ax.get_ylim() == display.images_[0][0].get_clim()


def test_epochs_of_a_history_under_one_another(pyplot):
    kept = history(64, 10, classes=list("abcdefghij"))
    display = WeightImagesDisplay.from_history(kept, (8, 8), epochs=[0, 20])
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["Epoch 0", "Epoch 20"]
    limit = np.abs(kept.weights_[0][[0, 2]]).max()
    for images, weights in zip(display.images_, kept.weights_[0][[0, 2]]):
        for image, row in zip(images, weights):
            np.testing.assert_array_equal(image.get_array(), row.reshape(8, 8))
            assert image.get_clim() == (-limit, limit)
    assert titles(display) == [list("abcdefghij")] * 2


def test_all_epochs_of_a_net(pyplot):
    display = WeightImagesDisplay.from_history(history(64, 10, 10, n_kept=3), (8, 8))
    assert list(display.weights) == ["Epoch 0", "Epoch 10", "Epoch 20"]
    assert titles(display) == [[]] * 3


def test_given_axes_for_a_history(pyplot):
    figure, axes = pyplot.subplots(ncols=3)
    kept, epochs = history(64, 4), [0, 10]
    display = WeightImagesDisplay.from_history(kept, (8, 8), epochs=epochs, ax=axes[:2])
    assert list(display.axes_) == list(axes[:2])
    assert not axes[2].has_data()
    assert pyplot.get_fignums() == [figure.number]


@pytest.mark.parametrize("epochs", [[5], []])
def test_epochs_that_were_not_kept(epochs, pyplot):
    with pytest.raises(ValueError, match=r"must be some of those kept: \[0, 10\]"):
        WeightImagesDisplay.from_history(history(64, 4, n_kept=2), (8, 8), epochs=epochs)
    assert not pyplot.get_fignums()


def test_nothing_kept(pyplot):
    with pytest.raises(NotFittedError, match="has kept no parameters"):
        WeightImagesDisplay.from_history(SimpleNamespace(), (8, 8))


@pytest.mark.parametrize("scale", ["common", "estimator", "image"])
def test_scales_of_models_under_one_another(scale, softmax, pyplot):
    strong = SoftmaxRegression(lr=0.1, n_epochs=5, reg_param=100.0, random_state=0).fit(X, y)
    models = {"λ = 0": softmax, "λ = 100": make_pipeline(MinMaxScaler(), strong)}
    display = WeightImagesDisplay.from_estimator(models, (8, 8), scale=scale)
    assert [ax.get_title(loc="left") for ax in display.axes_] == ["λ = 0", "λ = 100"]
    assert display.axes_[0].get_position().y0 > display.axes_[1].get_position().y1
    limits = [{image.get_clim()[1] for image in images} for images in display.images_]
    largest = [np.abs(model.coef_).max() for model in (softmax, strong)]
    if scale == "image":
        assert limits == [{1}, {1}]
        assert np.abs(display.images_[0][3].get_array()).max() == 1
    else:
        assert (
            limits == [{max(largest)}] * 2 if scale == "common" else [{limit} for limit in largest]
        )
    assert len(display.colorbars_) == (2 if scale == "estimator" else 1)


@pytest.mark.parametrize(
    ("model", "labels"),
    [
        (GDLogisticRegression(n_epochs=2), ["True"]),
        (BinaryPerceptron(n_epochs=2), ["True"]),
        (LogisticRegression(max_iter=500), ["True"]),
        (SoftmaxRegression(n_epochs=2), ["False", "True"]),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_two_classes(model, labels, pyplot):
    display = WeightImagesDisplay.from_estimator(model.fit(X, y == 3), (8, 8))
    assert titles(display) == [labels]


def test_one_vs_rest(pyplot):
    model = OneVsRestClassifier(BinaryPerceptron(n_epochs=2)).fit(X, y)
    display = WeightImagesDisplay.from_estimator(model, (8, 8))
    expected = model.estimators_[7].coef_.reshape(8, 8)
    np.testing.assert_array_equal(display.images_[0][7].get_array(), expected)
    assert titles(display) == [[str(digit) for digit in range(10)]]


def test_weights_of_zero_are_drawn_as_zero(pyplot):
    display = WeightImagesDisplay(
        weights={"zero": np.zeros((2, 4))}, image_shape=(2, 2), titles={"zero": None}
    )
    for scale in ("common", "image"):
        display.plot(scale=scale)
        assert display.images_[0][0].get_clim() == (-1, 1)


def test_weights_of_zero_leave_the_common_scale_to_the_others(pyplot):
    weights = {"before": np.zeros((2, 4)), "after": np.full((2, 4), 0.1)}
    display = WeightImagesDisplay(
        weights=weights, image_shape=(2, 2), titles=dict.fromkeys(weights)
    ).plot()
    assert {image.get_clim() for images in display.images_ for image in images} == {(-0.1, 0.1)}


def test_own_titles_and_keyword_arguments(net, pyplot):
    names = [f"unit {number}" for number in range(12)]
    display = WeightImagesDisplay.from_estimator(net, (4, 16), titles=names, cmap="gray", vmax=2.0)
    assert titles(display) == [names]
    assert display.images_[0][0].get_cmap().name == "gray"
    assert display.images_[0][0].get_clim()[1] == 2.0


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"image_shape": (28, 28)}, r"image_shape=\(28, 28\) has 784 pixels, but there are 64"),
        ({"image_shape": (64,)}, r"image_shape must be \(height, width\).* got \(64,\)"),
        ({"image_shape": (4, 4, 4)}, r"image_shape must be .* got \(4, 4, 4\)"),
        ({"titles": ["a"]}, "titles has 1 entries for 10 images"),
        ({"scale": "row"}, "scale must be one of .* got 'row'"),
        ({"threshold": 75}, "threshold must be a fraction from 0 to 1 or None, got 75"),
        ({"n_columns": 0}, "n_columns must be at least 1 or None, got 0"),
    ],
)
def test_bad_input(params, match, softmax, pyplot):
    with pytest.raises(ValueError, match=match):
        WeightImagesDisplay.from_estimator(softmax, **{"image_shape": (8, 8), **params})
    assert not pyplot.get_fignums()


def test_not_fitted(pyplot):
    with pytest.raises(NotFittedError, match="SoftmaxRegression has no `coef_`: fit it first"):
        WeightImagesDisplay.from_estimator(SoftmaxRegression(), (8, 8))
