"""Labels of every type in y, y_val, classes and class_weight; invalid ones: test_invalid_data."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.class_weight import compute_class_weight

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from tests.cases import estimators, parameters

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = (array[:100] for array in load_iris(return_X_y=True))
text = np.array(["a", "b"])[y]

LABELS = {
    "object of int": (y.astype(object), "int64"),
    "object of float": (y.astype(float).astype(object), "float64"),
    "object of bool": (y.astype(bool).astype(object), "bool"),
    "object of text": (text.astype(object), "<U1"),
    "object of NumPy's scalars": (np.array([np.int32(label) for label in y], object), "int32"),
    "row of a mixed frame": (pd.DataFrame({"y": y, "text": text}).to_numpy()[:, 0], "int64"),
    "Int64": (pd.Series(y, dtype="Int64"), "int64"),
    "boolean": (pd.Series(y, dtype="boolean"), "bool"),
    "negative floats": (2.0 * y - 5, "float64"),
    "uint8": ((y + 250).astype(np.uint8), "uint8"),
    "text of several lengths": (np.array(["a", "bb"])[y], "<U2"),
    "string": (pd.Series(text, dtype="string"), "<U1"),
    "category": (pd.Series(y).astype("category"), "int64"),
    "list": (y.tolist(), "int64"),
    "list of dates": (list(np.array(["2020", "2021"], "M8[D]")[y]), "<M8[D]"),
}


@pytest.mark.parametrize("name", LABELS)
@estimators()
def test_labels_of_any_type_train_the_same_model(case, name):
    labels, dtype = LABELS[name]
    others, expected = list(labels), case.model(n_epochs=2).fit(X, y)
    model = case.model(n_epochs=2)
    for _ in range(2):
        model.partial_fit(X, labels, classes=others)
        assert model.classes_.dtype == dtype
        model.fit(X, labels, X_val=X, y_val=others)
        assert model.classes_.dtype == model.predict(X).dtype == dtype
        assert model.score(X, labels) == model.history_["val_accuracy"][-1] > 0.4
        np.testing.assert_array_equal(parameters(model), parameters(expected))


TWO_LABELS = [
    np.array([0, 1]),
    np.array(["0", "1"]),
    np.array(["01", "1"]),
    np.array(["0", "1"], dtype=object),
    np.array([0.0, 1.0]),
    np.array([False, True]),
]


def weighted_fits(case, labels, class_weight):
    """Return the parameters after fit, and after two calls of partial_fit; one lacks a class."""
    model = case.model(n_epochs=2, class_weight=class_weight)
    stream = case.model(class_weight=class_weight)
    for batch in (slice(0, 50), slice(30, 100)):
        stream.partial_fit(X[batch], labels[batch], classes=labels)
    return parameters(model.fit(X, labels)), parameters(stream)


@pytest.mark.parametrize("labels", TWO_LABELS, ids=repr)
@estimators()
def test_keys_of_class_weights_are_labels(case, labels):
    expected = weighted_fits(case, y, {0: 1, 1: 5})
    equal = weighted_fits(case, y, None)
    assert not np.array_equal(expected[0], equal[0])
    for weights in ({labels[1]: 5}, {labels.tolist()[1]: 5}, dict(zip(labels, [1, 5]))):
        np.testing.assert_equal(weighted_fits(case, labels[y], weights), expected)
    balanced = compute_class_weight("balanced", classes=labels, y=labels[y])
    np.testing.assert_allclose(balanced, 1)
    found = weighted_fits(case, labels[y], dict(zip(labels, balanced)))
    np.testing.assert_equal(found, equal)


def test_searches_accept_object_labels_and_class_weights_of_text():
    model = SoftmaxRegression(n_epochs=3, random_state=0)

    def scores(labels, class_weights):
        grid = {"lr": [0.01, 0.1], "class_weight": class_weights}
        cv = [(range(0, 100, 2), range(1, 100, 2))]
        return FusedGridSearchCV(model, grid, cv=cv).fit(X, labels).cv_results_["mean_test_score"]

    expected = scores(y, ["balanced", {0: 5}, {1: 2}, None])
    for labels, keys in ((y.astype(object), (0, 1)), (y.astype(str), ("0", "1"))):
        found = scores(labels, ["balanced", {keys[0]: 5}, {keys[1]: 2}, None])
        np.testing.assert_array_equal(found, expected)
