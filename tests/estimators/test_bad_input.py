"""Bad input gets a clear error before any work is done, and changes nothing."""

import copy
import gc
import re
import weakref

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from sklearn_softmax import BinaryPerceptron, SoftmaxRegression, TwoLayerMLPClassifier
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE
from tests.cases import CASES, cases, estimators, parameters

X, iris_labels = load_iris(return_X_y=True)
wine, wine_labels = load_wine(return_X_y=True)


def labels(case):
    """Those of iris, or which rows are of its last class, which no line tells apart."""
    return iris_labels if len(case.classes) > 2 else (iris_labels == 2).astype(int)


def model(case, **params):
    return case.model(**{"lr": 0.01, "n_epochs": 3, **params})


VALUES = {
    "lr": [0, -1, np.inf, np.nan, "big", None],
    "lr_decay": [0, 1.1, -0.5, "slow"],
    "reg_param": [-1e-9, np.inf, "l2"],
    "batch_size": [0, -5, 2.5, "all", None],
    "n_epochs": [0, -1, 3.5, None],
    "hidden_size": [0, 2.5, "wide", None],
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
PARAMETERS = [(case, name) for case in CASES for name in case.estimator.get_params()]


@pytest.mark.parametrize(("case", "name"), PARAMETERS, ids=str)
def test_parameters(case, name):
    y = labels(case)
    fitted = model(case, n_epochs=1, tol=1.0).fit(X, y)
    for value in VALUES[name]:
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            copy.copy(fitted).set_params(**{name: value}).partial_fit(X, y)
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            model(case, **{name: value}).fit(X, y)
        with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
            model(case, **{name: value}).partial_fit(X, y, classes=np.unique(y))


@estimators()
def test_every_parameter_is_checked(case):
    checked = set(case.estimator._parameter_constraints)
    assert set(case.estimator.get_params()) <= checked <= {name for _, name in PARAMETERS}


@estimators()
def test_positional_and_unknown_parameters_are_refused(case):
    with pytest.raises(TypeError):
        type(case.estimator)(0.1)
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'C'"):
        type(case.estimator)(C=1)


X_nan, X_inf = X.copy(), X.copy()
X_nan[3, 1], X_inf[3, 1] = np.nan, np.inf


def bad_data(y):
    return {
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
        "NaN in y": (X, np.where(y == 1, np.nan, y), {}, "Input y contains NaN"),
        "regression target": (X, X[:, 0] + 0.01, {}, "Unknown label type: continuous"),
        "weights too short": (X, y, {"sample_weight": [1.0]}, "sample_weight.shape == "),
        "weights all zero": (X, y, {"sample_weight": np.zeros(150)}, "at least one non-zero"),
        "negative weight": (X, y, {"sample_weight": np.arange(150) - 1.0}, "Negative values"),
        "NaN weight": (X, y, {"sample_weight": np.full(150, np.nan)}, "contains NaN"),
        "X_val alone": (X, y, {"X_val": X}, "must be passed together .*: y_val is missing"),
        "y_val alone": (X, y, {"y_val": y}, "must be passed together .*: X_val is missing"),
        "sample_weight_val alone": (
            X,
            y,
            {"sample_weight_val": y},
            "X_val and y_val must be passed together",
        ),
        "X_val with other features": (X, y, {"X_val": X[:, :2], "y_val": y}, "X_val has 2 f"),
        "NaN in X_val": (X, y, {"X_val": X_nan, "y_val": y}, "Input X_val contains NaN"),
        "y_val too short": (X, y, {"X_val": X, "y_val": y[:5]}, "'X_val': 150, 'y_val': 5"),
        "unseen labels in y_val": (
            X,
            y,
            {"X_val": X, "y_val": y + 1},
            rf"y_val contains labels that are not in y: \[{y.max() + 1}\]",
        ),
        "labels of another type in y_val": (
            X,
            y,
            {"X_val": X, "y_val": y.astype(str)},
            re.escape(
                f"y_val contains labels that are not in y: {np.unique(y.astype(str)).tolist()}"
            ),
        ),
        "validation weights all zero": (
            X,
            y,
            {"X_val": X, "y_val": y, "sample_weight_val": np.zeros(150)},
            "sample_weight_val must contain at least one non-zero",
        ),
    }


BAD_DATA = [
    (case, name)
    for case in CASES
    for name, (_, _, options, _) in bad_data(labels(case)).items()
    if "sample_weight" in case.capabilities or not any("weight" in option for option in options)
]


@pytest.mark.parametrize(("case", "name"), BAD_DATA, ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_data(case, name, early_stopping):
    X_bad, y_bad, fit_params, message = bad_data(labels(case))[name]
    with pytest.raises(ValueError, match=message):
        model(case, early_stopping=early_stopping).fit(X_bad, y_bad, **fit_params)


@pytest.mark.parametrize(("case", "name"), BAD_DATA, ids=str)
def test_failure_leaves_a_fitted_estimator_as_it_was(case, name):
    y = labels(case)
    X_bad, y_bad, fit_params, message = bad_data(y)[name]
    for warm_start in (False, True):
        estimator = model(case, warm_start=warm_start, **case.options(momentum=0.9)).fit(X, y)
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
@estimators()
def test_divergence(case, lr, dtype, warm_start):
    y = labels(case)
    scaled = X.astype(dtype) * (1e30 if dtype == np.float32 else 1e200)
    estimator = model(case, warm_start=warm_start).fit(X.astype(dtype), y)
    before = copy.deepcopy(vars(estimator))
    estimator.set_params(lr=lr, n_epochs=50)
    with pytest.raises(ValueError, match=r"diverged in epoch \d+: with lr=.*Lower lr, or scale"):
        estimator.fit(scaled, y)
    before |= {"lr": lr, "n_epochs": 50}
    same_attributes(vars(estimator), before)
    estimator.set_params(lr=0.01).fit(X.astype(dtype), y)


@pytest.mark.parametrize("options", [{}, {"early_stopping": True}, {"lr_decay": 0.5}], ids=repr)
@pytest.mark.parametrize("weighted", [False, True])
@estimators("predict_proba")
def test_a_loss_beyond_hope_at_the_end(case, options, weighted):
    weight = np.arange(178) % 3 if weighted else None
    estimator = model(case, lr=1e60, **options)
    message = r"diverged by epoch \d+: with lr=1e\+60 its loss is .*e\+.*Lower lr, or scale"
    with pytest.raises(ValueError, match=message):
        estimator.fit(wine, wine_labels, weight)
    assert set(vars(estimator)) == set(estimator.get_params())


@estimators("predict_proba")
def test_a_loss_beyond_hope_in_a_later_call(case):
    estimator = model(case, warm_start=True).fit(X, iris_labels)
    before = copy.deepcopy(vars(estimator)) | {"lr": 1e60}
    estimator.set_params(lr=1e60)
    for go_on in (estimator.fit, estimator.partial_fit):
        with pytest.raises(ValueError, match=r"diverged by epoch \d+: with lr=1e\+60"):
            go_on(X, iris_labels)
        same_attributes(vars(estimator), before)


@pytest.mark.parametrize("lr", [1e6, 1e8])
@estimators("predict_proba")
def test_a_loss_in_doubt_is_a_warning(case, lr):
    with pytest.warns(ConvergenceWarning, match="may be too large"):
        model(case, lr=lr).fit(wine, wine_labels)


@estimators('lr="auto"')
def test_a_model_that_has_come_back_is_beyond_doubt(case):
    estimator = model(case, lr=3.0, n_epochs=1, warm_start=True)
    with pytest.warns(ConvergenceWarning, match="may be too large"):
        estimator.fit(X, iris_labels)
    loss = estimator.set_params(lr=0.1, n_epochs=100).fit(X, iris_labels).history_["loss"]
    assert loss[-1] < loss[0] / 4


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("lr", "overshoot"), [(0.1, 1e6), (1e4, 1e23)])
def test_a_loss_that_overshoots_and_comes_back_is_no_divergence(lr, overshoot):
    net = TwoLayerMLPClassifier(optimizer="sgd", lr=lr, lr_decay=0.8, n_epochs=99, random_state=0)
    loss = net.fit(wine, wine_labels).history_["loss"]
    assert loss.max() > overshoot
    assert loss[-1] < 1e3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ruin", [{"lr": 1e10}, {"reg_param": 1e300}], ids=repr)
def test_a_last_step_that_ruins_the_model(ruin, seed):
    net = TwoLayerMLPClassifier(optimizer="sgd", n_epochs=1, random_state=seed, **ruin)
    with pytest.raises(ValueError, match=r"diverged (in|by) epoch 1: with lr="):
        net.fit(X, iris_labels)


def test_a_last_step_that_may_have_ruined_the_model():
    net = TwoLayerMLPClassifier(optimizer="sgd", n_epochs=1, random_state=0, lr=1e3)
    with pytest.warns(ConvergenceWarning, match="After 1 epochs the training loss is"):
        net.fit(X, iris_labels)


@estimators("sample_weight")
def test_rows_without_weight_do_not_make_a_fit_diverge(case):
    outlying = X.copy()
    outlying[::2] *= 1e200
    weight = np.arange(150) % 2
    model(case).fit(outlying, labels(case), weight)


@pytest.mark.parametrize("batch_size", [1, 7, 200])
def test_a_perceptron_has_a_rate_of_any_size(batch_size):
    perceptron = BinaryPerceptron(lr=1e300, batch_size=batch_size, n_epochs=3)
    perceptron.fit(X, iris_labels == 2)
    np.testing.assert_array_equal(perceptron.history_["penalty"], 0)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_weights_whose_squares_leave_the_range_have_a_norm(batch_size):
    y = iris_labels == 2
    models = [
        BinaryPerceptron(lr=lr, batch_size=batch_size, random_state=0) for lr in (1, 2.0**999)
    ]
    small, large = (perceptron.set_params(tol=None, n_epochs=3).fit(X, y) for perceptron in models)
    norms = [perceptron.history_["weight_norm"] for perceptron in models]
    np.testing.assert_allclose(norms[1] / 2.0**999, norms[0], rtol=1e-12)
    np.testing.assert_array_equal(large.coef_ / 2.0**999, small.coef_)


def whole(value):
    """A number as an int that no machine word holds, where it is one."""
    return int(value) if value.is_integer() else value


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@estimators("reg_param")
def test_numbers_beyond_any_machine_word(case):
    y, values = labels(case), {"lr": 1e-20, "reg_param": 1e20, "tol": 1e20}
    model(case, **values).partial_fit(X, y, classes=np.unique(y))
    for early_stopping in (False, True):
        fitted, same = (
            model(case, early_stopping=early_stopping, **numbers).fit(X, y)
            for numbers in (values, {name: whole(value) for name, value in values.items()})
        )
        np.testing.assert_array_equal(parameters(fitted), parameters(same))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@estimators("reg_param")
def test_a_penalty_out_of_range_is_blamed(case, dtype):
    message = r"diverged in epoch \d+: with lr=.*no longer finite\. Lower (lr or )?reg_param, or"
    # In double precision "auto" finds a rate that is small enough for it.
    for lr in (0.01, "auto") if dtype == np.float32 else (0.01,):
        with pytest.raises(ValueError, match=message):
            model(case, lr=lr, reg_param=1e300, batch_size=7).fit(X.astype(dtype), labels(case))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initial_weights_that_are_too_large(dtype):
    net = TwoLayerMLPClassifier(weight_init=1e300, n_epochs=3)
    with pytest.raises(ValueError, match=r"before the first step: weight_init=1e\+300 or val"):
        net.fit(X.astype(dtype), iris_labels)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_initial_weights_without_a_finite_penalty(early_stopping):
    values = {"weight_init": 1e300, "activation": "sigmoid", "reg_param": 1e-3, "lr": 0.1}
    net = TwoLayerMLPClassifier(hidden_size=1, n_epochs=1, early_stopping=early_stopping, **values)
    with pytest.raises(ValueError, match=r"epoch 1: .* Lower lr or reg_param or weight_init, or"):
        net.fit(X, iris_labels)


@estimators()
def test_huge_numbers_of_epochs_and_rows(case):
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.1, "batch_size": 10**20}
    model(case, n_epochs=10**20, **options).fit(X, labels(case))
    model(case, early_stopping=True, n_iter_no_change=10**20).fit(X, labels(case))


