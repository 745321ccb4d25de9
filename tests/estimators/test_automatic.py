"""lr="auto" and n_epochs="auto"."""

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from sklearn_softmax import GDLogisticRegression, SoftmaxRegression, TwoLayerMLPClassifier
from sklearn_softmax._training.stopping import Convergence
from tests.cases import ignore_unfinished, parameters

iris, wine = load_iris(return_X_y=True), load_wine(return_X_y=True)
scaled_iris, scaled_wine = (scale(iris[0]), iris[1]), (scale(wine[0]), wine[1])
LINEAR = [SoftmaxRegression(random_state=0), GDLogisticRegression(random_state=0)]
ADAM = [clone(model).set_params(optimizer="adam") for model in LINEAR]
NETS = [
    TwoLayerMLPClassifier(hidden_size=8, optimizer=optimizer, random_state=0)
    for optimizer in ("sgd", "adam")
]
LBFGS = [clone(model).set_params(optimizer="lbfgs", reg_param=0.1) for model in [*LINEAR, NETS[0]]]
linear = pytest.mark.parametrize("model", LINEAR, ids=repr)
nets = pytest.mark.parametrize("model", NETS, ids=repr)
every_linear = pytest.mark.parametrize("model", LINEAR + ADAM, ids=repr)
every_model = pytest.mark.parametrize("model", LINEAR + ADAM + NETS, ids=repr)
every_scaled = pytest.mark.parametrize("model", LINEAR + ADAM + NETS + LBFGS, ids=repr)
# Fits of few epochs, or of L-BFGS that rounding keeps from its tolerance.
ignore_warnings = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# --- laws ----------------------------------------------------------------------------------------


@ignore_warnings
@given(k=st.integers(-30, 30), dtype=st.sampled_from([np.float32, np.float64]))
@every_linear
def test_scores_do_not_change_if_features_are_multiplied_by_powers_of_two(model, k, dtype):
    X, y = iris[0].astype(dtype), iris[1]
    model = clone(model).set_params(n_epochs=5)
    expected = clone(model).fit(X, y).decision_function(X)
    scaled = X * dtype(2) ** k
    np.testing.assert_array_equal(model.fit(scaled, y).decision_function(scaled), expected)


@ignore_warnings
@given(seed=st.integers(0, 2**32 - 1))
@linear
def test_scores_do_not_change_if_features_are_scaled_and_shifted(model, seed):
    X, y = iris
    rng = np.random.RandomState(seed)
    moved = X * 10 ** rng.uniform(-6, 6, 4) * rng.choice([-1, 1], 4)
    moved += rng.uniform(-100, 100, 4) * np.abs(moved).max(axis=0)
    model = clone(model).set_params(n_epochs=5)
    expected = clone(model).fit(X, y).decision_function(X)
    np.testing.assert_allclose(model.fit(moved, y).decision_function(moved), expected, atol=1e-6)


# --- learning ------------------------------------------------------------------------------------


def word_counts(n_words=1000, n_documents=600, n_topics=4):
    """Return short documents, half of each about its topic; most words are rare."""
    rng = np.random.default_rng(0)
    commonness = 1 / np.arange(3, n_words + 3)
    topics = commonness * np.exp(rng.standard_normal((n_topics, n_words)))
    topics /= topics.sum(axis=1, keepdims=True)
    y = rng.integers(n_topics, size=n_documents)
    shares = (rng.dirichlet(np.full(n_topics, 0.5), n_documents) + np.eye(n_topics)[y]) / 2
    return sparse.csr_array(rng.multinomial(60, shares @ topics).astype(float)), y


def few_rows():
    """Return fewer rows than features, most of which are noise."""
    informative = {"n_informative": 20, "n_redundant": 0, "class_sep": 2}
    return make_classification(100, 500, **informative, random_state=0)


NET, MLP = TwoLayerMLPClassifier(hidden_size=20), MLPClassifier(20, random_state=0)


