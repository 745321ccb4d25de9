"""Every gradient against central differences along random directions."""

import itertools

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    gradient_check,
)
from sklearn_softmax.activations import ACTIVATIONS
from sklearn_softmax.dropout import Dropout
from sklearn_softmax.losses import PerceptronCriterion, SigmoidCrossEntropy, SoftmaxCrossEntropy
from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.objective import Objective
from sklearn_softmax.rows import Rows
from tests.helpers import random_params, random_rows, value_and_gradient

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
HIDDEN = [(), (7,), (7, 4)]
STEP = np.finfo(np.longdouble).eps ** (np.longdouble(1) / 3)


def directional_errors(objective, params, rows, rng):
    """Relative error of the slope along a random direction, for each model of a stack.

    The difference is taken in the longest floating-point type, the gradient in double precision.
    """
    direction = [rng.standard_normal(p.shape) for p in params]
    _, gradient = value_and_gradient(objective, params, rows)
    slope = sum(np.sum(g * d, axis=(-2, -1)) for g, d in zip(gradient, direction))
    long_rows = Rows(rows.X.astype(np.longdouble), rows.y, rows.weight)

    def value(step):
        moved = [p.astype(np.longdouble) + step * d for p, d in zip(params, direction)]
        return value_and_gradient(objective, moved, long_rows)[0]

    difference = (value(STEP) - value(-STEP)) / (2 * STEP)
    return np.abs(slope - difference) / np.maximum(1e-3, np.abs(slope) + np.abs(difference))


