"""Searches that store their results: what is read again, what is not, and damaged folders."""

import os
import pickle
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, RepeatedStratifiedKFold, StratifiedKFold
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
from sklearn_softmax.model_selection import _evaluation, _memory
from sklearn_softmax.model_selection._scikit_learn import Evaluation
from sklearn_softmax.model_selection._stack import _Run
from tests.model_selection.searches import Outcome, assert_same_search, count_work

X, Y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(batch_size=50, random_state=0)
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
    with (
        patch.object(Evaluation, "result", autospec=True, side_effect=Evaluation.result) as result,
        patch.object(Evaluation, "run", autospec=True, side_effect=Evaluation.run) as run,
    ):
        search.fit(X, y, **params)
    return result.call_count + run.call_count


@every_search
def test_a_stored_search_has_the_same_results_and_fits_nothing(search, tmp_path):
    expected = clone(search).fit(X, Y)
    actual = clone(search).set_params(memory=tmp_path)
    assert_same_search(clone(actual).fit(X, Y), expected)
    with count_work() as work:
        again = clone(actual).fit(X, Y)
    assert_same_search(again, expected)
    assert (work.together, work.one_by_one) == (0, 0)
    assert all(".tmp" not in path.name for path in stored_files(tmp_path))


def test_nothing_is_stored_without_a_location(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=joblib.Memory(None))
    assert n_fitted(search) == N_FITS
    assert n_stored(search) == 0
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("kind", [str, Path, joblib.Memory])
def test_a_memory_is_a_path_or_a_joblib_memory_and_can_be_cleared(kind, tmp_path):
    memory = kind(tmp_path, verbose=0) if kind is joblib.Memory else kind(tmp_path)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=memory).fit(X, Y)
    assert n_stored(search) == N_FITS
    joblib.Memory(tmp_path, verbose=0).clear()
    assert n_stored(search) == 0


@every_search
def test_a_memory_of_another_type_is_an_error(search):
    with pytest.raises(ValueError, match=r"'memory' parameter .* must be .* Got 3 instead"):
        clone(search).set_params(memory=3).fit(X, Y)


def test_a_relative_path_is_the_same_for_all_workers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory="results", n_jobs=2).fit(X, Y)
    assert n_stored(search) == N_FITS
    assert len(stored_files(tmp_path / "results")) == N_FITS


def test_a_larger_grid_trains_only_what_is_new(tmp_path):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path, refit=False).fit(X, Y)
    larger = {**GRID, "lr": [0.01, 0.005, 0.001], "n_epochs": [2, 3, 4]}
    actual = clone(search).set_params(param_grid=larger)
    plan = actual.plan(X, Y)
    assert str(plan).startswith("54 fits, 24 stored, 30 in 6 runs:")
    assert n_fitted(actual) == 54 - N_FITS
    assert_same_search(actual, clone(actual).set_params(memory=None).fit(X, Y))
    assert n_fitted(clone(search)) == 0


def test_a_smaller_grid_and_other_ways_to_fit_read_the_same_results(tmp_path):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path).fit(X, Y)
    alone = clone(search).set_params(param_grid={"lr": [0.001], "n_epochs": [4]})
    assert n_stored(alone) == 3
    with joblib.parallel_config(backend="threading", n_jobs=4):
        assert n_fitted(clone(search)) == 0
    drawn = FusedRandomizedSearchCV(MODEL, GRID, n_iter=5, cv=3, random_state=0, memory=tmp_path)
    assert n_stored(drawn) == 15
    # The parameters of the grid replace those of the estimator.
    assert n_stored(clone(search).set_params(estimator__lr=1.0)) == N_FITS


def test_plan_and_verbose_print_the_number_of_stored_fits(tmp_path, capsys):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path, verbose=1)
    assert "stored" not in str(search.plan(X, Y))
    search.fit(X, Y)
    assert "24 fits, 24 stored, 0 in 0 runs" in str(search.plan(X, Y))
    assert "stored" not in str(search.plan())
    assert "stored" not in capsys.readouterr().out
    search.fit(X, Y)
    assert "24 fits, 24 stored, 0 in 0 runs" in capsys.readouterr().out


def test_a_plan_draws_nothing_and_needs_the_arguments_of_fit(tmp_path):
    generator = np.random.RandomState(0)
    search = FusedRandomizedSearchCV(
        MODEL, GRID, n_iter=4, cv=GroupKFold(3), random_state=generator, memory=tmp_path
    )
    before = generator.get_state()[1].copy()
    groups, weight = np.arange(len(Y)) % 5, np.linspace(1, 2, len(Y))
    assert n_stored(search, groups=groups, sample_weight=weight) == 0
    np.testing.assert_array_equal(generator.get_state()[1], before)
    search.set_params(random_state=0).fit(X, Y, groups=groups, sample_weight=weight)
    assert n_stored(search, groups=groups, sample_weight=weight) == 12
    assert n_stored(search, groups=groups) == 0
    assert n_stored(search, groups=np.arange(len(Y)) % 6, sample_weight=weight) == 0


