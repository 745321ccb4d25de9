"""Searches that store their results: which are read again, and damaged folders."""

import pickle
from contextlib import suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import Mock, patch

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_softmax import (
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.model_selection import _memory
from sklearn_softmax.model_selection._stack import _Run
from tests.model_selection.searches import Outcome, assert_same_search, count_work, fuse
from tests.model_selection.strategies import searches

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(lr=0.01, n_epochs=3, batch_size=50, random_state=0)
GRID = {"lr": [0.001, 0.01], "n_epochs": [2, 4], "batch_size": [40, 50]}
N_FITS = 2 * 2 * 2 * 3
SEARCHES = {
    "grid": FusedGridSearchCV(MODEL, GRID, cv=3),
    "randomized": FusedRandomizedSearchCV(MODEL, GRID, cv=3, n_iter=5, random_state=0),
    "halving": FusedHalvingGridSearchCV(
        MODEL, {"lr": [1e-4, 1e-3, 0.01], "batch_size": [40, 50]}, cv=3, max_resources=18
    ),
    "random halving": FusedHalvingRandomSearchCV(
        *(MODEL, {"lr": [1e-4, 1e-3, 2e-3, 0.01]}), n_candidates=4, max_resources=9, random_state=0
    ),
}
every_search = pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)


def stored_files(memory):
    return sorted(path for path in Path(memory).rglob("*") if path.is_file())


def n_stored(search, X=X, y=Y, **params):
    return search.plan(X, y, **params).n_stored


def n_fitted(search, X=X, y=Y, **params):
    """Fit the search, and return how many candidates were fitted on a fold."""
    with count_work() as work:
        search.fit(X, y, **params)
    return work.fits


def accuracy(y_true, y_pred, sample_weight=None, share=1.0):
    return share * np.mean(y_true == y_pred)


WEIGHT = np.linspace(1, 2, len(Y))
DATA = {"X": X, "y": Y, "sample_weight": WEIGHT}


@pytest.fixture(scope="module")
def stored_search(tmp_path_factory):
    """A fitted search with stored results."""
    search = FusedGridSearchCV(
        *(MODEL, GRID),
        cv=3,
        scoring=make_scorer(accuracy),
        memory=tmp_path_factory.mktemp("memory"),
        refit=False,
    )
    return search.fit(**DATA)


@every_search
def test_stored_search_has_the_same_results_and_fits_nothing(search, tmp_path):
    expected = clone(search).fit(X, Y)
    actual = clone(search).set_params(memory=tmp_path)
    assert_same_search(clone(actual).fit(X, Y), expected)
    assert n_fitted(actual) == 0
    assert_same_search(actual, expected)
    assert all(".tmp" not in path.name for path in stored_files(tmp_path))
    with pytest.raises(ValueError, match=r"'memory' parameter .* must be .* Got 3 instead"):
        actual.set_params(memory=3).fit(X, Y)


def test_nothing_is_stored_without_a_location(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=joblib.Memory(None))
    assert n_fitted(search) == N_FITS
    assert n_stored(search) == 0
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("kind", [str, Path, joblib.Memory])
def test_memory_is_a_path_or_a_joblib_memory_and_can_be_cleared(kind, tmp_path):
    memory = kind(tmp_path, verbose=0) if kind is joblib.Memory else kind(tmp_path)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=memory).fit(X, Y)
    assert n_stored(search) == N_FITS
    joblib.Memory(tmp_path, verbose=0).clear()
    assert n_stored(search) == 0
    assert _memory.FitStore("relative path").folder.is_absolute()


