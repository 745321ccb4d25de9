"""Models trained as one stack, against the same models trained one by one."""

import copy
import pickle
from dataclasses import is_dataclass
from itertools import product

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

NUMBERS = [
    {"n_epochs": 4, "lr": 0.2},
    {"n_epochs": 2, "lr": 0.2},
    {"n_epochs": 4, "lr": 0.05, "lr_decay": 0.9},
    {"n_epochs": 1, "lr": 0.3},
    {"n_epochs": 3, "lr": 0.1, "reg_param": 2.0},
    {"n_epochs": 4, "lr": 0.1, "reg_param": 1.0, "momentum": 0.9},
    {"n_epochs": 2, "lr": 0.1, "momentum": 0.5},
]
SMALL_STEPS = [{**values, "lr": values["lr"] / 20} for values in NUMBERS]
STACKABLE_CASES = [case for case in CASES if not case.is_online()]
every_case = pytest.mark.parametrize("case", STACKABLE_CASES, ids=str)


def with_everything(*features):
    known = [case for case in cases(*features) if not case.is_online()]
    return pytest.mark.parametrize("case", known, ids=str)


def members(case, numbers=NUMBERS, **shared):
    """A stack's estimators; what one of them does not know is left out."""
    known = case.estimator.get_params()
    return [
        case.model(**{n: v for n, v in {**values, **shared}.items() if n in known})
        for values in numbers
    ]


def data(case, n=90):
    return case.X[:n], case.y[:n]


def together(estimators, *args, **kwargs):
    fitted = [clone(estimator) for estimator in estimators]
    return fitted, Stack(fitted).fit(*args, **kwargs).errors_


def alone(estimators, *args, **kwargs):
    return [clone(estimator).fit(*args, **kwargs) for estimator in estimators]


def plain(value):
    """Generators, and the state of lr="auto", as the numbers that they hold."""
    if isinstance(value, np.random.RandomState):
        return value.get_state(legacy=False)
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, dict) and list(value) == ["velocity"]:
        # Beside models with momentum, others have a velocity, too, of which no use is made.
        return None
    if is_dataclass(value) or isinstance(value, Parameters):
        return vars(value)
    return value


def assert_same(one, other, rtol):
    one, other = plain(one), plain(other)
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        one, other = list(one.values()), list(other.values())
    if isinstance(one, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other):
            assert_same(a, b, rtol)
    elif isinstance(one, np.ndarray) and one.dtype.kind == "f":
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, float):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)
    else:
        assert one == other


def assert_same_models(fitted, expected, rtol=1e-10):
    for one, other in zip(fitted, expected, strict=True):
        assert_same(dict(sorted(vars(one).items())), dict(sorted(vars(other).items())), rtol)


def assert_as_if_alone(estimators, *args, rtol=1e-10, but=(), **kwargs):
    fitted, errors = together(estimators, *args, **kwargs)
    assert errors == [None] * len(estimators)
    expected = alone(estimators, *args, **kwargs)
    for model in (*fitted, *expected):
        for name in but:
            vars(model).pop(name, None)
    assert_same_models(fitted, expected, rtol)


@pytest.mark.parametrize(
    "shared",
    [{}, {"shuffle": False}, {"fit_intercept": False}, {"batch_size": 1000}, {"batch_size": 7}],
    ids=str,
)
@every_case
def test_members_are_as_if_fitted_alone(case, shared):
    assert_as_if_alone(members(case, **shared), *data(case))


@with_everything("momentum")
def test_nesterov_members_are_as_if_fitted_alone(case):
    assert_as_if_alone(members(case, nesterov=True), *data(case))


@with_everything("momentum")
def test_adam_members_are_as_if_fitted_alone(case):
    assert_as_if_alone(members(case, SMALL_STEPS, optimizer="adam"), *data(case))


@every_case
def test_a_member_of_one_epoch_lends_its_decay_to_none(case):
    decays = [1.0, 0.9, 0.5]
    numbers = [{"n_epochs": n, "lr": 0.1, "lr_decay": d} for d in decays for n in (1, 3)]
    for in_this_order in (numbers, numbers[::-1]):
        assert_as_if_alone(members(case, in_this_order), *data(case))


