import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from benchmarks.speed.command import main
from benchmarks.speed.defaults import made, measure, optimum
from benchmarks.speed.defaults.contestants import CONTESTANTS, Contestant
from benchmarks.speed.defaults.goals import goals
from benchmarks.speed.defaults.problems import Problem, all_problems
from sklearn_softmax import BinaryPerceptron, SoftmaxRegression
from tests.helpers import kept

ALL = all_problems()


def test_problems_are_enough_and_have_classes():
    data_sets = {problem.raw_name for problem in ALL.values()}
    assert len(data_sets) >= 16
    for name in data_sets - {"mnist"}:
        X, y = ALL[name].load()
        assert X.shape[0] == len(y) > 0
        assert len(np.unique(y)) >= 2
        assert np.bincount(y).min() >= 5
        assert np.all(np.isfinite(X.data if sparse.issparse(X) else X))


def test_problems_are_the_same_every_time():
    for name in ("badly-scaled", "label-noise", "counts"):
        for one, other in zip(ALL[name].load(), ALL[name].load()):
            np.testing.assert_array_equal(one, other)


def test_features_are_badly_scaled_and_shifted():
    X, _ = made.badly_scaled()
    deviations = X.std(axis=0)
    assert deviations.max() / deviations.min() > 1e5
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


def test_a_fifth_of_the_labels_is_wrong():
    X, y = made.label_noise()
    X_right, right = made.make_classification(
        2_000, 20, n_informative=10, n_classes=3, flip_y=0, random_state=0
    )
    np.testing.assert_array_equal(X, X_right)
    assert np.mean(y != right) == made.NOISE


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
    assert optimum.optimum(LOSSES[loss], X, y) == pytest.approx(theirs, rel=1e-6)


def test_optimum_of_two_classes_is_that_of_half_the_penalty():
    X, y = ALL["moons"].load()
    halved = clone(TIGHT).set_params(C=2).fit(X, y)
    coef, intercept = (np.concatenate([-w / 2, w / 2]) for w in measure.parameters(halved))
    theirs = optimum.objective(optimum.SOFTMAX, X, y, coef, intercept)
    assert optimum.optimum(optimum.SOFTMAX, X, y) == pytest.approx(theirs, rel=1e-6)
    binary = _sklearn_objective(clone(TIGHT), optimum.ONE_VS_REST, X, y)
    assert optimum.optimum(optimum.ONE_VS_REST, X, y) == pytest.approx(binary, rel=1e-6)


def test_optimum_of_badly_scaled_data_is_that_of_the_same_data_turned():
    # A rotation and a shift leave the objective as it is; afterwards all scales are alike.
    X, y = ALL["badly-scaled"].load()
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((20, 20)))
    turned = (X - X.mean(axis=0)) @ rotation
    one, other = (optimum.optimum(optimum.SOFTMAX, rows, y) for rows in (X, turned))
    assert one == pytest.approx(other, rel=1e-6)


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
    with pytest.raises(RuntimeError, match=r"may be .* of the minimum above it"):
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
    assert kept(path) == records
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
        assert record["seconds"] > 0 < record["time_ratio"]
        assert record["n_fits"] == 2 + measure.N_TIMED
        assert (record["excess"] is not None) == CONTESTANTS[record["contestant"]].has_optimum
        assert record["excess"] is None or record["excess"] > -1e-6
    warned = {r["contestant"]: r["warnings"] for r in records if r["problem"] == "iris-std"}
    assert warned["sk-net"] == {"ConvergenceWarning": 3}
    output = capsys.readouterr().out
    markdown = (tmp_path / "defaults.md").read_text()
    for shown in (output, markdown):
        assert all(name in shown for name in ("ten-rows", "iris-std", *CONTESTANTS))
        assert "sk-net: ConvergenceWarning in fits of" in shown
        assert "softmax-auto: more than 1 point below sk-logistic: " in shown
    assert "iris-std: accuracy of net\n" in output
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
    monkeypatch.setitem(CONTESTANTS, "net-auto", Contestant(lambda n_classes: Failing(), "sk-net"))
    options = ["--problems", "ten-rows", "--contestants", "net-auto", "sk-net", "--quick"]
    record, _ = _run(tmp_path, *options)
    assert record["error"] == "ValueError: too few"
    assert record["accuracy"] is record["seconds"] is record["time_ratio"] is None
    assert record["warnings"] == {"UserWarning": 1}
    output = capsys.readouterr().out
    assert "- net-auto on ten-rows: ValueError: too few" in output
    assert "- net-auto: failed on 1 data sets: ten-rows" in output


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


def _record(contestant, problem, accuracy, excess=None, best=0.1, ratio=1.0):
    optimum_ = None if excess is None else best
    measured = {"accuracy": accuracy, "excess": excess, "optimum": optimum_, "time_ratio": ratio}
    return {"contestant": contestant, "problem": problem, "error": None, **measured}


def test_goals_name_the_data_sets_that_miss_them():
    problems = {
        n: SimpleNamespace(raw_name="ab"[i // 2], scaler=s)
        for n, i, s in (("a", 0, None), ("a-std", 1, "standard"), ("b", 2, None))
    }
    records = [
        _record("softmax-auto", "a", 0.90, 0.06, 0.1, 3.5),
        _record("softmax-auto", "a-std", 0.91, 0.04, 0.1, 9.0),
        _record("softmax-auto", "b", 0.95, 9.0, 0.001, 0.5),
        *(_record("sk-logistic", problem, 0.92, 0.0) for problem in problems),
        _record("net-auto", "a", 0.94),
        _record("net-auto", "a-std", 0.97),
        {**_record("net-auto", "b", None, ratio=None), "error": "ValueError"},
        _record("sk-net", "a", 0.80),
        _record("sk-net", "a-std", 0.96),
        _record("sk-net", "b", 0.90),
    ]
    assert goals(records, problems) == [
        "softmax-auto: more than 1 point below sk-logistic: 1 of 3 data sets: a (-2.0)",
        "softmax-auto: objective more than 5% above the optimum, where that is over 0.01: "
        "1 of 2 data sets: a (+6%)",
        "softmax-auto: more than 3 times the time: 2 of 3 data sets: a (x 3.5), a-std (x 9.0)",
        "net-auto: more than 1 point below the better of sk-net on raw and on scaled data: "
        "1 of 2 data sets: a (-2.0)",
        "softmax-auto: median ratio of times on raw data: 2.00",
        "net-auto: failed on 1 data sets: b",
        "net-auto: median ratio of times on raw data: 1.00",
    ]
