"""What holds for every estimator."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tests.cases import (
    CASES,
    LAST_FIT_ATTRIBUTES,
    assert_same_model,
    cases,
    estimators,
    ignore_unfinished,
    parameters,
    weight_norm,
)

# --- the same training, however it is cut ---------------------------------------------


@estimators()
def test_epochs_do_not_depend_on_how_many_there_are(case):
    short = case.model(n_epochs=10, lr_decay=0.99).fit(case.X, case.y)
    long = case.model(n_epochs=40, lr_decay=0.99).fit(case.X, case.y)
    assert long.n_iter_ == 40
    for name, column in short.history_.items():
        np.testing.assert_array_equal(column, long.history_[name][:10])
    np.testing.assert_array_equal(short.step_losses_, long.step_losses_[: short.n_steps_])


TRAINERS = [
    *((case, {}) for case in cases()),
    *((case, {"lr_decay": 0.9, "class_weight": "balanced"}) for case in cases()),
    *((case, {"fit_intercept": False}) for case in cases()),
    *((case, {"momentum": 0.9}) for case in cases("momentum")),
    *((case, {"momentum": 0.9, "nesterov": True, "lr_decay": 0.9}) for case in cases("momentum")),
    *((case, {"optimizer": "adam", "lr": 0.01}) for case in cases("momentum")),
    *((case, {"lr": "auto", "reg_param": 2.0}) for case in cases('lr="auto"')),
    *((case, {"lr": "auto", "optimizer": "adam"}) for case in cases("momentum")),
]


@ignore_unfinished
@pytest.mark.parametrize("seed", [3, np.random.RandomState], ids=["int", "instance"])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(("case", "params"), TRAINERS, ids=str)
def test_warm_start_goes_on_where_it_stopped(case, params, shuffle, seed):
    params = {**params, "shuffle": shuffle}
    first_seed, second_seed = (seed, seed) if seed == 3 else (seed(3), seed(3))
    straight = case.model(n_epochs=10, random_state=first_seed, **params).fit(case.X, case.y)
    halves = case.model(n_epochs=5, warm_start=True, random_state=second_seed, **params)
    halves.fit(case.X, case.y)
    assert halves.n_iter_ == 5
    halves = pickle.loads(pickle.dumps(halves))
    halves.fit(case.X, case.y)
    assert halves.n_iter_ == 10
    assert_same_model(straight, halves, exclude=LAST_FIT_ATTRIBUTES)


@estimators()
def test_warm_start_keeps_the_validation_rows_of_an_int_seed(case):
    model = case.model(early_stopping=True, n_epochs=2, warm_start=True)
    model.fit(case.X, case.y).set_params(lr=1e-12, n_epochs=1).fit(case.X, case.y)
    losses = model.history_["val_loss"]
    assert losses[2] == pytest.approx(losses[:2].min(), rel=1e-6)


@estimators("momentum")
def test_warm_start_with_another_optimizer_starts_it_afresh(case):
    model = case.model(warm_start=True, momentum=0.9, n_epochs=3).fit(case.X, case.y)
    model.set_params(optimizer="adam", lr=0.01).fit(case.X, case.y)
    model.set_params(fit_intercept=False).fit(case.X, case.y)
    assert model.n_iter_ == 9
    assert len(model.history_["loss"]) == 9


@estimators()
def test_warm_start_without_validation_rows_leaves_gaps(case):
    model = case.model(warm_start=True, n_epochs=2).fit(case.X, case.y)
    model.fit(case.X, case.y, X_val=case.X, y_val=case.y)
    np.testing.assert_array_equal(np.isnan(model.history_["val_loss"]), [True, True, False, False])


@estimators()
def test_partial_fit_is_one_pass_at_a_time(case):
    params = {"lr_decay": 0.9, **case.options(momentum=0.5)}
    straight = case.model(n_epochs=3, **params).fit(case.X, case.y)
    passes = case.model(**params)
    for _ in range(3):
        passes.partial_fit(case.X, case.y, classes=case.classes)
    assert_same_model(straight, passes, exclude=LAST_FIT_ATTRIBUTES)


@estimators()
def test_partial_fit_on_chunks_learns(case):
    model = case.model(lr=0.5)
    for _ in range(10):
        for chunk in np.array_split(np.arange(len(case.y)), 6):
            model.partial_fit(case.X[chunk], case.y[chunk], classes=case.classes)
    assert model.score(case.X, case.y) > 0.95
    assert model.n_iter_ == 60


@estimators()
def test_fit_then_partial_fit_goes_on(case):
    model = case.model(n_epochs=4).fit(case.X, case.y)
    model.partial_fit(case.X[case.y == 0], case.y[case.y == 0])
    assert model.n_iter_ == 5
    np.testing.assert_array_equal(model.classes_, case.classes)


# Other shapes are for products that a BLAS may cut elsewhere; all estimators share them.
SHAPES = [
    *((case, 784, len(case.classes)) for case in CASES),
    *((CASES[0], *shape) for shape in [(50, 10), (435, 100), (2495, 26)]),
]


@pytest.mark.slow
@ignore_unfinished
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("case", "n_features", "n_classes"), SHAPES, ids=str)
def test_same_model_up_to_rounding_whatever_the_threads(case, n_features, n_classes, dtype, rng):
    X = rng.standard_normal((2000, n_features)).astype(dtype)
    y = np.arange(2000) % n_classes
    batch_size = 1 if case.is_online() else 931
    model = case.model(lr=case.lr(), batch_size=batch_size, n_epochs=2)
    precision = 1e4 * np.finfo(dtype).eps
    expected = None
    for n_threads in (1, 2, 4):
        with threadpool_limits(n_threads):
            one, again = (clone(model).fit(X, y, X_val=X, y_val=y) for _ in range(2))
        assert_same_model(one, again)
        expected = parameters(one) if expected is None else expected
        np.testing.assert_allclose(parameters(one), expected, rtol=precision, atol=precision)


@estimators()
def test_same_models_whatever_n_jobs(case):
    one, two = (
        cross_validate(
            case.model(n_epochs=5), case.X, case.y, cv=3, n_jobs=n_jobs, return_estimator=True
        )
        for n_jobs in (1, 2)
    )
    for a, b in zip(one["estimator"], two["estimator"]):
        assert_same_model(a, b)


@estimators()
def test_random_state_decides(case):
    model = case.model(n_epochs=2)
    assert_same_model(clone(model).fit(case.X, case.y), clone(model).fit(case.X, case.y))
    other = clone(model).set_params(random_state=1).fit(case.X, case.y)
    assert not np.array_equal(parameters(other), parameters(model.fit(case.X, case.y)))


# --- inputs of all kinds ----------------------------------------------------------------

LETTERS = list("abcdefghij")


@pytest.mark.parametrize(
    "labels",
    [
        np.array(LETTERS) + "_" + np.array(LETTERS),
        np.array(LETTERS, dtype=object),
        np.arange(-5.0, 15.0, 2.0),
        np.arange(10, 110, 10, dtype=np.uint8),
        pd.array(LETTERS, dtype="string"),
        pd.Categorical(LETTERS),
    ],
    ids=lambda labels: str(labels.dtype),
)
@estimators()
def test_labels_of_any_type(case, labels):
    X, y = case.X, case.y
    plain = case.model(n_epochs=5).fit(X, y)
    named = labels[y] if isinstance(labels, np.ndarray) else pd.Series(labels[y])
    model = case.model(n_epochs=5).fit(X, named, X_val=X, y_val=named)
    np.testing.assert_array_equal(parameters(model), parameters(plain))
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
@estimators()
def test_strings_of_any_type_are_the_same_labels(case, one, other):
    X, labels = case.X[:200], np.array(LETTERS)[case.y[:200]]
    model = case.model(n_epochs=2).fit(X, one(labels), X_val=X, y_val=other(labels))
    model.partial_fit(X, other(labels), classes=LETTERS[: len(case.classes)])
    assert set(model.predict(X)) <= set(labels)


@estimators("sample_weight")
def test_class_weights_are_multiplied_with_those_of_the_rows(case, rng):
    X, y, weight = case.X[:300], case.y[:300], rng.uniform(0.5, 2, 300)
    class_weight = {case.classes[0]: 3.0, case.classes[1]: 0.5}
    one = case.model(n_epochs=2, class_weight=class_weight).fit(X, y, weight)
    factors = np.array([class_weight.get(label, 1.0) for label in y])
    assert_same_model(one, case.model(n_epochs=2).fit(X, y, weight * factors))


@estimators()
def test_boolean_labels(case):
    model = case.model(n_epochs=5).fit(case.X, case.y == 1)
    assert model.predict(case.X).dtype == bool


@pytest.mark.parametrize("early_stopping", [False, True])
@estimators()
def test_one_class(case, early_stopping, rng):
    X = rng.standard_normal((20, 3))
    model = case.model(n_epochs=3, early_stopping=early_stopping).fit(X, ["only"] * 20)
    far_away = 1000 * rng.standard_normal((20, 3))
    assert set(model.predict(X)) == set(model.predict(far_away)) == {"only"}
    assert model.decision_function(X).shape == (20,)


@estimators("predict_proba")
def test_one_class_is_certain(case, rng):
    X = rng.standard_normal((20, 3))
    model = case.model(n_epochs=3).fit(X, ["only"] * 20)
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((20, 1)))
    np.testing.assert_array_equal(model.predict_log_proba(X), np.zeros((20, 1)))


@estimators()
def test_one_row(case):
    model = case.model(n_epochs=2).fit([[1.0, 2.0]], [7])
    assert model.predict([[0.0, 0.0]]) == [7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@estimators()
def test_dtype_is_kept(case, dtype):
    X, weight = case.X.astype(dtype), np.ones(len(case.y))
    model = case.model(n_epochs=3, class_weight="balanced", **case.options(reg_param=1.0))
    model.fit(X, case.y, **case.options(sample_weight=weight))
    for array in (*model._fitted_network()[1].weights, model.decision_function(X)):
        assert array.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@estimators("predict_proba")
def test_dtype_of_probabilities(case, dtype):
    X = case.X.astype(dtype)
    assert case.model(n_epochs=3).fit(X, case.y).predict_proba(X).dtype == dtype


@estimators()
def test_training_goes_on_in_another_dtype(case):
    X, y = case.X, case.y
    model = case.model(n_epochs=3, warm_start=True, **case.options(momentum=0.9))
    model.fit(X.astype(np.float32), y).fit(X, y)
    model.partial_fit(X.astype(np.float32), y)
    assert model.n_iter_ == 7


FORMATS = [
    (case, batch_size, weighted)
    for case in CASES
    for batch_size in ([1] if case.is_online() else [7, 64, 1000])
    for weighted in ([False, True] if "sample_weight" in case.capabilities else [False])
]


@ignore_unfinished
@pytest.mark.parametrize(("case", "batch_size", "weighted"), FORMATS, ids=str)
def test_sparse_equals_dense(case, batch_size, weighted, rng):
    X, y = case.X, case.y
    weights = {"sample_weight": rng.uniform(0, 2, len(y))} if weighted else {}
    model = case.model(
        lr=case.lr(), batch_size=batch_size, n_epochs=3, **case.options(reg_param=1.0)
    )
    dense = clone(model).fit(X, y, **weights)
    for container in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        other = clone(model).fit(container(X), y, X_val=container(X), y_val=y, **weights)
        close = {"rtol": 1e-9, "atol": 1e-12}
        np.testing.assert_allclose(parameters(other), parameters(dense), **close)
        np.testing.assert_allclose(
            other.decision_function(container(X)), dense.decision_function(X), **close
        )


@ignore_unfinished
@estimators()
def test_duplicate_entries_are_summed(case):
    X, y = case.X[:200], case.y[:200]
    n_features = X.shape[1]
    halves = sparse.csr_array(np.hstack([X, X]) / 2)
    twice = sparse.csr_array((halves.data, halves.indices % n_features, halves.indptr), X.shape)
    assert not twice.has_canonical_format
    model = case.model(lr=case.lr(), n_epochs=2)
    expected = clone(model).fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(parameters(model.fit(twice, y)), parameters(expected), rtol=1e-9)
    assert twice.nnz == 2 * np.count_nonzero(X)


@estimators()
def test_batch_size_of_a_narrow_integer_type(case):
    X, y = case.X, case.y
    expected = case.model(batch_size=100, n_epochs=3).fit(X, y)
    assert_same_model(case.model(batch_size=np.int8(100), n_epochs=3).fit(X, y), expected)
    case.model(batch_size=2**70, n_epochs=2).fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "layout",
    [np.asfortranarray, lambda X: np.repeat(X, 2, axis=1)[:, ::2], lambda X: X[::-1][::-1]],
    ids=["Fortran", "strided", "reversed"],
)
@estimators()
def test_memory_layout_does_not_matter(case, layout, shuffle, early_stopping):
    model = case.model(n_epochs=3, shuffle=shuffle, early_stopping=early_stopping)
    expected = clone(model).fit(case.X, case.y)
    model.fit(layout(case.X), case.y)
    np.testing.assert_allclose(parameters(model), parameters(expected), rtol=1e-10)


@estimators()
def test_inputs_are_left_alone(case, rng):
    X, y, weight = arrays = [case.X.copy(), case.y.copy(), rng.uniform(0, 2, len(case.y))]
    before = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False
    of_training = case.options(sample_weight=weight)
    of_validation = case.options(sample_weight_val=weight)
    model = case.model(n_epochs=2, class_weight="balanced", early_stopping=True)
    model.fit(X, y, **of_training)
    case.model().partial_fit(X, y, case.classes, **of_training)
    model.fit(X, y, X_val=X, y_val=y, **of_training, **of_validation).predict(X)
    for a, b in zip(arrays, before):
        np.testing.assert_array_equal(a, b)


@estimators()
def test_feature_names(case):
    X, y = load_iris(return_X_y=True, as_frame=True)
    y = np.minimum(y, len(case.classes) - 1)
    model = case.model(lr=0.01, n_epochs=2).fit(X, y, X_val=X, y_val=y)
    assert list(model.feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names"):
        model.fit(X, y, X_val=X.rename(columns=str.upper), y_val=y)


@estimators()
def test_a_read_only_memmap_is_never_copied(case, tmp_path):
    path = tmp_path / "X.dat"
    np.lib.format.open_memmap(path, "w+", np.float32, (50_000, 250)).flush()
    X = np.load(path, mmap_mode="r")
    y = np.minimum(np.arange(50_000) % 1000, len(case.classes) - 1)
    for params in ({}, {"batch_size": 50_000}, {"early_stopping": True}, {"lr": case.lr()}):
        tracemalloc.start()
        case.model(n_epochs=1, **params).fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 4


# --- weights ------------------------------------------------------------------------------


def few_of_some_classes(case):
    kept = (case.y >= len(case.classes) // 2) | (np.arange(len(case.y)) % 5 == 0)
    return case.X[kept], case.y[kept]


@estimators()
def test_balanced_is_the_class_weights_it_stands_for(case):
    X, y = few_of_some_classes(case)
    weights = len(y) / (len(case.classes) * np.bincount(y))
    balanced = case.model(n_epochs=5, class_weight="balanced").fit(X, y)
    by_dict = case.model(n_epochs=5, class_weight=dict(enumerate(weights))).fit(X, y)
    np.testing.assert_allclose(parameters(balanced), parameters(by_dict), rtol=1e-10)
    plain = case.model(n_epochs=5).fit(X, y)
    assert not np.allclose(parameters(balanced), parameters(plain))


@estimators("sample_weight")
def test_balanced_is_the_sample_weights_it_stands_for(case):
    X, y = few_of_some_classes(case)
    weights = len(y) / (len(case.classes) * np.bincount(y))
    balanced = case.model(n_epochs=5, class_weight="balanced").fit(X, y)
    by_row = case.model(n_epochs=5).fit(X, y, weights[y])
    np.testing.assert_allclose(parameters(balanced), parameters(by_row), rtol=1e-10)


@estimators()
def test_class_whose_weight_vanishes(case):
    *others, last = case.classes
    model = case.model(n_epochs=10, class_weight={**dict.fromkeys(others, 1), last: 0})
    model.fit(case.X, case.y)
    assert last not in model.predict(case.X[case.y != last])
    assert np.all(np.isfinite(parameters(model)))


@estimators("sample_weight")
def test_class_whose_sample_weights_vanish(case):
    *others, last = case.classes
    model = case.model(n_epochs=50, class_weight="balanced")
    model.fit(case.X, case.y, (case.y != last).astype(float))
    assert set(model.predict(case.X[case.y != last])) == set(others)
    assert np.all(np.isfinite(parameters(model)))


@estimators("sample_weight", "reg_param")
def test_scale_of_the_weights_matters_only_to_the_penalty(case):
    X, y = case.X, case.y
    one, ten = (case.model(n_epochs=5).fit(X, y, np.full(len(y), w)) for w in (1.0, 10.0))
    np.testing.assert_allclose(parameters(one), parameters(ten), rtol=1e-10)
    penalised = case.model(n_epochs=5, reg_param=10.0).fit(X, y, np.full(len(y), 10.0))
    expected = case.model(n_epochs=5, reg_param=1.0).fit(X, y)
    np.testing.assert_allclose(parameters(penalised), parameters(expected), rtol=1e-10)


# --- what is recorded ------------------------------------------------------------------------


@estimators()
def test_history(case):
    X, y = case.X, case.y
    model = case.model(n_epochs=4, lr=0.5, lr_decay=0.5, **case.options(reg_param=3.0))
    model.fit(X, y, X_val=X[:300], y_val=y[:300])
    frame = pd.DataFrame(model.history_)
    assert list(frame) == [
        "epoch",
        "lr",
        "loss",
        "accuracy",
        *case.extra_figures,
        "penalty",
        "weight_norm",
        "val_loss",
        "val_accuracy",
    ]
    np.testing.assert_array_equal(frame["epoch"], [1, 2, 3, 4])
    np.testing.assert_allclose(frame["lr"], [0.5, 0.25, 0.125, 0.0625])
    last, norm = frame.iloc[-1], weight_norm(model)
    np.testing.assert_allclose(last["weight_norm"], norm)
    reg_param = 3.0 if "reg_param" in case.capabilities else 0.0
    np.testing.assert_allclose(last["penalty"], reg_param / 2 * norm**2 / len(y))
    np.testing.assert_allclose(last["val_accuracy"], model.score(X[:300], y[:300]), rtol=1e-12)
    np.testing.assert_allclose(last["val_loss"], case.loss(model, X[:300], y[:300]))
    lengths = np.diff([*range(0, len(y), model.batch_size), len(y)])
    assert model.n_steps_ == len(model.step_losses_) == 4 * len(lengths)
    sums = model.step_losses_.reshape(4, -1) @ lengths
    np.testing.assert_allclose(sums / len(y), frame["loss"])


@estimators()
def test_running_figures_are_those_before_each_step(case):
    X, y = case.X, case.y
    model = case.model(n_epochs=2, batch_size=len(y)).fit(X, y)
    first = case.model(n_epochs=1, batch_size=len(y)).fit(X, y)
    assert model.history_["loss"][1] == pytest.approx(case.loss(first, X, y))
    assert model.history_["accuracy"][1] == pytest.approx(first.score(X, y))


@estimators("sample_weight")
def test_weighted_history_equals_that_of_repeated_rows(case, rng):
    X, y = case.X, case.y
    weight = rng.randint(0, 4, len(y))
    model = case.model(n_epochs=5, batch_size=10 * len(y))
    weighted = clone(model).fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    repeated = clone(model).fit(
        X.repeat(weight, axis=0),
        y.repeat(weight),
        X_val=X.repeat(weight, axis=0),
        y_val=y.repeat(weight),
    )
    for name in weighted.history_.keys() - set(case.extra_figures):  # mistakes count rows
        column, expected = weighted.history_[name], repeated.history_[name]
        np.testing.assert_allclose(column, expected, rtol=1e-9, err_msg=name)


@estimators()
def test_verbose_prints_a_line_an_epoch(case, capsys):
    case.model(lr=0.01, n_epochs=3, verbose=1).fit(case.X, case.y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("epoch 2  lr 0.01  loss ")


# --- early stopping ----------------------------------------------------------------------------


@estimators()
def test_early_stopping_restores_the_best_parameters(case):
    # Such large steps that the loss rises again.
    X_train, X_val, y_train, y_val = train_test_split(16 * case.X, case.y, random_state=0)
    model = case.model(lr=0.05, n_epochs=500, early_stopping=True, tol=1e-3, n_iter_no_change=5)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses = model.history_["val_loss"]
    assert model.n_iter_ == len(losses) < 500
    assert losses.min() == pytest.approx(case.loss(model, X_val, y_val), rel=1e-9)
    assert np.argmin(losses) < model.n_iter_ - 1
    assert losses[-5:].min() > losses[:-5].min() - model.tol


@estimators()
def test_early_stopping_by_a_fraction_keeps_its_rows_out(case):
    model = case.model(early_stopping=True, validation_fraction=0.25, n_epochs=3, batch_size=1)
    model.fit(case.X, case.y)
    assert model.n_steps_ == 3 * (len(case.y) - np.ceil(0.25 * len(case.y)))
    assert "val_loss" in model.history_


@estimators()
def test_validation_rows_alone_stop_nothing(case):
    X, y = case.X, case.y
    watched = case.model(n_epochs=30).fit(X, y, X_val=X[::3], y_val=y[::3])
    plain = case.model(n_epochs=30).fit(X, y)
    assert watched.n_iter_ == 30
    np.testing.assert_array_equal(parameters(watched), parameters(plain))


# --- scikit-learn around it ----------------------------------------------------------------------


@estimators()
def test_grid_search_over_a_pipeline(case):
    prefix = case.name.lower()
    grid = {"lr": [1e-4, 1.0], **case.options(reg_param=[0, 1])}
    pipeline = make_pipeline(StandardScaler(), case.model(n_epochs=20))
    search = GridSearchCV(
        pipeline,
        {f"{prefix}__{name}": values for name, values in grid.items()},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )
    assert search.fit(case.X, case.y).best_score_ > 0.93
    # To a perceptron that starts from zero, lr is only the unit of its weights.
    assert search.best_params_[f"{prefix}__lr"] == 1.0 or case.name == "BinaryPerceptron"


@estimators()
def test_metadata_routing_through_a_pipeline(case):
    X_train, X_val, y_train, y_val = train_test_split(case.X, case.y, random_state=0)
    weight = case.options(sample_weight=np.ones(len(y_train)))
    with sklearn.config_context(enable_metadata_routing=True):
        model = case.model(n_epochs=10)
        model.set_fit_request(X_val=True, y_val=True, **dict.fromkeys(weight, True))
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model, transform_input=["X_val"])
        pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val, **weight)
    history = pipeline[-1].history_
    assert history["val_accuracy"][-1] == pytest.approx(pipeline.score(X_val, y_val))


@estimators()
def test_repr(case):
    assert repr(type(case.estimator)(lr=0.5)) == f"{case.name}(lr=0.5)"


@estimators()
def test_patience_without_end(case):
    X, y = case.X, case.y
    options = {"early_stopping": True, "n_epochs": 12, "random_state": 0}
    patient = case.model(n_iter_no_change=np.inf, **options).fit(X, y)
    assert_same_model(patient, case.model(n_iter_no_change=10**9, **options).fit(X, y))
    assert patient.n_iter_ <= 12


@estimators()
def test_a_single_class_is_predicted(case):
    X, y = case.X, np.full(len(case.X), "only")
    model = case.model().fit(X, y)
    assert model.classes_.tolist() == ["only"]
    assert set(model.predict(X)) == {"only"}