SCALES = [1e-30, 1e30, np.array([1e-30, 1.0, 1e30, 1e-10])]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@estimators()
def test_badly_scaled_data_raise_no_floating_point_error(case, dtype, is_sparse):
    y, options = labels(case), [{}, {"early_stopping": True}]
    if "momentum" in case.capabilities:
        options += [{"optimizer": "adam"}, {"optimizer": "sgd", "momentum": 0.9}]
    for scale in SCALES:
        scaled = (X * scale).astype(dtype)
        scaled = sparse.csr_array(scaled) if is_sparse else scaled
        for values in options:
            with np.errstate(all="raise"):
                try:
                    fitted = model(case, **values).fit(scaled, y)
                except ValueError as error:
                    assert re.search("diverged|finite", str(error))  # noqa: PT017
                    continue
                fitted.predict(scaled)
                if "predict_proba" in case.capabilities:
                    assert np.all(np.isfinite(fitted.predict_proba(scaled)))
                    fitted.predict_log_proba(scaled)


@estimators()
def test_a_diverged_fit_lets_its_data_go(case):
    given = X * 1e200
    alive = weakref.ref(given)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="diverged"):
            model(case, lr=1e3, n_epochs=50).fit(given, labels(case))
        del given
        assert alive() is None
    finally:
        gc.enable()


