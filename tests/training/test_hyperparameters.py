"""Hyperparameters of the models of a run."""

import numpy as np
import pytest

from tests.helpers import hyperparameters


def test_dropout_rate_shared_by_all_models_is_a_number():
    def rate(*rates):
        return hyperparameters(3, dropout=rates).dropout_rate()

    assert hyperparameters(3).dropout_rate() is None
    assert rate(0.0, 0.0, 0.0) is None
    assert rate(0.2, 0.2, 0.2) == 0.2
    np.testing.assert_array_equal(rate(0.2, 0.0, 0.5), [[[0.2]], [[0.0]], [[0.5]]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_step_sizes_have_the_dtype_of_the_parameters(dtype):
    step_sizes = hyperparameters(2, momentum=0.9, nesterov=[True, False]).step_sizes(dtype)
    assert {array.dtype for array in step_sizes} == {np.dtype(dtype)}
    assert hyperparameters(2, nesterov=False).step_sizes(dtype).look_ahead is None
