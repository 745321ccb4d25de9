"""The training run: epochs, models that are read, kept and retired, and their stop reasons."""

import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import PerceptronCriterion, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.lbfgs import Lbfgs
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.online import OnlinePass
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.run import MAX_LOSS_RATIO, TrainingRun
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import take
from sklearn_softmax._training.stopping import Convergence
from tests.helpers import initial_state, random_params, random_rows

SOFTMAX = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
TANH_NET = Objective(DenseNetwork((5, 8, 3), activation=ACTIVATIONS["tanh"]), SoftmaxCrossEntropy())
N_MODELS, N_ROWS, BATCH_SIZE = 4, 30, 7
VALUES = {
    "lr": [0.3, 0.05, 1.0, 0.1],
    "lr_decay": [1.0, 0.9, 1.0, 0.95],
    "l2": [0.0, 0.1, 0.0, 0.01],
    "momentum": [0.0, 0.5, 0.9, 0.9],
    "nesterov": [False] * N_MODELS,
    "tol": [0.0] * N_MODELS,
    "n_iter_no_change": [np.inf] * N_MODELS,
    "early_stopping": [False] * N_MODELS,
}
CLASS_WEIGHT = [[1.0, 1.0, 1.0], [2.0, 0.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 0.3]]
OPTIMIZERS = pytest.mark.parametrize(
    "optimizer",
    [
        GradientDescent(),
        Adam(),
        AveragedGradientDescent(),
        ScheduleFree(GradientDescent()),
        ScheduleFree(Adam(beta_1=0.0)),
    ],
    ids=repr,
)
OBJECTIVES = pytest.mark.parametrize("objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"])
RECORD_NAMES = ["epoch", "lr", "loss", "accuracy", "penalty", "weight_norm"]
ROUNDING = {"rtol": 1e-9, "atol": 1e-11}


class Problem:
    """Rows, and models that learn from them alone or together."""

    def __init__(self, objective=SOFTMAX, optimizer=None, **values):
        rng = np.random.RandomState(0)
        self.objective, self.optimizer = objective, optimizer or GradientDescent()
        self.rows = random_rows(rng, n=N_ROWS, weighted=True)
        self.validation = random_rows(rng, n=20)
        self.start = random_params(objective.network, rng, n_models=N_MODELS)
        self.values = {**VALUES, **values}

    def state(self, models):
        """Return the state of some models before the first step."""
        values = {name: np.array(value)[models] for name, value in self.values.items()}
        return initial_state(take(self.start, models), self.optimizer, self.rows, **values)

    def run(self, models=range(N_MODELS), *, batch_size=BATCH_SIZE, rng=None, **options):
        """Return a new run of some models."""
        train_pass = MiniBatchPass(self.objective, self.optimizer, batch_size)
        rng = rng or np.random.RandomState(3)
        options = {
            "state": self.state(list(models)),
            "rows": self.rows,
            "validation": self.validation,
            "steps_per_epoch": 5,
            **options,
        }
        solver = EpochSolver(train_pass, batch_size, True, rng)
        return TrainingRun(self.objective, self.optimizer, solver, **options)


def arrays_of(state):
    """Return the arrays and numbers of a state of an optimizer by name."""
    parts = {"step_state": state.step_state} if hasattr(state, "step_state") else {}
    parts["state"] = state
    arrays = {(part, name): value for part in parts for name, value in vars(parts[part]).items()}
    return {key: a for key, a in arrays.items() if isinstance(a, np.ndarray | int)}


