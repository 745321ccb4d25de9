"""Laws of every estimator."""

import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import train_test_split
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

# --- epochs and resumed training -----------------------------------------------------------------

VARIANTS = [
    *((case, {}) for case in cases()),
    *((case, {"lr_decay": 0.9, "class_weight": "balanced"}) for case in cases()),
    *((case, {"momentum": 0.9, "fit_intercept": False}) for case in cases("momentum")),
    *((case, {"momentum": 0.9, "nesterov": True, "lr_decay": 0.9}) for case in cases("momentum")),
    *((case, {"optimizer": "adam", "lr": 0.01}) for case in cases("momentum")),
    *((case, {"lr": "auto", "reg_param": 2.0}) for case in cases("momentum")),
    *((case, {"lr": "auto", "optimizer": "adam"}) for case in cases("momentum")),
    *((case, {"average": True}) for case in cases("average")),
    (cases("dropout")[0], {"lr": "auto", "hidden_size": (9, 7), "dropout": 0.2}),
]
variants = pytest.mark.parametrize(("case", "params"), VARIANTS, ids=str)


@ignore_unfinished
@pytest.mark.parametrize("seed", [3, np.random.RandomState], ids=["int", "instance"])
@variants
def test_warm_start_of_a_pickle_and_partial_fit_continue_exactly(case, params, seed):
    X, y = case.X[:400], case.y[:400]
    whole, halves, passes = (
        case.model(**{**params, "random_state": seed if seed == 3 else seed(3)}) for _ in range(3)
    )
    whole.set_params(n_epochs=4).fit(X, y)
    halves.set_params(n_epochs=2, warm_start=True).fit(X, y)
    halves = pickle.loads(pickle.dumps(halves)).fit(X, y)
    assert halves.n_iter_ == 4
    assert_same_model(halves, whole, exclude=LAST_FIT_ATTRIBUTES)
    if params.get("class_weight") != "balanced":
        for _ in range(4):
            passes.partial_fit(X, y, classes=np.unique(y))
        assert_same_model(passes, whole, exclude=LAST_FIT_ATTRIBUTES)


@estimators()
def test_warm_start_of_an_int_seed_keeps_the_validation_rows(case):
    model = case.model(early_stopping=True, n_epochs=2, warm_start=True)
    model.fit(case.X, case.y).set_params(lr=1e-12, n_epochs=1).fit(case.X, case.y)
    losses = model.history_["val_loss"]
    assert losses[2] == pytest.approx(losses[:2].min(), rel=1e-6)


@estimators()
def test_history_of_fits_without_validation_rows_contains_nan(case):
    model = case.model(warm_start=True, n_epochs=2).fit(case.X, case.y)
    model.fit(case.X, case.y, X_val=case.X, y_val=case.y)
    np.testing.assert_array_equal(np.isnan(model.history_["val_loss"]), [True, True, False, False])


@estimators()
def test_partial_fit_with_a_single_class_continues_a_fit(case):
    model = case.model(n_epochs=4).fit(case.X, case.y)
    model.partial_fit(case.X[case.y == 0], case.y[case.y == 0])
    assert model.n_iter_ == 5
    np.testing.assert_array_equal(model.classes_, case.classes)


@estimators()
def test_training_continues_in_another_dtype(case):
    X, y = case.X, case.y
    model = case.model(n_epochs=3, warm_start=True, **case.options(momentum=0.9))
    model.fit(X.astype(np.float32), y).fit(X, y)
    model.partial_fit(X.astype(np.float32), y)
    assert model.n_iter_ == 7


# --- the same seed -------------------------------------------------------------------------------

# A BLAS may split products of these shapes differently with other numbers of threads.
SHAPES = [
    *((case, 784, len(case.classes)) for case in CASES),
    *((CASES[0], *shape) for shape in [(50, 10), (435, 100), (2495, 26)]),
]


@pytest.mark.slow
@ignore_unfinished
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("case", "n_features", "n_classes"), SHAPES, ids=str)
def test_number_of_threads_changes_the_model_only_by_rounding(
    case, n_features, n_classes, dtype, rng
):
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


# --- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_stopping", [False, True])
@estimators()
def test_a_single_class_or_row_is_predicted_everywhere(case, early_stopping, rng):
    X = rng.standard_normal((20, 3))
    model = case.model(n_epochs=3, early_stopping=early_stopping).fit(X, ["only"] * 20)
    assert set(model.predict(X)) == set(model.predict(1000 * X)) == {"only"}
    assert model.decision_function(X).shape == (20,)
    model = case.model(n_epochs=2).fit([[1.0, 2.0]], [7])
    assert model.predict([[0.0, 0.0]]) == [7]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@estimators()
