"""Conventions of all Displays: axes of the user, and texts without mathematics."""

import numpy as np
import pytest
from matplotlib import ticker
from matplotlib.text import Text

from sklearn_softmax import displays
from tests.displays.drawing import weight_history

TEXT = r"$5 or \frac{"
NAMES = [TEXT, "_b"]


def class_errors(ax):
    errors = {name: [0.1, 0.2] for name in NAMES}
    return displays.ClassErrorDisplay(errors=errors, classes=NAMES).plot(ax)


def parameters(ax):
    if ax is not None and np.size(ax) == 1:
        ax = [ax, ax.figure.add_subplot(333)]
    return displays.ParameterHistoryDisplay.from_history(weight_history(3, 2, classes=NAMES), ax=ax)


def search_results(ax, iterations=None, **options):
    return displays.SearchResultsDisplay(
        configurations=[{TEXT: value, "n_resources": 3} for value in NAMES],
        means=np.array([0.1, 0.2]),
        deviations=np.array([0.01, 0.01]),
        best_index=1,
        score_name=TEXT,
        iterations=iterations,
        resource=TEXT + "resource",
    ).plot(ax, **options)


def halving(ax):
    return search_results(ax, iterations=np.array([0, 0]))


def search_curves(ax):
    return search_results(ax, parameter=TEXT, lines=TEXT)


def training_curves(ax, metrics=("val_loss", "val_accuracy")):
    history = {name: np.arange(1, 4) for name in ("epoch", "val_loss", "val_accuracy")}
    data = {"histories": dict.fromkeys(NAMES, history), "step_losses": {TEXT: np.arange(1, 40)}}
    display = displays.TrainingCurveDisplay(**data, best_epochs={})
    return display.plot(ax, metrics=metrics, validation_name=TEXT)


def loss(ax):
    return training_curves(ax, "val_loss")


def step_losses(ax):
    return training_curves(ax, "step_loss")


def weight_images(ax):
    weights, titles = dict.fromkeys(NAMES, np.ones((2, 4))), dict.fromkeys(NAMES, NAMES)
    return displays.WeightImagesDisplay(weights=weights, image_shape=(2, 2), titles=titles).plot(ax)


@pytest.mark.parametrize(
    ("draw", "n_panels", "n_texts"),
    [  # with the number of texts that contain TEXT
        (class_errors, 1, 2),
        (parameters, 2, 1),
        (search_results, 1, 3),
        (search_curves, 1, 5),
        (halving, 1, 4),
        (training_curves, 2, 3),
        (weight_images, 2, 3),
    ],
)
def test_display_draws_literal_texts_on_users_axes_and_creates_no_figure(
    draw, n_panels, n_texts, pyplot
):
    figure, axes = pyplot.subplots(ncols=3)
    display = draw(axes[1] if n_panels == 1 else axes[1:])
    panels = [display.ax_] if n_panels == 1 else list(display.axes_)
    assert panels == list(axes[1 : 1 + n_panels])
    assert all(panel.has_data() for panel in panels)
    assert not any(ax.has_data() for ax in axes if ax not in panels)
    assert display.figure_ is figure
    assert pyplot.get_fignums() == [figure.number]
    figure = draw(None).figure_
    figure.canvas.draw()
    artists = [text for text in figure.findobj(Text) if TEXT in text.get_text()]
    assert [artist.get_parse_math() for artist in artists if artist.get_visible()] == [0] * n_texts


@pytest.mark.parametrize(
    ("draw", "set_up"),
    [
        *((draw, lambda ax: ax.set(xscale="log", yscale="log")) for draw in (loss, parameters)),
        *((draw, lambda ax: ax.set(xscale="log")) for draw in (search_results, halving)),
        (step_losses, lambda ax: ax.set(xscale="symlog", ylim=(0.2, 0.9))),
        (loss, lambda ax: ax.set(xticks=[1, 5], xticklabels=["first", "fifth"])),
        (step_losses, lambda ax: ax.set(xticks=[], xlim=(2, 5))),
        (parameters, lambda ax: ax.set(xticks=[0, 33], ylim=(9, -9))),
        (step_losses, lambda ax: ax.xaxis.set_major_locator(ticker.MultipleLocator(2.5))),
        (step_losses, lambda ax: ax.xaxis.set_major_formatter("{x:.1f}")),
        (loss, lambda ax: ax.xaxis.set_major_locator(ticker.MaxNLocator(3))),
        (loss, lambda ax: ax.invert_yaxis()),
    ],
)
def test_users_axes_keep_their_scales_ticks_and_limits(draw, set_up, pyplot):
    def properties():
        autoscaled = [(ax.get_autoscalex_on(), ax.get_xlim), (ax.get_autoscaley_on(), ax.get_ylim)]
        limits = [None if is_on else get_limits() for is_on, get_limits in autoscaled]
        scales = ax.get_xscale(), ax.get_yscale()
        return limits, scales, ax.xaxis.get_major_locator(), ax.xaxis.get_major_formatter()

    ax = pyplot.subplots()[1]
    set_up(ax)
    before = properties()
    draw(ax)
    ax.figure.draw_without_rendering()
    assert properties() == before
    assert ax.get_yscale() == "linear" or ax.get_ylim()[0] > 0


def test_curves_are_drawn_on_polar_and_shared_axes(pyplot):
    figure = pyplot.figure()
    polar, plain = figure.add_subplot(131, projection="polar"), figure.add_subplot(132)
    for ax in (polar, figure.add_subplot(133, sharex=plain)):
        loss(ax)
    figure.draw_without_rendering()
