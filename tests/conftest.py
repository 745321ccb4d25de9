import os

# Set before SciPy is imported, so that scikit-learn runs its array API checks.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
# Set before NumPy is imported: each of several processes uses one BLAS thread.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

QUICK = "not slow"

for profile, max_examples in {"quick": 10, "thorough": 40}.items():
    options = {"deadline": None, "derandomize": True, "max_examples": max_examples}
    settings.register_profile(profile, **options)


def pytest_configure(config):
    """Draw more examples if slow tests run."""
    settings.load_profile("quick" if config.option.markexpr == QUICK else "thorough")


@pytest.fixture
def rng():
    return np.random.RandomState(0)


@pytest.fixture
def pyplot():
    """Return pyplot without a screen; close its figures afterwards."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    yield plt
    plt.close("all")


def pytest_terminal_summary(terminalreporter, config):
    """Print which tests a run without slow tests skips."""
    if config.option.markexpr == QUICK:
        terminalreporter.write_line(
            "Slow tests were skipped: check_estimator on more parameters, more drawn examples, "
            "two reports. Run all tests with -m 'slow or not slow'."
        )
