"""optimizer="lbfgs"; its optimum is compared with scikit-learn's in test_optimum.py."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale

from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier
from tests.cases import parameters
from tests.estimators.test_automatic import LBFGS
from tests.model_selection.searches import compare_with_scikit_learn

wine, iris = load_wine(return_X_y=True), load_iris(return_X_y=True)
every_model = pytest.mark.parametrize("model", LBFGS, ids=repr)


@every_model
def test_history_has_one_entry_per_iteration(model, capsys):
    X, y = wine
    model = clone(model).set_params(verbose=1, n_epochs=8).fit(X, y, X_val=X[::2], y_val=y[::2])
    history = model.history_
    assert np.all(np.isnan(history["lr"]))
    assert np.all(np.diff(history["loss"] + history["penalty"]) < 0)
    assert history["accuracy"][-1] == pytest.approx(model.score(X, y))
    assert history["val_accuracy"][-1] == pytest.approx(model.score(X[::2], y[::2]))
    np.testing.assert_array_equal(model.step_losses_, history["loss"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ == 8
    assert "nan" not in "".join(lines)


@every_model
def test_early_stopping_restores_the_best_iteration(model):
    X, y = wine
    flipped = np.where(np.arange(len(y)) % 3 == 0, (y + 1) % 3, y)
    model = clone(model).set_params(early_stopping=True, n_iter_no_change=3, reg_param=0.0)
    model.fit(X, flipped, X_val=X, y_val=y)
    best = np.argmin(model.history_["val_loss"]) + 1
    assert model.stop_reason_ == "early_stopping"
    assert best < model.n_iter_
    model.set_params(early_stopping=False, n_epochs=int(best))
    shorter = clone(model).fit(X, flipped)
    np.testing.assert_array_equal(parameters(model), parameters(shorter))


@every_model
def test_warm_start_begins_at_the_fitted_parameters(model):
    model = clone(model).set_params(warm_start=True).fit(*wine)
    n_iter, loss = model.n_iter_, model.history_["loss"][-1]
    model.fit(*wine)
    assert len(model.history_["loss"]) == model.n_iter_ <= n_iter + 2
    assert model.history_["loss"][-1] == pytest.approx(loss, rel=1e-4)


@every_model
def test_a_tolerance_below_rounding_warns(model):
    model = clone(model).set_params(tol=1e-18, n_epochs=3000)
    with pytest.warns(ConvergenceWarning, match="stopped before the gradient fell") as caught:
        model.fit(*iris)
    assert caught[0].filename == __file__


def test_iterations_without_convergence_warn(monkeypatch):
    monkeypatch.setattr("sklearn_softmax.estimators._smooth.MAX_ITERATIONS", 20)
    model = SoftmaxRegression(optimizer="lbfgs", reg_param=0.1, tol=1e-8)
    message = "has not converged to tol=1e-08 in 20.* raise tol or reg_param"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        model.fit(*wine)
    assert caught[0].filename == __file__
    assert (model.n_iter_, model.stop_reason_) == (20, "max_epochs")


def test_an_optimum_at_zero_takes_one_iteration():
    model = SoftmaxRegression(optimizer="lbfgs").fit(np.zeros((4, 2)), [0, 1, 0, 1])
    assert (model.n_iter_, model.stop_reason_) == (1, "converged")
    assert model.history_["loss"][0] == pytest.approx(np.log(2))


@every_model
def test_partial_fit_and_dropout_raise_errors_with_a_remedy(model):
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as caught:
        model.partial_fit(*wine, classes=[0, 1, 2])
    assert 'set optimizer to "sgd" or "adam"' in str(caught.value.__cause__)
    net = TwoLayerMLPClassifier(optimizer="lbfgs", dropout=0.2)
    with pytest.raises(ValueError, match=r"dropout=0\.2 is not supported.*set dropout=0\.0"):
        net.fit(*wine)


@every_model
def test_parameters_of_the_other_optimizers_have_no_effect(model):
    expected = clone(model).set_params(n_epochs=6).fit(*wine)
    others = {"lr": 3.0, "batch_size": 7, "momentum": 0.5, "shuffle": False, "nesterov": True}
    other = clone(model).set_params(n_epochs=6, **others).fit(*wine)
    np.testing.assert_array_equal(parameters(other), parameters(expected))


def test_searches_fit_candidates_one_by_one():
    X, y = scale(wine[0]), wine[1]
    grid = {"optimizer": ["lbfgs", "sgd"], "reg_param": [0.1, 1.0], "lr": [0.1], "n_epochs": [30]}
    search = GridSearchCV(SoftmaxRegression(random_state=0), grid, cv=2)
    actual, _, work = compare_with_scikit_learn(search, X, y)
    assert work.one_by_one == 4
    assert '2 one by one: optimizer="lbfgs"' in str(actual.search.plan())
