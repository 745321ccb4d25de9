"""The report on one-vs-rest perceptrons and logistic regressions."""

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from benchmarks.datasets import load
from benchmarks.reports import one_vs_rest
from benchmarks.reports.command import main
from sklearn_softmax import BinaryPerceptron, GDLogisticRegression
from tests.benchmarks.reports import (
    assert_complete,
    figures_unwritten,
    official_digits,
    rows_below,
)

PERCEPTRON = {"n_epochs": 3, "lr_decay": 0.5}
LOGISTIC_REGRESSION = {"n_epochs": 5, "lr": 0.1, "batch_size": 32}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """Directory of the report on digits after a few epochs."""
    out = tmp_path_factory.mktemp("report") / "new" / "directory"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(one_vs_rest, "PERCEPTRON", PERCEPTRON)
        monkeypatch.setitem(one_vs_rest.LOGISTIC_REGRESSION, "digits", LOGISTIC_REGRESSION)
        main(["one_vs_rest", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def text(out):
    return (out / "one_vs_rest.md").read_text()


@pytest.fixture(scope="module")
def new_models():
    """Test rows of the same split, and models fitted anew on its training rows by figure."""
    digits = load("digits")
    X_train, X_test, y_train, y_test = train_test_split(
        digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0
    )
    models = {1: BinaryPerceptron(**PERCEPTRON), 4: GDLogisticRegression(**LOGISTIC_REGRESSION)}
    for number, model in models.items():
        combined = OneVsRestClassifier(model.set_params(random_state=0))
        models[number] = combined.fit(X_train, y_train)
    return X_test, y_test, models


def test_report_is_complete(out):
    assert_complete(out, "one_vs_rest", [1, 4, 2, 3, 5, 6])


@pytest.mark.parametrize("number", [1, 4])
def test_errors_are_those_of_models_fitted_anew(text, new_models, number):
    X_test, y_test, models = new_models
    combined = models[number]
    errors = [
        100 * (1 - model.score(X_test, y_test == label))
        for label, model in enumerate(combined.estimators_)
    ]
    table = rows_below(text, f"Figure {number + 1}.")
    assert table["Class"] == ["Error (%)"]
    found = np.array([table[name][0] for name in [*map(str, range(10)), "Mean"]], dtype=float)
    np.testing.assert_allclose(found, [*errors, np.mean(errors)], atol=5.1e-3)
    norms = [np.linalg.norm(model.coef_) for model in combined.estimators_]
    by_distance = (combined.decision_function(X_test) / norms).argmax(axis=1)
    n_wrong = [np.sum(combined.predict(X_test) != y_test), np.sum(by_distance != y_test)]
    table = rows_below(text, f"Figure {number + 2}.")
    assert table[""] == ["By score", "By distance"]
    assert table["Erroneous"] == [str(n) for n in n_wrong]
    assert table["Successful"] == [str(len(y_test) - n) for n in n_wrong]
    assert table["Error rate (%)"] == [f"{100 * n / len(y_test):.2f}" for n in n_wrong]


def test_error_rates_by_number_of_positive_perceptrons(text, new_models):
    X_test, y_test, models = new_models
    n_positive = sum(model.predict(X_test) for model in models[1].estimators_)
    is_wrong = models[1].predict(X_test) != y_test
    masks = {"none": n_positive == 0, "several": n_positive > 1, "exactly one": n_positive == 1}
    for name, mask in masks.items():
        found = re.search(rf"- {name}: (\d+) of 540 test rows, error rate (\S+) %", text)
        assert found.groups() == (str(mask.sum()), f"{100 * is_wrong[mask].mean():.1f}")


def test_verdicts_by_score_and_by_distance():
    verdicts = one_vs_rest.Verdicts(
        "perceptrons",
        classes=np.array([3, 5]),
        y_test=np.array([3, 3, 5]),
        # One positive; two, of which the smaller is farther from its boundary; none.
        raw_scores=np.array([[1.0, -1.0], [1.0, 3.0], [-1.0, -2.0]]),
        weight_norms=np.array([1.0, 10.0]),
    )
    assert verdicts.is_positive.sum(axis=1).tolist() == [1, 2, 0]
    np.testing.assert_allclose(verdicts.sub_errors, [0, 2 / 3])
    assert verdicts.score_errors.tolist() == [False, True, True]
    assert verdicts.distance_errors.tolist() == [False, False, False]
    assert not replace(verdicts, raw_scores=np.zeros((3, 2))).is_positive.any()


def test_published_figures_are_next_to_those_found(tmp_path):
    with figures_unwritten():
        experiment = one_vs_rest.run(
            official_digits("mnist", 1300),
            tmp_path,
            n_jobs=1,
            perceptron={"n_epochs": 1},
            logistic_regression={"n_epochs": 1, "lr": 0.1},
        )
    assert (experiment.n_train, len(experiment.perceptrons.y_test)) == (1300, 497)
    text = (tmp_path / "one_vs_rest.md").read_text()
    contradiction = "states a mean of 3.51 %; its ten figures above have a mean of 3.90 %"
    assert text.count("states a mean of") == text.count(contradiction) == 1
    for number, name, published in [
        *((2, "8", "11.35"), (2, "Mean", "3.51"), (3, "Error rate (%)", "15.8")),
        *((5, "Mean", "3.19"), (6, "Erroneous", "243")),
    ]:
        assert rows_below(text, f"Figure {number}.")[name][-1] == published
