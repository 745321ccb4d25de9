"""Conversion of fitted models to scikit-learn's estimators, which predict the same."""

import pickle
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
    to_sklearn,
)

X, y = load_iris(return_X_y=True)
SHORT = {"lr": 0.1, "n_epochs": 5, "batch_size": 16, "random_state": 0}
SOFTMAX = SoftmaxRegression(reg_param=0.5, **SHORT)
LOGISTIC = GDLogisticRegression(reg_param=0.5, **SHORT)
PERCEPTRON = BinaryPerceptron(random_state=0)
NET = TwoLayerMLPClassifier(hidden_size=8, dropout=0.2, **SHORT)
# Estimators with numbers of classes and the types of their conversions.
CONVERSIONS = [
    (SOFTMAX, 2, LogisticRegression),
    (clone(SOFTMAX).set_params(fit_intercept=False), 3, LogisticRegression),
    (LOGISTIC, 2, LogisticRegression),
    (clone(LOGISTIC).set_params(class_weight={2: 3}), 3, OneVsRestClassifier),
    (PERCEPTRON, 2, Perceptron),
    (clone(PERCEPTRON).set_params(average=True, batch_size=8), 2, Perceptron),
    (SoftmaxRegression(**SHORT), 3, LogisticRegression),
    (TwoLayerMLPClassifier(hidden_size=8, random_state=0), 3, MLPClassifier),
    (TwoLayerMLPClassifier(hidden_size=(7, 5), activation="tanh", **SHORT), 2, MLPClassifier),
    (TwoLayerMLPClassifier(hidden_size=4, activation="sigmoid", **SHORT), 3, MLPClassifier),
    (NET, 3, MLPClassifier),
    (OneVsRestClassifier(PERCEPTRON), 3, OneVsRestClassifier),
    (OneVsRestClassifier(NET), 3, OneVsRestClassifier),
    (OneVsRestClassifier(make_pipeline(MinMaxScaler(), SOFTMAX)), 3, OneVsRestClassifier),
    (make_pipeline(StandardScaler(), LOGISTIC), 3, Pipeline),
    (make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), NET)), 2, Pipeline),
]
conversions = pytest.mark.parametrize(("estimator", "n_classes", "kind"), CONVERSIONS, ids=str)


def fit(estimator, n_classes=3, labels=None, dtype=np.float64):
    """Return a model of the first classes of iris and its rows."""
    chosen = y < n_classes
    targets = y[chosen] if labels is None else np.asarray(labels)[y[chosen]]
    rows = X[chosen].astype(dtype)
    return clone(estimator).fit(rows, targets), rows


def check_predictions(model, converted, rows, tolerance=1e-12):
    """Check that two models predict the same, by all methods that both have."""
    expected, classes = model.predict(rows), converted.predict(rows)
    assert classes.dtype == expected.dtype
    np.testing.assert_array_equal(classes, expected)
    methods = [m for m in ("predict_proba", "decision_function") if hasattr(converted, m)]
    assert methods
    for method in methods:
        values, expected = getattr(converted, method)(rows), getattr(model, method)(rows)
        assert values.dtype == expected.dtype or isinstance(model, OneVsRestClassifier)
        np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)


@conversions
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_conversion_predicts_the_same_without_this_package(
    estimator, n_classes, kind, dtype, tolerance
):
    frame = pd.DataFrame(X, columns=list("abcd"), dtype=dtype)[y < n_classes]
    model = clone(estimator).fit(frame, y[y < n_classes])
    converted = to_sklearn(model)
    assert type(converted) is kind
    assert b"sklearn_softmax" not in pickle.dumps(converted)
    check_predictions(model, converted, frame, tolerance)
    assert converted.n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names should match"):
        converted.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.parametrize("constant", [0, 1])
@pytest.mark.parametrize(
    ("estimator", "columns"),
    [
        *product([SOFTMAX, PERCEPTRON, NET], [[2], [0, 1, 2]]),
        # scikit-learn uses the methods of the first label, which here has more than nets.
        *product([SOFTMAX, LOGISTIC], [[0], [0, 2]]),
    ],
    ids=str,
)
def test_multi_label_model_with_constant_labels(estimator, columns, constant):
    rows, labels = StandardScaler().fit_transform(X), np.eye(3, dtype=int)[y]
    labels[:, columns] = constant
    model = OneVsRestClassifier(clone(estimator)).fit(rows, labels)
    converted = to_sklearn(model)
    assert b"sklearn_softmax" not in pickle.dumps(converted)
    assert not {*map(id, converted.estimators_)} & {*map(id, model.estimators_)}
    check_predictions(model, converted, rows)


