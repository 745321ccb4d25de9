"""The analytic gradient of an estimator's objective against central differences."""

from __future__ import annotations

from copy import deepcopy
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state, check_scalar

from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.convergence import Convergence
from sklearn_softmax._training.epochs import State
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.optimizers import GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.run import TrainingRun
from sklearn_softmax._typing import MatrixLike, RandomSource
from sklearn_softmax.estimators._base import GradientDescentClassifier

# Differences are taken in the longest floating-point type, so that they resolve more.
LONG = np.longdouble
STEP = np.finfo(LONG).eps ** (LONG(1) / 3)


def gradient_check(
    estimator: GradientDescentClassifier,
    X: MatrixLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    max_entries: int = 200,
    random_state: RandomSource = 0,
) -> dict[str, float]:
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
    params = _parameters(model, network, rng, is_fitted)
    objective = Objective(network, model._loss, model._dropout())
    values = _hyperparameters(model, rows)
    loss, gradient = _step(objective, values, params, rows)
    long_rows = Rows(rows.X.astype(LONG), rows.y, rows.weight)

    def value(i, step):
        """The objective where one entry of the vector of parameters is moved."""
        vector = params.vector.astype(LONG)
        vector[0, i] += step
        return _step(objective, values, params.on(vector), long_rows)[0]

    index = params.on(np.arange(len(gradient))[np.newaxis])
    arrays = {f"W{layer}": W for layer, W in enumerate(index.weights, start=1)}
    arrays |= {f"b{layer}": b for layer, b in enumerate(index.intercepts, start=1)}
    resolved = 1e8 * np.finfo(LONG).eps * loss / STEP
    errors = {}
    for name, indices in arrays.items():
        chosen = rng.permutation(indices.ravel())[:max_entries]
        slopes = ((value(i, STEP) - value(i, -STEP)) / (2 * STEP) for i in chosen)
        differences = np.fromiter(slopes, np.float64)
        smallest = max(1e-3 * np.max(np.abs(gradient[indices])), resolved)
        errors[name] = _largest_error(gradient[chosen], differences, smallest)
    return errors


def _prepare(model, X, y, sample_weight, rng, is_fitted):
    """Rows in double precision, with everything about the model that does not depend on them."""
    model._validate_params()
    model._check_parameters()
    X, y = model._check_X_y(X, y, reset=not is_fitted)
    if not is_fitted:
        model.classes_ = np.unique(y)
        model._check_classes(model.classes_)
        model._random_state = rng
    rows = model._rows_of_classes(X, y, sample_weight, "the classes of the fit")
    return Rows(rows.X.astype(np.float64, copy=False), rows.y, rows.weight)


def _parameters(model, network, rng, is_fitted):
    """Parameters to check the gradient at, in double precision."""
    if is_fitted:
        params = model._parameters_for(network)
        return params.on(params.vector.astype(np.float64))
    model._initial_parameters(network, np.float64, [model])
    params = network.normal(rng, np.float64)
    # With intercepts of 0, a unit whose inputs are all silent stands on the kink of "relu".
    for b in params.intercepts:
        b[...] = 0.1 * rng.standard_normal(b.shape)
    return params


def _hyperparameters(model, rows):
    """Those with which a step leaves the parameters, and the first velocity is the gradient."""
    of_model = model._hyperparameters()
    values = {"lr": 0.0, "lr_decay": 1.0, "momentum": 0.5, "dropout": of_model.get("dropout", 0.0)}
    values["l2"] = of_model["reg_param"] / rows.total_weight
    return Hyperparameters(**{name: np.array([value]) for name, value in values.items()})


def _step(objective, values, params, rows):
    """The objective, and its gradient as a step of training on all rows has it."""
    optimizer = GradientDescent()
    state = State(params, optimizer.start(params.vector, values.momentum), values)
    # A copy of the objective, for dropout to draw the same masks every time.
    batches, convergence = (len(rows), False, None), Convergence(1)
    run = TrainingRun(deepcopy(objective), optimizer, rows, state, *batches, convergence)
    run.advance(1)
    trained = run.look(0)
    value = trained.history["loss"][0] + trained.history["penalty"][0]
    return value, trained.optimizer_state["velocity"][0]


def _largest_error(gradient, differences, smallest):
    """Largest difference of two arrays, relative to their entries or to a smallest size."""
    size = np.maximum(np.abs(gradient) + np.abs(differences), smallest)
    errors = np.abs(gradient - differences)
    return float(np.max(np.divide(errors, size, out=np.zeros_like(errors), where=errors > 0)))
