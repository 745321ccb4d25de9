"""Errors about invalid data and parameters, which leave estimators unchanged."""

import copy
import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris

from sklearn_softmax import BinaryPerceptron
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE
from tests.cases import CASES, estimators
from tests.fuzz.laws import state_of

X, three = load_iris(return_X_y=True)
frame = pd.DataFrame(X, columns=list("abcd"))
two = (three == 2).astype(int)
text = np.array(["a", "b"])[two]


def labels(case):
    return three if len(case.classes) > 2 else two


def new_model(case, **params):
    return case.model(**{"lr": 0.01, "n_epochs": 3, **params})


def assert_fails(method, message, *args, **kwargs):
    """Assert that a method raises a ValueError and leaves its estimator unchanged."""
    before = copy.deepcopy(state_of(method.__self__))
    with pytest.raises(ValueError, match=message):
        method(*args, **kwargs)
    np.testing.assert_equal(state_of(method.__self__), before)


@pytest.fixture(scope="module")
def models():
    """Return an unfitted and a fitted model of every case; failed calls do not change them."""
    found = []
    for number, case in enumerate(CASES):
        options = {"warm_start": True, **case.options(momentum=0.9)}
        fitted = new_model(case, **(options if number % 2 else {"early_stopping": True}))
        found += [(case, new_model(case)), (case, fitted.fit(X, labels(case)))]
    return found


# --- parameters ----------------------------------------------------------------------------------

VALUES = {
    "lr": [0, -1, np.inf, np.nan, "big", None],
    "lr_decay": [0, 1.1, -0.5, "slow"],
    "reg_param": [-1e-9, np.inf, "l2"],
    "batch_size": [0, -5, 2.5, "all", None],
    "n_epochs": [0, -1, 3.5, None],
    "hidden_size": [0, 2.5, "wide", None, (), (10, -3), [10, 2.0], (True,), ["3"], [[3, 4]], {}],
    "activation": ["linear", None],
    "dropout": [1, -0.1, "half"],
    "weight_init": [0, "he", None],
    "optimizer": ["newton", None, 3],
    "momentum": [-0.1, 1.0, "heavy"],
    "nesterov": ["yes", 2],
    "early_stopping": ["yes", 2],
    "validation_fraction": [0, 1, -0.2, 5],
    "n_iter_no_change": [0, 1.5],
    "tol": [-1e-3, "small"],
    "average": ["yes", 2],
    "class_weight": ["even", 3],
    "fit_intercept": ["no"],
    "shuffle": ["no"],
    "warm_start": ["no"],
    "random_state": ["seed", -1],
    "verbose": ["loud"],
}


@estimators()
def test_every_invalid_parameter_is_an_error(case):
    y, names = labels(case), set(case.estimator.get_params())
    assert names <= set(case.estimator._parameter_constraints) <= set(VALUES)
    fitted = new_model(case, n_epochs=1, tol=1.0).fit(X, y)
    extra = {"lr": ["auto"], "n_epochs": ["auto"]} if case.name == "BinaryPerceptron" else {}
    for name in names:
        for value in VALUES[name] + extra.get(name, []):
            model = new_model(case, **{name: value})
            fitted_copy = copy.copy(fitted).set_params(**{name: value})
            with pytest.raises(ValueError, match=f"The '{name}' parameter"):
                fitted_copy.partial_fit(X, y)
            with pytest.raises(ValueError, match=f"The '{name}' parameter"):
                model.fit(X, y)
            with pytest.raises(ValueError, match=f"The '{name}' parameter"):
                model.partial_fit(X, y, classes=np.unique(y))


@estimators()
def test_positional_and_unknown_parameters_are_errors(case):
    with pytest.raises(TypeError):
        type(case.estimator)(0.1)
    with pytest.raises(TypeError, match=rf"{case.name}.*unexpected keyword argument 'C'"):
        type(case.estimator)(C=1)


OTHER_LIBRARIES = {
    "validation_data": "X_val and y_val",
    "eval_set": "X_val and y_val",
    "validation_split": "validation_fraction",
    "epochs": "n_epochs",
    "learning_rate": "set lr of the estimator",
    "batch_size": "batch_size of the estimator",
    "callbacks": "set_callbacks",
}


@estimators()
def test_arguments_of_other_libraries_are_errors_with_a_remedy(case):
    for name, remedy in OTHER_LIBRARIES.items():
        message = rf"unexpected keyword argument '{name}': .*{remedy}"
        with pytest.raises(TypeError, match=message):
            case.model().fit(X, labels(case), **{name: (X, two)})


