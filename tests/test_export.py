"""Fitted models as scikit-learn's estimators, which predict the same without this package."""

import pickle
import subprocess
import sys
from itertools import product

import numpy as np
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
from tests.cases import cross_entropy

X, y = load_iris(return_X_y=True)
SHORT = {"lr": 0.1, "n_epochs": 5, "batch_size": 16, "random_state": 0}
SOFTMAX = SoftmaxRegression(reg_param=0.5, **SHORT)
LOGISTIC = GDLogisticRegression(reg_param=0.5, **SHORT)
PERCEPTRON = BinaryPerceptron(random_state=0)
NET = TwoLayerMLPClassifier(hidden_size=8, dropout=0.2, **SHORT)
DEEP_NET = TwoLayerMLPClassifier(hidden_size=(7, 5), activation="tanh", **SHORT)
SIGMOID_NET = TwoLayerMLPClassifier(hidden_size=4, activation="sigmoid", **SHORT)
# Estimators, the numbers of classes that they are for, and what they become.
KINDS = [
    (SOFTMAX, 2, LogisticRegression),
    (SOFTMAX, 3, LogisticRegression),
    (clone(SOFTMAX).set_params(fit_intercept=False), 3, LogisticRegression),
    (LOGISTIC, 2, LogisticRegression),
    (LOGISTIC, 3, OneVsRestClassifier),
    (PERCEPTRON, 2, Perceptron),
    (clone(PERCEPTRON).set_params(average=True, batch_size=8), 2, Perceptron),
    (SoftmaxRegression(), 3, LogisticRegression),
    (TwoLayerMLPClassifier(hidden_size=8, random_state=0), 3, MLPClassifier),
    (NET, 2, MLPClassifier),
    (NET, 3, MLPClassifier),
    (DEEP_NET, 2, MLPClassifier),
    (SIGMOID_NET, 3, MLPClassifier),
    (OneVsRestClassifier(PERCEPTRON), 3, OneVsRestClassifier),
    (OneVsRestClassifier(NET), 3, OneVsRestClassifier),
    (OneVsRestClassifier(make_pipeline(MinMaxScaler(), SOFTMAX)), 3, OneVsRestClassifier),
    (make_pipeline(StandardScaler(), LOGISTIC), 3, Pipeline),
    (make_pipeline(StandardScaler(), make_pipeline(MinMaxScaler(), NET)), 2, Pipeline),
]
kinds = pytest.mark.parametrize(("estimator", "n_classes", "kind"), KINDS, ids=str)
METHODS = ("predict_proba", "decision_function")
ONE_OF_EACH = [(estimator, n_classes) for estimator, n_classes, _ in KINDS]
one_of_each = pytest.mark.parametrize(("estimator", "n_classes"), ONE_OF_EACH, ids=str)


def fitted(estimator, n_classes=3, labels=None, dtype=np.float64):
    """A model of some classes of iris, and the rows."""
    chosen = y < n_classes
    targets = y[chosen] if labels is None else np.asarray(labels)[y[chosen]]
    rows = X[chosen].astype(dtype)
    return clone(estimator).fit(rows, targets), rows


def same_predictions(model, converted, rows, tolerance=1e-12):
    """Check that two models give the same classes, and the same numbers where both have them."""
    expected, classes = model.predict(rows), converted.predict(rows)
    assert classes.dtype == expected.dtype
    np.testing.assert_array_equal(classes, expected)
    common = [name for name in METHODS if hasattr(converted, name)]
    assert common
    for name in common:
        values, expected = getattr(converted, name)(rows), getattr(model, name)(rows)
        assert values.dtype == expected.dtype or isinstance(model, OneVsRestClassifier)
        np.testing.assert_allclose(values, expected, rtol=tolerance, atol=tolerance)


@kinds
def test_predictions_are_the_same(estimator, n_classes, kind):
    model, rows = fitted(estimator, n_classes)
    converted = to_sklearn(model)
    assert type(converted) is kind
    same_predictions(model, converted, rows)


