"""Bad input gets a clear error before any work is done, and changes nothing."""

import copy

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_softmax import SoftmaxRegression

X, y = load_iris(return_X_y=True)


def model(**params):
    return SoftmaxRegression(**{"lr": 0.01, "n_epochs": 3, "random_state": 0, **params})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lr", [0, -1, np.inf, np.nan, "big", None]),
        ("lr_decay", [0, 1.1, -0.5, "slow"]),
        ("reg_param", [-1e-9, np.inf, "l2"]),
        ("batch_size", [0, -5, 2.5, "all", None]),
        ("n_epochs", [0, -1, 3.5, None]),
        ("optimizer", ["lbfgs", None, 3]),
        ("momentum", [-0.1, 1.0, "heavy"]),
        ("nesterov", ["yes", 2]),
        ("early_stopping", ["yes", 2]),
        ("validation_fraction", [0, 1, -0.2, 5]),
        ("n_iter_no_change", [0, 1.5]),
        ("tol", [-1e-3, "small"]),
        ("class_weight", ["even", 3]),
        ("fit_intercept", ["no"]),
        ("shuffle", ["no"]),
        ("warm_start", ["no"]),
        ("random_state", ["seed", -1]),
        ("verbose", ["loud"]),
    ],
)
def test_parameters(name, values):
    for value in values:
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            model(**{name: value}).fit(X, y)
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            model(**{name: value}).partial_fit(X, y, classes=[0, 1, 2])


def test_every_parameter_is_checked():
    assert set(SoftmaxRegression._parameter_constraints) == set(SoftmaxRegression().get_params())


def test_positional_parameters_are_refused():
    with pytest.raises(TypeError):
        SoftmaxRegression(0.1)