def test_other_grids_searches_and_backends_read_the_same_results(tmp_path, capsys):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path, refit=False).fit(X, Y)
    smaller = clone(search).set_params(param_grid={"lr": [0.001], "n_epochs": [4]})
    assert n_stored(smaller) == 3
    assert n_stored(clone(SEARCHES["randomized"]).set_params(memory=tmp_path)) == 15
    # The parameters of the grid replace those of the estimator.
    assert n_stored(clone(search).set_params(estimator__lr=1.0)) == N_FITS
    larger = {**GRID, "lr": [0.01, 0.005, 0.001], "n_epochs": [2, 3, 4]}
    actual = clone(search).set_params(param_grid=larger, verbose=1)
    text = "54 fits, 24 stored, 30 in 6 runs:"
    assert str(actual.plan(X, Y)).startswith(text)
    assert "stored" not in f"{actual.plan()}{capsys.readouterr().out}"
    assert n_fitted(actual) == 54 - N_FITS
    assert text in capsys.readouterr().out
    assert_same_search(actual, clone(actual).set_params(memory=None).fit(X, Y))
    with joblib.parallel_config(backend="threading", n_jobs=4):
        assert n_fitted(clone(search)) == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_halving_search_reads_results_of_a_grid_search(tmp_path):
    grid = {"lr": [1e-4, 1e-3, 0.01], "n_epochs": [2, 6]}
    search = FusedHalvingGridSearchCV(
        MODEL, {"lr": grid["lr"]}, cv=3, min_resources=2, max_resources=18, memory=tmp_path
    ).set_params(return_train_score=False)
    expected = clone(search).set_params(memory=None).fit(X, Y)
    FusedGridSearchCV(MODEL, grid, cv=3, memory=tmp_path).fit(X, Y)
    assert search.plan(X, Y).n_stored == 9
    assert n_fitted(search) == 0
    assert_same_search(search, expected)
    assert n_fitted(search.set_params(param_grid={"lr": [1e-5, 1e-3, 0.01]})) == 3


def test_plan_draws_nothing_and_needs_the_arguments_of_fit(tmp_path):
    generator = np.random.RandomState(0)
    search = FusedRandomizedSearchCV(
        MODEL, GRID, n_iter=4, cv=GroupKFold(3), random_state=generator, memory=tmp_path
    )
    before = generator.get_state()[1].copy()
    groups = np.arange(len(Y)) % 5
    assert n_stored(search, groups=groups, sample_weight=WEIGHT) == 0
    np.testing.assert_array_equal(generator.get_state()[1], before)
    search.set_params(random_state=0).fit(X, Y, groups=groups, sample_weight=WEIGHT)
    assert n_stored(search, groups=groups, sample_weight=WEIGHT) == 12
    assert n_stored(search, groups=groups) == 0
    assert n_stored(search, groups=np.arange(len(Y)) % 6, sample_weight=WEIGHT) == 0


def change_slightly(array):
    array = array.copy()
    array[7] += 1e-9
    return array


CHANGES = {
    "X": ({}, {"X": change_slightly(X)}),
    "dtype of X": ({}, {"X": X.astype(np.float32)}),
    "sparse X": ({}, {"X": sparse.csr_array(X)}),
    "y": ({}, {"y": np.where(np.arange(len(Y)) == 3, 1, Y)}),
    "weight": ({}, {"sample_weight": change_slightly(WEIGHT)}),
    "no weight": ({}, {"sample_weight": None}),
    "folds": ({"cv": StratifiedKFold(3, shuffle=True, random_state=0)}, {}),
    "parameter": ({"estimator__reg_param": 1e-9}, {}),
    "class": ({"estimator": TwoLayerMLPClassifier(batch_size=50, random_state=0)}, {}),
    "scorer": ({"scoring": "neg_log_loss"}, {}),
    "scorer of the same name": ({"scoring": make_scorer(accuracy, share=0.5)}, {}),
    "several scorers": ({"scoring": ["accuracy"], "refit": "accuracy"}, {}),
    "train scores": ({"return_train_score": True}, {}),
    "error score": ({"error_score": 0.0}, {}),
}


@pytest.mark.parametrize(("params", "data"), CHANGES.values(), ids=CHANGES)
def test_results_with_other_rows_folds_parameters_or_scorers_are_not_read(
    params, data, stored_search
):
    assert n_stored(clone(stored_search), **DATA) == N_FITS
    assert n_stored(clone(stored_search).set_params(**params), **{**DATA, **data}) == 0


def test_results_of_other_versions_are_not_read(stored_search, monkeypatch):
    versions = _memory.installed_versions()
    for package in ("sklearn_softmax", "sklearn"):
        other = {**versions, package: "0.0"}
        monkeypatch.setattr(_memory, "installed_versions", lambda other=other: other)
        assert n_stored(clone(stored_search), **DATA) == 0


def test_functions_are_compared_by_their_code_and_defaults(tmp_path):
    def define(body, y="None", c=1):
        code = compile(f"def f(e, X, y={y}, *, c={c}):\n    return {body}", "file", "exec")
        exec(code, namespace := {"__name__": __name__})
        namespace["f"].__qualname__ = "scorer_in_module"
        globals()["scorer_in_module"] = namespace["f"]
        return namespace["f"]

    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=define("0.5"), memory=tmp_path).fit(X, Y)
    assert n_stored(clone(search).set_params(scoring=define("0.5"))) == N_FITS
    for args in (["0.25"], ["0.5 if y in ('a', 'b') else 1"], ["0.5", "2"], ["0.5", "None", 2]):
        assert n_stored(clone(search).set_params(scoring=define(*args))) == 0


