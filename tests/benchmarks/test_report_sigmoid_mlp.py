"""The report on a sigmoid net with few and with many images."""

from itertools import product

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from benchmarks.reports import sigmoid_mlp
from sklearn_softmax import TwoLayerMLPClassifier
from tests.benchmarks.reports import lines_below, official_digits, run_report

LRS = (0.1, 0.3)
N_EPOCHS = 20


@pytest.fixture(scope="module", params=[None, 1497], ids=["shuffled", "official split"])
def report(request, tmp_path_factory):
    """Digits under the name of MNIST, and the text of their report."""
    dataset, out = official_digits("mnist", request.param), tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sigmoid_mlp, "LRS", LRS)
        monkeypatch.setattr(sigmoid_mlp, "N_EPOCHS", N_EPOCHS)
        text, _ = run_report(sigmoid_mlp, dataset, out, [1, 2, 3])
    return dataset, text


def rows_of(dataset):
    """Return training, validation and test rows, and their labels."""
    X, y = dataset.X, dataset.y
    if dataset.n_train:
        return [part for array in (X, y) for part in np.split(array, [1197, 1497])]
    options = {"test_size": 300, "random_state": 0}
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, **options)
    X_train, X_val, y_train, y_val = train_test_split(X, y, stratify=y, **options)
    return X_train, X_val, X_test, y_train, y_val, y_test


def test_accuracies_are_those_of_nets_fitted_anew(report):
    dataset, text = report
    X_train, X_val, X_test, y_train, y_val, y_test = rows_of(dataset)
    scores = {}
    for lr, n_train in product(LRS, (200, 1197)):
        net = TwoLayerMLPClassifier(hidden_size=64, lr=lr, batch_size=20, n_epochs=N_EPOCHS)
        net.set_params(activation="sigmoid", optimizer="sgd", momentum=0.0, random_state=0)
        net.fit(X_train[:n_train], y_train[:n_train])
        training = net.score(X_train[:n_train], y_train[:n_train])
        validation, test = net.score(X_val, y_val), net.score(X_test, y_test)
        scores[n_train, lr] = [training, validation, training - validation, test]
    assert scores[1197, 0.3][1] > scores[1197, 0.1][1]  # hence 0.3 is in table 2
    table_1 = np.array(lines_below(text, "Table 1.")[1:], dtype=float)
    expected = [[lr, *scores[1197, lr][:2]] for lr in LRS]
    np.testing.assert_allclose(table_1, expected, atol=5.1e-5)
    table_2 = np.array([line[:-1] for line in lines_below(text, "Table 2.")[1:]], dtype=float)
    expected = [[*key, *figures] for key, figures in scores.items()]
    np.testing.assert_allclose(table_2, expected, atol=5.1e-5)


def test_rows_and_published_figures_are_stated(report):
    dataset, text = report
    rows = "1197 images to train, 300 to validate and 300 to test, shuffled and with the same"
    if dataset.n_train:
        rows = "the last 300 training images to validate and the 300 test images to test"
    assert rows in text
    published = [line[-1] for line in lines_below(text, "Table 2.")]
    assert published == ["Published", "-", "0.90 to 0.91", "-", "0.94"]
