"""Comparison of a trained model with the prediction of the class shares."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from sklearn_softmax._model.network import Workspace

# Smallest relative improvements that count: on the loss of the class shares, and per epoch.
MIN_GAIN, MIN_FALL_PER_EPOCH = 1e-2, 1e-4
# Fraction of dead units from which a hidden layer counts as dead.
MIN_DEAD_FRACTION = 0.9
# Classes are related to features if their largest correlation is MIN_RATIO times that of N_SHUFFLES
# random orders of the classes.
MIN_RATIO, N_SHUFFLES = 1.5, 10


@dataclass(frozen=True)
class Chance:
    """Comparison of a trained model with the prediction of the class shares for every row.

    Parameters
    ----------
    loss : float
        Loss of the class shares; 0 for the perceptron criterion or a single class.
    problem : {"", "dead", "unchanged"}
        Reason that the model is no better: dead units, or a loss that training has not changed or
        no longer changes. Empty if the model is better, or if more training may improve it.
    dead_fraction : float
        Fraction of units whose derivative is 0 for every row, in the hidden layer with the most.
    """

    loss: float
    problem: str = ""
    dead_fraction: float = 0.0


def compare_with_chance(objective, model, rows, class_weight=None):
    """Compare a model with the prediction of the class shares.

    Parameters
    ----------
    objective : Objective
    model : TrainedModel
    rows : Rows
        Sample of at most 1,024 rows, from which the loss of the model was computed.
    class_weight : ndarray of shape (1, n_classes) or None, default=None

    Returns
    -------
    chance : Chance
    """
    weights = np.broadcast_to(rows.relative_weights(class_weight), (1, len(rows)))[0]
    n_outputs = objective.network.layer_sizes[-1]
    shares = np.bincount(rows.y, weights, minlength=n_outputs) / len(rows)
    chance_loss = objective.loss.loss_at_shares(shares)
    if model.failure or not 0 < chance_loss * (1 - MIN_GAIN) <= model.loss:
        return Chance(chance_loss)
    dead_fraction = _dead_fraction(objective.network, model.params, _features(rows))
    problem = "dead" if dead_fraction >= MIN_DEAD_FRACTION else _standstill(model)
    return Chance(chance_loss, problem, dead_fraction)


def _standstill(model):
    """Return "unchanged" if training has not changed the loss, or no longer changes it."""
    losses = model.history["loss"]
    # After a single epoch, only the loss on the sample can be compared with that of the epoch.
    last = losses[-1] if len(losses) > 1 else model.loss
    min_fall = MIN_FALL_PER_EPOCH * len(losses) * losses[0]
    is_unchanged = model.stop_reason == "converged" or abs(losses[0] - last) <= min_fall
    return "unchanged" if is_unchanged else ""


def _dead_fraction(network, params, X):
    """Return the largest fraction of units of a hidden layer with derivatives of 0 only."""
    workspace = Workspace(params, X.shape[0], params.vector.dtype)
    network.forward(params, X, workspace)
    fractions = [0.0]
    for A in workspace.outputs[:-1]:
        derivative = np.ones_like(A)
        network.activation.backward(derivative, A)
        fractions.append(np.mean(~np.any(derivative, axis=-1)))
    return float(max(fractions))


def are_related(rows, *, is_linear):
    """Return whether classes correlate with features more than shuffled classes do.

    Parameters
    ----------
    rows : Rows
        A sample of at most 1,024 rows.
    is_linear : bool
        Whether only linear relations count; otherwise random Fourier features are added, which
        show nonlinear relations, such as a circle.

    Returns
    -------
    are_related : bool
    """
    from sklearn.kernel_approximation import RBFSampler

    X, y = _features(rows), rows.y
    X = X.astype(np.float64)
    scaler = MaxAbsScaler(copy=False).fit(X)
    # The scaler's scale_ is 1 for features below 2e-15, whose squares would underflow.
    scaler.scale_ = np.maximum(scaler.max_abs_, np.finfo(np.float64).tiny)
    X = StandardScaler(with_mean=not issparse(X), copy=False).fit_transform(scaler.transform(X))
    tables = [X]
    if not is_linear:
        fourier = RBFSampler(gamma=1 / X.shape[1], random_state=0).fit_transform(X)
        tables.append(StandardScaler().fit_transform(fourier))
    classes, rng = np.unique(y)[:, np.newaxis], np.random.default_rng(0)

    def largest_correlation(y):
        """Return the largest correlation of a class with a feature, up to a factor."""
        indicators = StandardScaler().fit_transform((y == classes).T.astype(np.float64)).T
        return max(np.max(np.abs(indicators @ table)) for table in tables)

    correlations = [largest_correlation(rng.permutation(y)) for _ in range(N_SHUFFLES)]
    return largest_correlation(y) > MIN_RATIO * max(correlations)


def _features(rows):
    """Return the features of all rows of a sample."""
    return rows.read(slice(0, len(rows)))
