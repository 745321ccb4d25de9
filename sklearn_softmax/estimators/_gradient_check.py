"""The analytic gradient of an estimator's objective against central differences."""

from copy import deepcopy
from dataclasses import replace
from itertools import cycle
from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state, check_scalar

from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._data import (
    check_weight,
    encode,
    weights_of_classes,
    weights_of_rows,
)
from sklearn_softmax.rows import Rows

# Differences are taken in the longest floating-point type, so that they resolve more.
LONG = np.longdouble
STEP = np.finfo(LONG).eps ** (LONG(1) / 3)


def gradient_check(estimator, X, y, sample_weight=None, *, max_entries=200, random_state=0):
    r"""Largest relative error of the analytic gradient, for every parameter array.

    Compares the gradient that training uses, in double precision, with the central
    differences :math:`(J(\theta + h) - J(\theta - h)) / 2h` of the objective J, its
    penalty included. The error of an entry is

    .. math:: \frac{|g - d|}{\max(|g| + |d|, \; 10^{-3} \max |g|, \; 10^8 \epsilon J / h)}

    with g the gradient, d the difference, and the last term what a difference can tell
    to eight digits: entries that vanish beside the largest of their array, or at a
    minimum all of them, are measured by these. Below 1e-7 a gradient can be trusted, for
    features of a size around 1; where a difference steps over a kink of "relu" or of the
    perceptron criterion, an entry can be off by chance.

    Parameters
    ----------
    estimator : estimator of this package
        Never changed. Where it is fitted, its gradient is checked at its parameters,
        else at random ones.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        A small batch: every entry costs two evaluations of the objective on it.
    y : array-like of shape (n_samples,)
        Class labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; None for equal weights.
    max_entries : int, default=200
        Entries to check in each array, chosen at random where it has more.
    random_state : int, RandomState instance or None, default=0
        Source of random parameters, of dropout's mask, which is held fixed, and of the
        choice of entries.

    Returns
    -------
    errors : dict of str to float
        By the name of the array: "W1", "b1" and, with hidden layers, "W2", "b2", ...

    Raises
    ------
    ValueError
        If an input or a parameter of the estimator is not valid.
    TypeError
        If the estimator is none of this package: of a pipeline, give the last step, with
        what its transformers make of X.

    References
    ----------
    C. M. Bishop, "Pattern Recognition and Machine Learning" (2006), section 5.3.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax import TwoLayerMLPClassifier, gradient_check
    >>> rng = np.random.RandomState(0)
    >>> X, y = rng.standard_normal((5, 4)), np.array([0, 1, 2, 2, 1])
    >>> errors = gradient_check(TwoLayerMLPClassifier(hidden_size=10, reg_param=0.1), X, y)
    >>> list(errors), max(errors.values()) < 1e-7
    (['W1', 'W2', 'b1', 'b2'], True)
    """
    if not isinstance(estimator, GradientDescentClassifier):
        raise TypeError(
            "gradient_check needs an estimator of sklearn_softmax, got "
            f"{type(estimator).__name__}. Of a pipeline, give the last step, with what its "
            "transformers make of X."
        )
    check_scalar(max_entries, "max_entries", Integral, min_val=1)
    rng = check_random_state(random_state)
    is_fitted = hasattr(estimator, "classes_")
    model = deepcopy(estimator) if is_fitted else clone(estimator)
    rows = _prepare(model, X, y, sample_weight, rng, is_fitted)
    network = model._network(rows.X.shape[1])
    if is_fitted:
        params = [p.astype(np.float64) for p in model._parameters()]
    else:
        model._initial_parameters(network, np.float64)
        params = network.normal(rng, np.float64)
        # With intercepts of 0, a unit whose inputs are all silent stands on the kink of "relu".
        for b in params[network.n_layers :]:
            b[...] = 0.1 * rng.standard_normal(b.shape)
    objective = model._objective(network, rows)
    if objective.dropout is not None:
        objective = replace(objective, dropout=_HeldFixed(objective, len(rows)))
    loss, gradient = _value_and_gradient(objective, params, rows)
    resolved = 1e8 * np.finfo(LONG).eps * loss / STEP
    long_rows = Rows(rows.X.astype(LONG), rows.y, rows.weight)
    long_params = [p.astype(LONG) for p in params]

    def value():
        return _value_and_gradient(objective, long_params, long_rows)[0]

    names = [f"{kind}{layer + 1}" for kind in "Wb" for layer in range(network.n_layers)]
    return {
        name: _largest_error(g, p, value, resolved, max_entries, rng)
        for name, g, p in zip(names, gradient, long_params)
    }


def _prepare(model, X, y, sample_weight, rng, is_fitted):
    """Rows in double precision, with everything about the model that does not depend on them."""
    model._validate_params()
    model._check_parameters()
    X, y = model._check_X_y(X, y, reset=not is_fitted)
    if not is_fitted:
        model.classes_ = np.unique(y)
        model._check_classes(model.classes_)
        model._random_state = rng
    y = encode(y, model.classes_, name="y", classes_name="the classes of the fit")
    weight = check_weight(sample_weight, X)
    of_classes = weights_of_classes(model.class_weight, weight, y, model.classes_)
    return Rows(X.astype(np.float64, copy=False), y, weights_of_rows(weight, of_classes, y))


class _HeldFixed:
    """Dropout that gives the same masks to the hidden layers again and again."""

    def __init__(self, objective, n_samples):
        sizes = objective.network.layer_sizes[1:-1]
        self.masks = cycle([objective.dropout((n, n_samples), np.float64) for n in sizes])

    def __call__(self, shape, dtype):
        return next(self.masks).astype(dtype)


def _value_and_gradient(objective, params, rows):
    shares = rows.shares(len(rows))
    losses, _, gradient = objective.gradient(params, rows.X, rows.y, shares)
    objective.add_penalty_gradient(objective.network.weights(params), gradient)
    return np.sum(losses * shares) + objective.penalty(params), gradient


def _largest_error(gradient, parameter, value, resolved, max_entries, rng):
    entries = rng.permutation(gradient.size)[:max_entries]
    flat = parameter.reshape(-1)
    differences = np.array([_difference(flat, i, value) for i in entries])
    chosen = gradient.reshape(-1)[entries]
    smallest = max(1e-3 * np.max(np.abs(gradient)), resolved)
    size = np.maximum(np.abs(chosen) + np.abs(differences), smallest)
    errors = np.abs(chosen - differences)
    return float(np.max(np.divide(errors, size, out=np.zeros_like(errors), where=errors > 0)))


def _difference(flat, i, value):
    """Central difference along one entry, which is left as it was."""
    at = flat[i]
    flat[i] = at + STEP
    ahead = value()
    flat[i] = at - STEP
    behind = value()
    flat[i] = at
    return np.float64((ahead - behind) / (2 * STEP))
