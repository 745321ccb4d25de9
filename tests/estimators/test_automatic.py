"""lr="auto" and n_epochs="auto", as users see them."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from tests.cases import LAST_FIT_ATTRIBUTES, assert_same_model, ignore_unfinished
from tests.model_selection.searches import compare_with_scikit_learn

wine, iris = load_wine(return_X_y=True), load_iris(return_X_y=True)


def badly_scaled():
    """Features of sizes from 1e-2 to 1e4, off zero."""
    X, y = load_breast_cancer(return_X_y=True)
    factors = 10 ** np.linspace(-2, 4, X.shape[1])
    return (scale(X) + 3) * factors, y


DATA = {
    "wine": lambda: wine,
    "iris": lambda: iris,
    "digits": lambda: load_digits(return_X_y=True),
    "badly scaled": badly_scaled,
}
LINEAR = [
    SoftmaxRegression(lr="auto", random_state=0),
    GDLogisticRegression(lr="auto", random_state=0),
]
NETS = [
    TwoLayerMLPClassifier(hidden_size=8, lr="auto", optimizer=optimizer, random_state=0)
    for optimizer in ("sgd", "adam")
]
ADAM = [clone(model).set_params(optimizer="adam") for model in LINEAR]
linear = pytest.mark.parametrize("model", LINEAR, ids=repr)
every_model = pytest.mark.parametrize("model", LINEAR + ADAM + NETS, ids=repr)


def parameters_of(model):
    """All trained numbers in a row."""
    _, layers = model._fitted_network()
    return np.concatenate([array.ravel() for array in layers.weights + layers.intercepts])


# --- the optimum ----------------------------------------------------------------------------


def objective(model, X, y, sample_weight=None):
    """The sum that LogisticRegression(C=1/reg_param) minimises, divided by C, or one-vs-rest."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    scores = X @ model.coef_.T + model.intercept_
    is_class = y[:, np.newaxis] == model.classes_
    if isinstance(model, GDLogisticRegression):
        is_class = is_class[:, 1:] if len(model.classes_) == 2 else is_class
        losses = np.sum(np.logaddexp(0, scores) - is_class * scores, axis=1)
    else:
        losses = np.logaddexp.reduce(scores, axis=1) - scores[is_class]
    return weight @ losses + model.reg_param * np.sum(model.coef_**2) / 2


def optimal(model, X, y, sample_weight=None):
    """A model whose parameters are those of scikit-learn's solver, on raw features."""
    C = 1 / model.reg_param
    solver = LogisticRegression(C=C, tol=1e-10, solver="newton-cholesky", max_iter=1000)
    best = clone(model).set_params(n_epochs=1, optimizer="sgd").fit(X, y)
    if isinstance(model, GDLogisticRegression) and len(best.classes_) > 2:
        parts = OneVsRestClassifier(solver).fit(X, y).estimators_
        best.coef_ = np.vstack([part.coef_ for part in parts])
        best.intercept_ = np.concatenate([part.intercept_ for part in parts])
    elif isinstance(model, SoftmaxRegression) and len(best.classes_) == 2:
        # With two rows of weights w and -w, the penalty is that of 2 w in half its strength.
        solver.set_params(C=2 * C).fit(X, y, sample_weight)
        best.coef_ = np.vstack([-solver.coef_, solver.coef_]) / 2
        best.intercept_ = np.concatenate([-solver.intercept_, solver.intercept_]) / 2
    else:
        solver.fit(X, y, sample_weight)
        best.coef_, best.intercept_ = solver.coef_, solver.intercept_
    return best


MODELS_AND_DATA = [(model, data) for model in LINEAR for data in DATA]
SLOW = pytest.mark.slow


@pytest.mark.parametrize(("model", "data"), MODELS_AND_DATA, ids=str)
def test_lbfgs_reaches_the_optimum_on_raw_data(model, data):
    X, y = DATA[data]()
    model = clone(model).set_params(reg_param=1.0, optimizer="lbfgs", tol=1e-8).fit(X, y)
    lowest = objective(optimal(model, X, y), X, y)
    assert objective(model, X, y) == pytest.approx(lowest, rel=1e-8)