@estimators()
def test_divergence_in_partial_fit_changes_nothing(case):
    y = labels(case)
    estimator = model(case, **case.options(momentum=0.9))
    estimator.partial_fit(X, y, classes=np.unique(y))
    before = copy.deepcopy(vars(estimator))
    with pytest.raises(ValueError, match="diverged"):
        estimator.partial_fit(X * 1e200, y)
    same_attributes(vars(estimator), before)


@pytest.mark.parametrize(("case", "name"), BAD_DATA, ids=str)
def test_a_first_fit_that_fails_leaves_nothing_behind(case, name):
    X_bad, y_bad, fit_params, message = bad_data(labels(case))[name]
    estimator = model(case)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X_bad, y_bad, **fit_params)
    assert set(vars(estimator)) == set(estimator.get_params())


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e-41), (np.float64, 1e-311)])
@estimators('lr="auto"')
def test_auto_with_deviations_out_of_range(case, dtype, scale):
    scaled = (X * scale).astype(dtype)
    with pytest.raises(ValueError, match="of 4 of 4 features are outside the range of float"):
        model(case, lr="auto", fit_intercept=False).fit(scaled, labels(case))


@estimators()
def test_sparse_nan(case):
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model(case).fit(sparse.csr_array(X_nan), labels(case))


