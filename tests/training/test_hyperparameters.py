"""Hyperparameters of the models of a run."""

import numpy as np
import pytest

from sklearn_softmax._training.hyperparameters import Hyperparameters
from sklearn_softmax._training.state import take

VALUES = {
    "lr": np.array([1.0, 2.0, 3.0]),
    "lr_decay": np.array([1.0, 0.5, 0.1]),
    "l2": np.array([0.0, 1.0, 2.0]),
    "momentum": np.array([0.0, 0.5, 0.9]),
}


def test_learning_rates_decay_after_each_epoch():
    values = Hyperparameters(**VALUES)
    for n_epochs in range(4):
        later = values.epoch_values(n_epochs)
        expected = [1, 2 * 0.5**n_epochs, 3 * 0.1**n_epochs]
        np.testing.assert_allclose(later.lr, expected, rtol=1e-14)
        for name in ("lr_decay", "l2", "momentum"):
            np.testing.assert_array_equal(getattr(later, name), VALUES[name])
    np.testing.assert_array_equal(values.lr, [1, 2, 3])


def test_take_keeps_default_values():
    assert take(Hyperparameters(*np.ones((4, 3))), [2]) == Hyperparameters(*np.ones((4, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_step_sizes_have_one_row_per_model(dtype):
    nesterov = np.array([True, False, True])
    values = Hyperparameters(**VALUES, nesterov=nesterov)
    lr, momentum, look_ahead = values.step_sizes(dtype)
    assert {lr.dtype, momentum.dtype, look_ahead.dtype} == {np.dtype(dtype)}
    np.testing.assert_array_equal(lr, VALUES["lr"].astype(dtype)[:, np.newaxis])
    np.testing.assert_array_equal(momentum, VALUES["momentum"].astype(dtype)[:, np.newaxis])
    np.testing.assert_array_equal(look_ahead, momentum * nesterov[:, np.newaxis])


@pytest.mark.parametrize("nesterov", [None, np.zeros(3, bool)], ids=["None", "False"])
def test_step_sizes_have_no_look_ahead_if_no_model_has_nesterov_momentum(nesterov):
    assert Hyperparameters(**VALUES, nesterov=nesterov).step_sizes(float).look_ahead is None


def test_dropout_rate_shared_by_all_models_is_a_number():
    def rate(*rates):
        return Hyperparameters(**VALUES, dropout=np.array(rates)).dropout_rate()

    assert Hyperparameters(**VALUES).dropout_rate() is None
    assert rate(0.0, 0.0, 0.0) is None
    assert rate(0.2, 0.2, 0.2) == 0.2
    np.testing.assert_array_equal(rate(0.2, 0.0, 0.5), [[[0.2]], [[0.0]], [[0.5]]])