@pytest.mark.parametrize("estimator", [SOFTMAX, LOGISTIC, NET], ids=str)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparse_rows(estimator, n_classes):
    model, rows = fitted(estimator, n_classes)
    same_predictions(model, to_sklearn(model), sparse.csr_array(rows))


@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.parametrize("constant", [0, 1])
@pytest.mark.parametrize(
    ("estimator", "columns"),
    [
        *product([SOFTMAX, LOGISTIC, PERCEPTRON, NET], [[2], [1, 2], [0, 1, 2]]),
        # scikit-learn takes methods from the first label, which here has more than nets.
        *product([SOFTMAX, LOGISTIC], [[0], [0, 2]]),
    ],
    ids=str,
)
def test_labels_that_all_rows_have_or_none(estimator, columns, constant):
    rows, labels = StandardScaler().fit_transform(X), np.eye(3, dtype=int)[y]
    labels[:, columns] = constant
    model = OneVsRestClassifier(clone(estimator)).fit(rows, labels)
    converted = to_sklearn(model)
    assert b"sklearn_softmax" not in pickle.dumps(converted)
    same_predictions(model, converted, rows)


@pytest.mark.filterwarnings("ignore:Label not a is present in all training examples")
def test_one_vs_rest_of_a_single_class():
    model = OneVsRestClassifier(clone(SOFTMAX)).fit(X, np.full(150, "a"))
    assert set(to_sklearn(model).predict(X)) == {"a"}


@one_of_each
def test_single_precision_stays(estimator, n_classes):
    model, rows = fitted(estimator, n_classes, dtype=np.float32)
    same_predictions(model, to_sklearn(model), rows, tolerance=1e-5)


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
def test_labels_of_any_type(estimator, labels):
    model, rows = fitted(estimator, 2 if estimator is PERCEPTRON else len(labels), labels)
    converted = to_sklearn(model)
    assert converted.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(converted.classes_, model.classes_)
    same_predictions(model, converted, rows)


@one_of_each
def test_names_of_features_stay(estimator, n_classes):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))[y < n_classes]
    model = clone(estimator).fit(frame, y[y < n_classes])
    converted = to_sklearn(model)
    assert converted.n_features_in_ == 4
    np.testing.assert_array_equal(converted.feature_names_in_, list("abcd"))
    np.testing.assert_array_equal(converted.predict(frame), model.predict(frame))
    with pytest.raises(ValueError, match="feature names should match"):
        converted.predict(frame[["b", "a", "c", "d"]])


# scikit-learn 1.8 warns of C=np.inf, which it asks for itself.
infinite_C = pytest.mark.filterwarnings("ignore:Setting penalty=None:UserWarning")


@infinite_C
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@one_of_each
def test_they_share_nothing(estimator, n_classes):
    """Not even what training on would change in place."""
    model, rows = fitted(estimator, n_classes)
    before = pickle.dumps(model)
    converted = to_sklearn(model)
    if hasattr(converted, "partial_fit"):
        converted.partial_fit(rows, y[y < n_classes][::-1])
    clone(converted).fit(rows, y[y < n_classes])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "estimator", [SoftmaxRegression(), GDLogisticRegression(fit_intercept=False)], ids=str
)
def test_their_objective_is_the_same(estimator, n_classes):
    """Trained by scikit-learn, the converted model is the one to which ours converges."""
    options = {"reg_param": 2.0, "optimizer": "lbfgs", "tol": 1e-8}
    model, rows = fitted(estimator.set_params(**options), n_classes)
    trained = clone(to_sklearn(model)).fit(rows, y[y < n_classes])
    difference = trained.predict_proba(rows) - model.predict_proba(rows)
    assert np.max(np.abs(difference)) < 1e-3