@pytest.mark.parametrize(
    ("model", "reference", "data", "loss_of_accuracy"),
    [
        (SoftmaxRegression(), LogisticRegression(), word_counts, 0.02),
        (GDLogisticRegression(), OneVsRestClassifier(LogisticRegression()), word_counts, 0.02),
        (NET, MLP, word_counts, 0.02),
        (NET, MLP, few_rows, 0.01),
    ],
)
def test_accuracy_on_rare_words_and_few_rows_is_that_of_scikit_learn(
    model, reference, data, loss_of_accuracy
):
    X, y = data()
    model = clone(model).set_params(random_state=0)
    expected = cross_val_score(reference, X, y, cv=3).mean()
    assert cross_val_score(model, X, y, cv=3).mean() > expected - loss_of_accuracy


def train_on_chunks(model, X, y, size, n_passes):
    model = clone(model)
    for start in [*range(0, len(y), size)] * n_passes:
        rows = slice(start, start + size)
        model.partial_fit(X[rows], y[rows], classes=np.unique(y))
    return model


@pytest.mark.parametrize("size", [pytest.param(1, marks=pytest.mark.slow), 10])
@pytest.mark.parametrize(
    ("model", "is_sorted", "accuracy"),
    [
        *((model, is_sorted, 0.9) for model in LINEAR for is_sorted in (False, True)),
        *((clone(net).set_params(hidden_size=50), False, 0.85) for net in NETS),
    ],
    ids=str,
)
def test_partial_fit_learns_raw_data_in_chunks(model, is_sorted, accuracy, size):
    scores = []
    for seed in range(3):
        order = np.arange(178) if is_sorted else np.random.RandomState(seed).permutation(178)
        stream = clone(model).set_params(random_state=seed)
        stream = train_on_chunks(stream, wine[0][order], wine[1][order], size, n_passes=5)
        scores.append(stream.score(*wine))
    assert np.median(scores) > accuracy


@linear
def test_a_stream_may_begin_with_a_single_row(model):
    X, y = make_classification(1000, 200, n_informative=100, n_classes=3, random_state=0)
    scores = []
    for first in (20, 1):
        stream = clone(model).partial_fit(X[:first], y[:first], classes=[0, 1, 2])
        for start in range(first, 800, 20):
            stream.partial_fit(X[start : start + 20], y[start : start + 20])
        scores.append(stream.score(X[800:], y[800:]))
    assert scores[1] > scores[0] - 0.05


@ignore_warnings
@pytest.mark.parametrize("model", LINEAR + NETS, ids=repr)
def test_a_constant_feature_is_learned_once_it_varies(model):
    X, y = iris
    constant = X.copy()
    constant[:, 2:] = 1.5
    model = clone(model).set_params(n_epochs=5).fit(constant, y)
    np.testing.assert_array_equal(model._fitted_network()[1].weights[0][0, :, 2:], 0)
    for _ in range(300):
        model.partial_fit(X, y)
    assert np.all(model._fitted_network()[1].weights[0][0, :, 2:] != 0)
    assert model.score(X, y) > 0.9


# --- resumed training ----------------------------------------------------------------------------


@ignore_unfinished
@every_linear
def test_training_continues_from_parameters_set_by_the_user(model):
    fresh = clone(model).set_params(n_epochs=1).fit(*wine)
    model = clone(model).set_params(n_epochs=5).fit(*wine)
    model.coef_[...], model.intercept_[...] = 0, 0
    model.partial_fit(*wine)
    assert model.step_losses_[[0, -1]] == pytest.approx(fresh.step_losses_[[0, -1]], rel=1e-12)


