"""Labels of classes: none covers another."""

from itertools import pairwise

import numpy as np
import pytest

from sklearn_softmax import ClassErrorDisplay, SearchResultsDisplay

NAMES = {
    "numbers": str,
    "names": "class {}".format,
    "short names": lambda number: chr(97 + number % 26) * 3,
    "long names": "a very long name of class {}, which nobody reads to its end".format,
    "wide names": lambda number: "W" * (number % 30 + 1),
    "two lines": "two\nlines {}".format,
    "dollars": "${} or ${}".format,
}


def plot(n_classes, kind, ax=None, n_models=2):
    errors = {f"model {i}": np.linspace(0, 0.1, n_classes) for i in range(n_models)}
    classes = [NAMES[kind](i, i) if kind == "dollars" else NAMES[kind](i) for i in range(n_classes)]
    return ClassErrorDisplay(errors=errors, classes=classes).plot(ax=ax)


def boxes(axis):
    """Boxes of the labels that are drawn, all turned back by their angle."""
    turned = []
    for label in axis.get_ticklabels():
        angle = label.get_rotation()
        place = label.get_transform().transform(label.get_position())
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        label.set_rotation(0)
        box = label.get_window_extent().translated(*([[cos, sin], [-sin, cos]] @ place - place))
        label.set_rotation(angle)
        turned += [box] if label.get_text() else []
    return turned


def assert_labels_do_not_overlap(axis):
    axis.get_figure().canvas.draw()
    drawn = boxes(axis)
    assert drawn
    for first, second in pairwise(drawn):
        assert not first.padded(-0.01).overlaps(second.padded(-0.01))


@pytest.mark.parametrize(
    ("kind", "n_classes"), [*((kind, 26) for kind in NAMES), ("long names", 1), ("numbers", 100)]
)
def test_labels_fit_a_new_figure(kind, n_classes, pyplot):
    display = plot(n_classes, kind)
    assert_labels_do_not_overlap(display.ax_.xaxis)
    extent = display.figure_.get_tightbbox()
    width, height = display.figure_.get_size_inches()
    assert min(extent.min) >= 0
    assert extent.x1 <= width
    assert extent.y1 <= height
    assert display.ax_.bbox.height > 100


@pytest.mark.parametrize("kind", ["numbers", "long names"])
@pytest.mark.parametrize(
    ("figsize", "layout"),
    [((2.5, 2), None), ((6.4, 4.8), None), ((6.4, 4.8), "tight"), ((12, 8), "constrained")],
)
def test_labels_fit_subplots(kind, figsize, layout, pyplot):
    figure, axes = pyplot.subplots(ncols=2, figsize=figsize)
    plot(40, kind, ax=axes[1])
    if layout:
        figure.set_layout_engine(layout)
    assert_labels_do_not_overlap(axes[1].xaxis)
    figure.set_size_inches(0.6 * np.array(figsize))
    assert_labels_do_not_overlap(axes[1].xaxis)


@pytest.mark.parametrize("kind", ["numbers", "names", "long names", "wide names"])
@pytest.mark.parametrize("n_classes", [3, 20])
def test_labels_of_many_subplots_stay_in_their_gaps(kind, n_classes, pyplot):
    axes = pyplot.subplots(2, figsize=(3.2, 4.3), gridspec_kw={"hspace": 0.6})[1]
    for ax, lowest in zip(axes, (axes[1].bbox.y1, 0)):
        plot(n_classes, kind, ax=ax, n_models=1)
        assert_labels_do_not_overlap(ax.xaxis)
        assert ax.xaxis.get_tightbbox().y0 >= lowest


def test_labels_side_by_side_do_not_cover_those_of_other_axes(pyplot):
    names = [f"a quite long name of {letter}" for letter in "xy"]
    axes = pyplot.subplots(ncols=3, figsize=(9, 3))[1]
    for ax in axes:
        display = SearchResultsDisplay(
            configurations=[{"name": name} for name in names],
            means=np.array([0.8, 0.9]),
            deviations=np.zeros(2),
            best_index=1,
        )
        display.plot(ax, parameter="name")
    boxes_of_axes = [ax.xaxis.get_tightbbox() for ax in axes]
    assert all(first.x1 <= second.x0 for first, second in pairwise(boxes_of_axes))


@pytest.mark.parametrize("kind", ["long names", "wide names"])
@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_labels_stay_in_subfigures(kind, n_classes, pyplot):
    figure = pyplot.figure(figsize=(6.4, 3))
    for part in figure.subfigures(ncols=2):
        display = plot(n_classes, kind, ax=part.subplots())
        figure.canvas.draw()
        labels = [label for label in display.ax_.get_xticklabels() if label.get_text()]
        assert min(label.get_window_extent().x0 for label in labels) >= part.bbox.x0
        assert max(label.get_window_extent().x1 for label in labels) <= part.bbox.x1


def test_labels_that_stick_out_of_axes_are_turned(pyplot):
    values = ["a" * 30, "b" * 30, "c" * 30]
    scores = {"params": [{"x": v} for v in values], "mean_test_score": [1, 2, 3]}
    display = SearchResultsDisplay.from_cv_results(
        scores | {"std_test_score": [0, 0, 0]}, parameter="x"
    )
    display.figure_.canvas.draw()
    assert all(label.get_text() for label in display.ax_.get_xticklabels())


def test_labels_are_the_names_as_they_are(pyplot):
    display = plot(10, "dollars")
    for _ in range(2):
        display.figure_.canvas.draw()
        labels = display.ax_.get_xticklabels()
        assert [label.get_text() for label in labels] == [f"${i} or ${i}" for i in range(10)]
        assert not any(label.get_parse_math() for label in labels)
        display.figure_.set_figwidth(12)


def test_shortened_labels_differ(pyplot):
    labels = [label.get_text() for label in plot(12, "long names").ax_.get_xticklabels()]
    assert len(set(labels)) == 12
    assert all("…" in label for label in labels)


def test_labels_return_where_there_is_room(pyplot):
    display = plot(100, "numbers")
    assert [t.get_text() for t in display.ax_.get_xticklabels()].count("") > 50
    display.ax_.set_xlim(-1, 10)
    assert [t.get_text() for t in display.ax_.get_xticklabels()][:10] == list("0123456789")


@pytest.mark.parametrize("n_models", [1, 2, 5])
def test_zeros_do_not_overlap(n_models, pyplot):
    errors = {f"model {i}": np.zeros(40) for i in range(n_models)}
    display = ClassErrorDisplay(errors=errors, classes=range(40)).plot()
    display.figure_.canvas.draw()
    zeros = [text.get_window_extent() for text in display.ax_.texts if text.get_text()]
    for first, second in pairwise(sorted(zeros, key=lambda box: box.x0)):
        assert first.x1 <= second.x0 + 0.1
