"""Nets with hidden layers: against scikit-learn's, and in what they add."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression, TwoLayerMLPClassifier
from sklearn_softmax._training.optimizers import Adam
from tests.cases import assert_same_model

NULL = 1e-300  # a learning rate that changes nothing


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def with_parameters_of(model, other, X, y):
    """The model after a step that changed nothing, with the other's parameters."""
    # The optimiser of that step is not the model's, which therefore starts afresh.
    unlike = "sgd" if model.optimizer == "adam" else "adam"
    wanted = model.get_params()
    model.set_params(lr=NULL, optimizer=unlike).partial_fit(X, y, classes=np.unique(y))
    model.coefs_ = [coef.copy() for coef in other.coefs_]
    model.intercepts_ = [intercept.copy() for intercept in other.intercepts_]
    return model.set_params(**wanted)


# --- against scikit-learn's ----------------------------------------------------------------


@pytest.mark.parametrize("n_epochs", [1, 20])
@pytest.mark.parametrize("batch_size", [50, 150])
@pytest.mark.parametrize(
    ("hidden_size", "activation", "theirs"),
    [((8,), "relu", "relu"), ((8,), "sigmoid", "logistic"), ((8, 5, 4), "tanh", "tanh")],
)
@pytest.mark.parametrize(
    "optimizer",
    [
        {"optimizer": "sgd", "momentum": 0.0},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "nesterov": True},
        {"optimizer": "adam"},
    ],
    ids=str,
)
def test_steps_equal_those_of_scikit_learn(
    optimizer, hidden_size, activation, theirs, batch_size, n_epochs, monkeypatch
):
    # Adam's epsilon is added in another place there, so it is made as good as none.
    monkeypatch.setattr("sklearn_softmax.estimators._smooth.Adam", partial(Adam, epsilon=1e-15))
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    reference = MLPClassifier(
        hidden_size,
        activation=theirs,
        solver=optimizer["optimizer"],
        momentum=optimizer.get("momentum", 0.9),
        nesterovs_momentum=optimizer.get("nesterov", False),
        learning_rate_init=NULL,
        batch_size=batch_size,
        shuffle=False,
        alpha=0.0,
        epsilon=1e-15,
        random_state=0,
    ).partial_fit(X, y, classes=[0, 1, 2])
    model = TwoLayerMLPClassifier(
        hidden_size=hidden_size,
        activation=activation,
        lr=0.01,
        batch_size=batch_size,
        shuffle=False,
        **optimizer,
    )
    with_parameters_of(model, reference, X, y)
    reference = clone(reference).set_params(learning_rate_init=0.01)
    for _ in range(n_epochs):
        model.partial_fit(X, y)
        reference.partial_fit(X, y, classes=[0, 1, 2])
    for own, other in zip(model.coefs_, reference.coefs_):
        np.testing.assert_allclose(own, other, atol=1e-10)
    for own, other in zip(model.intercepts_, reference.intercepts_):
        np.testing.assert_allclose(own, other, atol=1e-10)


def test_penalty_is_that_of_scikit_learn_on_full_batches():
    X, y = load_iris(return_X_y=True)
    params = {"batch_size": 150, "shuffle": False, "random_state": 0}
    reference = MLPClassifier((8,), solver="sgd", momentum=0.0, alpha=5.0, **params)
    reference.set_params(learning_rate_init=NULL).partial_fit(X, y, classes=[0, 1, 2])
    model = TwoLayerMLPClassifier(
        hidden_size=8, optimizer="sgd", momentum=0.0, lr=0.05, reg_param=5.0, **params
    )
    with_parameters_of(model, reference, X, y)
    reference = clone(reference).set_params(learning_rate_init=0.05)
    for _ in range(10):
        model.partial_fit(X, y)
        reference.partial_fit(X, y, classes=[0, 1, 2])
    for own, other in zip(model.coefs_, reference.coefs_):
        np.testing.assert_allclose(own, other, atol=1e-12)


def test_code_written_for_scikit_learn_s_can_read_the_weights():
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=(20, 15), n_epochs=5, random_state=0).fit(X, y)
    reference = MLPClassifier((20, 15), max_iter=1)
    with pytest.warns(ConvergenceWarning):
        reference.fit(X, y)
    assert [w.shape for w in model.coefs_] == [w.shape for w in reference.coefs_]
    assert [b.shape for b in model.intercepts_] == [b.shape for b in reference.intercepts_]
    reference.coefs_, reference.intercepts_ = model.coefs_, model.intercepts_
    np.testing.assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=1e-12)


