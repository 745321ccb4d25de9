"""Hyperparameters of the models of a run."""

import numpy as np

from tests.helpers import hyperparameters


def test_dropout_rate_shared_by_all_models_is_a_number():
    def rate(*rates):
        return hyperparameters(3, dropout=rates).dropout_rate()

    assert hyperparameters(3).dropout_rate() is None
    assert rate(0.0, 0.0, 0.0) is None
    assert rate(0.2, 0.2, 0.2) == 0.2
    np.testing.assert_array_equal(rate(0.2, 0.0, 0.5), [[[0.2]], [[0.0]], [[0.5]]])