# --- validation rows ----------------------------------------------------------------


@estimators()
def test_a_row_of_each_class_leaves_none_to_validate_on(case):
    y = np.arange(labels(case).max() + 1)
    with pytest.raises(ValueError, match=rf"only one sample \(n_samples = {len(y)}\)"):
        model(case, early_stopping=True).fit(X[: len(y)], y)


@estimators()
def test_a_fraction_that_leaves_a_class_without_a_training_row(case):
    last = labels(case).max()
    y = np.r_[np.zeros(146), [1, 1, last, last]]
    message = r"validation_fraction=0.99 is too large: of 150 rows, none is left .*\. Lower it"
    with pytest.raises(ValueError, match=message):
        model(case, early_stopping=True, validation_fraction=0.99).fit(X, y)


@estimators("sample_weight")
def test_weights_that_leave_nothing_to_validate_on(case):
    weight = np.zeros(150)
    weight[0] = 1
    with pytest.raises(ValueError, match=r"sample weights of all \w+ rows are zero"):
        model(case, early_stopping=True).fit(X, labels(case), weight)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
@estimators()
def test_class_weight_that_is_no_weight(case, value):
    y = labels(case)
    weights = dict.fromkeys(range(y.max() + 1), 1) | {0: value}
    with pytest.raises(ValueError, match="class_weight must be finite and not negative; the class"):
        model(case, class_weight=weights).fit(X, y)


