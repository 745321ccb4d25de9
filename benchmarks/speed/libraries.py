"""The same training by other libraries and by the shortest NumPy loops.

Every function returns a function that trains for ``EPOCHS`` epochs and records the end of each on
its argument, a :class:`~benchmarks.speed.timing.Stopwatch`.
"""

from importlib.util import find_spec

import numpy as np
from sklearn.neural_network import MLPClassifier

EPOCHS = 8


def check_libraries():
    """Exit if scikit-learn has no callbacks, and print a line if PyTorch is missing."""
    if find_spec("sklearn.callback") is None:
        raise SystemExit("error: epochs are timed by a callback: install scikit-learn 1.9 or later")
    if not has_torch():
        print("PyTorch is not installed: there is no column for it")


def has_torch():
    """Return whether PyTorch is installed."""
    return find_spec("torch") is not None


def our_epochs(model, X, y):
    """Train an estimator of this package, timed by a callback."""
    model.set_params(n_epochs=EPOCHS)
    return lambda stopwatch: model.set_callbacks(stopwatch).fit(X, y)


def numpy_softmax_epochs(X, y, n_classes, lr, batch_size):
    """Train softmax regression by mini-batch gradient descent without records."""
    rng = np.random.RandomState(0)

    def train(stopwatch):
        W, b = np.zeros((n_classes, X.shape[1]), X.dtype), np.zeros((n_classes, 1), X.dtype)
        for _ in range(EPOCHS):
            for A, true_class in _shuffled_batches(X, y, batch_size, rng):
                dZ = _score_gradient(W @ A.T + b, true_class)
                W -= lr * (dZ @ A)
                b -= lr * dZ.sum(axis=1, keepdims=True)
            stopwatch.end_epoch()

    return train


def numpy_net_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """Train a two-layer ReLU net by Adam without records."""
    rng = np.random.RandomState(0)

    def train(stopwatch):
        W1 = 0.05 * rng.standard_normal((hidden_size, X.shape[1])).astype(X.dtype)
        W2 = 0.05 * rng.standard_normal((n_classes, hidden_size)).astype(X.dtype)
        b1, b2 = np.zeros((hidden_size, 1), X.dtype), np.zeros((n_classes, 1), X.dtype)
        params = [W1, W2, b1, b2]
        means, squares = ([np.zeros_like(p) for p in params] for _ in range(2))
        t = 0
        for _ in range(EPOCHS):
            for A, true_class in _shuffled_batches(X, y, batch_size, rng):
                H = W1 @ A.T
                H += b1
                np.maximum(H, 0, out=H)
                dZ2 = _score_gradient(W2 @ H + b2, true_class)
                dZ1 = W2.T @ dZ2
                dZ1 *= H > 0
                gradient = [
                    dZ1 @ A,
                    dZ2 @ H.T,
                    dZ1.sum(axis=1, keepdims=True),
                    dZ2.sum(axis=1, keepdims=True),
                ]
                t += 1
                for p, g, m, v in zip(params, gradient, means, squares):
                    m *= 0.9
                    m += 0.1 * g
                    v *= 0.999
                    v += 0.001 * (g * g)
                    p -= lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            stopwatch.end_epoch()

    return train


def _shuffled_batches(X, y, batch_size, rng):
    """Yield the rows of each batch in a buffer, and their classes."""
    buffer = np.empty((batch_size, X.shape[1]), X.dtype)
    order = rng.permutation(len(y))
    for start in range(0, len(y), batch_size):
        batch = order[start : start + batch_size]
        yield np.take(X, batch, axis=0, out=buffer[: len(batch)], mode="clip"), y[batch]


def _score_gradient(Z, y):
    """Return the gradient of the mean cross-entropy in place of the raw scores."""
    m = len(y)
    Z -= Z.max(axis=0)
    P = np.exp(Z, out=Z)
    P /= P.sum(axis=0)
    P[y, np.arange(m)] -= 1
    P /= m
    return P


def torch_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """Train by a plain PyTorch loop on the CPU that records the mean loss of each epoch.

    Gradient descent without a hidden layer (``hidden_size=None``), Adam with one.
    """
    import torch
    from torch import nn

    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def new_model():
        if hidden_size is None:
            return nn.Linear(X.shape[1], n_classes, dtype=X.dtype)
        return nn.Sequential(
            nn.Linear(X.shape[1], hidden_size, dtype=X.dtype),
            nn.ReLU(),
            nn.Linear(hidden_size, n_classes, dtype=X.dtype),
        )

    def train(stopwatch):
        model = new_model()
        Optimizer = torch.optim.SGD if hidden_size is None else torch.optim.Adam
        optimizer = Optimizer(model.parameters(), lr=lr)
        losses = []
        for _ in range(EPOCHS):
            total = 0.0
            for batch in torch.randperm(len(y)).split(batch_size):
                loss = nn.functional.cross_entropy(model(X[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            losses.append(total / len(y))
            stopwatch.end_epoch()

    return train


def sklearn_net_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """Train scikit-learn's ``MLPClassifier`` by Adam, one epoch at a time."""

    def train(stopwatch):
        model = MLPClassifier((hidden_size,), learning_rate_init=lr, batch_size=batch_size, alpha=0)
        for _ in range(EPOCHS):
            model.partial_fit(X, y, classes=np.arange(n_classes))
            stopwatch.end_epoch()

    return train