@pytest.mark.parametrize(("model", "data"), MODELS_AND_DATA, ids=str)
def test_batches_come_near_the_optimum_on_raw_data(model, data):
    """An average comes as near as 1 / t; a stricter tolerance comes nearer."""
    X, y = DATA[data]()
    model = clone(model).set_params(reg_param=10.0)
    lowest = objective(optimal(model, X, y), X, y)
    found = objective(clone(model).fit(X, y), X, y)
    nearer = objective(model.set_params(tol=1e-6, n_epochs="auto").fit(X, y), X, y)
    assert lowest * (1 - 1e-7) <= nearer <= found * (1 + 1e-3)
    assert nearer < 1.25 * lowest


# --- laws -----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@given(k=st.integers(-30, 30), dtype=st.sampled_from([np.float32, np.float64]))
@pytest.mark.parametrize("model", LINEAR + ADAM, ids=repr)
def test_powers_of_two_change_nothing(model, k, dtype):
    X, y = iris[0].astype(dtype), iris[1]
    model = clone(model).set_params(n_epochs=5)
    expected = clone(model).fit(X, y).decision_function(X)
    scaled = X * dtype(2) ** k
    np.testing.assert_array_equal(model.fit(scaled, y).decision_function(scaled), expected)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("model", LINEAR, ids=repr)
def test_scales_and_shifts_of_features_change_nothing(model, seed):
    X, y = iris
    rng = np.random.RandomState(seed)
    moved = X * 10 ** rng.uniform(-6, 6, 4) * rng.choice([-1, 1], 4)
    moved += rng.uniform(-100, 100, 4) * np.abs(moved).max(axis=0)
    model = clone(model).set_params(n_epochs=5)
    expected = clone(model).fit(X, y).decision_function(X)
    np.testing.assert_allclose(model.fit(moved, y).decision_function(moved), expected, atol=1e-6)


@ignore_unfinished
@pytest.mark.parametrize("model", LINEAR + ADAM, ids=repr)
def test_sparse_equals_dense(model):
    X, y = load_digits(return_X_y=True)
    model = clone(model).set_params(n_epochs=8)
    dense = clone(model).fit(X, y)
    model.fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(model.decision_function(X), dense.decision_function(X), atol=1e-6)


@ignore_unfinished
@every_model
def test_sample_weights_are_repeated_rows(model, rng):
    X, y = wine
    times = rng.randint(0, 3, len(y))
    options = {"batch_size": 1000, "n_epochs": 8, "shuffle": False}
    weighted = clone(model).set_params(**options).fit(X, y, times)
    repeated = clone(model).set_params(**options).fit(X.repeat(times, 0), y.repeat(times))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


@ignore_unfinished
@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 3.0, 2: 0.5}], ids=str)
@linear
def test_class_weights_are_sample_weights(model, class_weight):
    X, y = wine[0][30:], wine[1][30:]
    of_classes = class_weight
    if class_weight == "balanced":
        of_classes = {k: len(y) / (3 * np.sum(y == k)) for k in range(3)}
    sample_weight = np.vectorize(of_classes.get)(y)
    model = clone(model).set_params(n_epochs=10)
    expected = clone(model).fit(X, y, sample_weight).predict_proba(X)
    model.set_params(class_weight=class_weight).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)


@linear
def test_single_precision_learns_as_well(model):
    X, y = wine
    model = clone(model).set_params(reg_param=1.0)
    double, single = clone(model).fit(X, y), model.fit(X.astype(np.float32), y)
    assert single.coef_.dtype == np.float32
    assert objective(single, X, y) == pytest.approx(objective(double, X, y), rel=0.02)


@ignore_unfinished
@every_model
def test_the_same_seed_gives_the_same_model_pickled_or_cloned(model):
    X, y = scale(wine[0]), wine[1]
    one = clone(model).set_params(n_epochs=50).fit(X, y)
    assert_same_model(clone(one).fit(X, y), one)
    copied = pickle.loads(pickle.dumps(one))
    assert_same_model(copied, one)
    assert_same_model(copied.partial_fit(X, y), one.partial_fit(X, y))


# --- nets -----------------------------------------------------------------------------------


@ignore_unfinished
@pytest.mark.parametrize("model", NETS, ids=repr)
def test_nets_learn_from_scaled_data(model):
    X, y = scale(wine[0]), wine[1]
    assert clone(model).fit(X, y).score(X, y) > 0.97


@ignore_unfinished
def word_counts(n_words=1000, n_documents=600, n_topics=4):
    """Short documents, half of each about its topic; most words are rare."""
    rng = np.random.default_rng(0)
    commonness = 1 / np.arange(3, n_words + 3)
    topics = commonness * np.exp(rng.standard_normal((n_topics, n_words)))
    topics /= topics.sum(axis=1, keepdims=True)
    y = rng.integers(n_topics, size=n_documents)
    shares = (rng.dirichlet(np.full(n_topics, 0.5), n_documents) + np.eye(n_topics)[y]) / 2
    return sparse.csr_array(rng.multinomial(60, shares @ topics).astype(float)), y


