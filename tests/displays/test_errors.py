"""Errors of all Displays and of ``WeightHistory``: each names the value and what to use instead."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from sklearn_softmax import GDLogisticRegression, SoftmaxRegression, callbacks, displays
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE
from tests.displays.drawing import weight_history

X, y = load_iris(return_X_y=True)
MODEL = SoftmaxRegression(lr=0.1, n_epochs=2).fit(X, y)
SEARCH = GridSearchCV(SoftmaxRegression(), {"lr": [0.1]}, refit=False)
FITTED_SEARCH = clone(SEARCH).fit(X, y)
FOREST = RandomForestClassifier(2).fit(X, y)
BAGGING = BaggingClassifier(SoftmaxRegression(lr=0.1), n_estimators=2).fit(X, y)
BINARY = GDLogisticRegression(lr=0.1, n_epochs=2).fit(X, y == 0)
OTHER_CLASSES = {"all": GDLogisticRegression(lr=0.1).fit(X, y), "few": BINARY}
HISTORY, EMPTY = weight_history(4, 3, 2, n_snapshots=2), SimpleNamespace(every=1)
RESULTS = FITTED_SEARCH.cv_results_

curves = displays.TrainingCurveDisplay.from_estimator
weights = displays.WeightImagesDisplay.from_estimator
snapshots = displays.WeightImagesDisplay.from_history
parameters = displays.ParameterHistoryDisplay.from_history
results = displays.SearchResultsDisplay.from_cv_results
search = displays.SearchResultsDisplay.from_search
errors = displays.ClassErrorDisplay.from_estimator
predictions = displays.ClassErrorDisplay.from_predictions
sub_errors = displays.ClassErrorDisplay.from_sub_classifiers


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: curves(MODEL.history_), "TypeError: .* its entry 'epoch' is <.*ndarray'>: give"),
        (lambda: curves([MODEL.history_]), "TypeError: .* its entry 0 is .* not .* its history_"),
        (lambda: curves(type(MODEL)), "TypeError: .* it is the class SoftmaxRegression"),
        (lambda: curves(EMPTY), "TypeError: .* it is <class 'types.SimpleN.* or its callback"),
        (lambda: curves({}), "ValueError: estimators is empty"),
        (lambda: curves(SEARCH), "NotFittedError: This GridSearchCV has no .*: fit it first"),
        (lambda: curves(FITTED_SEARCH), "NotFittedError: This fitted Grid.* needs refit=True"),
        (lambda: curves(BAGGING), "NotFittedError: This fitted Bagging.* the list estimators_"),
        (lambda: curves(MODEL, metrics="val_loss"), "ValueError: .* 'val_loss', .* fit with X_val"),
        (lambda: curves(MODEL, metrics="f1"), r"ValueError: .* 'f1', but .* \['step_loss', 'lr',"),
        (lambda: curves(MODEL, metrics=()), "ValueError: metrics is empty"),
        (lambda: curves(MODEL, window=0), "ValueError: window must be at least 1 step, got 0"),
        (lambda: curves(MODEL, ax=Figure()), "TypeError: ax must be .* Axes, got Figure: give the"),
        (lambda: curves(MODEL, ax=Figure().subplots()), "ValueError: ax holds 1 axes, but 2 are n"),
        (lambda: weights(FOREST, (2, 2)), "NotFittedError: This fitted Decision.* a linear model"),
        (lambda: weights(MODEL, (2, 2), titles="a"), "ValueError: titles has 1 entries for 3 im"),
        (lambda: weights(MODEL, (2, 2), scale="row"), "ValueError: scale must be .* got 'row'"),
        (lambda: weights(MODEL, (2, 2), threshold=75), "ValueError: threshold .* None, got 75"),
        (lambda: weights(MODEL, (2, 2), threshold=-1), "ValueError: threshold .* None, got -1"),
        (lambda: weights(MODEL, (2, 2), n_columns=0), "ValueError: n_columns must be at least 1"),
        (lambda: snapshots(HISTORY, (2, 2), epochs=[5]), r"ValueError: .* those kept: \[0, 10\]"),
        (lambda: snapshots(HISTORY, (2, 2), epochs=[]), r"ValueError: .* those kept: \[0, 10\]"),
        (lambda: snapshots(EMPTY, (2, 2)), "NotFittedError: .* has kept no parameters"),
        (lambda: parameters(EMPTY), "NotFittedError: .* has kept no parameters: fit a classifier"),
        (lambda: parameters(HISTORY, layer=2), "ValueError: layer=2 is not .* 2 layers, 0 to 1"),
        (lambda: parameters(HISTORY, layer=-3), "ValueError: layer=-3 is not one of the 2 layers"),
        (lambda: parameters(MODEL), "TypeError: .* a WeightHistory .*: give the callback"),
        (lambda: parameters(type(MODEL)), "TypeError: .*, got SoftmaxRegression: give"),
        (lambda: results(RESULTS, parameter="C"), r"ValueError: 'C' does not name .* \['lr'\]"),
        (lambda: results(RESULTS, parameter="lr", lines="C"), "ValueError: 'C' does not name"),
        (lambda: results(RESULTS, lines="lr"), "ValueError: lines='lr' needs a parameter"),
        (lambda: results(RESULTS, metric="f1"), r"ValueError: .*'f1' does not .*\['score'\]"),
        (lambda: results(SEARCH), r"TypeError: .* GridSearchCV: give search\.cv_results_"),
        (lambda: search(SEARCH), "NotFittedError: .* GridSearchCV has no `cv_results_`: give"),
        (lambda: errors(SoftmaxRegression(), X, y), "NotFittedError: This SoftmaxRegression"),
        (lambda: predictions([0, 1], [0, 1, 1]), "ValueError: .* inconsistent numbers of samples"),
        (lambda: sub_errors(BINARY, X, y == 0), "ValueError: .* for each of its 2 classes: use fr"),
        (lambda: sub_errors(OTHER_CLASSES, X, y), r"ValueError: .* 'few' has the classes \[False"),
    ],
)
def test_error_names_the_value_and_a_remedy(draw, match, pyplot):
    with pytest.raises((TypeError, ValueError)) as error:
        draw()
    assert re.match(match, f"{type(error.value).__name__}: {error.value}")
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("n_features", "remedy"),
    [(64, r"such as \(8, 8\)\.$"), (192, r"such as \(8, 8, 3\)\.$"), (60, r"with 60 features\.$")],
)
def test_error_for_an_image_shape_suggests_another(n_features, remedy):
    options = {"weights": {"": np.ones((3, n_features))}, "titles": {"": None}}
    for shape in (8, (8,), (8, -1), (0, 64), (8.0, 8), (4, 4, 4), "8x8", None):
        with pytest.raises(ValueError, match=rf"must be \(height, width\).* got .*{remedy}"):
            displays.WeightImagesDisplay(image_shape=shape, **options)
    with pytest.raises(ValueError, match=rf"=\(28, 28\) has 784 pixels, but there are .*{remedy}"):
        displays.WeightImagesDisplay(image_shape=(28, 28), **options)


@pytest.mark.skipif(not CALLBACKS_AVAILABLE, reason="callbacks came in scikit-learn 1.9")
def test_errors_of_weight_history(tmp_path, pyplot):
    for every in (0, -1, 2.5, "all", True, None):
        with pytest.raises(ValueError, match="every must be an int of at least 1 epoch, got"):
            callbacks.WeightHistory(every)
    history = callbacks.WeightHistory()
    with pytest.raises(ValueError, match="layer_sizes must begin with the inputs"):
        history.memory_needed((784,), n_epochs=10)
    with pytest.raises(NotFittedError, match=r"WeightHistory\(every=1\) has kept no parameters"):
        history.animate((2, 2))
    with pytest.raises(TypeError, match="not of GridSearchCV: call set_callbacks on"):
        GridSearchCV(SoftmaxRegression(), {"lr": [1]}).set_callbacks(history).fit(X, y)
    SoftmaxRegression(lr=0.1, n_epochs=2).set_callbacks(history).fit(X, y)
    for value in (-1, np.nan, np.inf, True, "100", None):
        with pytest.raises(ValueError, match=f"interval must be 1 milliseconds .*, got {value!r}"):
            history.animate((2, 2), interval=value)
        with pytest.raises(ValueError, match="pause must be 0 milliseconds or more, got"):
            history.animate((2, 2), pause=value)
    with pytest.raises(ValueError, match="interval must be 1 milliseconds or more, got 0"):
        history.animate((2, 2), interval=0)
    for image_shape in ((2.0, 2), (3, 3)):
        for draw in (history.animate, lambda shape: history.save_frames(tmp_path / "a", shape)):
            with pytest.raises(ValueError, match=r"image_shape.*, such as \(2, 2\)"):
                draw(image_shape)
    assert not list(tmp_path.iterdir())
    assert not pyplot.get_fignums()


def test_error_of_weight_history_before_scikit_learn_1_9(monkeypatch):
    monkeypatch.setattr(callbacks, "CALLBACKS_AVAILABLE", False)
    with pytest.raises(ImportError, match=r"needs the callbacks of scikit-learn 1.9 or later; ins"):
        callbacks.WeightHistory()
