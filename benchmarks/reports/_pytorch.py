"""A net with one hidden layer trained by PyTorch, where that is installed."""

from importlib.util import find_spec

import numpy as np


class FittedNet:
    """A trained net that scores as an estimator does.

    Parameters
    ----------
    net : torch.nn.Module
    """

    def __init__(self, net):
        self.net = net

    def score(self, X, y):
        """Share of the rows whose class the net finds.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
        y : ndarray of shape (n_samples,)

        Returns
        -------
        accuracy : float
        """
        import torch

        with torch.no_grad():
            scores = self.net(torch.from_numpy(X))
        return float(np.mean(scores.argmax(dim=1).numpy() == y))


def is_installed():
    """Whether there is PyTorch.

    Returns
    -------
    is_installed : bool
    """
    return find_spec("torch") is not None


def fit(
    X, y, *, hidden_size, weight_init, lr, lr_decay, strength, batch_size, n_epochs, random_state
):
    """Train a ReLU net by gradient descent without momentum, from PyTorch's own random numbers.

    Parameters
    ----------
    X : ndarray of shape (n_train, n_features)
    y : ndarray of shape (n_train,)
        The labels 0, 1, ...
    hidden_size : int
    weight_init : float
        Standard deviation of the normal initial weights; intercepts begin at 0.
    lr, lr_decay : float
        Learning rate, and the factor applied to it after each epoch.
    strength : float
        Weight of the penalty, the squared norm of all weights, beside the mean loss.
    batch_size, n_epochs, random_state : int

    Returns
    -------
    net : FittedNet
    """
    import torch
    from torch import nn

    torch.manual_seed(random_state)
    n_classes = int(y.max()) + 1
    layers = [nn.Linear(X.shape[1], hidden_size), nn.Linear(hidden_size, n_classes)]
    for layer in layers:
        nn.init.normal_(layer.weight, std=weight_init)
        nn.init.zeros_(layer.bias)
    net = nn.Sequential(layers[0], nn.ReLU(), layers[1])
    # The gradient of a squared norm is twice the weights.
    weights = {"params": [layer.weight for layer in layers], "weight_decay": 2 * strength}
    optimizer = torch.optim.SGD([weights, {"params": [layer.bias for layer in layers]}], lr=lr)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, lr_decay)
    for _ in range(n_epochs):
        for batch in torch.randperm(len(y)).split(batch_size):
            rows = batch.numpy()
            scores = net(torch.from_numpy(X[rows]))
            loss = nn.functional.cross_entropy(scores, torch.from_numpy(y[rows]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return FittedNet(net)
