"""Epochs, with a pass that returns fixed figures; their means and orders: test_mini_batch."""

import weakref

import numpy as np

from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.mini_batch import RowFigures
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.state import State
from tests.helpers import hyperparameters


def epochs(train_pass, n_rows, batch_size, n_models=1, shuffle=False):
    """Return the epochs of a pass, with no generator of orders."""
    rows = Rows(np.zeros((n_rows, 1)), np.zeros(n_rows, int))
    state = State(None, None, hyperparameters(n_models))
    return EpochSolver(train_pass, batch_size, shuffle, None).epochs(state, rows)


def test_figures_of_single_precision_are_summed_in_double():
    losses = np.full((1, 1000), 3e38, np.float32)
    record, step_losses = next(epochs(lambda *args: RowFigures(losses, losses > 0), 1000, 500))
    assert record["loss"].dtype == step_losses.dtype == np.float64
    np.testing.assert_allclose(record["loss"], 3e38, rtol=1e-7)
    np.testing.assert_allclose(step_losses, 3e38, rtol=1e-7)


def test_figures_of_all_rows_are_freed_after_an_epoch():
    class Figures(np.ndarray):
        """Arrays that allow weak references; they are freed without garbage collection."""

    references = []

    def train_pass(*args):
        losses = np.ones((2, 10)).view(Figures)
        references.append(weakref.ref(losses))
        return RowFigures(losses, np.ones((2, 10), bool))

    running = epochs(train_pass, 10, 4, n_models=2)
    next(running)
    assert references[0]() is None


def test_batches_of_all_rows_are_not_shuffled():
    figures = RowFigures(np.ones((1, 4)), np.ones((1, 4), bool))
    next(epochs(lambda *args: figures, 4, batch_size=4, shuffle=True))
