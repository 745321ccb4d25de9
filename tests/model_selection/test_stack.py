"""Models trained as one stack, against the same models trained one by one."""

import copy
import pickle
from dataclasses import is_dataclass

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax.model_selection import _stack
from sklearn_softmax.model_selection._stack import Stack
from tests.cases import CASES, cases, ignore_unfinished

MEMBERS = [
    {"n_epochs": 4, "lr": 0.2},
    {"n_epochs": 2, "lr": 0.2},
    {"n_epochs": 4, "lr": 0.05, "lr_decay": 0.9},
    {"n_epochs": 1, "lr": 0.3},
    {"n_epochs": 3, "lr": 0.1, "reg_param": 2.0},
    {"n_epochs": 4, "lr": 0.1, "reg_param": 1.0, "momentum": 0.9},
    {"n_epochs": 2, "lr": 0.1, "momentum": 0.5},
]
SMALL_STEPS = [{**values, "lr": values["lr"] / 20} for values in MEMBERS]
EARLY_STOPPING = [
    {"n_epochs": 30, "n_iter_no_change": 2, "tol": 0.0},
    {"n_epochs": 30, "n_iter_no_change": 3, "tol": 0.02},
    {"n_epochs": 7, "n_iter_no_change": 3, "tol": 0.02},
    {"n_epochs": 30, "n_iter_no_change": 1, "tol": 0.3, "lr": 0.05},
    {"n_epochs": 12, "n_iter_no_change": 12, "tol": 0.0, "lr": 0.2, "reg_param": 1.0},
]
# All parameters in which members may differ.
DIFFERENT = [
    {"n_epochs": 4, "lr": 0.05, "class_weight": "balanced", "dropout": 0.3},
    {"n_epochs": 4, "lr": 0.05, "class_weight": {1: 3.0}, "weight_init": 0.1},
    {"n_epochs": 4, "lr": 0.02, "momentum": 0.9, "dropout": 0.5, "weight_init": 0.01},
    {"n_epochs": 4, "lr": 0.02, "momentum": 0.9, "nesterov": True, "reg_param": 2.0},
    {"n_epochs": 2, "lr": 0.02, "momentum": 0.5, "nesterov": True, "class_weight": {0: 0.0}},
]
# Members that stop before others get the state after the others' draws.
GENERATORS = "random_state", "_random_state", "_dropout_generator"

SOFTMAX, LOGISTIC, NET, PERCEPTRON = [case for case in CASES if not case.is_online()]
every_case = pytest.mark.parametrize("case", [SOFTMAX, LOGISTIC, NET, PERCEPTRON], ids=str)
two_cases = pytest.mark.parametrize("case", [NET, PERCEPTRON], ids=str)


def members(case, values=MEMBERS, **shared):
    """Return the estimators of a stack, with those parameters that they have."""
    names = case.estimator.get_params()
    return [
        case.model(**{n: v for n, v in {**params, **shared}.items() if n in names})
        for params in values
    ]


def data(case, n=90):
    return case.X[:n], case.y[:n]


def fit_stack(estimators, *args, **kwargs):
    fitted = [clone(estimator) for estimator in estimators]
    return fitted, Stack(fitted).fit(*args, **kwargs).errors_


def fit_alone(estimators, *args, **kwargs):
    return [clone(estimator).fit(*args, **kwargs) for estimator in estimators]


def plain(value):
    """Return the contents of generators, parameters and optimizer states."""
    if isinstance(value, np.random.RandomState):
        return value.get_state(legacy=False)
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, dict) and list(value) == ["velocity"]:
        # Beside models with momentum, others have a velocity that is not used.
        return None
    if is_dataclass(value) or isinstance(value, Parameters):
        return vars(value)
    return value


def assert_same(actual, expected, rtol):
    actual, expected = plain(actual), plain(expected)
    assert type(actual) is type(expected)
    if isinstance(actual, dict):
        assert list(actual) == list(expected)
        actual, expected = list(actual.values()), list(expected.values())
    if isinstance(actual, list | tuple):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected):
            assert_same(a, b, rtol)
        return
    if isinstance(actual, np.ndarray):
        assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    if isinstance(actual, float) or getattr(actual, "dtype", None) in (np.float32, np.float64):
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(actual, expected)


