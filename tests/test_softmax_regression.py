import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.fixes import parse_version
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_softmax import SoftmaxRegression

iris = load_iris(return_X_y=True)


def scaled_digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def scaled_wine():
    X, y = load_wine(return_X_y=True)
    return scale(X), y


def has_openblas_before(version):
    libraries = [lib for lib in threadpool_info() if lib["internal_api"] == "openblas"]
    return any(parse_version(lib["version"]) < parse_version(version) for lib in libraries)


def same_model(a, b):
    np.testing.assert_array_equal(a.coef_, b.coef_)
    np.testing.assert_array_equal(a.intercept_, b.intercept_)
    np.testing.assert_array_equal(a.step_losses_, b.step_losses_)
    for name, column in a.history_.items():
        np.testing.assert_array_equal(column, b.history_[name])


# --- the optimum ------------------------------------------------------------------


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=["dense", "CSR"])
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    ("data", "reg_param", "momentum"),
    [(lambda: iris, 5.0, 0.99), (scaled_wine, 0.5, 0.98), (scaled_digits, 10.0, 0.98)],
    ids=["iris", "wine", "digits"],
)
def test_full_batches_reach_logistic_regression(
    data, reg_param, momentum, weighted, container, rng
):
    X, y = data()
    sample_weight = rng.uniform(0.5, 1.5, len(y)) if weighted else None
    # Unlike lbfgs, this solver does not stop at a small change of the loss.
    expected = LogisticRegression(C=1 / reg_param, tol=1e-10, solver="newton-cholesky")
    expected.fit(X, y, sample_weight)
    model = SoftmaxRegression(
        lr="auto",
        reg_param=reg_param,
        batch_size=len(y),
        n_epochs=1500 if len(y) > 1000 else 5000,
        momentum=momentum,
        nesterov=True,
    )
    model.fit(container(X), y, sample_weight)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=1e-5)


def test_two_classes_are_binary_logistic_regression_with_half_the_penalty():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    expected = LogisticRegression(C=2 / 5.0, tol=1e-10, max_iter=10_000).fit(X, y)
    model = SoftmaxRegression(
        lr="auto", reg_param=5.0, batch_size=len(y), n_epochs=3000, momentum=0.9, nesterov=True
    ).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), expected.decision_function(X), atol=1e-4)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [10, 37, 150])
def test_batch_size_does_not_move_the_optimum(batch_size, shuffle, weighted, rng):
    X, y = scale(iris[0]), iris[1]
    sample_weight = rng.uniform(0, 3, len(y)) if weighted else None
    expected = LogisticRegression(C=1 / 50, tol=1e-10, max_iter=10_000).fit(X, y, sample_weight)
    model = SoftmaxRegression(
        lr=0.5,
        lr_decay=0.997,
        reg_param=50.0,
        batch_size=batch_size,
        shuffle=shuffle,
        n_epochs=3000,
        random_state=0,
    ).fit(X, y, sample_weight)
    # Rows in the order of their classes pull to and fro by a little as long as lr is not 0.
    atol = 2e-4 if shuffle else 2e-3
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=atol)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=atol)


def test_adam_reaches_the_optimum():
    X, y = scale(iris[0]), iris[1]
    expected = LogisticRegression(C=1 / 5.0, tol=1e-10).fit(X, y)
    model = SoftmaxRegression(
        optimizer="adam", lr=0.05, lr_decay=0.995, reg_param=5.0, n_epochs=3000
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-4)


# --- the same training, however it is cut ---------------------------------------------


def test_epochs_do_not_depend_on_how_many_there_are():
    X, y = scaled_digits()
    short = SoftmaxRegression(n_epochs=50, lr_decay=0.99, random_state=0).fit(X, y)
    long = SoftmaxRegression(n_epochs=200, lr_decay=0.99, random_state=0).fit(X, y)
    for name, column in short.history_.items():
        np.testing.assert_array_equal(column, long.history_[name][:50])
    np.testing.assert_array_equal(short.step_losses_, long.step_losses_[: short.n_steps_])


