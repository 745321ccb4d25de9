"""A few of the combinations that ``python -m tests.fuzz`` tries."""

import pytest

from tests.fuzz import finding
from tests.fuzz.parameters import ESTIMATORS, INVALID, ORDINARY

N_COMBINATIONS, N_TESTS = 150, 15


@pytest.mark.parametrize("first", range(N_TESTS))
def test_laws(first):
    found = (finding(seed=0, index=index) for index in range(first, N_COMBINATIONS, N_TESTS))
    assert not "\n".join(filter(None, found))


@pytest.mark.parametrize("estimator", dict.fromkeys(ESTIMATORS))
def test_every_parameter_has_values(estimator):
    assert set(estimator().get_params()) <= ORDINARY.keys() & INVALID.keys()
