"""What differs between the models of a run."""

import numpy as np
import pytest

from sklearn_softmax._training.hyperparameters import Hyperparameters

VALUES = {
    "lr": np.array([1.0, 2.0, 3.0]),
    "lr_decay": np.array([1.0, 0.5, 0.1]),
    "l2": np.array([0.0, 1.0, 2.0]),
    "momentum": np.array([0.0, 0.5, 0.9]),
}


def test_values_cannot_be_replaced():
    with pytest.raises(AttributeError):
        Hyperparameters(**VALUES).lr = np.ones(3)


def test_learning_rates_decay_from_epoch_to_epoch():
    values = Hyperparameters(**VALUES)
    for n_epochs in range(4):
        later = values.in_epoch(n_epochs)
        expected = [1, 2 * 0.5**n_epochs, 3 * 0.1**n_epochs]
        np.testing.assert_allclose(later.lr, expected, rtol=1e-14)
        for name in ("lr_decay", "l2", "momentum"):
            np.testing.assert_array_equal(getattr(later, name), VALUES[name])
    np.testing.assert_array_equal(values.lr, [1, 2, 3])


@pytest.mark.parametrize("models", [[1], [2, 0], np.array([0, 1, 2])], ids=str)
def test_of_models_takes_these_entries(models):
    chosen = Hyperparameters(**VALUES).of_models(models)
    for name, values in VALUES.items():
        np.testing.assert_array_equal(getattr(chosen, name), values[models])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_step_takes_one_row_a_model(dtype):
    nesterov = np.array([True, False, True])
    values = Hyperparameters(**VALUES, nesterov=nesterov)
    lr, momentum, look_ahead = values.of_step(dtype)
    assert {lr.dtype, momentum.dtype, look_ahead.dtype} == {np.dtype(dtype)}
    np.testing.assert_array_equal(lr, VALUES["lr"].astype(dtype)[:, np.newaxis])
    np.testing.assert_array_equal(momentum, VALUES["momentum"].astype(dtype)[:, np.newaxis])
    np.testing.assert_array_equal(look_ahead, momentum * nesterov[:, np.newaxis])


@pytest.mark.parametrize("nesterov", [None, np.zeros(3, bool)], ids=["none", "of no model"])
def test_no_model_looks_ahead(nesterov):
    assert Hyperparameters(**VALUES, nesterov=nesterov).of_step(float)[-1] is None


def test_a_rate_of_dropout_that_models_share_is_a_number():
    def rate(*rates):
        return Hyperparameters(**VALUES, dropout=np.array(rates)).rate_of_dropout()

    assert Hyperparameters(**VALUES).rate_of_dropout() is None
    assert rate(0.0, 0.0, 0.0) is None
    assert rate(0.2, 0.2, 0.2) == 0.2
    np.testing.assert_array_equal(rate(0.2, 0.0, 0.5), [[[0.2]], [[0.0]], [[0.5]]])


def test_what_models_do_not_have_is_none_of_some_of_them_too():
    chosen = Hyperparameters(**VALUES, class_weight=np.arange(6.0).reshape(3, 2)).of_models([2])
    assert (chosen.nesterov, chosen.dropout) == (None, None)
    np.testing.assert_array_equal(chosen.class_weight, [[4, 5]])
