"""Several searches of the same data, timed one after the other."""

import time
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning


@dataclass(frozen=True)
class Contest:
    """Searches of the same data.

    Parameters
    ----------
    name : str
    X, y : ndarray
    size : str
        Number of configurations and epochs, as text.
    searches : dict of str to search
        Unfitted, by contestant; the times of the others are compared with the first.
    compared : tuple of (str, str)
        Contestants whose scores must be the same.
    max_difference : float, default=1e-3
        Largest difference of their scores.
    has_same_configurations : bool, default=True
        Whether the scores of all configurations are compared, or only the best ones.
    remark : str, default=""
        Printed description of a contestant.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    size: str
    searches: dict
    compared: tuple
    max_difference: float = 1e-3
    has_same_configurations: bool = True
    remark: str = ""

    def run(self, numbers_of_jobs):
        """Time all searches with each number of processes, print a row and return the records."""
        first, *_ = self.searches
        shape = "x".join(map(str, self.X.shape))
        print(
            f"{self.name} {shape} {self.X.dtype}, {self.size}: seconds (x time of {first}), best "
            f"score{self.remark}"
        )
        records = []
        for n_jobs in numbers_of_jobs:
            rows = [
                {"problem": self.name, "contestant": name, "n_jobs": n_jobs, **figures}
                for name, figures in self.measure(n_jobs).items()
            ]
            cells = [
                f"{row['contestant']} {row['seconds']:8.1f} "
                f"(x {row['seconds'] / rows[0]['seconds']:.2f}), {row['best_score']:.4f}"
                for row in rows
            ]
            print("  ".join([f"n_jobs {n_jobs}", *cells]), flush=True)
            records += rows
        return records

    def measure(self, n_jobs):
        """Return seconds and best score of each contestant.

        Parameters
        ----------
        n_jobs : int

        Returns
        -------
        figures : dict of str to dict

        Raises
        ------
        RuntimeError
            If the scores of the compared contestants differ.
        """
        fitted, figures = {}, {}
        for name, search in self.searches.items():
            fitted[name] = clone(search).set_params(n_jobs=n_jobs)
            with warnings.catch_warnings():
                # scikit-learn's net warns after every fit that its tolerance did not end.
                warnings.simplefilter("ignore", ConvergenceWarning)
                start = time.perf_counter()
                fitted[name].fit(self.X, self.y)
                seconds = time.perf_counter() - start
            figures[name] = {"seconds": seconds, "best_score": float(fitted[name].best_score_)}
        self._check_scores(fitted)
        return figures

    def _check_scores(self, fitted):
        """Raise RuntimeError if the scores of the compared contestants differ."""
        a, b = (
            fitted[name].cv_results_["mean_test_score"]
            if self.has_same_configurations
            else fitted[name].best_score_
            for name in self.compared
        )
        difference = np.max(np.abs(a - b))
        if not difference <= self.max_difference:
            raise RuntimeError(
                f"The scores of {' and '.join(self.compared)} differ by {difference:.4f}: their "
                "times are incomparable."
            )