def changed(array, index=7):
    array = array.copy()
    array[index] += 1e-9
    return array


def accuracy(y_true, y_pred, sample_weight=None, share=1.0):
    return share * np.mean(y_true == y_pred)


def error_rate(estimator, X, y, sample_weight=None):
    return 1 - estimator.score(X, y, sample_weight)


OTHER_LABELS = np.where(np.arange(len(Y)) == 3, 1, Y)
WEIGHT = np.linspace(1, 2, len(Y))
CHANGES = {
    "X": ({}, {"X": changed(X)}),
    "dtype of X": ({}, {"X": X.astype(np.float32)}),
    "sparse X": ({}, {"X": sparse.csr_array(X)}),
    "y": ({}, {"y": OTHER_LABELS}),
    "weight": ({}, {"sample_weight": changed(WEIGHT)}),
    "no weight": ({}, {"sample_weight": None}),
    "folds": ({"cv": StratifiedKFold(3, shuffle=True, random_state=0)}, {}),
    "number of folds": ({"cv": 4}, {}),
    "parameter": ({"estimator__reg_param": 1e-9}, {}),
    "seed": ({"estimator__random_state": 1}, {}),
    "class": ({"estimator": TwoLayerMLPClassifier(batch_size=50, random_state=0)}, {}),
    "scorer": ({"scoring": "neg_log_loss"}, {}),
    "scorer of the same name": ({"scoring": make_scorer(accuracy, share=0.5)}, {}),
    "function": ({"scoring": error_rate}, {}),
    "several scorers": ({"scoring": ["accuracy"], "refit": "accuracy"}, {}),
    "train scores": ({"return_train_score": True}, {}),
    "error score": ({"error_score": 0.0}, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_a_result_is_not_read(change, tmp_path):
    scoring = make_scorer(accuracy)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=scoring, memory=tmp_path, refit=False)
    data = {"X": X, "y": Y, "sample_weight": WEIGHT}
    search.fit(**data)
    assert n_stored(clone(search), **data) == N_FITS
    params, other_data = CHANGES[change]
    actual = clone(search).set_params(**params)
    assert n_stored(actual, **{**data, **other_data}) == 0
    assert n_fitted(actual, **{**data, **other_data}) == actual.plan(X, Y).n_fits


@pytest.mark.parametrize(
    "module", [("sklearn_softmax", "__version__"), ("sklearn", "__version__")], ids=str
)
def test_results_of_other_versions_are_not_read(module, tmp_path, monkeypatch):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path).fit(X, Y)
    versions = {**_memory.installed_versions(), module[0]: "0.0"}
    monkeypatch.setattr(_memory, "installed_versions", lambda: versions)
    assert n_stored(search) == 0


def test_functions_are_compared_by_their_code(tmp_path):
    def define(body):
        code = compile(f"def f(e, X, y):\n    return {body}", "file", "exec")
        exec(code, namespace := {"__name__": __name__})
        namespace["f"].__qualname__ = "scorer_in_module"
        globals()["scorer_in_module"] = namespace["f"]
        return namespace["f"]

    search = FusedGridSearchCV(MODEL, GRID, cv=3, scoring=define("0.5"), memory=tmp_path).fit(X, Y)
    assert n_stored(clone(search).set_params(scoring=define("0.5"))) == N_FITS
    assert n_stored(clone(search).set_params(scoring=define("0.25"))) == 0
    assert n_stored(clone(search).set_params(scoring=define("0.5 if y in ('a', 'b') else 1"))) == 0


@pytest.mark.parametrize(
    "X",
    [pd.DataFrame(X, columns=list("abcd")), sparse.coo_array(X), sparse.csr_matrix(X), X.tolist()],
    ids=["pandas", "coo", "csr", "list"],
)
def test_containers_are_recognised_before_and_after_a_fit(X, tmp_path):
    y = pd.Series(np.array(["a", "b", "c"])[Y]) if hasattr(X, "iloc") else Y
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path)
    assert n_fitted(search, X, y) == N_FITS
    if sparse.issparse(X):
        X.sum_duplicates()
    assert n_fitted(search, X, y) == 0
    assert n_fitted(search, pickle.loads(pickle.dumps(X)), pickle.loads(pickle.dumps(y))) == 0


def test_rows_in_a_file_are_those_in_memory(tmp_path):
    np.save(tmp_path / "rows.npy", X)
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path).fit(X, Y)
    assert n_stored(search, np.load(tmp_path / "rows.npy", mmap_mode="r")) == N_FITS


