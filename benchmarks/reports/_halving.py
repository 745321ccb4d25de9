"""A report's search by successive halving, beside the one over the whole grid."""

from dataclasses import dataclass

from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from benchmarks.reports import _markdown
from sklearn_softmax import FusedGridSearchCV, FusedHalvingGridSearchCV

RESOURCE = "n_epochs"
# The halving that is to a search over a grid what each of these is to its own.
HALVINGS = {FusedGridSearchCV: FusedHalvingGridSearchCV, GridSearchCV: HalvingGridSearchCV}


def halving_search(search):
    """The halving of a grid without its numbers of epochs, up to the largest of them.

    Parameters
    ----------
    search : FusedGridSearchCV or GridSearchCV
        Over all of the grid.

    Returns
    -------
    halving : FusedHalvingGridSearchCV or HalvingGridSearchCV
        Not fitted.
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
    """Epochs that a search trains on each fold, those of all models together.

    Parameters
    ----------
    search : search
        Fitted, of any kind in ``HALVINGS``.

    Returns
    -------
    n_epochs : int

    Notes
    -----
    A fused search trains configurations that differ in ``n_epochs`` alone as one model, and a
    fused halving goes on with a model; scikit-learn's begin anew each time.
    """
    found = search.cv_results_["params"]
    if isinstance(search, FusedGridSearchCV | FusedHalvingGridSearchCV):
        longest = {}
        for params in found:
            model = tuple(without_epochs(params).items())
            longest[model] = max(params[RESOURCE], longest.get(model, 0))
        return sum(longest.values())
    return sum(params[RESOURCE] for params in found)


def without_epochs(params):
    """A configuration but for its number of epochs."""
    return {name: value for name, value in params.items() if name != RESOURCE}


@dataclass(frozen=True)
class Comparison:
    """A search over a whole grid, and the same by halving.

    Parameters
    ----------
    search, halving : search
        Fitted.
    search_seconds, halving_seconds : float
    """

    search: GridSearchCV
    halving: HalvingGridSearchCV
    search_seconds: float
    halving_seconds: float

    @property
    def found_the_same(self):
        """Whether both find the same configuration best, but for its number of epochs."""
        best, of_halving = self.search.best_params_, self.halving.best_params_
        return without_epochs(best) == without_epochs(of_halving)

    @property
    def score_difference(self):
        """Mean score of the best configuration by halving, less that of the whole grid's best."""
        return float(self.halving.best_score_ - self.search.best_score_)

    def rungs(self):
        """How the halving went, as a sentence."""
        rungs = zip(self.halving.n_candidates_, self.halving.n_resources_)
        text = ", then ".join(
            f"{n} configuration{'s' * (n > 1)} up to epoch {n_epochs}" for n, n_epochs in rungs
        )
        return f"It trains {text}."

    def summary(self):
        """What the halving saved and whether it found the same, as sentences."""
        seconds = self.search_seconds / self.halving_seconds
        epochs = trained_epochs(self.search) / trained_epochs(self.halving)
        found = "the same configuration" if self.found_the_same else "another configuration"
        return (
            f"It took {self.halving_seconds:.1f} s instead of {self.search_seconds:.1f} s "
            f"(1 / {seconds:.1f}) and trained 1 / {epochs:.1f} of the epochs. But for the number "
            f"of epochs it found {found} best; the mean accuracy differs by "
            f"{self.score_difference:+.4f}.{self._start()}"
        )

    def _start(self):
        """What is to be known of the times where there are several processes."""
        if self.search.n_jobs == 1:
            return ""
        return " The time of the whole search includes the start of its processes."

    def table(self):
        """Time, epochs and best configuration of both."""
        names = list(self.search.best_params_)
        header = ["", "Seconds", "Epochs of all models, each fold", *(f"`{n}`" for n in names)]
        rows = [
            self._row(self.search, self.search_seconds, names),
            self._row(self.halving, self.halving_seconds, names),
        ]
        return _markdown.table([*header, "Mean accuracy"], rows)

    @staticmethod
    def _row(search, seconds, names):
        best = [str(search.best_params_[name]) for name in names]
        name, epochs = f"`{type(search).__name__}`", trained_epochs(search)
        return [name, f"{seconds:.1f}", epochs, *best, float(search.best_score_)]