@estimators()
def test_class_weights_without_a_finite_sum(case):
    y = labels(case)
    with pytest.raises(ValueError, match="must have a finite sum, got inf"):
        model(case, class_weight=dict.fromkeys(range(y.max() + 1), 1e308)).fit(X, y)


@estimators("sample_weight")
def test_sample_weights_that_are_next_to_nothing(case):
    weight = np.r_[5e-324, np.zeros(149)]
    with pytest.raises(ValueError, match=r"sample_weight is too small .* multiply by"):
        model(case).fit(X, labels(case), weight)


@estimators("sample_weight")
def test_sample_weights_without_a_finite_sum(case):
    with pytest.raises(ValueError, match="must have a finite sum, got inf"):
        model(case).fit(X, labels(case), np.full(150, 1e307))


@estimators()
def test_class_weights_that_leave_nothing(case):
    y = labels(case)
    with pytest.raises(ValueError, match="times class_weight must contain at least one non-zero"):
        model(case, class_weight=dict.fromkeys(range(y.max() + 1), 0)).fit(X, y)


@estimators()
def test_validation_rows_out_of_range(case):
    y, message = labels(case), r"The validation loss is (inf|nan) after epoch 1"
    with pytest.warns(UserWarning, match="far from X"), pytest.raises(ValueError, match=message):
        model(case, lr=0.1).fit(X, y, X_val=X * 2e307, y_val=y)


# --- partial_fit and warm_start ----------------------------------------------------------


@estimators()
def test_partial_fit_needs_the_classes_first(case):
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model(case).partial_fit(X, labels(case))


@estimators()
def test_partial_fit_refuses_unseen_labels(case):
    y = labels(case)
    estimator = model(case).partial_fit(X, y, classes=np.unique(y))
    unseen = y.max() + 1
    with pytest.raises(
        ValueError, match=rf"y contains labels that are not in `classes`: \[{unseen}\]"
    ):
        estimator.partial_fit(X, y + 1)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        estimator.partial_fit(X, y, classes=[0, unseen])
    with pytest.raises(ValueError, match="X has 2 features"):
        estimator.partial_fit(X[:, :2], y)


@estimators()
def test_partial_fit_refuses_balanced(case):
    y = labels(case)
    with pytest.raises(ValueError, match="class_weight='balanced' is not supported by partial_fit"):
        model(case, class_weight="balanced").partial_fit(X, y, classes=np.unique(y))


@estimators()
def test_warm_start_refuses_other_classes_and_features(case):
    y = labels(case)
    estimator = model(case, warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match=r"warm_start can only be used where `self\.classes_`"):
        estimator.fit(X, y + 1)
    with pytest.raises(ValueError, match="X has 2 features"):
        estimator.fit(X[:, :2], y)
    np.testing.assert_array_equal(estimator.classes_, np.unique(y))
    assert estimator.n_features_in_ == 4


@pytest.mark.skipif(CALLBACKS_AVAILABLE, reason="callbacks are available")
@estimators()
def test_callbacks_need_a_later_scikit_learn(case):
    with pytest.raises(AttributeError, match=r"set_callbacks needs scikit-learn 1\.9 or later"):
        case.model().set_callbacks()


