"""The report on a sigmoid net with few and with many images."""

import numpy as np
import pytest

from benchmarks.reports import sigmoid_mlp
from sklearn_softmax import TwoLayerMLPClassifier
from tests.benchmarks.reports import assert_complete, lines_below, official_digits

LRS = (0.1, 0.3)
N_EPOCHS = 20


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Directory, text and experiment for digits under the name of MNIST with two rates."""
    out = tmp_path_factory.mktemp("report") / "new" / "directory"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(sigmoid_mlp, "LRS", LRS)
        monkeypatch.setitem(sigmoid_mlp.SETTINGS, "mnist", sigmoid_mlp.SETTINGS["digits"])
        dataset = official_digits("mnist", 1497)
        experiment = sigmoid_mlp.run(dataset, out, n_jobs=1, n_epochs=N_EPOCHS)
    return out, (out / "sigmoid_mlp.md").read_text(), experiment


@pytest.fixture(scope="module")
def scores(report):
    """Training accuracy, validation accuracy, gap and test accuracy of nets fitted anew."""
    parts, found = report[2].parts, {}
    for n_train in (200, 1197):
        for lr in LRS:
            X_train, y_train = parts.X_train[:n_train], parts.y_train[:n_train]
            net = TwoLayerMLPClassifier(
                hidden_size=64, activation="sigmoid", optimizer="sgd", momentum=0.0, lr=lr
            )
            net.set_params(batch_size=20, n_epochs=N_EPOCHS, random_state=0).fit(X_train, y_train)
            training, validation = net.score(X_train, y_train), net.score(parts.X_val, parts.y_val)
            test = net.score(parts.X_test, parts.y_test)
            found[n_train, lr] = [training, validation, training - validation, test]
    return found


def test_report_is_complete(report):
    assert_complete(report[0], "sigmoid_mlp", [1, 2, 3])


def test_accuracies_are_those_of_nets_fitted_anew(report, scores):
    _, text, experiment = report
    for lr, *found in lines_below(text, "Table 1.")[1:]:
        expected = scores[1197, float(lr)][:2]
        np.testing.assert_allclose(np.array(found, dtype=float), expected, atol=5.1e-5)
    assert experiment.best_lr == max(LRS, key=lambda lr: scores[1197, lr][1]) == 0.3
    lines = lines_below(text, "Table 2.")[1:]
    sizes = [(int(line[0]), float(line[1])) for line in lines]
    assert sizes == [(200, 0.1), (1197, 0.1), (200, 0.3), (1197, 0.3)]
    for size, line in zip(sizes, lines):
        found = np.array(line[2:6], dtype=float)
        np.testing.assert_allclose(found, scores[size], atol=5.1e-5)


def test_more_images_raise_the_accuracy_and_narrow_the_gap(scores):
    few, many = scores[200, 0.1], scores[1197, 0.1]
    assert many[1] > few[1]
    assert many[2] < few[2]


def test_published_figures_are_next_to_those_found(report):
    published = [line[-1] for line in lines_below(report[1], "Table 2.")]
    assert published == ["Published", "-", "0.90 to 0.91", "-", "0.94"]


def test_settings_are_those_of_the_original_report():
    settings = sigmoid_mlp.SETTINGS["mnist"]
    assert (settings.n_few, settings.n_val) == (2_000, 10_000)
    assert (sigmoid_mlp.HIDDEN_SIZE, sigmoid_mlp.N_EPOCHS) == (64, 100)
    assert sigmoid_mlp.DEFAULT_LR in sigmoid_mlp.LRS