# --- learning ---------------------------------------------------------------------------------


def test_the_toy_set_of_the_course_is_learnt():
    rng = np.random.RandomState(0)
    X, y = 10 * rng.standard_normal((10, 4)), np.array([0, 1, 2, 2, 1, 0, 1, 0, 2, 1])
    model = TwoLayerMLPClassifier(
        hidden_size=10,
        weight_init=0.1,
        optimizer="sgd",
        momentum=0.0,
        lr=0.1,
        reg_param=2 * 5e-6 * 10,
        n_epochs=500,
        random_state=0,
    ).fit(X, y)
    assert model.history_["loss"][-1] + model.history_["penalty"][-1] < 0.02


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("hidden_size", [30, (30, 20), (30, 20, 20)])
def test_digits_are_learnt(hidden_size, activation):
    X, y = digits()
    model = TwoLayerMLPClassifier(
        hidden_size=hidden_size, activation=activation, lr=0.01, n_epochs=60, random_state=0
    ).fit(X[:1200], y[:1200], X_val=X[1200:], y_val=y[1200:])
    assert model.history_["accuracy"][-1] > 0.99
    assert model.history_["val_accuracy"][-1] > 0.9


def test_class_weights_are_sample_weights():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    model = TwoLayerMLPClassifier(hidden_size=10, lr=1e-3, n_epochs=5, random_state=0)
    by_class = clone(model).set_params(class_weight={0: 3.0, 1: 0.5}).fit(X, y)
    by_row = clone(model).fit(X, y, np.where(y == 0, 3.0, 0.5))
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])
    assert by_class.predict_proba(X)[:, 0].mean() > model.fit(X, y).predict_proba(X)[:, 0].mean()


def test_the_penalty_shrinks_both_layers():
    X, y = digits()
    free, bound = (
        TwoLayerMLPClassifier(hidden_size=20, reg_param=r, random_state=0).fit(X, y)
        for r in (0.0, 100.0)
    )
    for one, other in zip(free.coefs_, bound.coefs_):
        assert np.linalg.norm(other) < np.linalg.norm(one)
    norms = np.sqrt(sum(np.sum(w**2) for w in bound.coefs_))
    assert bound.history_["weight_norm"][-1] == pytest.approx(norms)
    assert bound.history_["penalty"][-1] == pytest.approx(100 / 2 * norms**2 / len(y))


def test_history_of_full_batches_is_that_before_each_step():
    X, y = digits()
    model = TwoLayerMLPClassifier(lr=1e-3, n_epochs=2, batch_size=len(y), random_state=0)
    before = clone(model).set_params(lr=NULL, n_epochs=1).fit(X, y)
    own = before.predict_log_proba(X)[np.arange(len(y)), y]
    model.fit(X, y)
    assert model.history_["loss"][0] == pytest.approx(-own.mean())
    assert model.history_["accuracy"][0] == pytest.approx(before.score(X, y))


@pytest.mark.parametrize(
    ("activation", "function"),
    [("relu", lambda z: np.maximum(z, 0)), ("sigmoid", expit), ("tanh", np.tanh)],
)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_predictions_by_hand(activation, function, fit_intercept):
    X, y = digits()
    model = TwoLayerMLPClassifier(
        activation=activation,
        fit_intercept=fit_intercept,
        dropout=0.3,
        lr=1e-3,
        n_epochs=3,
        random_state=0,
    ).fit(X, y)
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    assert fit_intercept == bool(np.any(b1)) == bool(np.any(b2))
    scores = function(X @ W1 + b1) @ W2 + b2
    np.testing.assert_allclose(model.decision_function(X), scores, atol=1e-10)
    np.testing.assert_allclose(model.predict_proba(X), softmax(scores, axis=1), atol=1e-10)


# --- weights to start from ------------------------------------------------------------------------


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
def test_weights_to_start_from(params, scales):
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=500, lr=NULL, n_epochs=1, random_state=0, **params)
    model.fit(X, y)
    for W, scale_ in zip(model.coefs_, scales):
        assert W.std() == pytest.approx(scale_, rel=0.03)
        assert abs(W.mean()) < 0.05 * scale_
    single = clone(model).fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(single.coefs_[0], model.coefs_[0].astype(np.float32))