@pytest.mark.parametrize(
    "X",
    [pd.DataFrame(X, columns=list("abcd")), sparse.coo_array(X), sparse.csr_matrix(X), X.tolist()],
    ids=["pandas", "coo", "csr", "list"],
)
def test_equal_containers_have_the_same_results(X, tmp_path):
    y = pd.Series(np.array(["a", "b", "c"])[Y]) if hasattr(X, "iloc") else Y
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path)
    assert n_fitted(search, X, y) == N_FITS
    if sparse.issparse(X):
        X.sum_duplicates()
    assert n_fitted(search, X, y) == 0
    assert n_stored(search, pickle.loads(pickle.dumps(X)), pickle.loads(pickle.dumps(y))) == N_FITS


def test_memory_mapped_rows_have_the_results_of_rows_in_memory(stored_search, tmp_path):
    np.save(tmp_path / "rows.npy", X)
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert n_stored(clone(stored_search), **{**DATA, "X": rows}) == N_FITS


def test_rows_are_hashed_once_per_search(tmp_path):
    search = clone(SEARCHES["halving"]).set_params(memory=tmp_path, max_resources=9)
    with patch.object(_memory, "_hash", side_effect=_memory._hash) as hashed:
        search.fit(X, Y)
    assert sum(isinstance(call.args[0], tuple) for call in hashed.call_args_list) == 1


def summary_warnings(outcome):
    """Return the warnings except those of fits one by one, which are not raised again."""
    return {text: n for (_, text), n in outcome.warnings.items() if not text.startswith("After")}


@given(st.one_of(searches(), searches(halving=True)), st.randoms())
@settings(max_examples=5)
def test_resumed_searches_have_the_results_of_searches_without_memory(search_and_data, random):
    search, X, y, params = search_and_data
    search = fuse(search)
    expected = Outcome(search, X, y, **params)
    with TemporaryDirectory() as memory:
        search = clone(search).set_params(memory=memory)
        for stage in ["fresh", "resumed", "stored"]:
            if stage == "resumed":
                files = stored_files(memory)
                for path in random.sample(files, len(files) // 2):
                    path.unlink()
            outcome = Outcome(search, X, y, **params)
            assert type(outcome.error) is type(expected.error), stage
            if expected.error is None:
                assert summary_warnings(outcome) == summary_warnings(expected)
                assert_same_search(outcome.search, expected.search)


def test_fits_are_stored_with_their_errors_and_warnings(tmp_path):
    grid = {"lr": [1e-9, 2e-9, -1.0]}  # too small rates and an invalid one
    search = FusedGridSearchCV(MODEL, grid, cv=3, memory=tmp_path)
    first, second = Outcome(search, X, Y), Outcome(search, X, Y)
    assert first.warnings == second.warnings
    assert "3 fits failed out of a total of 9" in str(first.warnings)
    assert "6 of 9 fits (2 of 3 candidates) ended with a warning" in str(first.warnings)
    assert n_stored(search) == 9


class UserClassifier(GaussianNB):
    """A classifier of a user."""


def test_results_of_foreign_estimators_are_stored(tmp_path):
    grid = {"var_smoothing": [1e-9, 1e-3]}
    search = FusedGridSearchCV(UserClassifier(), grid, cv=3, memory=tmp_path)
    assert [n_fitted(clone(search)) for _ in range(2)] == [6, 0]


PIPELINE = make_pipeline(StandardScaler(), PCA(random_state=0), SelectKBest(k=2), MODEL)


@pytest.mark.parametrize(
    ("estimator", "grid", "obstacle", "n_not_stored"),
    [
        (SoftmaxRegression(n_epochs=1), {"lr": [0.1, 0.2]}, "random_state=None gives", 2),
        (clone(MODEL).set_params(random_state=np.random.RandomState(0)), {}, "random_state=R", 1),
        (MODEL, {"random_state": [0, None]}, "random_state=None gives", 1),
        (make_pipeline(PCA(), MODEL), {"pca__n_components": [1, 2]}, "pca__random_state=None", 2),
        (PIPELINE, {"pca": [PCA(4), PCA(random_state=np.int64(1)), None]}, "pca__random_state", 1),
        (make_pipeline(FunctionTransformer(lambda X: X), MODEL), {}, "cannot be hashed", 1),
    ],
)
def test_results_that_a_later_fit_would_not_reproduce_are_not_stored(
    estimator, grid, obstacle, n_not_stored, tmp_path
):
    search = FusedGridSearchCV(estimator, grid, cv=3, memory=tmp_path, refit=False)
    with pytest.warns(UserWarning, match=f"Fits of {n_not_stored} of .* {obstacle}") as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    n_candidates = len(search.cv_results_["params"])
    with pytest.warns(UserWarning, match="are not stored"):
        assert n_stored(search) == 3 * (n_candidates - n_not_stored)


def test_scorer_without_a_hash_stores_nothing_and_warns_once_per_search(tmp_path):
    search = FusedHalvingGridSearchCV(
        MODEL, {"lr": [0.01, 0.02, 0.03]}, scoring=lambda e, X, y: 0.5, cv=3, memory=tmp_path
    )
    message = "3 of 3 candidates .* cannot be hashed .*lambda"
    with pytest.warns(UserWarning, match=message) as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("grid", b""),
        ("grid", pickle.dumps({"a": 1})),
        ("grid", pickle.dumps(("name", None))),
        ("halving", b"no pickle"),
        ("halving", "half"),
    ],
)
def test_damaged_file_is_named_and_its_fit_repeated(kind, content, tmp_path):
    search = clone(SEARCHES[kind]).set_params(memory=tmp_path)
    expected = clone(search).fit(X, Y)
    path = next(p for p in stored_files(tmp_path) if b"StoredFit" in p.read_bytes())
    path.write_bytes(path.read_bytes()[:50] if content == "half" else content)
    with pytest.warns(UserWarning, match=f"{path.name} cannot be read") as caught:
        assert n_fitted(clone(search)) == 1
    assert len(caught) == 1
    assert_same_search(clone(search).fit(X, Y), expected)