def summaries(outcome):
    """Return the warnings other than those of fits one by one, which warn when they are made."""
    return {text: n for (_, text), n in outcome.warnings.items() if not text.startswith("After")}


PIPELINE = make_pipeline(StandardScaler(), PCA(random_state=0), SelectKBest(k=2), MODEL)


@pytest.mark.parametrize("seed", range(12))
def test_resumed_searches_equal_those_without_memory(seed, tmp_path):
    rng = np.random.default_rng(seed)
    pipeline = make_pipeline(*rng.choice([StandardScaler(), FunctionTransformer()], 1), MODEL)
    estimator, path = [(MODEL, ""), (pipeline, "softmaxregression__")][rng.integers(2)]
    values = {
        "lr": [1e-3, 0.01, 1e8, -1.0],
        "n_epochs": [1, 2, 4],
        "reg_param": [0.0, 1.0],
        "class_weight": [None, "balanced", {0: 2.0}],
        "batch_size": [40, 50],
        "warm_start": [False, True],
        "early_stopping": [False, True],
    }
    names = rng.choice(list(values), 3, replace=False)
    sizes = {name: rng.integers(1, len(values[name]) + 1) for name in names}
    grid = {f"{path}{name}": values[name][: sizes[name]] for name in names}
    cv = [3, RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)][rng.integers(2)]
    scoring, refit = [(None, True), (["accuracy", "f1_macro"], False)][rng.integers(2)]
    train_score = bool(rng.integers(2))
    search = FusedGridSearchCV(
        *(estimator, grid), cv=cv, scoring=scoring, refit=refit, return_train_score=train_score
    )
    expected, actual = Outcome(search, X, Y), clone(search).set_params(memory=tmp_path)
    for stage in ["fresh", "resumed", "stored"]:
        if stage == "resumed":
            files = stored_files(tmp_path)
            for path in rng.choice(files, len(files) // 2, replace=False):
                path.unlink()
        outcome = Outcome(actual, X, Y)
        assert type(outcome.error) is type(expected.error), stage
        if expected.error is None:
            assert summaries(outcome) == summaries(expected)
            assert_same_search(outcome.search, expected.search)


def test_failed_fits_are_stored_with_their_errors(tmp_path):
    search = FusedGridSearchCV(MODEL, {"lr": [0.01, -1.0]}, cv=3, memory=tmp_path)
    first, again = Outcome(search, X, Y), Outcome(search, X, Y)
    assert first.warnings == again.warnings
    assert "3 fits failed out of a total of 6" in str(first.warnings)
    assert n_stored(search) == 6


class Kept(GaussianNB):
    """A classifier of a user."""


def test_other_estimators_are_stored(tmp_path):
    search = FusedGridSearchCV(Kept(), {"var_smoothing": [1e-9, 1e-3]}, cv=3, memory=tmp_path)
    assert [n_fitted(clone(search)) for _ in range(2)] == [6, 0]


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
def test_what_is_not_determined_is_not_stored(estimator, grid, obstacle, n_not_stored, tmp_path):
    search = FusedGridSearchCV(estimator, grid, cv=3, memory=tmp_path, refit=False)
    with pytest.warns(UserWarning, match=f"Fits of {n_not_stored} of .* {obstacle}") as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    n_candidates = len(search.cv_results_["params"])
    with pytest.warns(UserWarning, match="are not stored"):
        assert n_stored(search) == 3 * (n_candidates - n_not_stored)


def test_a_lambda_as_scorer_stores_nothing_and_warns_once_per_search(tmp_path):
    search = FusedHalvingGridSearchCV(
        MODEL, {"lr": [0.01, 0.02, 0.03]}, scoring=lambda e, X, y: 0.5, cv=3, memory=tmp_path
    )
    with pytest.warns(
        UserWarning, match="3 of 3 candidates .* cannot be hashed .*lambda"
    ) as caught:
        search.fit(X, Y)
    assert len(caught) == 1
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps({"a": 1}), pickle.dumps(("name", None)), "half"]
)
@pytest.mark.parametrize("search", [SEARCHES["grid"], SEARCHES["halving"]], ids=["grid", "halving"])
def test_a_damaged_file_is_named_and_its_fit_made_again(search, content, tmp_path):
    search = clone(search).set_params(memory=tmp_path)
    expected = clone(search).fit(X, Y)
    path = next(p for p in stored_files(tmp_path) if b"StoredFit" in p.read_bytes())
    path.write_bytes(path.read_bytes()[:50] if content == "half" else content)
    with pytest.warns(UserWarning, match=f"{path.name} cannot be read") as caught:
        assert n_fitted(clone(search)) == 1
    assert len(caught) == 1
    assert_same_search(clone(search).fit(X, Y), expected)


