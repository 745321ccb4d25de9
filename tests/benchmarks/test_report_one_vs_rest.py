"""The report on one-vs-rest perceptrons and logistic regressions."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from benchmarks import datasets
from benchmarks.reports import one_vs_rest
from benchmarks.reports.command import main
from sklearn_softmax import BinaryPerceptron, GDLogisticRegression
from tests.benchmarks.reports import assert_complete, official_digits, rows_below

PERCEPTRON = {"n_epochs": 3, "lr_decay": 0.5}
LOGISTIC_REGRESSION = {"n_epochs": 5, "lr": 0.1, "batch_size": 32}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """Texts of reports on digits, shuffled and with an official split, after a few epochs."""
    texts = {}
    for name, n_train in (("digits", None), ("mnist", 1300)):
        out = tmp_path_factory.mktemp("report") / "new" / "directory"
        with pytest.MonkeyPatch.context() as monkeypatch:
            dataset = official_digits(name, n_train)
            monkeypatch.setattr(datasets, "load", lambda *args, dataset=dataset: dataset)
            monkeypatch.setattr(one_vs_rest, "N_TRAIN", 1000)
            monkeypatch.setattr(one_vs_rest, "N_TEST", 400)
            monkeypatch.setattr(one_vs_rest, "PERCEPTRON", PERCEPTRON)
            monkeypatch.setitem(one_vs_rest.LOGISTIC_REGRESSION, name, LOGISTIC_REGRESSION)
            main(["one_vs_rest", "--data", name, "--out", str(out), "--n-jobs", "1"])
        assert_complete(out, "one_vs_rest", [1, 4, 2, 3, 5, 6])
        texts[name] = (out / "one_vs_rest.md").read_text()
    return texts


@pytest.mark.parametrize("name", ["digits", "mnist"])
@pytest.mark.parametrize(
    ("number", "model"),
    [(1, BinaryPerceptron(**PERCEPTRON)), (4, GDLogisticRegression(**LOGISTIC_REGRESSION))],
    ids=["perceptrons", "logistic regressions"],
)
def test_errors_are_those_of_models_fitted_anew(texts, name, number, model):
    digits, text = datasets.load("digits"), texts[name]
    X, y = digits.X, digits.y
    X_train, X_test, y_train, y_test = (
        train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
        if name == "digits"
        else (X[:1000], X[1300:1700], y[:1000], y[1300:1700])
    )
    combined = OneVsRestClassifier(model.set_params(random_state=0)).fit(X_train, y_train)
    models, y_pred = combined.estimators_, combined.predict(X_test)
    errors = [100 * (1 - m.score(X_test, y_test == label)) for label, m in enumerate(models)]
    table = rows_below(text, f"Figure {number + 1}.")
    assert table["Class"][0] == "Error (%)"
    found = np.array([table[name][0] for name in [*map(str, range(10)), "Mean"]], dtype=float)
    np.testing.assert_allclose(found, [*errors, np.mean(errors)], atol=5.1e-3)
    norms = [np.linalg.norm(m.coef_) for m in models]
    by_distance = (combined.decision_function(X_test) / norms).argmax(axis=1)
    n_wrong = [np.sum(y_pred != y_test), np.sum(by_distance != y_test)]
    table = rows_below(text, f"Figure {number + 2}.")
    assert table[""][:2] == ["By score", "By distance"]
    assert table["Erroneous"][:2] == [str(n) for n in n_wrong]
    assert table["Successful"][:2] == [str(len(y_test) - n) for n in n_wrong]
    assert table["Error rate (%)"][:2] == [f"{100 * n / len(y_test):.2f}" for n in n_wrong]
    n_positive = np.sum([m.predict(X_test) for m in models], axis=0)
    masks = {"none": n_positive == 0, "several": n_positive > 1, "exactly one": n_positive == 1}
    for kind, mask in masks.items():
        line = f"- {kind}: {mask.sum()} of {len(y_test)} test rows"
        if mask.any():
            line += f", error rate {100 * np.mean((y_pred != y_test)[mask]):.1f} %"
        assert line in text.split(f"**Figure {number + 2}.**")[1].splitlines()


def test_published_figures_are_next_to_those_found(texts):
    text = texts["mnist"]
    assert "the first 1000 training images, and the first 400 test images to test" in text
    contradiction = "states a mean of 3.51 %; its ten figures above have a mean of 3.90 %"
    assert text.count("states a mean of") == text.count(contradiction) == 1
    found = [[rows[-1] for rows in rows_below(text, f"Figure {n}.").values()] for n in (2, 3, 5, 6)]
    assert (found[0][9], found[0][-1], found[1][-1]) == ("11.35", "3.51", "15.8")
    assert (found[2][-1], found[3][1]) == ("3.19", "243")


def test_published_figures_of_other_data_are_omitted(texts):
    text = texts["digits"]
    assert "1257 images to train and 540 to test, shuffled and with the same class shares" in text
    assert "not comparable, so they are omitted; `--data mnist` adds them" in text
    assert "published)" not in text.lower()
    assert "states a mean of" not in text
