"""The same training by other libraries, and by the least NumPy that does it.

Every function gives a function that trains for ``EPOCHS`` epochs and notes the end of each
on the stopwatch it is given.
"""

from importlib.util import find_spec

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.recorded_net import RecordedNet

EPOCHS = 8


def check_libraries():
    """Refuse a scikit-learn that cannot time epochs, and say so if PyTorch is missing."""
    if find_spec("sklearn.callback") is None:
        raise SystemExit("error: epochs are timed by a callback; install scikit-learn 1.9 or later")
    if not has_torch():
        print("PyTorch is not installed: its column is left out")


def has_torch():
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


def our_epochs(model, X, y):
    """An estimator of this package, timed by a callback."""
    model.set_params(n_epochs=EPOCHS)
    return lambda stopwatch: model.set_callbacks(stopwatch).fit(X, y)


def numpy_softmax_epochs(X, y, n_classes, lr, batch_size):
    """The least that mini-batch softmax regression must do: nothing is recorded."""
    rng = np.random.RandomState(0)

    def train(stopwatch):
        W, b = np.zeros((n_classes, X.shape[1]), X.dtype), np.zeros((n_classes, 1), X.dtype)
        for _ in range(EPOCHS):
            for A, true_class in _shuffled_batches(X, y, batch_size, rng):
                dZ = _score_gradient(W @ A.T + b, true_class)
                W -= lr * (dZ @ A)
                b -= lr * dZ.sum(axis=1, keepdims=True)
            stopwatch.note()

    return train


def numpy_net_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """The least that a two-layer ReLU net trained by Adam must do: nothing is recorded."""
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
            stopwatch.note()

    return train


def numpy_recorded_net_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """The same net in plain NumPy that keeps the mean loss and the accuracy of each epoch."""
    rng = np.random.RandomState(0)

    def train(stopwatch):
        W1 = 0.05 * rng.standard_normal((hidden_size, X.shape[1])).astype(X.dtype)
        W2 = 0.05 * rng.standard_normal((n_classes, hidden_size)).astype(X.dtype)
        net = RecordedNet(W1, W2, lr, batch_size, len(y))
        history = []
        for _ in range(EPOCHS):
            history.append(net.epoch(X, y, rng.permutation(len(y))))
            stopwatch.note()

    return train


def _shuffled_batches(X, y, batch_size, rng):
    buffer = np.empty((batch_size, X.shape[1]), X.dtype)
    order = rng.permutation(len(y))
    for start in range(0, len(y), batch_size):
        batch = order[start : start + batch_size]
        yield np.take(X, batch, axis=0, out=buffer[: len(batch)], mode="clip"), y[batch]


def _score_gradient(Z, y):
    """Gradient of the mean cross-entropy; overwrites the scores."""
    m = len(y)
    Z -= Z.max(axis=0)
    P = np.exp(Z, out=Z)
    P /= P.sum(axis=0)
    P[y, np.arange(m)] -= 1
    P /= m
    return P


def torch_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """A plain PyTorch loop on the CPU that keeps the mean loss of each epoch.

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
            stopwatch.note()

    return train


def sklearn_net_epochs(X, y, n_classes, hidden_size, lr, batch_size):
    """scikit-learn's ``MLPClassifier``, an epoch at a time.

    Gradient descent without a hidden layer (``hidden_size=None``), Adam with one.
    """
    if hidden_size is None:
        kind = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0}
    else:
        kind = {"hidden_layer_sizes": (hidden_size,)}

    def train(stopwatch):
        model = MLPClassifier(**kind, learning_rate_init=lr, batch_size=batch_size, alpha=0)
        for _ in range(EPOCHS):
            model.partial_fit(X, y, classes=np.arange(n_classes))
            stopwatch.note()

    return train
