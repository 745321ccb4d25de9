"""What holds for every combination: an AssertionError tells what does not."""

import linecache
import pickle
import re
import time
import traceback
import warnings
from contextlib import nullcontext
from copy import deepcopy
from pathlib import Path

import numpy as np
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import sklearn_softmax
from tests.cases import assert_same_model, fitted_attributes

OURS, SCIKIT_LEARN = (str(Path(module.__file__).parent) for module in (sklearn_softmax, sklearn))
# Of NumPy's conversions in scikit-learn's checks of arrays.
CONVERSIONS = "could not convert string|inhomogeneous|at least one array or dtype is required"
# scikit-learn's own, then ours.
USER_WARNINGS = (
    "unique classes is greater|least populated class|valid feature names|has feature na"
    "|X_val is far from X|rounding errors of float"
)
MOST_SECONDS = 20


def check(combination):
    """Raise an AssertionError if the combination breaks a law; tell whether it could be fitted."""
    before = contents(combination)
    model = combination.model()
    fitted_before = fitted_on_friendly_rows(combination, model)
    state_before = deepcopy(state_of(model))
    begin = time.process_time()
    error, caught = attempt(combination, model)
    assert time.process_time() - begin < MOST_SECONDS, "it takes too long"
    np.testing.assert_equal(contents(combination), before, "inputs are changed")
    check_warnings(caught)
    if error is None:
        assert not combination.has_to_fail, "invalid input goes unnoticed"
        check_fitted(combination, model, caught, goes_on=fitted_before)
    else:
        check_error(error)
        if combination.use in ("fit", "X_val"):
            np.testing.assert_equal(state_of(model), state_before, "a failed fit leaves traces")
    return error is None


def attempt(combination, model):
    """What training raises, or None, and the warnings."""
    with warnings.catch_warnings(record=True) as caught, floating_point(combination):
        warnings.simplefilter("always")
        try:
            combination.train(model)
        except Exception as error:
            return error, caught
    return None, caught


def floating_point(combination):
    """As a user may have set it."""
    return np.errstate(all="raise") if combination.errors_raised else nullcontext()


