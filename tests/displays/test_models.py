"""What Displays read from estimators."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import BinaryPerceptron, ClassErrorDisplay, WeightImagesDisplay
from sklearn_softmax.displays._models import input_weights

X, y = load_iris(return_X_y=True)


@pytest.mark.parametrize("binary", [BinaryPerceptron(n_epochs=2), SGDClassifier(random_state=0)])
@pytest.mark.parametrize("constant", [[0], [1], [2], [0, 1, 2]])
@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.filterwarnings("ignore:Label not .* is present in all training examples")
def test_labels_of_one_value_have_zeros_for_weights(binary, constant, value, pyplot):
    labels = (y[:, np.newaxis] == range(3)).astype(int)
    labels[:, constant] = value
    model = OneVsRestClassifier(binary).fit(X, labels)
    weights = input_weights(model)
    assert weights.shape == (3, 4)
    np.testing.assert_array_equal(~weights.any(axis=1), np.isin(range(3), constant))
    display = WeightImagesDisplay.from_estimator(model, (2, 2))
    assert [text.get_text() for text in display.texts_[0]] == ["0", "1", "2"]


@pytest.mark.parametrize("is_one_vs_rest", [False, True])
def test_sparse_weights(is_one_vs_rest, pyplot):
    model = SGDClassifier(random_state=0)
    model = (OneVsRestClassifier(model) if is_one_vs_rest else model).fit(X, y)
    expected = input_weights(model)
    for part in model.estimators_ if is_one_vs_rest else [model]:
        part.sparsify()
    weights = input_weights(model)
    assert type(weights) is np.ndarray
    np.testing.assert_array_equal(weights, expected)
    WeightImagesDisplay.from_estimator(model, (2, 2)).figure_.canvas.draw()


@pytest.mark.filterwarnings("ignore:Label not 1 is present in all training examples")
def test_sub_classifiers_of_one_value(pyplot):
    model = OneVsRestClassifier(BinaryPerceptron(n_epochs=2)).fit(
        X, np.eye(3, dtype=int)[y] * [1, 0, 1]
    )
    display = ClassErrorDisplay.from_sub_classifiers(model, X, y)
    assert display.errors["OneVsRestClassifier"][1] == pytest.approx(1 / 3)