def test_a_damaged_stack_is_named_and_its_models_trained_again(tmp_path):
    search = clone(SEARCHES["halving"]).set_params(memory=tmp_path)
    with stop_after(6), suppress(KeyboardInterrupt):
        clone(search).fit(X, Y)
    stacks = [path for path in stored_files(tmp_path) if b"StoredFit" not in path.read_bytes()]
    assert len(stacks) == 6  # of two groups in three folds
    for path in stacks:
        path.write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="cannot be read, so it is computed again"):
        assert_same_search(clone(search).fit(X, Y), clone(SEARCHES["halving"]).fit(X, Y))


def full_disk(self, data):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("n_jobs", [1, 2])
@every_search
def test_a_full_disk_is_one_warning(search, n_jobs, tmp_path, monkeypatch):
    monkeypatch.setattr(_memory.Path, "write_bytes", full_disk)
    actual = clone(search).set_params(memory=tmp_path)
    with (
        joblib.parallel_config(backend="threading", n_jobs=n_jobs),
        pytest.warns(UserWarning, match="cannot be stored in .*No space left") as caught,
    ):
        actual.fit(X, Y)
    assert len(caught) == 1
    assert_same_search(actual, clone(search).fit(X, Y))
    assert stored_files(tmp_path) == []


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_folder_that_cannot_be_made_is_one_warning(n_jobs, tmp_path):
    (tmp_path / "file").touch()
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path / "file", n_jobs=n_jobs)
    with pytest.warns(UserWarning, match="cannot be stored in") as caught:
        search.fit(X, Y)
    assert len(caught) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read(tmp_path):
    search = FusedGridSearchCV(MODEL, GRID, cv=3, memory=tmp_path).fit(X, Y)
    folder = stored_files(tmp_path)[0].parent
    folder.chmod(0o500)
    try:
        assert n_fitted(clone(search)) == 0
        with pytest.warns(UserWarning, match="cannot be stored in"):
            clone(search).set_params(cv=4).fit(X, Y)
    finally:
        folder.chmod(0o700)


def stop_after(n_runs):
    """Return a patch that ends a search in its run of this number."""
    fit, runs = _Run.fit, []

    def stopped(self, *args):
        runs.append(self)
        if len(runs) > n_runs:
            raise KeyboardInterrupt
        return fit(self, *args)

    return patch.object(_Run, "fit", stopped)


class Epochs:
    """Counts the epochs of all models."""

    def __init__(self):
        self.n_epochs = 0
        fit = _Run.fit

        def counted_fit(run, models, data, task):
            before = run._run.state.epoch if run._run else 0
            outcomes = fit(run, models, data, task)
            self.n_epochs += (run._run.state.epoch - before) * len(run._members(models))
            return outcomes

        self.patch = patch.object(_Run, "fit", counted_fit)


@pytest.mark.parametrize("n_runs", range(10))
@pytest.mark.parametrize("name", ["grid", "halving"])
def test_a_search_stopped_in_any_run_trains_nothing_twice(name, n_runs, tmp_path):
    search = SEARCHES[name]
    whole = Epochs()
    with whole.patch:
        expected = clone(search).set_params(refit=False).fit(X, Y)
    actual, parts = clone(search).set_params(refit=False, memory=tmp_path), Epochs()
    with parts.patch:
        with stop_after(n_runs), suppress(KeyboardInterrupt):
            clone(actual).fit(X, Y)
        assert_same_search(actual.fit(X, Y), expected)
    assert parts.n_epochs == whole.n_epochs


@contextmanager
def timed(owner, name):
    """Add up the seconds that are spent in a function."""
    function, seconds = getattr(owner, name), []

    def timed_function(*args):
        start = time.perf_counter()
        result = function(*args)
        seconds.append(time.perf_counter() - start)
        return result

    with patch.object(owner, name, timed_function):
        yield seconds


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_storing_costs_little(tmp_path):
    # As many rows and pixels as MNIST, and three epochs instead of 200 in the report's search.
    rng = np.random.RandomState(0)
    X, y = rng.uniform(size=(60_000, 784)).astype(np.float32), rng.randint(10, size=60_000)
    grid = {"lr": [0.1, 0.01, 0.001], "reg_param": [1.0, 0.1, 0.0], "batch_size": [1000, 5000]}
    search = FusedGridSearchCV(
        MODEL, {**grid, "n_epochs": [1, 2, 3]}, cv=3, memory=tmp_path, refit=False
    )
    with (
        timed(_memory.FitStore, "find") as finding,
        timed(_evaluation, "write_fits") as writing,
        timed(FusedGridSearchCV, "fit") as searching,
    ):
        search.fit(X, y)
        # The report's runs take more than ten times as long.
        assert sum(finding) + sum(writing) < 0.03 * 10 * sum(searching)
        search.fit(X, y)
    assert len(writing) == 6
    assert n_stored(search, X, y) == 162
    assert searching[1] < 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_halving_search_reads_results_of_a_grid_search(tmp_path):
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
