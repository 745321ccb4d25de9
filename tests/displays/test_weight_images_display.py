"""Weights as images."""

import pickle
from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.text import Text
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
from tests.displays.drawing import texts, weight_history

X, y = load_digits(return_X_y=True)
X = X[:300] / 16
y = y[:300]
DIGITS = list("0123456789")


@pytest.fixture(scope="module")
def softmax():
    return SoftmaxRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def net():
    return TwoLayerMLPClassifier(hidden_size=10, n_epochs=2, random_state=0).fit(X, y)


def display_of(weights, image_shape, titles=None):
    """Return a Display of weights by name, or of the weights of one estimator."""
    weights = weights if isinstance(weights, dict) else {"": np.asarray(weights, dtype=float)}
    return WeightImagesDisplay(
        weights=weights, image_shape=image_shape, titles=dict.fromkeys(weights, titles)
    )


def titles(display):
    return [texts(panel_texts) for panel_texts in display.texts_]


def names(display):
    return [ax.get_title(loc="left") for ax in display.axes_]


def extents(display):
    return np.array([image.get_extent() for image in display.images_[0]])


def pixels(display):
    return [image.get_array().tolist() for image in display.images_[0]]


def test_every_class_has_an_image_on_a_common_scale(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8))
    limit = np.abs(softmax.coef_).max()
    for image, weights in zip(display.images_[0], softmax.coef_, strict=True):
        np.testing.assert_array_equal(image.get_array(), weights.reshape(8, 8))
        assert image.get_clim() == (-limit, limit)
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
    heights = [
        display_of(np.ones((2, 64)), shape).plot(n_columns=2).figure_.get_figheight()
        for shape in ((4, 16), (8, 8), (16, 4))
    ]
    assert heights == sorted(set(heights))


def test_up_to_twelve_images_per_estimator_form_one_row(pyplot):
    for n_images in (12, 13):
        weights = dict.fromkeys("ab", np.ones((n_images, 4)))
        rows = np.unique(extents(display_of(weights, (2, 2)).plot())[:, 3])
        assert (len(rows) == 1) == (n_images == 12)


def test_colour_images_have_neither_titles_nor_colour_bar(pyplot):
    X_colour = np.repeat(X, 3, axis=1)
    net = TwoLayerMLPClassifier(hidden_size=6, n_epochs=2, random_state=0).fit(X_colour, y)
    display = WeightImagesDisplay.from_estimator(net, (8, 8, 3), scale="image")
    for image, weights in zip(display.images_[0], net.coefs_[0].T, strict=True):
        expected = 0.5 + weights.reshape(8, 8, 3) / (2 * np.abs(weights).max())
        np.testing.assert_allclose(image.get_array(), expected, atol=1e-12)
    assert display.colorbars_ == []
    assert titles(display) == [[]]


def test_hidden_units_are_not_named_after_classes(net, pyplot):
    assert titles(WeightImagesDisplay.from_estimator(net, (8, 8))) == [[]]


@pytest.mark.parametrize("threshold", [0, 0.75, 1])
def test_threshold_sets_smaller_weights_to_zero(threshold, softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), threshold=threshold)
    for image, weights in zip(display.images_[0], softmax.coef_):
        is_large = (weights > 0) & (weights >= threshold * weights.max())
        expected = np.where(is_large, weights, 0).reshape(8, 8)
        np.testing.assert_array_equal(image.get_array(), expected)
        assert is_large.any()


def test_threshold_sets_negative_weights_to_zero(pyplot):
    display = display_of([[-1, -4], [-3, 2]], (1, 2))
    assert pixels(display.plot(threshold=0.5)) == [[[0, 0]], [[0, 2]]]
    assert pixels(display.plot(threshold=0.5, scale="image")) == [[[0, 0]], [[0, 1]]]


def test_colour_bar_of_a_threshold_shows_the_range_of_remaining_weights(softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, (8, 8), threshold=0.75, scale="image")
    (bar,) = display.colorbars_
    fractions = softmax.coef_ / softmax.coef_.max(axis=1, keepdims=True)
    expected = fractions[fractions >= 0.75].min(), 1
    assert bar.ax.get_ylim() == pytest.approx(expected, rel=0.1)
    assert bar.ax.get_ylim()[0] > 0
    assert bar.ax.get_ylabel() == "Fraction of the largest"
    display.plot(threshold=0.5, scale="estimator", vmax=1e-9)  # all of them above the scale
    assert len(display.colorbars_) == 1
    (bar,) = display.plot().colorbars_
    assert bar.ax.get_ylim() == display.images_[0][0].get_clim()