def test_weights_and_predictions_have_the_dtype_of_the_data(case, dtype):
    X, weight = case.X.astype(dtype), np.ones(len(case.y))
    model = case.model(n_epochs=2, class_weight="balanced", **case.options(reg_param=1.0))
    model.fit(X, case.y, sample_weight=weight)
    outputs = [*model._fitted_network()[1].weights, model.decision_function(X)]
    if "predict_proba" in case.capabilities:
        outputs.append(model.predict_proba(X))
    assert {output.dtype for output in outputs} == {np.dtype(dtype)}


def sparse_forms(X):
    """Return X as sparse matrices, the last of which has duplicate entries."""
    halves = sparse.csr_array(np.hstack([X, X]) / 2)
    halves = sparse.csr_array((halves.data, halves.indices % X.shape[1], halves.indptr), X.shape)
    assert not halves.has_canonical_format
    containers = sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array
    return [*(container(X) for container in containers), halves]


@ignore_unfinished
@pytest.mark.parametrize("weighted", [False, True])
@variants
def test_sparse_rows_are_trained_on_like_dense_ones(case, params, weighted, rng):
    X, y = case.X[:300], case.y[:300]
    weight = rng.uniform(0, 2, len(y)) if weighted else None
    model = case.model(**params, n_epochs=2, batch_size=1 if case.is_online() else 64)
    dense = clone(model).fit(X, y, weight)
    # Adam turns rounding errors of small gradients into large steps.
    close = {"rtol": 1e-9, "atol": 1e-6 if params.get("optimizer") == "adam" else 1e-12}
    for other in sparse_forms(X):
        found = clone(model).fit(other, y, weight, X_val=other, y_val=y)
        np.testing.assert_allclose(parameters(found), parameters(dense), **close)
        scores = found.decision_function(other)
        np.testing.assert_allclose(scores, dense.decision_function(X), **close)


@pytest.mark.parametrize("params", [{}, {"shuffle": False}, {"early_stopping": True}], ids=str)
@estimators()
def test_memory_layout_does_not_change_the_model(case, params):
    X, y = case.X[:300], case.y[:300]
    layouts = [np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1].copy()[::-1]]
    expected = case.model(n_epochs=2, **params).fit(X, y)
    for other in layouts:
        model = case.model(n_epochs=2, **params).fit(other, y)
        np.testing.assert_allclose(parameters(model), parameters(expected), rtol=1e-10)


@estimators()
def test_batch_size_may_be_of_a_narrow_integer_type(case):
    X, y = case.X, case.y
    expected = case.model(batch_size=100, n_epochs=2).fit(X, y)
    assert_same_model(case.model(batch_size=np.int8(100), n_epochs=2).fit(X, y), expected)


