"""The learning rate that follows the objective, and the optimiser around it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.adaptive import Adaptive
from sklearn_softmax._training.bold_driver import BoldDriver
from sklearn_softmax._training.conditioning import standardisation
from sklearn_softmax._training.convergence import Convergence
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.run import TrainingRun
from tests.helpers import random_params, random_rows, starting_state

OPTIMIZERS = pytest.mark.parametrize(
    "optimizer",
    [
        Adaptive(GradientDescent(), curvature=0.5),
        Adaptive(GradientDescent(), 0.1),
        Adaptive(Adam(), 0.01),
    ],
    ids=["by-curvature", "sgd", "adam"],
)

PENALTIES = pytest.mark.parametrize(
    "l2", [np.zeros(3), np.array([0.01, 0.1, 1.0])], ids=["free", "penalised"]
)


def new_driver(rate, vector, largest_growth=1e6):
    """A driver of models that begin at these parameters."""
    return BoldDriver(rate, vector, largest_growth)


def driven(objectives, rate=1.0, largest_growth=1e6):
    """Rates after each epoch, of a driver of one model."""
    driver = new_driver(np.array([rate]), np.zeros((1, 2)), largest_growth)
    rates = []
    for objective in objectives:
        driver.note(np.array([objective]), *np.zeros((2, 1, 2)))
        rates.append(driver.rate[0])
    return rates


# --- the rate -------------------------------------------------------------------------------


def test_the_rate_is_raised_after_gains_and_halved_after_others():
    assert driven([5.0, 4.0, 3.0]) == pytest.approx([1.2, 1.44, 1.728])
    assert driven([5.0, 4.0, 3.0, 5.5], 2.0)[-1] == pytest.approx(2 * 1.728 / 2)
    # An epoch is one of gain where it is no higher than the highest of the last three.
    assert driven([4.0, 3.0, 3.5, 3.4, 3.6])[-2:] == pytest.approx([1.2**4, 1.2**4 / 2])


def test_the_rate_grows_up_to_a_limit_only():
    rates = driven(0.99 ** np.arange(200), rate=3.0)
    assert rates[-1] == rates[-2] == pytest.approx(3e6)
    assert driven([3.0, 2.0, 4.0, 1.0, 0.5, 0.2], largest_growth=1)[-1] == pytest.approx(0.864)


def test_a_model_far_above_its_lowest_goes_back_there():
    driver = new_driver(np.array([1.0, 1.0]), np.zeros((2, 1)))
    vectors = np.array([[1.0], [1.0]])
    driver.note(np.array([4.0, 4.0]), vectors, vectors)
    vectors[:] = 2.0
    driver.note(np.array([2.0, 2.0]), vectors, vectors)  # the mean over the epoch that began at 1
    vectors[:] = 3.0
    is_cut, is_lost = driver.note(np.array([3.1, 2.9]), vectors, vectors)
    assert is_lost.tolist() == [True, False]
    assert is_cut.tolist() == [True, False]
    np.testing.assert_array_equal(vectors, [[1.0], [3.0]])
    np.testing.assert_allclose(driver.rate, [1.44 / 2, 1.728])


@pytest.mark.parametrize("objective", [np.nan, np.inf])
def test_what_is_not_finite_goes_back(objective):
    driver = new_driver(np.ones(2), np.full((2, 1), 7.0))
    vectors = np.array([[1.0], [np.inf]])
    _, is_lost = driver.note(np.array([objective, 1.0]), vectors, vectors)
    assert is_lost.all()
    np.testing.assert_array_equal(vectors, 7)
    driver.note(np.array([1.0, 1.0]), vectors, vectors)
    assert np.isfinite(vectors).all()


several = st.lists(
    st.tuples(*[st.one_of(st.floats(0, 10), st.just(np.nan))] * 3), min_size=1, max_size=20
)


@given(several)
def test_models_have_rates_of_their_own(objectives):
    together = new_driver(np.ones(3), np.zeros((3, 2)))
    half = len(objectives) // 2
    alone = [new_driver(np.ones(1), np.zeros((1, 2))) for _ in range(3)]
    vectors = [np.zeros((1, 2)) for _ in range(3)]
    both = np.zeros((3, 2))
    models = [0, 1, 2]
    for epoch, values in enumerate(objectives):
        if epoch == half:
            together, both, models = together.of_models([2, 0]), both[[2, 0]], [2, 0]
        both += epoch
        together.note(np.array(values)[models], both, both)
        for i in models:
            vectors[i] += epoch
            alone[i].note(np.array([values[i]]), vectors[i], vectors[i])
    for row, i in enumerate(models):
        np.testing.assert_array_equal(both[row], vectors[i][0])
        for name, values in vars(together).items():
            np.testing.assert_array_equal(values[row], getattr(alone[i], name)[0], err_msg=name)


def test_other_rows_keep_the_growth_and_compare_with_nothing():
    driver = new_driver(np.ones(1), np.zeros((1, 1)))
    vector = np.full((1, 1), 3.0)
    driver.note(np.array([1.0]), vector, vector)
    driver.resume(vector, first_rate=np.array([0.1]))
    for objective, rate in ((50.0, 0.12), (40.0, 0.144), (70.0, 0.072)):
        _, is_lost = driver.note(np.array([objective]), vector, vector)
        assert driver.rate == pytest.approx(rate)
    assert is_lost
    assert vector == 3


# --- the optimiser --------------------------------------------------------------------------


def prepare(optimizer, state, rows, batch_size=7):
    """Make ready for rows, with intercepts."""
    n_models, n_outputs = state.params.weights[0].shape[:2]
    of_rows = standardisation(rows, n_outputs, fit_intercept=True, n_models=n_models)
    state.optimizer_state.setdefault("standardisation", of_rows)
    optimizer.prepare(state, rows, batch_size, of_rows)


def make_run(optimizer, *, rows=None, n_models=3, chosen=None, batch_size=7, **values):
    """A run of models that begin elsewhere and differ in their penalty."""
    rng = np.random.RandomState(0)
    network = DenseNetwork((5, 3))
    rows = rows or random_rows(rng, n=30, weighted=True)
    params = random_params(network, rng, n_models=n_models)
    chosen = list(range(n_models)) if chosen is None else chosen
    given = {"l2": np.array([0.0, 0.1, 1.0]), "momentum": np.array([0.9, 0.0, 0.5]), **values}
    given = {name: value[chosen] for name, value in given.items()}
    state = starting_state(params.of_models(chosen), optimizer, **given)
    prepare(optimizer, state, rows, batch_size)
    convergence = Convergence(5)
    objective = Objective(network, SoftmaxCrossEntropy())
    rng = np.random.RandomState(1)
    return TrainingRun(objective, optimizer, rows, state, batch_size, True, rng, convergence)


@OPTIMIZERS
@PENALTIES
def test_models_train_together_as_they_do_alone(optimizer, l2):
    together = make_run(optimizer, l2=l2)
    together.advance(30)
    for i in range(3):
        alone = make_run(optimizer, l2=l2, chosen=[i])
        alone.advance(30)
        own, expected = together.look(i), alone.look(0)
        np.testing.assert_allclose(own.params.vector, expected.params.vector, rtol=1e-7, atol=1e-9)
        for name in own.history:
            np.testing.assert_allclose(own.history[name], expected.history[name], rtol=1e-7)
    rates = [together.look(i).history["lr"] for i in range(3)]
    assert len({rate[-1] for rate in rates}) > 1


@OPTIMIZERS
@PENALTIES
def test_models_that_are_kept_go_on_as_they_were(optimizer, l2):
    whole, run = make_run(optimizer, l2=l2), make_run(optimizer, l2=l2)
    whole.advance(12)
    run.advance(5)
    run.keep([2, 0])
    run.advance(7)
    for i in (2, 0):
        own, expected = run.look(i), whole.look(i)
        np.testing.assert_allclose(own.params.vector, expected.params.vector, rtol=1e-9)


@OPTIMIZERS
def test_the_objective_falls_on_features_of_any_scale(optimizer, rng):
    X = rng.standard_normal((60, 5)) * [1e-6, 1, 1e6, 1e3, 1] + [0, 1e3, 0, 0, 5]
    rows = Rows(X, (X[:, 0] > 0).astype(int) + (X[:, 2] > 0))
    run = make_run(optimizer, rows=rows, batch_size=20, l2=np.zeros(3))
    run.state.params.vector[...] = 0
    run.advance(300)
    for i in range(3):
        assert run.look(i).history["loss"][-1] < 0.5 * np.log(3)


def test_given_the_curvature_a_full_step_never_raises_the_objective(rng):
    rows = random_rows(rng, n=40)
    optimizer = Adaptive(GradientDescent(), curvature=0.5)
    run = make_run(optimizer, rows=rows, batch_size=40, momentum=np.zeros(3))
    run.advance(2)
    for i in range(3):
        history = run.look(i).history
        value = history["loss"] + np.r_[np.inf, history["penalty"][:-1]]
        assert history["loss"][1] + history["penalty"][0] <= value[0]


def test_damping_grows_with_the_rate():
    run = make_run(Adaptive(GradientDescent(), curvature=0.5))
    run.advance(1)
    state = run.state.optimizer_state
    found, growth = state["standardisation"], state["driver"].growth
    np.testing.assert_allclose(growth, 1.2)
    damped = found.variance + (growth * [0.0, 0.1, 1.0] / 0.5)[:, np.newaxis, np.newaxis]
    np.testing.assert_allclose(found.scale, 1 / np.sqrt(damped))


def test_momentum_lowers_the_first_rate():
    rates = make_run(Adaptive(GradientDescent(), curvature=0.5)).state.hyperparameters.lr
    assert rates[0] / rates[1] == pytest.approx(0.3)
    assert rates[2] == rates[1]


def test_the_first_rate_is_inverse_to_the_curvature():
    optimizers = [Adaptive(GradientDescent(), curvature=curvature) for curvature in (0.5, 0.005)]
    rates = [make_run(optimizer).state.hyperparameters.lr for optimizer in optimizers]
    np.testing.assert_allclose(rates[1], 100 * rates[0])


@OPTIMIZERS
def test_going_on_with_the_same_rows_changes_nothing(optimizer):
    whole, run = make_run(optimizer), make_run(optimizer)
    whole.advance(9)
    run.advance(4)
    prepare(optimizer, run.state, run.rows)
    run.advance(5)
    for i in range(3):
        np.testing.assert_array_equal(run.look(i).params.vector, whole.look(i).params.vector)


@OPTIMIZERS
def test_going_on_with_other_rows_takes_their_moments_into_account(optimizer, rng):
    run = make_run(optimizer)
    run.advance(4)
    growth = run.state.optimizer_state["driver"].growth
    before = run.state.optimizer_state["standardisation"]
    prepare(optimizer, run.state, Rows(100 * run.rows.X, run.rows.y))
    after = run.state.optimizer_state
    assert np.all(after["standardisation"].variance > 1000 * before.variance)
    np.testing.assert_array_equal(after["driver"].growth, growth)
    assert np.all(np.isfinite(after["driver"].rate))


def test_velocity_is_forgotten_where_the_rate_is_cut():
    optimizer = Adaptive(GradientDescent(), curvature=0.5)
    run = make_run(optimizer)
    run.advance(3)
    assert np.all(np.any(run.state.optimizer_state["velocity"][[0, 2]], axis=1))
    run.state.optimizer_state["n_steps"] = 1
    value = np.array([1e9, 0.0, 0.0])
    is_lost = optimizer.end_epoch(run.state, value, run.objective, run.rows)
    assert is_lost.tolist() == [True, False, False]
    assert not np.any(run.state.optimizer_state["velocity"][0])
    assert np.any(run.state.optimizer_state["velocity"][2])