@ignore_unfinished
@with_everything('lr="auto"')
def test_automatic_learning_rates_are_as_if_fitted_alone(case):
    numbers = [{**values, "lr": "auto"} for values in NUMBERS]
    assert_as_if_alone(members(case, numbers), *data(case))


# Those who stop before the others are handed what these have drawn from meanwhile.
GENERATORS = "random_state", "_random_state", "_dropout_generator"
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
@with_everything("momentum")
def test_members_that_train_until_they_converge_are_as_if_fitted_alone(
    case, lr, n_epochs, optimizer
):
    estimators = members(case, AUTOMATIC, lr=lr, n_epochs=n_epochs, optimizer=optimizer)
    assert_as_if_alone(estimators, *data(case), but=GENERATORS, rtol=1e-9)
    if lr == n_epochs == "auto":
        assert len({model.n_iter_ for model in alone(estimators, *data(case))}) > 2


@every_case
def test_single_precision_members_are_as_if_fitted_alone(case):
    X, y = data(case)
    assert_as_if_alone(members(case), X.astype(np.float32), y, rtol=2e-4)


@every_case
def test_sparse_members_are_as_if_fitted_alone(case):
    X, y = data(case)
    assert_as_if_alone(members(case), sparse.csr_array(X), y)


@with_everything("sample_weight")
def test_weighted_members_are_as_if_fitted_alone(case, rng):
    X, y = data(case)
    assert_as_if_alone(members(case), X, y, sample_weight=rng.uniform(0, 2, len(y)))


@pytest.mark.parametrize("class_weight", ["balanced", {1: 3.0}])
@every_case
def test_members_with_class_weights_are_as_if_fitted_alone(case, class_weight):
    assert_as_if_alone(members(case, class_weight=class_weight), *data(case))


@every_case
def test_members_with_validation_rows_are_as_if_fitted_alone(case, rng):
    X, y = data(case)
    weight = case.options(sample_weight_val=rng.uniform(0, 2, 30))
    assert_as_if_alone(members(case), X, y, X_val=X[:30], y_val=y[:30], **weight)


STOPPED_EARLY = [
    {"n_epochs": 30, "n_iter_no_change": 2, "tol": 0.0},
    {"n_epochs": 30, "n_iter_no_change": 3, "tol": 0.02},
    {"n_epochs": 7, "n_iter_no_change": 3, "tol": 0.02},
    {"n_epochs": 30, "n_iter_no_change": 1, "tol": 0.3, "lr": 0.05},
    {"n_epochs": 12, "n_iter_no_change": 12, "tol": 0.0, "lr": 0.2, "reg_param": 1.0},
]


@every_case
def test_members_that_stop_early_are_as_if_fitted_alone(case):
    estimators = members(case, STOPPED_EARLY, early_stopping=True)
    assert_as_if_alone(estimators, *data(case), but=GENERATORS)
    n_epochs = [model.n_iter_ for model in alone(estimators, *data(case))]
    assert len(set(n_epochs)) > 2
    assert min(n_epochs) < 12


@every_case
def test_members_with_validation_rows_may_stop_early_or_not(case, rng):
    X, y = data(case)
    validation = {"X_val": X + rng.normal(0, 0.5, X.shape), "y_val": y}
    numbers = [{**values, "early_stopping": i % 2 == 0} for i, values in enumerate(STOPPED_EARLY)]
    assert_as_if_alone(members(case, numbers), X, y, but=GENERATORS, **validation)


DIFFERENT = [
    {"n_epochs": 4, "lr": 0.05, "class_weight": "balanced", "dropout": 0.3},
    {"n_epochs": 4, "lr": 0.05, "class_weight": {1: 3.0}, "weight_init": 0.1},
    {"n_epochs": 4, "lr": 0.02, "momentum": 0.9, "dropout": 0.5, "weight_init": 0.01},
    {"n_epochs": 4, "lr": 0.02, "momentum": 0.9, "nesterov": True, "reg_param": 2.0},
    {"n_epochs": 2, "lr": 0.02, "momentum": 0.5, "nesterov": True, "class_weight": {0: 0.0}},
]


def different_members(case, **shared):
    return members(case, DIFFERENT, random_state=0, **shared)


