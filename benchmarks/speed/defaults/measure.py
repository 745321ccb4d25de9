"""Accuracy, objective and time of every contestant on one data set."""

import warnings
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder

from benchmarks.speed.defaults.optimum import objective, optimum

# Fits on all rows, of which the shortest counts: the one that other work disturbed least.
N_TIMED = 3
# A contestant that took so long is timed no more: a disturbance is little of it.
LONG_SECONDS = 10


@dataclass
class Entry:
    """A contestant on a data set, and what is measured of it.

    Parameters
    ----------
    name : str
    contestant : Contestant
    accuracies : list of float
        Mean over the folds, one for each seed.
    seconds : list of float
        Of the fits on all rows.
    excess : float or None
        Objective over that of the optimum, minus 1; None where it has another objective
        or the optimum is negligible.
    optimum : float or None
    warned : Counter
        Number of fits with a warning of each category.
    n_fits : int
    error : str or None
        Why a fit failed; nothing is measured from then on.
    """

    name: str
    contestant: object
    accuracies: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    excess: float | None = None
    optimum: float | None = None
    warned: Counter = field(default_factory=Counter)
    n_fits: int = 0
    error: str | None = None

    def fit(self, X, y, n_classes, seed):
        """A fitted estimator and the seconds that it took, or None where the fit fails."""
        model = self.contestant.estimator(n_classes, seed)
        self.n_fits += 1
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            start = perf_counter()
            try:
                model.fit(X, y)
            # A contestant that cannot learn a data set is a result.
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}".splitlines()[0]
                return None
            finally:
                seconds = perf_counter() - start
                self.warned.update({warning.category.__name__ for warning in caught})
        return model, seconds


def measure(problem, contestants, n_seeds, n_folds):
    """Measure contestants on a data set, and print who is at it.

    Parameters
    ----------
    problem : Problem
    contestants : dict of str to Contestant
    n_seeds : int
        Repetitions of the cross-validation.
    n_folds : int
        Fewer where a class has fewer rows.

    Returns
    -------
    records : list of dict
        One for each contestant: ``problem``, ``contestant``, ``accuracy``, ``optimum``,
        ``excess``, ``seconds``, ``time_ratio``, ``n_fits``, ``warnings`` and ``error``.

    Raises
    ------
    FileNotFoundError
        If the data set has no file.
    """
    X, labels = problem.load()
    y = LabelEncoder().fit_transform(labels)
    entries = [Entry(name, contestant) for name, contestant in contestants.items()]
    for entry in entries:
        print(f"{problem.name}: accuracy of {entry.name}", flush=True)
        _cross_validate(entry, problem.scaler, X, y, n_seeds, n_folds)
    scaled = clone(problem.scaler).fit_transform(X) if problem.scaler else X
    print(f"{problem.name}: times and objectives", flush=True)
    fitted = _time_in_turn(entries, scaled, y)
    _compare_objectives(entries, fitted, scaled, y)
    return _records(problem, entries)


def _cross_validate(entry, scaler, X, y, n_seeds, n_folds):
    """Fill in the accuracies of a contestant."""
    n_classes, n_folds = y.max() + 1, min(n_folds, np.bincount(y).min())
    for seed in range(n_seeds):
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(X, y)
        accuracies = []
        for train, test in folds:
            X_train, X_test = _scaled(scaler, X[train], X[test])
            result = entry.fit(X_train, y[train], n_classes, seed)
            if result is None:
                return
            model, _ = result
            accuracies.append(model.score(X_test, y[test]))
        entry.accuracies.append(float(np.mean(accuracies)))


def _scaled(scaler, X_train, X_test):
    """Both, scaled by what the training rows say."""
    if scaler is None:
        return X_train, X_test
    scaler = clone(scaler).fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)


def _time_in_turn(entries, X, y):
    """Fill in the seconds of fits on all rows, and return the last models by name."""
    fitted = {}
    for _ in range(N_TIMED):
        for entry in entries:
            if entry.error or sum(entry.seconds) > LONG_SECONDS:
                continue
            result = entry.fit(X, y, y.max() + 1, 0)
            if result:
                fitted[entry.name], seconds = result
                entry.seconds.append(seconds)
    return fitted


def _compare_objectives(entries, fitted, X, y):
    """Fill in the optimum, and how far above it each contestant is."""
    minima = {}
    for entry in entries:
        if entry.error or not entry.contestant.has_optimum:
            continue
        loss = entry.contestant.loss(y.max() + 1)
        if loss.name not in minima:
            minima[loss.name] = optimum(loss, X, y)
        entry.optimum = minima[loss.name]
        if entry.optimum is None:
            continue
        value = objective(loss, X, y, *parameters(fitted[entry.name]))
        entry.excess = value / entry.optimum - 1


def parameters(model):
    """Weights and intercepts of a linear model, or of its sub-classifiers combined.

    Parameters
    ----------
    model : estimator
        Fitted; ``OneVsRestClassifier`` or one with ``coef_`` and ``intercept_``.

    Returns
    -------
    coef : ndarray of shape (n_scores, n_features)
    intercept : ndarray of shape (n_scores,)
    """
    parts = getattr(model, "estimators_", [model])
    return tuple(
        np.concatenate([getattr(part, name) for part in parts]) for name in ("coef_", "intercept_")
    )


def _records(problem, entries):
    """What was measured, as JSON can hold it."""
    seconds = {entry.name: min(entry.seconds) for entry in entries if not entry.error}
    return [
        {
            "problem": problem.name,
            "contestant": entry.name,
            "accuracy": None if entry.error else float(np.median(entry.accuracies)),
            "optimum": entry.optimum,
            "excess": entry.excess,
            "seconds": seconds.get(entry.name),
            "time_ratio": _ratio(seconds, entry.name, entry.contestant.reference),
            "n_fits": entry.n_fits,
            "warnings": dict(entry.warned),
            "error": entry.error,
        }
        for entry in entries
    ]


def _ratio(seconds, name, reference):
    """Time of a contestant over that of another; None without both."""
    return seconds[name] / seconds[reference] if {name, reference} <= set(seconds) else None