@pytest.mark.parametrize(
    ("model", "reference"),
    [
        (SoftmaxRegression(), LogisticRegression()),
        (GDLogisticRegression(), OneVsRestClassifier(LogisticRegression())),
        (TwoLayerMLPClassifier(hidden_size=20), MLPClassifier(20, random_state=0)),
    ],
    ids=repr,
)
def test_rare_words_do_not_drown_the_others(model, reference):
    X, y = word_counts()
    model = clone(model).set_params(random_state=0)
    expected = cross_val_score(reference, X, y, cv=3).mean()
    assert cross_val_score(model, X, y, cv=3).mean() > expected - 0.02


def test_nets_learn_from_few_rows_which_features_matter():
    informative = {"n_informative": 20, "n_redundant": 0, "class_sep": 2}
    X, y = make_classification(100, 500, **informative, random_state=0)
    net, reference = TwoLayerMLPClassifier(hidden_size=20, random_state=0), MLPClassifier(20)
    reference.set_params(random_state=0)
    expected = cross_val_score(reference, X, y).mean()
    assert cross_val_score(net, X, y).mean() > expected - 0.01


@ignore_unfinished
@pytest.mark.parametrize("model", NETS, ids=repr)
def test_nets_go_on_where_they_stopped(model):
    X, y = scale(wine[0]), wine[1]
    model = clone(model).set_params(reg_param=0.1, dropout=0.2, batch_size=50)
    straight = clone(model).set_params(n_epochs=10).fit(X, y)
    halves = model.set_params(n_epochs=5, warm_start=True).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(parameters_of(halves), parameters_of(straight))
    np.testing.assert_array_equal(halves.history_["lr"], straight.history_["lr"])


# --- going on -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chunk", [pytest.param(1, marks=SLOW), pytest.param(3, marks=SLOW), 20, 60]
)
@pytest.mark.parametrize("is_sorted", [False, True], ids=["shuffled", "by-class"])
@linear
def test_partial_fit_learns_from_chunks_of_raw_data(model, is_sorted, chunk, rng):
    X, y = wine
    order = np.arange(len(y)) if is_sorted else rng.permutation(len(y))
    model = clone(model)
    for _ in range(10):
        for start in range(0, len(y), chunk):
            rows = order[start : start + chunk]
            model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert model.score(X, y) > 0.9


@linear
def test_a_stream_may_begin_with_a_single_row(model):
    X, y = make_classification(1000, 200, n_informative=100, n_classes=3, random_state=0)
    scores = []
    for first in (20, 1):
        stream = clone(model)
        for start in [0, *range(first, 800, 20)]:
            rows = slice(start, first if start == 0 else start + 20)
            stream.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        scores.append(stream.score(X[800:], y[800:]))
    assert scores[1] > scores[0] - 0.05


@pytest.mark.parametrize("chunk", [1, 10])
@pytest.mark.parametrize("model", NETS, ids=repr)
def test_nets_learn_from_chunks(model, chunk):
    X, y = wine
    scores = []
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(len(y))
        net = clone(model).set_params(hidden_size=50, random_state=seed)
        for _ in range(5):
            for start in range(0, len(y), chunk):
                rows = order[start : start + chunk]
                net.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
        scores.append(net.score(X, y))
    assert np.median(scores) > 0.85


@ignore_unfinished
@pytest.mark.parametrize(("batch_size", "rate"), [(178, 6e-3), (60, 2e-3), (20, 1e-3)])
def test_the_fewer_steps_an_epoch_the_larger_is_the_rate_of_adam_in_nets(batch_size, rate):
    net = TwoLayerMLPClassifier(batch_size=batch_size, n_epochs=1, random_state=0).fit(*wine)
    assert net.history_["lr"][0] == pytest.approx(rate)


@ignore_unfinished
@pytest.mark.parametrize(("optimizer", "limit"), [("adam", 200), ("sgd", 1000)])
def test_nets_with_adam_have_200_epochs_at_most(optimizer, limit):
    net = TwoLayerMLPClassifier(hidden_size=4, optimizer=optimizer, random_state=0)
    net.set_params(reg_param=1e-9).fit(np.eye(4), np.arange(4))
    assert net.n_iter_ <= limit
    assert net._describe_training().max_epochs(4) == limit


