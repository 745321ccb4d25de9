"""Legends of all Displays."""

import pytest

from sklearn_softmax.displays._drawing import add_legend

LABELS = ["$5 or $6", "_private", r"\alpha_1^{", "plain", "two\nlines", "$"]


@pytest.mark.parametrize("outside", [True, False])
def test_labels_and_titles_are_drawn_literally(outside, pyplot):
    figure, ax = pyplot.subplots(layout="constrained")
    handles = [ax.plot([0, 1], [0, place], label=label)[0] for place, label in enumerate(LABELS)]
    legend = add_legend(ax, handles, outside=outside, title="$x$ and $")
    drawn = [*legend.get_texts(), legend.get_title()]
    assert [text.get_text() for text in drawn] == [*LABELS, "$x$ and $"]
    assert not any(text.get_parse_math() for text in drawn)
    figure.canvas.draw()
