"""Laws of all combinations: an AssertionError names the one that is broken."""

import linecache
import pickle
import re
import time
import traceback
import warnings
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import sklearn_softmax
from sklearn_softmax import BinaryPerceptron, GDLogisticRegression, SoftmaxRegression
from tests.cases import assert_same_model, fitted_attributes

PACKAGE, SCIKIT_LEARN = (str(Path(module.__file__).parent) for module in (sklearn_softmax, sklearn))
# Errors of NumPy in scikit-learn's checks of arrays.
CONVERSIONS = "could not convert string|inhomogeneous|at least one array or dtype is required"
# Warnings of scikit-learn, then of this package.
USER_WARNINGS = (
    "unique classes is greater|least populated class|valid feature names|has feature na"
    "|X_val is far from X|rounding errors of float"
)
MAX_SECONDS = 20


def check(combination):
    """Raise an AssertionError if the combination breaks a law."""
    contents_before = state_of(vars(combination))
    model = combination.model()
    is_fitted_before = fit_to_normal_rows(combination, model)
    state_before = state_of(model)
    start = time.process_time()
    error, caught = train(combination, model)
    assert time.process_time() - start < MAX_SECONDS, "slow"
    np.testing.assert_equal(state_of(vars(combination)), contents_before, "inputs are changed")
    check_warnings(caught)
    if error is None:
        assert not combination.is_invalid, "invalid input raises no error"
        check_fitted(combination, model, caught, is_fitted_before)
    else:
        check_error(error)
        if combination.use in ("fit", "X_val"):
            np.testing.assert_equal(state_of(model), state_before, "a failed fit changes the model")


def train(combination, model):
    """Return the error of training, or None, and the warnings."""
    with warnings.catch_warnings(record=True) as caught, fp_errors(combination):
        warnings.simplefilter("always")
        try:
            combination.train(model)
        except Exception as error:
            return error, caught
    return None, caught


def fp_errors(combination):
    """Return a context in which floating-point errors are raised, for some combinations."""
    return np.errstate(all="raise") if combination.raises_fp_errors else nullcontext()


def fit_to_normal_rows(combination, model):
    """Fit half of the models to other rows first, and return whether this one is fitted."""
    shape, y = np.shape(combination.X), combination.y
    is_valid = len(shape) == 2 and np.shape(y) == shape[:1] and not combination.is_invalid
    if isinstance(model, Pipeline) or not is_valid or shape[0] % 2:
        return False
    params = model.get_params()
    model.set_params(**type(model)(lr=0.1, n_epochs=2, random_state=0).get_params())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(np.random.default_rng(0).standard_normal(shape), np.asarray(y))
    model.set_params(**params)
    return True


# --- errors and warnings -------------------------------------------------------------------------


def check_error(error):
    """Check that an error is raised on purpose and names its subject."""
    text = f"{type(error).__name__}: {error}"
    assert isinstance(error, ValueError | TypeError), text
    last = traceback.extract_tb(error.__traceback__)[-1]
    is_on_purpose = linecache.getline(last.filename, last.lineno).strip().startswith("raise ")
    is_conversion = last.filename.startswith(SCIKIT_LEARN) and re.search(CONVERSIONS, text)
    assert is_on_purpose or is_conversion, f"not raised on purpose, {last.filename}: {text}"
    assert last.filename.startswith((PACKAGE, SCIKIT_LEARN)), f"from {last.filename}: {text}"
    assert not re.search(r"\bnan\b, above|None instead of", text), text


def check_warnings(caught):
    """Check that all warnings are documented."""
    for warning in caught:
        text = f"{warning.category.__name__} in {warning.filename}: {warning.message}"
        is_documented = issubclass(warning.category, ConvergenceWarning | DataConversionWarning)
        is_user_warning = warning.category is UserWarning
        assert is_documented or (is_user_warning and re.search(USER_WARNINGS, text)), text


# --- fitted models --------------------------------------------------------------------------------


def check_fitted(combination, model, caught, is_fitted_before):
    """Check the attributes and predictions of a fitted model."""
    estimator = model[-1] if isinstance(model, Pipeline) else model
    check_is_fitted(estimator)
    check_finite(estimator, combination.use)
    with fp_errors(combination):
        check_predictions(combination, model)
    check_copies(model, combination.X)
    if "partial" in combination.use:
        assert estimator.stop_reason_ is None
        return
    if not is_fitted_before:
        check_stop_reason(combination.use, estimator)
        if estimator.random_state is not None:
            assert_same_model(train_again(combination), estimator)
            check_sparse_features(combination, estimator)
    if not any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        check_loss(estimator)


def check_finite(estimator, use):
    """Check that no attribute is infinite or NaN, unless documented."""
    is_lbfgs = getattr(estimator, "optimizer", "") == "lbfgs"
    attributes = fitted_attributes(estimator)
    for figure, values in attributes.pop("history_").items():
        may_be_nan = figure.startswith("val_") or "partial" in use or (figure == "lr" and is_lbfgs)
        is_out_of_range = figure == "weight_norm" and is_close_to_overflow(estimator)
        assert may_be_nan or is_out_of_range or np.all(np.isfinite(values)), f"{figure} is {values}"
    for name in attributes.keys() - {"classes_", "convergence_", "feature_names_in_", "lr_"}:
        value = attributes[name]
        if isinstance(value, list | np.ndarray | float):
            for array in value if isinstance(value, list) else [value]:
                assert np.all(np.isfinite(array)), f"{name} is {array}"


def is_close_to_overflow(estimator):
    """Return whether the norm of finite weights may be infinite."""
    weights = estimator.coefs_ if hasattr(estimator, "coefs_") else [estimator.coef_]
    return max(np.abs(W).max() for W in weights) > np.finfo(np.float64).max / 1e3