@pytest.mark.parametrize("shared", [{}, {"optimizer": "adam"}, {"fit_intercept": False}], ids=str)
@every_case
def test_members_that_differ_in_all_they_may_are_as_if_fitted_alone(case, shared):
    assert_as_if_alone(different_members(case, **shared), *data(case), but=GENERATORS)


@with_everything("sample_weight")
def test_weighted_members_may_have_other_class_weights(case, rng):
    X, y = data(case)
    weight = rng.uniform(0, 3, len(y))
    estimators = different_members(case)
    assert_as_if_alone(estimators, X, y, sample_weight=weight, but=GENERATORS)
    assert_as_if_alone(estimators, sparse.csr_array(X), y, sample_weight=weight, but=GENERATORS)
    single = X.astype(np.float32)
    assert_as_if_alone(
        estimators, single, y, sample_weight=weight, but=(*GENERATORS, "step_losses_"), rtol=1e-4
    )


@pytest.mark.parametrize("early_stopping", [False, True])
@every_case
def test_validation_rows_have_the_class_weights_of_each_member(case, early_stopping, rng):
    X, y = data(case)
    X_val = X + rng.normal(0, 0.5, X.shape)
    stops = {"early_stopping": early_stopping, "n_iter_no_change": 1, "tol": 0.01}
    estimators = different_members(case, n_epochs=12, **stops)
    assert_as_if_alone(estimators, X, y, X_val=X_val, y_val=y, but=GENERATORS)
    if early_stopping:
        assert_as_if_alone(estimators, X, y, but=GENERATORS)


@every_case
def test_a_stack_of_different_members_goes_on(case):
    stack, estimators = Stack([], resumable=True), different_members(case)
    for n_epochs, kept in ((2, slice(None)), (4, slice(1, None)), (7, slice(0, 2)), (9, slice(2))):
        estimators = [clone(e).set_params(n_epochs=n_epochs) for e in estimators[kept]]
        stack.members = [clone(estimator) for estimator in estimators]
        assert stack.fit(*data(case)).errors_ == [None] * len(estimators)
        expected = alone(estimators, *data(case))
        for model, name in product((*stack.members, *expected), GENERATORS):
            vars(model).pop(name, None)
        assert_same_models(stack.members, expected)
        stack.members = []
        stack = pickle.loads(pickle.dumps(stack))


@every_case
def test_a_stack_goes_on_with_what_it_knows(case, monkeypatch):
    """Later fits begin no run anew, whatever the class weights of those who are left."""
    begun = []
    begin = _stack._Run._begin
    monkeypatch.setattr(_stack._Run, "_begin", lambda *args: (begun.append(1), begin(*args)))
    stack, estimators = Stack([], resumable=True), different_members(case)
    for n_epochs, kept in ((2, slice(None)), (4, slice(2)), (6, slice(1, 2))):
        estimators = [clone(e).set_params(n_epochs=n_epochs) for e in estimators[kept]]
        stack.members = estimators
        stack.fit(*data(case))
    assert begun == [1]


@every_case
def test_class_weights_that_leave_nothing_are_an_error(case):
    X, y = data(case)
    nothing = dict.fromkeys(np.unique(y).tolist(), 0.0)
    estimators = members(case, [{"class_weight": nothing}, {"class_weight": None}])
    with pytest.raises(ValueError, match=r"non-zero|above 0"):
        Stack(estimators).fit(X, y)


@pytest.mark.parametrize("random_state", [3, np.random.RandomState(3)], ids=["int", "generator"])
@pytest.mark.parametrize("early_stopping", [False, True])
@every_case
def test_a_stack_goes_on_from_where_it_stood(case, early_stopping, random_state):
    options = {"early_stopping": early_stopping, "random_state": random_state, "tol": 0.0}
    all_members = members(case, SMALL_STEPS, n_iter_no_change=2, **options)
    stack = Stack([], resumable=True)
    for n_epochs, kept in ((1, slice(None)), (3, slice(1, None)), (9, slice(2, None, 2))):
        estimators = [clone(e).set_params(n_epochs=n_epochs) for e in all_members[kept]]
        expected = alone(estimators, *data(case))
        stack.members = [clone(estimator) for estimator in estimators]
        assert stack.fit(*data(case)).errors_ == [None] * len(estimators)
        for model, name in product((*stack.members, *expected), GENERATORS):
            vars(model).pop(name, None)
        assert_same_models(stack.members, expected)
        stack.members = []
        stack = pickle.loads(pickle.dumps(stack))


