"""Warnings of models that are no better than the class shares, and data without a relation."""

import warnings
from contextlib import suppress

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_circles
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax._model.losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax._training.chance import are_related
from sklearn_softmax._training.rows import Rows

LINEAR_MODELS = [SoftmaxRegression, GDLogisticRegression]
each_model = pytest.mark.parametrize("make", [*LINEAR_MODELS, TwoLayerMLPClassifier])
each_linear_model = pytest.mark.parametrize("make", LINEAR_MODELS)
MESSAGE = "no better than the .* of predicting the class shares: "


def digits(n=1000):
    X, y = load_digits(return_X_y=True)
    return X[:n] / 16, y[:n]


def xor():
    X = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    return X, X[:, 0] * X[:, 1] > 0


@pytest.mark.parametrize(
    ("loss", "n_classes"), [(SoftmaxCrossEntropy(), 3), (SigmoidCrossEntropy(), 2)]
)
def test_loss_at_the_class_shares_is_that_of_the_best_intercepts(loss, n_classes):
    y = np.repeat(np.arange(n_classes), [20, 30, 50][:n_classes])
    shares = np.bincount(y) / len(y)
    scores = np.log(shares) if n_classes == 3 else np.log(shares[1:] / shares[:1])
    losses, gradient = loss(np.repeat(scores[np.newaxis, :, np.newaxis], len(y), axis=2), y)
    np.testing.assert_allclose(loss.loss_at_shares(shares), losses.mean())
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-12)


@pytest.mark.parametrize(
    ("data", "to_input"),
    [
        (digits(), sparse.csr_array),
        (load_breast_cancer(return_X_y=True), np.asarray),
        (xor(), np.float32),
    ],
    ids=["digits", "breast-cancer", "xor"],
)
def test_dead_nets_raise_a_warning(data, to_input):
    X, y = data
    net = TwoLayerMLPClassifier(hidden_size=10, lr=1.0, n_epochs=8, random_state=0)
    X = to_input(X - X.min(axis=0) + 1)
    with pytest.warns(ConvergenceWarning, match=f"{MESSAGE}100% of .* are dead.*Lower lr"):
        net.fit(X, y)
    assert not np.any(net.decision_function(X) - net.decision_function(X[:1]))


def test_nets_with_few_living_units_raise_a_warning():
    net = TwoLayerMLPClassifier(lr=1.0, n_epochs=20, random_state=0)
    with pytest.warns(ConvergenceWarning, match=f"{MESSAGE}99% of .* are dead"):
        net.fit(*digits(500))


@each_model
@pytest.mark.parametrize("is_binary", [False, True], ids=["digits", "xor"])
@pytest.mark.parametrize("n_epochs", [1, 5])
def test_learning_rates_too_small_to_learn_raise_a_warning(make, is_binary, n_epochs):
    X, y = xor() if is_binary else digits(300)
    if is_binary and make is not TwoLayerMLPClassifier:
        X = np.column_stack([X, y + X[:, 0]])
    with pytest.warns(ConvergenceWarning, match=f"{MESSAGE}training hardly .*Raise lr=1e-12"):
        make(lr=1e-12, n_epochs=n_epochs, random_state=0).fit(X, y)


@each_linear_model
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "lbfgs"])
def test_penalties_too_large_to_learn_raise_a_warning(make, optimizer):
    with pytest.warns(ConvergenceWarning, match=f"{MESSAGE}.*Lower reg_param=1000000000.0"):
        make(reg_param=1e9, optimizer=optimizer, random_state=0).fit(*digits())


@pytest.mark.parametrize("to_input", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("size", [1e-300, 1e-170])
def test_tiny_features_are_compared_with_classes(to_input, size):
    X, y = load_iris(return_X_y=True)
    X = np.column_stack([X * (size / 10), np.random.default_rng(0).normal(size=len(X))])
    with pytest.warns(ConvergenceWarning, match=f"{MESSAGE}.*Raise lr=1e-305"):
        SoftmaxRegression(lr=1e-305, n_epochs=5).fit(to_input(X), y)


@each_linear_model
@pytest.mark.parametrize("options", [{"lr": 0.1}, {"lr": "auto"}, {"optimizer": "lbfgs"}], ids=repr)
def test_data_without_a_linear_relation_raises_no_warning_of_linear_models(make, options):
    make(**options, random_state=0).fit(*make_circles(200, noise=0.1, factor=0.5, random_state=1))


@pytest.mark.parametrize("make", [SoftmaxRegression, TwoLayerMLPClassifier])
@pytest.mark.parametrize("kind", ["normal", "heavy tails", "rare", "binary", "constant", "far"])
@pytest.mark.parametrize("lr", ["auto", 1e-12])
def test_noise_raises_no_warning(make, kind, lr):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(400, 10)), rng.integers(3, size=400)
    if kind == "heavy tails":
        X = rng.standard_cauchy(size=X.shape)
    elif kind == "rare":
        y = rng.uniform(size=400) < 0.05
    elif kind == "binary":
        X = sparse.csr_array(X > 1, dtype=float)
    elif kind == "constant":
        X = np.zeros_like(X)
    elif kind == "far":
        X += 1e3
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "After .* (above the|still falls)")
        with suppress(ValueError):  # heavy tails may diverge
            make(lr=lr, n_epochs=10, random_state=0).fit(X, y)


def test_random_classes_are_not_related_to_features():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        rows = Rows(rng.normal(size=(100, 3)), rng.integers(3, size=100))
        assert not are_related(rows, is_linear=False)


@pytest.mark.parametrize("make", [*LINEAR_MODELS, TwoLayerMLPClassifier, BinaryPerceptron])
def test_models_of_good_data_raise_no_warning(make):
    X, y = load_iris(return_X_y=True)
    n = 100 if make is BinaryPerceptron else 150
    make(random_state=0).fit(scale(X[:n]), y[:n])


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_nets_that_have_begun_to_learn_raise_no_warning(n_epochs):
    TwoLayerMLPClassifier(lr=1e-5, n_epochs=n_epochs, random_state=0).fit(*digits())


def test_perceptrons_resumed_with_a_small_loss_raise_no_warning_of_its_rise():
    """Their loss of zero scores is 0, so there is no loss of an untrained model to compare with."""
    model = BinaryPerceptron(warm_start=True, shuffle=False, n_epochs=5, tol=None)
    model.fit([[-1.0], [1.0]], [0, 1])
    model.fit([[-1e-3], [5.0], [5.0], [-5.0], [-5.0]], [1, 0, 1, 0, 1])
    assert model.history_["loss"][-1] > 1