TRAINERS = [
    {},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True, "lr_decay": 0.9},
    {"optimizer": "adam", "lr": 0.01},
    {"lr": "auto", "reg_param": 2.0},
    {"fit_intercept": False},
]


@pytest.mark.parametrize("seed", [3, np.random.RandomState], ids=["int", "instance"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("params", TRAINERS, ids=repr)
def test_warm_start_goes_on_where_it_stopped(params, shuffle, seed):
    X, y = scaled_digits()
    params = {**params, "shuffle": shuffle, "batch_size": 50}
    first_seed, second_seed = (seed, seed) if seed == 3 else (seed(3), seed(3))
    straight = SoftmaxRegression(n_epochs=10, random_state=first_seed, **params)
    straight.fit(X, y)
    halves = SoftmaxRegression(n_epochs=5, warm_start=True, random_state=second_seed, **params)
    halves.fit(X, y)
    assert halves.n_iter_ == 5
    halves = pickle.loads(pickle.dumps(halves))
    halves.fit(X, y)
    assert halves.n_iter_ == 10
    same_model(straight, halves)


def test_warm_start_keeps_the_validation_rows_of_an_int_seed():
    X, y = scaled_digits()
    model = SoftmaxRegression(early_stopping=True, n_epochs=2, warm_start=True, random_state=0)
    model.fit(X, y).set_params(lr=1e-12, n_epochs=1).fit(X, y)
    losses = model.history_["val_loss"]
    assert losses[2] == pytest.approx(losses[1], rel=1e-6)


def test_warm_start_with_another_optimizer_starts_it_afresh():
    model = SoftmaxRegression(warm_start=True, momentum=0.9, n_epochs=3, random_state=0).fit(*iris)
    model.set_params(optimizer="adam", lr=0.01).fit(*iris)
    model.set_params(fit_intercept=False).fit(*iris)
    assert model.n_iter_ == 9
    assert len(model.history_["loss"]) == 9


def test_warm_start_without_validation_rows_leaves_gaps():
    model = SoftmaxRegression(warm_start=True, n_epochs=2, lr=0.01).fit(*iris)
    X, y = iris
    model.fit(X, y, X_val=X, y_val=y)
    np.testing.assert_array_equal(np.isnan(model.history_["val_loss"]), [True, True, False, False])


def test_partial_fit_is_one_pass_at_a_time():
    X, y = scaled_digits()
    params = {"batch_size": 50, "momentum": 0.5, "lr_decay": 0.9, "random_state": 0}
    straight = SoftmaxRegression(n_epochs=3, **params).fit(X, y)
    passes = SoftmaxRegression(**params)
    for _ in range(3):
        passes.partial_fit(X, y, classes=np.arange(10))
    same_model(straight, passes)


def test_partial_fit_on_chunks_learns():
    X, y = scaled_digits()
    model = SoftmaxRegression(batch_size=32, lr=0.5, random_state=0)
    for _ in range(10):
        for start in range(0, len(y), 300):
            chunk = slice(start, start + 300)
            model.partial_fit(X[chunk], y[chunk], classes=np.arange(10))
    assert model.score(X, y) > 0.95
    assert model.n_iter_ == 60


def test_fit_then_partial_fit_goes_on():
    X, y = iris
    model = SoftmaxRegression(lr=0.01, n_epochs=4, random_state=0).fit(X, y)
    model.partial_fit(X[:50], y[:50])
    assert model.n_iter_ == 5
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_features", "n_classes"), [(50, 10), (784, 10), (435, 100), (2495, 26)])
def test_same_model_whatever_the_threads(n_features, n_classes, dtype, rng):
    if n_classes > 44 and dtype == np.float64 and has_openblas_before("0.3.30"):
        pytest.skip("older OpenBLAS cuts wide products in double precision by threads")
    X = rng.standard_normal((2000, n_features)).astype(dtype)
    y = np.arange(2000) % n_classes
    models = []
    for n_threads in (1, 2, 4):
        with threadpool_limits(n_threads):
            model = SoftmaxRegression(lr="auto", batch_size=931, n_epochs=2, random_state=0)
            models.append(model.fit(X, y, X_val=X, y_val=y))
    same_model(models[0], models[1])
    same_model(models[0], models[2])


def test_same_models_whatever_n_jobs():
    X, y = scaled_digits()
    model = SoftmaxRegression(n_epochs=5, random_state=0)
    one, two = (
        cross_validate(model, X, y, cv=3, n_jobs=n_jobs, return_estimator=True) for n_jobs in (1, 2)
    )
    for a, b in zip(one["estimator"], two["estimator"]):
        same_model(a, b)


def test_random_state_decides():
    X, y = scaled_digits()
    model = SoftmaxRegression(n_epochs=2, random_state=0)
    same_model(clone(model).fit(X, y), clone(model).fit(X, y))
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(other.coef_, model.fit(X, y).coef_)


# --- inputs of all kinds ----------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["setosa", "versicolor", "virginica"]),
        np.array(["a", "b", "c"], dtype=object),
        np.array([-5.0, 0.0, 7.0]),
        np.array([10, 20, 30], dtype=np.uint8),
        pd.array(["x", "y", "z"], dtype="string"),
        pd.Categorical(["x", "y", "z"]),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_of_any_type(labels):
    X, y = iris
    plain = SoftmaxRegression(lr=0.01, n_epochs=20, random_state=0).fit(X, y)
    model = SoftmaxRegression(lr=0.01, n_epochs=20, random_state=0)
    named = labels[y] if isinstance(labels, np.ndarray) else pd.Series(labels[y])
    model.fit(X, named, X_val=X, y_val=named)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_array_equal(model.predict(X), np.asarray(labels)[plain.predict(X)])


STRINGS = [
    lambda labels: labels,
    lambda labels: labels.astype(object),
    lambda labels: pd.Series(labels),
    lambda labels: pd.Series(labels, dtype="category"),
    list,
]


@pytest.mark.parametrize("other", STRINGS)
@pytest.mark.parametrize("one", STRINGS)
def test_strings_of_any_type_are_the_same_labels(one, other):
    X, labels = iris[0], np.array(["a", "b", "c"])[iris[1]]
    model = SoftmaxRegression(lr=0.01, n_epochs=2).fit(X, one(labels), X_val=X, y_val=other(labels))
    model.partial_fit(X, other(labels), classes=["a", "b", "c"])
    assert set(model.predict(X)) <= {"a", "b", "c"}


def test_boolean_labels():
    X, y = load_breast_cancer(return_X_y=True)
    model = SoftmaxRegression(n_epochs=5).fit(scale(X), y == 1)
    assert model.predict(scale(X)).dtype == bool


@pytest.mark.parametrize("early_stopping", [False, True])
def test_one_class(early_stopping, rng):
    X = rng.standard_normal((20, 3))
    model = SoftmaxRegression(n_epochs=3, early_stopping=early_stopping).fit(X, ["only"] * 20)
    assert set(model.predict(X)) == {"only"}
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((20, 1)))
    assert model.decision_function(X).shape == (20,)


def test_one_row():
    model = SoftmaxRegression(n_epochs=2).fit([[1.0, 2.0]], [7])
    assert model.predict([[0.0, 0.0]]) == [7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    X, y = iris[0].astype(dtype), iris[1]
    model = SoftmaxRegression(lr=0.01, n_epochs=3, reg_param=1.0, class_weight="balanced")
    model.fit(X, y, np.ones(len(y)))
    for array in (model.coef_, model.intercept_, model.predict_proba(X)):
        assert array.dtype == dtype


def test_training_goes_on_in_another_dtype():
    X, y = iris
    model = SoftmaxRegression(lr=0.01, n_epochs=3, warm_start=True, momentum=0.9)
    model.fit(X.astype(np.float32), y).fit(X, y)
    model.partial_fit(X.astype(np.float32), y)
    assert model.n_iter_ == 7


@pytest.mark.parametrize("batch_size", [7, 64, 1000])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_equals_dense(batch_size, weighted, rng):
    X, y = scaled_digits()
    sample_weight = rng.uniform(0, 2, len(y)) if weighted else None
    model = SoftmaxRegression(
        lr="auto", batch_size=batch_size, n_epochs=3, reg_param=1.0, random_state=0
    )
    dense = clone(model).fit(X, y, sample_weight)
    for container in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        other = clone(model).fit(container(X), y, sample_weight, X_val=container(X), y_val=y)
        np.testing.assert_allclose(other.coef_, dense.coef_, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            other.predict_proba(container(X)), dense.predict_proba(X), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2], lambda X: X[::-1][::-1]],
    ids=["Fortran", "strided", "reversed"],
)
def test_memory_layout_does_not_matter(layout, shuffle, early_stopping):
    X, y = scaled_digits()
    model = SoftmaxRegression(
        n_epochs=3, shuffle=shuffle, early_stopping=early_stopping, random_state=0
    )
    expected = clone(model).fit(X, y)
    np.testing.assert_allclose(model.fit(layout(X), y).coef_, expected.coef_, rtol=1e-10)