# --- predictions ---------------------------------------------------------------------------

METHODS = [
    *((case, "predict") for case in cases()),
    *((case, "decision_function") for case in cases()),
    *((case, "predict_proba") for case in cases("predict_proba")),
    *((case, "predict_log_proba") for case in cases("predict_proba")),
]


@pytest.mark.parametrize(("case", "method"), METHODS, ids=str)
def test_predictions(case, method):
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        getattr(model(case), method)(X)
    fitted = model(case).fit(X, labels(case))
    message = f"X has 2 features, but {case.name} is expecting 4"
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(X[:, :2])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        getattr(fitted, method)(X_nan)
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        getattr(fitted, method)(X[:0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("case", "method"), METHODS, ids=str)
def test_predictions_out_of_range(case, method, dtype):
    fitted = model(case).fit(X.astype(dtype), labels(case))
    _, layers = fitted._fitted_network()
    for W in layers.weights:
        W *= 1e4
    far = X.astype(dtype)
    far[3:5] *= np.finfo(dtype).max / 8
    far[:3] = 0
    with pytest.raises(ValueError, match=r"X has values that are too large .* of its 150 rows"):
        getattr(fitted, method)(far)


@estimators()
def test_predictions_of_rows_that_cancel_out(case):
    fitted = model(case).fit(X.astype(np.float32), labels(case))
    largest = np.finfo(np.float32).max
    far = np.tile([largest, largest, -largest, -largest], (150, 1)).astype(np.float32)
    _, layers = fitted._fitted_network()
    for W in layers.weights:
        W *= 0
    with np.errstate(all="raise"):
        assert np.all(np.isfinite(fitted.decision_function(far)))


# --- what a perceptron does not have -----------------------------------------------------------

perceptrons = pytest.mark.parametrize("batch_size", [1, 32])


@perceptrons
def test_perceptron_refuses_three_classes(batch_size):
    estimator = BinaryPerceptron(batch_size=batch_size, n_epochs=3)
    with pytest.raises(ValueError, match=r"Only binary classification is supported\."):
        estimator.fit(X, iris_labels)
    with pytest.raises(ValueError, match=r"Only binary classification is supported\."):
        estimator.partial_fit(X, iris_labels, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"Only binary classification is supported\."):
        estimator.partial_fit(X[:50], iris_labels[:50], classes=[0, 1, 2])
    assert set(vars(estimator)) == set(estimator.get_params())


@pytest.mark.parametrize("warm_start", [False, True])
@perceptrons
def test_three_classes_leave_a_fitted_perceptron_as_it_was(batch_size, warm_start):
    estimator = BinaryPerceptron(batch_size=batch_size, n_epochs=3, warm_start=warm_start)
    estimator.fit(X, iris_labels == 2)
    before = copy.deepcopy(vars(estimator))
    message = "warm_start can only be used" if warm_start else "Only binary classification"
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, iris_labels)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        estimator.partial_fit(X, iris_labels, classes=[0, 1, 2])
    same_attributes(vars(estimator), before)


@pytest.mark.parametrize("name", ["optimizer", "momentum", "nesterov", "reg_param"])
def test_perceptron_refuses_parameters_of_the_others(name):
    assert not hasattr(BinaryPerceptron(), name)
    value = getattr(SoftmaxRegression(), name)
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
        BinaryPerceptron(**{name: value})
    with pytest.raises(ValueError, match=f"Invalid parameter '{name}'"):
        BinaryPerceptron().set_params(**{name: value})


@perceptrons
def test_perceptron_refuses_auto(batch_size):
    estimator, y = BinaryPerceptron(lr="auto", batch_size=batch_size), iris_labels == 2
    with pytest.raises(InvalidParameterError, match="The 'lr' parameter"):
        estimator.fit(X, y)
    with pytest.raises(InvalidParameterError, match="The 'lr' parameter"):
        estimator.partial_fit(X, y, classes=[False, True])
