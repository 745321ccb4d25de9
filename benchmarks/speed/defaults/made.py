"""Synthetic data sets from fixed seeds, each with one difficulty of real data."""

import numpy as np
from scipy.sparse import csr_array
from sklearn.datasets import make_blobs, make_circles, make_classification, make_moons

CONSTANTS = (0.0, 1.0, -3.0, 1e-3, 1e3)
NOISE = 0.3
N_WORDS, N_DOCUMENTS, N_TOPICS = 5_000, 2_000, 8


def badly_scaled():
    """Return 16 features of scales from 1e-3 to 1e4, their means up to 100 deviations from 0."""
    X, y = _classification(1_000, 16, n_informative=10, n_classes=3)
    rng = np.random.default_rng(0)
    scale, shift = 10 ** rng.uniform(-3, 4, X.shape[1]), rng.uniform(-100, 100, X.shape[1])
    return (X / X.std(axis=0) + shift) * scale, y


def collinear():
    """Return forty features that are linear combinations of ten."""
    return _classification(600, 40, n_informative=10, n_redundant=30, n_classes=3)


def constant_columns():
    """Return fifteen features and five constant ones."""
    X, y = _classification(600, 15, n_informative=8, n_classes=3)
    return np.hstack([X, np.tile(CONSTANTS, (len(X), 1))]), y


def imbalanced():
    """Return two classes of 97 % and 3 % of the rows."""
    return _classification(2_000, 20, n_informative=5, weights=[0.97], flip_y=0)


def label_noise():
    """Return three classes with 30 % of the rows labelled as one of the other two."""
    X, y = _classification(2_000, 20, n_informative=10, n_classes=3, flip_y=0)
    rng = np.random.default_rng(0)
    mislabelled = rng.choice(len(y), round(NOISE * len(y)), replace=False)
    y[mislabelled] = (y[mislabelled] + rng.integers(1, 3, len(mislabelled))) % 3
    return X, y


def ten_rows():
    """Return five rows of each of two classes."""
    return _classification(10, 4, n_informative=3, n_redundant=0, flip_y=0, class_sep=2)


def many_rows():
    """Return 20,000 rows of 50 features and 20 classes."""
    return _classification(20_000, 50, n_informative=30, n_classes=20, n_clusters_per_class=1)


def wide():
    """Return a hundred rows of 2,000 features."""
    return _classification(100, 2_000, n_informative=50, n_redundant=0, class_sep=2)


def circles():
    """Return two concentric circles."""
    return make_circles(1_000, noise=0.1, factor=0.5, random_state=0)


def moons():
    """Return two interleaved half-moons."""
    return make_moons(1_000, noise=0.2, random_state=0)


def far_moons():
    """Return the two half-moons, shifted by more than a hundred standard deviations."""
    X, y = moons()
    return X + np.array([100, -100]), y


def blobs():
    """Return six overlapping Gaussian clusters; the best accuracy is 97 %."""
    return make_blobs(1_500, 10, centers=6, cluster_std=4, random_state=0)


def heavy_tailed():
    """Return lognormal features: a few values are some hundred times the median."""
    X, y = _classification(1_000, 20, n_informative=10, n_classes=3)
    return np.exp(1.5 * (X - X.mean(axis=0)) / X.std(axis=0)), y


def counts():
    """Return Poisson counts of four classes, with means from below one to a hundred."""
    rng = np.random.default_rng(0)
    n_rows, n_features, n_classes = 1_500, 30, 4
    means = rng.gamma(0.7, 20, n_features)
    rates = means * np.exp(0.15 * rng.standard_normal((n_classes, n_features)))
    y = rng.integers(n_classes, size=n_rows)
    return rng.poisson(rates[y]).astype(float), y


def text():
    """Return word counts of documents as a sparse matrix, one topic per class.

    Returns
    -------
    X : csr_array of shape (2000, 5000)
        Word frequencies follow Zipf's law. Each topic has frequent words of its kind, and half
        of a document is about its topic, the other half about other topics.
    y : ndarray of shape (2000,)
        Topic.
    """
    rng = np.random.default_rng(0)
    zipf = 1 / (np.arange(N_WORDS) + 2.7)
    topics = zipf * np.exp(rng.standard_normal((N_TOPICS, N_WORDS)))
    topics /= topics.sum(axis=1, keepdims=True)
    y = rng.integers(N_TOPICS, size=N_DOCUMENTS)
    weights = 0.5 * rng.dirichlet(np.full(N_TOPICS, 0.5), N_DOCUMENTS)
    weights[np.arange(N_DOCUMENTS), y] += 0.5
    lengths = np.maximum(10, rng.lognormal(np.log(60), 0.6, N_DOCUMENTS).astype(int))
    return csr_array(rng.multinomial(lengths, weights @ topics).astype(float)), y


def _classification(n_samples, n_features, **options):
    """Return clusters at the corners of a hypercube, from a fixed seed."""
    return make_classification(n_samples, n_features, random_state=0, **options)