def assert_same(model, expected, exactly=False):
    """Check that two models have the same parameters, state, history and stop reason."""
    tolerance = {"rtol": 0, "atol": 0} if exactly else ROUNDING
    assert (model.failure, model.stop_reason) == (expected.failure, expected.stop_reason)
    np.testing.assert_allclose(model.params.vector, expected.params.vector, **tolerance)
    np.testing.assert_allclose(model.state.params.vector, expected.state.params.vector, **tolerance)
    np.testing.assert_allclose(model.step_losses, expected.step_losses, **tolerance)
    np.testing.assert_allclose(model.loss, expected.loss, **tolerance)
    np.testing.assert_allclose(model.convergence, expected.convergence, rtol=1e-6, atol=1e-9)
    assert list(model.history) == list(expected.history)
    for name in model.history:
        np.testing.assert_allclose(
            model.history[name], expected.history[name], **tolerance, err_msg=name
        )
    assert model.state.epoch == expected.state.epoch
    arrays, others = (arrays_of(m.state.optimizer_state) for m in (model, expected))
    # A model without momentum has a velocity only if another model of its run has momentum.
    for name in arrays.keys() & others.keys():
        np.testing.assert_allclose(arrays[name], others[name], **tolerance, err_msg=name)


def params_of_epochs(run, n_epochs):
    """Advance a run, and return the fitted parameters of each model after each epoch."""
    vectors = {int(i): [] for i in run.active}

    def end_epoch():
        for i in run.active:
            vectors[int(i)].append(run.last_params(i).vector)

    run.advance(n_epochs, end_epoch=end_epoch)
    return vectors


# --- epochs ---------------------------------------------------------------------------------


@OPTIMIZERS
def test_two_advances_equal_one(optimizer):
    once, twice = (Problem(TANH_NET, optimizer).run() for _ in range(2))
    once.advance(7)
    twice.advance(3)
    twice.advance(4)
    for i in range(N_MODELS):
        assert_same(twice.get_model(i), once.get_model(i), exactly=True)


@OPTIMIZERS
@OBJECTIVES
def test_models_train_together_like_alone(objective, optimizer):
    problem = Problem(objective, optimizer)
    together = problem.run()
    together.advance(8)
    for i in range(N_MODELS):
        alone = problem.run([i])
        alone.advance(8)
        assert_same(together.get_model(i), alone.get_model(0))


@pytest.mark.parametrize("early_stopping", [False, True])
@OPTIMIZERS
def test_the_losses_are_those_of_the_parameters(optimizer, early_stopping):
    stopping = {"early_stopping": [early_stopping] * N_MODELS, "n_iter_no_change": [2, 3, 2, 9]}
    problem = Problem(optimizer=optimizer, class_weight=CLASS_WEIGHT, **stopping)
    run = problem.run()
    run.advance(8)
    for i in range(N_MODELS):
        model, class_weight = run.get_model(i), np.array(CLASS_WEIGHT)[[i]]
        expected, _ = evaluate(SOFTMAX, model.params, problem.rows, class_weight)
        assert model.loss == pytest.approx(expected[0])
        assert model.untrained_loss == pytest.approx(max(np.log(3), model.step_losses[0]))
        epoch = np.argmin(model.history["val_loss"]) if early_stopping else -1
        expected, _ = evaluate(SOFTMAX, model.params, problem.validation, class_weight)
        assert model.history["val_loss"][epoch] == pytest.approx(expected[0])


@OPTIMIZERS
def test_history_has_one_entry_per_epoch(optimizer):
    run = Problem(optimizer=optimizer).run()
    vectors = params_of_epochs(run, 6)
    for i in range(N_MODELS):
        model = run.get_model(i)
        assert list(model.history) == [*RECORD_NAMES, "val_loss", "val_accuracy"]
        assert {len(values) for values in model.history.values()} == {6}
        np.testing.assert_array_equal(model.history["epoch"], np.arange(1, 7))
        lr = VALUES["lr"][i] * VALUES["lr_decay"][i] ** np.arange(6)
        np.testing.assert_allclose(model.history["lr"], lr)
        assert model.step_losses.shape == (6 * 5,)
        np.testing.assert_array_equal(model.params.vector, vectors[i][-1])
        for epoch, vector in enumerate(vectors[i]):
            params = model.params.replace_vector(vector)
            squared_norm = np.sum(params.weights[0] ** 2)
            penalty = VALUES["l2"][i] / 2 * squared_norm
            assert model.history["penalty"][epoch] == pytest.approx(penalty)
            assert model.history["weight_norm"][epoch] == pytest.approx(np.sqrt(squared_norm))
            Z = params.weights[0][0] @ run.validation.X.T + params.intercepts[0][0]
            log_A, y = Z - np.log(np.exp(Z).sum(axis=0)), run.validation.y
            val_loss = -log_A[y, np.arange(20)].mean()
            assert model.history["val_loss"][epoch] == pytest.approx(val_loss)
            accuracy = np.mean(Z.argmax(axis=0) == y)
            assert model.history["val_accuracy"][epoch] == pytest.approx(accuracy)


