"""Weights as images."""

import pickle

import numpy as np
import pytest
from matplotlib.text import Text
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    WeightImagesDisplay,
)
from tests.displays.drawing import assert_apart, boxes, texts, weight_history

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
SOFTMAX = SoftmaxRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)
DIGITS = list("0123456789")


def display_of(weights, image_shape, titles=None):
    """Return a Display of weights by name, or of the weights of one estimator."""
    weights = weights if isinstance(weights, dict) else {"": np.asarray(weights, dtype=float)}
    return WeightImagesDisplay(
        weights=weights, image_shape=image_shape, titles=dict.fromkeys(weights, titles)
    )


def pixels(images):
    return np.array([image.get_array() for image in images])


def limits(display):
    return [{image.get_clim() for image in images} for images in display.images_]


def titles(display):
    return [texts(panel_texts) for panel_texts in display.texts_]


def names(display):
    return [ax.get_title(loc="left") for ax in display.axes_]


def extents(display):
    return np.array([image.get_extent() for image in display.images_[0]])


def test_every_class_has_an_image_on_a_common_scale(pyplot):
    display = WeightImagesDisplay.from_estimator(SOFTMAX, (8, 8))
    limit = np.abs(SOFTMAX.coef_).max()
    np.testing.assert_array_equal(pixels(display.images_[0]), SOFTMAX.coef_.reshape(-1, 8, 8))
    assert limits(display) == [{(-limit, limit)}]
    assert titles(display) == [DIGITS]
    assert [bar.ax.get_ylabel() for bar in display.colorbars_] == ["Weight"]
    assert not list(display.axes_[0].get_xticks())


