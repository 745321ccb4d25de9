"""Fisher scoring: the information, and the steps that it makes."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from sklearn_softmax import FusedGridSearchCV, GDLogisticRegression, SoftmaxRegression
from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training import scoring
from sklearn_softmax._training.conditioning import standardisation
from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.scoring import LEAST_DAMPING, information, is_affordable
from tests.cases import unfinished
from tests.helpers import random_params, random_rows

LOSSES = pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SigmoidCrossEntropy()], ids=["softmax", "sigmoid"]
)
LINEAR = pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(lr="auto", reg_param=1.0, random_state=0),
        GDLogisticRegression(lr="auto", reg_param=1.0, random_state=0),
    ],
    ids=repr,
)


def gradient_of(objective, params, rows, l2, scaling):
    """Gradient of the objective on all rows in standardised features, as (outputs, coefs)."""
    X = rows.X.toarray() if sparse.issparse(rows.X) else rows.X
    _, of_scores = objective.loss(objective.network.scores(params, X), rows.y)
    of_scores = of_scores[0] * rows.relative_weights() / len(rows)
    dW = of_scores @ X + l2 * params.weights[0][0]
    if not objective.network.fit_intercept:
        return dW * scaling.scale[0]
    db = of_scores.sum(axis=1, keepdims=True)
    return np.hstack([(dW - db * scaling.mean) * scaling.scale[0], db])


@LOSSES
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_information_of_an_output_is_its_hessian(loss, fit_intercept, is_sparse, l2, rng):
    rows = random_rows(rng, n=40, n_features=3, weighted=True, sparse_X=is_sparse)
    network = DenseNetwork((3, 3), fit_intercept)
    objective, params = Objective(network, loss), random_params(network, rng)
    scaling = standardisation(rows, 3, fit_intercept=fit_intercept, n_models=1)
    values = Hyperparameters(*np.ones((2, 1)), np.array([l2]), np.zeros(1))
    damping = 0.25
    found = information(objective, params, values, rows, scaling, np.array([damping]))
    for output, inverse in enumerate(found.inverse[0]):
        size, step = len(inverse), 1e-6
        hessian = np.empty((size, size))
        for j in range(size):
            moved = []
            for sign in (-1, 1):
                change = np.zeros((1, network.n_parameters))
                scaling.layer(change)[0, output, j] = sign * step
                scaling.push_forward(change)
                at = params.on(params.vector + change)
                moved.append(gradient_of(objective, at, rows, l2, scaling)[output])
            hessian[:, j] = (moved[1] - moved[0]) / (2 * step)
        expected = hessian + np.diag(LEAST_DAMPING * np.diag(hessian)) + damping * np.eye(size)
        np.testing.assert_allclose(np.linalg.inv(inverse), expected, rtol=1e-6, atol=1e-8)


def test_some_of_many_rows_stand_for_all(rng, monkeypatch):
    rows, network = random_rows(rng, n=4000, n_features=3), DenseNetwork((3, 3))
    objective, params = Objective(network, SoftmaxCrossEntropy()), random_params(network, rng)
    scaling = standardisation(rows, 3, fit_intercept=True, n_models=1)
    values = Hyperparameters(*np.ones((2, 1)), np.array([0.1]), np.zeros(1))
    given = objective, params, values, rows, scaling, np.array([0.1])
    monkeypatch.setattr(scoring, "ROWS_A_COEFFICIENT", 500)
    some = information(*given).inverse
    monkeypatch.setattr(scoring, "ROWS_A_COEFFICIENT", 10_000)
    every = information(*given).inverse
    assert not np.array_equal(some, every)
    np.testing.assert_allclose(some, every, rtol=0.2, atol=0.2)


def test_models_have_informations_of_their_own(rng):
    rows, network = random_rows(rng, n=30, weighted=True), DenseNetwork((5, 3))
    objective = Objective(network, SoftmaxCrossEntropy())
    params = random_params(network, rng, n_models=2)
    class_weight = np.array([[1.0, 2.0, 0.5], [1.0, 2.0, 0.5]])
    scaling = standardisation(rows, 3, fit_intercept=True, n_models=2, class_weight=class_weight)
    l2, damping = np.array([0.1, 1.0]), np.array([0.5, 0.05])
    values = Hyperparameters(*np.ones((2, 2)), l2, np.zeros(2), class_weight=class_weight)
    both = information(objective, params, values, rows, scaling, damping).inverse
    for i in range(2):
        given = params.of_models([i]), values.of_models([i]), rows, scaling.of_models([i])
        alone = information(objective, *given, damping[[i]]).inverse
        np.testing.assert_allclose(both[[i]], alone)


def test_constant_features_have_no_say(rng):
    X = np.column_stack([np.full(20, 7.0), rng.standard_normal(20)])
    rows, network = Rows(X, np.arange(20) % 2), DenseNetwork((2, 2))
    scaling = standardisation(rows, 2, fit_intercept=True, n_models=1)
    values = Hyperparameters(*np.ones((2, 1)), np.array([0.1]), np.zeros(1))
    objective = Objective(network, SoftmaxCrossEntropy())
    found = information(objective, network.parameters(float), values, rows, scaling, np.ones(1))
    np.testing.assert_allclose(found.inverse[0, :, 0], [[1, 0, 0], [1, 0, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("n_outputs", "n_features", "answer"),
    [(10, 64, True), (1, 100, True), (1, 101, False), (10, 100, True), (100, 64, False)],
)
def test_matrices_have_to_be_worth_their_time(n_outputs, n_features, answer):
    assert is_affordable(n_outputs, n_features) == answer


# --- as users see it ------------------------------------------------------------------------


def is_scoring(model):
    return model._optimizer_state["is_scoring"]


@LINEAR
def test_it_is_for_penalised_models_with_few_features(model):
    X, y = load_iris(return_X_y=True)
    assert is_scoring(clone(model).fit(X, y))
    assert not is_scoring(clone(model).set_params(reg_param=0.0).fit(X, y))
    assert not is_scoring(clone(model).set_params(optimizer="adam").fit(X, y))
    wide, of_wide = make_classification(60, 101, random_state=0)
    assert not is_scoring(clone(model).fit(wide, of_wide))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_full_batches_reach_the_optimum_in_few_epochs():
    X, y = load_breast_cancer(return_X_y=True)
    X = X * 10.0 ** np.linspace(-4, 4, X.shape[1])
    model = GDLogisticRegression(reg_param=1.0, batch_size=len(y), n_epochs=150).fit(X, y)
    best = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=1e-3)


@LINEAR
def test_exact_steps_have_no_momentum_alone_and_together(model):
    X, y = load_iris(return_X_y=True)
    grid = {"momentum": [0.5, "auto", 0.0]}
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


@unfinished
@LINEAR
def test_batches_of_another_size_have_their_own_noise(model):
    X, y = load_iris(return_X_y=True)
    model = clone(model).set_params(n_epochs=4, batch_size=150, warm_start=True).fit(X, y)
    assert model._optimizer_state["noise"] == 1
    model.set_params(batch_size=10, n_epochs=10).fit(X, y)
    assert model._optimizer_state["noise"] == 1 + 5 / 10
    objective = model.history_["loss"] + model.history_["penalty"]
    assert np.all(objective[4:] < 1.05 * objective[3])


@LINEAR
def test_other_rows_end_it(model):
    X, y = load_digits(return_X_y=True)
    model = clone(model).fit(X[:600], y[:600])
    before = model.score(X, y)
    for start in 3 * [*range(0, 1797, 300)]:
        model.partial_fit(X[start : start + 300], y[start : start + 300])
    assert not is_scoring(model)
    assert model.score(X, y) > before


@LINEAR
def test_short_of_the_end_it_says_so(model):
    X, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="the training objective still falls"):
        clone(model).set_params(n_epochs=2).fit(X, y)
