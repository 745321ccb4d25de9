import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from benchmarks.speed.command import main
from benchmarks.speed.defaults import made, measure, optimum
from benchmarks.speed.defaults.contestants import CONTESTANTS, Contestant
from benchmarks.speed.defaults.goals import goals
from benchmarks.speed.defaults.problems import Problem, all_problems
from sklearn_softmax import BinaryPerceptron, SoftmaxRegression
from tests.helpers import read_records

ALL = all_problems()


def test_problems_are_enough_and_have_classes():
    data_sets = {problem.raw_name for problem in ALL.values()}
    assert len(data_sets) >= 18
    design = ["iris", "wine", "breast-cancer", "digits", "badly-scaled", "label-noise"]
    for name in [*design, "far-moons", "counts", "blobs"]:
        assert {name, f"{name}-std"} <= set(ALL)
    for name in data_sets - {"mnist"}:
        X, y = ALL[name].load()
        assert X.shape[0] == len(y) > 0
        assert len(np.unique(y)) >= 2
        assert np.bincount(y).min() >= 5
        assert np.all(np.isfinite(X.data if sparse.issparse(X) else X))


def test_problems_are_the_same_every_time():
    for name in ("badly-scaled", "label-noise", "counts", "blobs"):
        for one, other in zip(ALL[name].load(), ALL[name].load()):
            np.testing.assert_array_equal(one, other)


def test_features_are_badly_scaled_and_shifted():
    X, _ = made.badly_scaled()
    deviations = X.std(axis=0)
    assert X.shape[1] == 16
    assert 1e-3 < deviations.min() < 1e-2
    assert 1e3 < deviations.max() < 1e4
    assert 50 < np.max(np.abs(X.mean(axis=0)) / deviations) < 101


def test_features_are_collinear():
    X, _ = made.collinear()
    assert np.linalg.matrix_rank(X) == 10 < X.shape[1]


def test_columns_are_constant():
    X, _ = made.constant_columns()
    constant = np.ptp(X, axis=0) == 0
    np.testing.assert_array_equal(X[0, constant], made.CONSTANTS)
    assert not constant[:15].any()


def test_classes_are_imbalanced():
    _, y = made.imbalanced()
    assert np.mean(y == 1) == pytest.approx(0.03, abs=0.001)


def test_thirty_percent_of_the_labels_are_wrong():
    X, y = made.label_noise()
    X_right, right = made.make_classification(
        2_000, 20, n_informative=10, n_classes=3, flip_y=0, random_state=0
    )
    np.testing.assert_array_equal(X, X_right)
    assert np.mean(y != right) == made.NOISE == 0.3


def test_moons_are_far_from_0():
    X, y = made.far_moons()
    assert np.min(np.abs(X.mean(axis=0)) / X.std(axis=0)) > 100
    nearby, labels = made.moons()
    np.testing.assert_allclose(X - X.mean(axis=0), nearby - nearby.mean(axis=0), atol=1e-12)
    np.testing.assert_array_equal(y, labels)


def test_blobs_overlap():
    # The clusters are spherical and alike, so that the nearest centre is the best prediction.
    X, y = made.blobs()
    assert len(np.unique(y)) == 6
    assert NearestCentroid().fit(X, y).score(X, y) == pytest.approx(0.97, abs=0.005)


@pytest.mark.parametrize(
    ("name", "shape", "n_classes"),
    [("ten-rows", (10, 4), 2), ("many-rows", (20_000, 50), 20), ("wide", (100, 2_000), 2)],
)
def test_problems_have_the_size_that_they_are_for(name, shape, n_classes):
    X, y = ALL[name].load()
    assert X.shape == shape
    assert len(np.unique(y)) == n_classes


def test_features_have_heavy_tails():
    X, _ = made.heavy_tailed()
    assert X.min() > 0
    assert np.median(X.max(axis=0) / np.median(X, axis=0)) > 30


def test_counts_have_the_variance_of_poisson():
    X, y = made.counts()
    rows = X[y == 0]
    assert np.all(np.rint(X) == X)
    assert np.median(rows.var(axis=0) / rows.mean(axis=0)) == pytest.approx(1, abs=0.1)


def test_words_are_distributed_by_zipfs_law():
    X, y = made.text()
    assert sparse.issparse(X)
    assert X.shape == (2_000, 5_000)
    assert len(np.unique(y)) == 8
    frequencies = np.sort(X.sum(axis=0))[::-1]
    ranks = np.arange(10, 1_000)
    slope, _ = np.polyfit(np.log(ranks), np.log(frequencies[ranks]), 1)
    assert slope == pytest.approx(-1, abs=0.2)