@ignore_warnings
@pytest.mark.parametrize("model", [SoftmaxRegression(), TwoLayerMLPClassifier()], ids=repr)
def test_another_optimizer_continues_from_the_fitted_weights(model):
    model = clone(model).set_params(optimizer="adam", warm_start=True, random_state=0).fit(*wine)
    n_epochs, loss = model.n_iter_, model.history_["loss"][-1]
    model.set_params(optimizer="sgd", n_epochs=1).fit(*wine)
    assert model.history_["loss"][n_epochs] < 1.5 * loss
    model.set_params(fit_intercept=False).fit(*wine)
    assert len(model.history_["loss"]) == model.n_iter_ == n_epochs + 2


# --- learning rates ------------------------------------------------------------------------------


@ignore_unfinished
@pytest.mark.parametrize(("batch_size", "lr"), [(178, 6e-3), (60, 2e-3), (20, 1e-3)])
def test_rate_of_adam_in_nets_is_larger_with_few_steps_per_epoch(batch_size, lr):
    net = TwoLayerMLPClassifier(batch_size=batch_size, n_epochs=1, random_state=0).fit(*wine)
    assert net.history_["lr"][0] == pytest.approx(lr)


@ignore_unfinished
def test_automatic_momentum_is_0_9_with_an_automatic_rate_and_else_0():
    def coef(**params):
        params = {"n_epochs": 20, "batch_size": 50, "random_state": 0, **params}
        return SoftmaxRegression(**params).fit(*scaled_wine).coef_

    np.testing.assert_array_equal(coef(), coef(momentum=0.9, nesterov=True))
    np.testing.assert_array_equal(coef(lr=0.1), coef(lr=0.1, momentum=0.0))
    assert np.any(coef() != coef(momentum=0.5))


@every_model
def test_an_automatic_rate_is_constant_except_for_lr_decay(model):
    model = clone(model).set_params(n_epochs=4, early_stopping=True, n_iter_no_change=9)
    lr = clone(model).fit(*wine).history_["lr"]
    np.testing.assert_array_equal(lr, lr[0])
    model.set_params(lr_decay=0.5).fit(*wine)
    np.testing.assert_allclose(model.history_["lr"], lr * 0.5 ** np.arange(4))
    assert model.lr_ == model.history_["lr"][-1]


# --- number of epochs ----------------------------------------------------------------------------


@ignore_warnings
@pytest.mark.parametrize("lr", ["auto", 0.01])
@every_model
def test_a_number_of_epochs_is_exact_even_after_convergence(model, lr):
    for n_epochs in (1, 40):
        model = clone(model).set_params(lr=lr, n_epochs=n_epochs, tol=0.1).fit(*scaled_iris)
        assert (model.n_iter_, model.stop_reason_) == (n_epochs, "max_epochs")


