"""Texts of drawn figures and made-up histories, for the tests of Displays."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np


def texts(artists):
    """Return the texts of labels, titles or a legend."""
    artists = artists.get_texts() if hasattr(artists, "get_texts") else artists
    return [artist.get_text() for artist in artists]


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