def test_mnist_is_raw_or_of_the_unit_interval(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(60, 28, 28), dtype=np.uint8)
    labels = rng.integers(10, size=60)
    arrays = {"x_train": images, "x_test": images, "y_train": labels, "y_test": labels}
    np.savez(tmp_path / "mnist.npz", **arrays)
    problems = all_problems(tmp_path)
    X, y = problems["mnist"].load()
    np.testing.assert_array_equal(X[:60], images.reshape(60, -1))
    np.testing.assert_array_equal(y[:60], labels)
    scaled = problems["mnist-unit"].scaler.fit_transform(X)
    np.testing.assert_allclose(scaled, X / 255, rtol=1e-6)


def _sklearn_objective(model, loss, X, y):
    model.fit(X, y)
    return optimum.objective(loss, X, y, *measure.parameters(model))


TIGHT = LogisticRegression(tol=1e-10, max_iter=10_000, solver="newton-cholesky")
LOSSES = {"softmax": optimum.SOFTMAX, "one-vs-rest": optimum.ONE_VS_REST}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["iris", "wine", "collinear", "constant-columns-std"])
def test_optimum_is_that_of_scikit_learn(name, loss):
    X, y = ALL[name].load()
    model = TIGHT if loss == "softmax" else OneVsRestClassifier(TIGHT)
    theirs = _sklearn_objective(model, LOSSES[loss], X, y)
    assert optimum.optimum(LOSSES[loss], X, y) == pytest.approx(theirs, rel=1e-8)


def test_optimum_of_two_classes_is_that_of_half_the_penalty():
    X, y = ALL["moons"].load()
    halved = clone(TIGHT).set_params(C=2).fit(X, y)
    coef, intercept = (np.concatenate([-w / 2, w / 2]) for w in measure.parameters(halved))
    theirs = optimum.objective(optimum.SOFTMAX, X, y, coef, intercept)
    assert optimum.optimum(optimum.SOFTMAX, X, y) == pytest.approx(theirs, rel=1e-8)
    binary = _sklearn_objective(clone(TIGHT), optimum.ONE_VS_REST, X, y)
    assert optimum.optimum(optimum.ONE_VS_REST, X, y) == pytest.approx(binary, rel=1e-8)


@pytest.mark.parametrize("loss", LOSSES)
def test_optimum_of_badly_scaled_data_is_that_of_rotated_data(loss):
    # A rotation and a shift do not change the optimum; afterwards all scales are alike.
    X, y = ALL["badly-scaled"].load()
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((16, 16)))
    rotated = (X - X.mean(axis=0)) @ rotation
    one, other = (optimum.optimum(LOSSES[loss], rows, y) for rows in (X, rotated))
    assert one == pytest.approx(other, rel=1e-8)


def test_objective_is_that_of_ours():
    X, y = ALL["iris"].load()
    model = SoftmaxRegression(lr=0.01, reg_param=1, n_epochs=3, shuffle=False).fit(X, y)
    shown = optimum.objective(optimum.SOFTMAX, X, y, model.coef_, model.intercept_)
    penalty = np.sum(model.coef_**2) / 2 / len(y)
    log_loss = -np.mean(np.log(model.predict_proba(X)[np.arange(len(y)), y]))
    assert shown == pytest.approx(log_loss + penalty)


def test_a_minimum_with_a_gradient_is_refused(monkeypatch):
    X, y = ALL["iris"].load()
    monkeypatch.setattr(optimum, "TOLERANCE", 0)
    with pytest.raises(RuntimeError, match="relative error of the minimum may be"):
        optimum.optimum(optimum.SOFTMAX, X, y)


def test_negligible_optima_are_not_compared(monkeypatch):
    monkeypatch.setattr(optimum, "NEGLIGIBLE", 10)
    contestants = {"sk-logistic": CONTESTANTS["sk-logistic"]}
    (record,) = measure.measure(ALL["ten-rows"], contestants, 1, 2)
    assert record["optimum"] is record["excess"] is None
    assert record["accuracy"] is not None


@pytest.mark.parametrize("name", CONTESTANTS)
def test_contestants_have_their_seeds_and_references(name):
    contestant = CONTESTANTS[name]
    assert contestant.reference in CONTESTANTS
    for n_classes in (2, 3):
        params = contestant.estimator(n_classes, 7).get_params()
        assert {v for key, v in params.items() if key.endswith("random_state")} == {7}


def test_perceptron_of_two_classes_is_not_wrapped():
    contestant = CONTESTANTS["perceptron"]
    assert isinstance(contestant.estimator(2, 0), BinaryPerceptron)
    assert isinstance(contestant.estimator(3, 0), OneVsRestClassifier)


def _run(tmp_path, *arguments):
    path = tmp_path / "records.json"
    records = main(["defaults", *arguments, "--out", str(tmp_path), "--json", str(path)])
    assert read_records(path) == records
    return records