@pytest.mark.parametrize(("batch_size", "tol"), [(10, 1e-3), (50, 1e-4), (500, 1e-4)])
@linear
def test_training_converges_when_the_objective_no_longer_falls(model, batch_size, tol):
    X, y = scaled_iris
    model = clone(model).set_params(batch_size=batch_size, tol=tol, reg_param=10.0).fit(X, y)
    objective = model.history_["loss"] + np.append(0, model.history_["penalty"][:-1])
    convergence = Convergence(steps_per_epoch=-(-150 // batch_size))
    has_converged = []
    for value in objective:
        convergence.update(np.array([value]))
        has_converged.append(convergence.has_converged(20 * tol)[0])
    assert model.stop_reason_ == "converged"
    assert model.convergence_ == pytest.approx(convergence.fall()[0], abs=1e-12)
    assert np.flatnonzero(has_converged)[0] == model.n_iter_ - 1


@ignore_unfinished
@pytest.mark.parametrize(
    ("model", "n_epochs"),
    [
        # A fixed rate may be too small for the loss to fall; that is not convergence.
        *((SoftmaxRegression(lr=1e-4, batch_size=b), n) for b, n in [(150, 1000), (50, 334)]),
        (SoftmaxRegression(lr=1e-4, batch_size=10), 200),
        *((clone(net).set_params(tol=0.0), n) for net, n in zip(NETS, [1000, 200])),
    ],
    ids=str,
)
def test_automatic_epochs_are_limited_without_convergence(model, n_epochs):
    assert clone(model).fit(*scaled_iris).n_iter_ == n_epochs


@every_model
def test_early_stopping_ends_automatic_epochs(model):
    model = clone(model).set_params(early_stopping=True, n_iter_no_change=5, tol=1e-3)
    model.fit(*scaled_wine)
    assert model.stop_reason_ == "early_stopping"
    assert model.score(*scaled_wine) > 0.9


def test_training_warns_if_it_ends_with_a_convergence_above_0_3():
    warned = {}
    for n_epochs in range(2, 80, 4):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = SoftmaxRegression(n_epochs=n_epochs, random_state=0).fit(*iris)
        warned[model.convergence_] = any("still falls" in str(w.message) for w in caught)
    assert warned == {convergence: convergence > 0.3 for convergence in warned}
    assert any(0.3 < convergence < 1 for convergence in warned)
    assert min(warned) < 0.3
    message = r"After 5 epochs.*Increase n_epochs, or set it to 'auto'"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        SoftmaxRegression(n_epochs=5).fit(*wine)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("params", [{"n_epochs": 5, "early_stopping": True}, {"n_epochs": 1}])
def test_early_stopping_and_a_single_epoch_do_not_warn(params):
    SoftmaxRegression(random_state=0, **params).fit(*wine)


# --- unusual data --------------------------------------------------------------------------------


@ignore_warnings
@pytest.mark.parametrize("value", [1e30, 1e150, 1e160, 1e300])
@every_model
def test_a_row_of_huge_values_leaves_parameters_and_loss_finite(model, value):
    X, y = wine
    huge = X.copy()
    huge[7] = value
    fitted = clone(model).set_params(n_epochs=5).fit(huge, y)
    streamed = clone(model).set_params(n_epochs=5).fit(X, y).partial_fit(huge, y)
    for model in (fitted, streamed):
        assert np.all(np.isfinite(parameters(model)))
        assert np.isfinite(model.history_["loss"][-1])


@pytest.mark.parametrize("weight", [1, 1e-300])
@pytest.mark.parametrize("model", [SoftmaxRegression(), GDLogisticRegression()], ids=repr)
def test_rare_features_without_an_intercept_are_learned(model, weight):
    X, y, weights = np.zeros((20_000, 1)), np.arange(20_000) % 2, np.ones(20_000)
    rare_rows = [7, 4001]
    X[rare_rows], weights[rare_rows] = [[1], [2]], weight
    fitted = clone(model).set_params(fit_intercept=False).fit(sparse.csr_array(X), y, weights)
    np.testing.assert_array_equal(fitted.predict(X[rare_rows]), [1, 1])


@ignore_warnings
def test_wide_sparse_rows_are_not_made_dense():
    X = sparse.random(300, 200_000, density=1e-4, format="csr", random_state=0)
    tracemalloc.start()
    SoftmaxRegression(n_epochs=1).fit(X, np.arange(300) % 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 * 200_000 * 8 / 2


@pytest.mark.filterwarnings("error")
@every_scaled
def test_a_single_class_has_probability_1(model, rng):
    X = rng.standard_normal((20, 3))
    model = clone(model).fit(X, ["red"] * 20)
    np.testing.assert_array_equal(model.predict(X), "red")
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((20, 1)))


def shifted(shift, n=300):
    """Return two features far from 0, rare binary ones, and classes that follow from both."""
    rng = np.random.default_rng(0)
    near, rare = rng.standard_normal((n, 2)), rng.uniform(size=(n, 6)) < 0.1
    far = near + shift * np.array([1, -3])
    return np.column_stack([far, rare]), (near @ [1, -0.5] > 0).astype(int)


@ignore_warnings
@pytest.mark.parametrize(
    ("shift", "weighting"), [(1e7, "classes"), (-1e10, "rows"), (1e13, "equal")]
)
@every_scaled
def test_features_far_from_0_are_learned_like_near_ones(model, shift, weighting):
    (X, y), (near, _) = shifted(shift), shifted(0)
    weight = np.random.default_rng(1).integers(0, 3, len(y)) if weighting == "rows" else None
    class_weight = {0: 1.0, 1: 3.0} if weighting == "classes" else None
    model = clone(model).set_params(n_epochs=15, class_weight=class_weight)
    expected = clone(model).fit(near, y, weight).predict_proba(near)
    for container in (np.asarray, sparse.csr_array):
        far = container(X)
        error = np.abs(clone(model).fit(far, y, weight).predict_proba(far) - expected)
        # The line searches of L-BFGS amplify rounding.
        assert np.mean(error) < (0.01 if model.optimizer == "lbfgs" else 1e-15 * abs(shift))


@pytest.mark.parametrize("shift", [1e7, 1e12])
@every_model
def test_streams_of_features_far_from_0_are_learned_like_near_ones(model, shift):
    (X, y), (near, _) = shifted(shift), shifted(0)
    models = [clone(model) for _ in range(3)]
    for start in [0, 2, *range(20, 300, 70)]:
        rows = slice(start, start + 70)
        for stream, values in zip(models, (near, X, sparse.csr_array(X)), strict=True):
            stream.partial_fit(values[rows], y[rows], classes=[0, 1])
    expected = models[0].predict_proba(near)
    for stream in models[1:]:
        np.testing.assert_allclose(stream.predict_proba(X), expected, atol=1e-13 * shift)


@ignore_warnings
@every_scaled
def test_features_of_any_size_are_learned(model):
    X, y = scaled_iris
    model = clone(model).set_params(n_epochs=10, reg_param=0.0)
    expected = clone(model).fit(X, y).predict_proba(X)
    for size in (1e-300, 1e-170, 1e160, 1e300):
        for container in (np.asarray, sparse.csr_array):
            far = container(X * size)
            found = clone(model).fit(far, y).predict_proba(far)
            np.testing.assert_allclose(found, expected, atol=1e-5)


@ignore_warnings
@pytest.mark.parametrize(
    ("dtype", "shift", "container"),
    [
        (np.float32, 1e5, np.asarray),
        (np.float32, -1e7, sparse.csr_array),
        (float, 1e14, np.asarray),
    ],
)
@pytest.mark.parametrize("model", [LINEAR[0], ADAM[1], NETS[1], LBFGS[2]], ids=repr)
def test_features_that_rounding_hides_warn(model, dtype, shift, container):
    X, y = shifted(shift)
    message = f"2 of 8 features vary by less than 100 rounding errors of {np.dtype(dtype)}"
    with pytest.warns(UserWarning, match=message) as caught:
        clone(model).set_params(n_epochs=3).fit(container(X.astype(dtype)), y)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("dtype", "offset", "remedy"),
    [(np.float32, 2**22, "float32, or use float64"), (np.float64, 2**51, "float64")],
)
def test_a_stream_warns_of_rounding_until_its_features_vary_enough(dtype, offset, remedy):
    model, y = SoftmaxRegression(), np.arange(40) % 2
    times = np.arange(40, dtype=dtype)[:, np.newaxis]
    with pytest.warns(UserWarning, match=rf"1 of 1 features vary .* is converted to {remedy}\."):
        model.partial_fit(times + dtype(offset), y, classes=[0, 1])
    model.partial_fit(10_000 * times + dtype(offset), y)


@ignore_unfinished
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ordinary_and_constant_features_do_not_warn(dtype):
    X, y = load_digits(return_X_y=True)
    constant = np.full((len(y), 4), [0.1, 1e6 + 0.1, -1e-200, 0])
    X = np.column_stack([X / 16, X == 3, scale(X), constant, X + 1000]).astype(dtype)
    for values in (X, sparse.csr_array(X)):
        SoftmaxRegression(n_epochs=2).fit(values, y)