@pytest.mark.parametrize("reg_param", [5.0, 50.0])
def test_penalty_of_sgd_classifier(reg_param):
    """Its ``alpha`` in the table of units: ``reg_param / n_samples``."""
    rows = StandardScaler().fit_transform(X)
    model = GDLogisticRegression(reg_param=reg_param, optimizer="lbfgs").fit(rows, y)
    sgd = SGDClassifier(loss="log_loss", alpha=reg_param / len(y), average=True, random_state=0)
    sgd.set_params(max_iter=300, tol=None).fit(rows, y)
    np.testing.assert_allclose(sgd.coef_, model.coef_, atol=0.03)


@infinite_C
def test_a_model_without_penalty_has_none():
    model, rows = fitted(SoftmaxRegression(**SHORT))
    converted = to_sklearn(model)
    assert np.isposinf(converted.C)
    # No version of scikit-learn warns of a parameter that will go.
    clone(converted).set_params(max_iter=1000).fit(rows, y)


def test_a_perceptron_is_trained_in_the_same_way():
    model, rows = fitted(BinaryPerceptron(shuffle=False, lr=0.5, class_weight={0: 2}), 2)
    trained = clone(to_sklearn(model)).fit(rows, y[y < 2])
    np.testing.assert_array_equal(trained.coef_, model.coef_)


