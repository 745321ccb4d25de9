"""Dropout masks: rates, random draws and stacks of models."""

import numpy as np
import pytest

from sklearn_softmax._model.dropout import Dropout


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.8])
def test_units_are_dropped_at_the_rate_and_the_mean_is_1(rate):
    mask = Dropout(np.random.default_rng(0))(rate, (200, 500), np.float64)
    assert np.mean(mask == 0) == pytest.approx(rate, abs=0.01)
    np.testing.assert_allclose(mask[mask > 0], 1 / (1 - rate))
    assert mask.mean() == pytest.approx(1, abs=0.02)


def test_every_hidden_layer_has_a_new_mask():
    dropout = Dropout(np.random.default_rng(0))
    masks = dropout.masks(0.5, (5, 8, 8, 3), 30, np.float32)
    masks += dropout.masks(0.5, (5, 8, 3), 30, np.float32)
    assert [mask.shape for mask in masks] == [(8, 30)] * 3
    assert {mask.dtype for mask in masks} == {np.dtype(np.float32)}
    assert not np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_masks_of_several_rates_are_those_of_single_models_in_every_dtype(dtype):
    rates = np.array([0.0, 0.1, 0.5, 0.9])
    shared = Dropout(np.random.default_rng(0))
    together = shared.masks(rates[:, np.newaxis, np.newaxis], (5, 40, 20, 3), 30, dtype)
    for i, rate in enumerate(rates.tolist()):
        alone = Dropout(np.random.default_rng(0)).masks(rate, (5, 40, 20, 3), 30, np.float64)
        for mask, expected in zip(together, alone):
            assert mask.dtype == dtype
            np.testing.assert_array_equal(mask[i], expected.astype(dtype))
