"""Names and weights that Displays read from estimators."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import (
    BinaryPerceptron,
    ClassErrorDisplay,
    WeightImagesDisplay,
)
from sklearn_softmax.displays._models import input_weights
from tests.displays.drawing import texts

X, y = load_iris(return_X_y=True)
SHAPE = {"image_shape": (2, 2)}


@pytest.mark.parametrize(
    ("binary", "constant", "value"),
    [(BinaryPerceptron(n_epochs=2), [1], 0), (SGDClassifier(random_state=0), [0, 1, 2], 1)],
)
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
def test_labels_of_one_value_have_weights_of_zero(binary, constant, value, pyplot):
    labels = (y[:, np.newaxis] == range(3)).astype(int)
    labels[:, constant] = value
    model = OneVsRestClassifier(binary).fit(X, labels)
    weights = input_weights(model)
    assert weights.shape == (3, 4)
    np.testing.assert_array_equal(~weights.any(axis=1), np.isin(range(3), constant))
    display = WeightImagesDisplay.from_estimator(model, (2, 2))
    assert texts(display.texts_[0]) == ["0", "1", "2"]


@pytest.mark.filterwarnings("ignore:Label not 1 is present in all training examples")
def test_error_rate_of_a_sub_classifier_for_a_label_of_one_value(pyplot):
    model = OneVsRestClassifier(BinaryPerceptron(n_epochs=2)).fit(
        X, np.eye(3, dtype=int)[y] * [1, 0, 1]
    )
    display = ClassErrorDisplay.from_sub_classifiers(model, X, y)
    assert display.errors["OneVsRestClassifier"][1] == pytest.approx(1 / 3)


@pytest.mark.parametrize("is_one_vs_rest", [False, True])
def test_sparse_weights_become_dense(is_one_vs_rest):
    model = SGDClassifier(random_state=0)
    model = (OneVsRestClassifier(model) if is_one_vs_rest else model).fit(X, y)
    expected = input_weights(model)
    for sub_model in model.estimators_ if is_one_vs_rest else [model]:
        sub_model.sparsify()
    weights = input_weights(model)
    assert type(weights) is np.ndarray
    np.testing.assert_array_equal(weights, expected)
