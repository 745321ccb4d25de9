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
def test_as_columns_gives_one_row_a_model(dtype):
    columns = Hyperparameters(**VALUES).as_columns(dtype)
    for name, values in VALUES.items():
        column = getattr(columns, name)
        assert column.dtype == dtype
        np.testing.assert_array_equal(column, values.astype(dtype)[:, np.newaxis])