@OPTIMIZERS
def test_convergence_is_that_of_the_loss_with_the_penalty_before_each_epoch(optimizer):
    problem = Problem(optimizer=optimizer)
    run = problem.run()
    run.advance(12)
    for i in range(N_MODELS):
        model, l2 = run.get_model(i), np.array(VALUES["l2"])[[i]]
        first_penalty = SOFTMAX.penalty(take(problem.start, [i]), l2)
        penalties = np.concatenate([first_penalty, model.history["penalty"][:-1]])
        convergence = Convergence(steps_per_epoch=5)
        for objective in model.history["loss"] + penalties:
            convergence.update(np.array([objective]))
        assert model.convergence == pytest.approx(convergence.fall()[0])


def test_without_validation_rows_there_are_no_validation_figures():
    run = Problem().run(validation=None)
    run.advance(2)
    assert list(run.get_model(0).history) == RECORD_NAMES


# --- callbacks of an epoch --------------------------------------------------------------------


def test_the_begin_and_the_end_of_each_epoch_are_called_in_order():
    run, calls = Problem().run(validation=None), []
    run.advance(
        3,
        begin_epoch=lambda: calls.append(("begin", run.state.epoch)),
        end_epoch=lambda: calls.append(("end", run.state.epoch)),
    )
    assert calls == [("begin", 0), ("end", 1), ("begin", 1), ("end", 2), ("begin", 2), ("end", 3)]


def test_no_epochs_call_nothing():
    run, calls = Problem().run(), []
    options = {"begin_epoch": lambda: calls.append(1), "end_epoch": lambda: calls.append(2)}
    for n_epochs in (0, -1):
        run.advance(n_epochs, **options)
    assert (calls, run.state.epoch) == ([], 0)


def test_the_end_of_an_epoch_can_stop_a_run_which_can_continue():
    run, uninterrupted = Problem().run(), Problem().run()
    run.advance(100, end_epoch=lambda: run.state.epoch == 4)
    assert run.state.epoch == 4
    np.testing.assert_array_equal(run.active, range(N_MODELS))
    assert {run.get_model(i).stop_reason for i in range(N_MODELS)} == {"callback"}
    run.advance(2)
    uninterrupted.advance(6)
    for i in range(N_MODELS):
        assert_same(run.get_model(i), uninterrupted.get_model(i), exactly=True)


@OPTIMIZERS
def test_the_end_of_an_epoch_reads_the_parameters_of_its_end(optimizer):
    vectors = params_of_epochs(Problem(optimizer=optimizer).run(), 3)
    for n_epochs in (1, 2, 3):
        shorter = Problem(optimizer=optimizer).run()
        shorter.advance(n_epochs)
        np.testing.assert_array_equal(vectors[2][n_epochs - 1], shorter.get_model(2).params.vector)


# --- models of a run --------------------------------------------------------------------------


@OPTIMIZERS
def test_a_model_of_a_run_is_a_copy(optimizer):
    run, untouched = (Problem(TANH_NET, optimizer).run() for _ in range(2))
    run.advance(3)
    untouched.advance(3)
    model, overwritten = run.get_model(2), run.get_model(2)
    run.advance(2)
    assert_same(model, untouched.get_model(2), exactly=True)
    arrays = arrays_of(overwritten.state.optimizer_state).values()
    for array in (
        overwritten.params.vector,
        overwritten.state.params.vector,
        run.last_params(2).vector,
        *(array for array in arrays if isinstance(array, np.ndarray)),
        *overwritten.history.values(),
        overwritten.step_losses,
    ):
        array[...] = 0
    untouched.advance(2)
    assert_same(run.get_model(2), untouched.get_model(2), exactly=True)


