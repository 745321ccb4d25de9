"""Comparison of the gradients of an estimator with central differences."""

from __future__ import annotations

from copy import deepcopy
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils import check_random_state, check_scalar

from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._typing import MatrixLike, RandomSource
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._data import check_X_y, read_rows
from sklearn_softmax.estimators._start import fitted_params

# Differences are computed in the longest floating-point type, for more digits.
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
    r"""Return the largest relative error of the gradient of each parameter array.

    Compare the gradient of training, in double precision, with central differences
    :math:`(J(\theta + h) - J(\theta - h)) / 2h` of the objective J, including its penalty. The
    error of an entry is

    .. math:: \frac{|g - d|}{\max(|g| + |d|, \; 10^{-3} \max |g|, \; 10^8 \epsilon J / h)}

    with g the gradient and d the difference. The last term is the resolution of a difference to
    eight digits: errors of entries much smaller than the largest of their array, or of all entries
    at a minimum, are relative to it. A gradient with an error below 1e-7 is correct, for
    features of size around 1; if a difference crosses a kink of "relu" or of the perceptron
    criterion, an entry can be wrong by chance.

    Parameters
    ----------
    estimator : estimator of this package
        Not changed. The gradient of a fitted estimator is checked at its fitted parameters, that of
        an unfitted one at random parameters.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        A small batch, since every entry needs two evaluations of the objective.
    y : array-like of shape (n_samples,)
        Class labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows; None for equal weights.
    max_entries : int, default=200
        Largest number of entries to check per array; they are drawn at random if it has more.
    random_state : int, RandomState instance or None, default=0
        Source of random parameters, of the dropout mask, which is the same in all evaluations, and
        of the checked entries.

    Returns
    -------
    errors : dict of str to float
        Keys are the names of the arrays: "W1", "b1" and, with hidden layers, "W2", "b2", ...

    Raises
    ------
    ValueError
        If an input or a parameter of the estimator is not valid.
    TypeError
        If the estimator is not one of this package. For a pipeline, pass its last step and the
        transformed X.

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
            f"{type(estimator).__name__}. For a pipeline, pass its last step and the transformed X."
        )
    check_scalar(max_entries, "max_entries", Integral, min_val=1)
    rng = check_random_state(random_state)
    is_fitted = hasattr(estimator, "classes_")
    model = deepcopy(estimator) if is_fitted else clone(estimator)
    rows = _prepare(model, X, y, sample_weight, rng, is_fitted)
    spec = model._describe_training()
    network = spec.network(rows.X.shape[1], len(model.classes_))
    params = _parameters(model, network, rng, is_fitted)
    dropout = model._dropout_generator if spec.hidden_sizes else None
    rate = spec.hyperparameters.get("dropout") or None
    l2 = np.array([spec.hyperparameters["reg_param"] / rows.total_weight])

    def objective(params, rows):
        """Return the objective and its gradient, with the same dropout masks in every call."""
        objective = Objective(network, spec.loss, Dropout(deepcopy(dropout)))
        value, gradient = objective.value_and_gradient(params, rows, l2, dropout_rate=rate)
        return value[0], gradient.vector[0]

    loss, gradient = objective(params, rows)
    long_rows = Rows(rows.X.astype(LONG), rows.y, rows.weight)

    def value(i, step):
        """Return the objective with one parameter changed by a step."""
        vector = params.vector.astype(LONG)
        vector[0, i] += step
        return objective(params.replace_vector(vector), long_rows)[0]

    index = params.replace_vector(np.arange(len(gradient))[np.newaxis])
    arrays = {f"W{layer}": W for layer, W in enumerate(index.weights, start=1)}
    arrays |= {f"b{layer}": b for layer, b in enumerate(index.intercepts, start=1)}
    resolution = 1e8 * np.finfo(LONG).eps * loss / STEP
    errors = {}
    for name, indices in arrays.items():
        entries = rng.permutation(indices.ravel())[:max_entries]
        slopes = ((value(i, STEP) - value(i, -STEP)) / (2 * STEP) for i in entries)
        differences = np.fromiter(slopes, np.float64)
        min_size = max(1e-3 * np.max(np.abs(gradient[indices])), resolution)
        errors[name] = _largest_error(gradient[entries], differences, min_size)
    return errors


def _prepare(model, X, y, sample_weight, rng, is_fitted):
    """Return rows in double precision; set the classes of an unfitted model."""
    model._validate_params()
    model._check_parameters()
    X, y = check_X_y(model, X, y, reset=not is_fitted)
    if not is_fitted:
        model.classes_ = np.unique(y)
        model._check_classes(model.classes_)
    rows = read_rows(model, X, y, sample_weight, classes_name="the classes of the fit")
    # Drawn without dropout as well, so that the checked entries are the same.
    model._dropout_generator = np.random.default_rng(rng.randint(np.iinfo(np.int32).max))
    return Rows(rows.X.astype(np.float64, copy=False), rows.y, rows.weight)


def _parameters(model, network, rng, is_fitted):
    """Return the parameters at which to check the gradient, in double precision."""
    if is_fitted:
        params = fitted_params(model, network)
        return params.replace_vector(params.vector.astype(np.float64))
    params = network.random_parameters(rng, np.float64)
    # With intercepts of 0, a unit whose inputs are all inactive would be at the kink of "relu".
    for b in params.intercepts:
        b[...] = 0.1 * rng.standard_normal(b.shape)
    return params


def _largest_error(gradient, differences, min_size):
    """Return the largest difference of two arrays, relative to their entries or to min_size."""
    size = np.maximum(np.abs(gradient) + np.abs(differences), min_size)
    errors = np.abs(gradient - differences)
    return float(np.max(np.divide(errors, size, out=np.zeros_like(errors), where=errors > 0)))
