"""What is softmax regression's own; the rest is in test_estimators.py."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from sklearn_softmax import SoftmaxRegression

iris = load_iris(return_X_y=True)

# That sparse rows train as dense ones do is held for all estimators together.
of_sparse_rows = pytest.param(sparse.csr_array, id="CSR", marks=pytest.mark.slow)
containers = pytest.mark.parametrize(
    "container", [pytest.param(np.asarray, id="dense"), of_sparse_rows]
)


def scaled_digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def scaled_wine():
    X, y = load_wine(return_X_y=True)
    return scale(X), y


# --- the optimum ------------------------------------------------------------------


@containers
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    ("data", "reg_param"),
    [(lambda: iris, 5.0), (scaled_wine, 0.5), (scaled_digits, 10.0)],
    ids=["iris", "wine", "digits"],
)
def test_lbfgs_reaches_logistic_regression(data, reg_param, weighted, container, rng):
    X, y = data()
    sample_weight = rng.uniform(0.5, 1.5, len(y)) if weighted else None
    # Unlike lbfgs, this solver does not stop at a small change of the loss.
    expected = LogisticRegression(C=1 / reg_param, tol=1e-10, solver="newton-cholesky")
    expected.fit(X, y, sample_weight)
    model = SoftmaxRegression(optimizer="lbfgs", reg_param=reg_param, tol=1e-9)
    model.fit(container(X), y, sample_weight)
    assert model.stop_reason_ == "converged"
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)


def test_two_classes_are_binary_logistic_regression_with_half_the_penalty():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    expected = LogisticRegression(C=2 / 5.0, tol=1e-10, max_iter=10_000).fit(X, y)
    model = SoftmaxRegression(optimizer="lbfgs", reg_param=5.0, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [10, 37, 150])
def test_batch_size_does_not_move_the_optimum(batch_size, shuffle, weighted, rng):
    X, y = scale(iris[0]), iris[1]
    sample_weight = rng.uniform(0, 3, len(y)) if weighted else None
    expected = LogisticRegression(C=1 / 50, tol=1e-10, max_iter=10_000).fit(X, y, sample_weight)
    model = SoftmaxRegression(
        lr=0.5,
        lr_decay=0.997,
        reg_param=50.0,
        batch_size=batch_size,
        shuffle=shuffle,
        n_epochs=3000,
        random_state=0,
    ).fit(X, y, sample_weight)
    # Rows in the order of their classes pull to and fro by a little as long as lr is not 0.
    atol = 2e-4 if shuffle else 2e-3
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=atol)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=atol)


def test_adam_reaches_the_optimum():
    X, y = scale(iris[0]), iris[1]
    expected = LogisticRegression(C=1 / 5.0, tol=1e-10).fit(X, y)
    model = SoftmaxRegression(
        optimizer="adam", lr=0.05, lr_decay=0.995, reg_param=5.0, n_epochs=3000
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-4)


# --- what is recorded ------------------------------------------------------------------------


def test_first_figures_are_those_of_zero_weights():
    X, y = iris
    model = SoftmaxRegression(lr=0.01, n_epochs=2, batch_size=150).fit(X, y)
    assert model.history_["loss"][0] == pytest.approx(np.log(3))
    assert model.history_["accuracy"][0] == pytest.approx(1 / 3)  # all of class 0


# --- the learning rate -------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [50, 200, 569])
def test_auto_learns_from_unscaled_data_from_the_first_epoch(batch_size):
    X, y = load_breast_cancer(return_X_y=True)
    model = SoftmaxRegression(lr="auto", batch_size=batch_size, random_state=0).fit(X, y)
    loss = model.history_["loss"]
    assert loss[4] < 0.5 * loss[0]
    assert loss[-1] < 0.3 * loss[0]
    assert loss[-1] < loss.min() + 1e-2 * loss[0]


def test_auto_on_features_that_are_all_zero():
    model = SoftmaxRegression(lr="auto", fit_intercept=False, n_epochs=2)
    model.fit(np.zeros((4, 2)), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.coef_, 0)


def test_a_loss_above_chance_warns():
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"lr=0.1 may be too large") as record:
        SoftmaxRegression(lr=0.1, n_epochs=5, random_state=0).fit(X, y)
    assert record[0].filename == __file__


def test_auto_takes_features_whose_fourth_powers_leave_the_range():
    rng = np.random.RandomState(0)
    X = np.column_stack([1.7e12 + 1e9 * np.arange(200), rng.standard_normal(200)])
    X = X.astype(np.float32)
    model = SoftmaxRegression(lr="auto", n_epochs=3).fit(X, np.arange(200) % 2)
    assert np.all(np.isfinite(model.coef_))


def test_a_failed_fit_leaves_numpy_s_generator_alone():
    class Failing:
        def __init__(self):
            self.drawn = []

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context):
            self.drawn.append(np.random.mtrand._rand.random_sample())
            raise RuntimeError("failed")

    pytest.importorskip("sklearn.callback")
    failing = Failing()
    model = SoftmaxRegression(lr=0.01, n_epochs=2).fit(*iris).set_callbacks(failing)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            model.fit(*iris)
    assert failing.drawn[0] != failing.drawn[1]