def check_stop_reason(use, estimator):
    """Check that training could end for this reason."""
    is_auto = getattr(estimator, "lr", None) == "auto" and estimator.n_epochs == "auto"
    is_perceptron = isinstance(estimator, BinaryPerceptron)
    may_converge = is_perceptron or is_auto or estimator.optimizer == "lbfgs"
    reasons = {
        "max_epochs": True,
        "early_stopping": estimator.early_stopping,
        "no_mistakes": is_perceptron,
        "converged": may_converge,
    }
    assert reasons[estimator.stop_reason_], estimator.stop_reason_
    if estimator.stop_reason_ == "max_epochs" and use == "fit" and estimator.n_epochs != "auto":
        assert estimator.n_iter_ == estimator.n_epochs


def check_predictions(combination, model):
    """Check predictions for the rows and for scaled rows."""
    for scale in (1, 1e-5, 1e250):
        X = scale_rows(combination.X, scale)
        if can_predict(model, X):
            labels = model.predict(X)
            assert set(np.asarray(labels).tolist()) <= set(model.classes_.tolist()), labels
            check_scores(model, X, labels)
        else:
            # A perceptron has a finite loss if only scores of the right sign are infinite, and
            # rows without weight have no loss.
            has_loss = hasattr(model, "predict_proba") and not combination.options
            assert scale > 1 or not has_loss, "no predictions for training rows"


def can_predict(model, X):
    """Return whether the rows can be predicted, and check the error if not."""
    try:
        model.predict(X)
    except ValueError as error:
        check_error(error)
        return False
    return True


def check_scores(model, X, labels):
    """Check that scores and probabilities agree with the labels."""
    index = np.searchsorted(model.classes_, labels)
    row = np.arange(len(index))
    if hasattr(model, "decision_function"):
        scores = model.decision_function(X)
        assert np.all(np.isfinite(scores)), scores
        if scores.ndim == 1 and len(model.classes_) == 2:
            np.testing.assert_array_equal(index, scores > 0, "predict and decision_function")
        elif scores.ndim == 2:
            np.testing.assert_array_equal(index, scores.argmax(axis=1), "predict and scores")
    if hasattr(model, "predict_proba"):
        probability = model.predict_proba(X)
        tolerance = 1e-5 if probability.dtype == np.float32 else 1e-12
        assert probability.shape == (len(row), len(model.classes_)), probability.shape
        assert np.all((probability >= 0) & (probability <= 1 + tolerance)), probability
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=tolerance)
        assert np.all(probability[row, index] >= probability.max(axis=1) - tolerance)
        assert np.all(np.isfinite(model.predict_log_proba(X)))


def check_copies(model, X):
    """Check that a pickled model predicts the same, and that a clone is not fitted."""
    restored = pickle.loads(pickle.dumps(model))
    if can_predict(model, X):
        np.testing.assert_array_equal(restored.predict(X), model.predict(X), "a pickle differs")
    assert not fitted_attributes(clone(model)), "a clone is fitted"


def train_again(combination):
    """Return a second estimator with the same training."""
    model = combination.model()
    train(combination, model)
    return model[-1] if isinstance(model, Pipeline) else model


def check_loss(estimator):
    """Check that without a warning, the loss is at most that of an untrained model."""
    if isinstance(estimator, BinaryPerceptron):
        return
    losses, n_classes = estimator.history_["loss"], len(estimator.classes_)
    is_one_vs_rest = isinstance(estimator, GDLogisticRegression)
    n_outputs = 1 if n_classes <= 2 else n_classes
    chance = n_outputs * np.log(2) if is_one_vs_rest else np.log(n_classes)
    untrained = max(chance, losses[0]) if hasattr(estimator, "coefs_") else chance
    is_better = n_classes == 1 or losses[-1] <= 1.01 * untrained * (1 + 1e-6)
    assert is_better, f"no warning, loss {losses[-1]} above {untrained}"


def check_sparse_features(combination, estimator):
    """Check that a linear model of moderate sparse features is that of the same dense ones."""
    X = combination.X
    is_linear = isinstance(estimator, SoftmaxRegression | GDLogisticRegression)
    is_precise = sparse.issparse(X) and X.dtype != np.float32
    is_same_fit = combination.use in ("fit", "fit twice", "warm_start", "pipeline")
    if not (is_linear and is_precise and is_same_fit) or estimator.early_stopping:
        return  # rounding may decide which epoch is best
    sizes = np.abs(X.data[X.data != 0])
    if estimator.lr == "auto" and len(sizes) and sizes.min() > 1e-6 and sizes.max() < 1e9:
        dense = replace(combination, X=X.toarray())
        expected = train_again(dense).predict_proba(dense.X)
        np.testing.assert_allclose(estimator.predict_proba(X), expected, atol=1e-3)


# --- comparisons ----------------------------------------------------------------------------------


def scale_rows(X, factor):
    """Return X times a factor if X is float64 and the result finite, else X."""
    if factor == 1 or isinstance(X, list) or getattr(X, "dtype", None) != np.float64:
        return X
    with np.errstate(all="ignore"):
        scaled = X * factor
    values = scaled.data if sparse.issparse(scaled) else np.asarray(scaled)
    return scaled if np.all(np.isfinite(values)) else X


def state_of(value):
    """Return copies of the contents of an object, as lists, dicts and arrays."""
    if sparse.issparse(value):
        value = value.tocoo()
        return [value.data.copy(), *(array.copy() for array in value.coords)]
    if isinstance(value, np.random.RandomState):
        return list(value.get_state())
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, dict):
        return {name: state_of(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [state_of(item) for item in value]
    if hasattr(value, "to_numpy"):
        return value.to_numpy().copy()
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return [type(value).__name__, state_of(vars(value))]
    return deepcopy(value)
