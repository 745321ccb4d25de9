"""Epochs, with a pass that returns fixed figures."""

import weakref
from itertools import islice

import numpy as np
import pytest

from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.mini_batch import RowFigures
from sklearn_softmax._training.state import State
from tests.helpers import hyperparameters, random_rows


class FixedPass:
    """A pass without steps that returns fixed figures for each row."""

    def __init__(self, losses, is_correct):
        self.losses, self.is_correct = losses, is_correct
        self.orders = []

    def __call__(self, params, state, rows, hyperparameters):
        order = np.arange(len(rows)) if rows.indices is None else rows.indices
        self.orders.append(order)
        return RowFigures(self.losses[:, order], self.is_correct[:, order])


def random_pass(rng, n, n_models=2):
    """Return a pass with random figures."""
    return FixedPass(rng.uniform(0, 3, (n_models, n)), rng.uniform(size=(n_models, n)) < 0.5)


def run(train_pass, rows, n_epochs, *, batch_size=4, shuffle=True, n_models=2, **values):
    """Return the results of some epochs."""
    state = State(None, None, hyperparameters(n_models, **values))
    solver = EpochSolver(train_pass, batch_size, shuffle, np.random.RandomState(5))
    return list(islice(solver.epochs(state, rows), n_epochs))


@pytest.mark.parametrize("has_class_weight", [False, True], ids=["equal", "class-weights"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("batch_size", [1, 4, 10])
def test_figures_are_weighted_means_over_the_rows(batch_size, weighted, has_class_weight, rng):
    rows, train_pass = random_rows(rng, n=10, weighted=weighted), random_pass(rng, 10)
    class_weight = np.array([[1.0, 2.0, 0.0], [0.5, 1.0, 3.0]]) if has_class_weight else None
    results = run(train_pass, rows, 3, batch_size=batch_size, class_weight=class_weight)
    for (record, step_losses), order in zip(results, train_pass.orders):
        batches = [order[first : first + batch_size] for first in range(0, 10, batch_size)]
        for i in range(2):
            losses, is_correct = train_pass.losses[i], train_pass.is_correct[i]
            weight = np.ones(10) if rows.weight is None else rows.weight
            weight = weight * class_weight[i, rows.y] if has_class_weight else weight
            assert record["loss"][i] == pytest.approx(np.average(losses, weights=weight))
            assert record["accuracy"][i] == pytest.approx(np.average(is_correct, weights=weight))
            assert record["mistakes"][i] == np.sum(~is_correct & (weight > 0))
            weighted_losses = losses * weight / weight.mean()
            expected = [np.mean(weighted_losses[batch]) for batch in batches]
            np.testing.assert_allclose(step_losses[i], expected, rtol=1e-12)


@pytest.mark.parametrize(("batch_size", "shuffle"), [(4, True), (4, False), (10, True)])
def test_epochs_of_several_batches_shuffle_the_rows_anew(batch_size, shuffle, rng):
    train_pass, order_rng = random_pass(rng, 10), np.random.RandomState(5)
    run(train_pass, random_rows(rng, n=10), 3, batch_size=batch_size, shuffle=shuffle)
    is_shuffled = shuffle and batch_size < 10
    expected = [order_rng.permutation(10) if is_shuffled else np.arange(10) for _ in range(3)]
    np.testing.assert_array_equal(train_pass.orders, expected)


def test_figures_of_single_precision_are_summed_in_double(rng):
    losses = np.full((1, 1000), 3e38, np.float32)
    rows, train_pass = random_rows(rng, n=1000), FixedPass(losses, losses > 0)
    ((record, step_losses),) = run(train_pass, rows, 1, batch_size=500, n_models=1)
    assert record["loss"].dtype == step_losses.dtype == np.float64
    np.testing.assert_allclose(record["loss"], 3e38, rtol=1e-7)
    np.testing.assert_allclose(step_losses, 3e38, rtol=1e-7)


def test_figures_of_all_rows_are_freed_after_an_epoch(rng):
    class Figures(np.ndarray):
        """Arrays that allow weak references; they are freed without garbage collection."""

    figures = rng.uniform(size=(2, 10)).view(Figures)
    references = []

    def train_pass(*args):
        losses = figures.copy()
        references.append(weakref.ref(losses))
        return RowFigures(losses, np.asarray(losses) < 0.5)

    state, rows = State(None, None, hyperparameters(2)), random_rows(rng, n=10)
    epochs = EpochSolver(train_pass, 4, False, None).epochs(state, rows)
    next(epochs)
    assert references[0]() is None
