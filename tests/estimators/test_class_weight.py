"""Class weights are those of the labels, whatever these look like."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils.class_weight import compute_class_weight

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from tests.cases import estimators, parameters

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
X, y = X[:100], y[:100]
LABELS = {
    "int": np.array([0, 1]),
    "text of numbers": np.array(["0", "1"]),
    "text equal as numbers": np.array(["01", "1"]),
    "object": np.array(["0", "1"], dtype=object),
    "float": np.array([0.0, 1.0]),
    "bool": np.array([False, True]),
}


def weighted_fits(case, labels, class_weight):
    """A model after fit, and one after two batches of partial_fit of which one lacks a class."""
    model = case.model(n_epochs=3, class_weight=class_weight)
    streamed = case.model(class_weight=class_weight)
    for batch in (slice(0, 50), slice(30, 100)):
        streamed.partial_fit(X[batch], labels[batch], classes=labels)
    return parameters(model.fit(X, labels)), parameters(streamed)


@pytest.mark.parametrize("name", LABELS)
@estimators()
def test_keys_are_the_labels(case, name):
    labels = LABELS[name]
    expected = weighted_fits(case, y, {0: 1, 1: 5})
    assert not np.array_equal(expected[0], weighted_fits(case, y, None)[0])
    keys = labels[1], labels.tolist()[1]
    for weights in (*({key: 5} for key in keys), dict(zip(labels, [1, 5]))):
        np.testing.assert_equal(weighted_fits(case, labels[y], weights), expected)
    balanced = dict(zip(labels, compute_class_weight("balanced", classes=labels, y=labels[y])))
    np.testing.assert_equal(
        weighted_fits(case, labels[y], balanced), weighted_fits(case, y, {0: 1, 1: 1})
    )


@pytest.mark.parametrize("key", ["2", 0, 0.0, None])
@estimators()
def test_key_that_is_no_label(case, key):
    labels = y.astype(str)
    model = case.model(class_weight={"1": 2, key: 5})
    message = rf"keys that are not labels: \[{key!r}\]. The labels are \['0', '1'\]"
    with pytest.raises(ValueError, match=message):
        model.fit(X, labels)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, labels, classes=labels)


@estimators()
def test_class_that_is_missing_in_the_rows_of_a_fold(case):
    weights = {"0": 1, "1": 2, "2": 3}
    case.model(n_epochs=1, class_weight=weights).fit(X, y.astype(str))


@pytest.mark.parametrize("value", ["5", None, 1j, [2]])
@estimators()
def test_value_that_is_no_number(case, value):
    with pytest.raises(ValueError, match="class_weight must be finite and not negative"):
        case.model(class_weight={"0": value}).fit(X, y.astype(str))


def test_search_over_class_weights_of_text():
    labels, grid = y.astype(str), {"lr": [0.01, 0.1]}
    model = SoftmaxRegression(n_epochs=3, random_state=0)
    searches = [
        FusedGridSearchCV(model, grid | {"class_weight": weights}, cv=3).fit(X, targets)
        for weights, targets in (([{"0": 5}, {"1": 2}, None], labels), ([{0: 5}, {1: 2}, None], y))
    ]
    found, expected = (search.cv_results_["mean_test_score"] for search in searches)
    np.testing.assert_array_equal(found, expected)