@estimators()
def test_a_read_only_memmap_is_never_copied(case, tmp_path):
    path, n = tmp_path / "X.dat", 50_000
    np.lib.format.open_memmap(path, "w+", np.float32, (n, 250)).flush()
    X = np.load(path, mmap_mode="r")
    y = np.minimum(np.arange(n) % 1000, len(case.classes) - 1)
    for params in ({"batch_size": n, "early_stopping": True}, {"lr": case.lr()}):
        tracemalloc.start()
        if "dropout" in case.capabilities:  # hidden units of all rows need 20 MB
            params["hidden_size"] = 100
        case.model(n_epochs=1, **params).fit(X, y).predict(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < X.nbytes / 4


# --- weights -------------------------------------------------------------------------------------


@estimators()
def test_class_weights_equal_sample_weights(case, rng):
    is_used = (case.y >= len(case.classes) // 2) | (np.arange(len(case.y)) % 5 == 0)
    X, y = case.X[is_used], case.y[is_used]
    balanced = len(y) / (len(case.classes) * np.bincount(y))
    for params in ({}, {"lr": case.lr(), "batch_size": len(y)}):
        model = case.model(n_epochs=1, **params)
        name_model = clone(model).set_params(class_weight="balanced").fit(X, y)
        dict_model = clone(model).set_params(class_weight=dict(enumerate(balanced))).fit(X, y)
        row_model = clone(model).fit(X, y, balanced[y])
        for other in (dict_model, row_model):
            np.testing.assert_allclose(parameters(other), parameters(name_model), rtol=1e-9)
        assert not np.allclose(parameters(clone(model).fit(X, y)), parameters(name_model))
    weight, class_weight = rng.uniform(0.5, 2, len(y)), {case.classes[0]: 3.0, case.classes[1]: 0.5}
    both = case.model(n_epochs=2, class_weight=class_weight).fit(X, y, weight)
    factors = np.array([class_weight.get(label, 1.0) for label in y])
    assert_same_model(both, case.model(n_epochs=2).fit(X, y, weight * factors))


@estimators()
def test_a_class_of_weight_0_is_never_predicted(case):
    *others, last = case.classes
    X = case.X[case.y != last]
    model = case.model(n_epochs=10, class_weight={**dict.fromkeys(others, 1), last: 0})
    model.fit(case.X, case.y)
    assert last not in model.predict(X)
    assert np.all(np.isfinite(parameters(model)))
    model = case.model(n_epochs=20, class_weight="balanced")
    model.fit(case.X, case.y, (case.y != last).astype(float))
    assert set(model.predict(X)) == set(others)
    assert np.all(np.isfinite(parameters(model)))


@estimators("reg_param")
def test_scale_of_the_weights_matters_only_for_the_penalty(case):
    X, y = case.X, case.y
    one, ten = (case.model(n_epochs=3).fit(X, y, np.full(len(y), w)) for w in (1.0, 10.0))
    np.testing.assert_allclose(parameters(one), parameters(ten), rtol=1e-10)
    penalised = case.model(n_epochs=3, reg_param=10.0).fit(X, y, np.full(len(y), 10.0))
    expected = case.model(n_epochs=3, reg_param=1.0).fit(X, y)
    np.testing.assert_allclose(parameters(penalised), parameters(expected), rtol=1e-10)


# --- history -------------------------------------------------------------------------------------


@estimators()
def test_history_contains_the_figures_of_each_epoch(case, capsys):
    X, y = case.X, case.y
    model = case.model(n_epochs=4, lr=0.5, lr_decay=0.5, **case.options(reg_param=3.0))
    model.set_params(verbose=1).fit(X, y, X_val=X[:300], y_val=y[:300])
    frame = pd.DataFrame(model.history_)
    figures = ["epoch", "lr", "loss", "accuracy", *case.extra_figures, "penalty", "weight_norm"]
    assert list(frame) == [*figures, "val_loss", "val_accuracy"]
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
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("epoch 2  lr 0.25  loss ")


@estimators()
def test_loss_and_accuracy_are_those_before_each_step(case):
    X, y = case.X, case.y
    model = case.model(n_epochs=2, batch_size=len(y)).fit(X, y)
    first = case.model(n_epochs=1, batch_size=len(y)).fit(X, y)
    assert model.history_["loss"][1] == pytest.approx(case.loss(first, X, y))
    assert model.history_["accuracy"][1] == pytest.approx(first.score(X, y))


@estimators()
def test_history_of_weighted_rows_equals_that_of_repeated_rows(case, rng):
    X, y = case.X, case.y
    weight = rng.randint(0, 4, len(y))
    model = case.model(n_epochs=3, batch_size=10 * len(y))
    weighted = clone(model).fit(X, y, weight, X_val=X, y_val=y, sample_weight_val=weight)
    X, y = X.repeat(weight, axis=0), y.repeat(weight)
    repeated = clone(model).fit(X, y, X_val=X, y_val=y)
    for name in weighted.history_.keys() - set(case.extra_figures):  # mistakes count rows
        column, expected = weighted.history_[name], repeated.history_[name]
        np.testing.assert_allclose(column, expected, rtol=1e-9, err_msg=name)


# --- early stopping ------------------------------------------------------------------------------


@estimators()
def test_early_stopping_restores_the_best_parameters(case):
    # With such large steps, the loss rises again.
    X_train, X_val, y_train, y_val = train_test_split(16 * case.X, case.y, random_state=0)
    model = case.model(lr=0.05, n_epochs=500, early_stopping=True, tol=1e-3, n_iter_no_change=5)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses = model.history_["val_loss"]
    assert model.n_iter_ == len(losses) < 500
    assert losses.min() == pytest.approx(case.loss(model, X_val, y_val), rel=1e-9)
    assert np.argmin(losses) < model.n_iter_ - 1
    assert losses[-5:].min() > losses[:-5].min() - model.tol


@estimators()
def test_early_stopping_does_not_train_on_its_validation_fraction(case):
    X, y = case.X[:400], case.y[:400]
    model = case.model(early_stopping=True, validation_fraction=0.25, n_epochs=3, batch_size=1)
    model.fit(X, y)
    assert model.n_steps_ == 3 * (len(y) - np.ceil(0.25 * len(y)))
    assert "val_loss" in model.history_


@estimators()
def test_validation_rows_without_early_stopping_change_nothing(case):
    X, y = case.X, case.y
    watched = case.model(n_epochs=15).fit(X, y, X_val=X[::3], y_val=y[::3])
    plain = case.model(n_epochs=15).fit(X, y)
    assert watched.n_iter_ == 15
    np.testing.assert_array_equal(parameters(watched), parameters(plain))


@estimators()
def test_repr_shows_changed_parameters_only(case):
    assert repr(type(case.estimator)(lr=0.5)) == f"{case.name}(lr=0.5)"
