"""Texts of drawn figures and made-up histories, for the tests of Displays."""

from itertools import combinations, pairwise
from types import SimpleNamespace

import numpy as np


def texts(artists):
    """Return the texts of labels, titles or a legend."""
    artists = artists.get_texts() if hasattr(artists, "get_texts") else artists
    return [artist.get_text() for artist in artists]


def visible_ticks(ax):
    """Return the ticks inside the limits of the x axis."""
    low, high = ax.get_xlim()
    return [tick for tick in ax.get_xticks() if low <= tick <= high]


def boxes(artists):
    """Return the boxes of the texts that are not empty, after drawing their figure."""
    artists[0].figure.figure.draw_without_rendering()
    return [artist.get_window_extent() for artist in artists if artist.get_text()]


def assert_apart(boxes):
    """Assert that no box overlaps another."""
    for a, b in combinations(boxes, 2):
        widths = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(widths) < 0.01 or not a.width * b.width


def weight_history(*layer_sizes, n_snapshots=6, classes=None):
    """Return what a ``WeightHistory`` contains after a fit, with random parameters."""
    rng = np.random.default_rng(0)
    layers = list(pairwise(layer_sizes))
    return SimpleNamespace(
        epochs_=np.arange(n_snapshots) * 10,
        weights_=[rng.normal(size=(n_snapshots, n_out, n_in)) for n_in, n_out in layers],
        intercepts_=[rng.normal(size=(n_snapshots, n_out)) for _, n_out in layers],
        classes_=np.arange(layer_sizes[-1]) if classes is None else np.array(classes),
    )
