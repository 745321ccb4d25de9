"""Averaging optimizers against their formulas, one step after the other."""

import numpy as np
import pytest

from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax._training.hyperparameters import StepSizes
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.scaling import largest_curvature
from sklearn_softmax._training.schedule_free import (
    AveragedGradientDescent,
    ScheduleFree,
    curvature_rate,
    epoch_rate,
)
from tests.helpers import hyperparameters, random_rows, standard_scaling

BETAS = np.array([0.0, 0.5, 0.9, 0.99, 1.0])
N_MODELS = len(BETAS)
LAYER_SIZES = 4, 3
N_PARAMETERS = 3 * (4 + 1)
BASES = pytest.mark.parametrize("base", [GradientDescent(), Adam(beta_1=0.0)], ids=repr)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def column(values, dtype=np.float64):
    """Return an array of shape (M, 1)."""
    return np.array(values, dtype).reshape(-1, 1)


class Problem:
    """Quadratic functions of the parameters of several models, with a scaling of the features."""

    def __init__(self, rng, dtype=np.float64):
        self.start = rng.standard_normal((N_MODELS, N_PARAMETERS)).astype(dtype)
        self.optimum = rng.standard_normal((N_MODELS, N_PARAMETERS))
        roots = rng.standard_normal((N_MODELS, N_PARAMETERS, N_PARAMETERS))
        self.hessians = roots @ roots.swapaxes(1, 2) / N_PARAMETERS
        rows = random_rows(rng, n=20, n_features=4)
        rows = Rows(rows.X * [0.5, 1, 2, 4] + [0, 1, 2, -1], rows.y)
        self.scaling = standard_scaling(rows, self.params(), damping=0.1 * np.arange(N_MODELS))
        self.lr, self.lr_decay = 0.05 * np.arange(1, N_MODELS + 1), np.linspace(1, 0.6, N_MODELS)

    def params(self):
        """Return new parameters at the start."""
        return Parameters(self.start.copy(), LAYER_SIZES)

    def gradient(self, model, vector):
        """Return the gradient of one model."""
        return self.hessians[model] @ (vector - self.optimum[model])

    def learning_rates(self, step):
        """Return the learning rates of a step; an epoch has three steps."""
        return self.lr * self.lr_decay ** (step // 3)

    def matrix(self, model):
        """Return the matrix S of parameters S p of features scaled by a, for scaled ones p."""
        a, mean = self.scaling.scale[model, 0], self.scaling.mean
        S_of_output = np.eye(5)
        S_of_output[:4, :4] = np.diag(a)
        S_of_output[4, :4] = -a * mean
        return np.kron(np.eye(3), S_of_output)


class PlainAdam:
    """Steps of Adam without a first moment."""

    def __init__(self):
        self.v, self.t = 0.0, 0

    def __call__(self, g):
        self.t += 1
        self.v = 0.999 * self.v + 0.001 * g**2
        return g / (np.sqrt(self.v / (1 - 0.999**self.t)) + 1e-8)


def literal_descent(problem, model, base, beta, n_steps):
    """Yield y and x after each step of the three lines of the paper, in scaled features."""
    S = problem.matrix(model)
    x = z = np.linalg.solve(S, problem.start[model].astype(np.float64))
    step, weights = PlainAdam() if isinstance(base, Adam) else np.array, []
    for t in range(1, n_steps + 1):
        lr = problem.learning_rates(t)[model]
        y = (1 - beta) * z + beta * x
        z = z - lr * step(S.T @ problem.gradient(model, S @ y))
        weights.append(t * lr**2)
        c = weights[-1] / np.sum(weights)
        x = (1 - c) * x + c * z
        yield S @ ((1 - beta) * z + beta * x), S @ x


def descend(optimizer, problem, params, state, steps):
    """Take steps, and yield the parameters and the fitted ones."""
    dtype = params.vector.dtype
    for t in steps:
        gradients = [problem.gradient(i, vector) for i, vector in enumerate(params.vector)]
        lr, momentum = column(problem.learning_rates(t), dtype), column(BETAS, dtype)
        gradient, sizes = np.array(gradients, dtype), StepSizes(lr, momentum, None)
        optimizer.update(params.vector, gradient, state, sizes)
        yield params.vector.copy(), optimizer.fitted_params(params, state).vector


def start(optimizer, problem):
    """Return parameters and a state before the first step."""
    params = problem.params()
    state = optimizer.init(params.vector, BETAS)
    if isinstance(optimizer, ScheduleFree):
        state.scaling = problem.scaling
    return params, state


# --- schedule-free descent --------------------------------------------------------------------


@DTYPES
@BASES
def test_schedule_free_steps_equal_the_three_lines_of_the_paper(base, dtype, rng):
    problem, optimizer, n_steps = Problem(rng, dtype), ScheduleFree(base), 12
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    params, state = start(optimizer, problem)
    literal = zip(
        *(literal_descent(problem, i, base, BETAS[i], n_steps) for i in range(N_MODELS)),
        strict=True,
    )
    steps = descend(optimizer, problem, params, state, range(1, n_steps + 1))
    for (vector, fitted), expected in zip(steps, literal, strict=True):
        assert vector.dtype == fitted.dtype == dtype
        y, x = map(np.array, zip(*expected))
        np.testing.assert_allclose(vector, y, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(fitted, x, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("optimizer", [ScheduleFree(GradientDescent()), AveragedGradientDescent()])
def test_average_is_a_copy_that_begins_with_the_initial_parameters(optimizer, rng):
    problem = Problem(rng)
    params, state = start(optimizer, problem)
    np.testing.assert_array_equal(optimizer.fitted_params(params, state).vector, params.vector)
    *_, (vector, fitted) = descend(optimizer, problem, params, state, range(1, 4))
    optimizer.fitted_params(params, state).vector[...] = 7
    np.testing.assert_array_equal(params.vector, vector)
    np.testing.assert_array_equal(optimizer.fitted_params(params, state).vector, fitted)


# --- learning rates ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "min_steps", "factor"),
    [(100, 10, 1, 1), (100, 10, 5, 1), (100, 50, 5, 2.5), (101, 50, 6, 2), (100, 100, 5, 5)],
)
def test_epoch_rate_is_higher_if_an_epoch_has_few_steps(n_rows, batch_size, min_steps, factor):
    rows, values = Rows(np.zeros((n_rows, 1)), np.zeros(n_rows, int)), hyperparameters(2)
    lr = epoch_rate(rows, batch_size, None, values, lr=0.002, min_steps=min_steps)
    np.testing.assert_allclose(lr, [0.002 * factor] * 2)


@pytest.mark.parametrize("class_weight", [None, [[1.0, 0.0, 5.0]] * 4], ids=["equal", "classes"])
@pytest.mark.parametrize("batch_size", [1, 7, 40])
def test_curvature_rate_is_inverse_to_the_curvature(batch_size, class_weight, rng):
    rows = random_rows(rng, n=40, weighted=True)
    params = Parameters(np.zeros((4, 18)), (5, 3))
    scaling = standard_scaling(rows, params)
    values = hyperparameters(4, momentum=[0.0, 0.5, 0.9, 0.99], class_weight=class_weight)
    lr = curvature_rate(rows, batch_size, scaling, values, loss_curvature=0.25)
    L = 0.25 * largest_curvature(rows, scaling, batch_size, values.class_weight)
    np.testing.assert_allclose(lr, np.array([1.0, 2.0, 3.0, 3.0]) / L)


# --- averaged gradient descent ----------------------------------------------------------------


@DTYPES
def test_averaged_gradient_descent_equals_its_formula(dtype, rng):
    problem, optimizer = Problem(rng, dtype), AveragedGradientDescent()
    params, state = start(optimizer, problem)
    z, iterates = problem.start.astype(np.float64), []
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    steps = descend(optimizer, problem, params, state, range(1, 12))
    for t, (vector, fitted) in enumerate(steps, start=1):
        gradient = np.array([problem.gradient(i, z[i]) for i in range(N_MODELS)])
        z = z - column(problem.learning_rates(t)) * gradient
        iterates.append(z)
        assert vector.dtype == fitted.dtype == dtype
        np.testing.assert_allclose(vector, z, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(
            fitted, np.mean(iterates, axis=0), rtol=tolerance, atol=tolerance
        )


def test_learning_rates_whose_squares_underflow_change_nothing(rng):
    optimizer, problem = ScheduleFree(GradientDescent()), Problem(rng)
    params, state = start(optimizer, problem)
    initial = params.vector.copy()
    step_sizes = StepSizes(column([1e-300] * N_MODELS), column([0.9] * N_MODELS), None)
    for _ in range(3):
        optimizer.update(params.vector, np.ones_like(initial), state, step_sizes)
    np.testing.assert_array_equal(params.vector, initial)
    np.testing.assert_array_equal(optimizer.fitted_params(params, state).vector, initial)