@OPTIMIZERS
def test_a_run_resumes_from_a_model_of_another(optimizer):
    problem = Problem(TANH_NET, optimizer)
    first, whole = problem.run(), problem.run([2])
    first.advance(3)
    whole.advance(5)
    second = problem.run(state=first.get_model(2).state, rng=first.solver.rng)
    second.advance(2)
    model, expected = second.get_model(0), whole.get_model(0)
    np.testing.assert_allclose(model.params.vector, expected.params.vector, **ROUNDING)
    for name, values in model.history.items():
        np.testing.assert_allclose(values, expected.history[name][3:], **ROUNDING)


# --- kept models --------------------------------------------------------------------------------


@OPTIMIZERS
@OBJECTIVES
def test_kept_models_continue_like_alone(objective, optimizer):
    problem = Problem(objective, optimizer)
    run = problem.run()
    for n_epochs, kept in ((2, [3, 0, 2]), (3, [3, 0]), (1, {0}), (2, [0])):
        run.advance(n_epochs)
        run.keep(kept)
        np.testing.assert_array_equal(run.active, sorted(kept))
        for i in kept:
            alone = problem.run([i])
            alone.advance(run.state.epoch)
            assert_same(run.get_model(i), alone.get_model(0))


@OPTIMIZERS
def test_models_keep_their_hyperparameters_when_others_are_removed(optimizer):
    problem = Problem(
        TANH_NET,
        optimizer,
        nesterov=[False, True, False, True],
        dropout=[0.0, 0.2, 0.5, 0.2],
        class_weight=CLASS_WEIGHT,
        n_iter_no_change=[2, 8, np.inf, np.inf],
        tol=[0.1, 0.01, 0.0, 0.0],
        early_stopping=[True, True, False, False],
    )

    def new_run(models=range(N_MODELS)):
        dropout = Dropout(np.random.default_rng(0))
        problem.objective = replace(TANH_NET, dropout=dropout)
        return problem.run(models)

    together = new_run()
    together.advance(8)
    together.keep([0, 1, 3])
    together.advance(8)
    assert 0 not in together.active
    for i in (0, 1, 3):
        alone = new_run([i])
        alone.advance(16)
        assert_same(together.get_model(i), alone.get_model(0))


def test_a_run_without_models_calls_nothing():
    run, calls = Problem().run(), []
    run.advance(1)
    run.keep([])
    run.advance(3, begin_epoch=lambda: calls.append(1), end_epoch=lambda: calls.append(2))
    assert calls == []
    assert len(run.active) == 0


def test_a_retired_model_can_be_kept():
    run = Problem(l2=[0.0, 1.0, 0.0, 0.0], lr=[0.1, 1e200, 0.1, 0.1]).run(validation=None)
    run.advance(4)
    run.keep([0, 1])
    assert run.active.tolist() == [0]
    run.advance(1)
    assert run.get_model(1).failure == "diverged"
    assert len(run.get_model(0).history["loss"]) == 5
    run.keep([0])
    with pytest.raises(ValueError, match="1 is not in list"):
        run.get_model(1)


# --- early stopping ------------------------------------------------------------------------------

N_ITER_NO_CHANGE, TOL = [2, 3, 1, 4], [0.0, 0.01, 0.001, 0.02]
IMPATIENT = {
    "early_stopping": [True] * N_MODELS,
    "n_iter_no_change": N_ITER_NO_CHANGE,
    "tol": TOL,
    "lr": [0.5, 0.1, 1.0, 0.02],
    "lr_decay": [1.0] * N_MODELS,
}
ENDLESS = {**IMPATIENT, "n_iter_no_change": [np.inf] * N_MODELS}


def last_epoch(losses, n_iter_no_change, tol):
    """Return the epoch in which patience with these losses is exhausted."""
    lowest, n_waited = np.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        n_waited = 0 if loss < lowest - tol else n_waited + 1
        if n_waited == n_iter_no_change:
            return epoch
        lowest = min(lowest, loss)
    return None


