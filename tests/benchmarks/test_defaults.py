"""Table of classifiers with default parameters: data sets, optima, measurements and goals."""

import warnings
from functools import cache

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from benchmarks.datasets import load
from benchmarks.speed.command import main
from benchmarks.speed.defaults import made, measure, optimum
from benchmarks.speed.defaults.contestants import CONTESTANTS, Contestant
from benchmarks.speed.defaults.goals import goals
from benchmarks.speed.defaults.problems import Problem, all_problems
from tests.benchmarks.test_datasets import keras_arrays
from tests.helpers import read_records

ALL = all_problems()


@cache
def data(name):
    """Return X and y of a data set, which must not be changed."""
    return ALL[name].load()


def test_problems_are_finite_with_at_least_five_rows_per_class():
    names = {problem.raw_name for problem in ALL.values()}
    assert len(names) == 20
    assert {"breast-cancer-std", "text-tfidf", "mnist-unit"} <= set(ALL)
    for name in names - {"mnist"}:
        X, y = data(name)
        assert X.shape[0] == len(y) > 0
        assert len(np.unique(y)) >= 2
        assert np.bincount(y).min() >= 5
        assert np.all(np.isfinite(X.data if sparse.issparse(X) else X))


@pytest.mark.parametrize("name", ["badly-scaled", "label-noise", "counts", "blobs"])
def test_synthetic_problems_have_a_fixed_seed(name):
    for one, other in zip(data(name), ALL[name].load()):
        np.testing.assert_array_equal(one, other)


def relative_means(X):
    """Return the distance of the means from 0 in standard deviations."""
    return np.abs(X.mean(axis=0)) / X.std(axis=0)


def dispersion(X):
    """Return the median over the features of the variance divided by the mean."""
    return np.median(X.var(axis=0) / X.mean(axis=0))


def zipf_slope(X):
    """Return the slope of the word frequencies over their ranks, both as logarithms."""
    ranks = np.arange(10, 1_000)
    return np.polyfit(np.log(ranks), np.log(np.sort(X.sum(axis=0))[::-1][ranks]), 1)[0]


CLEAN = {"n_informative": 10, "n_classes": 3, "flip_y": 0, "random_state": 0}


@pytest.mark.parametrize(
    ("name", "figure", "low", "high"),
    [
        ("badly-scaled", lambda X, y: np.ptp(np.log10(X.std(axis=0))), 5, 7),
        ("badly-scaled", lambda X, y: relative_means(X).max(), 50, 101),
        ("far-moons", lambda X, y: relative_means(X).min(), 100, np.inf),
        ("collinear", lambda X, y: np.linalg.matrix_rank(X), 10, 10),
        ("constant-columns", lambda X, y: np.sum(np.ptp(X, axis=0) == 0), 5, 5),
        ("imbalanced", lambda X, y: np.mean(y == 1), 0.029, 0.031),
        ("label-noise", lambda X, y: np.mean(y != make_classification(2000, **CLEAN)[1]), 0.3, 0.3),
        # The clusters are spherical and of one size, so that the nearest centre is optimal.
        ("blobs", lambda X, y: NearestCentroid().fit(X, y).score(X, y), 0.965, 0.975),
        ("heavy-tailed", lambda X, y: np.median(X.max(axis=0) / np.median(X, axis=0)), 30, 1e4),
        ("counts", lambda X, y: dispersion(X[y == 0]), 0.9, 1.1),
        ("text", lambda X, y: zipf_slope(X), -1.2, -0.8),
    ],
)
def test_statistics_of_problems(name, figure, low, high):
    assert low <= figure(*data(name)) <= high


def test_mnist_has_raw_pixels_and_a_version_scaled_to_1(tmp_path):
    np.savez(tmp_path / "mnist.npz", **keras_arrays("mnist", n_train=60))
    problems, images = all_problems(tmp_path), load("mnist", tmp_path)
    X, y = problems["mnist"].load()
    np.testing.assert_array_equal(X, np.rint(255 * images.X))
    np.testing.assert_array_equal(y, images.y)
    scaled = problems["mnist-unit"].scaler.fit_transform(X)
    np.testing.assert_allclose(scaled, images.X, rtol=1e-6)


def records_of(problem, *names, n_seeds=1, n_folds=2):
    """Return the records of contestants on a data set."""
    contestants = {name: CONTESTANTS[name] for name in names}
    return measure.measure(problem, contestants, n_seeds, n_folds)


@pytest.mark.parametrize("name", ["iris", "moons", "constant-columns-std", "badly-scaled"])
def test_excess_of_lbfgs_is_zero(name):
    for record in records_of(ALL[name], "lbfgs", "logistic-lbfgs"):
        assert record["excess"] == pytest.approx(0, abs=1e-9)