def fitted_on_friendly_rows(combination, model):
    """Fit a model, every other time, with good parameters on good rows; tell whether it is."""
    shape, y = np.shape(combination.X), combination.y
    is_good = len(shape) == 2 and np.shape(y) == shape[:1] and not combination.has_to_fail
    if isinstance(model, Pipeline) or not is_good or shape[0] % 2:
        return False
    X = np.random.default_rng(0).standard_normal(shape)
    params = model.get_params()
    friendly = type(model)(lr=0.1, n_epochs=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        friendly.fit(X, np.asarray(y))
    vars(model).update(vars(friendly))
    model.set_params(**params)
    return True


# --- errors and warnings -------------------------------------------------------------------------


def check_error(error):
    """Errors are of input, raised on purpose, and name what they are about."""
    text = f"{type(error).__name__}: {error}"
    assert isinstance(error, ValueError | TypeError), text
    last = traceback.extract_tb(error.__traceback__)[-1]
    is_on_purpose = linecache.getline(last.filename, last.lineno).strip().startswith("raise ")
    is_conversion = last.filename.startswith(SCIKIT_LEARN) and re.search(CONVERSIONS, text)
    assert is_on_purpose or is_conversion, f"not raised on purpose, {last.filename}: {text}"
    assert last.filename.startswith((OURS, SCIKIT_LEARN)), f"raised in {last.filename}: {text}"
    assert not re.search(r"\bnan\b, above|None instead of", text), text


def check_warnings(caught):
    """Warnings are those that the documentation promises."""
    for warning in caught:
        text = f"{warning.category.__name__} in {warning.filename}: {warning.message}"
        is_known = issubclass(warning.category, ConvergenceWarning | DataConversionWarning)
        is_known |= warning.category is UserWarning and re.search(USER_WARNINGS, text) is not None
        assert is_known, text


# --- fitted models --------------------------------------------------------------------------------


def check_fitted(combination, model, caught, *, goes_on):
    """A fitted model is finite, predicts, can be copied, and is that of its seed."""
    estimator = model[-1] if isinstance(model, Pipeline) else model
    check_is_fitted(estimator)
    check_finite(estimator, combination.use)
    with floating_point(combination):
        check_predictions(combination, model)
    check_copies(model, combination.X)
    is_seeded = estimator.random_state is not None
    if is_seeded and not goes_on and "partial" not in combination.use:
        check_same_seed(combination, estimator)
    if not any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        check_loss(combination, estimator)


def check_finite(estimator, use):
    """No attribute is infinite or NaN, but where it is documented."""
    for name, value in fitted_attributes(estimator).items():
        if name == "history_":
            for figure, values in value.items():
                has_no_lr = figure == "lr" and getattr(estimator, "optimizer", "") == "lbfgs"
                may_be_nan = figure.startswith("val_") or "partial" in use or has_no_lr
                if figure == "weight_norm" and next_to_the_end_of_the_range(estimator):
                    continue
                assert may_be_nan or np.all(np.isfinite(values)), f"{figure} is {values}"
        elif isinstance(value, list | np.ndarray | float) and name not in ("classes_",):
            if name in ("convergence_", "feature_names_in_", "lr_"):
                continue
            for array in value if isinstance(value, list) else [value]:
                assert np.all(np.isfinite(array)), f"{name} is {array}"


def next_to_the_end_of_the_range(estimator):
    """Whether the norm of finite weights may be too large for their type."""
    weights = estimator.coefs_ if hasattr(estimator, "coefs_") else [estimator.coef_]
    return max(np.abs(W).max() for W in weights) > np.finfo(np.float64).max / 1e3


def check_predictions(combination, model):
    """Predictions are classes, agree with one another, and probabilities are some."""
    for scale in (1, 1e-5, 1e250):
        X = scaled(combination.X, scale)
        if can_predict(model, X):
            labels = model.predict(X)
            assert set(np.asarray(labels).tolist()) <= set(model.classes_.tolist()), labels
            check_scores(model, X, labels)
        else:
            # The loss of a perceptron is finite where scores on the right side are not, and rows
            # of no weight have none.
            has_loss = hasattr(model, "predict_proba") and not combination.options
            assert scale > 1 or not has_loss, "rows that were trained on cannot be predicted"


def can_predict(model, X):
    """Whether the scores of the rows are in range; else there has to be an error that says so."""
    try:
        model.predict(X)
    except ValueError as error:
        check_error(error)
        return False
    return True


def check_scores(model, X, labels):
    """Scores and probabilities agree with the labels."""
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
    """A pickled model predicts the same, and a clone is not fitted."""
    again = pickle.loads(pickle.dumps(model))
    if can_predict(model, X):
        np.testing.assert_array_equal(again.predict(X), model.predict(X), "a pickle is another")
    assert not fitted_attributes(clone(model)), "a clone is fitted"


def check_same_seed(combination, estimator):
    """Another fit of the same seed is the same model."""
    model = combination.model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        combination.train(model)
    assert_same_model(model[-1] if isinstance(model, Pipeline) else model, estimator)


def check_loss(combination, estimator):
    """Without a warning, the loss is not above that of a model that knows nothing."""
    if not hasattr(estimator, "predict_proba") or "partial" in combination.use:
        return
    losses, n_classes = estimator.history_["loss"], len(estimator.classes_)
    is_one_vs_rest = type(estimator).__name__ == "GDLogisticRegression"
    n_outputs = 1 if n_classes <= 2 else n_classes
    known_nothing = n_outputs * np.log(2) if is_one_vs_rest else np.log(n_classes)
    untrained = max(known_nothing, losses[0]) if hasattr(estimator, "coefs_") else known_nothing
    is_learnt = n_classes == 1 or losses[-1] <= 1.01 * untrained * (1 + 1e-6)
    assert is_learnt, f"no warning, loss {losses[-1]} above {untrained}"


# --- what is compared -----------------------------------------------------------------------------


def scaled(X, factor):
    """X times a factor where its type has room for it, else X."""
    if factor == 1 or isinstance(X, list) or getattr(X, "dtype", None) != np.float64:
        return X
    with np.errstate(all="ignore"):
        far = X * factor
    values = far.data if sparse.issparse(far) else np.asarray(far)
    return far if np.all(np.isfinite(values)) else X


def contents(combination):
    """Copies of all numbers and labels of the inputs."""
    given = {"X": combination.X, "y": combination.y, **combination.options}
    return {name: deepcopy(state_of(values)) for name, values in given.items()}


def state_of(value):
    """Whatever an object holds, as lists, dicts and arrays."""
    if sparse.issparse(value):
        value = value.tocoo()
        return [value.data, *value.coords]
    if isinstance(value, np.random.RandomState):
        return list(value.get_state())
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, dict):
        return {name: state_of(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [state_of(part) for part in value]
    if hasattr(value, "to_numpy"):
        return value.to_numpy()
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return [type(value).__name__, state_of(vars(value))]
    return value