@OPTIMIZERS
def test_each_model_is_retired_when_its_patience_is_exhausted(optimizer):
    run = Problem(TANH_NET, optimizer, **IMPATIENT).run()
    endless = Problem(TANH_NET, optimizer, **ENDLESS).run()
    vectors = params_of_epochs(run, 400)
    endless.advance(400)
    assert len(run.active) == 0
    lengths = []
    for i in range(N_MODELS):
        model, losses = run.get_model(i), endless.get_model(i).history["val_loss"]
        lengths.append(last_epoch(losses, N_ITER_NO_CHANGE[i], TOL[i]))
        assert (model.stop_reason, model.failure) == ("early_stopping", "")
        np.testing.assert_array_equal(model.history["epoch"], np.arange(1, lengths[i] + 1))
        np.testing.assert_allclose(model.history["val_loss"], losses[: lengths[i]], **ROUNDING)
        best = np.argmin(model.history["val_loss"])
        np.testing.assert_array_equal(model.params.vector, vectors[i][best])
        np.testing.assert_array_equal(run.last_params(i).vector, vectors[i][best])
        assert len(vectors[i]) == lengths[i]
    assert len(set(lengths)) > 1


@OPTIMIZERS
@OBJECTIVES
def test_models_stop_together_like_alone(objective, optimizer):
    problem = Problem(objective, optimizer, **IMPATIENT)
    together = problem.run()
    together.advance(400)
    assert len(together.active) == 0
    for i in range(N_MODELS):
        alone = problem.run([i])
        alone.advance(400)
        assert_same(together.get_model(i), alone.get_model(0))


@OPTIMIZERS
def test_with_early_stopping_a_model_is_the_best_so_far_and_continues_from_the_last(optimizer):
    run = Problem(TANH_NET, optimizer, **ENDLESS).run()
    plain = Problem(TANH_NET, optimizer, **{**ENDLESS, "early_stopping": [False] * 4}).run()
    vectors = params_of_epochs(run, 60)
    plain.advance(60)
    best = [np.argmin(run.get_model(i).history["val_loss"]) for i in range(N_MODELS)]
    assert min(best) < 59
    for i in range(N_MODELS):
        model, expected = run.get_model(i), plain.get_model(i)
        np.testing.assert_array_equal(model.params.vector, vectors[i][best[i]])
        np.testing.assert_array_equal(run.last_params(i).vector, vectors[i][-1])
        np.testing.assert_array_equal(vectors[i][-1], expected.params.vector)
        np.testing.assert_array_equal(model.state.params.vector, expected.state.params.vector)


def test_kept_models_keep_their_patience():
    problem = Problem(TANH_NET, **IMPATIENT)
    run = problem.run()
    run.advance(2)
    run.keep([1, 3])
    run.advance(400)
    for i in (1, 3):
        alone = problem.run([i])
        alone.advance(400)
        assert_same(run.get_model(i), alone.get_model(0))


def test_a_model_retired_in_the_epoch_of_a_callback_has_its_own_stop_reason():
    problem = Problem(TANH_NET, **IMPATIENT)
    run, stopped = problem.run(), problem.run()
    run.advance(400)
    first = min(len(run.get_model(i).history["epoch"]) for i in range(N_MODELS))
    stopped.advance(400, end_epoch=lambda: stopped.state.epoch == first)
    assert stopped.state.epoch == first
    retired = set(range(N_MODELS)) - set(stopped.active.tolist())
    assert retired
    for i in retired:
        assert_same(stopped.get_model(i), run.get_model(i), exactly=True)
    for i in stopped.active:
        assert stopped.get_model(i).stop_reason == "callback"


def test_nothing_is_called_after_all_models_are_retired():
    run, calls = Problem(TANH_NET, **IMPATIENT).run(), []
    options = {
        "begin_epoch": lambda: calls.append("begin"),
        "end_epoch": lambda: calls.append("end"),
    }
    run.advance(400, **options)
    n_epochs = max(len(run.get_model(i).history["epoch"]) for i in range(N_MODELS))
    assert calls == ["begin", "end"] * n_epochs
    run.advance(3, **options)
    assert len(calls) == 2 * n_epochs


# --- convergence ----------------------------------------------------------------------------------


