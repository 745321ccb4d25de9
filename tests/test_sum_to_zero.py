import numpy as np
import pytest
from scipy import sparse

from sklearn_softmax import SoftmaxRegression
from sklearn_softmax.losses import SoftmaxCrossEntropy
from sklearn_softmax.network import DenseNetwork
from sklearn_softmax.objective import Objective
from sklearn_softmax.optimizers import GradientDescent
from sklearn_softmax.rows import Rows
from sklearn_softmax.sum_to_zero import SumToZeroNetwork
from sklearn_softmax.training import State, mini_batch_pass

N_FEATURES, N_CLASSES = 5, 4


def random_params(network, stack, rng):
    return [rng.standard_normal((*stack, *shape)) for shape in network.shapes()]


@pytest.fixture(params=[True, False])
def networks(request):
    sizes = N_FEATURES, N_CLASSES
    return SumToZeroNetwork(sizes, request.param), DenseNetwork(sizes, request.param)


@pytest.mark.parametrize("stack", [(), (3,)])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_is_the_network_of_the_completed_parameters(networks, stack, container, rng):
    short, full = networks
    params = random_params(short, stack, rng)
    completed = short.completed(params)
    assert [p.shape for p in completed] == [(*stack, *shape) for shape in full.shapes()]
    for p in completed:
        np.testing.assert_allclose(p.sum(axis=-2), 0, atol=1e-14)
    X, dZ = rng.standard_normal((7, N_FEATURES)), rng.standard_normal((*stack, N_CLASSES, 7))
    outputs = short.forward(params, container(X))
    np.testing.assert_allclose(outputs[-1], full.forward(completed, X)[-1], atol=1e-13)
    assert outputs[-1].flags.c_contiguous
    gradient = short.backward(params, container(X), outputs, dZ)
    for g, of_all in zip(gradient, full.backward(completed, X, outputs, dZ)):
        np.testing.assert_allclose(g, of_all[..., :-1, :], atol=1e-13)
    np.testing.assert_allclose(short.squared_norm(params), full.squared_norm(completed))


@pytest.mark.parametrize(
    "optimizer", [GradientDescent(), GradientDescent(0.9), GradientDescent(0.9, nesterov=True)]
)
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("weight", [None, "random"])
def test_gradient_descent_from_zero_keeps_the_sums(networks, optimizer, l2, weight, rng):
    X, y = rng.standard_normal((40, N_FEATURES)), rng.randint(N_CLASSES, size=40)
    rows = Rows(X, y, None if weight is None else rng.uniform(size=40))
    trained = []
    for network in networks:
        params = network.zeros(float)
        state = State(params, optimizer.start(params))
        objective = Objective(network, SoftmaxCrossEntropy(), l2)
        for _ in range(20):
            losses, correct = mini_batch_pass(objective, optimizer, state, rows, 0.5, 8)
        arrays = [*network.completed(state.params), *network.completed(state.optimizer_state)]
        trained.append((losses, correct, *arrays))
    for of_short, of_full in zip(*trained):
        np.testing.assert_allclose(of_short, of_full, atol=1e-12)


def test_adam_trains_all_classes(networks):
    _, full = networks
    assert SoftmaxRegression(optimizer="adam")._network_in_stack(full) is full
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 3
    params = SoftmaxRegression(optimizer="adam", n_epochs=5).fit(X, y).coef_
    assert np.abs(params.sum(axis=0)).max() > 1e-3
