"""Labels of every kind: y, y_val and the classes of partial_fit."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_iris

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from tests.cases import estimators

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, three = load_iris(return_X_y=True)
X, y = X[:100], three[:100]
text = np.array(["a", "b"])[y]


def with_first(label, labels=y):
    return np.array([label, *labels[1:].tolist()], dtype=object)


HOMOGENEOUS = {
    "object of int": (y.astype(object), "int64"),
    "object of float": (y.astype(float).astype(object), "float64"),
    "object of bool": ((y == 0).astype(object), "bool"),
    "object of text": (text.astype(object), "<U1"),
    "object of NumPy's scalars": (np.array([np.int32(label) for label in y], object), "int32"),
    "object column": (y.astype(object)[:, np.newaxis][:, 0], "int64"),
    "row of a mixed frame": (pd.DataFrame({"y": y, "text": text}).to_numpy()[:, 0], "int64"),
    "Int64": (pd.Series(y, dtype="Int64"), "int64"),
    "boolean": (pd.Series(y == 0, dtype="boolean"), "bool"),
    "string": (pd.Series(text, dtype="string"), "<U1"),
    "category": (pd.Series(y).astype("category"), "int64"),
    "list": (y.tolist(), "int64"),
    "list of dates": (list(np.array(["2020", "2021"], "M8[D]")[y]), "<M8[D]"),
}


@pytest.mark.parametrize("name", HOMOGENEOUS)
@estimators()
def test_labels_of_one_type_have_its_dtype(case, name):
    labels, dtype = HOMOGENEOUS[name]
    model = case.model(n_epochs=3)
    for _ in range(2):
        model.partial_fit(X, labels, classes=labels)
        assert model.classes_.dtype == dtype
        model.fit(X, labels, X_val=X, y_val=labels)
        assert model.classes_.dtype == model.predict(X).dtype == dtype
        assert model.score(X, labels) == model.history_["val_accuracy"][-1] > 0.4


def test_labels_of_an_object_array_in_a_search():
    model = SoftmaxRegression(n_epochs=3)
    grid = {"lr": [0.01, 0.1], "class_weight": [None, "balanced", {1: 3}]}
    found, expected = (
        FusedGridSearchCV(model, grid, cv=[(range(0, 100, 2), range(1, 100, 2))])
        .fit(X, labels)
        .cv_results_["mean_test_score"]
        for labels in (y.astype(object), y)
    )
    np.testing.assert_array_equal(found, expected)


BAD = {
    "None": (with_first(None), "mixes labels that cannot be compared, of type NoneType and int"),
    "pd.NA": (with_first(pd.NA), "NAType and int.*leave out the rows without a label"),
    "pd.NaT": (with_first(pd.NaT), "NaTType and int"),
    "text and int": (with_first("a"), "int and str, in an array of dtype object.*astype.str"),
    "text and int in a list": (["a", *y[1:].tolist()], "int and str"),
    "bool and int": (with_first(True), "bool and int"),
    "NaN and text": (with_first(np.nan, text), "float and str"),
    "NaN": (np.where(y == 0, np.nan, y), "contains NaN.*leave out"),
    "NaN in an object array": (with_first(np.nan), "contains NaN"),
    "missing Int64": (pd.Series([pd.NA, *y[1:]], dtype="Int64"), "contains NaN"),
    "missing string": (pd.Series([pd.NA, *text[1:]], dtype="string"), "NAType and str"),
    "NaT": (np.array(["NaT", *["2020"] * 99], "M8[D]"), "contains NaN or NaT"),
    "None alone": ([None] * 100, "has labels of type NoneType"),
    "bytes": (text.astype("S"), "has labels of type bytes, in an array of dtype .S1"),
    "tuples": (pd.Series([(0, 1)] * 100).to_numpy(), "has labels of type tuple"),
    "infinity": (np.full(100, np.inf), "contains infinity"),
    "fractions": (X[:, 0], "Unknown label type: continuous.*such as 5.1.*use a regressor"),
    "fractions in an object array": (X[:, 0].astype(object), "such as 5.1"),
    "one-hot": (np.eye(2)[y], r"array of shape \(100, 2\) instead.*\.argmax\(axis=1\)"),
    "one-hot frame": (pd.get_dummies(y), r"\.argmax\(axis=1\)"),
    "one-hot list": (np.eye(2)[y].tolist(), r"\.argmax\(axis=1\)"),
    "sparse one-hot": (sparse.csr_array(np.eye(2)[y]), r"\.argmax\(axis=1\)"),
    "number": (10, r"1d array of labels, such as np.arange\(10\), got 10\."),
    "dict": (dict.fromkeys(range(100)), r"got \{0: None, 1: None, .{,30}\.\.\.\}\."),
}


CALLS = [
    ("y", lambda model, labels: model.fit(X, labels)),
    ("y", lambda model, labels: model.partial_fit(X, labels, classes=[0, 1])),
    ("y_val", lambda model, labels: model.fit(X, y, X_val=X, y_val=labels)),
    ("classes", lambda model, labels: model.partial_fit(X, y, classes=labels)),
]


@pytest.mark.parametrize("name", BAD)
@estimators()
def test_labels_that_are_no_classes(case, name):
    labels, message = BAD[name]
    for argument, call in CALLS:
        model = case.model(n_epochs=1)
        with pytest.raises(ValueError, match=rf"\b{argument} |^{argument}:") as caught:
            call(model, labels)
        assert caught.match(message)
        assert set(vars(model)) == set(model.get_params())


@pytest.mark.parametrize("name", ["text and int", "one-hot", "number"])
def test_labels_of_score(name):
    labels, message = BAD[name]
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(lr=0.1, n_epochs=1).fit(X, y).score(X, labels)
