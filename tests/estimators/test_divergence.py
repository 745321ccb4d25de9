"""Training that diverges or nearly does, and numbers near the limits of floating point."""

import gc
import weakref

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax import BinaryPerceptron, TwoLayerMLPClassifier
from tests.cases import cases, estimators, parameters
from tests.estimators.test_invalid_data import X, assert_fails, labels, new_model, three

wine = load_wine(return_X_y=True)
ignore_warnings = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
float_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def net(**params):
    return TwoLayerMLPClassifier(**{"optimizer": "sgd", "n_epochs": 1, "random_state": 0, **params})


# --- divergence ----------------------------------------------------------------------------------


@float_types
@pytest.mark.parametrize("warm_start", [False, True])
@estimators()
def test_divergence_is_an_error_that_leaves_the_model_unchanged(case, dtype, warm_start):
    data = X.astype(dtype), labels(case)
    scaled = data[0] * dtype(1e30 if dtype == np.float32 else 1e200), data[1]
    model = new_model(case, warm_start=warm_start, **case.options(momentum=0.9)).fit(*data)
    assert_fails(model.partial_fit, "diverged", *scaled)
    message = r"diverged in epoch \d+: with lr=.*Lower lr, or scale"
    optimizers = [{"optimizer": "adam"}, {"optimizer": "sgd"}] if case.options(momentum=0) else [{}]
    for lr in (1e300, 1e3):
        for params in optimizers:
            model.set_params(lr=lr, n_epochs=50, **params)
            assert_fails(model.fit, message, *scaled)
    model.set_params(lr=0.01).fit(*data)


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"lr_decay": 0.5}], ids=repr)
@estimators("predict_proba")
def test_a_loss_beyond_recovery_is_an_error(case, params):
    message = r"diverged by epoch \d+: with lr=1e\+60 its loss is .*e\+.*Lower lr, or scale"
    for weight in (None, np.arange(178) % 3):
        assert_fails(new_model(case, lr=1e60, **params).fit, message, *wine, weight)
    model = new_model(case, warm_start=True).fit(X, three).set_params(lr=1e60)
    for resume in (model.fit, model.partial_fit):
        assert_fails(resume, r"diverged by epoch \d+: with lr=1e\+60", X, three)


@pytest.mark.parametrize("lr", [1e6, 1e8])
@estimators("predict_proba")
def test_a_large_loss_is_a_warning(case, lr):
    with pytest.warns(ConvergenceWarning, match="may be too large"):
        new_model(case, lr=lr).fit(*wine)


@pytest.mark.parametrize(
    "model",
    [
        *(case.model(lr=1.0, n_epochs=5) for case in cases('lr="auto"')),
        net(lr=3.0, activation="sigmoid", n_epochs=10),
    ],
    ids=repr,
)
def test_a_loss_above_that_of_the_untrained_model_is_a_warning(model):
    message = rf"After {model.n_epochs} epochs .* of the untrained model: lr={model.lr} may be too"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        model.fit(X, three)
    assert caught[0].filename == __file__


@estimators('lr="auto"')
def test_a_large_loss_may_fall_in_a_later_fit(case):
    model = new_model(case, lr=3.0, n_epochs=1, warm_start=True)
    with pytest.warns(ConvergenceWarning, match="may be too large"):
        model.fit(X, three)
    loss = model.set_params(lr=0.1, n_epochs=100).fit(X, three).history_["loss"]
    assert loss[-1] < loss[0] / 4


@ignore_warnings
@pytest.mark.parametrize(("lr", "overshoot"), [(0.1, 1e6), (1e4, 1e23)])
def test_a_loss_that_rises_and_falls_again_is_no_divergence(lr, overshoot):
    loss = net(lr=lr, lr_decay=0.8, n_epochs=99).fit(*wine).history_["loss"]
    assert loss.max() > overshoot
    assert loss[-1] < 1e3


@estimators()
def test_a_diverged_fit_keeps_no_reference_to_its_data(case):
    data = X * 1e200
    reference = weakref.ref(data)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="diverged"):
            new_model(case, lr=1e3, n_epochs=50).fit(data, labels(case))
        del data
        assert reference() is None
    finally:
        gc.enable()


@float_types
@estimators("reg_param")
def test_divergence_by_the_penalty_names_reg_param(case, dtype):
    message = r"diverged in epoch \d+: with lr=.*no longer finite\. Lower (lr or )?reg_param, or"
    # In double precision, "auto" finds a learning rate that is small enough.
    for lr in (0.01, "auto") if dtype == np.float32 else (0.01,):
        model = new_model(case, lr=lr, reg_param=1e300, batch_size=7)
        assert_fails(model.fit, message, X.astype(dtype), labels(case))