# --- features ------------------------------------------------------------------------------------

X_nan, X_inf = (np.where(X > 6, value, X) for value in (np.nan, np.inf))
FEATURES = {
    "NaN": (X_nan, "Input {0} contains NaN"),
    "sparse NaN": (sparse.coo_array(X_nan), "Input {0} contains NaN"),
    "infinity": (X_inf, "Input {0} contains infinity"),
    "no rows": (X[:0], "{0}: Found array with 0 sample"),
    "no features": (X[:, :0], "{0}: Found array with 0 feature"),
    "text": ([["a"] * 4] * 150, "{0}: could not convert string to float"),
    "one dimension": (X[:, 0], "{0}: Expected 2D array, got 1D array"),
    "complex numbers": (X + 1j, "{0}: Complex data not supported"),
    "ragged rows": ([[1], [1, 2]], "{0}: setting an array element"),
    "images": (
        X.reshape(150, 2, 2),
        r"dim 3.*shape \(2, 2\), but .*pass {0}.reshape\(len\({0}\), -1\)",
    ),
    "list of images": (list(X.reshape(150, 2, 2)), r"shape \(2, 2\), but .*{0}.reshape"),
    "generator": ((row for row in X), "{0} is of type generator.*partial_fit once per batch"),
    "map": (map(list, X), "{0} is of type map.*partial_fit once per batch"),
}
VALIDATION_FEATURES = {
    "width": (X[:, :3], "X_val has 3 features, but .* is expecting 4"),
    "sparse width": (sparse.csc_array(X[:, :3]), "X_val has 3 features"),
    "length": (X[::2], "'X_val': 75, 'y_val': 150"),
}


@pytest.mark.parametrize("name", FEATURES)
def test_invalid_features_are_errors(name, models):
    X_bad, message = FEATURES[name]
    for case, model in models:
        y = labels(case)
        assert_fails(model.fit, message.format("X"), X_bad, y)
        assert_fails(model.partial_fit, message.format("X"), X_bad, y, classes=np.unique(y))
        assert_fails(model.fit, message.format("X_val"), X, y, X_val=X_bad, y_val=y)
        for method in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
            if hasattr(model, "classes_") and hasattr(model, method):
                assert_fails(getattr(model, method), message.format("X"), X_bad)


@pytest.mark.parametrize("name", VALIDATION_FEATURES)
def test_features_of_validation_rows_must_be_those_of_X(name, models):
    X_val, message = VALIDATION_FEATURES[name]
    for case, model in models:
        y = labels(case)
        assert_fails(model.fit, message, X, y, X_val=X_val, y_val=y)
        if hasattr(model, "classes_") and "width" in name:
            for method in (model.predict, model.decision_function):
                assert_fails(method, f"X has 3 features, but {case.name} is expecting 4", X_val)
    message = r"X_val must have the feature names of X .*'a'.*got \['d'"
    assert_fails(new_model(case).fit, message, frame, y, X_val=frame[list("dcba")], y_val=y)


# --- weights -------------------------------------------------------------------------------------

