"""A few of the combinations of ``python -m tests.fuzz``."""

import pytest

from tests.fuzz import find_broken_law
from tests.fuzz.parameters import ESTIMATORS, INVALID, ORDINARY

N_COMBINATIONS, N_TESTS = 150, 15


@pytest.mark.parametrize("first", range(N_TESTS))
def test_random_combinations_break_no_law(first):
    laws = (find_broken_law(seed=0, index=i) for i in range(first, N_COMBINATIONS, N_TESTS))
    assert not "\n".join(filter(None, laws))


@pytest.mark.parametrize("estimator", dict.fromkeys(ESTIMATORS))
def test_fuzz_has_values_of_every_parameter(estimator):
    assert set(estimator().get_params()) <= ORDINARY.keys() & INVALID.keys()
