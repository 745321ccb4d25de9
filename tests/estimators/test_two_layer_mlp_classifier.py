"""Nets with hidden layers, compared with scikit-learn's MLPClassifier, and dropout."""

from functools import partial

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from sklearn_softmax import FusedGridSearchCV, TwoLayerMLPClassifier
from sklearn_softmax._training.optimizers import Adam
from tests.cases import assert_same_model

NULL = 1e-300  # a learning rate that changes nothing


def digits(n_class=10):
    X, y = load_digits(n_class=n_class, return_X_y=True)
    return X / 16, y


# --- comparison with scikit-learn ----------------------------------------------------------------


def copy_parameters(model, other, X, y):
    """Return the model with the parameters of another one, after a step that changes nothing."""
    # The optimizer of that step is another one, so that the model's starts afresh.
    params = model.get_params()
    unused = "sgd" if model.optimizer == "adam" else "adam"
    model.set_params(lr=NULL, optimizer=unused).partial_fit(X, y, classes=np.unique(y))
    model.coefs_ = [coef.copy() for coef in other.coefs_]
    model.intercepts_ = [intercept.copy() for intercept in other.intercepts_]
    return model.set_params(**params)


@pytest.mark.parametrize(
    ("hidden_size", "activation", "theirs"),
    [((8,), "relu", "relu"), ((8,), "sigmoid", "logistic"), ((8, 5, 4), "tanh", "tanh")],
)
@pytest.mark.parametrize(
    ("params", "atol"),
    [
        ({"optimizer": "sgd", "momentum": 0.0}, 1e-10),
        ({"optimizer": "sgd", "momentum": 0.9}, 1e-10),
        ({"optimizer": "sgd", "momentum": 0.9, "nesterov": True}, 1e-10),
        ({"optimizer": "adam"}, 1e-10),
        ({"optimizer": "sgd", "momentum": 0.0, "batch_size": 150, "reg_param": 5.0}, 1e-12),
    ],
    ids=str,
)
def test_steps_equal_those_of_scikit_learn(
    params, atol, hidden_size, activation, theirs, monkeypatch
):
    # scikit-learn adds Adam's epsilon elsewhere, so it is set to almost zero.
    monkeypatch.setattr("sklearn_softmax.estimators._smooth.Adam", partial(Adam, epsilon=1e-15))
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    params = {"batch_size": 50, "shuffle": False, "reg_param": 0.0, **params}
    reference = MLPClassifier(
        hidden_size,
        activation=theirs,
        solver=params["optimizer"],
        momentum=params.get("momentum", 0.9),
        nesterovs_momentum=params.get("nesterov", False),
        learning_rate_init=NULL,
        batch_size=params["batch_size"],
        shuffle=False,
        alpha=params["reg_param"],
        epsilon=1e-15,
        random_state=0,
    ).partial_fit(X, y, classes=[0, 1, 2])
    model = TwoLayerMLPClassifier(hidden_size=hidden_size, activation=activation, lr=0.01, **params)
    copy_parameters(model, reference, X, y)
    reference = clone(reference).set_params(learning_rate_init=0.01)
    for _ in range(10):
        model.partial_fit(X, y)
        reference.partial_fit(X, y, classes=[0, 1, 2])
    ours, expected = model.coefs_ + model.intercepts_, reference.coefs_ + reference.intercepts_
    for array, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(array, other, atol=atol)


@pytest.mark.parametrize(
    ("activation", "function"),
    [("relu", lambda z: np.maximum(z, 0)), ("sigmoid", expit), ("tanh", np.tanh)],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_predictions_follow_from_the_weights(activation, function, fit_intercept):
    X, y = digits()
    params = {"activation": activation, "fit_intercept": fit_intercept, "dropout": 0.3}
    model = TwoLayerMLPClassifier(lr=1e-3, n_epochs=2, random_state=0, **params).fit(X, y)
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    assert fit_intercept == bool(np.any(b1)) == bool(np.any(b2))
    scores = function(X @ W1 + b1) @ W2 + b2
    np.testing.assert_allclose(model.decision_function(X), scores, atol=1e-10)
    np.testing.assert_allclose(model.predict_proba(X), softmax(scores, axis=1), atol=1e-10)


# --- initial weights -----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*no better than:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("params", "scales"),
    [
        ({"activation": "relu"}, (np.sqrt(2 / 64), np.sqrt(2 / 500))),
        ({"activation": "tanh"}, (np.sqrt(2 / 564), np.sqrt(2 / 510))),
        ({"activation": "sigmoid"}, (np.sqrt(2 / 564), np.sqrt(2 / 510))),
        ({"weight_init": 1e-4}, (1e-4, 1e-4)),
    ],
    ids=str,
)
def test_initial_weights_have_the_published_standard_deviations(params, scales):
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=500, lr=NULL, n_epochs=1, random_state=0, **params)
    model.fit(X, y)
    for W, scale_ in zip(model.coefs_, scales):
        assert W.std() == pytest.approx(scale_, rel=0.03)


