"""L-BFGS: stationary points and records of iterations; its optima: estimators/test_optimum."""

import numpy as np

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.lbfgs import Lbfgs
from sklearn_softmax._training.rows import Rows
from tests.helpers import initial_state, random_params, random_rows, standard_scaling

L2, TOL = 0.02, 1e-7
SOFTMAX = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())


def badly_scaled_rows(rng):
    """Return weighted rows with features of many sizes, which no model separates."""
    rows = random_rows(rng, n=80, weighted=True)
    X = rows.X * [1, 1e3, 1e-3, 1, 5] + [0, 1e3, 0, 5, -20]
    return Rows(X, rows.y, rows.weight)


def new_state(objective, rows, params=None, tol=TOL):
    """Return a state before the first iteration, from parameters of zero by default."""
    params = params or objective.network.parameters(rows.X.dtype)
    state = initial_state(params, Lbfgs(), rows, l2=L2, tol=tol)
    damping = L2 / objective.loss.curvature
    state.optimizer_state.scaling = standard_scaling(rows, params, damping)
    return state


def minimise(objective, state, rows, max_iterations=1000):
    """Return whether L-BFGS has converged, and the result and parameters of each iteration."""
    begun, iterations = [], []

    def begin_epoch():
        begun.append(state.epoch)

    def finish_epoch(result):
        iterations.append((result, state.params.vector.copy()))
        return len(iterations) < max_iterations

    has_converged = Lbfgs()(objective, state, rows, begin_epoch, finish_epoch)
    assert begun == list(range(state.epoch))
    return has_converged, iterations


def largest_slope(objective, state, rows):
    """Return the largest entry of the gradient in standardised features."""
    values = state.hyperparameters
    _, gradient = objective.value_and_gradient(state.params, rows, values.l2)
    state.optimizer_state.scaling.scale_gradient(gradient.vector)
    return np.max(np.abs(gradient.vector))


# --- optimum ----------------------------------------------------------------------------------


def test_a_net_reaches_a_stationary_point(rng):
    rows, tol = badly_scaled_rows(rng), 1e-4
    network = DenseNetwork((5, 4, 3), activation=ACTIVATIONS["tanh"])
    objective = Objective(network, SoftmaxCrossEntropy())
    state = new_state(objective, rows, random_params(network, rng), tol=tol)
    state.optimizer_state.scaling.unscale_step(state.params.vector)
    has_converged, _ = minimise(objective, state, rows)
    assert has_converged
    assert largest_slope(objective, state, rows) <= tol


def test_optimum_in_single_precision(rng):
    double = badly_scaled_rows(rng)
    rows = Rows(double.X.astype(np.float32), double.y, double.weight)
    state, tol = new_state(SOFTMAX, rows, tol=1e-4), 1e-4
    has_converged, _ = minimise(SOFTMAX, state, rows)
    assert has_converged
    assert state.params.vector.dtype == np.float32
    # The parameters are rounded at the end: scores are sums of terms of size 5.
    assert largest_slope(SOFTMAX, state, rows) <= tol + 5 * np.finfo(np.float32).eps
    expected = new_state(SOFTMAX, double)
    minimise(SOFTMAX, expected, double)
    value, expected_value = (
        SOFTMAX.value_and_gradient(s.params, double, s.hyperparameters.l2)[0]
        for s in (state, expected)
    )
    np.testing.assert_allclose(value, expected_value, rtol=1e-6)


# --- iterations -------------------------------------------------------------------------------


def test_records_have_the_figures_after_each_iteration(rng):
    rows = badly_scaled_rows(rng)
    state = new_state(SOFTMAX, rows)
    _, iterations = minimise(SOFTMAX, state, rows)
    values = []
    for epoch, (result, vector) in enumerate(iterations, start=1):
        params = state.params.replace_vector(vector)
        loss, accuracy = evaluate(SOFTMAX, params, rows)
        assert result.record["epoch"] == [epoch]
        np.testing.assert_array_equal(result.record["loss"], loss)
        np.testing.assert_array_equal(result.record["accuracy"], accuracy)
        np.testing.assert_array_equal(result.step_losses, [loss])
        values.append(SOFTMAX.value_and_gradient(params, rows, np.array([L2]))[0][0])
    assert np.all(np.diff(values) < 0)
    assert state.epoch == len(iterations) > 5


# --- failures ---------------------------------------------------------------------------------


def test_an_objective_that_is_not_finite_is_recorded_once(rng):
    rows = random_rows(rng)
    start = random_params(SOFTMAX.network, rng)
    state = new_state(SOFTMAX, rows, start)
    state.params.vector[...] = 1e308
    with np.errstate(**SILENT):
        _, iterations = minimise(SOFTMAX, state, rows, max_iterations=1)
    ((result, _),) = iterations
    assert not np.isfinite(result.record["loss"])