def test_epochs_of_a_history_have_a_panel_each(pyplot):
    figure, axes = pyplot.subplots(3)
    classes = list("abcd")
    history = weight_history(4, 4, classes=classes)
    display = WeightImagesDisplay.from_history(history, (2, 2), epochs=[0, 20], ax=axes[:2])
    assert list(display.axes_) == list(axes[:2])
    assert not axes[2].has_data()
    assert pyplot.get_fignums() == [figure.number]
    assert names(display) == ["Epoch 0", "Epoch 20"]
    limit = np.abs(history.weights_[0][[0, 2]]).max()
    for images, weights in zip(display.images_, history.weights_[0][[0, 2]]):
        for image, row in zip(images, weights, strict=True):
            np.testing.assert_array_equal(image.get_array(), row.reshape(2, 2))
            assert image.get_clim() == (-limit, limit)
    assert titles(display) == [classes] * 2


def test_all_epochs_of_a_net_are_drawn_by_default(pyplot):
    display = WeightImagesDisplay.from_history(weight_history(4, 3, 3, n_kept=3), (2, 2))
    assert list(display.weights) == ["Epoch 0", "Epoch 10", "Epoch 20"]
    assert titles(display) == [[]] * 3


@pytest.mark.parametrize("epochs", [[5], []])
def test_error_for_epochs_that_were_not_kept(epochs, pyplot):
    with pytest.raises(ValueError, match=r"must be some of those kept: \[0, 10\]"):
        WeightImagesDisplay.from_history(weight_history(64, 4, n_kept=2), (8, 8), epochs=epochs)
    with pytest.raises(NotFittedError, match="has kept no parameters"):
        WeightImagesDisplay.from_history(SimpleNamespace(every=1), (8, 8))
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("scale", ["common", "estimator", "image"])
def test_scale_is_common_to_all_images_or_of_each_estimator_or_image(scale, softmax, pyplot):
    weak = SoftmaxRegression(lr=0.1, n_epochs=5, reg_param=100.0, random_state=0).fit(X, y)
    models = {"λ = 0": softmax, "λ = 100": make_pipeline(MinMaxScaler(), weak)}
    display = WeightImagesDisplay.from_estimator(models, (8, 8), scale=scale)
    assert names(display) == ["λ = 0", "λ = 100"]
    assert display.axes_[0].get_position().y0 > display.axes_[1].get_position().y1
    limits = [{image.get_clim()[1] for image in images} for images in display.images_]
    largest, weak_largest = (np.abs(model.coef_).max() for model in (softmax, weak))
    assert (
        limits
        == {
            "common": [{largest}, {largest}],
            "estimator": [{largest}, {weak_largest}],
            "image": [{1}, {1}],
        }[scale]
    )
    if scale == "image":
        assert np.abs(display.images_[0][3].get_array()).max() == 1
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
def test_images_of_two_classes_are_named_after_their_class(model, labels, pyplot):
    display = WeightImagesDisplay.from_estimator(model.fit(X, y == 3), (8, 8))
    assert titles(display) == [labels]


def test_sub_classifiers_have_an_image_each(pyplot):
    model = OneVsRestClassifier(BinaryPerceptron(n_epochs=2)).fit(X, y)
    display = WeightImagesDisplay.from_estimator(model, (8, 8))
    expected = model.estimators_[7].coef_.reshape(8, 8)
    np.testing.assert_array_equal(display.images_[0][7].get_array(), expected)
    assert titles(display) == [DIGITS]


def test_weights_of_zero_have_a_scale_of_one_or_that_of_the_others(pyplot):
    display = display_of(np.zeros((2, 4)), (2, 2))
    for scale in ("common", "image"):
        assert display.plot(scale=scale).images_[0][0].get_clim() == (-1, 1)
    weights = {"before": np.zeros((2, 4)), "after": np.full((2, 4), 0.1)}
    display = display_of(weights, (2, 2)).plot()
    assert {image.get_clim() for images in display.images_ for image in images} == {(-0.1, 0.1)}


@pytest.mark.parametrize("image_shape", [(2, 3), (1, 2, 3)])
def test_scale_ignores_infinite_and_nan_weights(image_shape, pyplot):
    display = display_of([[1, np.nan, -2, 0, np.inf, 0], [-np.inf] * 6, [np.nan] * 6], image_shape)
    for scale, limit in {"common": 2, "estimator": 2, "image": 1}.items():
        display.plot(scale=scale, threshold=0.5 if scale == "image" else None)
        assert {image.get_clim() for image in display.images_[0]} == {(-limit, limit)}
        display.figure_.canvas.draw()


def test_users_titles_and_keyword_arguments_are_used(net, pyplot):
    units = [f"unit {number}" for number in range(10)]
    display = WeightImagesDisplay.from_estimator(net, (4, 16), titles=units, cmap="gray", vmax=2.0)
    assert titles(display) == [units]
    assert display.images_[0][0].get_cmap().name == "gray"
    assert display.images_[0][0].get_clim()[1] == 2.0


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"titles": ["a"]}, "titles has 1 entries for 10 images"),
        ({"scale": "row"}, "scale must be one of .* got 'row'"),
        ({"threshold": 75}, "threshold must be a fraction from 0 to 1 or None, got 75"),
        ({"n_columns": 0}, "n_columns must be at least 1 or None, got 0"),
    ],
)
def test_errors_for_parameters_of_plot(params, match, softmax, pyplot):
    with pytest.raises(ValueError, match=match):
        WeightImagesDisplay.from_estimator(softmax, **{"image_shape": (8, 8), **params})
    assert not pyplot.get_fignums()