# --- dropout -------------------------------------------------------------------------------------


def test_dropout_changes_neither_initial_weights_nor_shuffles():
    X, y = digits()

    def weights(**params):
        return TwoLayerMLPClassifier(random_state=0, **params).fit(X, y).coefs_[0]

    start = {"lr": NULL, "n_epochs": 1}
    np.testing.assert_array_equal(weights(dropout=0.0, **start), weights(dropout=0.5, **start))
    # At a probability of 1e-30 no unit is dropped: the same batches in the same order.
    few = {"lr": 0.01, "n_epochs": 3}
    np.testing.assert_array_equal(weights(dropout=0.0, **few), weights(dropout=1e-30, **few))
    assert not np.array_equal(weights(dropout=0.0, **few), weights(dropout=0.5, **few))


@pytest.mark.parametrize("hidden_size", [20, (20, 20)])
def test_dropout_continues_exactly_after_a_failed_fit(hidden_size):
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=hidden_size, dropout=0.3, lr=1e-3, random_state=0)
    whole = clone(model).set_params(n_epochs=6).fit(X, y)
    passes = clone(model).set_params(n_epochs=2, warm_start=True).fit(X, y).fit(X, y)
    with pytest.raises(ValueError, match="diverged"):
        passes.set_params(lr=1e300).fit(X, y)
    passes.set_params(lr=1e-3).partial_fit(X, y).partial_fit(X, y)
    for one, other in zip(whole.coefs_, passes.coefs_):
        np.testing.assert_array_equal(one, other)


# --- sizes ---------------------------------------------------------------------------------------


def test_hidden_sizes_may_be_any_sequence():
    X, y = digits(n_class=3)
    model = TwoLayerMLPClassifier(hidden_size=(6, 4), n_epochs=4, random_state=0, lr=0.01)
    expected = clone(model).fit(X, y)
    for hidden_size in ([6, 4], np.array([6, 4]), (np.int64(6), 4)):
        assert_same_model(model.set_params(hidden_size=hidden_size).fit(X, y), expected)

    def scores(sizes):
        search = FusedGridSearchCV(model, {"hidden_size": sizes, "lr": [0.01, 0.02]}, cv=2)
        return search.fit(X, y).cv_results_["mean_test_score"]

    np.testing.assert_array_equal(scores([[6, 4], [5]]), scores([(6, 4), (5,)]))


@pytest.mark.parametrize(
    "other", [{"hidden_size": 20}, {"hidden_size": (8, 8)}, {"hidden_size": 20, "dropout": 0.5}]
)
def test_training_of_another_net_cannot_continue(other):
    X, y = load_iris(return_X_y=True)
    params = {"n_epochs": 2, "lr": 0.01, "warm_start": True, "random_state": 0}
    model = TwoLayerMLPClassifier(hidden_size=8, **params).fit(X, y)
    model.set_params(**other)
    for resume in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"(?s)hidden_size=.*another network: set warm"):
            resume(X, y)
        assert model.n_iter_ == 2
    model.set_params(warm_start=False).fit(X, y)


# --- warnings and errors -------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_falling_loss_does_not_warn(seed):
    X, y = load_breast_cancer(return_X_y=True)
    params = {"hidden_size": 10, "batch_size": 1, "n_epochs": 3, "lr": 1e-4, "random_state": seed}
    model = TwoLayerMLPClassifier(**params).fit(X[::5] / 100, y[::5])
    assert np.all(np.diff(model.history_["loss"]) < 0)