@pytest.mark.parametrize(
    ("image_shape", "figsize", "n_columns", "expected_columns"),
    [
        ((8, 8), None, 4, 4),
        ((8, 8), None, None, 5),
        ((4, 16), None, None, 2),
        ((16, 4), None, None, 10),
        ((8, 8), (2, 8), None, 2),
        ((8, 8), (9, 1), None, 10),
        ((16, 4), (2, 8), None, 5),
    ],
)
def test_images_are_arranged_in_rows_that_fill_the_figure(
    image_shape, figsize, n_columns, expected_columns, pyplot
):
    ax = figsize and pyplot.subplots(figsize=figsize)[1]
    display = display_of(np.ones((10, 64)), image_shape).plot(ax, n_columns=n_columns)
    left, right, bottom, top = extents(display).T
    np.testing.assert_allclose(right - left, image_shape[1])
    np.testing.assert_allclose(bottom - top, image_shape[0])
    columns, rows = np.unique(left), np.unique(top)
    assert (len(columns), len(rows)) == (expected_columns, -(-10 // expected_columns))
    assert np.all(np.diff(columns) > image_shape[1])
    assert np.all(np.diff(rows) > image_shape[0])
    np.testing.assert_array_equal(left, np.resize(columns, 10))
    np.testing.assert_array_equal(top, np.repeat(rows, expected_columns)[:10])
    xlim, ylim = display.axes_[0].get_xlim(), display.axes_[0].get_ylim()
    assert xlim[0] <= left.min() < right.max() <= xlim[1]
    assert ylim[1] <= top.min() < bottom.max() <= ylim[0]
    assert display.axes_[0].get_aspect() == 1


def test_new_figure_of_wide_images_is_lower_than_one_of_tall_images(pyplot):
    displays = [display_of(np.ones((1, 64)), shape).plot() for shape in ((4, 16), (8, 8))]
    wide, tall = (display.figure_.get_figheight() for display in displays)
    assert wide < tall


def test_up_to_twelve_images_per_estimator_form_one_row(pyplot):
    for n_images in (12, 13):
        weights = dict.fromkeys("ab", np.ones((n_images, 4)))
        rows = np.unique(extents(display_of(weights, (2, 2)).plot())[:, 3])
        assert (len(rows) == 1) == (n_images == 12)


def test_hidden_units_as_colour_images_have_neither_titles_nor_colour_bar(pyplot):
    net = TwoLayerMLPClassifier(hidden_size=6, n_epochs=2, random_state=0).fit(X[:, :63], y)
    display = WeightImagesDisplay.from_estimator(net, (7, 3, 3), scale="image")
    fractions = net.coefs_[0].T / np.abs(net.coefs_[0].T).max(axis=1, keepdims=True)
    expected = 0.5 + fractions.reshape(-1, 7, 3, 3) / 2
    np.testing.assert_allclose(pixels(display.images_[0]), expected, atol=1e-12)
    assert display.colorbars_ == []
    assert titles(display) == [[]]


@pytest.mark.parametrize(
    ("threshold", "scale", "expected"),
    [(0.25, "common", [[0, 0], [0, 2], [1, 4]]), (1, "image", [[0, 0], [0, 1], [0, 1]])],
)
def test_threshold_sets_small_and_negative_weights_to_zero(threshold, scale, expected, pyplot):
    display = display_of([[-1, -4], [-3, 2], [1, 4]], (1, 2)).plot(threshold=threshold, scale=scale)
    np.testing.assert_array_equal(pixels(display.images_[0])[:, 0], expected)


def test_colour_bar_of_a_threshold_shows_the_range_of_remaining_weights(pyplot):
    display = display_of([[1, 4, -5], [1.5, 2, 0]], (1, 3)).plot(threshold=0.7, scale="image")
    (bar,) = display.colorbars_
    assert bar.ax.get_ylim() == pytest.approx((0.75, 1))
    assert bar.ax.get_ylabel() == "Fraction of the largest"
    (bar,) = display.plot(threshold=0.5, vmax=1e-9).colorbars_  # all of them above the scale
    assert bar.ax.get_ylim() == (bar.vmin, bar.vmax)
    (bar,) = display.plot().colorbars_
    assert bar.ax.get_ylim() == display.images_[0][0].get_clim()


@pytest.mark.parametrize(
    ("layers", "options", "indices", "expected"),
    [((4, 4), {"epochs": [0, 20]}, [0, 2], list("abcd")), ((4, 3, 4), {}, slice(6), [])],
)
def test_epochs_of_a_history_have_a_panel_each(layers, options, indices, expected, pyplot):
    history = weight_history(*layers, classes=list("abcd"))
    display = WeightImagesDisplay.from_history(history, (2, 2), **options)
    assert names(display) == [f"Epoch {epoch}" for epoch in history.epochs_[indices]]
    weights = np.array(list(map(pixels, display.images_))).reshape(len(names(display)), -1, 4)
    np.testing.assert_array_equal(weights, history.weights_[0][indices])
    assert titles(display) == [expected] * len(weights)


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("first", "second", "common", "estimator"),
    [
        ([[-4, 1], [2, 1]], [[0.5, 0], [0.1, 0.2]], [4, 4], [4, 0.5]),
        ([[1, NAN], [-2, INF]], [[-INF, NAN]], [2, 2], [2, 1]),
        ([[0, 0]], [[0.1, 0.1]], [0.1, 0.1], [1, 0.1]),
    ],
)
def test_scale_is_common_to_all_images_or_of_each_estimator_or_image(
    first, second, common, estimator, pyplot
):
    display = display_of({"first": np.array(first), "second": np.array(second)}, (1, 2))
    for scale, expected in {"common": common, "estimator": estimator, "image": [1, 1]}.items():
        display.plot(scale=scale, threshold=0.5 if scale == "image" else None)
        assert limits(display) == [{(-limit, limit)} for limit in expected]
        assert len(display.colorbars_) == (2 if scale == "estimator" else 1)
        display.figure_.canvas.draw()
    assert names(display) == ["first", "second"]
    assert display.axes_[0].get_position().y0 > display.axes_[1].get_position().y1


def test_colour_images_ignore_infinite_and_nan_weights(pyplot):
    display = display_of([[1, NAN, -2, 0, INF, 0], [-INF] * 6], (1, 2, 3)).plot()
    expected = [[0.75, 0.5, 0, 0.5, 1, 0.5], [0] * 6]
    np.testing.assert_array_equal(pixels(display.images_[0]).reshape(2, 6), expected)


@pytest.mark.parametrize(
    ("model", "labels"),
    [(GDLogisticRegression(lr=0.1), ["True"]), (SoftmaxRegression(lr=0.1), ["False", "True"])],
)
def test_images_of_two_classes_are_named_after_their_class(model, labels, pyplot):
    display = WeightImagesDisplay.from_estimator(model.fit(X, y == 3), (8, 8))
    assert titles(display) == [labels]


@pytest.mark.parametrize("constant", [[0, 2], range(10)])
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_sub_classifiers_have_an_image_each_of_zeros_for_labels_of_one_value(constant, pyplot):
    labels = np.eye(10, dtype=int)[y]
    labels[:, constant] = np.arange(len(constant)) % 2
    model = OneVsRestClassifier(BinaryPerceptron(n_epochs=2)).fit(X, labels)
    display = WeightImagesDisplay.from_estimator(model, (8, 8))
    for weights, binary in zip(display.weights["OneVsRestClassifier"], model.estimators_):
        np.testing.assert_array_equal(weights, np.ravel(getattr(binary, "coef_", np.zeros(64))))
    assert titles(display) == [DIGITS]


def test_sparse_weights_become_dense(pyplot):
    model = OneVsRestClassifier(SGDClassifier(random_state=0)).fit(X, y)
    expected = WeightImagesDisplay.from_estimator(model, (8, 8)).weights
    for binary in model.estimators_:
        binary.sparsify()
    np.testing.assert_equal(WeightImagesDisplay.from_estimator(model, (8, 8)).weights, expected)


def test_images_have_titles_and_style_of_the_user(pyplot):
    options = {"titles": iter("abcdefghij"), "cmap": "gray", "vmax": 2.0}
    display = WeightImagesDisplay.from_estimator(SOFTMAX, (4, 16), **options)
    assert titles(display) == [list("abcdefghij")]
    image = display.images_[0][0]
    assert (image.get_cmap().name, image.get_clim()[1]) == ("gray", 2.0)


@pytest.mark.parametrize("image_shape", [[4, 16], np.array([4, 16]), (np.int32(4), np.uint8(16))])
def test_image_shape_is_any_sequence_of_integers(image_shape):
    assert display_of(np.ones((2, 64)), image_shape).image_shape == (4, 16)


def title_boxes(display):
    return boxes([text for ax in display.axes_ for text in ax.findobj(Text)])


@pytest.mark.parametrize(
    ("n_images", "title", "shape", "subplots"),
    [
        (2, "a class with a rather long name, of cats number {}", (8, 8), (3, 3)),
        (10, "{} is what this class is called by all", (8, 8), (2, 2)),
        (8, "class {} of $30\nin two lines", (16, 4), (2, 1)),
        (12, "{}", (4, 16), (1, 2)),
        (16, "class_name_{}", (8, 8), None),
    ],
)
def test_titles_of_images_and_panels_do_not_overlap(n_images, title, shape, subplots, pyplot):
    image_titles = [title.format(number) for number in range(n_images)]
    panel_names = [f"one of two models with a long name and lr={lr}" for lr in (0.1, 0.2)]
    display = display_of(dict.fromkeys(panel_names, np.ones((n_images, 64))), shape, image_titles)
    display.plot(subplots and pyplot.subplots(*subplots)[1].flat[:2])
    assert_apart(title_boxes(display))
    display.figure_.set_size_inches(4, 3)
    assert_apart(title_boxes(display))
    for ax, artists in zip(display.axes_, display.texts_):
        assert texts(artists) == image_titles
        corners = [artist.get_window_extent().get_points() for artist in artists]
        assert all(ax.bbox.padded(1).contains(*corner) for corner in np.concatenate(corners))
    assert names(display) == panel_names


def test_long_titles_are_shortened_until_they_are_legible(pyplot):
    image_titles = [f"a class with a rather long name, of cats number {i}" for i in range(10)]
    display = display_of(np.ones((10, 64)), (8, 8), image_titles).plot()
    assert all(box.height > 8 for box in boxes(display.texts_[0]))


def test_titles_shrink_with_their_space_and_vanish_when_illegible(pyplot):
    image_titles = ["setosa", "versicolor", "", "class 10 of 20"]
    display = display_of(np.ones((4, 4)), (2, 2), image_titles).plot()
    display.figure_.draw_without_rendering()
    display.figure_.set_layout_engine("none")
    sizes = []
    for inches in (6, 2, 0.1):
        display.figure_.set_size_inches(inches, inches)
        sizes.append(np.array([box.size for box in title_boxes(display)]))
    unfitted = [display.axes_[0].text(0, 0, title) for title in image_titles if title]
    np.testing.assert_allclose(sizes[0], [text.get_window_extent().size for text in unfitted])
    assert np.all((sizes[1] > 0) & (sizes[1] < sizes[0]))
    assert not sizes[2].any()
    pickle.loads(pickle.dumps(display.figure_)).canvas.draw()