def test_without_early_stopping_patience_is_with_the_training_loss():
    values = {**IMPATIENT, "early_stopping": [False] * N_MODELS, "tol": [0.01] * N_MODELS}
    run, endless = Problem(**values).run(), Problem(**ENDLESS).run()
    vectors = params_of_epochs(run, 400)
    endless.advance(400)
    assert len(run.active) == 0
    for i in range(N_MODELS):
        model, losses = run.get_model(i), endless.get_model(i).history["loss"]
        assert (model.stop_reason, model.failure) == ("converged", "")
        assert len(model.history["loss"]) == last_epoch(losses, N_ITER_NO_CHANGE[i], 0.01)
        np.testing.assert_array_equal(model.params.vector, vectors[i][-1])


@OPTIMIZERS
def test_each_model_is_retired_when_it_has_converged(optimizer):
    tol = [1e-2, 1e-3, np.nan, 1e-4]
    values = {"tol": tol, "l2": [0.1] * 4, "lr": [0.05] * 4, "lr_decay": [0.9] * 4}
    problem = Problem(optimizer=optimizer, **values)
    run, endless = problem.run(convergence_tol=2.0), problem.run()
    run.advance(200)
    endless.advance(200)
    lengths = []
    for i in (0, 1, 3):
        history, convergence = endless.get_model(i).history, Convergence(steps_per_epoch=5)
        first_penalty = SOFTMAX.penalty(take(problem.start, [i]), np.array([0.1]))
        penalties = np.concatenate([first_penalty, history["penalty"][:-1]])
        objectives = (history["loss"] + penalties)[:, np.newaxis]
        has_converged = []
        for objective in objectives:
            convergence.update(objective)
            has_converged.append(convergence.has_converged(2 * tol[i])[0])
        lengths.append(1 + np.argmax(has_converged))
        model = run.get_model(i)
        assert (model.stop_reason, len(model.history["loss"])) == ("converged", lengths[-1])
    assert 12 < lengths[0] < lengths[1] <= lengths[2] < 200
    assert run.active.tolist() == [2]
    assert run.get_model(2).stop_reason == "max_epochs"


@pytest.mark.parametrize("n_epochs", [3, 1000])
def test_lbfgs(n_epochs):
    problem = Problem(optimizer=Lbfgs(), l2=[0.1] * N_MODELS, tol=[1e-6] * N_MODELS)
    solver = partial(problem.optimizer, SOFTMAX)
    options = {"validation": problem.validation, "steps_per_epoch": 1}

    def new_run():
        state = problem.state([0])
        return TrainingRun(SOFTMAX, Lbfgs(), solver, state=state, rows=problem.rows, **options)

    run, calls = new_run(), []
    run.advance(
        n_epochs,
        begin_epoch=lambda: calls.append("begin"),
        end_epoch=lambda: calls.append("end"),
    )
    model = run.get_model(0)
    n_iterations = len(model.history["loss"])
    assert calls == ["begin", "end"] * n_iterations
    assert list(model.history) == [*RECORD_NAMES, "val_loss", "val_accuracy"]
    loss, _ = evaluate(SOFTMAX, model.params, problem.rows)
    assert model.history["loss"][-1] == model.loss == pytest.approx(loss[0])
    if n_epochs == 3:
        assert (model.stop_reason, n_iterations) == ("max_epochs", 3)
        assert run.active.tolist() == [0]
    else:
        assert (model.stop_reason, len(run.active)) == ("converged", 0)
        assert 5 < n_iterations < 100
    stopped = new_run()
    stopped.advance(n_epochs, end_epoch=lambda: stopped.state.epoch == 2)
    assert stopped.get_model(0).stop_reason == "callback"
    assert stopped.state.epoch == 2


# --- failures -----------------------------------------------------------------------------------

DIVERGING = {"lr": [0.3, 1e200, 0.5, 0.1], "l2": [0.0, 1.0, 0.0, 0.01]}


