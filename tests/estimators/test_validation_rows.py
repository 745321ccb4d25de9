"""Validation rows of users: errors that name them, and a warning if they are far from X."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from sklearn_softmax._training.rows import Rows
from sklearn_softmax.estimators._features import warn_if_far
from tests.cases import estimators

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
X, y = X[:100], y[:100]
frame = pd.DataFrame(X, columns=list("abcd"))
X_nan = np.where(X > 6, np.nan, X)

BAD_FEATURES = {
    "NaN": (X_nan, "Input X_val contains NaN"),
    "sparse NaN": (sparse.coo_array(X_nan), "Input X_val contains NaN"),
    "infinity": (np.full((100, 4), np.inf), "Input X_val contains infinity"),
    "width": (X[:, :3], "X_val has 3 features, but .* is expecting 4"),
    "sparse width": (sparse.csc_array(X[:, :3]), "X_val has 3 features"),
    "no rows": (X[:0], "X_val: Found array with 0 sample"),
    "no features": (X[:, :0], "X_val: Found array with 0 feature"),
    "text": ([["a"] * 4] * 100, "X_val: could not convert string to float"),
    "one-dimensional": (X[:, 0], "X_val: Expected 2D array"),
    "complex": (X + 1j, "X_val: Complex data not supported"),
    "ragged": ([[1], [1, 2]], "X_val: setting an array element"),
    "names": (frame[list("dcba")], r"X_val must have the feature names of X .*'a'.*got \['d'"),
    "images": (X.reshape(100, 2, 2), r"shape \(2, 2\).*pass X_val.reshape\(len\(X_val\), -1\)"),
    "generator": ((row for row in X), "X_val is of type generator.*partial_fit once per batch"),
    "length": (X[::2], "'X_val': 50, 'y_val': "),
}
BAD_WEIGHTS = {
    "negative": (-np.ones(100), "passed to {}"),
    "NaN": (np.full(100, np.nan), "Input {} contains NaN"),
    "infinity": (np.full(100, np.inf), "Input {} contains infinity"),
    "length": (np.ones(30), r"{}.shape == \(30,\), expected \(100,\)"),
    "two-dimensional": (np.ones((100, 1)), r"{}.shape == \(100, 1\)"),
    "zero": (np.zeros(100), "{} must contain at least one non-zero"),
    "tiny": (np.full(100, 1e-320), "{} is too small"),
    "large": (np.full(100, 1e308), "{} must have a finite sum"),
    "text": (["a"] * 100, "{}: could not convert"),
    "word": ("balanced", "{} must contain one number per row.*class_weight='balanced'"),
    "dict": ({0: 1, 1: 5}, "{} must contain one number per row.*class_weight={{0: 1, 1: 5}}"),
}


@pytest.mark.parametrize("name", BAD_FEATURES)
@estimators()
def test_features(case, name):
    X_val, message = BAD_FEATURES[name]
    with pytest.raises(ValueError, match=message):
        case.model(n_epochs=1).fit(frame, y, X_val=X_val, y_val=y)


@pytest.mark.parametrize("name", BAD_WEIGHTS)
@estimators("sample_weight")
def test_weights(case, name):
    weight, message = BAD_WEIGHTS[name]
    model = case.model(n_epochs=1)
    with pytest.raises(ValueError, match=message.format("sample_weight_val")):
        model.fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    with pytest.raises(ValueError, match=message.format("sample_weight")):
        model.fit(X, y, weight)


@pytest.mark.parametrize("name", ["NaN", "width", "length"])
def test_features_in_a_pipeline_and_a_search(name):
    X_val, message = BAD_FEATURES[name]
    with config_context(enable_metadata_routing=True):
        model = SoftmaxRegression(n_epochs=1).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(MinMaxScaler(), model)
        with pytest.raises(ValueError, match=message):
            pipeline.fit(X, y, X_val=X_val, y_val=y)
        search = FusedGridSearchCV(
            pipeline, {"softmaxregression__lr": [0.1, 1]}, error_score="raise"
        )
        with pytest.raises(ValueError, match=message):
            search.fit(X, y, X_val=X_val, y_val=y)


def test_images_and_generators_as_features():
    images, labels = load_digits(n_class=3, return_X_y=True)
    model = SoftmaxRegression(lr=0.01, n_epochs=1).fit(images, labels)
    images = images.reshape(-1, 8, 8)
    remedy = r"shape \(8, 8\), but .*X.reshape\(len\(X\), -1\)"
    for given in (images, list(images), images[..., np.newaxis][..., 0]):
        for call in (model.predict, model.decision_function, model.predict_proba):
            with pytest.raises(ValueError, match=remedy):
                call(given)
        with pytest.raises(ValueError, match=remedy):
            model.fit(given, labels)
        with pytest.raises(ValueError, match=remedy):
            model.partial_fit(given, labels)
    for iterator in (iter(X), map(list, X), (row for row in X)):
        with pytest.raises(ValueError, match=r"X is of type .*partial_fit once per batch"):
            model.fit(iterator, y)


FOREIGN = {
    "validation_data": "X_val and y_val",
    "eval_set": "X_val and y_val",
    "epochs": "n_epochs",
    "batch_size": "batch_size of the estimator",
    "callbacks": "set_callbacks",
}


@pytest.mark.parametrize("name", FOREIGN)
@estimators()
def test_arguments_of_other_libraries(case, name):
    with pytest.raises(
        TypeError, match=rf"unexpected keyword argument '{name}': .*{FOREIGN[name]}"
    ):
        case.model().fit(X, y, **{name: (X, y)})


# --- rows that are far from X --------------------------------------------------------------

DATA = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
SCALERS = [StandardScaler(), MinMaxScaler(), RobustScaler()]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@pytest.mark.parametrize("name", DATA)
def test_raw_rows_after_a_scaler(name, scaler, dtype):
    data, labels = DATA[name](return_X_y=True)
    parts = train_test_split(data.astype(dtype), labels, stratify=labels, random_state=0)
    X_train, X_val, y_train, y_val = parts
    pipeline = make_pipeline(scaler, SoftmaxRegression(lr=0.01, n_epochs=1))
    with pytest.warns(UserWarning, match=r"far from X: the mean of feature \d+ .* deviations"):
        pipeline.fit(
            X_train, y_train, softmaxregression__X_val=X_val, softmaxregression__y_val=y_val
        )
    with config_context(enable_metadata_routing=True):
        pipeline[-1].set_fit_request(X_val=True, y_val=True)
        pipeline.set_params(transform_input=["X_val"])
        pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)


@estimators()
def test_every_estimator_warns_at_the_line_of_the_user(case):
    with pytest.warns(UserWarning, match="X_val is far from X") as caught:
        case.model(n_epochs=1).fit(X, y, X_val=100 * X, y_val=y)
    assert {warning.filename for warning in caught} == {__file__}


def test_raw_rows_in_a_search():
    pipeline = make_pipeline(MinMaxScaler(), SoftmaxRegression(n_epochs=1))
    search = FusedGridSearchCV(pipeline, {"softmaxregression__lr": [0.1, 1]})
    params = {"softmaxregression__X_val": 100 * X, "softmaxregression__y_val": y}
    with pytest.warns(UserWarning, match="X_val is far from X"):
        search.fit(X, y, **params)


def test_sparse_rows_of_another_scale():
    counts = sparse.random(200, 50, density=0.1, format="csr", random_state=0)
    labels = np.arange(200) % 2
    model = SoftmaxRegression(lr=0.1, n_epochs=1)
    scaled = MaxAbsScaler().fit_transform(counts)
    model.fit(scaled[:150], labels[:150], X_val=scaled[150:], y_val=labels[150:])
    with pytest.warns(UserWarning, match="X_val is far from X"):
        model.fit(counts[:150], labels[:150], X_val=100 * counts[150:], y_val=labels[150:])


def rare_features(rng):
    """Features of which one in a thousand rows has one, and two that are constant."""
    rare = (rng.uniform(size=(1000, 200)) < 1e-3) * rng.randint(1, 20, size=(1000, 200))
    return np.column_stack([rare, np.full((1000, 2), 0.1)])


RANDOM = {
    "iris": lambda rng: load_iris().data,
    "wine": lambda rng: load_wine().data,
    "breast cancer": lambda rng: load_breast_cancer().data,
    "digits": lambda rng: load_digits().data,
    "rare features": rare_features,
    "rare features, sparse": lambda rng: sparse.csr_array(rare_features(rng)),
    "constant": lambda rng: np.ones((100, 3)),
    "prices": lambda rng: np.exp(rng.standard_normal((500, 5))),
    "time": lambda rng: np.arange(1000.0)[:, np.newaxis],
}


@pytest.mark.parametrize("name", RANDOM)
def test_random_splits_are_not_far(name, rng):
    data = RANDOM[name](rng)
    for n_train, n_val in ((1, 1), (2, 2), (20, 9), (30, 1), (30, 9), (70, 2), (70, 30)) * 10:
        order = rng.permutation(data.shape[0])
        parts = data[order[:n_train]], data[order[n_train:][:n_val]]
        warn_if_far(*(Rows(part, np.zeros(part.shape[0], int)) for part in parts))


def test_the_last_fifth_of_a_trend_and_rows_without_weight_are_not_far():
    trend = np.arange(100.0)[:, np.newaxis]
    zeros = np.zeros(100, int)
    warn_if_far(Rows(trend[:80], zeros[:80]), Rows(trend[80:], zeros[80:]))
    outlying = np.vstack([trend, 1e9 * trend])
    weight = np.repeat([1.0, 0.0], 100)
    warn_if_far(Rows(trend, zeros), Rows(outlying, np.zeros(200, int), weight))
