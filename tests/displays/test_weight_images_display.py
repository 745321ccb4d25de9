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
    net = TwoLayerMLPClassifier(hidden_size=10, n_epochs=9, random_state=0).fit(X, y)
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
        WeightImagesDisplay.from_history(SimpleNamespace(every=1), (8, 8))


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


@pytest.mark.parametrize("image_shape", [(2, 3), (1, 2, 3)])
def test_weights_that_are_not_finite(image_shape, pyplot):
    weights = np.array([[1.0, np.nan, -2, 0, np.inf, 0], [-np.inf] * 6, [np.nan] * 6])
    display = WeightImagesDisplay(weights={"": weights}, image_shape=image_shape, titles={"": None})
    for scale, limit in {"common": 2, "estimator": 2, "image": 1}.items():
        display.plot(scale=scale, threshold=0.5 if scale == "image" else None)
        assert {image.get_clim() for image in display.images_[0]} == {(-limit, limit)}
        display.figure_.canvas.draw()


def test_own_titles_and_keyword_arguments(net, pyplot):
    names = [f"unit {number}" for number in range(12)]
    display = WeightImagesDisplay.from_estimator(net, (4, 16), titles=names, cmap="gray", vmax=2.0)
    assert titles(display) == [names]
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
def test_bad_input(params, match, softmax, pyplot):
    with pytest.raises(ValueError, match=match):
        WeightImagesDisplay.from_estimator(softmax, **{"image_shape": (8, 8), **params})
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("image_shape", "match"),
    [
        ((28, 28), r"image_shape=\(28, 28\) has 784 pixels, but there are 64"),
        *[
            (shape, r"image_shape must be \(height, width\).* got ")
            for shape in (8, (8,), (8, -1), (0, 64), (8.0, 8), (4, 4, 4), "8x8", None)
        ],
    ],
)
def test_bad_image_shape(image_shape, match, softmax, pyplot):
    with pytest.raises(ValueError, match=rf"{match}.*64 features, such as \(8, 8\)\.$"):
        WeightImagesDisplay.from_estimator(softmax, image_shape)
    with pytest.raises(ValueError, match=match):
        WeightImagesDisplay.from_history(history(64, 3), image_shape)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("n_features", "remedy"), [(192, r", such as \(8, 8, 3\)\.$"), (60, r"with 60 features\.$")]
)
def test_suggested_image_shape(n_features, remedy):
    with pytest.raises(ValueError, match=remedy):
        WeightImagesDisplay(weights={"": np.ones((2, n_features))}, image_shape=7, titles={})


@pytest.mark.parametrize("image_shape", [[4, 16], np.array([4, 16]), (np.int32(4), np.uint8(16))])
def test_image_shape_of_other_types(image_shape, softmax, pyplot):
    display = WeightImagesDisplay.from_estimator(softmax, image_shape)
    assert display.image_shape == (4, 16)
    assert display.images_[0][0].get_array().shape == (4, 16)


def test_not_fitted(pyplot):
    with pytest.raises(NotFittedError, match="SoftmaxRegression has no `coef_`: fit it first"):
        WeightImagesDisplay.from_estimator(SoftmaxRegression(), (8, 8))


def drawn_boxes(display):
    """Draw the figure, and return the boxes of the texts on its axes."""
    display.figure_.draw_without_rendering()
    texts = [text for ax in display.axes_ for text in ax.findobj(Text) if text.get_text()]
    return [text.get_window_extent() for text in texts]


def assert_apart(boxes):
    for a, b in combinations(boxes, 2):
        widths = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(widths) < 0.01 or not a.width * b.width