@pytest.mark.filterwarnings("ignore:Label not a is present in all training examples")
def test_one_vs_rest_classifier_of_a_single_class():
    model = OneVsRestClassifier(clone(SOFTMAX)).fit(X, np.full(150, "a"))
    assert set(to_sklearn(model).predict(X)) == {"a"}


@pytest.mark.parametrize(
    "labels",
    [
        ["setosa", "versicolor", "virginica"],
        np.array(["a", "b", "c"], dtype=object),
        [False, True],
        np.array([3, 5, 8], dtype=np.int8),
        [-1.0, 0.0, 2.0],
    ],
    ids=str,
)
@pytest.mark.parametrize("estimator", [SOFTMAX, LOGISTIC, NET, PERCEPTRON], ids=str)
def test_conversion_keeps_labels_of_any_type(estimator, labels):
    model, rows = fit(estimator, 2 if estimator is PERCEPTRON else len(labels), labels)
    converted = to_sklearn(model)
    assert converted.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(converted.classes_, model.classes_)
    check_predictions(model, converted, rows)
    check_predictions(model, converted, sparse.csr_array(rows))


# scikit-learn 1.8 warns of C=np.inf, although its documentation recommends it.
infinite_C = pytest.mark.filterwarnings("ignore:Setting penalty=None:UserWarning")


@infinite_C
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@conversions
def test_changes_of_conversion_do_not_change_the_model(estimator, n_classes, kind):
    model, rows = fit(estimator, n_classes)
    before = pickle.dumps(model)
    converted = to_sklearn(model)
    if hasattr(converted, "partial_fit"):
        converted.partial_fit(rows, y[y < n_classes][::-1])
    for value in vars(converted).values():
        if isinstance(value, np.ndarray):
            value[...] = value.flat[0]
    converted.fit(2 * rows, y[y < n_classes])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "estimator", [SoftmaxRegression(), GDLogisticRegression(fit_intercept=False)], ids=str
)
def test_logistic_regression_has_the_optimum_of_the_model(estimator, n_classes):
    options = {"reg_param": 2.0, "optimizer": "lbfgs", "tol": 1e-8}
    model, rows = fit(estimator.set_params(**options), n_classes)
    trained = clone(to_sklearn(model)).fit(rows, y[y < n_classes])
    difference = trained.predict_proba(rows) - model.predict_proba(rows)
    assert np.max(np.abs(difference)) < 1e-3


@infinite_C
def test_model_without_penalty_has_infinite_C():
    model, rows = fit(SoftmaxRegression(**SHORT))
    converted = to_sklearn(model)
    assert np.isposinf(converted.C)
    # A parameter that scikit-learn has deprecated would raise a warning.
    clone(converted).set_params(max_iter=1000).fit(rows, y)


