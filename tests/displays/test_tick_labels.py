"""Labels of the x axis: none covers another."""

from itertools import pairwise

import numpy as np
import pytest

from sklearn_softmax import ClassErrorDisplay, SearchResultsDisplay
from tests.displays.drawing import texts

NAMES = {
    "numbers": str,
    "names": "class {}".format,
    "short names": lambda number: chr(97 + number % 26) * 3,
    "long names": "a very long name of class {}, which nobody reads to its end".format,
    "wide names": lambda number: "W" * (number % 30 + 1),
    "two lines": "two\nlines {}".format,
}


def draw_classes(n_classes, kind, ax=None, n_models=1):
    errors = {f"model {i}": np.linspace(0, 0.1, n_classes) for i in range(n_models)}
    classes = [NAMES[kind](number) for number in range(n_classes)]
    return ClassErrorDisplay(errors=errors, classes=classes).plot(ax)


def draw_scores(values, ax=None):
    means, deviations = np.zeros((2, len(values)))
    results = {"mean_test_score": means, "std_test_score": deviations}
    results["params"] = [{"x": value} for value in values]
    return SearchResultsDisplay.from_cv_results(results, parameter="x", ax=ax)


def unrotated_boxes(axis):
    """Return the boxes of the drawn labels, all rotated back by their angle."""
    boxes = []
    for label in axis.get_ticklabels():
        angle = label.get_rotation()
        position = label.get_transform().transform(label.get_position())
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        label.set_rotation(0)
        shift = [[cos, sin], [-sin, cos]] @ position - position
        boxes += [label.get_window_extent().translated(*shift)] if label.get_text() else []
        label.set_rotation(angle)
    return boxes


def assert_labels_do_not_overlap(axis):
    axis.figure.draw_without_rendering()
    boxes = unrotated_boxes(axis)
    assert boxes
    for first, second in pairwise(boxes):
        assert not first.padded(-0.01).overlaps(second.padded(-0.01))


@pytest.mark.parametrize("kind", [*NAMES, "one long name"])
def test_labels_fit_a_new_figure(kind, pyplot):
    n_classes = {"numbers": 60, "one long name": 1}.get(kind, 20)
    display = draw_classes(n_classes, kind.replace("one long name", "long names"))
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


@pytest.mark.parametrize(("bottom", "angle"), [(0.1, 0), (0.4, 90)])
def test_labels_side_by_side_do_not_cover_those_of_other_axes(bottom, angle, pyplot):
    axes = pyplot.subplots(ncols=3, figsize=(9, 4), gridspec_kw={"bottom": bottom})[1]
    for ax in axes:
        draw_scores([f"a quite long name of {letter}" for letter in "xy"], ax)
        assert {label.get_rotation() for label in ax.get_xticklabels()} == {angle}
    boxes = [ax.xaxis.get_tightbbox() for ax in axes]
    assert all(first.x1 <= second.x0 for first, second in pairwise(boxes))


@pytest.mark.parametrize(
    ("kind", "n_classes"), [("long names", 1), ("long names", 5), ("wide names", 2)]
)
def test_labels_stay_in_subfigures(kind, n_classes, pyplot):
    figure = pyplot.figure(figsize=(6.4, 3))
    for subfigure in figure.subfigures(ncols=2):
        display = draw_classes(n_classes, kind, ax=subfigure.subplots(), n_models=2)
        figure.draw_without_rendering()
        labels = [label for label in display.ax_.get_xticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels]
        assert min(box.x0 for box in boxes) >= subfigure.bbox.x0
        assert max(box.x1 for box in boxes) <= subfigure.bbox.x1


def test_labels_wider_than_their_spacing_are_rotated(pyplot):
    for display in (draw_classes(10, "names"), draw_scores(["a" * 30, "b" * 30, "c" * 30])):
        display.figure_.draw_without_rendering()
        labels = display.ax_.get_xticklabels()
        assert all(texts(labels))
        assert {label.get_rotation() for label in labels} == {45}


def test_omitted_labels_return_when_the_axis_is_zoomed(pyplot):
    ax = draw_classes(60, "numbers").ax_
    assert texts(ax.get_xticklabels()).count("") > 25
    ax.set_xlim(-1, 10)
    assert texts(ax.get_xticklabels())[:10] == list("0123456789")


@pytest.mark.parametrize(("n_models", "n_classes"), [(2, 40), (5, 20)])
def test_marks_of_zero_do_not_overlap(n_models, n_classes, pyplot):
    errors = {f"model {i}": np.zeros(n_classes) for i in range(n_models)}
    display = ClassErrorDisplay(errors=errors, classes=range(n_classes)).plot()
    display.figure_.draw_without_rendering()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    assert len(boxes) == n_models * n_classes
    for first, second in pairwise(sorted(boxes, key=lambda box: box.x0)):
        assert first.x1 <= second.x0 + 0.1