@pytest.mark.parametrize(
    ("n_images", "title", "shape", "subplots"),
    [
        (2, "a class with a rather long name, of cats number {}", (8, 8), None),
        (2, "a class with a rather long name, of cats number {}", (8, 8), (3, 3)),
        (10, "{} is what this class is called by all", (8, 8), None),
        (10, "{} is what this class is called by all", (8, 8), (2, 2)),
        (26, "{}", (4, 16), (1, 2)),
        (30, "class {} of $30\nin two lines", (16, 4), (2, 1)),
        (50, "class_name_{}", (8, 8), None),
        (100, "{}", (8, 8), (1, 2)),
    ],
)
def test_titles_and_names_do_not_overlap(n_images, title, shape, subplots, pyplot):
    weights = np.random.default_rng(0).normal(size=(n_images, 64))
    titles = [title.format(number) for number in range(n_images)]
    names = [f"one of two models with a long name and lr={lr}" for lr in (0.1, 0.2)]
    display = WeightImagesDisplay(
        weights=dict.fromkeys(names, weights),
        image_shape=shape,
        titles=dict.fromkeys(names, titles),
    )
    axes = subplots and pyplot.subplots(*subplots)[1].flat[:2]
    display.plot(axes)
    assert_apart(drawn_boxes(display))
    display.figure_.set_size_inches(4, 3)
    assert_apart(drawn_boxes(display))
    for ax, texts in zip(display.axes_, display.texts_):
        assert [text.get_text() for text in texts] == titles
        for text in (texts[0], texts[-1]):
            box = text.get_window_extent()
            assert ax.bbox.padded(1).contains(box.x0, box.y0)
            assert ax.bbox.padded(1).contains(box.x1, box.y1)
    assert [ax.get_title(loc="left") for ax in display.axes_] == names


def test_titles_are_as_large_as_there_is_space_for_them(pyplot):
    titles = ["setosa", "versicolor", "", "class 10 of 20"]
    display = WeightImagesDisplay(
        weights={"": np.ones((4, 4))}, image_shape=(2, 2), titles={"": titles}
    ).plot()
    display.figure_.draw_without_rendering()
    display.figure_.set_layout_engine("none")
    sizes = []
    for inches in (6, 2, 0.1):
        display.figure_.set_size_inches(inches, inches)
        sizes.append(np.array([box.size for box in drawn_boxes(display)]))
    plain = [display.axes_[0].text(0, 0, title) for title in titles if title]
    expected = [text.get_window_extent().size for text in plain]
    np.testing.assert_allclose(sizes[0], expected)
    assert np.all((sizes[1] > 0) & (sizes[1] < sizes[0]))
    assert not sizes[2].any()
    pickle.loads(pickle.dumps(display.figure_)).canvas.draw()


@pytest.mark.parametrize("label", ["$", "$5 to $10", r"$\frac$", "a_b^c $x_1$"])
def test_dollars_are_drawn_as_they_are(label, pyplot):
    labels = [label, "b" + label]
    model = LogisticRegression(max_iter=500).fit(X, np.array([*labels, "c"])[y % 3])
    labels = model.classes_.tolist()
    kept = history(64, 3, classes=labels)
    for display in (
        WeightImagesDisplay.from_estimator({label: model, "other": model}, (8, 8)),
        WeightImagesDisplay.from_history(kept, (8, 8), epochs=[0]),
        WeightImagesDisplay.from_history(kept, (8, 8), epochs=[0], titles=iter(labels)),
    ):
        display.figure_.canvas.draw()
        assert titles(display) == [labels] * len(display.axes_)
        texts = [text for ax in display.axes_ for text in ax.findobj(Text)]
        assert not any(text.get_parse_math() for text in texts if label in text.get_text())


def test_sparse_weights_and_labels_of_one_value(pyplot):
    sparse = LogisticRegression(max_iter=500).fit(X, y == 3).sparsify()
    display = WeightImagesDisplay.from_estimator(sparse, (8, 8))
    np.testing.assert_array_equal(
        display.images_[0][0].get_array().ravel(), sparse.coef_.toarray()[0]
    )
    with pytest.warns(UserWarning, match="is present in all training examples"):
        model = OneVsRestClassifier(BinaryPerceptron()).fit(X, np.c_[y == 3, np.ones_like(y)])
    display = WeightImagesDisplay.from_estimator(model, (8, 8), scale="image")
    assert titles(display) == [["0", "1"]]
    assert not display.images_[0][1].get_array().any()
