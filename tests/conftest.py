import os

# Before SciPy is imported: scikit-learn then runs its array API checks instead of skipping them.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Before NumPy is: of several processes that share the cores, each has one thread of the BLAS.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

SLOW = "not slow"

for profile, max_examples in {"quick": 10, "thorough": 40}.items():
    options = {"deadline": None, "derandomize": True, "max_examples": max_examples}
    settings.register_profile(profile, **options)


def pytest_configure(config):
    """Draw more examples where slow tests run."""
    settings.load_profile("quick" if config.option.markexpr == SLOW else "thorough")


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def pyplot():
    """Pyplot without a screen; its figures are closed afterwards."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    yield plt
    plt.close("all")


def pytest_terminal_summary(terminalreporter, config):
    """Say what a run without the slow tests has left out."""
    if config.option.markexpr == SLOW:
        terminalreporter.write_line(
            "Slow tests were left out: check_estimator on more parameters, more drawn examples, "
            "two reports. All tests: -m 'slow or not slow'"
        )