def assert_same_models(fitted, expected, rtol=1e-10, exclude=()):
    for model, other in zip(fitted, expected, strict=True):
        contents = [
            {k: v for k, v in sorted(vars(m).items()) if k not in exclude} for m in (model, other)
        ]
        assert_same(*contents, rtol)


def assert_as_if_alone(estimators, *args, rtol=1e-10, exclude=(), **kwargs):
    fitted, errors = fit_stack(estimators, *args, **kwargs)
    assert errors == [None] * len(estimators)
    expected = fit_alone(estimators, *args, **kwargs)
    assert_same_models(fitted, expected, rtol, exclude)
    return expected


@pytest.fixture
def run_widths(monkeypatch):
    """Numbers of models of the runs that stacks start."""
    widths, start = [], _stack.start_run

    def recorded_start(*args, models, **options):
        widths.append(len(models))
        return start(*args, models=models, **options)

    monkeypatch.setattr(_stack, "start_run", recorded_start)
    return widths


@pytest.mark.parametrize(
    "shared",
    [{}, {"shuffle": False}, {"batch_size": 1000}, {"batch_size": 7}],
    ids=str,
)
@every_case
def test_members_equal_fits_alone(case, shared):
    assert_as_if_alone(members(case, **shared), *data(case))


@pytest.mark.parametrize(
    ("shared", "convert"),
    [
        ({}, np.asarray),
        ({}, sparse.csr_array),
        ({}, np.float32),
        ({"optimizer": "adam", "fit_intercept": False}, sparse.csr_array),
    ],
    ids=str,
)
@every_case
def test_weighted_members_with_all_differences_equal_fits_alone(case, shared, convert, rng):
    X, y = data(case)
    rtol, exclude = 1e-10, GENERATORS
    if convert is np.float32:
        rtol, exclude = 1e-4, (*GENERATORS, "step_losses_")
    weight = rng.uniform(0, 3, len(y))
    estimators = members(case, DIFFERENT, **shared)
    assert_as_if_alone(estimators, convert(X), y, sample_weight=weight, rtol=rtol, exclude=exclude)


@pytest.mark.parametrize("early_stopping", [False, True])
@every_case
def test_members_with_validation_rows_equal_fits_alone(case, early_stopping, rng):
    X, y = data(case)
    validation = {"X_val": X + rng.normal(0, 0.5, X.shape), "y_val": y}
    validation |= case.options(sample_weight_val=rng.uniform(0, 2, len(y)))
    stops = {"early_stopping": early_stopping, "n_iter_no_change": 1, "tol": 0.01}
    estimators = members(case, DIFFERENT, n_epochs=12, **stops)
    assert_as_if_alone(estimators, X, y, exclude=GENERATORS, **validation)
    if early_stopping:
        assert_as_if_alone(estimators, X, y, exclude=GENERATORS)


@every_case
def test_members_that_stop_early_equal_fits_alone(case, rng):
    X, y = data(case)
    estimators = members(case, EARLY_STOPPING, early_stopping=True)
    models = assert_as_if_alone(estimators, X, y, exclude=GENERATORS)
    n_epochs = [model.n_iter_ for model in models]
    assert len(set(n_epochs)) > 2
    assert min(n_epochs) < 12
    for estimator in estimators[1::2]:
        estimator.early_stopping = False
    validation = {"X_val": X + rng.normal(0, 0.5, X.shape), "y_val": y}
    assert_as_if_alone(estimators, X, y, exclude=GENERATORS, **validation)


@every_case
def test_members_with_a_class_of_one_row_equal_fits_alone(case):
    X, y = data(case)
    y = np.where(np.arange(90) == 5, y.max(), np.minimum(y, y.max() - 1))
    estimators = members(case, EARLY_STOPPING, early_stopping=True)
    assert_as_if_alone(estimators, X, y, exclude=GENERATORS)


@every_case
def test_decay_of_a_member_of_one_epoch_is_used_by_no_other(case):
    decays = [1.0, 0.9, 0.5]
    values = [{"n_epochs": n, "lr": 0.1, "lr_decay": d} for d in decays for n in (1, 3)]
    for order in (1, -1):
        assert_as_if_alone(members(case, values[::order]), *data(case))


