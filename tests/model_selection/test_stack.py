"""Models trained as one stack, against the same models trained one by one."""

import pickle
from dataclasses import is_dataclass

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_wine

from sklearn_softmax import BinaryPerceptron, TwoLayerMLPClassifier
from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax.model_selection import _stack
from sklearn_softmax.model_selection._stack import Stack
from tests.cases import CASES, cases

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


def leaves(value):
    """Yield the types, texts, numbers and arrays of which a value consists."""
    yield type(value)
    if isinstance(value, np.random.RandomState):
        value = value.get_state(legacy=False)
    elif isinstance(value, np.random.Generator):
        value = value.bit_generator.state
    elif is_dataclass(value) or isinstance(value, Parameters):
        value = vars(value)
    if isinstance(value, dict):
        # Beside models with momentum, others have a velocity that is not used.
        value = [] if list(value) == ["velocity"] else list(value.items())
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def assert_same_models(fitted, expected, rtol=1e-10, exclude=()):
    for models in zip(fitted, expected, strict=True):
        contents = [{k: v for k, v in vars(m).items() if k not in exclude} for m in models]
        for a, b in zip(*(leaves(sorted(values.items())) for values in contents), strict=True):
            is_float = isinstance(a, float) or getattr(a, "dtype", None) in (np.float32, np.float64)
            if is_float:
                np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol, strict=True)
            else:
                np.testing.assert_array_equal(a, b, strict=True)


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


@every_case
def test_members_that_stop_early_equal_fits_alone(case):
    X, y = data(case)
    estimators = members(case, EARLY_STOPPING, early_stopping=True)
    models = assert_as_if_alone(estimators, X, y, exclude=GENERATORS)
    n_epochs = [model.n_iter_ for model in models]
    assert len(set(n_epochs)) > 2
    assert min(n_epochs) < 12


@every_case
def test_members_with_and_without_early_stopping_on_validation_rows_equal_fits_alone(case, rng):
    X, y = data(case)
    validation = {"X_val": X + rng.normal(0, 0.5, X.shape), "y_val": y}
    validation |= case.options(sample_weight_val=rng.uniform(0, 2, len(y)))
    estimators = members(case, DIFFERENT, n_epochs=12, n_iter_no_change=1, tol=0.01)
    for estimator in estimators[::2]:
        estimator.early_stopping = True
    assert_as_if_alone(estimators, X, y, exclude=GENERATORS, **validation)


@every_case
def test_decay_of_a_member_of_one_epoch_is_used_by_no_other(case):
    decays = [1.0, 0.9, 0.5]
    values = [{"n_epochs": n, "lr": 0.1, "lr_decay": d} for d in decays for n in (1, 3)]
    for order in (1, -1):
        assert_as_if_alone(members(case, values[::order]), *data(case))


AUTOMATIC = [
    {},
    {"reg_param": 1.0},
    {"reg_param": 20.0, "momentum": 0.0},
    {"reg_param": 1.0, "momentum": 0.5, "nesterov": True, "lr_decay": 0.98},
    {"tol": 0.05},
    {"tol": 0.05, "lr_decay": 0.9},
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("adam", marks=pytest.mark.slow)])
@pytest.mark.parametrize("n_epochs", [6, pytest.param("auto", marks=pytest.mark.slow)])
@pytest.mark.parametrize("lr", ["auto", 0.05])
@pytest.mark.parametrize("case", cases("momentum"), ids=str)
def test_members_that_train_until_they_converge_equal_fits_alone(case, lr, n_epochs, optimizer):
    estimators = members(case, AUTOMATIC, lr=lr, n_epochs=n_epochs, optimizer=optimizer)
    models = assert_as_if_alone(estimators, *data(case), exclude=GENERATORS, rtol=1e-9)
    if lr == n_epochs == "auto":
        assert len({model.n_iter_ for model in models}) > 2


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("n_epochs", [1, 3])
def test_nets_with_and_without_dropout_have_the_generators_of_fits_alone(n_epochs, optimizer):
    values = [{"dropout": rate, "lr": lr} for rate in (0.4, 0.0) for lr in (0.1, 0.2)]
    shared = {"n_epochs": n_epochs, "optimizer": optimizer, "hidden_size": (9, 8)}
    assert_as_if_alone(members(NET, values, **shared), *data(NET))