def test_perceptron_of_scikit_learn_has_the_same_training():
    model, rows = fit(BinaryPerceptron(shuffle=False, lr=0.5, class_weight={0: 2}), 2)
    converted = to_sklearn(model)
    assert converted.t_ == model.n_iter_ * len(rows) + 1
    np.testing.assert_array_equal(clone(converted).fit(rows, y[y < 2]).coef_, model.coef_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_conversion_of_net_keeps_parameters():
    model, _ = fit(clone(NET).set_params(optimizer="sgd", momentum=0.5))
    expected = {"hidden_layer_sizes": (8,), "batch_size": 16, "solver": "sgd", "momentum": 0.5}
    expected |= {"learning_rate_init": 0.1, "max_iter": 5, "random_state": 0, "t_": 5 * 10 * 16}
    assert expected.items() <= vars(to_sklearn(model)).items()


@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger than sample size")
@pytest.mark.parametrize("hidden_size", [5, (6, 4)])
@pytest.mark.parametrize("batch_size", [10, 50, 150, 200, 1000])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-6)])
def test_steps_of_penalised_net_are_those_of_mlp(hidden_size, batch_size, dtype, tolerance):
    net = TwoLayerMLPClassifier(**SHORT, hidden_size=hidden_size, shuffle=False, reg_param=20.0)
    net.set_params(optimizer="sgd", momentum=0.0, lr=0.01, batch_size=batch_size)
    model, rows = fit(net, dtype=dtype)
    converted = to_sklearn(model).partial_fit(rows, y)
    model.partial_fit(rows, y)
    for theirs, ours in zip(converted.coefs_, model.coefs_):
        np.testing.assert_allclose(theirs, ours, atol=tolerance)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("params", "n_samples"),
    [
        ({"reg_param": 0.0}, 150),
        ({"early_stopping": True}, 135),
        ({"class_weight": {0: 5}}, 350),
        ({"class_weight": "balanced", "optimizer": "sgd"}, 150),
        ({"batch_size": 2, "optimizer": "lbfgs", "dropout": 0.0}, 2),
        ({"batch_size": 10_000}, 10_000),
    ],
    ids=str,
)
def test_alpha_of_mlp_is_penalty_per_batch(params, n_samples):
    model, _ = fit(clone(NET).set_params(**{"reg_param": 0.5, **params}))
    expected = model.reg_param * model.batch_size / n_samples
    np.testing.assert_allclose(to_sklearn(model).alpha, expected, rtol=1e-12)


@pytest.mark.parametrize("search", [GridSearchCV, FusedGridSearchCV])
def test_conversion_of_search_is_that_of_its_best_estimator(search):
    grid = {"softmaxregression__reg_param": [0.5, 50.0]}
    model = search(make_pipeline(MinMaxScaler(), SOFTMAX), grid, cv=2).fit(X, y)
    converted = to_sklearn(model)
    assert list(converted.named_steps) == ["minmaxscaler", "softmaxregression"]
    assert model.best_estimator_[-1].reg_param == 1 / converted[-1].C
    check_predictions(model, converted, X)


SEARCH = FusedGridSearchCV(SOFTMAX, {"lr": [0.1]}, refit=False, cv=2)
UNFITTED = [SOFTMAX, make_pipeline(NET), OneVsRestClassifier(PERCEPTRON), SEARCH]


@pytest.mark.parametrize("model", [*UNFITTED, clone(SEARCH).fit(X, y)], ids=str)
def test_conversion_of_unfitted_model_raises(model):
    message = "refit=True" if type(model) is FusedGridSearchCV else "not fitted yet"
    with pytest.raises(NotFittedError, match=message):
        to_sklearn(model)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_conversion_of_other_estimators_raises(wrap):
    model = wrap(SGDClassifier(random_state=0)).fit(X, y)
    with pytest.raises(TypeError, match=r"needs a fitted SoftmaxRegression.*got SGDClassifier"):
        to_sklearn(model)


def test_conversion_of_a_single_class_raises():
    model = clone(SOFTMAX).fit(X[:9], y[:9])
    with pytest.raises(ValueError, match=r"at least two classes.*was fitted to only \[0\]"):
        to_sklearn(model)


@conversions
def test_onnx_predicts_the_same(estimator, n_classes, kind):
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    model, rows = fit(estimator, n_classes, dtype=np.float32)
    graph = skl2onnx.to_onnx(to_sklearn(model), rows[:1], options={"zipmap": False})
    content, providers = graph.SerializeToString(), ["CPUExecutionProvider"]
    session = runtime.InferenceSession(content, providers=providers)
    labels, probabilities = session.run(None, {session.get_inputs()[0].name: rows})
    np.testing.assert_array_equal(labels, model.predict(rows))
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


@conversions
def test_skops_needs_trust_for_models_but_not_for_conversions(estimator, n_classes, kind):
    skops = pytest.importorskip("skops.io")
    model, rows = fit(estimator, n_classes)
    content = skops.dumps(model)
    types = skops.get_untrusted_types(data=content)
    assert all(name.startswith("sklearn_softmax.") for name in types)
    check_predictions(model, skops.loads(content, trusted=types), rows)
    content = skops.dumps(to_sklearn(model))
    assert skops.get_untrusted_types(data=content) == []
    check_predictions(model, skops.loads(content), rows)