# --- dropout --------------------------------------------------------------------------------------


def test_dropout_changes_neither_initial_weights_nor_shuffles():
    X, y = digits()
    model = TwoLayerMLPClassifier(lr=NULL, n_epochs=1, random_state=0)
    none, half = (clone(model).set_params(dropout=p).fit(X, y) for p in (0.0, 0.5))
    np.testing.assert_array_equal(none.coefs_[0], half.coefs_[0])
    # A rate so small that no unit is ever dropped: the same batches in the same order.
    model.set_params(lr=0.01, n_epochs=3)
    none, hardly = (clone(model).set_params(dropout=p).fit(X, y) for p in (0.0, 1e-30))
    np.testing.assert_array_equal(none.coefs_[0], hardly.coefs_[0])
    half = clone(model).set_params(dropout=0.5).fit(X, y)
    assert not np.array_equal(none.coefs_[0], half.coefs_[0])


def test_the_mean_of_dropout_s_scores_is_the_score_without():
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=50, lr=NULL, n_epochs=1, random_state=0, dropout=0.5)
    whole = model.fit(X, y).decision_function(X).mean()
    (W1, W2), (b1, b2) = model.coefs_, model.intercepts_
    hidden = np.maximum(X @ W1 + b1, 0)
    generator = np.random.default_rng(0)
    means = [
        ((hidden * (generator.random(hidden.shape) >= 0.5) / 0.5) @ W2 + b2).mean()
        for _ in range(200)
    ]
    assert np.mean(means) == pytest.approx(whole, abs=0.01)


def test_dropout_narrows_the_gap_between_training_and_validation():
    X, y = digits()
    X_train, X_val, y_train, y_val = train_test_split(X, y, train_size=150, random_state=0)
    losses = []
    for dropout in (0.0, 0.5):
        model = TwoLayerMLPClassifier(
            hidden_size=200, dropout=dropout, lr=0.01, n_epochs=200, random_state=0
        ).fit(X_train, y_train, X_val=X_val, y_val=y_val)
        losses.append(model.history_["val_loss"][-1])
    assert losses[1] < losses[0]


@pytest.mark.parametrize("hidden_size", [20, (20, 20)])
def test_dropout_goes_on_where_it_stopped(hidden_size):
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=hidden_size, dropout=0.3, lr=1e-3, random_state=0)
    straight = clone(model).set_params(n_epochs=6).fit(X, y)
    passes = clone(model).set_params(n_epochs=2, warm_start=True).fit(X, y).fit(X, y)
    with pytest.raises(ValueError, match="diverged"):
        passes.set_params(lr=1e300).fit(X, y)
    passes.set_params(lr=1e-3).partial_fit(X, y).partial_fit(X, y)
    for one, other in zip(straight.coefs_, passes.coefs_):
        np.testing.assert_array_equal(one, other)


# --- size, and bad input --------------------------------------------------------------------------


def test_memory_is_that_of_a_batch(tmp_path):
    path = tmp_path / "X.dat"
    np.lib.format.open_memmap(path, "w+", np.float32, (100_000, 100)).flush()
    X, y = np.load(path, mmap_mode="r"), np.arange(100_000) % 3
    model = TwoLayerMLPClassifier(hidden_size=200, n_epochs=1)
    tracemalloc.start()
    model.fit(X, y)
    trained = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    probabilities = model.predict_proba(X)
    predicted = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert trained < X.nbytes / 4  # activations of all rows would be twice as large as X
    assert predicted < X.nbytes / 4 + 4 * probabilities.nbytes