X_nan, X_inf = X.copy(), X.copy()
X_nan[3, 1], X_inf[3, 1] = np.nan, np.inf
CASES = {
    "NaN in X": (X_nan, y, {}, "Input X contains NaN"),
    "infinity in X": (X_inf, y, {}, "Input X contains infinity"),
    "one-dimensional X": (X[:, 0], y, {}, "Expected 2D array, got 1D array"),
    "three-dimensional X": (X.reshape(150, 2, 2), y, {}, "dim 3"),
    "no rows": (X[:0], y[:0], {}, r"Found array with 0 sample\(s\)"),
    "no features": (X[:, :0], y, {}, r"Found array with 0 feature\(s\)"),
    "complex X": (X + 1j, y, {}, "Complex data not supported"),
    "text in X": ([["a", "b"]], [0], {}, "could not convert string to float"),
    "y too short": (X, y[:-1], {}, "inconsistent numbers of samples: "),
    "y missing": (X, None, {}, "requires y to be passed"),
    "two-dimensional y": (X, np.column_stack([y, y]), {}, "y should be a 1d array"),
    "NaN in y": (X, np.where(y == 2, np.nan, y), {}, "Input y contains NaN"),
    "regression target": (X, X[:, 0] + 0.01, {}, "Unknown label type: continuous"),
    "weights too short": (X, y, {"sample_weight": [1.0]}, "sample_weight.shape == "),
    "weights all zero": (X, y, {"sample_weight": np.zeros(150)}, "at least one non-zero"),
    "negative weight": (X, y, {"sample_weight": np.arange(150) - 1.0}, "Negative values"),
    "NaN weight": (X, y, {"sample_weight": np.full(150, np.nan)}, "contains NaN"),
    "X_val alone": (X, y, {"X_val": X}, "X_val and y_val go together.*y_val missing"),
    "y_val alone": (X, y, {"y_val": y}, "X_val and y_val go together.*X_val missing"),
    "sample_weight_val alone": (X, y, {"sample_weight_val": y}, "X_val and y_val go together"),
    "X_val with other features": (X, y, {"X_val": X[:, :2], "y_val": y}, "X has 2 features"),
    "NaN in X_val": (X, y, {"X_val": X_nan, "y_val": y}, "contains NaN"),
    "y_val too short": (X, y, {"X_val": X, "y_val": y[:5]}, "inconsistent numbers"),
    "unseen labels in y_val": (
        X,
        y,
        {"X_val": X, "y_val": y + 1},
        r"y_val contains labels that are not in y: \[3\]",
    ),
    "labels of another type in y_val": (
        X,
        y,
        {"X_val": X, "y_val": y.astype(str)},
        r"y_val contains labels that are not in y: \['0', '1', '2'\]",
    ),
    "validation weights all zero": (
        X,
        y,
        {"X_val": X, "y_val": y, "sample_weight_val": np.zeros(150)},
        "at least one non-zero",
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_data(case, early_stopping):
    X_bad, y_bad, fit_params, message = CASES[case]
    with pytest.raises(ValueError, match=message):
        model(early_stopping=early_stopping).fit(X_bad, y_bad, **fit_params)


@pytest.mark.parametrize("case", CASES)
def test_failure_leaves_a_fitted_estimator_as_it_was(case):
    X_bad, y_bad, fit_params, message = CASES[case]
    for warm_start in (False, True):
        estimator = model(warm_start=warm_start, momentum=0.9).fit(X, y)
        before = copy.deepcopy(vars(estimator))
        with pytest.raises(ValueError, match=message):
            estimator.fit(X_bad, y_bad, **fit_params)
        same_attributes(vars(estimator), before)


def same_attributes(after, before):
    assert after.keys() == before.keys()
    for name, value in before.items():
        if name == "_random_state":
            np.testing.assert_equal(after[name].get_state(), value.get_state())
        elif name.endswith("_") or name.startswith("_optimizer"):
            np.testing.assert_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("lr", [1e300, 1e3])
@pytest.mark.parametrize("warm_start", [False, True])
def test_divergence(lr, dtype, warm_start):
    scaled = X.astype(dtype) * (1e30 if dtype == np.float32 else 1e200)
    estimator = model(warm_start=warm_start).fit(X.astype(dtype), y)
    before = copy.deepcopy(vars(estimator))
    estimator.set_params(lr=lr, n_epochs=50)
    with pytest.raises(ValueError, match=r"diverged in epoch \d+: with lr=.*Lower lr, or scale"):
        estimator.fit(scaled, y)
    before |= {"lr": lr, "n_epochs": 50}
    same_attributes(vars(estimator), before)
    estimator.set_params(lr=0.01).fit(X.astype(dtype), y)


def test_divergence_in_partial_fit_changes_nothing():
    estimator = model(momentum=0.9, batch_size=10).partial_fit(X, y, classes=[0, 1, 2])
    before = copy.deepcopy(vars(estimator))
    with pytest.raises(ValueError, match="diverged"):
        estimator.partial_fit(X * 1e200, y)
    same_attributes(vars(estimator), before)


def test_a_first_fit_that_fails_leaves_nothing_behind():
    estimator = model()
    for X_bad, y_bad, fit_params, message in CASES.values():
        with pytest.raises(ValueError, match=message):
            estimator.fit(X_bad, y_bad, **fit_params)
        assert set(vars(estimator)) == set(estimator.get_params())


def test_auto_needs_gradient_descent():
    with pytest.raises(ValueError, match="lr='auto' is a step size for optimizer='sgd'"):
        model(lr="auto", optimizer="adam").fit(X, y)


@pytest.mark.parametrize("scale", [1e25, 1e-25])
def test_auto_with_squares_out_of_range(scale):
    scaled = (X * scale).astype(np.float32)
    with pytest.raises(ValueError, match="squares of the features leave the range of float32"):
        model(lr="auto", fit_intercept=False).fit(scaled, y)


def test_sparse_nan():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model().fit(sparse.csr_array(X_nan), y)


# --- validation rows ----------------------------------------------------------------


def test_a_class_with_one_row_cannot_be_split():
    rare = np.r_[y[:100], 2]
    with pytest.raises(ValueError, match=r"only one sample \(n_samples = 1\) of \[2\]"):
        model(early_stopping=True).fit(X[:101], rare)


@pytest.mark.parametrize(("fraction", "side"), [(0.02, "validation"), (0.99, "training")])
def test_a_fraction_that_leaves_a_class_without_a_row(fraction, side):
    labels = np.r_[np.zeros(146), [1, 1, 2, 2]]
    message = f"validation_fraction={fraction} leaves no {side} row of .* out of 150 rows"
    with pytest.raises(ValueError, match=message):
        model(early_stopping=True, validation_fraction=fraction).fit(X, labels)


def test_weights_that_leave_nothing_to_validate_on():
    weight = np.zeros(150)
    weight[0] = 1
    with pytest.raises(ValueError, match=r"sample weights of all \w+ rows are zero"):
        model(early_stopping=True).fit(X, y, weight)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_class_weight_that_is_no_weight(value):
    with pytest.raises(ValueError, match="class_weight must be finite and not negative; the class"):
        model(class_weight={0: value, 1: 1, 2: 1}).fit(X, y)


@pytest.mark.parametrize(
    "weights", [{"class_weight": dict.fromkeys(range(3), 1e308)}, {"sample_weight": 1e307}]
)
def test_weights_without_a_finite_sum(weights):
    sample_weight = np.full(150, weights.pop("sample_weight", 1.0))
    with pytest.raises(ValueError, match="must have a finite sum, got inf"):
        model(**weights).fit(X, y, sample_weight)


def test_validation_rows_out_of_range():
    with pytest.raises(ValueError, match=r"The validation loss is (inf|nan) after epoch 1"):
        model(lr=1.0).fit(X, y, X_val=X * 2e307, y_val=y)


def test_class_weights_that_leave_nothing():
    with pytest.raises(ValueError, match="times class_weight must contain at least one non-zero"):
        model(class_weight={0: 0, 1: 0, 2: 0}).fit(X, y)


# --- partial_fit and warm_start ----------------------------------------------------------


def test_partial_fit_needs_the_classes_first():
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model().partial_fit(X, y)


def test_partial_fit_refuses_unseen_labels():
    estimator = model().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"y contains labels that are not in `classes`: \[3\]"):
        estimator.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        estimator.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="X has 2 features"):
        estimator.partial_fit(X[:, :2], y)


def test_partial_fit_refuses_balanced():
    with pytest.raises(ValueError, match="class_weight='balanced' is not supported by partial_fit"):
        model(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])


def test_warm_start_refuses_other_classes_and_features():
    estimator = model(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"warm_start can only be used where `self\.classes_`"):
        estimator.fit(X, y + 1)
    with pytest.raises(ValueError, match="X has 2 features"):
        estimator.fit(X[:, :2], y)
    np.testing.assert_array_equal(estimator.classes_, [0, 1, 2])
    assert estimator.n_features_in_ == 4


# --- predictions ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_predictions(method):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(model(), method)(X)
    fitted = model().fit(X, y)
    with pytest.raises(ValueError, match="X has 2 features, but SoftmaxRegression is expecting 4"):
        getattr(fitted, method)(X[:, :2])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        getattr(fitted, method)(X_nan)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        getattr(fitted, method)(X[:0])