WEIGHTS = {
    "negative": (np.arange(150) - 1.0, "passed to {0}"),
    "NaN": (np.full(150, np.nan), "Input {0} contains NaN"),
    "infinity": (np.full(150, np.inf), "Input {0} contains infinity"),
    "length": (np.ones(30), r"{0}.shape == \(30,\), expected \(150,\)"),
    "two dimensions": (np.ones((150, 1)), r"{0}.shape == \(150, 1\)"),
    "zeros": (np.zeros(150), "{0} must contain at least one non-zero"),
    "tiny": (np.full(150, 1e-320), "{0} is too small.*multiply it by"),
    "a single tiny one": (np.r_[5e-324, np.zeros(149)], "{0} is too small.*multiply it by"),
    "large": (np.full(150, 1e307), "{0} must have a finite sum, got inf"),
    "texts": (["a"] * 150, "{0}: could not convert"),
    "word": ("balanced", "{0} must contain one number per row.*class_weight='balanced'"),
    "dict": ({0: 1, 1: 5}, "{0} must contain one number per row.*class_weight={{0: 1, 1: 5}}"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_invalid_sample_weights_are_errors(name, models):
    weight, message = WEIGHTS[name]
    for case, model in models:
        y = labels(case)
        validation = {"X_val": X, "y_val": y, "sample_weight_val": weight}
        assert_fails(model.fit, message.format("sample_weight_val"), X, y, **validation)
        assert_fails(model.fit, message.format("sample_weight"), X, y, weight)


CLASS_WEIGHTS = {
    **{str(value): ({0: value}, "finite and not negative") for value in (-1.0, np.nan, np.inf)},
    **{str(value): ({0: value}, "finite and not negative") for value in ("5", None, 1j, [2])},
    "infinite sum": ({0: 1e308, 1: 1e308, 2: 1e308}, "must have a finite sum, got inf"),
    "zeros": ({0: 0, 1: 0, 2: 0}, "times class_weight must contain at least one non-zero"),
    **{
        str(key): ({0: 1, key: 2}, rf"keys that are not labels: \[{key!r}\]. The labels are \[0, 1")
        for key in ("1", 7, 0.5, None)
    },
}


@pytest.mark.parametrize("name", CLASS_WEIGHTS)
@estimators()
def test_invalid_class_weights_are_errors(case, name):
    y, (class_weight, message) = labels(case), CLASS_WEIGHTS[name]
    model = new_model(case, class_weight=class_weight)
    assert_fails(model.fit, message, X, y)
    assert_fails(model.partial_fit, message, X, y, classes=np.unique(y))


@estimators()
def test_class_weights_may_contain_labels_missing_in_a_fold(case):
    new_model(case, class_weight={"0": 1, "1": 2, "2": 3, "3": 4}).fit(X, labels(case).astype(str))


# --- labels --------------------------------------------------------------------------------------


def replace_first(label, array=two):
    return np.array([label, *array[1:].tolist()], dtype=object)


LABELS = {
    "None": (replace_first(None), "mixes labels that cannot be compared, of type NoneType and int"),
    "pd.NA": (replace_first(pd.NA), "NAType and int.*leave out the rows without a label"),
    "pd.NaT": (replace_first(pd.NaT), "NaTType and int"),
    "text and int": (replace_first("a"), "int and str, in an array of dtype object.*astype.str"),
    "text and int in a list": (["a", *two[1:].tolist()], "int and str"),
    "bool and int": (replace_first(True), "bool and int"),
    "NaN and text": (replace_first(np.nan, text), "float and str"),
    "NaN": (np.where(two == 0, np.nan, two), "contains NaN.*leave out"),
    "NaN in an object array": (replace_first(np.nan), "contains NaN"),
    "missing Int64": (pd.Series([pd.NA, *two[1:]], dtype="Int64"), "contains NaN"),
    "missing string": (pd.Series([pd.NA, *text[1:]], dtype="string"), "NAType and str"),
    "NaT": (np.array(["NaT", *["2020"] * 149], "M8[D]"), "contains NaN or NaT"),
    "only None": ([None] * 150, "has labels of type NoneType"),
    "bytes": (text.astype("S"), "has labels of type bytes, in an array of dtype .S1"),
    "tuples": (pd.Series([(0, 1)] * 150).to_numpy(), "has labels of type tuple"),
    "infinity": (np.full(150, np.inf), "contains infinity"),
    "fractions": (X[:, 0], "Unknown label type: continuous.*such as 5.1.*use a regressor"),
    "fractions in an object array": (X[:, 0].astype(object), "such as 5.1"),
    "one-hot": (np.eye(2)[two], r"array of shape \(150, 2\) instead.*\.argmax\(axis=1\)"),
    "one-hot frame": (pd.get_dummies(two), r"\.argmax\(axis=1\)"),
    "one-hot list": (np.eye(2)[two].tolist(), r"\.argmax\(axis=1\)"),
    "sparse one-hot": (sparse.csr_array(np.eye(2)[two]), r"\.argmax\(axis=1\)"),
    "number": (10, r"1d array of labels, such as np.arange\(10\), got 10\."),
    "dict": (dict.fromkeys(range(150)), r"got \{0: None, 1: None, .{,30}\.\.\.\}\."),
}


@pytest.mark.parametrize("name", LABELS)
def test_invalid_labels_are_errors(name, models):
    bad, message = LABELS[name]
    for case, model in models:
        y = labels(case)
        classes = np.unique(y)
        for name, method, args, kwargs in (
            ("y", model.fit, [bad], {}),
            ("y", model.partial_fit, [bad], {"classes": classes}),
            ("y_val", model.fit, [y], {"X_val": X, "y_val": bad}),
            ("classes", model.partial_fit, [y], {"classes": bad}),
        ):
            pattern = rf"(?s)(?=.*(\b{name} |^{name}:))(?=.*{message})"
            assert_fails(method, pattern, X, *args, **kwargs)
    with pytest.raises(ValueError, match=message):
        models[1][1].score(X, bad)


@estimators()
def test_missing_and_unseen_labels_are_errors(case):
    y = labels(case)
    model, unseen = new_model(case).fit(X, y), y.max() + 1
    together = "must be passed together .*: {0} is missing"
    assert_fails(model.fit, "requires y to be passed", X, None)
    assert_fails(model.fit, "inconsistent numbers of samples: ", X, y[:-1])
    assert_fails(model.fit, together.format("y_val"), X, y, X_val=X)
    assert_fails(model.fit, together.format("X_val"), X, y, y_val=y)
    assert_fails(model.fit, together.format("X_val"), X, y, sample_weight_val=y)
    assert_fails(model.fit, "'X_val': 150, 'y_val': 5", X, y, X_val=X, y_val=y[:5])
    message = rf"y_val contains labels that are not in y: \[{unseen}\]. The classes are \[0, 1"
    assert_fails(model.fit, message, X, y, X_val=X, y_val=y + 1)
    texts = y.astype(str)
    message = re.escape(f"y_val contains labels that are not in y: {np.unique(texts).tolist()}")
    assert_fails(model.fit, message, X, y, X_val=X, y_val=texts)


@estimators()
def test_partial_fit_requires_the_same_classes_in_all_calls(case):
    y = labels(case)
    model, unseen = new_model(case), y.max() + 1
    assert_fails(model.partial_fit, "classes must be passed on the first call", X, y)
    model.partial_fit(X, y, classes=np.unique(y))
    message = rf"y contains labels that are not in `classes`: \[{unseen}\]"
    assert_fails(model.partial_fit, message, X, y + 1)
    message = "is not the same as on last call"
    assert_fails(model.partial_fit, message, X, y, classes=[0, unseen])
    assert_fails(model.partial_fit, "X has 2 features", X[:, :2], y)
    model = new_model(case, class_weight="balanced")
    message = "class_weight='balanced' is not supported by partial_fit"
    assert_fails(model.partial_fit, message, X, y, classes=np.unique(y))


@estimators()
def test_warm_start_requires_the_same_classes_and_features(case):
    y = labels(case)
    model = new_model(case, warm_start=True).fit(X, y)
    assert_fails(model.fit, r"warm_start can only be used where `self\.classes_`", X, y + 1)
    assert_fails(model.fit, "X has 2 features", X[:, :2], y)


@pytest.mark.parametrize("batch_size", [1, 32])
def test_perceptron_accepts_two_classes_at_most(batch_size):
    model = BinaryPerceptron(batch_size=batch_size, n_epochs=3)
    message = r"Only binary classification is supported\."
    assert_fails(model.fit, message, X, three)
    assert_fails(model.partial_fit, message, X, three, classes=[0, 1, 2])
    assert_fails(model.partial_fit, message, X[:50], three[:50], classes=[0, 1, 2])
    model.fit(X, two)
    assert_fails(model.fit, message, X, three)
    assert_fails(model.set_params(warm_start=True).fit, "warm_start can only be used", X, three)
    message = "is not the same as on last call"
    assert_fails(model.partial_fit, message, X, three, classes=[0, 1, 2])


# --- validation rows of early stopping -----------------------------------------------------------


@estimators()
def test_too_few_rows_for_early_stopping_are_errors(case):
    y = labels(case)
    n_classes = y.max() + 1
    model = new_model(case, early_stopping=True)
    message = rf"only one sample \(n_samples = {n_classes}\)"
    assert_fails(model.fit, message, X[:n_classes], np.arange(n_classes))
    weight = np.r_[1.0, np.zeros(149)]
    assert_fails(model.fit, r"sample weights of all \w+ rows are zero", X, y, weight)
    model.set_params(validation_fraction=0.99)
    message = r"validation_fraction=0.99 is too large: of 150 rows, none is left .*\. Lower it"
    assert_fails(model.fit, message, X, np.r_[np.zeros(146), [1, 1, n_classes - 1, n_classes - 1]])


# --- predictions and callbacks -------------------------------------------------------------------


@pytest.mark.skipif(CALLBACKS_AVAILABLE, reason="callbacks are available")
@estimators()
def test_callbacks_need_a_later_scikit_learn(case):
    with pytest.raises(AttributeError, match=r"set_callbacks needs scikit-learn 1\.9 or later"):
        case.model().set_callbacks()