@ignore_unfinished
@linear
def test_partial_fit_on_the_same_rows_is_fit(model):
    X, y = wine
    straight = clone(model).set_params(n_epochs=60, reg_param=0.5).fit(X, y)
    passes = clone(model).set_params(reg_param=0.5)
    for _ in range(60):
        passes.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_model(passes, straight, exclude=LAST_FIT_ATTRIBUTES)


@ignore_unfinished
@pytest.mark.parametrize("model", LINEAR + ADAM, ids=repr)
def test_training_continues_from_parameters_that_the_user_has_set(model):
    X, y = wine
    fresh = clone(model).set_params(n_epochs=1).fit(X, y)
    model = clone(model).set_params(n_epochs=5).fit(X, y)
    model.coef_[...], model.intercept_[...] = 0, 0
    model.partial_fit(X, y)
    assert model.step_losses_[-1] == pytest.approx(fresh.step_losses_[-1], rel=1e-12)
    assert model.step_losses_[0] == pytest.approx(fresh.step_losses_[0], rel=1e-12)


@ignore_unfinished
@linear
def test_after_early_stopping_training_continues_from_the_restored_parameters(model):
    X, y = scale(wine[0]), wine[1]
    flipped = np.where(np.arange(len(y)) % 3 == 0, (y + 1) % 3, y)
    options = {"batch_size": 178, "early_stopping": True, "n_iter_no_change": 3, "n_epochs": 90}
    model = clone(model).set_params(**options).fit(X, flipped, X_val=X, y_val=y)
    best = np.argmin(model.history_["val_loss"])
    assert best < model.n_iter_ - 1
    n_steps = model.n_steps_
    scores, index = model.decision_function(X), np.arange(len(y))
    expected = -np.mean(model.predict_log_proba(X)[index, flipped])
    if isinstance(model, GDLogisticRegression):
        is_class = flipped[:, np.newaxis] == model.classes_
        expected = np.mean(np.sum(np.logaddexp(0, scores) - is_class * scores, axis=1))
    model.set_params(warm_start=True, n_epochs=1).fit(X, flipped, X_val=X, y_val=y)
    assert model.step_losses_[n_steps] == pytest.approx(expected, rel=1e-9)


@ignore_unfinished
@linear
def test_a_feature_that_begins_to_vary_is_learnt(model):
    X, y = iris
    constant = X.copy()
    constant[:, 2:] = 1.5
    model = clone(model).set_params(n_epochs=5).fit(constant, y)
    np.testing.assert_array_equal(model.coef_[:, 2:], 0)
    for _ in range(100):
        model.partial_fit(X, y)
    assert np.all(model.coef_[:, 2:] != 0)
    assert model.score(X, y) > 0.9


@every_model
def test_early_stopping(model):
    X, y = scale(wine[0]), wine[1]
    model = clone(model).set_params(early_stopping=True, n_iter_no_change=5, n_epochs=1500)
    model.fit(X, y)
    assert model.n_iter_ < 1500
    assert model.score(X, y) > 0.9


# --- together -------------------------------------------------------------------------------

GRID = {"lr": ["auto", 0.1], "n_epochs": ["auto", 5], "reg_param": [1.0, 10.0], "tol": [1e-2, 1e-3]}


@pytest.mark.parametrize("model", [*LINEAR, pytest.param(NETS[0], marks=SLOW), NETS[1]], ids=repr)
def test_fused_searches(model):
    X, y = scale(wine[0]), wine[1]
    search = GridSearchCV(clone(model), GRID, cv=2)
    own, _, work = compare_with_scikit_learn(search, X, y)
    assert work.one_by_one == 0
    assert [len(group.candidates) for group in own.search.plan().groups] == [4] * 4


def test_a_plan_of_automatic_epochs_tells_so():
    search = FusedGridSearchCV(SoftmaxRegression(), {"n_epochs": ["auto"], "lr": [0.1, 0.2]}, cv=3)
    assert "2 models, read off when they end" in str(search.plan())


# --- the end of training --------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_epochs", [1, 7, 300])
@pytest.mark.parametrize("lr", ["auto", 0.01])
@every_model
def test_so_many_epochs_are_exactly_so_many(model, lr, n_epochs):
    X, y = scale(iris[0]), iris[1]
    model = clone(model).set_params(lr=lr, n_epochs=n_epochs).fit(X, y)
    assert model.n_iter_ == n_epochs
    assert model.lr_ == model.history_["lr"][-1]


