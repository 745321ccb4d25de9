"""Validation rows: those of early stopping, and those far from X."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import config_context
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from sklearn_softmax import FusedGridSearchCV, SoftmaxRegression
from sklearn_softmax._training.rows import Rows
from sklearn_softmax.estimators._data import split_rows
from sklearn_softmax.estimators._features import warn_if_far
from tests.cases import estimators

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = (array[:100] for array in load_iris(return_X_y=True))


# --- rows of early stopping ----------------------------------------------------------------------


def split(counts):
    """Return shuffled labels with these counts, training rows and validation rows."""
    y = np.random.RandomState(7).permutation(np.repeat(np.arange(len(counts)), counts))
    return y, *split_rows(y, np.arange(len(counts)), 0.1, np.random.RandomState(0))


@pytest.mark.parametrize("counts", [(500, 496, 4), (500, 500), (5, 2, 2), (146, 2, 2)])
def test_rows_of_early_stopping_equal_those_of_train_test_split(counts):
    y, train, validation = split(counts)
    n_validation = max(int(np.ceil(0.1 * len(y))), len(counts))
    options = {"test_size": n_validation, "stratify": y, "random_state": 0}
    expected = train_test_split(np.arange(len(y)), **options)
    np.testing.assert_array_equal(train, np.sort(expected[0]))
    np.testing.assert_array_equal(validation, np.sort(expected[1]))


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6).filter(lambda n: max(n) > 1))
def test_every_class_has_training_rows(counts):
    y, train, validation = split(counts)
    assert set(y[train]) == set(range(len(counts)))
    np.testing.assert_array_equal(np.sort(np.r_[train, validation]), np.arange(len(y)))
    assert len(validation) >= np.count_nonzero(np.array(counts) > 1)
    assert not set(np.flatnonzero(np.array(counts) == 1)) & set(y[validation])


def test_the_only_row_of_a_class_changes_no_other_row():
    y, _, validation = split((40, 30, 1))
    is_shared = y < 2
    lone = np.flatnonzero(~is_shared)[0]
    _, without = split_rows(y[is_shared], np.arange(2), 0.1, np.random.RandomState(0))
    np.testing.assert_array_equal(validation, without + (without >= lone))


# --- rows far from X -----------------------------------------------------------------------------

DATA = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
SCALERS = [StandardScaler(), MinMaxScaler(), RobustScaler()]
FAR = r"X_val is far from X: the mean of feature \d+ .* deviations"


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
@pytest.mark.parametrize("name", DATA)
def test_raw_validation_rows_of_scaled_training_rows_warn(name, scaler):
    data, labels = DATA[name](return_X_y=True)
    for dtype in (np.float32, np.float64):
        parts = train_test_split(data.astype(dtype), labels, stratify=labels, random_state=0)
        X_train, X_val, y_train, y_val = parts
        pipeline = make_pipeline(scaler, SoftmaxRegression(lr=0.01, n_epochs=1))
        validation = {"softmaxregression__X_val": X_val, "softmaxregression__y_val": y_val}
        with pytest.warns(UserWarning, match=FAR):
            pipeline.fit(X_train, y_train, **validation)
        with config_context(enable_metadata_routing=True):
            pipeline[-1].set_fit_request(X_val=True, y_val=True)
            pipeline.set_params(transform_input=["X_val"])
            pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)
            accuracy = pipeline[-1].history_["val_accuracy"][-1]
            assert accuracy == pytest.approx(pipeline.score(X_val, y_val))


@estimators()
def test_far_validation_rows_warn_at_the_line_of_the_user(case):
    with pytest.warns(UserWarning, match=FAR) as caught:
        case.model(n_epochs=1).fit(X, y, X_val=100 * X, y_val=y)
    assert {warning.filename for warning in caught} == {__file__}


def test_far_and_invalid_validation_rows_of_a_search_are_found():
    pipeline = make_pipeline(MinMaxScaler(), SoftmaxRegression(n_epochs=1))
    search = FusedGridSearchCV(pipeline, {"softmaxregression__lr": [0.1, 1]}, error_score="raise")
    validation = {"softmaxregression__X_val": 100 * X, "softmaxregression__y_val": y}
    with pytest.warns(UserWarning, match="X_val is far from X"):
        search.fit(X, y, **validation)
    validation["softmaxregression__X_val"] = X[:, :3]
    for estimator in (pipeline, search):
        with pytest.raises(ValueError, match="X_val has 3 features"):
            estimator.fit(X, y, **validation)


def test_far_validation_rows_warn_at_any_distance_from_0():
    with pytest.warns(UserWarning, match=FAR):
        warn_if_far(Rows(X + 1000, y), Rows(X + 1100, y))


def test_far_sparse_validation_rows_warn():
    counts = sparse.random(200, 50, density=0.1, format="csr", random_state=0)
    labels = np.arange(200) % 2
    model = SoftmaxRegression(lr=0.1, n_epochs=1)
    scaled = MaxAbsScaler().fit_transform(counts)
    model.fit(scaled[:150], labels[:150], X_val=scaled[150:], y_val=labels[150:])
    with pytest.warns(UserWarning, match="X_val is far from X"):
        model.fit(counts[:150], labels[:150], X_val=100 * counts[150:], y_val=labels[150:])


def rare_features(rng):
    """Return features that are rarely different from 0, and two constant ones."""
    rare = (rng.uniform(size=(1000, 200)) < 1e-3) * rng.randint(1, 20, size=(1000, 200))
    return np.column_stack([rare, np.full((1000, 2), 0.1)])


SPLITS = {
    **{name: lambda rng, load=load: load().data for name, load in DATA.items()},
    "rare features": rare_features,
    "rare features, sparse": lambda rng: sparse.csr_array(rare_features(rng)),
    "constant": lambda rng: np.ones((100, 3)),
    "prices": lambda rng: np.exp(rng.standard_normal((500, 5))),
    "time": lambda rng: np.arange(1000.0)[:, np.newaxis],
}


@pytest.mark.parametrize("name", SPLITS)
def test_random_splits_do_not_warn(name, rng):
    data = SPLITS[name](rng)
    for n_train, n_val in ((1, 1), (2, 2), (20, 9), (30, 1), (30, 9), (70, 2), (70, 30)) * 10:
        order = rng.permutation(data.shape[0])
        parts = data[order[:n_train]], data[order[n_train:][:n_val]]
        warn_if_far(*(Rows(part, np.zeros(part.shape[0], int)) for part in parts))


def test_the_end_of_a_trend_one_outlier_and_rows_of_weight_0_do_not_warn():
    trend = np.arange(100.0)[:, np.newaxis]
    zeros = np.zeros(100, int)
    warn_if_far(Rows(trend[:80], zeros[:80]), Rows(trend[80:], zeros[80:]))
    warn_if_far(Rows(trend, zeros), Rows(2 * trend[-1:], zeros[:1]))
    outlying = np.vstack([trend, 1e9 * trend])
    weight = np.repeat([1.0, 0.0], 100)
    warn_if_far(Rows(trend, zeros), Rows(outlying, np.zeros(200, int), weight))