def test_perceptrons_stop_separately(rng):
    X = rng.standard_normal((80, 3))
    y = (X @ [2.0, -1.0, 1.0] > 0).astype(int)
    estimators = [
        BinaryPerceptron(batch_size=16, random_state=0, n_epochs=n_epochs, lr=lr, lr_decay=decay)
        for n_epochs in (100, 2)
        for lr, decay in ((1.0, 1.0), (1.0, 0.9), (0.5, 0.95), (3.0, 0.8))
    ]
    models = assert_as_if_alone(estimators, X, y, exclude=["_random_state"])
    assert len({model.n_iter_ for model in models}) > 2


STOPPED = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.0}


@pytest.mark.parametrize(
    ("values", "shared"),
    [
        (DIFFERENT, {"random_state": 0}),
        (SMALL_STEPS, {"random_state": np.random.RandomState(3), **STOPPED}),
    ],
    ids=["different", "early stopping"],
)
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


@pytest.mark.parametrize(("resumable", "n_copies_of_X"), [(True, 0.25), (False, 0.001)])
def test_stack_contains_no_rows_and_models_only_if_it_is_resumable(resumable, n_copies_of_X):
    X, y = np.tile(NET.X[:90], (100, 1)), np.tile(NET.y[:90], 100)
    stack = Stack(members(NET, n_epochs=1), resumable).fit(X, y)
    stack.members = []
    # The models of a resumable stack contain the losses of an epoch's steps.
    assert len(pickle.dumps(stack)) < n_copies_of_X * X.nbytes


DIVERGING = {"n_epochs": 3, "lr": 1e300, "reg_param": 1e300}
WINE_NET = TwoLayerMLPClassifier(lr=1e10, optimizer="sgd", random_state=0)


def error_alone(estimator, *args, **kwargs):
    with pytest.raises(ValueError, match="diverged") as caught:
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
@pytest.mark.parametrize(
    ("estimator", "X", "y", "n_epochs"),
    [
        *((case.model(lr=0.1, reg_param=1e6), *data(case), (30, 1)) for case in cases("reg_param")),
        # Its loss after one epoch is an error, but falls in later epochs.
        (WINE_NET, *load_wine(return_X_y=True), (1, 30)),
    ],
)
def test_either_of_a_longer_and_a_shorter_member_may_diverge(estimator, X, y, n_epochs):
    estimators = [clone(estimator).set_params(n_epochs=n) for n in n_epochs]
    fitted, errors = fit_stack(estimators, X, y)
    assert str(errors[0]) == error_alone(estimators[0], X, y)
    assert_same_models(fitted[1:], fit_alone(estimators[1:], X, y))


@pytest.mark.parametrize("weight", [0.0, 1e308])
def test_total_weight_of_a_member_that_is_zero_or_infinite_raises(weight):
    weights = [{"class_weight": dict.fromkeys(range(10), weight)}, {}]
    with pytest.raises(ValueError, match=r"non-zero|Total weights"):
        fit_stack(members(SOFTMAX, weights), *data(SOFTMAX))


@pytest.mark.parametrize(
    ("name", "value", "width"), [("_max_models", lambda *args: 3, 3), ("STACK_BYTES", 1, 1)]
)
@every_case
def test_split_stack_equals_fits_alone(case, name, value, width, run_widths, monkeypatch):
    monkeypatch.setattr(_stack, name, value)
    assert_as_if_alone(members(case), *data(case))
    assert max(run_widths) == width


@two_cases
def test_class_weights_that_are_equal_on_the_rows_are_one_model(case, run_widths):
    first, *_ = classes = case.classes
    X, y = case.X[:90], classes[np.arange(90) % len(classes)]
    weights = None, "balanced", {first: 1.0}, {first: 2.0}
    fit_stack(members(case, [{"n_epochs": 2, "class_weight": w} for w in weights]), X, y)
    assert run_widths == [2]


@two_cases
def test_draws_without_a_seed_are_those_of_the_first_member_alone(case):
    estimators = members(case, [MEMBERS[0], MEMBERS[2]], random_state=None)
    np.random.seed(5)  # noqa: NPY002
    (leader, _), _ = fit_stack(estimators, *data(case))
    next_draw = np.random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    assert_same_models([leader], fit_alone(estimators[:1], *data(case)))
    assert np.random.random() == next_draw  # noqa: NPY002


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
