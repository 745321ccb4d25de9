"""Results of fits stored in a folder, from which a stopped search is resumed."""

import pickle
import warnings
from contextlib import suppress
from inspect import unwrap
from numbers import Integral
from os import getpid
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple
from uuid import uuid4

import joblib
import numpy as np
from joblib.hashing import NumpyHasher
from scipy.sparse import issparse
from sklearn.base import clone

from sklearn_softmax._versions import installed_versions
from sklearn_softmax._warnings import warn

# Raised by pickling and so by hashing.
UNHASHABLE = AttributeError, TypeError, pickle.PicklingError


class StoredFit(NamedTuple):
    """A candidate on a fold: its result, its warnings, and the file of its stack if any."""

    result: dict
    warnings: list
    stack: str | None


class FitStore:
    """The folder of a search, and the fits in it.

    Parameters
    ----------
    memory : str, path-like, joblib.Memory or None
        None, and a Memory without a location, stores nothing.

    Attributes
    ----------
    folder : Path or None
        A subfolder that ``joblib.Memory.clear`` removes as well.
    names : dict of (int, int) to str
        Names of the files of candidates on folds, except those that must not be stored.
    fits : dict of (int, int) to StoredFit
        Fits that were stored before.
    """

    def __init__(self, memory):
        location = getattr(memory, "location", memory)
        self.folder = None
        if location is not None:
            self.folder = Path(location, "joblib", "sklearn_softmax").absolute()
        self.names, self.fits = {}, {}
        self._data_hash, self._warned = None, set()

    def find(self, X, y, evaluations):
        """Set the names of the files of evaluations, and read the files that exist.

        Parameters
        ----------
        X, y : array-like
            All rows, the same in each call.
        evaluations : list of Evaluation

        Warns
        -----
        UserWarning
            If some fits must not be stored, or if a file is damaged.
        """
        if self.folder is None:
            return
        candidates = {evaluation.candidate: evaluation for evaluation in evaluations}
        folds = {evaluation.fold: evaluation for evaluation in evaluations}
        folds = {fold: joblib.hash(evaluation.fold_rows) for fold, evaluation in folds.items()}
        hashes, obstacles = {}, {}
        for index, evaluation in candidates.items():
            try:
                hashes[index] = self._hash_candidate(X, y, evaluation)
            except UNHASHABLE as error:
                # joblib appends the text of the whole object.
                reason = (*error.args, "")[0]
                obstacles[index] = (
                    f"a parameter, the scorer or the data cannot be hashed ({reason}); define "
                    "functions and classes in a module"
                )
            except ValueError as error:
                obstacles[index] = str(error)
        for index, obstacle in obstacles.items():
            self._warn_once(
                "obstacle",
                f"Fits of {len(obstacles)} of {len(candidates)} candidates are not stored in "
                f"memory, the first one with {candidates[index].parameters}: {obstacle}.",
            )
        keys = [(e.candidate, e.fold) for e in evaluations if e.candidate in hashes]
        self.names = {(i, fold): joblib.hash((hashes[i], folds[fold])) for i, fold in keys}
        fits = {key: self.read(name) for key, name in self.names.items()}
        self.fits = {key: fit for key, fit in fits.items() if fit is not None}

    def _hash_candidate(self, X, y, evaluation):
        """Return a hash of everything but the fold, or raise a ValueError if it is drawn."""
        estimator = evaluation.new_estimator()
        for name, value in estimator.get_params().items():
            if name.split("__")[-1] == "random_state" and not isinstance(value, Integral):
                raise ValueError(f"{name}={value!r} gives other results each time; use an int")
        if self._data_hash is None:
            versions = {**installed_versions(), "numpy": np.__version__}
            self._data_hash = _hash((versions, evaluation.dependencies, X, y))
        return self._data_hash, _hash(estimator)

    def warn_of_errors(self, errors):
        """Warn once per search of tasks that could not store their results.

        Parameters
        ----------
        errors : list of str
            One per such task.

        Warns
        -----
        UserWarning
            If there are any.
        """
        for error in errors:
            self._warn_once("error", f"Fits cannot be stored in {self.folder}: {error}")

    def _warn_once(self, kind, message):
        """Warn if the search has not had a warning of this kind."""
        if kind not in self._warned:
            self._warned.add(kind)
            warn(message)

    def read(self, name):
        """Return the contents of a file, None if it is missing or damaged.

        Parameters
        ----------
        name : str

        Returns
        -------
        value : StoredFit, Stack or None

        Warns
        -----
        UserWarning
            If the file is damaged.
        """
        path = self.folder / name
        try:
            stored_name, value = pickle.loads(path.read_bytes())
            if stored_name != name:
                raise ValueError(f"it contains {stored_name!r}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            warn(f"{path} cannot be read, so it is computed again: {error!r}")
            return None
        return value


class _PlannedError(Exception):
    """Ends a search before it fits anything."""


def find_stored_fits(search, X, y, groups, params):
    """Return which fits of a search are stored.

    Parameters
    ----------
    search : FusedSearchMixin
    X, y, groups : array-like or None
    params : dict
        Other arguments of ``fit``.

    Returns
    -------
    stored : collection of (int, int)
        Candidates and folds; empty without rows.
    """
    if X is None or FitStore(search.memory).folder is None:
        return ()
    # A copy that stops as soon as it has planned: only ``fit`` has the folds and the scorers.
    copy = type(search)(**clone(search.get_params(deep=False), safe=False))
    copy.set_params(n_jobs=None, verbose=0)
    stored = []

    def stop(evaluations, **options):
        stored.extend(options["stored"])
        raise _PlannedError

    copy._plan_evaluations = stop
    with warnings.catch_warnings(), suppress(_PlannedError, RuntimeWarning):
        # With an unsupported scikit-learn the search would fit the candidates.
        warnings.simplefilter("error", RuntimeWarning)
        copy.fit(X, y, **({} if groups is None else {"groups": groups}), **params)
    return stored


def write_fits(folder, names, results, stack):
    """Store the results of a task.

    Parameters
    ----------
    folder : Path
    names : list of str or None
        Names of the files of the results; None for those that must not be stored.
    results : list of dict
    stack : Stack or None
        Stored as well if it is resumable.

    Returns
    -------
    error : str
        Why they could not be stored; empty if they are.
    """
    warnings_per_fit = getattr(stack, "warnings_", [[] for _ in results])
    fits = [fit for fit in zip(names, results, warnings_per_fit) if fit[0] is not None]
    try:
        stack_name = None
        if fits and getattr(stack, "resumable", False):
            stack_name = joblib.hash([name for name, *_ in fits])
            _write(folder, stack_name, stack)
        for name, result, fit_warnings in fits:
            _write(folder, name, StoredFit(result, fit_warnings, stack_name))
    except (OSError, *UNHASHABLE) as error:
        return str(error)
    return ""


def _write(folder, name, value):
    """Write a file as a whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.tmp.{getpid()}-{uuid4().hex}"
    try:
        path.write_bytes(pickle.dumps((name, value)))
        path.replace(folder / name)
    finally:
        path.unlink(missing_ok=True)


class _Hasher(NumpyHasher):
    """Hashes estimators by their parameters, functions by their code, matrices by their entries."""

    def save(self, obj):
        if isinstance(obj, FunctionType):
            function = unwrap(obj)
            super().save((function.__code__, function.__defaults__, function.__kwdefaults__))
        elif isinstance(obj, CodeType):
            obj = obj.co_code, obj.co_consts, obj.co_names
        elif isinstance(obj, frozenset):
            obj = frozenset, set(obj)
        elif issparse(obj):
            csr = obj.tocsr()
            obj = type(obj), obj.shape, csr.data, csr.indices, csr.indptr
        elif hasattr(obj, "get_params") and not isinstance(obj, type):
            obj = type(obj), obj.get_params(deep=False)
        super().save(obj)


def _hash(value):
    """Return a hash that is the same in each process."""
    return _Hasher(coerce_mmap=True).hash(value)