def test_optimum_with_a_large_gradient_is_an_error(monkeypatch):
    monkeypatch.setattr(optimum, "TOLERANCE", 0)
    with pytest.raises(RuntimeError, match="relative error of the minimum may be"):
        optimum.optimum(optimum.SOFTMAX, *data("iris"))


def test_negligible_optima_are_not_compared(monkeypatch):
    monkeypatch.setattr(optimum, "NEGLIGIBLE", 10)
    (record,) = records_of(ALL["ten-rows"], "sk-logistic")
    assert record["optimum"] is record["excess"] is None
    assert record["accuracy"] is not None


@pytest.mark.parametrize("name", CONTESTANTS)
def test_contestants_have_the_seed(name):
    for n_classes in (2, 3):
        params = CONTESTANTS[name].estimator(n_classes, 7).get_params()
        assert {v for key, v in params.items() if key.endswith("random_state")} == {7}


def run(tmp_path, *arguments):
    """Run the command, and return its records, which are stored as well."""
    path = tmp_path / "records.json"
    records = main(["defaults", *arguments, "--out", str(tmp_path), "--json", str(path)])
    assert read_records(path) == records
    return records


@pytest.mark.slow
def test_table_of_all_contestants(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measure, "N_TIMED", 1)
    records = run(tmp_path, "--quick", "--problems", "ten-rows")
    assert [r["contestant"] for r in records] == list(CONTESTANTS)
    for record in records:
        assert record["error"] is None
        assert 0 <= record["accuracy"] <= 1
        assert (record["log_loss"] is None) == record["contestant"].endswith("perceptron")
        assert record["seconds"] > 0 < record["time_ratio"]
        assert record["n_fits"] == 2 + measure.N_TIMED
        assert (record["excess"] is not None) == CONTESTANTS[record["contestant"]].has_optimum
        assert record["excess"] is None or record["excess"] > -1e-8
    warned = {r["contestant"]: r["warnings"] for r in records}
    assert warned["sk-net"] == {"ConvergenceWarning": 3}
    output = capsys.readouterr().out
    for text in (output, (tmp_path / "defaults.md").read_text()):
        assert all(name in text for name in CONTESTANTS)
        assert "sk-net: ConvergenceWarning in fits of" in text
        assert "| ten-rows | " in text.partition("## Log loss")[2].partition("##")[0]
        assert "- softmax: accuracy more than 1 point below the better of sk-log" in text
        assert "- lbfgs: objective more than 1e-08 above the optimum: " in text
    assert "ten-rows: cross-validation of net\n" in output


def test_repetitions_and_contestants_can_be_chosen(tmp_path):
    arguments = ["--problems", "ten-rows", "--contestants", "sk-sgd", "--repetitions", "2"]
    (record,) = run(tmp_path, *arguments)
    assert record["contestant"] == "sk-sgd"
    assert record["n_fits"] == 2 * 5 + measure.N_TIMED
    assert record["time_ratio"] is None


@pytest.mark.parametrize("others", [[], ["ten-rows"]])
def test_data_sets_without_a_file_are_omitted(others, tmp_path, capsys):
    options = ["--problems", "mnist", *others, "--data-home", str(tmp_path), "--quick"]
    records = run(tmp_path, *options, "--contestants", "sk-perceptron")
    assert [r["problem"] for r in records] == others
    for text in (capsys.readouterr().out, (tmp_path / "defaults.md").read_text()):
        assert "- mnist is omitted: there is no file mnist.npz" in text


def test_long_fits_are_timed_once(monkeypatch):
    monkeypatch.setattr(measure, "LONG_SECONDS", 0)
    (record,) = records_of(ALL["ten-rows"], "sk-sgd")
    assert record["n_fits"] == 2 + 1


def test_failure_of_a_contestant_is_recorded(tmp_path, monkeypatch, capsys):
    class Failing(LogisticRegression):
        def fit(self, X, y):
            warnings.warn("careful", UserWarning, stacklevel=1)
            raise ValueError("too few\nrows")

    contestant = Contestant(lambda n_classes: Failing(), "sk-logistic-1000")
    monkeypatch.setitem(CONTESTANTS, "softmax", contestant)
    names = ["softmax", "sk-logistic-1000"]
    record, _ = run(tmp_path, "--problems", "ten-rows", "--contestants", *names, "--quick")
    assert (record["error"], record["warnings"]) == ("ValueError: too few", {"UserWarning": 1})
    assert {record[key] for key in ("accuracy", "log_loss", "seconds", "time_ratio")} == {None}
    output = capsys.readouterr().out
    assert "- softmax on ten-rows: ValueError: too few" in output
    assert "1 of 1 data sets: ten-rows (failed)" in output