@OPTIMIZERS
@OBJECTIVES
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_diverged_model_is_retired_and_the_others_continue(objective, optimizer, early_stopping):
    stopping = {"early_stopping": [early_stopping] * N_MODELS}
    problem = Problem(objective, optimizer, **DIVERGING, **stopping)
    run, plain = problem.run(), Problem(objective, optimizer, **DIVERGING).run()
    run.advance(8)
    assert run.active.tolist() == [0, 2, 3]
    diverged = run.get_model(1)
    assert (diverged.failure, diverged.stop_reason) == ("diverged", "")
    assert np.isnan(diverged.loss)
    n_epochs = len(diverged.history["epoch"])
    assert n_epochs < 8
    arrays = arrays_of(diverged.state.optimizer_state).values()
    figures = [diverged.history["loss"][-1], *diverged.state.params.vector[0]]
    figures += [number for array in arrays for number in np.ravel(array)]
    assert not np.all(np.isfinite(figures))
    assert np.all(np.isfinite(diverged.history["loss"][:-1]))
    plain.advance(8)
    np.testing.assert_array_equal(diverged.params.vector, plain.get_model(1).params.vector)
    for i in (0, 2, 3):
        alone = problem.run([i])
        alone.advance(8)
        assert run.get_model(i).failure == ""
        assert_same(run.get_model(i), alone.get_model(0))


def test_a_model_whose_optimizer_state_is_not_finite_is_retired():
    problem = Problem(optimizer=Adam())
    problem.rows.X[:, 0] *= 1e200
    problem.start.vector[...] = 0
    run = problem.run(validation=None)
    run.advance(1)
    model = run.get_model(0)
    assert model.failure == "diverged"
    assert np.all(np.isfinite([*model.history["loss"], *model.state.params.vector[0]]))
    assert not np.all(np.isfinite(model.state.optimizer_state.second_moment))


def test_the_end_of_an_epoch_in_which_all_models_diverge_is_not_called():
    run, calls = Problem(lr=[1e200] * N_MODELS, l2=[1.0] * N_MODELS).run(validation=None), []
    run.advance(9, begin_epoch=lambda: calls.append("begin"), end_epoch=lambda: calls.append("end"))
    assert {run.get_model(i).failure for i in range(N_MODELS)} == {"diverged"}
    n_epochs = max(len(run.get_model(i).history["epoch"]) for i in range(N_MODELS))
    assert calls == ["begin", "end"] * (n_epochs - 1) + ["begin"]


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_model_without_a_finite_validation_loss_is_retired(early_stopping):
    stopping = {"early_stopping": [early_stopping] * N_MODELS}
    problem = Problem(lr=[0.0, 100.0, 0.0, 0.0], **stopping)
    problem.start.vector[[0, 2, 3]] = 0
    problem.validation = Rows(np.full((4, 5), 1e308), np.array([0, 1, 2, 0]))
    run = problem.run()
    run.advance(3)
    assert run.active.tolist() == [0, 2, 3]
    assert run.get_model(1).failure == "validation"
    assert np.isfinite(run.get_model(1).history["loss"]).all()
    assert not np.isfinite(run.get_model(1).history["val_loss"][-1])
    np.testing.assert_allclose(run.get_model(0).history["val_loss"], [np.log(3)] * 3)


def test_a_loss_far_above_that_of_the_untrained_model_has_diverged():
    run = Problem(lr=[0.1, 1e18, 1e10, 0.1], momentum=[0.0] * N_MODELS).run(validation=None)
    run.advance(1)
    assert run.active.tolist() == [0, 1, 2, 3]
    models = [run.get_model(i) for i in range(N_MODELS)]
    assert [model.failure for model in models] == ["", "diverged", "", ""]
    ratios = [model.loss / model.untrained_loss for model in models]
    assert ratios[1] > MAX_LOSS_RATIO > ratios[2] > 1e6


# --- perceptrons --------------------------------------------------------------------------------


