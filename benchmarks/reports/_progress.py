"""What a report tells while it runs."""

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass
class Stage:
    """A part of a report.

    Parameters
    ----------
    seconds : float or None, default=None
        How long it took; None while it runs.
    """

    seconds: float | None = None


@contextmanager
def stage(title):
    """Print when a part of a report begins and ends.

    Parameters
    ----------
    title : str

    Yields
    ------
    stage : Stage
    """
    print(f"{title} ...", flush=True)
    running, start = Stage(), perf_counter()
    yield running
    running.seconds = perf_counter() - start
    print(f"{title}: done in {running.seconds:.1f} s", flush=True)


def show_progress(search):
    """Have a search show its progress as well as scikit-learn can.

    Parameters
    ----------
    search : GridSearchCV

    Returns
    -------
    search : GridSearchCV
        The same: with a progress bar where scikit-learn is 1.9 or later and rich is
        installed, else with ``verbose=1``.
    """
    try:
        from sklearn.callback import ProgressBar

        # Only the search's own bar: a bar for each of its fits would fill the screen.
        return search.set_callbacks(ProgressBar(max_propagation_depth=0))
    except ImportError:
        return search.set_params(verbose=1)
