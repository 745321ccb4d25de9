"""The training run: epochs, models that are read, kept and retired, and their stop reasons."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.epochs import EpochSolver
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.run import MAX_LOSS_RATIO, TrainingRun
from sklearn_softmax._training.schedule_free import AveragedGradientDescent, ScheduleFree
from sklearn_softmax._training.state import take
from sklearn_softmax._training.stopping import Convergence, Patience
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
RECORD_NAMES = ["epoch", "lr", "loss", "accuracy", "penalty", "weight_norm"]
ROUNDING = {"rtol": 1e-9, "atol": 1e-11}

each_optimizer = pytest.mark.parametrize(
    "optimizer",
    [GradientDescent(), AveragedGradientDescent(), ScheduleFree(Adam(beta_1=0.0))],
    ids=["gradient-descent", "averaged", "schedule-free-adam"],
)
each_objective = pytest.mark.parametrize(
    "objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"]
)
with_and_without_early_stopping = pytest.mark.parametrize(
    "early_stopping", [False, True], ids=["no-early-stopping", "early-stopping"]
)


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
        values = {
            name: np.broadcast_to(value, (N_MODELS, *np.shape(value)[1:]))[models]
            for name, value in self.values.items()
        }
        return initial_state(take(self.start, models), self.optimizer, self.rows, **values)

    def run(self, models=range(N_MODELS), **options):
        """Return a new run of some models, with new generators of orders and dropout masks."""
        objective = replace(self.objective, dropout=Dropout(np.random.default_rng(0)))
        train_pass = MiniBatchPass(objective, self.optimizer, BATCH_SIZE)
        solver = EpochSolver(train_pass, BATCH_SIZE, True, np.random.RandomState(3))
        options = {
            "state": self.state(list(models)),
            "rows": self.rows,
            "validation": self.validation,
            "steps_per_epoch": 5,
            **options,
        }
        return TrainingRun(objective, self.optimizer, solver, **options)

    def train(self, n_epochs, *args, **options):
        """Return a new run after some epochs."""
        run = self.run(*args, **options)
        run.advance(n_epochs)
        return run


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


def record_calls(run):
    """Return a list of calls, and callbacks that add their name and the number of epochs to it."""
    calls = []
    callbacks = {
        name: lambda name=name: calls.append((name, run.state.epoch))
        for name in ("begin_epoch", "end_epoch")
    }
    return calls, callbacks


# --- epochs ---------------------------------------------------------------------------------


@each_objective
@each_optimizer
def test_models_train_together_as_alone(optimizer, objective):
    """Early stopping retires models 0 and 1, and others are removed from the run."""
    problem = Problem(
        objective,
        optimizer,
        nesterov=[False, True, False, True],
        dropout=[0.0, 0.2, 0.5, 0.2],
        class_weight=CLASS_WEIGHT,
        n_iter_no_change=[2, 8, np.inf, np.inf],
        tol=[0.1, 0.01, 0.0, 0.0],
        early_stopping=[True, True, False, False],
    )
    together, n_epochs = problem.run(), 0
    for further, kept in ((2, range(4)), (2, [3, 0, 1]), (8, {0, 3, 1}), (4, [0, 3])):
        together.advance(further)
        together.keep(kept)
        n_epochs += further
        for i in kept:
            alone = problem.train(n_epochs, [i])
            assert_same(together.get_model(i), alone.get_model(0))
    assert together.active.tolist() == [3]


@with_and_without_early_stopping
@each_optimizer
def test_history_and_losses_are_those_of_the_parameters(optimizer, early_stopping):
    """With early stopping a model is the best so far; training continues from the last one."""
    problem = Problem(optimizer=optimizer, early_stopping=early_stopping, class_weight=CLASS_WEIGHT)
    plain = Problem(optimizer=optimizer, class_weight=CLASS_WEIGHT).train(12)
    run, best = problem.run(), []
    vectors = params_of_epochs(run, 12)
    for i in range(N_MODELS):
        model, class_weight = run.get_model(i), np.array(CLASS_WEIGHT)[[i]]
        history, last = model.history, plain.get_model(i)
        assert list(history) == [*RECORD_NAMES, "val_loss", "val_accuracy"]
        assert {len(values) for values in history.values()} == {12}
        np.testing.assert_array_equal(history["epoch"], np.arange(1, 13))
        lr = VALUES["lr"][i] * VALUES["lr_decay"][i] ** np.arange(12)
        np.testing.assert_allclose(history["lr"], lr)
        assert model.step_losses.shape == (12 * 5,)
        best.append(np.argmin(history["val_loss"]) if early_stopping else 11)
        np.testing.assert_array_equal(model.params.vector, vectors[i][best[i]])
        np.testing.assert_array_equal(run.last_params(i).vector, vectors[i][-1])
        np.testing.assert_array_equal(vectors[i][-1], last.params.vector)
        np.testing.assert_array_equal(model.state.params.vector, last.state.params.vector)
        expected, _ = evaluate(SOFTMAX, model.params, problem.rows, class_weight)
        assert model.loss == pytest.approx(expected[0])
        assert model.untrained_loss == pytest.approx(max(np.log(3), model.step_losses[0]))
        for epoch, vector in enumerate(vectors[i]):
            params = model.params.replace_vector(vector)
            squared_norm = np.sum(params.weights[0] ** 2)
            val_figures = np.ravel(evaluate(SOFTMAX, params, run.validation, class_weight))
            expected = [VALUES["l2"][i] / 2 * squared_norm, np.sqrt(squared_norm), *val_figures]
            names = ("penalty", "weight_norm", "val_loss", "val_accuracy")
            assert [history[name][epoch] for name in names] == pytest.approx(expected)
    assert (min(best) < 11) == early_stopping


def test_callbacks_are_called_before_and_after_each_epoch():
    run = Problem().run(validation=None)
    calls, callbacks = record_calls(run)
    for n_epochs in (0, -1, 2):
        run.advance(n_epochs, **callbacks)
    expected = [("begin_epoch", 0), ("end_epoch", 1), ("begin_epoch", 1), ("end_epoch", 2)]
    assert calls == expected
    assert list(run.get_model(0).history) == RECORD_NAMES
    run.keep([])
    run.advance(1, **callbacks)
    assert calls == expected


def test_the_end_of_an_epoch_in_which_all_models_diverge_is_not_called():
    run = Problem(lr=1e200, l2=1.0).run(validation=None)
    calls, callbacks = record_calls(run)
    run.advance(9, **callbacks)
    assert {run.get_model(i).failure for i in range(N_MODELS)} == {"diverged"}
    assert calls == [("begin_epoch", 0)]


def test_a_run_stopped_by_a_callback_can_continue():
    run, uninterrupted = Problem().run(), Problem().train(6)
    run.advance(100, end_epoch=lambda: run.state.epoch == 4)
    assert run.state.epoch == 4
    np.testing.assert_array_equal(run.active, range(N_MODELS))
    assert {run.get_model(i).stop_reason for i in range(N_MODELS)} == {"callback"}
    run.advance(2)
    for i in range(N_MODELS):
        assert_same(run.get_model(i), uninterrupted.get_model(i), exactly=True)


# --- models of a run --------------------------------------------------------------------------


@each_optimizer
def test_a_model_of_a_run_is_a_copy(optimizer):
    problem = Problem(TANH_NET, optimizer)
    run = problem.train(3)
    model = run.get_model(2)
    run.advance(2)
    assert_same(model, problem.train(3).get_model(2), exactly=True)


@with_and_without_early_stopping
@each_optimizer
def test_a_paused_run_continues_like_an_uninterrupted_one(optimizer, early_stopping):
    values = {"n_iter_no_change": [2, np.inf, 3, 50], "tol": [0.0, 0.0, 0.01, 0.0]}
    problem = Problem(TANH_NET, optimizer, early_stopping=early_stopping, **values)
    whole, run = problem.train(12), problem.run()
    for n_epochs in (1, 4, 7):
        run.advance(n_epochs)
        run.pause()
        assert (run.rows, run.validation) == (None, None)
        stored = pickle.dumps(run)
        assert len(stored) < 40_000
        run = pickle.loads(stored)
        run.resume(problem.rows, problem.validation)
    for i in range(N_MODELS):
        assert_same(run.get_model(i), whole.get_model(i), exactly=True)


# --- patience ------------------------------------------------------------------------------------

N_ITER_NO_CHANGE = [2, 3, 1, 4]
IMPATIENT = {
    "early_stopping": True,
    "n_iter_no_change": N_ITER_NO_CHANGE,
    "tol": [0.0, 0.01, 0.001, 0.02],
    "lr": [0.5, 0.1, 1.0, 0.02],
    "lr_decay": 1.0,
}
ENDLESS = {**IMPATIENT, "n_iter_no_change": np.inf}


@with_and_without_early_stopping
@each_optimizer
def test_each_model_is_retired_when_its_patience_is_exhausted(optimizer, early_stopping):
    """Patience is with the validation loss in early stopping, otherwise with the training loss."""
    tol = IMPATIENT["tol"] if early_stopping else [0.01] * N_MODELS
    stopping = {"tol": tol, "early_stopping": early_stopping}
    run = Problem(TANH_NET, optimizer, **{**IMPATIENT, **stopping}).run()
    endless = Problem(TANH_NET, optimizer, **{**ENDLESS, **stopping}).train(100)
    vectors, lengths = params_of_epochs(run, 100), []
    assert len(run.active) == 0
    name = "val_loss" if early_stopping else "loss"
    for i in range(N_MODELS):
        model, losses = run.get_model(i), endless.get_model(i).history[name]
        patience, n_waited = Patience(np.array([np.inf]), np.array([0])), []
        for loss in losses:
            patience.update(np.array([loss]), tol[i])
            n_waited.append(patience.n_waited[0])
        lengths.append(1 + n_waited.index(N_ITER_NO_CHANGE[i]))
        expected = "early_stopping" if early_stopping else "converged"
        assert (model.stop_reason, model.failure) == (expected, "")
        np.testing.assert_array_equal(model.history["epoch"], np.arange(1, lengths[i] + 1))
        np.testing.assert_allclose(model.history[name], losses[: lengths[i]], **ROUNDING)
        best = np.argmin(losses[: lengths[i]]) if early_stopping else -1
        np.testing.assert_array_equal(model.params.vector, vectors[i][best])
        np.testing.assert_array_equal(run.last_params(i).vector, vectors[i][best])
        assert len(vectors[i]) == lengths[i]
    assert len(set(lengths)) > 1


def test_a_model_retired_in_the_epoch_of_a_callback_has_its_own_stop_reason():
    problem = Problem(TANH_NET, **IMPATIENT)
    run, stopped = problem.train(100), problem.run()
    first = min(len(run.get_model(i).history["epoch"]) for i in range(N_MODELS))
    stopped.advance(100, end_epoch=lambda: stopped.state.epoch == first)
    assert stopped.state.epoch == first
    retired = set(range(N_MODELS)) - set(stopped.active.tolist())
    assert retired
    for i in retired:
        assert_same(stopped.get_model(i), run.get_model(i), exactly=True)
    for i in stopped.active:
        assert stopped.get_model(i).stop_reason == "callback"


# --- convergence ----------------------------------------------------------------------------------


@each_optimizer
def test_each_model_is_retired_when_it_has_converged(optimizer):
    """The objective is the loss plus the penalty before each epoch."""
    tol = [1e-2, 1e-3, np.nan, 1e-4]
    problem = Problem(optimizer=optimizer, tol=tol, l2=0.1, lr=0.05, lr_decay=0.8)
    run, endless = problem.train(100, convergence_tol=2.0), problem.train(100)
    lengths = []
    for i in (0, 1, 3):
        history, convergence = endless.get_model(i).history, Convergence(steps_per_epoch=5)
        first_penalty = SOFTMAX.penalty(take(problem.start, [i]), np.array([0.1]))
        penalties = np.concatenate([first_penalty, history["penalty"][:-1]])
        has_converged, falls = [], []
        for objective in history["loss"] + penalties:
            convergence.update(np.array([objective]))
            has_converged.append(convergence.has_converged(2 * tol[i])[0])
            falls.append(convergence.fall()[0])
        lengths.append(1 + np.argmax(has_converged))
        model = run.get_model(i)
        assert (model.stop_reason, len(model.history["loss"])) == ("converged", lengths[-1])
        assert model.convergence == pytest.approx(falls[lengths[-1] - 1], rel=1e-6)
    assert 12 < lengths[0] < lengths[1] <= lengths[2] < 100
    assert run.active.tolist() == [2]
    assert run.get_model(2).stop_reason == "max_epochs"


# --- failures -----------------------------------------------------------------------------------


@with_and_without_early_stopping
@each_objective
@each_optimizer
def test_a_diverged_model_is_retired_and_the_others_continue(optimizer, objective, early_stopping):
    values = {"lr": [0.3, 1e200, 0.5, 0.1], "l2": [0.0, 1.0, 0.0, 0.01]}
    problem = Problem(objective, optimizer, early_stopping=early_stopping, **values)
    run, plain = problem.train(8), Problem(objective, optimizer, **values).train(8)
    assert run.active.tolist() == [0, 2, 3]
    diverged = run.get_model(1)
    assert (diverged.failure, diverged.stop_reason) == ("diverged", "")
    assert np.isnan(diverged.loss)
    assert len(diverged.history["epoch"]) < 8
    arrays = arrays_of(diverged.state.optimizer_state).values()
    figures = [diverged.history["loss"][-1], *diverged.state.params.vector[0]]
    figures += [number for array in arrays for number in np.ravel(array)]
    assert not np.all(np.isfinite(figures))
    assert np.all(np.isfinite(diverged.history["loss"][:-1]))
    np.testing.assert_array_equal(diverged.params.vector, plain.get_model(1).params.vector)
    for i in (0, 2, 3):
        assert run.get_model(i).failure == ""
        assert_same(run.get_model(i), problem.train(8, [i]).get_model(0))


def test_a_model_whose_optimizer_state_is_not_finite_is_retired():
    problem = Problem(optimizer=Adam())
    problem.rows.X[:, 0] *= 1e200
    problem.start.vector[...] = 0
    model = problem.train(1, validation=None).get_model(0)
    assert model.failure == "diverged"
    assert np.all(np.isfinite([*model.history["loss"], *model.state.params.vector[0]]))
    assert not np.all(np.isfinite(model.state.optimizer_state.second_moment))


def test_a_loss_far_above_that_of_the_untrained_model_has_diverged():
    run = Problem(lr=[0.1, 1e18, 1e10, 0.1], l2=0.0, momentum=0.0).train(1, validation=None)
    assert run.active.tolist() == [0, 1, 2, 3]
    models = [run.get_model(i) for i in range(N_MODELS)]
    assert [model.failure for model in models] == ["", "diverged", "", ""]
    ratios = [model.loss / model.untrained_loss for model in models]
    assert 1e20 > ratios[1] > MAX_LOSS_RATIO > ratios[2] > 1e6