@pytest.mark.parametrize("stack", [(), (3,)], ids=["one", "stack"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("hidden", HIDDEN, ids=["linear", "one-hidden", "two-hidden"])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient(loss, hidden, l2, weighted, stack, n_classes, rng):
    if stack and l2:
        l2 = np.array([0.0, 0.3, 2.0]).reshape(3, 1, 1)
    rows = random_rows(rng, n_classes=n_classes, weighted=weighted)
    sizes = (5, *hidden, loss.n_outputs(n_classes))
    network = DenseNetwork(sizes, activation=ACTIVATIONS["tanh"])
    objective = Objective(network, loss, l2)
    params = random_params(network, rng, stack=stack)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng) < 1e-7)


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("sparse_X", [False, True], ids=["dense", "CSR"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_of_activations(activation, sparse_X, fit_intercept, rng):
    rows = random_rows(rng, sparse_X=sparse_X)
    network = DenseNetwork((5, 8, 6, 3), fit_intercept, ACTIVATIONS[activation])
    objective = Objective(network, SoftmaxCrossEntropy(), 0.1)
    params = random_params(network, rng)
    for _ in range(3):
        assert directional_errors(objective, params, rows, rng) < 1e-7


def test_every_entry_of_the_report_s_gradient(rng):
    """dW = (A - Y) X^T and db = sum(A - Y), equations 16, 21 and 22, entry by entry."""
    rows = random_rows(rng)
    network = DenseNetwork((5, 3))
    objective = Objective(network, SoftmaxCrossEntropy())
    W, b = params = random_params(network, rng)
    _, (dW, db) = value_and_gradient(objective, params, rows)
    Z = W @ rows.X.T + b
    A = np.exp(Z) / np.exp(Z).sum(axis=0)
    Y = np.eye(3)[:, rows.y]
    np.testing.assert_allclose(dW, (A - Y) @ rows.X / len(rows), rtol=1e-12)
    np.testing.assert_allclose(db[:, 0], (A - Y).mean(axis=1), rtol=1e-12)


@pytest.mark.parametrize(
    ("loss", "hidden", "l2"), list(itertools.product(LOSSES, HIDDEN, [0.0, 0.5]))
)
def test_stack_equals_its_members(loss, hidden, l2, rng):
    rows = random_rows(rng, weighted=True)
    network = DenseNetwork((5, *hidden, 3))
    stacked = random_params(network, rng, stack=(4,))
    l2s = np.array([0.0, l2, 2 * l2, 1.0])
    values, gradient = value_and_gradient(
        Objective(network, loss, l2s.reshape(4, 1, 1)), stacked, rows
    )
    for i in range(4):
        alone = Objective(network, loss, float(l2s[i]))
        value, own = value_and_gradient(alone, [p[i] for p in stacked], rows)
        np.testing.assert_allclose(values[i], value, rtol=1e-12)
        for g, h in zip(gradient, own):
            np.testing.assert_allclose(g[i], h, rtol=1e-12, atol=1e-14)


# --- dropout ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", [(), (3,)], ids=["one", "stack"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("hidden", [(7,), (7, 6, 4)], ids=["one-hidden", "three-hidden"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_dropout(activation, hidden, weighted, l2, stack, rng):
    rows = random_rows(rng, weighted=weighted)
    network = DenseNetwork((5, *hidden, 3), activation=ACTIVATIONS[activation])
    masks = {n: Dropout(0.4, np.random.default_rng(n))((n, len(rows)), float) for n in hidden}
    held_fixed = lambda shape, dtype: masks[shape[0]]  # noqa: E731
    objective = Objective(network, SoftmaxCrossEntropy(), l2, held_fixed)
    params = random_params(network, rng, stack=stack)
    for _ in range(3):
        assert np.all(directional_errors(objective, params, rows, rng) < 1e-7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_dropout_is_that_of_pytorch(activation, rng):
    torch = pytest.importorskip("torch")
    rows = random_rows(rng)
    network = DenseNetwork((5, 8, 3), activation=ACTIVATIONS[activation])
    mask = Dropout(0.4, np.random.default_rng(0))((8, len(rows)), float)
    objective = Objective(network, SoftmaxCrossEntropy(), dropout=lambda shape, dtype: mask)
    params = random_params(network, rng)
    _, gradient = value_and_gradient(objective, params, rows)
    W1, W2, b1, b2 = theirs = [torch.tensor(p, requires_grad=True) for p in params]
    hidden = getattr(torch, activation)(W1 @ torch.tensor(rows.X.T) + b1) * torch.tensor(mask)
    scores = (W2 @ hidden + b2).T
    torch.nn.functional.cross_entropy(scores, torch.tensor(rows.y)).backward()
    for g, p in zip(gradient, theirs):
        np.testing.assert_allclose(g, p.grad.numpy(), atol=1e-14)


# --- the public check --------------------------------------------------------------------------

SMALL = np.random.RandomState(0).standard_normal((10, 4)), np.arange(10) % 3
ESTIMATORS = [
    SoftmaxRegression(),
    SoftmaxRegression(reg_param=0.1, fit_intercept=False),
    GDLogisticRegression(reg_param=0.1, class_weight="balanced"),
    *(
        TwoLayerMLPClassifier(hidden_size=h, activation=a, dropout=p, reg_param=r)
        for h in (10, (6, 5, 4))
        for a in ACTIVATIONS
        for p, r in ((0.0, 0.0), (0.5, 0.1))
    ),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("fitted", [False, True], ids=["unfitted", "fitted"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_gradient_check(estimator, fitted, weighted, rng):
    X, y = SMALL
    sample_weight = rng.uniform(0.5, 2, len(y)) if weighted else None
    if fitted:
        estimator = clone(estimator).set_params(n_epochs=40, lr=0.01, random_state=0).fit(X, y)
    before = repr(vars(estimator))
    errors = gradient_check(estimator, X, y, sample_weight)
    assert max(errors.values()) < 1e-7
    assert repr(vars(estimator)) == before


def test_gradient_check_of_other_inputs():
    X, y = SMALL
    for container in (sparse.csr_array, lambda X: X.astype(np.float32)):
        assert max(gradient_check(BinaryPerceptron(), container(X), y > 0).values()) < 1e-7
        net = TwoLayerMLPClassifier(hidden_size=5)
        assert max(gradient_check(net, container(X), y.astype(str)).values()) < 1e-7
    assert list(gradient_check(SoftmaxRegression(fit_intercept=False), X, y)) == ["W1"]


def test_gradient_check_finds_a_wrong_gradient(monkeypatch):
    X, y = SMALL
    monkeypatch.setattr("sklearn_softmax.activations.Tanh.derivative", lambda self, A: 1 - A)
    errors = gradient_check(TwoLayerMLPClassifier(hidden_size=5, activation="tanh"), X, y)
    assert min(errors["W1"], errors["b1"]) > 0.01 > 1e-7 > max(errors["W2"], errors["b2"])


def test_gradient_check_of_bad_input():
    X, y = SMALL
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        gradient_check(BinaryPerceptron(), X, y)
    with pytest.raises(ValueError, match="'lr' parameter"):
        gradient_check(SoftmaxRegression(lr=-1), X, y)
    with pytest.raises(ValueError, match="not in the classes of the fit"):
        gradient_check(SoftmaxRegression(n_epochs=1).fit(X, y), X, y + 1)
    with pytest.raises(TypeError, match=r"got Pipeline\. Of a pipeline, give the last step"):
        gradient_check(make_pipeline(SoftmaxRegression()), X, y)
    with pytest.raises(ValueError, match="max_entries == 0, must be >= 1"):
        gradient_check(SoftmaxRegression(), X, y, max_entries=0)


def test_gradient_check_at_a_minimum():
    X, y = SMALL
    model = SoftmaxRegression(reg_param=1.0, lr=1.0, n_epochs=3000).fit(X, y)
    assert max(gradient_check(model, X, y).values()) < 1e-7
