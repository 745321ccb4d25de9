"""The report on one-vs-rest perceptrons and logistic regressions."""

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
def text(tmp_path_factory):
    """Text of the report on digits after a few epochs."""
    out = tmp_path_factory.mktemp("report") / "new" / "directory"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(one_vs_rest, "PERCEPTRON", PERCEPTRON)
        monkeypatch.setitem(one_vs_rest.LOGISTIC_REGRESSION, "digits", LOGISTIC_REGRESSION)
        main(["one_vs_rest", "--out", str(out), "--n-jobs", "1"])
    assert_complete(out, "one_vs_rest", [1, 4, 2, 3, 5, 6])
    return (out / "one_vs_rest.md").read_text()


@pytest.mark.parametrize(
    ("number", "model"),
    [(1, BinaryPerceptron(**PERCEPTRON)), (4, GDLogisticRegression(**LOGISTIC_REGRESSION))],
)
def test_errors_are_those_of_models_fitted_anew(text, number, model):
    digits = load("digits")
    X_train, X_test, y_train, y_test = train_test_split(
        digits.X, digits.y, test_size=0.3, stratify=digits.y, random_state=0
    )
    combined = OneVsRestClassifier(model.set_params(random_state=0)).fit(X_train, y_train)
    models, y_pred = combined.estimators_, combined.predict(X_test)
    errors = [100 * (1 - m.score(X_test, y_test == label)) for label, m in enumerate(models)]
    table = rows_below(text, f"Figure {number + 1}.")
    assert table["Class"] == ["Error (%)"]
    found = np.array([table[name][0] for name in [*map(str, range(10)), "Mean"]], dtype=float)
    np.testing.assert_allclose(found, [*errors, np.mean(errors)], atol=5.1e-3)
    norms = [np.linalg.norm(m.coef_) for m in models]
    by_distance = (combined.decision_function(X_test) / norms).argmax(axis=1)
    n_wrong = [np.sum(y_pred != y_test), np.sum(by_distance != y_test)]
    table = rows_below(text, f"Figure {number + 2}.")
    assert table[""] == ["By score", "By distance"]
    assert table["Erroneous"] == [str(n) for n in n_wrong]
    assert table["Successful"] == [str(len(y_test) - n) for n in n_wrong]
    assert table["Error rate (%)"] == [f"{100 * n / len(y_test):.2f}" for n in n_wrong]
    n_positive = np.sum([m.predict(X_test) for m in models], axis=0)
    masks = {"none": n_positive == 0, "several": n_positive > 1, "exactly one": n_positive == 1}
    for name, mask in masks.items():
        line = f"- {name}: {mask.sum()} of 540 test rows"
        if mask.any():
            line += f", error rate {100 * np.mean((y_pred != y_test)[mask]):.1f} %"
        assert line in text.split(f"**Figure {number + 2}.**")[1].splitlines()


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
    found = [[rows[-1] for rows in rows_below(text, f"Figure {n}.").values()] for n in (2, 3, 5, 6)]
    assert (found[0][9], found[0][-1], found[1][-1]) == ("11.35", "3.51", "15.8")
    assert (found[2][-1], found[3][1]) == ("3.19", "243")