def test_damaged_stack_is_named_and_its_models_trained_again(tmp_path):
    search = clone(SEARCHES["halving"]).set_params(memory=tmp_path)
    with stop_after(6), suppress(KeyboardInterrupt):
        clone(search).fit(X, Y)
    stacks = [path for path in stored_files(tmp_path) if b"StoredFit" not in path.read_bytes()]
    assert len(stacks) == 6  # of two groups in three folds
    for path in stacks:
        path.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="cannot be read, so it is computed again"):
        assert_same_search(clone(search).fit(X, Y), clone(SEARCHES["halving"]).fit(X, Y))


@pytest.mark.parametrize("is_full", [True, False], ids=["full disk", "file as folder"])
@every_search
def test_results_that_cannot_be_written_are_one_warning(search, is_full, tmp_path, monkeypatch):
    memory = tmp_path / "memory"
    if is_full:
        monkeypatch.setattr(_memory.Path, "replace", Mock(side_effect=OSError(28, "No space")))
    else:
        memory.touch()
    actual = clone(search).set_params(memory=memory)
    with (
        joblib.parallel_config(backend="threading", n_jobs=2),
        pytest.warns(UserWarning, match="cannot be stored in .*(No space|directory)") as caught,
    ):
        actual.fit(X, Y)
    assert len(caught) == 1
    assert_same_search(actual, clone(search).fit(X, Y))
    assert stored_files(memory) == []


def stop_after(n_runs):
    """Return a patch that ends a search in its run of this index."""
    fit, runs = _Run.fit, count()

    def stopped_fit(self, *args):
        if next(runs) >= n_runs:
            raise KeyboardInterrupt
        return fit(self, *args)

    return patch.object(_Run, "fit", stopped_fit)


@pytest.mark.parametrize(
    ("kind", "n_runs"),
    [("grid", 0), ("grid", 3), ("halving", 0), ("halving", 4), ("halving", 7), ("halving", 9)],
)
def test_stopped_search_trains_no_epoch_twice(kind, n_runs, tmp_path):
    search = clone(SEARCHES[kind]).set_params(refit=False)
    with count_work() as expected_work:
        expected = clone(search).fit(X, Y)
    search.set_params(memory=tmp_path)
    with count_work() as work:
        with stop_after(n_runs), pytest.raises(KeyboardInterrupt):
            clone(search).fit(X, Y)
        assert_same_search(search.fit(X, Y), expected)
    assert work.epochs == expected_work.epochs
