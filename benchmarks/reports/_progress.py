"""Progress of a report on the console."""

from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass
class Stage:
    """A part of a report, with its duration once it is finished."""

    seconds: float | None = None


@contextmanager
def stage(title):
    """Print a line when the block begins and one when it ends, and yield its ``Stage``."""
    print(f"{title} ...", flush=True)
    running, start = Stage(), perf_counter()
    yield running
    running.seconds = perf_counter() - start
    print(f"{title}: done in {running.seconds:.1f} s", flush=True)


def show_progress(search):
    """Return a search with scikit-learn's progress bar, or with ``verbose=1`` without rich or 1.9.

    Parameters
    ----------
    search : GridSearchCV

    Returns
    -------
    search : GridSearchCV
        The same object.
    """
    try:
        from sklearn.callback import ProgressBar

        # Not the bars of the single fits, which would fill the screen.
        return search.set_callbacks(ProgressBar(max_propagation_depth=0))
    except ImportError:
        return search.set_params(verbose=1)


def track(results, n_results, name):
    """Iterate over results with a bar like scikit-learn's if rich is installed.

    Parameters
    ----------
    results : iterable
    n_results : int
    name : str
        Name of the estimator.

    Returns
    -------
    results : iterable
    """
    try:
        from rich.progress import track
    except ImportError:
        return results
    colors = {"complete_style": "#F7931E", "finished_style": "#29ABE2"}  # scikit-learn's
    return track(results, f"{name} - fit", n_results, **colors)