def perceptrons(models=(0, 1, 2), optimizer=None, *, batch_size=8, is_online=False, **values):
    """Return a run of models on separable rows, which the first one separates from the start."""
    rng = np.random.RandomState(0)
    network, line = DenseNetwork((5, 1)), rng.standard_normal(5)
    X = rng.standard_normal((40, 5))
    rows = Rows(X, (X @ line > 0).astype(int))
    params = random_params(network, rng, n_models=3)
    params.weights[0][0], params.intercepts[0][0] = 10 * line, 0
    optimizer = optimizer or GradientDescent()
    objective = Objective(network, PerceptronCriterion())
    train_pass = OnlinePass(X) if is_online else MiniBatchPass(objective, optimizer, batch_size)
    batch_size = 1 if is_online else batch_size
    solver = EpochSolver(train_pass, batch_size, True, np.random.RandomState(1))
    state = initial_state(take(params, list(models)), optimizer, lr=0.3, **values)
    options = {"rows": rows, "validation": rows, "steps_per_epoch": 5}
    return TrainingRun(objective, optimizer, solver, state=state, **options)


@pytest.mark.parametrize("optimizer", [GradientDescent(), AveragedGradientDescent()], ids=repr)
def test_the_online_rule_equals_batches_of_one_row(optimizer):
    online = perceptrons([1], optimizer, is_online=True)
    in_batches = perceptrons([1], optimizer, batch_size=1)
    online.advance(500)
    in_batches.advance(500)
    assert_same(online.get_model(0), in_batches.get_model(0))
    n_epochs = len(online.get_model(0).history["loss"])
    assert n_epochs > 1
    assert len(online.get_model(0).step_losses) == 40 * n_epochs


def test_a_perceptron_is_retired_after_an_epoch_without_mistakes():
    run = perceptrons()
    run.advance(500)
    assert len(run.active) == 0
    lengths = []
    for i in range(3):
        model, alone = run.get_model(i), perceptrons(models=[i])
        assert model.stop_reason == "no_mistakes"
        assert model.untrained_loss == 0
        mistakes = model.history["mistakes"]
        assert mistakes[-1] == 0
        assert np.all(mistakes[:-1] > 0)
        assert model.history["accuracy"][-1] == 1
        lengths.append(len(mistakes))
        alone.advance(500)
        assert_same(model, alone.get_model(0))
    assert lengths[0] == 1 < min(lengths[1:])


def test_a_patient_perceptron_is_retired_after_an_epoch_without_mistakes():
    patient = perceptrons(n_iter_no_change=1000, early_stopping=True)
    plain = perceptrons()
    patient.advance(500)
    plain.advance(500)
    assert len(patient.active) == 0
    for i in range(3):
        model = patient.get_model(i)
        assert model.stop_reason == "no_mistakes"
        expected = plain.get_model(i).history["mistakes"]
        np.testing.assert_array_equal(model.history["mistakes"], expected)


def test_other_losses_continue_without_mistakes():
    run = Problem(lr=[1.0] * N_MODELS, l2=[0.0] * N_MODELS).run(validation=None)
    run.rows.y[:] = 1
    run.advance(30)
    assert len(run.active) == N_MODELS
    for i in range(N_MODELS):
        assert run.get_model(i).history["accuracy"][-1] == pytest.approx(1)
        assert "mistakes" not in run.get_model(i).history


# --- pause --------------------------------------------------------------------------------------


@OPTIMIZERS
@OBJECTIVES
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_paused_run_continues_like_an_uninterrupted_one(objective, optimizer, early_stopping):
    values = {"n_iter_no_change": [2, np.inf, 3, 50], "tol": [0.0, 0.0, 0.01, 0.0]}
    values["early_stopping"] = [early_stopping] * N_MODELS
    problem = Problem(objective, optimizer, **values)
    whole, run = problem.run(), problem.run()
    whole.advance(12)
    for n_epochs in (1, 4, 7):
        run.advance(n_epochs)
        run.pause()
        run = pickle.loads(pickle.dumps(run))
        run.resume(problem.rows, problem.validation)
    for i in range(N_MODELS):
        assert_same(run.get_model(i), whole.get_model(i), exactly=True)


def test_a_paused_run_has_no_rows():
    run = Problem().run()
    run.advance(2)
    run.pause()
    assert (run.rows, run.validation) == (None, None)
    assert len(pickle.dumps(run)) < 20_000