@ignore_unfinished
@pytest.mark.parametrize("case", cases('lr="auto"'), ids=str)
def test_automatic_learning_rates_equal_fits_alone(case):
    assert_as_if_alone(members(case, lr="auto"), *data(case))


AUTOMATIC = [
    {},
    {"reg_param": 1.0},
    {"reg_param": 20.0, "momentum": 0.0},
    {"reg_param": 1.0, "momentum": 0.5, "nesterov": True, "lr_decay": 0.98},
    {"tol": 0.05},
    {"tol": 0.05, "lr_decay": 0.9},
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("n_epochs", [6, "auto"])
@pytest.mark.parametrize("lr", ["auto", 0.05])
@pytest.mark.parametrize("case", cases("momentum"), ids=str)
def test_members_that_train_until_they_converge_equal_fits_alone(case, lr, n_epochs, optimizer):
    estimators = members(case, AUTOMATIC, lr=lr, n_epochs=n_epochs, optimizer=optimizer)
    models = assert_as_if_alone(estimators, *data(case), exclude=GENERATORS, rtol=1e-9)
    if lr == n_epochs == "auto":
        assert len({model.n_iter_ for model in models}) > 2


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_nets_with_dropout_equal_fits_alone(optimizer):
    shared = {"dropout": 0.4, "optimizer": optimizer, "hidden_size": (9, 8)}
    assert_as_if_alone(members(NET, **shared), *data(NET))


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_nets_without_dropout_have_an_unused_generator(n_epochs):
    values = [{"n_epochs": n_epochs, "dropout": rate} for rate in (0.4, 0.0)]
    assert_as_if_alone(members(NET, values), *data(NET))


def test_binary_string_labels_equal_fits_alone():
    X, y = PERCEPTRON.X[:90], np.array(["benign", "malignant"])[PERCEPTRON.y[:90]]
    for estimator in (SoftmaxRegression(), GDLogisticRegression(), TwoLayerMLPClassifier()):
        estimator.set_params(random_state=0, batch_size=20)
        assert_as_if_alone([clone(estimator).set_params(**values) for values in MEMBERS], X, y)


def test_perceptrons_stop_separately(rng):
    X = rng.standard_normal((80, 3))
    y = (X @ [2.0, -1.0, 1.0] > 0).astype(int)
    perceptron = BinaryPerceptron(batch_size=16, random_state=0)
    rates = [(1.0, 1.0), (1.0, 0.9), (0.5, 0.95), (3.0, 0.8)]
    values = [{"n_epochs": n, "lr": lr, "lr_decay": d} for n in (100, 2) for lr, d in rates]
    estimators = [clone(perceptron).set_params(**params) for params in values]
    models = assert_as_if_alone(estimators, X, y, exclude=["_random_state"])
    assert len({model.n_iter_ for model in models}) > 2


RESUMED = {
    "small steps": (SMALL_STEPS, {"random_state": 3}),
    "different": (DIFFERENT, {"random_state": 0}),
    "early stopping": (
        SMALL_STEPS,
        {
            "random_state": np.random.RandomState(3),
            "early_stopping": True,
            "n_iter_no_change": 2,
            "tol": 0.0,
        },
    ),
}


@pytest.mark.parametrize(("values", "shared"), RESUMED.values(), ids=RESUMED)
@every_case
def test_resumed_stack_equals_fits_alone_and_starts_once(case, values, shared, run_widths):
    estimators, stack = members(case, values, **shared), Stack([], resumable=True)
    for n_epochs, remaining in ((1, slice(None)), (3, slice(1, None)), (9, slice(2, None, 2))):
        some = [clone(e).set_params(n_epochs=n_epochs) for e in estimators[remaining]]
        stack.members = [clone(estimator) for estimator in some]
        assert stack.fit(*data(case)).errors_ == [None] * len(some)
        assert_same_models(stack.members, fit_alone(some, *data(case)), exclude=GENERATORS)
        stack.members = []
        stack = pickle.loads(pickle.dumps(stack))
    assert len(run_widths) == 1


@pytest.mark.parametrize("index", [0, 1])
def test_stack_resumes_either_of_two_members_that_are_one_model(index):
    X, y = SOFTMAX.X[:90], np.arange(90) % 3
    values = [{"class_weight": weight, "lr": 0.05} for weight in (None, "balanced")]
    stack = Stack(members(SOFTMAX, values, n_epochs=1), resumable=True).fit(X, y)
    stack.members = members(SOFTMAX, [values[index]], n_epochs=3)
    expected = fit_alone(stack.members, X, y)
    stack.fit(X, y)
    assert_same_models(stack.members, expected)


@pytest.mark.parametrize("change", ["order", "values", "labels", "weight"])
def test_stack_starts_anew_on_other_rows(change, rng):
    (X, y), weight = data(SOFTMAX), np.ones(90)
    estimators = members(SOFTMAX, n_epochs=2)
    stack = Stack([clone(e) for e in estimators], resumable=True).fit(X, y, sample_weight=weight)
    order, is_changed = rng.permutation(90), np.arange(90) == 7
    X, y, weight = {
        "order": (X[order], y[order], weight),
        "values": (X + is_changed[:, np.newaxis], y, weight),
        "labels": (X, np.where(is_changed, y[y != y[7]][0], y), weight),
        "weight": (X, y, np.where(is_changed, 2.0, 1.0)),
    }[change]
    stack.members = [clone(e).set_params(n_epochs=4) for e in estimators]
    expected = fit_alone(stack.members, X, y, sample_weight=weight)
    stack.fit(X, y, sample_weight=weight)
    assert_same_models(stack.members, expected)


def test_resumable_stack_contains_no_rows():
    X, y = np.tile(NET.X[:90], (100, 1)), np.tile(NET.y[:90], 100)
    stack = Stack(members(NET, n_epochs=1), resumable=True).fit(X, y)
    stack.members = []
    # Losses of an epoch's steps, but nothing for each row.
    assert len(pickle.dumps(stack)) < X.nbytes / 4


DIVERGING = {"n_epochs": 3, "lr": 1e300, "reg_param": 1e300}


def error_alone(estimator, *args, **kwargs):
    with pytest.raises(ValueError, match=r"diverged|validation loss") as caught:
        clone(estimator).fit(*args, **kwargs)
    return str(caught.value)


@every_case
def test_diverging_members_have_the_error_of_a_fit_alone(case):
    X, y = data(case)
    X = X if "reg_param" in case.capabilities else X * 1e10
    last = {**DIVERGING, "n_epochs": 2, "lr": 1e307}
    values = [DIVERGING, {"n_epochs": 3, "lr": 0.1}, last, {"n_epochs": 3, "lr": 0.2}]
    estimators = members(case, values)
    fitted, errors = fit_stack(estimators, X, y)
    assert errors[1::2] == [None, None]
    assert [str(error) for error in errors[::2]] == [error_alone(e, X, y) for e in estimators[::2]]
    assert_same_models(fitted[1::2], fit_alone(estimators[1::2], X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", cases("reg_param"), ids=str)
def test_member_may_diverge_after_a_shorter_one_was_read_off(case):
    X, y = data(case)
    estimators = members(case, [{"n_epochs": n, "lr": 0.1, "reg_param": 1e6} for n in (30, 1)])
    fitted, errors = fit_stack(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert_same_models(fitted[1:], fit_alone(estimators[1:], X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_member_is_read_off_with_a_loss_that_ends_longer_fits():
    X, y = load_wine(return_X_y=True)
    net = TwoLayerMLPClassifier(lr=1e10, optimizer="sgd", random_state=0)
    estimators = [clone(net).set_params(n_epochs=n) for n in (1, 30)]
    fitted, errors = fit_stack(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert "diverged by epoch 1" in str(errors[0])
    assert_same_models(fitted[1:], fit_alone(estimators[1:], X, y))


@pytest.mark.filterwarnings("ignore:X_val is far from X")
@every_case
def test_diverging_validation_loss_is_the_error_of_a_fit_alone(case):
    X, y = data(case)
    validation = {"X_val": np.full_like(X, 1e308), "y_val": y}
    estimators = members(case, MEMBERS[:3])
    _, errors = fit_stack(estimators, X, y, **validation)
    expected = [error_alone(e, X, y, **validation) for e in estimators]
    assert [str(error) for error in errors] == expected


def test_members_that_learn_nothing_have_the_warnings_of_fits_alone():
    X, y = data(SOFTMAX)
    estimators = members(SOFTMAX, [{"n_epochs": 2, "lr": lr} for lr in (0.1, 1e6)])
    with pytest.warns(ConvergenceWarning, match="may be too large") as expected:
        fit_alone(estimators, X, y)
    stack = Stack(estimators).fit(X, y)
    texts = [list(map(str, warnings)) for warnings in stack.warnings_]
    assert texts == [[], [str(w.message) for w in expected]]


@pytest.mark.parametrize(
    ("class_weight", "is_nan", "message"),
    [
        (None, True, "contains NaN"),
        (dict.fromkeys(range(10), 0.0), False, r"non-zero|above 0"),
        (dict.fromkeys(range(10), 1e308), False, "Total weights"),
    ],
    ids=["NaN", "zero weights", "infinite weights"],
)
@two_cases
def test_invalid_data_raise(case, class_weight, is_nan, message):
    X, y = data(case)
    X = np.where(X > 0.5, np.nan, X) if is_nan else X
    estimators = members(case, [{"class_weight": class_weight}, {"class_weight": None}])
    with pytest.raises(ValueError, match=message):
        fit_stack(estimators, X, y)


@pytest.mark.parametrize("n_models", [2, 3])
@every_case
def test_split_stack_equals_fits_alone(case, n_models, monkeypatch):
    monkeypatch.setattr(_stack, "_max_models", lambda *args: n_models)
    assert_as_if_alone(members(case), *data(case))


@two_cases
def test_stack_is_split_by_its_bytes(case, run_widths, monkeypatch):
    fit_stack(members(case), *data(case))
    monkeypatch.setattr(_stack, "STACK_BYTES", 1)
    assert_as_if_alone(members(case), *data(case))
    n_models = len({_stack.model_key(e) for e in members(case)})
    assert run_widths[: n_models + 1] == [n_models] + [1] * n_models


@two_cases
def test_class_weights_that_are_equal_on_the_rows_are_one_model(case, run_widths):
    first, *_ = classes = case.classes
    X, y = case.X[:90], classes[np.arange(90) % len(classes)]
    weights = None, "balanced", {first: 1.0}, {first: 2.0}
    fit_stack(members(case, [{"n_epochs": 2, "class_weight": w} for w in weights]), X, y)
    assert run_widths == [2]


@two_cases
def test_generator_is_copied_for_each_member(case):
    estimators = members(case, random_state=np.random.RandomState(3))
    assert_as_if_alone(estimators, *data(case), exclude=["random_state"])


@two_cases
def test_first_draws_without_a_seed_are_those_of_the_first_member_alone(case):
    estimators = members(case, [MEMBERS[0], MEMBERS[2]], random_state=None)
    np.random.seed(5)  # noqa: NPY002
    (leader, _), _ = fit_stack(estimators, *data(case))
    np.random.seed(5)  # noqa: NPY002
    assert_same_models([leader], fit_alone(estimators[:1], *data(case)))


@two_cases
def test_inputs_are_not_changed(case):
    X, y = data(case)
    params = {"X_val": X[:20].copy(), "y_val": y[:20].copy(), "sample_weight": np.ones(len(y))}
    before = copy.deepcopy((X, y, params))
    for array in (X, y, *params.values()):
        array.flags.writeable = False
    fit_stack(members(case), X, y, **params)
    np.testing.assert_equal((X, y, params), before)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@every_case
def test_partial_fit_of_members_equals_that_after_fits_alone(case, optimizer):
    estimators = members(case, SMALL_STEPS, optimizer=optimizer)
    fitted, _ = fit_stack(estimators, *data(case))
    expected = fit_alone(estimators, *data(case))
    for model in (*fitted, *expected):
        model.partial_fit(*data(case))
    assert_same_models(fitted, expected)


@two_cases
def test_members_share_no_memory(case):
    X, y = data(case)
    (model, other), _ = fit_stack(members(case, [{"n_epochs": 2}] * 2), X, y)
    before = pickle.dumps(vars(other))
    model.partial_fit(X, y)
    model.classes_[:] = 0
    assert pickle.dumps(vars(other)) == before
