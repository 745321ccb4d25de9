"""Newton's steps on batches: their algebra, and what users see of them."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import FusedGridSearchCV, GDLogisticRegression, SoftmaxRegression
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.conditioning import standardisation
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.newton import Newton
from sklearn_softmax._training.run import TrainingRun
from tests.cases import unfinished
from tests.helpers import random_rows, starting_state, value_and_gradient

LINEAR = pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(lr="auto", reg_param=1.0, random_state=0),
        GDLogisticRegression(lr="auto", reg_param=1.0, random_state=0),
    ],
    ids=repr,
)
L2 = np.array([0.01, 0.1, 1.0])


def make_run(*, chosen=(0, 1, 2), batch_size=7):
    """A run of models from zero weights that differ in their penalty."""
    rows = random_rows(np.random.RandomState(0), n=30, weighted=True)
    network, optimizer, chosen = DenseNetwork((5, 3)), Newton(), list(chosen)
    params = network.parameters(float, len(chosen))
    state = starting_state(params, optimizer, l2=L2[chosen])
    of_rows = standardisation(rows, 3, fit_intercept=True, n_models=len(chosen))
    optimizer.prepare(state, rows, batch_size, of_rows)
    objective, batches = Objective(network, SoftmaxCrossEntropy()), (batch_size, True)
    convergence = optimizer.convergence(state, 5)
    rng = np.random.RandomState(1)
    return TrainingRun(objective, optimizer, rows, state, *batches, rng, convergence)


def test_models_train_together_as_they_do_alone():
    together = make_run()
    together.advance(6)
    for i in range(3):
        alone = make_run(chosen=[i])
        alone.advance(6)
        own, expected = together.look(i), alone.look(0)
        np.testing.assert_allclose(own.params.vector, expected.params.vector, rtol=1e-7, atol=1e-9)
        for name in own.history:
            np.testing.assert_allclose(own.history[name], expected.history[name], rtol=1e-7)


def test_models_that_are_kept_go_on_as_they_were():
    whole, run = make_run(), make_run()
    whole.advance(5)
    run.advance(2)
    run.keep([2, 0])
    run.advance(3)
    for i in (2, 0):
        own, expected = run.look(i), whole.look(i)
        np.testing.assert_allclose(own.params.vector, expected.params.vector, rtol=1e-9)


def test_after_a_pause_it_goes_on_and_holds_no_rows_meanwhile():
    whole, run = make_run(), make_run()
    whole.advance(5)
    run.advance(2)
    rows = run.rows
    run.pause()
    held = run.state.optimizer_state.values()
    assert not any(isinstance(value, np.ndarray) and len(rows) in value.shape for value in held)
    assert "anchor" not in run.state.optimizer_state
    run.resume(rows)
    run.advance(3)
    np.testing.assert_allclose(run.look(1).params.vector, whole.look(1).params.vector, rtol=1e-9)


def test_where_no_step_is_taken_batches_have_the_gradient_of_all_rows():
    run, gradients = make_run(), []

    class Still(Newton):
        def turn_into_step(self, gradient, *others):
            gradients.append(gradient.copy())
            gradient[...] = 0

    optimizer = Still()
    optimizer.begin_epoch(run.state, run.objective, run.rows)
    one_pass = MiniBatchPass(run.objective, optimizer, run.rows, 7)
    rows = run.rows.permuted(np.random.RandomState(0).permutation(len(run.rows)))
    one_pass(run.state.params, run.state.optimizer_state, rows, run.state.hyperparameters)
    _, expected = value_and_gradient(run.objective, run.state.params, run.rows, L2)
    for gradient, share in zip(gradients, (1, 1, 1, 1, 2 / 7), strict=True):
        np.testing.assert_allclose(gradient, share * expected.vector, atol=1e-12)


def test_full_batches_are_newtons_method():
    run = make_run(batch_size=30)
    run.advance(12)
    assert np.all(run.record["lr"] == 1)
    assert np.all(run.convergence.fall() < 1e-12)


def test_an_epoch_that_raises_the_objective_is_taken_back():
    run = make_run()
    run.advance(2)
    moving, vector = run.state.optimizer_state, run.state.params.vector
    start, share = moving["anchor"].vector, moving["share"].copy()
    rate = run.state.hyperparameters.lr.copy()
    vector[0] += 100
    vector[2] = np.nan
    is_rescued = run.optimizer.end_epoch(run.state, np.zeros(3), run.objective, run.rows)
    assert is_rescued.tolist() == [True, False, True]
    np.testing.assert_array_equal(vector, start)
    np.testing.assert_allclose(moving["share"] / share, [0.25, 1.0, 0.25])
    np.testing.assert_allclose(run.state.hyperparameters.lr / rate, [0.25, 1.0, 0.25])


# --- as users see it ------------------------------------------------------------------------


def is_newton(model):
    _, optimizer, *_ = model._optimizer_in_use
    return isinstance(optimizer, Newton)


@LINEAR
def test_it_is_for_penalised_models_with_few_coefficients(model):
    X, y = load_iris(return_X_y=True)
    assert is_newton(clone(model).fit(X, y))
    assert not is_newton(clone(model).set_params(reg_param=0.0).fit(X, y))
    assert not is_newton(clone(model).set_params(optimizer="adam").fit(X, y))
    assert not is_newton(clone(model).set_params(lr=0.01, n_epochs=1).fit(X, y))
    many, of_many = make_classification(1200, 1100, random_state=0)
    assert not is_newton(clone(model).set_params(n_epochs=1).fit(many, of_many))


@LINEAR
@pytest.mark.parametrize("batch_size", [20, 60])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_it_is_for_few_rows_of_many_features(model, n_classes, batch_size):
    options = {"n_informative": 10, "n_classes": n_classes, "random_state": 0}
    X, y = make_classification(60, 1500, **options)
    model = clone(model).set_params(batch_size=batch_size, reg_param=30.0).fit(X, y)
    assert is_newton(model)
    assert model.n_iter_ < 20
    model.set_params(n_epochs=100).fit(X, y)
    has_softmax = isinstance(model, SoftmaxRegression)
    C = 2 / 30 if has_softmax and n_classes == 2 else 1 / 30
    best = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=1000)
    if n_classes > 2 and not has_softmax:
        best = OneVsRestClassifier(best)
    best.fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("batch_size", [32, 200, 569])
def test_badly_scaled_features_reach_the_optimum_in_few_epochs(batch_size):
    X, y = load_breast_cancer(return_X_y=True)
    X = X * 10.0 ** np.linspace(-4, 4, X.shape[1])
    model = GDLogisticRegression(reg_param=1.0, batch_size=batch_size, random_state=0).fit(X, y)
    best = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)

    def objective(fitted):
        return log_loss(y, fitted.predict_proba(X)) + np.sum(fitted.coef_**2) / 2 / len(y)

    assert model.n_iter_ < 20
    assert objective(best) <= objective(model) < 1.01 * objective(best)
    model.set_params(n_epochs=60).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=1e-5)


@LINEAR
def test_momentum_has_no_effect_alone_and_together(model):
    X, y = load_iris(return_X_y=True)
    model, grid = clone(model).set_params(batch_size=30), {"momentum": [0.5, "auto", 0.0]}
    fused, alone = (
        kind(model, grid, cv=3, scoring="neg_log_loss").fit(X, y).cv_results_["mean_test_score"]
        for kind in (FusedGridSearchCV, GridSearchCV)
    )
    np.testing.assert_allclose(fused, alone, rtol=1e-9)
    assert len(set(alone)) == 1


@LINEAR
def test_a_penalty_that_vanishes_is_none_in_a_search_too(model):
    X, y = load_iris(return_X_y=True)
    grid = {"reg_param": [5e-324, 1.0, 0.0]}
    fused, alone = (
        kind(model, grid, cv=3, scoring="neg_log_loss").fit(X, y).cv_results_["mean_test_score"]
        for kind in (FusedGridSearchCV, GridSearchCV)
    )
    np.testing.assert_allclose(fused, alone, rtol=1e-9)


@unfinished
@LINEAR
def test_it_goes_on_where_it_stood(model):
    X, y = load_iris(return_X_y=True)
    whole = clone(model).set_params(n_epochs=9, batch_size=40).fit(X, y)
    parts = clone(model).set_params(n_epochs=4, batch_size=40, warm_start=True).fit(X, y)
    parts.set_params(n_epochs=5).fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-10)


@LINEAR
def test_a_fitted_model_holds_nothing_of_the_size_of_its_rows(model):
    X, y = load_iris(return_X_y=True)
    state = clone(model).fit(X, y)._optimizer_state
    assert set(state) == {"share", "first", "fall", "standardisation", "batch_size"}


@unfinished
@LINEAR
def test_batches_of_another_size_have_their_own_noise(model):
    X, y = load_iris(return_X_y=True)
    model = clone(model).set_params(n_epochs=4, batch_size=150, warm_start=True).fit(X, y)
    assert model.lr_ == 1
    model.set_params(batch_size=10, n_epochs=10).fit(X, y)
    assert 0 < model.lr_ < 1
    objective = model.history_["loss"] + model.history_["penalty"]
    assert np.all(objective[4:] < 1.05 * objective[3])


@LINEAR
def test_other_rows_end_it(model):
    X, y = load_digits(return_X_y=True)
    model = clone(model).fit(X[:600], y[:600])
    before = model.score(X, y)
    for start in 3 * [*range(0, 1797, 300)]:
        model.partial_fit(X[start : start + 300], y[start : start + 300])
    assert not is_newton(model)
    assert model.score(X, y) > before


@pytest.mark.parametrize("n_rows", [1, 20])
def test_a_single_class_is_learnt_at_once(n_rows):
    X = np.random.RandomState(0).standard_normal((n_rows, 3))
    model = SoftmaxRegression(reg_param=1.0).fit(X, np.ones(n_rows))
    assert model.n_iter_ == 1
    assert model.convergence_ == 0
    assert np.all(model.predict(X) == 1)


@LINEAR
def test_short_of_the_end_it_says_so(model):
    X, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="the training objective still falls"):
        clone(model).set_params(n_epochs=1).fit(X, y)


@LINEAR
def test_the_foreseen_fall_is_what_more_epochs_bring(model):
    X, y = load_iris(return_X_y=True)
    model = clone(model).set_params(n_epochs=4, batch_size=len(y)).fit(X, y)

    def objective(model):
        """Loss of the next epoch, which is full and noted before its step, and the penalty."""
        more = clone(model).set_params(n_epochs=model.n_iter_ + 1).fit(X, y)
        return more.history_["loss"][-1] + model.history_["penalty"][-1]

    best = clone(model).set_params(n_epochs=50).fit(X, y)
    fall = (objective(model) - objective(best)) / objective(model)
    assert model.convergence_ == pytest.approx(fall, rel=0.5)
    assert best.convergence_ < 1e-9