def test_figures_of_a_contestant_are_those_computed_by_scikit_learn():
    X, y = data("iris")
    model = LogisticRegression(max_iter=1000)
    accuracies, log_losses = [], []
    for seed in range(3):
        options = {"cv": StratifiedKFold(2, shuffle=True, random_state=seed)}
        accuracies.append(cross_val_score(model, X, y, **options).mean())
        log_losses.append(-cross_val_score(model, X, y, scoring="neg_log_loss", **options).mean())
    record, perceptron = records_of(ALL["iris"], "sk-logistic-1000", "perceptron", n_seeds=3)
    assert record["accuracy"] == pytest.approx(np.median(accuracies))
    assert record["log_loss"] == pytest.approx(np.median(log_losses))
    model.fit(X, y)
    objective = log_loss(y, model.predict_proba(X)) + np.sum(model.coef_**2) / 2 / len(y)
    assert record["optimum"] * (1 + record["excess"]) == pytest.approx(objective)
    assert record["excess"] < 1e-5
    assert perceptron["error"] is perceptron["log_loss"] is None


def test_folds_are_limited_by_the_rarest_class_and_scalers_see_training_rows_only():
    X, y = made.ten_rows()
    n_seen = []

    class Scaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            n_seen.append(len(X))
            return super().fit(X)

    problem = Problem("few", lambda: (X[:8], y[:8]), "-std", Scaler())
    (record,), n_folds = records_of(problem, "sk-sgd", n_folds=5), np.bincount(y[:8]).min()
    assert record["n_fits"] == n_folds + measure.N_TIMED < 5 + measure.N_TIMED
    assert sum(n_seen[:-1]) == (n_folds - 1) * 8
    assert n_seen[n_folds:] == [8]


SCALED = (Problem(name, None, "-std", StandardScaler()) for name in "abcde")
PROBLEMS = {p.name: p for p in (*(Problem(name, None) for name in "abcde"), *SCALED)}


def find_goals(names, measured):
    """Return the goals for measurements by contestant and data set; None is a failed fit."""
    records = []
    for contestant, figures in measured.items():
        for problem, values in figures.items():
            record = dict.fromkeys((*names, "accuracy", "log_loss", "optimum", "excess", "error"))
            record |= {"contestant": contestant, "problem": problem, "time_ratio": None}
            record |= {"error": "ValueError"} if values is None else dict(zip(names, values))
            records.append(record)
    return goals(records, PROBLEMS)


@pytest.mark.parametrize(
    ("name", "reference"),
    [("softmax", "sk-logistic-1000"), ("logistic", "sk-ovr-1000"), ("net", "sk-net")],
)
def test_goals_compare_with_the_better_of_raw_and_scaled_data(name, reference):
    ours = {"a": (0.94, 0.224), "a-std": (0.5, 9.0), "b": (0.87, 0.4), "c": None}
    theirs = {"a": (0.8, 0.3), "b": (0.9, 0.31), "c": None}
    theirs |= {"a-std": (0.96, 0.2), "b-std": (0.8, 0.5), "c-std": (0.9, 0.1)}
    ours["d"], theirs["d"] = (0.89, 0.33), (0.9, 0.31)  # reached
    names = "accuracy", "log_loss"
    best = f"the better of {reference} on raw and on scaled data"
    assert find_goals(names, {name: ours, reference: theirs}) == [
        f"{name}: accuracy more than 1 point below {best}: "
        "3 of 4 data sets: a (-2.0), b (-3.0), c (failed)",
        f"{name}: log loss more than 1.1 times {best}: "
        "3 of 4 data sets: a (x 1.12), b (x 1.29), c (failed)",
    ]
    assert find_goals(names, {name: ours}) == find_goals(names, {reference: theirs}) == []


def test_goal_of_lbfgs_is_the_optimum_on_raw_data_unless_negligible():
    ours = {"a": (0.1, 2e-8), "b": (0.1, 9e-9), "c": (0.1, -1e-9), "d": None, "e": (None, None)}
    (line,) = find_goals(("optimum", "excess"), {"lbfgs": ours | {"a-std": (0.1, 1.0)}})
    assert line.endswith("above the optimum: 2 of 4 data sets: a (2.0e-08), d (failed)")


def test_goal_of_lbfgs_is_the_total_time_on_raw_data():
    ours = {"a": (1.0, 2.0), "a-std": (50.0, 50.0), "b": (2.0, 0.25)}
    theirs = {"a": (0.5, 1), "a-std": (1.0, 1), "b": (8.0, 1)}
    names = "seconds", "time_ratio"
    _, line = find_goals(names, {"lbfgs": ours, "sk-logistic-1000": theirs})
    assert line == (
        "lbfgs: 0.35 times the total time of sk-logistic-1000 on 2 data sets; the goal is at most 1"
    )