def test_inputs_are_left_alone(rng):
    X, y = scaled_digits()
    weight = rng.uniform(0, 2, len(y))
    arrays = [X, y, weight]
    before = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False
    model = SoftmaxRegression(n_epochs=2, class_weight="balanced", early_stopping=True)
    model.fit(X, y, weight)
    SoftmaxRegression().partial_fit(X, y, np.arange(10), weight)
    model.fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight).predict_proba(X)
    for a, b in zip(arrays, before):
        np.testing.assert_array_equal(a, b)


def test_feature_names():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = SoftmaxRegression(lr=0.01, n_epochs=2).fit(X, y, X_val=X, y_val=y)
    assert list(model.feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.fit(X, y, X_val=X.rename(columns=str.upper), y_val=y)


# --- weights ------------------------------------------------------------------------------


def test_balanced_is_the_weights_it_stands_for():
    X, y = scaled_digits()
    kept = (y > 3) | (np.arange(len(y)) % 5 == 0)
    X, y = X[kept], y[kept]
    model = SoftmaxRegression(n_epochs=5, random_state=0)
    balanced = clone(model).set_params(class_weight="balanced").fit(X, y)
    weights = len(y) / (10 * np.bincount(y))
    by_dict = clone(model).set_params(class_weight=dict(enumerate(weights))).fit(X, y)
    by_row = clone(model).fit(X, y, weights[y])
    for other in (by_dict, by_row):
        np.testing.assert_allclose(balanced.coef_, other.coef_, rtol=1e-10)


def test_class_whose_weights_vanish():
    X, y = iris
    weight = (y != 2).astype(float)
    model = SoftmaxRegression(lr=0.01, n_epochs=50, class_weight="balanced", random_state=0)
    model.fit(X, y, weight)
    assert set(model.predict(X)) == {0, 1}
    assert np.all(np.isfinite(model.coef_))


def test_scale_of_the_weights_matters_only_to_the_penalty():
    X, y = iris
    model = SoftmaxRegression(lr=0.01, n_epochs=10, random_state=0)
    one, ten = (clone(model).fit(X, y, np.full(len(y), w)) for w in (1.0, 10.0))
    np.testing.assert_allclose(one.coef_, ten.coef_, rtol=1e-12)
    penalised = clone(model).set_params(reg_param=10.0).fit(X, y, np.full(len(y), 10.0))
    expected = clone(model).set_params(reg_param=1.0).fit(X, y)
    np.testing.assert_allclose(penalised.coef_, expected.coef_, rtol=1e-12)


# --- what is recorded ------------------------------------------------------------------------


def test_history():
    X, y = scaled_digits()
    model = SoftmaxRegression(
        n_epochs=4, lr=0.5, lr_decay=0.5, reg_param=3.0, batch_size=500, random_state=0
    ).fit(X, y, X_val=X[:300], y_val=y[:300])
    frame = pd.DataFrame(model.history_)
    assert list(frame) == [
        "epoch",
        "lr",
        "loss",
        "accuracy",
        "penalty",
        "weight_norm",
        "val_loss",
        "val_accuracy",
    ]
    np.testing.assert_array_equal(frame["epoch"], [1, 2, 3, 4])
    np.testing.assert_allclose(frame["lr"], [0.5, 0.25, 0.125, 0.0625])
    norm = np.linalg.norm(model.coef_)
    np.testing.assert_allclose(frame["weight_norm"].iloc[-1], norm)
    np.testing.assert_allclose(frame["penalty"].iloc[-1], 3.0 / 2 * norm**2 / len(y))
    np.testing.assert_allclose(
        frame["val_accuracy"].iloc[-1], model.score(X[:300], y[:300]), rtol=1e-12
    )
    own = model.predict_log_proba(X[:300])[np.arange(300), y[:300]]
    np.testing.assert_allclose(frame["val_loss"].iloc[-1], -own.mean())
    assert model.n_steps_ == len(model.step_losses_) == 16
    lengths = np.tile([500, 500, 500, 297], 4)
    sums = (model.step_losses_ * lengths).reshape(4, 4).sum(axis=1)
    np.testing.assert_allclose(sums / len(y), frame["loss"])


def test_running_figures_are_those_before_each_step():
    X, y = iris
    model = SoftmaxRegression(lr=0.01, n_epochs=2, batch_size=150).fit(X, y)
    first = SoftmaxRegression(lr=0.01, n_epochs=1, batch_size=150).fit(X, y)
    assert model.history_["loss"][0] == pytest.approx(np.log(3))
    assert model.history_["accuracy"][0] == pytest.approx(1 / 3)  # zero weights: class 0
    own = first.predict_log_proba(X)[np.arange(150), y]
    assert model.history_["loss"][1] == pytest.approx(-own.mean())
    assert model.history_["accuracy"][1] == pytest.approx(first.score(X, y))


def test_weighted_history_equals_that_of_repeated_rows(rng):
    X, y = iris
    weight = rng.randint(0, 4, len(y))
    model = SoftmaxRegression(lr=0.01, n_epochs=5, batch_size=1000)
    weighted = clone(model).fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    repeated = clone(model).fit(
        X.repeat(weight, axis=0),
        y.repeat(weight),
        X_val=X.repeat(weight, axis=0),
        y_val=y.repeat(weight),
    )
    for name, column in weighted.history_.items():
        np.testing.assert_allclose(column, repeated.history_[name], rtol=1e-9, err_msg=name)


def test_verbose_prints_a_line_an_epoch(capsys):
    SoftmaxRegression(lr=0.01, n_epochs=3, verbose=1).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("epoch 2  lr 0.01  loss ")


# --- early stopping ----------------------------------------------------------------------------


def test_early_stopping_restores_the_best_parameters():
    X, y = load_digits(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
    model = SoftmaxRegression(
        lr=0.05, n_epochs=500, early_stopping=True, n_iter_no_change=5, random_state=0
    )
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses = model.history_["val_loss"]
    assert model.n_iter_ == len(losses) < 500
    own = model.predict_log_proba(X_val)[np.arange(len(y_val)), y_val]
    assert losses.min() == pytest.approx(-own.mean(), rel=1e-9)
    assert np.argmin(losses) < model.n_iter_ - 1
    assert losses[-5:].min() > losses[:-5].min() - model.tol


def test_early_stopping_by_a_fraction_keeps_its_rows_out():
    X, y = scaled_digits()
    model = SoftmaxRegression(
        early_stopping=True, validation_fraction=0.25, n_epochs=3, batch_size=1, random_state=0
    ).fit(X, y)
    assert model.n_steps_ == 3 * (len(y) - np.ceil(0.25 * len(y)))
    assert "val_loss" in model.history_


def test_validation_rows_alone_stop_nothing():
    X, y = iris
    watched = SoftmaxRegression(lr=0.01, n_epochs=30, random_state=0)
    watched.fit(X, y, X_val=X[::3], y_val=y[::3])
    plain = SoftmaxRegression(lr=0.01, n_epochs=30, random_state=0).fit(X, y)
    np.testing.assert_array_equal(watched.coef_, plain.coef_)


# --- the learning rate -------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [50, 200, 569])
def test_auto_learns_from_unscaled_data_from_the_first_epoch(batch_size):
    X, y = load_breast_cancer(return_X_y=True)
    model = SoftmaxRegression(lr="auto", batch_size=batch_size, random_state=0).fit(X, y)
    loss = model.history_["loss"]
    assert np.all(np.diff(loss[:5]) < 0)
    assert np.all(loss <= 1.02 * np.minimum.accumulate(loss))
    assert np.all(np.diff(loss[::10]) < 0)
    assert loss[-1] < 0.8 * loss[0]


def test_auto_descends_in_every_epoch_of_full_batches():
    X, y = load_wine(return_X_y=True)
    model = SoftmaxRegression(lr="auto", batch_size=len(y)).fit(X, y)
    assert np.all(np.diff(model.history_["loss"]) < 0)


def test_auto_sums_duplicate_entries():
    X, y = iris
    halves = sparse.csr_array(np.hstack([X, X]) / 2)
    twice = sparse.csr_array((halves.data, halves.indices % 4, halves.indptr), shape=X.shape)
    assert not twice.has_canonical_format
    model = SoftmaxRegression(lr="auto", batch_size=1, n_epochs=2, random_state=0)
    expected = clone(model).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(model.fit(twice, y).coef_, expected.coef_, rtol=1e-9)
    assert twice.nnz == 2 * expected.n_features_in_ * 150


def test_batch_size_of_a_narrow_integer_type():
    X, y = iris
    expected = SoftmaxRegression(lr=0.01, batch_size=100, n_epochs=3, random_state=0).fit(X, y)
    model = SoftmaxRegression(lr=0.01, batch_size=np.int8(100), n_epochs=3, random_state=0)
    same_model(model.fit(X, y), expected)
    SoftmaxRegression(lr=0.01, batch_size=2**70, n_epochs=2).fit(X, y)


def test_auto_on_features_that_are_all_zero():
    model = SoftmaxRegression(lr="auto", fit_intercept=False, n_epochs=2)
    model.fit(np.zeros((4, 2)), [0, 1, 0, 1])
    np.testing.assert_array_equal(model.coef_, 0)


def test_a_loss_above_chance_warns():
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=r"lr=0.1 may be too large") as record:
        SoftmaxRegression(n_epochs=5, random_state=0).fit(X, y)
    assert record[0].filename == __file__


def test_a_read_only_memmap_is_never_copied(tmp_path):
    path = tmp_path / "X.dat"
    np.lib.format.open_memmap(path, "w+", np.float32, (40_000, 250)).flush()
    X, y = np.load(path, mmap_mode="r"), np.arange(40_000) % 10
    for params in ({}, {"batch_size": 40_000}, {"early_stopping": True}, {"lr": "auto"}):
        tracemalloc.start()
        SoftmaxRegression(n_epochs=1, **params).fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 4


# --- scikit-learn around it ----------------------------------------------------------------------


def test_grid_search_over_a_pipeline():
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(random_state=0, n_epochs=50))
    grid = {"softmaxregression__lr": [1e-4, 1.0], "softmaxregression__reg_param": [0, 1]}
    search = GridSearchCV(pipeline, grid, cv=StratifiedKFold(3, shuffle=True, random_state=0))
    assert search.fit(X, y).best_score_ > 0.93
    assert search.best_params_["softmaxregression__lr"] == 1.0


def test_metadata_routing_through_a_pipeline():
    X, y = iris
    X_train, X_val, y_train, y_val = train_test_split(X, y, random_state=0)
    weight = np.ones(len(y_train))
    with sklearn.config_context(enable_metadata_routing=True):
        model = SoftmaxRegression(n_epochs=10, random_state=0)
        model.set_fit_request(X_val=True, y_val=True, sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model, transform_input=["X_val"])
        pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val, sample_weight=weight)
    history = pipeline[-1].history_
    assert history["val_accuracy"][-1] == pytest.approx(pipeline.score(X_val, y_val))


def test_unfitted_and_fitted_repr():
    assert repr(SoftmaxRegression(lr=0.5)) == "SoftmaxRegression(lr=0.5)"