@pytest.mark.parametrize(
    "hidden_size",
    [0, -1, 2.5, (), [0], (10, -3), [10, 2.0], (True,), "10", ["3"], None, [[3, 4]], {}],
)
def test_hidden_sizes_that_are_none(hidden_size):
    model = TwoLayerMLPClassifier(hidden_size=hidden_size)
    X, y = digits()
    with pytest.raises(ValueError, match="'hidden_size' parameter"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="'hidden_size' parameter"):
        model.partial_fit(X, y, classes=range(10))
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", "half"),
        ("activation", "linear"),
        ("weight_init", 0.0),
        ("weight_init", "he"),
        ("lr", "automatic"),
        ("lr", 0),
    ],
)
def test_parameters_out_of_range(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TwoLayerMLPClassifier"):
        TwoLayerMLPClassifier(**{name: value}).fit(*digits())


@pytest.mark.parametrize("goes_on", ["warm_start", "partial_fit"])
@pytest.mark.parametrize(
    "other", [{"hidden_size": 20}, {"hidden_size": (8, 8)}, {"hidden_size": 20, "dropout": 0.5}]
)
def test_training_goes_on_with_the_same_net_alone(other, goes_on):
    X, y = digits()
    model = TwoLayerMLPClassifier(hidden_size=8, n_epochs=2, warm_start=True).fit(X, y)
    model.set_params(**other)
    with pytest.raises(ValueError, match=r"hidden_size=.*another network: set warm_start=False"):
        (model.fit if goes_on == "warm_start" else model.partial_fit)(X, y)
    assert model.n_iter_ == 2
    model.set_params(warm_start=False).fit(X, y)


@pytest.mark.parametrize("seed", range(10))
def test_a_falling_loss_does_not_warn(seed):
    X, y = load_breast_cancer(return_X_y=True)
    params = {"hidden_size": 10, "batch_size": 1, "n_epochs": 3, "lr": 1e-4, "random_state": seed}
    model = TwoLayerMLPClassifier(**params).fit(X[::5] / 100, y[::5])
    assert np.all(np.diff(model.history_["loss"]) < 0)


def test_a_rising_loss_warns():
    X, y = digits()
    model = TwoLayerMLPClassifier(
        activation="tanh", optimizer="sgd", lr=50.0, batch_size=len(y), n_epochs=10, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"lr=50.0 may be too large"):
        model.fit(X, y)


@pytest.mark.parametrize(
    "model",
    [TwoLayerMLPClassifier(lr=1e-3, n_epochs=5), SoftmaxRegression(lr=1e-3, optimizer="adam")],
)
def test_squared_gradients_out_of_range_are_an_error(model):
    X = np.array([[1e21], [-1e21], [2e21], [-2e21]], np.float32)
    with pytest.raises(ValueError, match="diverged in epoch 1"):
        model.fit(X, [1, 0, 0, 1])  # no net without intercepts gets all of them right


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_learning_rate_that_diverges(optimizer):
    X, y = digits()
    model = TwoLayerMLPClassifier(lr=1e-3, n_epochs=3, random_state=0).fit(X, y)
    before = [w.copy() for w in model.coefs_]
    with pytest.raises(ValueError, match=r"diverged in epoch .*Lower lr"):
        model.set_params(lr=1e200, optimizer=optimizer).fit(X * 1e100, y)
    for w, b in zip(model.coefs_, before):
        np.testing.assert_array_equal(w, b)


def test_search_over_a_pipeline():
    X, y = load_breast_cancer(return_X_y=True)
    net = TwoLayerMLPClassifier(hidden_size=10, lr=0.01, n_epochs=30, random_state=0)
    pipeline = make_pipeline(StandardScaler(), net)
    grid = {
        "twolayermlpclassifier__hidden_size": [5, (10, 5)],
        "twolayermlpclassifier__dropout": [0.0, 0.2],
    }
    assert GridSearchCV(pipeline, grid, cv=3).fit(X, y).best_score_ > 0.95


@pytest.mark.parametrize("hidden_size", [[6, 4], np.array([6, 4]), (np.int64(6), 4)], ids=repr)
def test_hidden_sizes_of_any_sequence(hidden_size):
    X, y = load_digits(n_class=3, return_X_y=True)
    model = TwoLayerMLPClassifier(hidden_size=(6, 4), n_epochs=4, random_state=0, lr=0.01)
    assert_same_model(clone(model).set_params(hidden_size=hidden_size).fit(X, y), model.fit(X, y))


def test_hidden_sizes_of_lists_in_a_search():
    X, y = load_digits(n_class=3, return_X_y=True)
    model = TwoLayerMLPClassifier(n_epochs=4, random_state=0)
    scores = {
        kind: FusedGridSearchCV(
            model, {"hidden_size": [kind([6, 4]), kind([5])], "lr": [0.01, 0.02]}, cv=2
        )
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for kind in (list, tuple)
    }
    np.testing.assert_array_equal(scores[list], scores[tuple])
