import doctest
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from benchmarks.datasets import load
from benchmarks.reports import _published, one_vs_rest
from benchmarks.reports._split import first_rows
from benchmarks.reports.command import main
from sklearn_softmax import BinaryPerceptron, GDLogisticRegression
from tests.benchmarks.test_reports import captions, rows_of

PERCEPTRON = {"n_epochs": 3, "lr_decay": 0.5}
LOGISTIC_REGRESSION = {"n_epochs": 5, "lr": 0.1, "batch_size": 32}
FIGURES = ["one_vs_rest_figures_1_and_4.png"]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """Directory that the command wrote for digits, after a few epochs."""
    out = tmp_path_factory.mktemp("report") / "made" / "here"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(one_vs_rest, "PERCEPTRON", PERCEPTRON)
        monkeypatch.setitem(one_vs_rest.LOGISTIC_REGRESSION, "digits", LOGISTIC_REGRESSION)
        main(["one_vs_rest", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def text(digits_run):
    return (digits_run / "one_vs_rest.md").read_text()


@pytest.fixture(scope="module")
def parts():
    """Training and test rows of the same run."""
    digits = load("digits")
    return train_test_split(digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0)


@pytest.fixture(scope="module")
def recomputed(parts):
    """By the numbers of their first figures: models that tell one class from the rest."""
    X_train, _, y_train, _ = parts
    kinds = {1: BinaryPerceptron(**PERCEPTRON), 4: GDLogisticRegression(**LOGISTIC_REGRESSION)}
    return {
        number: OneVsRestClassifier(kind.set_params(random_state=0)).fit(X_train, y_train)
        for number, kind in kinds.items()
    }


def test_docstring_examples():
    assert doctest.testmod(_published).failed == 0


def test_all_files_are_written(digits_run, text):
    assert sorted(p.name for p in digits_run.iterdir()) == sorted(["one_vs_rest.md", *FIGURES])
    assert captions(text) == [1, 4, 2, 3, 5, 6]
    for name in FIGURES:
        assert f"]({name})" in text
        assert min(imread(digits_run / name).shape[:2]) > 300


@pytest.mark.parametrize("number", [1, 4])
def test_errors_of_the_sub_classifiers(text, parts, recomputed, number):
    _, X_test, _, y_test = parts
    errors = [
        100 * (1 - one.score(X_test, y_test == label))
        for label, one in enumerate(recomputed[number].estimators_)
    ]
    table = rows_of(text, f"Figure {number + 1}.")
    assert table["Class"] == ["Error (%)"]
    found = np.array([table[name][0] for name in [*map(str, range(10)), "Mean"]], dtype=float)
    np.testing.assert_allclose(found, [*errors, np.mean(errors)], atol=5.1e-3)


@pytest.mark.parametrize("number", [1, 4])
def test_joined_by_score_and_by_distance(text, parts, recomputed, number):
    _, X_test, _, y_test = parts
    joined = recomputed[number]
    norms = [np.linalg.norm(one.coef_) for one in joined.estimators_]
    by_distance = (joined.decision_function(X_test) / norms).argmax(axis=1)
    errors = [np.sum(joined.predict(X_test) != y_test), np.sum(by_distance != y_test)]
    table = rows_of(text, f"Figure {number + 2}.")
    assert table[""] == ["By score", "By distance"]
    assert table["Erroneous"] == [str(n) for n in errors]
    assert table["Successful"] == [str(len(y_test) - n) for n in errors]
    assert table["Error rate (%)"] == [f"{100 * n / len(y_test):.2f}" for n in errors]


def test_rows_on_which_sub_classifiers_disagree(text, parts, recomputed):
    _, X_test, _, y_test = parts
    joined = recomputed[1]
    n_yes = sum(one.predict(X_test) for one in joined.estimators_)
    errs = joined.predict(X_test) != y_test
    for name, chosen in {
        "none": n_yes == 0,
        "several": n_yes > 1,
        "exactly one": n_yes == 1,
    }.items():
        found = re.search(rf"- {name}: (\d+) of 540 test rows, error rate (\S+) %", text)
        assert found.groups() == (str(chosen.sum()), f"{100 * errs[chosen].mean():.1f}")


@pytest.fixture
def verdicts():
    """Three rows: one yes; two, of which the smaller score is farther from its boundary; none."""
    return one_vs_rest.Verdicts(
        "perceptrons",
        classes=np.array([3, 5]),
        y_test=np.array([3, 3, 5]),
        scores=np.array([[1.0, -1.0], [1.0, 3.0], [-1.0, -2.0]]),
        weight_norms=np.array([1.0, 10.0]),
    )


def test_verdicts(verdicts):
    assert verdicts.says_yes.sum(axis=1).tolist() == [1, 2, 0]
    np.testing.assert_allclose(verdicts.sub_errors, [0, 2 / 3])
    assert verdicts.errs_by_score.tolist() == [False, True, True]
    assert verdicts.errs_by_distance.tolist() == [False, False, False]


def test_score_of_zero_is_a_no(verdicts):
    assert not np.any(replace(verdicts, scores=np.zeros((3, 2))).says_yes)


def test_published_figures_stand_beside_those_for_mnist(tmp_path):
    dataset = replace(load("digits"), name="mnist", n_train=1300)
    experiment = one_vs_rest.run(
        dataset,
        tmp_path,
        n_jobs=1,
        perceptron={"n_epochs": 1},
        logistic_regression={"n_epochs": 1, "lr": 0.1},
    )
    assert experiment.n_train == 1300
    np.testing.assert_array_equal(experiment.perceptrons.y_test, dataset.y[1300:])
    text = (tmp_path / "one_vs_rest.md").read_text()
    assert "the first 1300 training images and the first 497 test images" in text
    assert rows_of(text, "Figure 2.")["8"][1] == "11.35"
    assert rows_of(text, "Figure 2.")["Mean"][1] == "3.51"
    contradiction = "states a mean of 3.51 %; its ten figures above have a mean of 3.90 %"
    assert text.count("states a mean of") == text.count(contradiction) == 1
    assert rows_of(text, "Figure 3.")["Error rate (%)"][2] == "15.8"
    assert rows_of(text, "Figure 5.")["Mean"][1] == "3.19"
    assert rows_of(text, "Figure 6.")["Erroneous"][2] == "243"


def test_first_rows_of_the_official_parts():
    dataset = replace(load("digits"), n_train=1300)
    sizes = {"test_size": 0.3, "random_state": 0}
    X_train, X_test, y_train, y_test = first_rows(dataset, n_train=100, n_test=20, **sizes)
    np.testing.assert_array_equal(X_train, dataset.X[:100])
    np.testing.assert_array_equal(y_train, dataset.y[:100])
    np.testing.assert_array_equal(X_test, dataset.X[1300:1320])
    np.testing.assert_array_equal(y_test, dataset.y[1300:1320])
    X_train, X_test, _, _ = first_rows(dataset, n_train=5000, n_test=5000, **sizes)
    assert (len(X_train), len(X_test)) == (1300, 497)