@pytest.mark.parametrize("change", ["order", "values", "labels", "weight"])
def test_a_stack_begins_anew_on_other_rows(change, rng):
    case = STACKABLE_CASES[0]
    (X, y), weight = data(case), np.ones(90)
    estimators = [e.set_params(n_epochs=2) for e in members(case)]
    stack = Stack([clone(e) for e in estimators], resumable=True).fit(X, y, sample_weight=weight)
    order = rng.permutation(90)
    X, y, weight = {
        "order": (X[order], y[order], weight),
        "values": (X + (np.arange(90) == 7)[:, np.newaxis], y, weight),
        "labels": (X, np.where(np.arange(90) == 7, y[y != y[7]][0], y), weight),
        "weight": (X, y, np.where(np.arange(90) == 7, 2.0, 1.0)),
    }[change]
    stack.members = [clone(e).set_params(n_epochs=4) for e in estimators]
    expected = alone(stack.members, X, y, sample_weight=weight)
    stack.fit(X, y, sample_weight=weight)
    assert_same_models(stack.members, expected)


@every_case
def test_a_stack_that_waits_holds_no_rows(case):
    X, y = np.tile(case.X[:90], (100, 1)), np.tile(case.y[:90], 100)
    stack = Stack(members(case, n_epochs=1), resumable=True).fit(X, y)
    stack.members = []
    # Losses of an epoch's steps, but nothing for each row.
    assert len(pickle.dumps(stack)) < X.nbytes / 4


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_members_with_dropout_are_as_if_fitted_alone(optimizer):
    case = next(case for case in CASES if case.name == "TwoLayerMLPClassifier")
    shared = {"dropout": 0.4, "optimizer": optimizer, "hidden_size": (9, 8)}
    assert_as_if_alone(members(case, **shared), *data(case))


@every_case
def test_a_stack_of_one_is_as_if_fitted_alone(case):
    assert_as_if_alone(members(case, NUMBERS[:1]), *data(case))


def test_binary_problems_are_as_if_fitted_alone():
    X, y = CASES[-1].X[:90], np.array(["benign", "malignant"])[CASES[-1].y[:90]]
    for estimator in (SoftmaxRegression(), GDLogisticRegression(), TwoLayerMLPClassifier()):
        estimator.set_params(random_state=0, batch_size=20)
        assert_as_if_alone([clone(estimator).set_params(**values) for values in NUMBERS], X, y)


def test_perceptrons_end_each_by_itself(rng):
    X = rng.standard_normal((80, 3))
    y = (X @ [2.0, -1.0, 1.0] > 0).astype(int)
    perceptron = BinaryPerceptron(batch_size=16, random_state=0)
    rates = [(1.0, 1.0), (1.0, 0.9), (0.5, 0.95), (3.0, 0.8)]
    numbers = [{"n_epochs": n, "lr": lr, "lr_decay": d} for n in (100, 2) for lr, d in rates]
    estimators = [clone(perceptron).set_params(**values) for values in numbers]
    fitted, errors = together(estimators, X, y)
    expected = alone(estimators, X, y)
    assert len({model.n_iter_ for model in expected}) > 2
    assert errors == [None] * len(estimators)
    for model in (*fitted, *expected):
        del model._random_state  # the stack has drawn on
    assert_same_models(fitted, expected)


DIVERGING = {"n_epochs": 3, "lr": 1e300, "reg_param": 1e300}


def data_to_diverge_on(case):
    X, y = data(case)
    return (X if "reg_param" in case.capabilities else X * 1e10), y


def error_alone(estimator, *args, **kwargs):
    with pytest.raises(ValueError, match=r"diverged|validation loss") as caught:
        clone(estimator).fit(*args, **kwargs)
    return str(caught.value)