def test_a_net_goes_on_from_where_it_stands():
    model, rows = fitted(NET)
    converted = to_sklearn(model)
    for _ in range(20):
        converted.partial_fit(rows, y)
    assert cross_entropy(converted, rows, y) < cross_entropy(model, rows, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_a_net_what_scikit_learn_knows_is_kept():
    model, _ = fitted(clone(NET).set_params(optimizer="sgd", momentum=0.5, reg_param=0.1))
    params = to_sklearn(model).get_params()
    expected = {"hidden_layer_sizes": (8,), "batch_size": 16, "solver": "sgd", "momentum": 0.5}
    expected |= {"learning_rate_init": 0.1, "max_iter": 5, "random_state": 0}
    assert {name: params[name] for name in expected} == expected


@pytest.mark.filterwarnings("ignore:Got `batch_size` less than 1 or larger than sample size")
@pytest.mark.parametrize("hidden_size", [5, (6, 4)])
@pytest.mark.parametrize("batch_size", [10, 50, 150, 200, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_of_a_penalised_net_are_the_same(hidden_size, batch_size, dtype):
    net = TwoLayerMLPClassifier(**SHORT, hidden_size=hidden_size, shuffle=False, reg_param=20.0)
    net.set_params(optimizer="sgd", momentum=0.0, lr=0.01, batch_size=batch_size)
    model, rows = fitted(net, dtype=dtype)
    converted = to_sklearn(model).partial_fit(rows, y)
    model.partial_fit(rows, y)
    for theirs, ours in zip(converted.coefs_, model.coefs_):
        np.testing.assert_allclose(theirs, ours, atol=1e-6 if dtype is np.float32 else 1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("params", "n_samples"),
    [
        ({"batch_size": 16}, 150),
        ({"batch_size": 16, "early_stopping": True}, 135),
        ({"batch_size": 16, "class_weight": {0: 5}}, 350),
        ({"batch_size": 16, "class_weight": "balanced", "optimizer": "sgd"}, 150),
        ({"batch_size": 150}, 150),
        ({"batch_size": 2, "optimizer": "lbfgs", "dropout": 0.0}, 2),
        ({"batch_size": 10_000}, 10_000),
    ],
    ids=str,
)
@pytest.mark.parametrize("reg_param", [0.0, 0.5])
def test_penalty_of_a_net(params, n_samples, reg_param):
    model, _ = fitted(clone(NET).set_params(**params, reg_param=reg_param))
    expected = reg_param * model.batch_size / n_samples
    np.testing.assert_allclose(to_sklearn(model).alpha, expected, rtol=1e-12)


def test_transformers_are_copies():
    model, _ = fitted(make_pipeline(MinMaxScaler(), StandardScaler(), SOFTMAX))
    converted = to_sklearn(model)
    assert list(converted.named_steps) == list(model.named_steps)
    for step, original in zip(converted[:-1], model[:-1]):
        assert type(step) is type(original)
        assert step is not original
    assert type(model[-1]) is SoftmaxRegression


@pytest.mark.parametrize("search", [GridSearchCV, FusedGridSearchCV])
def test_a_search_is_its_best_model(search):
    grid = {"softmaxregression__reg_param": [0.5, 50.0]}
    model = search(make_pipeline(MinMaxScaler(), SOFTMAX), grid, cv=2).fit(X, y)
    converted = to_sklearn(model)
    np.testing.assert_equal(1 / converted[-1].C, model.best_estimator_[-1].reg_param)
    same_predictions(model, converted, X)


WITHOUT_THE_PACKAGE = """
import pickle, sys
sys.modules["sklearn_softmax"] = None  # importing it is then an error
for model, X, expected in pickle.load(sys.stdin.buffer):
    assert (model.predict(X) == expected).all()
"""


def without_the_package(*models_and_rows):
    """Use models where this package cannot be imported."""
    content = pickle.dumps([(model, X, model.predict(X)) for model, X in models_and_rows])
    code = [sys.executable, "-c", WITHOUT_THE_PACKAGE]
    return subprocess.run(code, input=content, capture_output=True, check=False)


def test_they_are_used_where_this_package_is_not_installed():
    models = [fitted(estimator, n_classes) for estimator, n_classes in ONE_OF_EACH]
    finished = without_the_package(*((to_sklearn(model), rows) for model, rows in models))
    assert finished.returncode == 0, finished.stderr
    assert b"ModuleNotFoundError" in without_the_package(models[0]).stderr


@pytest.mark.parametrize(
    "estimator",
    [SOFTMAX, PERCEPTRON, make_pipeline(StandardScaler(), NET), OneVsRestClassifier(PERCEPTRON)],
    ids=str,
)
def test_what_is_not_fitted_is_an_error(estimator):
    with pytest.raises(NotFittedError):
        to_sklearn(estimator)


def test_a_search_without_a_best_model_is_an_error():
    search = FusedGridSearchCV(SOFTMAX, {"lr": [0.1]}, refit=False, cv=2)
    for model in (search, search.fit(X, y)):
        with pytest.raises(NotFittedError, match="refit=True"):
            to_sklearn(model)


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_what_is_not_of_this_package_is_an_error(wrap):
    model = wrap(SGDClassifier(random_state=0)).fit(X, y)
    with pytest.raises(TypeError, match=r"needs a fitted SoftmaxRegression.*got SGDClassifier"):
        to_sklearn(model)


def test_a_single_class_is_an_error():
    model = clone(SOFTMAX).fit(X[:9], y[:9])
    with pytest.raises(ValueError, match=r"at least two classes.*has seen only \[0\]"):
        to_sklearn(model)


@one_of_each
def test_onnx_runs_them(estimator, n_classes):
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    model, rows = fitted(estimator, n_classes, dtype=np.float32)
    graph = skl2onnx.to_onnx(to_sklearn(model), rows[:1], options={"zipmap": False})
    session = runtime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    labels, probabilities = session.run(None, {session.get_inputs()[0].name: rows})
    np.testing.assert_array_equal(labels, model.predict(rows))
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)


@one_of_each
def test_skops_keeps_them(estimator, n_classes):
    """Ours, where the types of this package are trusted; what they become, without any."""
    skops = pytest.importorskip("skops.io")
    model, rows = fitted(estimator, n_classes)
    content = skops.dumps(model)
    types = skops.get_untrusted_types(data=content)
    assert all(name.startswith("sklearn_softmax.") for name in types)
    same_predictions(model, skops.loads(content, trusted=types), rows)
    content = skops.dumps(to_sklearn(model))
    assert skops.get_untrusted_types(data=content) == []
    same_predictions(model, skops.loads(content), rows)