@pytest.mark.parametrize("tol", [1e-4, 1e-3])
@pytest.mark.parametrize("batch_size", [10, 50, 500])
@linear
def test_automatic_epochs_end_when_the_objective_no_longer_falls(model, batch_size, tol):
    X, y = scale(iris[0]), iris[1]
    model = clone(model).set_params(batch_size=batch_size, tol=tol, reg_param=10.0).fit(X, y)
    n = max(3, int(np.ceil(25 / np.sqrt(-(-150 // batch_size)))))
    penalty = np.append(0, model.history_["penalty"][:-1])
    value = model.history_["loss"] + penalty
    lowest = np.minimum.accumulate(value)
    measure = np.maximum(lowest[n:], value[0] / 100)
    fall = (lowest[:-n] - lowest[n:]) / measure
    rise = (value[n:] - lowest[n:]) / measure
    assert model.stop_reason_ == "converged"
    assert model.convergence_ == pytest.approx(fall[-1], abs=1e-12)
    assert fall[-1] <= 20 * tol
    assert np.all((fall > 20 * tol) | (rise > 1.5e-2) | (np.arange(len(fall)) == len(fall) - 1))


def test_a_stricter_tolerance_trains_for_longer():
    X, y = scale(iris[0]), iris[1]
    model = SoftmaxRegression(reg_param=10.0, random_state=0)
    n_epochs = [clone(model).set_params(tol=tol).fit(X, y).n_iter_ for tol in (1e-3, 1e-4, 1e-5)]
    assert n_epochs[0] < n_epochs[1] < n_epochs[2]


@pytest.mark.parametrize(("batch_size", "n_epochs"), [(150, 1000), (50, 334), (10, 200)])
def test_automatic_epochs_have_a_limit(batch_size, n_epochs):
    """A given learning rate that creeps is no sign of convergence."""
    model = SoftmaxRegression(lr=1e-4, batch_size=batch_size).fit(*iris)
    assert model.n_iter_ == n_epochs


def test_early_stopping_may_end_automatic_epochs_first():
    X, y = scale(wine[0]), wine[1]
    model = SoftmaxRegression(early_stopping=True, n_iter_no_change=2, tol=0.1, random_state=0)
    assert model.fit(X, y).n_iter_ < 100


def test_training_that_ends_too_soon_warns():
    words = r"After 5 epochs.*Increase n_epochs, or set it to 'auto'"
    with pytest.warns(ConvergenceWarning, match=words) as record:
        model = SoftmaxRegression(lr="auto", n_epochs=5).fit(*wine)
    assert record[0].filename == __file__
    assert model.convergence_ > 0.01


@pytest.mark.parametrize(
    "params",
    [
        {"n_epochs": 500},
        {"n_epochs": "auto"},
        {"n_epochs": 5, "early_stopping": True},
        {"n_epochs": 1, "reg_param": 0.0},
    ],
    ids=str,
)
def test_others_do_not(params):
    SoftmaxRegression(**{"lr": "auto", "reg_param": 1.0, "random_state": 0, **params}).fit(*wine)


@ignore_unfinished
def test_momentum_of_an_automatic_rate_is_beta():
    X, y = scale(wine[0]), wine[1]

    def coef(**params):
        params = {"n_epochs": 60, "batch_size": 50, "random_state": 0, **params}
        return SoftmaxRegression(**params).fit(X, y).coef_

    np.testing.assert_array_equal(coef(), coef(momentum=0.9, nesterov=True))
    np.testing.assert_array_equal(coef(lr=0.1), coef(lr=0.1, momentum=0.0))
    assert np.any(coef() != coef(momentum=0.5))


@every_model
def test_the_learning_rate_is_constant_but_for_its_decay(model):
    model = clone(model).set_params(n_epochs=4, early_stopping=True, n_iter_no_change=9)
    lr = clone(model).fit(*wine).history_["lr"]
    np.testing.assert_array_equal(lr, lr[0])
    decayed = model.set_params(lr_decay=0.5).fit(*wine)
    np.testing.assert_allclose(decayed.history_["lr"], lr * 0.5 ** np.arange(4))
    assert decayed.lr_ == decayed.history_["lr"][-1]


# --- odd data -------------------------------------------------------------------------------


@ignore_unfinished
@every_model
def test_constant_features_have_no_weight(model):
    X, y = scale(wine[0]), wine[1]
    X[:, 3] = 1e3
    model = clone(model).set_params(n_epochs=60).fit(X, y)
    weights = model.coef_[:, 3] if hasattr(model, "coef_") else model.coefs_[0][3]
    np.testing.assert_array_equal(weights, 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("value", [1e30, 1e150, 1e160, 1e300])
@pytest.mark.parametrize("when", ["fit", "partial_fit"])
@every_model
def test_a_row_of_huge_values_does_no_harm(model, when, value):
    X, y = wine
    model, huge = clone(model).set_params(n_epochs=20), X.copy()
    huge[7] = value
    if when == "partial_fit":
        model.fit(X, y)
    getattr(model, when)(huge, y)
    assert np.all(np.isfinite(parameters_of(model)))
    assert np.isfinite(model.history_["loss"][-1])


@pytest.mark.parametrize("name", ["lr", "n_epochs"])
def test_the_perceptron_takes_numbers_only(name):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of BinaryPerceptron"):
        BinaryPerceptron(**{name: "auto"}).fit(iris[0], iris[1] == 0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_wide_sparse_rows_are_not_made_dense():
    X = sparse.random(300, 200_000, density=1e-4, format="csr", random_state=0)
    model = SoftmaxRegression(n_epochs=1)
    tracemalloc.start()
    try:
        model.fit(X, np.arange(300) % 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 300 * 200_000 * 8 / 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", [SoftmaxRegression(), TwoLayerMLPClassifier()], ids=repr)
def test_another_optimizer_goes_on_from_the_fitted_weights(model):
    model = clone(model).set_params(optimizer="adam", warm_start=True, random_state=0).fit(*wine)
    n_epochs, loss = model.n_iter_, model.history_["loss"][-1]
    model.set_params(optimizer="sgd", n_epochs=1).fit(*wine)
    assert model.history_["loss"][n_epochs] < 1.5 * loss


def test_training_is_far_from_its_end_where_three_tenths_are_to_fall():
    found = {}
    for n_epochs in range(2, 80, 4):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = SoftmaxRegression(n_epochs=n_epochs, random_state=0).fit(*iris)
        found[model.convergence_] = any("still falls" in str(w.message) for w in caught)
    assert found == {convergence: convergence > 0.3 for convergence in found}
    assert any(0.3 < convergence < 1 for convergence in found)
    assert min(found) < 0.3


# --- L-BFGS ---------------------------------------------------------------------------------

LBFGS = [clone(model).set_params(optimizer="lbfgs", reg_param=0.1) for model in [*LINEAR, NETS[0]]]
every_lbfgs = pytest.mark.parametrize("model", LBFGS, ids=repr)


@every_lbfgs
def test_fewer_iterations_are_the_first_of_more(model):
    few = clone(model).set_params(n_epochs=5).fit(*wine)
    many = clone(model).set_params(n_epochs=12).fit(*wine)
    assert (few.n_iter_, few.stop_reason_) == (5, "max_epochs")
    for name, values in few.history_.items():
        np.testing.assert_array_equal(values, many.history_[name][:5], err_msg=name)


@every_lbfgs
def test_the_history_of_lbfgs_tells_of_each_iteration(model, capsys):
    X, y = wine
    model = clone(model).set_params(verbose=1, n_epochs=8).fit(X, y, X_val=X[::2], y_val=y[::2])
    history = model.history_
    assert np.all(np.isnan(history["lr"]))
    objective = history["loss"] + history["penalty"]
    assert np.all(np.diff(objective) < 0)
    assert history["accuracy"][-1] == pytest.approx(model.score(X, y))
    assert history["val_accuracy"][-1] == pytest.approx(model.score(X[::2], y[::2]))
    np.testing.assert_array_equal(model.step_losses_, history["loss"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ == 8
    assert "nan" not in "".join(lines)


@every_lbfgs
def test_early_stopping_of_lbfgs_restores_the_best_iteration(model):
    X, y = wine
    flipped = np.where(np.arange(len(y)) % 3 == 0, (y + 1) % 3, y)
    model = clone(model).set_params(early_stopping=True, n_iter_no_change=3, reg_param=0.0)
    model.fit(X, flipped, X_val=X, y_val=y)
    best = np.argmin(model.history_["val_loss"]) + 1
    assert model.stop_reason_ == "early_stopping"
    assert best < model.n_iter_
    model.set_params(early_stopping=False, n_epochs=int(best))
    shorter = clone(model).fit(X, flipped)
    np.testing.assert_array_equal(parameters_of(model), parameters_of(shorter))


@every_lbfgs
def test_warm_start_of_lbfgs_starts_at_the_fitted_parameters(model):
    model = clone(model).set_params(warm_start=True).fit(*wine)
    n_iter, loss = model.n_iter_, model.history_["loss"][-1]
    model.fit(*wine)
    assert model.n_iter_ <= n_iter + 2
    assert model.history_["loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert len(model.history_["loss"]) == model.n_iter_


@every_lbfgs
def test_a_tolerance_below_rounding_warns(model):
    model = clone(model).set_params(tol=1e-18, n_epochs=3000)
    with pytest.warns(ConvergenceWarning, match="stopped before the gradient fell") as record:
        model.fit(*iris)
    assert record[0].filename == __file__


@every_lbfgs
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_lbfgs_takes_sparse_rows_and_weights(model, container, rng):
    X, y = wine
    times = rng.randint(0, 3, len(y))
    model = clone(model).set_params(n_epochs=10)
    weighted = clone(model).fit(container(X), y, times)
    repeated = clone(model).fit(X.repeat(times, 0), y.repeat(times))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


def test_lbfgs_that_does_not_converge_warns(monkeypatch):
    monkeypatch.setattr("sklearn_softmax.estimators._smooth.MAX_ITERATIONS", 20)
    model = SoftmaxRegression(optimizer="lbfgs", reg_param=0.1, tol=1e-8)
    message = "has not converged to tol=1e-08 in 20.* raise tol or reg_param"
    with pytest.warns(ConvergenceWarning, match=message) as record:
        model.fit(*wine)
    assert record[0].filename == __file__
    assert (model.n_iter_, model.stop_reason_) == (20, "max_epochs")


def test_lbfgs_of_the_optimum_is_one_iteration():
    model = SoftmaxRegression(optimizer="lbfgs").fit(np.zeros((4, 2)), [0, 1, 0, 1])
    assert (model.n_iter_, model.stop_reason_) == (1, "converged")
    assert model.history_["loss"][0] == pytest.approx(np.log(2))


@every_lbfgs
def test_partial_fit_of_lbfgs_is_an_error_that_names_the_remedy(model):
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as caught:
        model.partial_fit(*wine, classes=[0, 1, 2])
    assert 'set optimizer to "sgd" or "adam"' in str(caught.value.__cause__)


def test_dropout_of_lbfgs_is_an_error_that_names_the_remedy():
    net = TwoLayerMLPClassifier(optimizer="lbfgs", dropout=0.2)
    with pytest.raises(ValueError, match=r"dropout=0\.2 is not supported.*set dropout=0\.0"):
        net.fit(*wine)


@every_lbfgs
def test_what_lbfgs_does_not_use_has_no_effect(model):
    expected = clone(model).set_params(n_epochs=6).fit(*wine)
    others = {"lr": 3.0, "batch_size": 7, "momentum": 0.5, "shuffle": False, "nesterov": True}
    other = clone(model).set_params(n_epochs=6, **others).fit(*wine)
    np.testing.assert_array_equal(parameters_of(other), parameters_of(expected))


def test_searches_fit_lbfgs_one_by_one():
    X, y = scale(wine[0]), wine[1]
    grid = {"optimizer": ["lbfgs", "sgd"], "reg_param": [0.1, 1.0], "lr": [0.1], "n_epochs": [30]}
    search = GridSearchCV(SoftmaxRegression(random_state=0), grid, cv=2)
    own, _, work = compare_with_scikit_learn(search, X, y)
    assert work.one_by_one == 4
    assert '2 one by one: optimizer="lbfgs"' in str(own.search.plan())


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("model", LINEAR + ADAM + NETS + LBFGS, ids=repr)
def test_a_single_class_is_learned(model):
    X, _ = wine
    model = clone(model).fit(X, np.full(len(X), "red"))
    np.testing.assert_array_equal(model.predict(X), "red")
    np.testing.assert_array_equal(model.predict_proba(X), 1)


@pytest.mark.parametrize("model", LINEAR, ids=repr)
def test_lbfgs_reaches_the_optimum_with_more_features_than_rows(model):
    X, y = make_classification(40, 300, n_informative=20, random_state=0)
    model = clone(model).set_params(reg_param=1.0, optimizer="lbfgs", tol=1e-9).fit(X, y)
    best = optimal(model, X, y)
    np.testing.assert_allclose(model.coef_, best.coef_, atol=1e-5)
    assert objective(model, X, y) == pytest.approx(objective(best, X, y), rel=1e-8)


# --- features of any size, far from 0 -------------------------------------------------------

every_scaled = pytest.mark.parametrize("model", [*LINEAR, *ADAM, *NETS, *LBFGS], ids=repr)
# Rounding may keep L-BFGS from its tolerance.
imprecise = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def shifted(shift, n=300):
    """Two features far from 0 beside rare binary ones, and classes that follow from both."""
    rng = np.random.default_rng(0)
    near, rare = rng.standard_normal((n, 2)), rng.uniform(size=(n, 6)) < 0.1
    far = near + shift * np.array([1, -3])
    return np.column_stack([far, rare]), (near @ [1, -0.5] > 0).astype(int)


@imprecise
@pytest.mark.parametrize("weighting", ["equal", "rows", "classes"])
@pytest.mark.parametrize("shift", [1e7, -1e10, 1e13])
@every_scaled
def test_features_far_from_0_are_learned_like_near_ones(model, shift, weighting):
    (X, y), (near, _) = shifted(shift), shifted(0)
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighting == "rows" else None
    class_weight = {0: 1.0, 1: 3.0} if weighting == "classes" else None
    model = clone(model).set_params(n_epochs=30, class_weight=class_weight)
    expected = clone(model).fit(near, y, weight).predict_proba(near)
    for container in (np.asarray, sparse.csr_array, sparse.csc_matrix):
        far = container(X)
        error = np.abs(clone(model).fit(far, y, weight).predict_proba(far) - expected)
        # The line searches of L-BFGS amplify rounding.
        assert np.mean(error) < (0.01 if model.optimizer == "lbfgs" else 1e-15 * abs(shift))


@pytest.mark.parametrize("shift", [1e7, 1e12])
@every_model
def test_streams_of_features_far_from_0(model, shift):
    (X, y), (near, _) = shifted(shift), shifted(0)
    models = [clone(model) for _ in range(3)]
    for start in [0, 2, *range(20, 300, 40)]:
        rows = slice(start, start + 40)
        for part, values in zip(models, (near, X, sparse.csr_array(X)), strict=True):
            part.partial_fit(values[rows], y[rows], classes=[0, 1])
    expected = models[0].predict_proba(near)
    for part in models[1:]:
        np.testing.assert_allclose(part.predict_proba(X), expected, atol=1e-13 * shift)


@imprecise
@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e160, 1e300])
@every_scaled
def test_features_of_any_size_are_learned(model, size):
    X, y = scale(iris[0]), iris[1]
    model = clone(model).set_params(n_epochs=20, reg_param=0.0)
    expected = clone(model).fit(X, y).predict_proba(X)
    for container in (np.asarray, sparse.csr_array):
        far = container(X * size)
        np.testing.assert_allclose(clone(model).fit(far, y).predict_proba(far), expected, atol=1e-5)


@imprecise
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
@pytest.mark.parametrize(
    ("dtype", "shift"), [(np.float32, 1e5), (np.float32, -1e7), (np.float64, 1e14)]
)
@every_scaled
def test_features_that_rounding_hides_are_a_warning(model, dtype, shift, container):
    X, y = shifted(shift)
    message = f"2 of 8 features vary by less than 100 rounding errors of {np.dtype(dtype)}"
    with pytest.warns(UserWarning, match=message) as record:
        clone(model).set_params(n_epochs=3).fit(container(X.astype(dtype)), y)
    assert record[0].filename == __file__


def test_a_stream_warns_of_rounding_once_it_is_all_that_varies():
    model, y, times = SoftmaxRegression(), np.arange(40) % 2, np.arange(40.0)[:, np.newaxis]
    with pytest.warns(UserWarning, match="1 of 1 features vary by less than 100 rounding errors"):
        model.partial_fit(times.astype(np.float32) + 2**22, y, classes=[0, 1])
    model.partial_fit((times * 1e4).astype(np.float32) + 2**22, y)


@ignore_unfinished
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@linear
def test_ordinary_and_constant_features_are_no_warning(model, dtype):
    X, y = load_digits(return_X_y=True)
    constant = np.full((len(y), 4), [0.1, 1e6 + 0.1, -1e-200, 0])
    X = np.column_stack([X / 16, X == 3, scale(X), constant, X + 1000]).astype(dtype)
    for values in (X, sparse.csr_array(X)):
        clone(model).set_params(n_epochs=2).fit(values, y)
