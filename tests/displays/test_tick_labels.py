"""Labels of the x axis: none covers another."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.transforms import Affine2D

from sklearn_softmax import ClassErrorDisplay, SearchResultsDisplay
from tests.displays.drawing import assert_apart, boxes, texts

NAMES = {
    "numbers": str,
    "names": "class {}".format,
    "short names": lambda number: chr(97 + number % 26) * 3,
    "long names": "a very long name of class {}, which nobody reads to its end".format,
    "wide names": lambda number: "W" * (number % 30 + 1),
    "two lines": "two\nlines {}".format,
}


def draw_classes(n_classes, kind, ax=None, n_models=1, error=0.1):
    errors = {f"model {i}": np.full(n_classes, error) for i in range(n_models)}
    classes = [NAMES[kind](number) for number in range(n_classes)]
    return ClassErrorDisplay(errors=errors, classes=classes).plot(ax)


def draw_scores(values, ax=None):
    means, deviations = np.zeros((2, len(values)))
    results = {"mean_test_score": means, "std_test_score": deviations}
    results["params"] = [{"x": value} for value in values]
    return SearchResultsDisplay.from_cv_results(results, parameter="x", ax=ax)


def assert_labels_do_not_overlap(axis):
    """Assert that the boxes of the labels, all rotated back by their angle, do not overlap."""
    axis.figure.draw_without_rendering()
    unrotated = []
    for label in axis.get_ticklabels():
        angle = label.get_rotation()
        position = label.get_transform().transform(label.get_position())
        shift = Affine2D().rotate_deg(-angle).transform(position) - position
        label.set_rotation(0)
        unrotated.append(label.get_window_extent().translated(*shift))
        label.set_rotation(angle)
    assert any(box.width for box in unrotated)
    assert_apart(unrotated)


@pytest.mark.parametrize(
    ("kind", "n_classes"),
    [*((kind, 20) for kind in NAMES), ("numbers", 60), ("long names", 1)],
)
def test_labels_fit_a_new_figure(kind, n_classes, pyplot):
    display = draw_classes(n_classes, kind)
    assert_labels_do_not_overlap(display.ax_.xaxis)
    labels = [text for text in texts(display.ax_.get_xticklabels()) if text]
    assert len(set(labels)) == len(labels)
    assert kind != "long names" or all("…" in label for label in labels)
    extent = display.figure_.get_tightbbox()
    assert np.all(extent.min >= 0)
    assert np.all(extent.max <= display.figure_.get_size_inches())
    assert display.ax_.bbox.height > 100


@pytest.mark.parametrize(
    ("kind", "figsize", "layout"),
    [
        ("numbers", (2.5, 2), None),
        ("long names", (2.5, 2), None),
        ("numbers", (6.4, 4.8), "tight"),
        ("long names", (6.4, 4.8), "tight"),
        ("long names", (12, 8), "constrained"),
    ],
)
def test_labels_fit_subplots_before_and_after_shrinking(kind, figsize, layout, pyplot):
    figure, axes = pyplot.subplots(ncols=2, figsize=figsize)
    draw_classes(20, kind, ax=axes[1])
    if layout:
        figure.set_layout_engine(layout)
    assert_labels_do_not_overlap(axes[1].xaxis)
    figure.set_size_inches(0.6 * np.array(figsize))
    assert_labels_do_not_overlap(axes[1].xaxis)


@pytest.mark.parametrize(
    ("kind", "n_classes"),
    [("numbers", 20), ("long names", 3), ("long names", 20), ("wide names", 20)],
)
def test_labels_stay_in_the_gap_below_their_subplot(kind, n_classes, pyplot):
    axes = pyplot.subplots(2, figsize=(3.2, 4.3), gridspec_kw={"hspace": 0.6})[1]
    for ax, lowest in zip(axes, (axes[1].bbox.y1, 0)):
        draw_classes(n_classes, kind, ax=ax)
        assert_labels_do_not_overlap(ax.xaxis)
        assert ax.xaxis.get_tightbbox().y0 >= lowest


@pytest.mark.parametrize("last", ["a quite long name of y", "y"])
@pytest.mark.parametrize(("bottom", "angle"), [(0.1, 0), (0.4, 90)])
def test_labels_side_by_side_do_not_cover_those_of_other_axes(bottom, angle, last, pyplot):
    axes = pyplot.subplots(ncols=3, figsize=(9, 4), gridspec_kw={"bottom": bottom})[1]
    for ax in axes:
        draw_scores(["a quite long name of x", last], ax)
        assert {label.get_rotation() for label in ax.get_xticklabels()} == {angle}
    assert_apart([ax.xaxis.get_tightbbox() for ax in axes])


@pytest.mark.parametrize(
    ("kind", "n_classes"), [("long names", 1), ("long names", 5), ("wide names", 2)]
)
def test_labels_stay_in_subfigures(kind, n_classes, pyplot):
    for subfigure in pyplot.figure(figsize=(6.4, 3)).subfigures(ncols=2):
        display = draw_classes(n_classes, kind, ax=subfigure.subplots(), n_models=2)
        extents = boxes(display.ax_.get_xticklabels())
        assert min(box.x0 for box in extents) >= subfigure.bbox.x0
        assert max(box.x1 for box in extents) <= subfigure.bbox.x1


def test_labels_wider_than_their_spacing_are_rotated(pyplot):
    for display in (draw_classes(10, "names"), draw_scores(["a" * 30, "b" * 30, "c" * 30])):
        labels = display.ax_.get_xticklabels()
        assert len(boxes(labels)) == len(labels)
        assert {label.get_rotation() for label in labels} == {45}
        display.figure_.set_figwidth(2)
        assert_labels_do_not_overlap(display.ax_.xaxis)


def test_omitted_labels_return_when_the_axis_is_zoomed(pyplot):
    ax = draw_classes(60, "numbers").ax_
    assert texts(ax.get_xticklabels()).count("") > 25
    ax.set_xlim(-1, 10)
    assert texts(ax.get_xticklabels())[:10] == list("0123456789")


@pytest.mark.parametrize(("n_models", "n_classes"), [(2, 40), (5, 20)])
def test_marks_of_zero_do_not_overlap(n_models, n_classes, pyplot):
    marks = draw_classes(n_classes, "numbers", n_models=n_models, error=0).ax_.texts
    assert len(marks) == n_models * n_classes
    for first, second in pairwise(sorted(boxes(marks), key=lambda box: box.x0)):
        assert first.x1 <= second.x0 + 0.1


@pytest.mark.parametrize(("error", "marks"), [(0, []), (np.nan, ["n/a"] * 400)])
def test_illegible_zeros_are_omitted_and_undefined_rates_are_not(error, marks, pyplot):
    assert texts(draw_classes(50, "numbers", n_models=8, error=error).ax_.texts) == marks