@pytest.mark.slow
def test_defaults_writes_its_records(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(measure, "N_TIMED", 1)
    records = _run(tmp_path, "--quick", "--problems", "ten-rows", "iris-std")
    assert {(r["problem"], r["contestant"]) for r in records} == {
        (problem, name) for problem in ("ten-rows", "iris-std") for name in CONTESTANTS
    }
    for record in records:
        if record["error"]:
            continue
        assert 0 <= record["accuracy"] <= 1
        assert (record["log_loss"] is None) == record["contestant"].endswith("perceptron")
        assert record["seconds"] > 0 < record["time_ratio"]
        assert record["n_fits"] == 2 + measure.N_TIMED
        assert (record["excess"] is not None) == CONTESTANTS[record["contestant"]].has_optimum
        assert record["excess"] is None or record["excess"] > -1e-8
    warned = {r["contestant"]: r["warnings"] for r in records if r["problem"] == "iris-std"}
    assert warned["sk-net"] == {"ConvergenceWarning": 3}
    output = capsys.readouterr().out
    markdown = (tmp_path / "defaults.md").read_text()
    for shown in (output, markdown):
        assert all(name in shown for name in ("ten-rows", "iris-std", *CONTESTANTS))
        assert "sk-net: ConvergenceWarning in fits of" in shown
        assert "| iris-std | " in shown.partition("## Log loss")[2].partition("##")[0]
        assert "- softmax: accuracy more than 1 point below the better of sk-log" in shown
        assert "- lbfgs: objective more than 1e-08 above the optimum: " in shown
    assert "iris-std: cross-validation of net\n" in output
    assert (tmp_path / "defaults.png").stat().st_size > 0


def test_contestants_and_repetitions_can_be_chosen(tmp_path):
    arguments = ["--problems", "ten-rows", "--contestants", "sk-sgd", "--repetitions", "2"]
    (record,) = _run(tmp_path, *arguments)
    assert record["contestant"] == "sk-sgd"
    assert record["n_fits"] == 2 * 5 + measure.N_TIMED
    assert record["time_ratio"] is None


def test_a_data_set_without_a_file_is_left_out(tmp_path, capsys):
    options = ["--problems", "mnist", "ten-rows", "--data-home", str(tmp_path)]
    records = _run(tmp_path, *options, "--contestants", "sk-perceptron", "--quick")
    assert {r["problem"] for r in records} == {"ten-rows"}
    assert "- mnist is left out: there is no file mnist.npz" in capsys.readouterr().out


def test_only_data_sets_without_a_file_are_an_empty_table(tmp_path):
    assert _run(tmp_path, "--problems", "mnist", "--data-home", str(tmp_path)) == []
    assert "- mnist is left out" in (tmp_path / "defaults.md").read_text()


def test_long_fits_are_timed_once(monkeypatch):
    monkeypatch.setattr(measure, "LONG_SECONDS", 0)
    problem, contestants = ALL["ten-rows"], {"sk-sgd": CONTESTANTS["sk-sgd"]}
    (record,) = measure.measure(problem, contestants, 1, 2)
    assert record["n_fits"] == 2 + 1


class Failing(LogisticRegression):
    """Fails where there are few rows."""

    def fit(self, X, y):
        """Warn, and fail."""
        warnings.warn("careful", UserWarning, stacklevel=1)
        raise ValueError("too few\nrows")


def test_a_contestant_that_fails_is_a_result(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(CONTESTANTS, "net", Contestant(lambda n_classes: Failing(), "sk-net"))
    options = ["--problems", "ten-rows", "--contestants", "net", "sk-net", "--quick"]
    record, _ = _run(tmp_path, *options)
    assert record["error"] == "ValueError: too few"
    assert record["accuracy"] is record["log_loss"] is record["seconds"] is None
    assert record["time_ratio"] is None
    assert record["warnings"] == {"UserWarning": 1}
    output = capsys.readouterr().out
    assert "- net on ten-rows: ValueError: too few" in output
    assert "1 of 1 data sets: ten-rows (failed)" in output


def test_log_loss_is_the_mean_over_folds_and_median_over_seeds():
    X, y = ALL["iris"].load()
    means = []
    for seed in range(3):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
        losses = []
        for train, test in folds:
            model = LogisticRegression(max_iter=1000).fit(X[train], y[train])
            losses.append(log_loss(y[test], model.predict_proba(X[test])))
        means.append(np.mean(losses))
    contestants = {name: CONTESTANTS[name] for name in ("sk-logistic-1000", "sk-perceptron")}
    record, without_proba = measure.measure(ALL["iris"], contestants, 3, 5)
    assert record["log_loss"] == pytest.approx(np.median(means))
    assert without_proba["log_loss"] is None


def test_rare_classes_have_fewer_folds():
    X, y = made.ten_rows()
    X, y = X[:8], y[:8]
    problem, contestants = Problem("few", lambda: (X, y)), {"sk-sgd": CONTESTANTS["sk-sgd"]}
    (record,) = measure.measure(problem, contestants, 1, 5)
    assert record["n_fits"] == np.bincount(y).min() + measure.N_TIMED < 5 + measure.N_TIMED


def test_scalers_see_training_rows_only():
    seen = []

    class Scaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            seen.append(len(X))
            return super().fit(X)

    problem = Problem("few", made.ten_rows, "-std", Scaler())
    measure.measure(problem, {"sk-sgd": CONTESTANTS["sk-sgd"]}, 1, 5)
    assert seen == [8, 8, 8, 8, 8, 10]


@pytest.fixture
def problems():
    """Two data sets, the first of them raw and scaled."""
    return {
        p.name: p for p in (Problem("a", None), Problem("a", None, "-std", 1), Problem("b", None))
    }


def _record(contestant, problem, **measured):
    keys = ("accuracy", "log_loss", "optimum", "excess", "seconds", "time_ratio", "error")
    return dict.fromkeys(keys) | {"contestant": contestant, "problem": problem} | measured


@pytest.mark.parametrize(
    ("name", "reference"),
    [("softmax", "sk-logistic-1000"), ("logistic", "sk-ovr-1000"), ("net", "sk-net")],
)
def test_goals_of_defaults_compare_with_the_better_of_raw_and_scaled(name, reference, problems):
    records = [
        _record(name, "a", accuracy=0.94, log_loss=0.224),
        _record(name, "a-std", accuracy=0.5, log_loss=9.0),
        _record(name, "b", accuracy=0.89, log_loss=0.33),
        _record(reference, "a", accuracy=0.96, log_loss=0.2),
        _record(reference, "a-std", accuracy=0.8, log_loss=0.3),
        _record(reference, "b", accuracy=0.90, log_loss=0.31),
    ]
    best = f"the better of {reference} on raw and on scaled data"
    assert goals(records, problems) == [
        f"{name}: accuracy more than 1 point below {best}: 1 of 2 data sets: a (-2.0)",
        f"{name}: log loss more than 1.1 times {best}: 1 of 2 data sets: a (x 1.12)",
    ]


def test_goals_of_defaults_are_reached(problems):
    records = [
        _record("net", "a", accuracy=0.98, log_loss=0.1),
        _record("sk-net", "a", accuracy=0.98, log_loss=0.2),
        _record("sk-net", "a-std", accuracy=0.99, log_loss=0.1),
    ]
    lines = goals(records, problems)
    assert [line.rsplit(": ", 1)[1] for line in lines] == ["0 of 1 data sets"] * 2


def test_failed_fits_miss_the_goals(problems):
    records = [
        _record("softmax", "a", error="ValueError"),
        _record("lbfgs", "a", error="ValueError"),
        _record("sk-logistic-1000", "a", error="ValueError"),
        _record("sk-logistic-1000", "a-std", accuracy=0.9, log_loss=0.1),
    ]
    lines = goals(records, problems)
    assert len(lines) == 3
    assert all(line.endswith("1 of 1 data sets: a (failed)") for line in lines)


def test_goals_without_a_measured_reference_are_left_out(problems):
    assert goals([_record("softmax", "a", accuracy=0.9, log_loss=0.1)], problems) == []
    assert goals([_record("sk-net", "a", accuracy=0.9, log_loss=0.1)], problems) == []


@pytest.mark.parametrize(
    ("excess", "missed"),
    [
        (2e-8, "1 of 1 data sets: a (2.0e-08)"),
        (9e-9, "0 of 1 data sets"),
        (-1e-9, "0 of 1 data sets"),
    ],
)
def test_goal_of_lbfgs_is_the_optimum_unless_negligible(excess, missed, problems):
    records = [
        _record("lbfgs", "a", optimum=0.1, excess=excess),
        _record("lbfgs", "a-std", optimum=0.1, excess=1.0),
        _record("lbfgs", "b"),
    ]
    (line,) = goals(records, problems)
    assert line == f"lbfgs: objective more than 1e-08 above the optimum: {missed}"


def test_goal_of_lbfgs_is_the_total_time_on_raw_data(problems):
    records = [
        _record("lbfgs", "a", seconds=1.0, time_ratio=2.0),
        _record("lbfgs", "a-std", seconds=50.0, time_ratio=50.0),
        _record("lbfgs", "b", seconds=2.0, time_ratio=0.25),
        _record("sk-logistic-1000", "a", seconds=0.5),
        _record("sk-logistic-1000", "a-std", seconds=1.0),
        _record("sk-logistic-1000", "b", seconds=8.0),
    ]
    _, line = goals(records, problems)
    assert line == (
        "lbfgs: 0.35 times the total time of sk-logistic-1000 on 2 data sets; the goal is at most 1"
    )