INVALID_SHAPES = (8, (8,), (8, -1), (0, 64), (8.0, 8), (4, 4, 4), "8x8", None)


@pytest.mark.parametrize(
    ("image_shape", "n_features", "match"),
    [
        ((28, 28), 64, r"=\(28, 28\) has 784 pixels, but there are 64 .* such as \(8, 8\)\.$"),
        *[
            (shape, 64, r" must be \(height, width\).* got .* such as \(8, 8\)\.$")
            for shape in INVALID_SHAPES
        ],
        (7, 192, r", such as \(8, 8, 3\)\.$"),
        (7, 60, r"with 60 features\.$"),
    ],
)
def test_error_for_an_image_shape_suggests_another(image_shape, n_features, match):
    with pytest.raises(ValueError, match=f"image_shape.*{match}"):
        display_of(np.ones((3, n_features)), image_shape)


@pytest.mark.parametrize("image_shape", [[4, 16], np.array([4, 16]), (np.int32(4), np.uint8(16))])
def test_image_shape_is_any_sequence_of_integers(image_shape):
    assert display_of(np.ones((2, 64)), image_shape).image_shape == (4, 16)


def visible_boxes(display):
    """Return the boxes of the texts on the axes of a figure after drawing it."""
    display.figure_.draw_without_rendering()
    artists = [text for ax in display.axes_ for text in ax.findobj(Text) if text.get_text()]
    return [artist.get_window_extent() for artist in artists]


def assert_apart(boxes):
    for a, b in combinations(boxes, 2):
        widths = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(widths) < 0.01 or not a.width * b.width


@pytest.mark.parametrize(
    ("n_images", "title", "shape", "subplots"),
    [
        (2, "a class with a rather long name, of cats number {}", (8, 8), (3, 3)),
        (10, "{} is what this class is called by all", (8, 8), None),
        (10, "{} is what this class is called by all", (8, 8), (2, 2)),
        (20, "class {} of $30\nin two lines", (16, 4), (2, 1)),
        (30, "{}", (4, 16), (1, 2)),
        (30, "class_name_{}", (8, 8), None),
    ],
)
def test_titles_of_images_and_panels_do_not_overlap(n_images, title, shape, subplots, pyplot):
    image_titles = [title.format(number) for number in range(n_images)]
    panel_names = [f"one of two models with a long name and lr={lr}" for lr in (0.1, 0.2)]
    weights = np.ones((n_images, 64))
    display = display_of(dict.fromkeys(panel_names, weights), shape, image_titles)
    display.plot(subplots and pyplot.subplots(*subplots)[1].flat[:2])
    assert_apart(visible_boxes(display))
    display.figure_.set_size_inches(4, 3)
    assert_apart(visible_boxes(display))
    for ax, artists in zip(display.axes_, display.texts_):
        assert texts(artists) == image_titles
        for artist in (artists[0], artists[-1]):
            box = artist.get_window_extent()
            assert ax.bbox.padded(1).contains(box.x0, box.y0)
            assert ax.bbox.padded(1).contains(box.x1, box.y1)
    assert names(display) == panel_names


def test_titles_shrink_with_their_space_and_vanish_when_illegible(pyplot):
    image_titles = ["setosa", "versicolor", "", "class 10 of 20"]
    display = display_of(np.ones((4, 4)), (2, 2), image_titles).plot()
    display.figure_.draw_without_rendering()
    display.figure_.set_layout_engine("none")
    sizes = []
    for inches in (6, 2, 0.1):
        display.figure_.set_size_inches(inches, inches)
        sizes.append(np.array([box.size for box in visible_boxes(display)]))
    unfitted = [display.axes_[0].text(0, 0, title) for title in image_titles if title]
    np.testing.assert_allclose(sizes[0], [text.get_window_extent().size for text in unfitted])
    assert np.all((sizes[1] > 0) & (sizes[1] < sizes[0]))
    assert not sizes[2].any()
    pickle.loads(pickle.dumps(display.figure_)).canvas.draw()


def test_titles_are_drawn_literally(pyplot):
    labels = ["$", r"$\frac$", "a_b^c $x_1$"]
    model = SoftmaxRegression(lr=0.1, n_epochs=2).fit(X, np.array(labels)[y % 3])
    labels = model.classes_.tolist()
    history = weight_history(64, 3, n_kept=1, classes=labels)
    for display in (
        WeightImagesDisplay.from_estimator(dict.fromkeys(labels, model), (8, 8)),
        WeightImagesDisplay.from_history(history, (8, 8)),
        WeightImagesDisplay.from_history(history, (8, 8), titles=iter(labels)),
    ):
        display.figure_.canvas.draw()
        assert titles(display) == [labels] * len(display.axes_)
        artists = [text for ax in display.axes_ for text in ax.findobj(Text)]
        assert not any(text.get_parse_math() for text in artists if "$" in text.get_text())
