"""Epochs without end, with a pass that is told what to find."""

import weakref

import numpy as np
import pytest

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import State, epochs
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.optimizers import Adam
from sklearn_softmax._training.rows import Rows
from tests.helpers import hyperparameters, random_params, random_rows, starting_state


class ToldPass:
    """A pass that learns nothing, and gives each row the figures that it was told."""

    def __init__(self, losses, is_correct):
        self.losses, self.is_correct = losses, is_correct
        self.orders, self.rates = [], []

    def __call__(self, params, state, rows, hyperparameters):
        order = np.arange(len(rows)) if rows.indices is None else rows.indices
        self.orders.append(order)
        self.rates.append(hyperparameters.lr)
        return self.losses[:, order], self.is_correct[:, order]


def told_pass(rng, n, n_models=2):
    return ToldPass(rng.uniform(0, 3, (n_models, n)), rng.uniform(size=(n_models, n)) < 0.5)


def run(one_pass, rows, n_epochs, *, batch_size=4, shuffle=True, n_models=2, epoch=0, **values):
    state = State(None, {}, hyperparameters(n_models, **values), epoch)
    rng = np.random.RandomState(5)
    passes = epochs(one_pass, state, rows, batch_size=batch_size, shuffle=shuffle, rng=rng)
    return [next(passes) for _ in range(n_epochs)]


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("batch_size", [1, 4, 7, 10])
def test_figures_of_an_epoch_are_weighted_means_over_its_rows(batch_size, weighted, rng):
    rows, one_pass = random_rows(rng, n=10, weighted=weighted), told_pass(rng, 10)
    weight = np.ones(10) if rows.weight is None else rows.weight
    made = run(one_pass, rows, 3, batch_size=batch_size)
    for (record, step_losses), order in zip(made, one_pass.orders):
        for i in range(2):
            losses, is_correct = one_pass.losses[i], one_pass.is_correct[i]
            assert record["loss"][i] == pytest.approx(np.average(losses, weights=weight))
            assert record["accuracy"][i] == pytest.approx(np.average(is_correct, weights=weight))
            assert record["mistakes"][i] == np.sum(~is_correct)
            batches = [order[first : first + batch_size] for first in range(0, 10, batch_size)]
            expected = [np.mean(losses[batch] * weight[batch]) for batch in batches]
            np.testing.assert_allclose(step_losses[i], expected, rtol=1e-12)


def test_rows_without_weight_make_no_mistakes():
    weight = np.array([0.0, 1.0, 3.0, 0.0])
    rows = Rows(np.zeros((4, 1)), np.zeros(4, int), weight)
    one_pass = ToldPass(np.array([[5.0, 1.0, 2.0, 7.0]]), np.array([[False, False, True, True]]))
    ((record, _),) = run(one_pass, rows, 1, n_models=1)
    assert record["mistakes"] == 1
    assert record["accuracy"] == 0.75
    assert record["loss"] == 7 / 4


def test_each_epoch_takes_the_rows_in_a_new_order(rng):
    one_pass = told_pass(rng, 10)
    run(one_pass, random_rows(rng, n=10), 3)
    order_rng = np.random.RandomState(5)
    expected = [order_rng.permutation(10) for _ in range(3)]
    np.testing.assert_array_equal(one_pass.orders, expected)


@pytest.mark.parametrize(("batch_size", "shuffle"), [(4, False), (10, True)])
def test_rows_stay_in_their_order_unless_shuffled_or_where_one_batch_holds_all(
    batch_size, shuffle, rng
):
    one_pass = told_pass(rng, 10)
    run(one_pass, random_rows(rng, n=10), 2, batch_size=batch_size, shuffle=shuffle)
    np.testing.assert_array_equal(one_pass.orders, [np.arange(10)] * 2)


def test_epochs_are_counted_on_and_learning_rates_decay_with_them(rng):
    one_pass = told_pass(rng, 10)
    made = run(one_pass, random_rows(rng, n=10), 3, epoch=2, lr=[1.0, 2.0], lr_decay=[0.5, 1.0])
    for (record, _), rates, index in zip(made, one_pass.rates, (3, 4, 5)):
        np.testing.assert_array_equal(record["epoch"], [index, index])
        np.testing.assert_allclose(record["lr"], [0.5 ** (index - 1), 2.0])
        np.testing.assert_array_equal(rates, record["lr"])


def test_the_state_is_changed_in_place_and_may_lose_models_between_epochs(rng):
    rows, network = random_rows(rng, n=22), DenseNetwork((5, 6, 3))
    optimizer, start = Adam(), random_params(network, rng, n_models=3)
    objective = Objective(network, SoftmaxCrossEntropy())

    def passes_of(models):
        state = starting_state(start.of_models(models), optimizer)
        one_pass = MiniBatchPass(objective, optimizer, rows, 4)
        rng = np.random.RandomState(1)
        return state, epochs(one_pass, state, rows, batch_size=4, shuffle=True, rng=rng)

    state, passes = passes_of([0, 1, 2])
    record, _ = next(passes)
    assert record["loss"].shape == (3,)
    kept = [0, 2]
    state.optimizer_state = optimizer.state_of_models(state.optimizer_state, kept)
    state.params, state.hyperparameters = state.params.of_models(kept), hyperparameters(2)
    record, step_losses = next(passes)
    assert record["loss"].shape == (2,)
    assert step_losses.shape == (2, 6)
    alone, passes_alone = passes_of([2])
    next(passes_alone)
    next(passes_alone)
    assert state.epoch == alone.epoch == 2
    np.testing.assert_allclose(
        state.params.vector[1], alone.params.vector[0], rtol=1e-12, atol=1e-14
    )


def test_figures_of_single_precision_are_summed_in_double(rng):
    losses = np.full((1, 1000), 3e38, np.float32)
    rows = random_rows(rng, n=1000)
    ((record, step_losses),) = run(
        ToldPass(losses, losses > 0), rows, 1, batch_size=500, n_models=1
    )
    assert record["loss"].dtype == step_losses.dtype == np.float64
    np.testing.assert_allclose(record["loss"], 3e38, rtol=1e-7)
    np.testing.assert_allclose(step_losses, 3e38, rtol=1e-7)


def test_the_figures_of_rows_are_not_kept_until_the_next_epoch(rng):
    class Figures(np.ndarray):
        """Arrays of which weak references can be made, as ``del`` frees them at once."""

    figures = rng.uniform(size=(2, 10)).view(Figures)
    alive = []

    def one_pass(*arguments):
        losses = figures.copy()
        alive.append(weakref.ref(losses))
        return losses, np.asarray(losses) < 0.5

    state, rows = State(None, {}, hyperparameters(2)), random_rows(rng, n=10)
    passes = epochs(one_pass, state, rows, batch_size=4, shuffle=False, rng=None)
    record, _ = next(passes)
    assert isinstance(record, dict)
    assert alive[0]() is None
