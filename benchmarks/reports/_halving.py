"""A report's search by successive halving, compared with the search over the whole grid."""

from dataclasses import dataclass

from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from benchmarks.reports import _markdown
from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV

RESOURCE = "n_epochs"
HALVINGS = {FusedGridSearchCV: FusedHalvingGridSearchCV, GridSearchCV: HalvingGridSearchCV}


def halving_search(search):
    """Return an unfitted halving search over the same grid without its numbers of epochs.

    Parameters
    ----------
    search : FusedGridSearchCV or GridSearchCV

    Returns
    -------
    halving : FusedHalvingGridSearchCV or HalvingGridSearchCV
    """
    grid = {name: values for name, values in search.param_grid.items() if name != RESOURCE}
    return HALVINGS[type(search)](
        search.estimator,
        grid,
        resource=RESOURCE,
        max_resources=max(search.param_grid[RESOURCE]),
        scoring=search.scoring,
        cv=search.cv,
        n_jobs=search.n_jobs,
        refit=False,
        return_train_score=False,
    )


def trained_epochs(search):
    """Return the number of epochs of all models of a fitted search, per fold.

    Parameters
    ----------
    search : search
        A class in ``HALVINGS``.

    Returns
    -------
    n_epochs : int

    Notes
    -----
    A fused search trains candidates that differ only in ``n_epochs`` as one model, and a fused
    halving search resumes models; those of scikit-learn start again.
    """
    candidates = search.cv_results_["params"]
    if not isinstance(search, FusedGridSearchCV | FusedHalvingGridSearchCV):
        return sum(params[RESOURCE] for params in candidates)
    longest = {}
    for params in candidates:
        model = tuple(without_epochs(params).items())
        longest[model] = max(params[RESOURCE], longest.get(model, 0))
    return sum(longest.values())


def without_epochs(params):
    """Return a candidate without its number of epochs."""
    return {name: value for name, value in params.items() if name != RESOURCE}


@dataclass(frozen=True)
class Comparison:
    """A fitted search over a whole grid and the same by halving.

    Parameters
    ----------
    search, halving : search
    search_seconds, halving_seconds : float
    """

    search: GridSearchCV
    halving: HalvingGridSearchCV
    search_seconds: float
    halving_seconds: float

    @property
    def found_same(self):
        """Whether the best candidates are the same except for the number of epochs."""
        best, halving_best = self.search.best_params_, self.halving.best_params_
        return without_epochs(best) == without_epochs(halving_best)

    @property
    def score_difference(self):
        """Best mean score by halving minus that of the whole grid."""
        return float(self.halving.best_score_ - self.search.best_score_)

    def rungs(self):
        """Return a sentence about the rungs."""
        rungs = zip(self.halving.n_candidates_, self.halving.n_resources_)
        text = ", then ".join(
            f"{n} configuration{'s' * (n > 1)} up to epoch {n_epochs}" for n, n_epochs in rungs
        )
        return f"It trains {text}."

    def summary(self):
        """Return sentences about time, epochs and the best candidates."""
        seconds = self.search_seconds / self.halving_seconds
        epochs = trained_epochs(self.search) / trained_epochs(self.halving)
        start = " The time of the whole search includes the start of its processes."
        return (
            f"It took {self.halving_seconds:.1f} s instead of {self.search_seconds:.1f} s "
            f"(1 / {seconds:.1f}) and trained 1 / {epochs:.1f} of the epochs. Its best "
            f"configuration is {'the same' if self.found_same else 'another one'}, apart from the "
            f"number of epochs; the mean accuracy differs by {self.score_difference:+.4f}."
            f"{start if self.search.n_jobs != 1 else ''}"
        )

    def table(self):
        """Return time, epochs and best candidate of both searches as Markdown."""
        names = list(self.search.best_params_)
        header = ["", "Seconds", "Epochs of all models per fold", *(f"`{n}`" for n in names)]
        rows = [
            [
                f"`{type(search).__name__}`",
                f"{seconds:.1f}",
                trained_epochs(search),
                *(str(search.best_params_[name]) for name in names),
                float(search.best_score_),
            ]
            for search, seconds in (
                (self.search, self.search_seconds),
                (self.halving, self.halving_seconds),
            )
        ]
        return _markdown.table([*header, "Mean accuracy"], rows)