@every_case
def test_diverging_members_fail_with_the_error_of_a_fit_alone(case):
    X, y = data_to_diverge_on(case)
    numbers = [{"n_epochs": 3, "lr": 0.1}, DIVERGING, {**DIVERGING, "n_epochs": 2, "lr": 1e307}]
    estimators = members(case, numbers)
    fitted, errors = together(estimators, X, y)
    assert errors[0] is None
    assert [str(error) for error in errors[1:]] == [error_alone(e, X, y) for e in estimators[1:]]
    assert_same_models(fitted[:1], alone(estimators[:1], X, y))


@every_case
def test_a_leader_may_diverge(case):
    X, y = data_to_diverge_on(case)
    estimators = members(case, [DIVERGING, {"n_epochs": 3, "lr": 0.1}])
    fitted, errors = together(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert_same_models(fitted[1:], alone(estimators[1:], X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@with_everything("reg_param")
def test_a_member_may_diverge_after_it_was_looked_at(case):
    X, y = data(case)
    estimators = members(case, [{"n_epochs": n, "lr": 0.1, "reg_param": 1e6} for n in (30, 1)])
    fitted, errors = together(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert_same_models(fitted[1:], alone(estimators[1:], X, y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_member_may_overshoot_beyond_hope_and_come_back():
    X, y = load_wine(return_X_y=True)
    net = TwoLayerMLPClassifier(lr=1e10, optimizer="sgd", random_state=0)
    estimators = [clone(net).set_params(n_epochs=n) for n in (1, 30)]
    fitted, errors = together(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert "diverged by epoch 1" in str(errors[0])
    assert_same_models(fitted[1:], alone(estimators[1:], X, y))


@every_case
def test_early_stopping_trains_on_the_only_row_of_a_class(case):
    X, y = data(case)
    y = np.where(np.arange(90) == 5, y.max(), np.minimum(y, y.max() - 1))
    estimators = members(case, STOPPED_EARLY, early_stopping=True)
    assert_as_if_alone(estimators, X, y, but=GENERATORS)


@every_case
def test_a_diverging_member_changes_the_others_by_rounding_alone(case):
    X, y = data_to_diverge_on(case)
    first, last = {"n_epochs": 3, "lr": 0.1}, {"n_epochs": 3, "lr": 0.2}
    (one, _, other), (_, error, _) = together(members(case, [first, DIVERGING, last]), X, y)
    assert error is not None
    middle = {**DIVERGING, "lr": 0.3, "reg_param": 1.0}
    (expected_one, _, expected_other), _ = together(members(case, [first, middle, last]), X, y)
    assert_same_models([one, other], [expected_one, expected_other])


@pytest.mark.filterwarnings("ignore:X_val is far from X")
@every_case
def test_a_diverging_validation_loss_is_told_of(case):
    X, y = data(case)
    X_val = np.full_like(X, 1e308)
    estimators = members(case, NUMBERS[:3])
    _, errors = together(estimators, X, y, X_val=X_val, y_val=y)
    expected = [error_alone(e, X, y, X_val=X_val, y_val=y) for e in estimators]
    assert [str(error) for error in errors] == expected


@pytest.mark.parametrize("models_in_a_part", [1, 2, 3])
@every_case
def test_a_stack_that_is_cut_gives_the_same(case, models_in_a_part, monkeypatch):
    monkeypatch.setattr(_stack, "_max_models", lambda *others: models_in_a_part)
    assert_as_if_alone(members(case), *data(case))


@every_case
def test_a_stack_holds_no_more_than_its_bytes(case, monkeypatch):
    widths = []
    start = _stack.start_run

    def watched(*args, models, **options):
        widths.append(len(models))
        return start(*args, models=models, **options)

    monkeypatch.setattr(_stack, "start_run", watched)
    together(members(case), *data(case))
    monkeypatch.setattr(_stack, "STACK_BYTES", 1)
    together(members(case), *data(case))
    n_models = len({_stack.model_key(e) for e in members(case)})
    assert widths == [n_models] + [1] * n_models


@every_case
def test_a_generator_is_each_members_own(case):
    estimators = members(case, random_state=np.random.RandomState(3))
    fitted, _ = together(estimators, *data(case))
    expected = alone(estimators, *data(case))
    for model in (*fitted, *expected):
        del model.random_state
    assert_same_models(fitted, expected)


@every_case
def test_without_a_seed_the_first_draws_are_those_of_the_leader_alone(case):
    X, y = data(case)
    estimators = members(case, NUMBERS[:1] + NUMBERS[2:3], random_state=None)
    np.random.seed(5)  # noqa: NPY002
    (leader, _), _ = together(estimators, X, y)
    np.random.seed(5)  # noqa: NPY002
    assert_same_models([leader], alone(estimators[:1], X, y))


@every_case
def test_inputs_stay_as_they_are(case):
    X, y = data(case)
    given = {"X_val": X[:20].copy(), "y_val": y[:20].copy()}
    given |= case.options(sample_weight=np.ones(len(y)))
    before = copy.deepcopy((X, y, given))
    for array in (X, y, *given.values()):
        array.flags.writeable = False
    together(members(case), X, y, **given)
    np.testing.assert_equal((X, y, given), before)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@every_case
def test_partial_fit_goes_on_as_after_a_fit_alone(case, optimizer):
    X, y = data(case)
    shared = {"optimizer": optimizer} if "momentum" in case.capabilities else {}
    estimators = members(case, SMALL_STEPS, **shared)
    fitted, _ = together(estimators, X, y)
    expected = alone(estimators, X, y)
    for model in (*fitted, *expected):
        model.partial_fit(X, y)
    assert_same_models(fitted, expected)


@every_case
def test_members_share_no_memory(case):
    X, y = data(case)
    (one, other), _ = together(members(case, [{"n_epochs": 2}] * 2), X, y)
    before = pickle.dumps(vars(other))
    one.partial_fit(X, y)
    one.classes_[:] = 0
    assert pickle.dumps(vars(other)) == before


def test_members_that_learn_nothing_warn_as_alone():
    case = CASES[0]
    X, y = data(case)
    estimators = members(case, [{"n_epochs": 2, "lr": lr} for lr in (0.1, 1e6)])
    with pytest.warns(ConvergenceWarning, match="may be too large") as expected:
        alone(estimators, X, y)
    stack = Stack(estimators).fit(X, y)
    assert [list(map(str, found)) for found in stack.warnings_] == [
        [],
        [str(w.message) for w in expected],
    ]


def test_an_invalid_input_fails_as_alone():
    case = CASES[0]
    X, y = data(case)
    X = np.where(X > 0.5, np.nan, X)
    with pytest.raises(ValueError, match="contains NaN"):
        together(members(case), X, y)


@every_case
def test_class_weights_that_are_equal_on_the_rows_are_one_model(case, monkeypatch):
    widths, start = [], _stack.start_run

    def watched(*args, models, **options):
        widths.append(len(models))
        return start(*args, models=models, **options)

    monkeypatch.setattr(_stack, "start_run", watched)
    first, *_ = classes = case.classes
    X, y = case.X[:90], classes[np.arange(90) % len(classes)]
    weights = None, "balanced", {first: 1.0}, {first: 2.0}
    together(members(case, [{"n_epochs": 2, "class_weight": weight} for weight in weights]), X, y)
    assert widths == [2]


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_members_without_dropout_have_a_generator_that_nothing_was_drawn_from(n_epochs):
    case = next(case for case in CASES if case.name == "TwoLayerMLPClassifier")
    numbers = [{"n_epochs": n_epochs, "dropout": rate} for rate in (0.4, 0.0)]
    assert_as_if_alone(members(case, numbers), *data(case))


def test_class_weights_whose_sum_is_not_finite_are_an_error_without_a_warning():
    case = CASES[0]
    numbers = [{"class_weight": None}, {"class_weight": dict.fromkeys(range(10), 1e308)}]
    with pytest.raises(ValueError, match="Total weights"):
        together(members(case, numbers), *data(case))


@pytest.mark.parametrize("kept", [0, 1])
def test_a_stack_goes_on_with_either_of_two_members_that_are_one_model(kept):
    case = CASES[0]
    X, y = case.X[:90], np.arange(90) % 3
    numbers = [{"class_weight": weight, "lr": 0.05} for weight in (None, "balanced")]
    stack = Stack(members(case, numbers, n_epochs=1), resumable=True).fit(X, y)
    stack.members = members(case, [numbers[kept]], n_epochs=3)
    expected = alone(stack.members, X, y)
    stack.fit(X, y)
    assert_same_models(stack.members, expected)
