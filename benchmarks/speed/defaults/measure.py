"""Accuracy, log loss, objective and time of every contestant on one data set."""

import warnings
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import LabelEncoder

from benchmarks.speed.defaults.optimum import objective, optimum

# Fits on all rows; the shortest time is recorded, since other processes disturb it least.
N_TIMED = 3
# A slower contestant is not timed again: disturbances are relatively small.
LONG_SECONDS = 10


@dataclass
class Entry:
    """The measurements of one contestant on one data set.

    Parameters
    ----------
    name : str
    contestant : Contestant
    accuracies : list of float
        Mean over the folds, one per seed.
    log_losses : list of float
        The same for the log loss; empty if the contestant has no ``predict_proba``.
    seconds : list of float
        Times of the fits on all rows.
    excess : float or None
        Objective divided by the optimum, minus 1; None if the contestant minimises another
        objective or the optimum is negligible.
    optimum : float or None
    warning_counts : Counter
        Number of fits with a warning, by category.
    n_fits : int
    error : str or None
        Error of the fit that failed; there are no measurements after it.
    """

    name: str
    contestant: object
    accuracies: list = field(default_factory=list)
    log_losses: list = field(default_factory=list)
    seconds: list = field(default_factory=list)
    excess: float | None = None
    optimum: float | None = None
    warning_counts: Counter = field(default_factory=Counter)
    n_fits: int = 0
    error: str | None = None

    def fit(self, X, y, n_classes, seed):
        """Return a fitted estimator and its time in seconds, None if the fit fails."""
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
                self.warning_counts.update({warning.category.__name__ for warning in caught})
        return model, seconds


def measure(problem, contestants, n_seeds, n_folds):
    """Measure contestants on a data set and print the progress.

    Parameters
    ----------
    problem : Problem
    contestants : dict of str to Contestant
    n_seeds : int
        Repetitions of the cross-validation.
    n_folds : int
        Limited by the number of rows of the smallest class.

    Returns
    -------
    records : list of dict
        One per contestant: ``problem``, ``contestant``, ``accuracy``, ``log_loss``, ``optimum``,
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
        print(f"{problem.name}: cross-validation of {entry.name}", flush=True)
        _cross_validate(entry, problem.scaler, X, y, n_seeds, n_folds)
    scaled = clone(problem.scaler).fit_transform(X) if problem.scaler else X
    print(f"{problem.name}: times and objectives", flush=True)
    fitted = _time_in_turn(entries, scaled, y)
    _compare_objectives(entries, fitted, scaled, y)
    return _records(problem, entries)


def _cross_validate(entry, scaler, X, y, n_seeds, n_folds):
    """Set the accuracies and log losses of a contestant."""
    n_classes, n_folds = y.max() + 1, min(n_folds, np.bincount(y).min())
    for seed in range(n_seeds):
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(X, y)
        accuracies, log_losses = [], []
        for train, test in folds:
            X_train, X_test = _scaled(scaler, X[train], X[test])
            result = entry.fit(X_train, y[train], n_classes, seed)
            if result is None:
                return
            model, _ = result
            accuracies.append(model.score(X_test, y[test]))
            if hasattr(model, "predict_proba"):
                proba = model.predict_proba(X_test)
                log_losses.append(log_loss(y[test], proba, labels=range(n_classes)))
        entry.accuracies.append(np.mean(accuracies))
        if log_losses:
            entry.log_losses.append(np.mean(log_losses))


def _scaled(scaler, X_train, X_test):
    """Return both, scaled by a scaler fitted on the training rows."""
    if scaler is None:
        return X_train, X_test
    scaler = clone(scaler).fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)


def _time_in_turn(entries, X, y):
    """Set the times of fits on all rows and return the last models by name."""
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
    """Set the optimum and the excess of each contestant."""
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
    """Return weights and intercepts of a linear model, or of its sub-classifiers combined.

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
    """Return the measurements as JSON values."""
    seconds = {entry.name: min(entry.seconds) for entry in entries if not entry.error}
    return [
        {
            "problem": problem.name,
            "contestant": entry.name,
            "accuracy": None if entry.error else _median(entry.accuracies),
            "log_loss": None if entry.error else _median(entry.log_losses),
            "optimum": entry.optimum,
            "excess": entry.excess,
            "seconds": seconds.get(entry.name),
            "time_ratio": _ratio(seconds, entry.name, entry.contestant.reference),
            "n_fits": entry.n_fits,
            "warnings": dict(entry.warning_counts),
            "error": entry.error,
        }
        for entry in entries
    ]


def _median(values):
    """Return the median, None without values."""
    return float(np.median(values)) if values else None


def _ratio(seconds, name, reference):
    """Return the time of one contestant divided by that of another, None without both."""
    return seconds[name] / seconds[reference] if {name, reference} <= set(seconds) else None