@float_types
def test_too_large_initial_weights_are_an_error(dtype):
    message = r"before the first step: weight_init=1e\+300 or val"
    model = net(optimizer="adam", weight_init=1e300, n_epochs=3)
    assert_fails(model.fit, message, X.astype(dtype), three)
    params = {"weight_init": 1e300, "activation": "sigmoid", "reg_param": 1e-3, "lr": 0.1}
    message = r"epoch 1: .* Lower lr or reg_param or weight_init, or"
    for early_stopping in (False, True):
        model = net(optimizer="adam", hidden_size=1, early_stopping=early_stopping, **params)
        assert_fails(model.fit, message, X, three)


@estimators()
def test_validation_rows_out_of_range_are_an_error(case):
    y, message = labels(case), r"The validation loss is (inf|nan) after epoch 1"
    with pytest.warns(UserWarning, match="far from X"), pytest.raises(ValueError, match=message):
        new_model(case, lr=0.1).fit(X, y, X_val=X * 2e307, y_val=y)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e-41), (np.float64, 1e-311)])
@estimators('lr="auto"')
def test_deviations_out_of_range_are_an_error_of_an_automatic_rate(case, dtype, scale):
    model = new_model(case, lr="auto", fit_intercept=False)
    message = "deviations of 4 of 4 features are outside the range of float"
    assert_fails(model.fit, message, (X * scale).astype(dtype), labels(case))


# --- numbers near the limits ---------------------------------------------------------------------


@estimators()
def test_rows_of_weight_0_do_not_cause_divergence(case):
    outlying = X.copy()
    outlying[::2] *= 1e200
    new_model(case).fit(outlying, labels(case), np.arange(150) % 2)


@pytest.mark.parametrize("batch_size", [1, 7, 200])
def test_weights_of_a_perceptron_scale_with_its_learning_rate(batch_size):
    y = three == 2
    small, large, huge = (
        BinaryPerceptron(lr=lr, batch_size=batch_size, tol=None, n_epochs=3, random_state=0)
        for lr in (1, 2.0**999, 1e300)
    )
    for model in (small, large, huge):
        np.testing.assert_array_equal(model.fit(X, y).history_["penalty"], 0)
    norm = large.history_["weight_norm"] / 2.0**999
    np.testing.assert_allclose(norm, small.history_["weight_norm"], rtol=1e-12)
    np.testing.assert_array_equal(large.coef_ / 2.0**999, small.coef_)


@ignore_warnings
@estimators("reg_param")
def test_integers_beyond_the_range_of_int64_equal_floats(case):
    y, floats = labels(case), {"lr": 1e-20, "reg_param": 1e20, "tol": 1e20}
    integers = {**floats, "reg_param": 10**20, "tol": 10**20}
    new_model(case, **floats).partial_fit(X, y, classes=np.unique(y))
    for early_stopping in (False, True):
        models = (
            new_model(case, early_stopping=early_stopping, **values).fit(X, y)
            for values in (floats, integers)
        )
        np.testing.assert_array_equal(*map(parameters, models))


@estimators()
def test_huge_numbers_of_epochs_and_rows_are_accepted(case):
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.1, "batch_size": 10**20}
    new_model(case, n_epochs=10**20, **options).fit(X, labels(case))
    for patience in (10**20, np.inf):
        model = new_model(case, early_stopping=True, n_iter_no_change=patience)
        assert model.fit(X, labels(case)).stop_reason_ in ("max_epochs", "no_mistakes")


@float_types
@pytest.mark.parametrize("method", ["predict", "decision_function", "predict_log_proba"])
def test_scores_out_of_range_are_an_error(method, dtype):
    for case in cases("predict_proba") if "proba" in method else cases():
        model = new_model(case).fit(X.astype(dtype), labels(case))
        for W in model._fitted_network()[1].weights:
            W *= 1e4
        far = X.astype(dtype)
        far[3:5] *= np.finfo(dtype).max / 8
        far[:3] = 0
        message = r"X has values that are too large .* of its 150 rows"
        with np.errstate(all="raise"):
            assert_fails(getattr(model, method), message, far)


@estimators()
def test_largest_numbers_times_weights_of_0_are_finite_scores(case):
    model = new_model(case).fit(X.astype(np.float32), labels(case))
    largest = np.finfo(np.float32).max
    far = np.tile([largest, largest, -largest, -largest], (150, 1)).astype(np.float32)
    for W in model._fitted_network()[1].weights:
        W *= 0
    with np.errstate(all="raise"):
        assert np.all(np.isfinite(model.decision_function(far)))
