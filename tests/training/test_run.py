"""The training run: advance, look at a model, keep some; models leave by themselves."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import PerceptronCriterion, SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.objective import Objective
from sklearn_softmax._training.convergence import Convergence
from sklearn_softmax._training.epochs import State
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.patience import Patience
from sklearn_softmax._training.rows import Rows
from sklearn_softmax._training.run import TrainingRun
from tests.helpers import hyperparameters, random_params, random_rows, starting_state

SOFTMAX = Objective(DenseNetwork((5, 3)), SoftmaxCrossEntropy())
TANH_NET = Objective(DenseNetwork((5, 8, 3), activation=ACTIVATIONS["tanh"]), SoftmaxCrossEntropy())
N_MODELS = 4
VALUES = {
    "lr": [0.3, 0.05, 1.0, 0.1],
    "lr_decay": [1.0, 0.9, 1.0, 0.95],
    "l2": [0.0, 0.1, 0.0, 0.01],
    "momentum": [0.0, 0.5, 0.9, 0.9],
}
OF_THEIR_OWN = {
    "nesterov": [False, True, False, True],
    "dropout": [0.0, 0.2, 0.5, 0.2],
    "class_weight": [[1.0, 1.0, 1.0], [2.0, 0.0, 1.0], [1.0, 5.0, 1.0], [1.0, 1.0, 0.3]],
}
OPTIMIZERS = pytest.mark.parametrize("optimizer", [GradientDescent(), Adam()], ids=repr)
ALWAYS = ["epoch", "lr", "loss", "accuracy", "penalty", "weight_norm"]
to_rounding = {"rtol": 1e-9, "atol": 1e-11}


class Problem:
    """Rows, and models that begin to learn from them, alone or together."""

    def __init__(self, objective=SOFTMAX, optimizer=None, *, patience=None, **values):
        rng = np.random.RandomState(0)
        self.objective, self.optimizer = objective, optimizer or GradientDescent()
        self.rows = random_rows(rng, n=30, weighted=True)
        self.validation = random_rows(rng, n=20)
        self.start = random_params(objective.network, rng, n_models=N_MODELS)
        self.patience, self.values = patience, {**VALUES, **values}

    def run(self, models=range(N_MODELS), **options):
        models = list(models)
        values = {name: np.array(value)[models] for name, value in self.values.items()}
        patience = None
        if self.patience is not None:
            n_iter_no_change, tol = (np.array(limits)[models] for limits in self.patience)
            patience = Patience(n_iter_no_change, tol, np.isfinite(n_iter_no_change))
        state = starting_state(self.start.of_models(models), self.optimizer, **values)
        given = {
            "rows": self.rows,
            "validation": self.validation,
            "patience": patience,
            "batch_size": 7,
            "shuffle": True,
            "rng": np.random.RandomState(3),
            "convergence": Convergence(5),
            **options,
        }
        return TrainingRun(self.objective, self.optimizer, state=state, **given)


def assert_same(model, expected, exactly=False):
    """Two models with the same parameters and history, to rounding where not told otherwise."""
    tolerance = {"rtol": 0, "atol": 0} if exactly else to_rounding
    np.testing.assert_allclose(model.params.vector, expected.params.vector, **tolerance)
    np.testing.assert_allclose(model.step_losses, expected.step_losses, **tolerance)
    assert model.failure == expected.failure
    for ours, theirs in (
        (model.history, expected.history),
        (model.optimizer_state, expected.optimizer_state),
    ):
        assert list(ours) == list(theirs)
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], **tolerance, err_msg=name)


def noted_parameters(run, n_epochs):
    """Parameters of each model after each epoch, of a run that is advanced."""
    noted = {int(i): [] for i in run.models}

    def end_epoch():
        for i in run.models:
            noted[int(i)].append(run.parameters(i).vector)

    run.advance(n_epochs, end_epoch=end_epoch)
    return noted


# --- advance --------------------------------------------------------------------------------


@OPTIMIZERS
def test_two_advances_are_one(optimizer):
    once, twice = (Problem(TANH_NET, optimizer).run() for _ in range(2))
    once.advance(7)
    twice.advance(3)
    twice.advance(4)
    for i in range(N_MODELS):
        assert_same(twice.look(i), once.look(i), exactly=True)


@OPTIMIZERS
@pytest.mark.parametrize("objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"])
def test_models_train_together_as_they_do_alone(objective, optimizer):
    problem = Problem(objective, optimizer)
    together = problem.run()
    together.advance(8)
    for i in range(N_MODELS):
        alone = problem.run([i])
        alone.advance(8)
        assert_same(together.look(i), alone.look(0))


@pytest.mark.parametrize("patience", [None, ([2, 3, 2, 9], [0.0] * 4)], ids=["all", "stopped"])
def test_the_loss_is_that_of_the_parameters_handed_over(patience):
    problem = Problem(patience=patience, class_weight=OF_THEIR_OWN["class_weight"])
    run = problem.run()
    run.advance(8)
    for i in range(N_MODELS):
        model = run.look(i)
        class_weight = np.array(OF_THEIR_OWN["class_weight"])[[i]]
        expected, _ = evaluate(SOFTMAX, model.params, problem.rows, class_weight)
        assert model.loss == pytest.approx(expected[0])
        assert model.untrained_loss == pytest.approx(max(np.log(3), model.step_losses[0]))


def test_history_has_an_entry_an_epoch():
    run = Problem().run()
    noted = noted_parameters(run, 6)
    for i in range(N_MODELS):
        model = run.look(i)
        assert list(model.history) == [*ALWAYS, "val_loss", "val_accuracy"]
        assert {len(values) for values in model.history.values()} == {6}
        np.testing.assert_array_equal(model.history["epoch"], np.arange(1, 7))
        lr = VALUES["lr"][i] * VALUES["lr_decay"][i] ** np.arange(6)
        np.testing.assert_allclose(model.history["lr"], lr)
        assert model.step_losses.shape == (6 * 5,)
        np.testing.assert_array_equal(model.params.vector, noted[i][-1])
        for epoch, vector in enumerate(noted[i]):
            params = model.params.on(vector)
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


def test_without_validation_rows_nothing_is_validated():
    run = Problem().run(validation=None)
    run.advance(2)
    assert list(run.look(0).history) == ALWAYS


def test_a_batch_larger_than_the_rows_holds_them_all():
    large, exact = (Problem().run(batch_size=size) for size in (1000, 30))
    large.advance(3)
    exact.advance(3)
    for i in range(N_MODELS):
        assert_same(large.look(i), exact.look(i), exactly=True)
        assert large.look(i).step_losses.shape == (3,)


# --- callbacks of an epoch --------------------------------------------------------------------


def test_begin_and_end_are_called_once_an_epoch_and_in_order():
    run, calls = Problem().run(validation=None), []
    run.advance(
        3,
        begin_epoch=lambda: calls.append(("begin", run.state.epoch)),
        end_epoch=lambda: calls.append(("end", run.state.epoch)),
    )
    assert calls == [("begin", 0), ("end", 1), ("begin", 1), ("end", 2), ("begin", 2), ("end", 3)]


def test_end_epoch_can_stop_all_and_they_can_go_on():
    run, uninterrupted = Problem().run(), Problem().run()
    run.advance(100, end_epoch=lambda: run.state.epoch == 4)
    assert run.state.epoch == 4
    np.testing.assert_array_equal(run.models, range(N_MODELS))
    uninterrupted.advance(4)
    for i in range(N_MODELS):
        assert_same(run.look(i), uninterrupted.look(i), exactly=True)
    run.advance(2)
    uninterrupted.advance(2)
    assert_same(run.look(0), uninterrupted.look(0), exactly=True)


def test_end_epoch_sees_the_parameters_that_the_epoch_ended_with():
    run = Problem().run()
    noted = noted_parameters(run, 3)
    for n_epochs in (1, 2, 3):
        shorter = Problem().run()
        shorter.advance(n_epochs)
        np.testing.assert_array_equal(noted[2][n_epochs - 1], shorter.look(2).params.vector)


# --- look --------------------------------------------------------------------------------------


@OPTIMIZERS
def test_a_model_that_was_looked_at_is_a_copy(optimizer):
    run, untouched = (Problem(TANH_NET, optimizer).run() for _ in range(2))
    run.advance(3)
    untouched.advance(3)
    model, again = run.look(2), run.look(2)
    run.advance(2)
    assert_same(model, untouched.look(2), exactly=True)
    for array in (
        again.params.vector,
        run.parameters(2).vector,
        *(a for a in again.optimizer_state.values() if isinstance(a, np.ndarray)),
        *again.history.values(),
        again.step_losses,
    ):
        array[...] = 0
    untouched.advance(2)
    assert_same(run.look(2), untouched.look(2), exactly=True)


@OPTIMIZERS
def test_a_run_goes_on_from_a_model_of_another(optimizer):
    problem = Problem(TANH_NET, optimizer)
    first, whole = problem.run(), problem.run([2])
    first.advance(3)
    whole.advance(5)
    model = first.look(2)
    values = {name: value[2] for name, value in VALUES.items()}
    state = State(model.params, model.optimizer_state, hyperparameters(**values), epoch=3)
    second = TrainingRun(
        TANH_NET,
        optimizer,
        problem.rows,
        state,
        batch_size=7,
        shuffle=True,
        rng=first.rng,
        convergence=Convergence(5),
        validation=problem.validation,
    )
    second.advance(2)
    np.testing.assert_allclose(
        second.look(0).params.vector, whole.look(0).params.vector, **to_rounding
    )
    for name, values in second.look(0).history.items():
        np.testing.assert_allclose(values, whole.look(0).history[name][3:], **to_rounding)


# --- keep --------------------------------------------------------------------------------------


@OPTIMIZERS
@pytest.mark.parametrize("objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"])
def test_models_that_are_kept_train_on_as_they_do_alone(objective, optimizer):
    problem = Problem(objective, optimizer)
    run = problem.run()
    for n_epochs, kept in ((2, [3, 0, 2]), (3, [3, 0]), (1, {0}), (2, [0])):
        run.advance(n_epochs)
        run.keep(kept)
        np.testing.assert_array_equal(run.models, sorted(kept))
        for i in kept:
            alone = problem.run([i])
            alone.advance(run.state.epoch)
            assert_same(run.look(i), alone.look(0))


@OPTIMIZERS
def test_what_is_each_models_own_stays_with_it_when_others_leave(optimizer):
    patience = [2, 8, np.inf, np.inf], [0.1, 0.01, 0.0, 0.0]
    problem = Problem(TANH_NET, optimizer, patience=patience, **OF_THEIR_OWN)

    def run(models=range(N_MODELS)):
        dropout = Dropout(np.random.default_rng(0))
        problem.objective = replace(TANH_NET, dropout=dropout)
        return problem.run(models)

    together = run()
    together.advance(8)
    together.keep([0, 1, 3])
    together.advance(8)
    assert 0 not in together.models
    for i in (0, 1, 3):
        alone = run([i])
        alone.advance(16)
        assert_same(together.look(i), alone.look(0))


def test_where_no_model_is_kept_nothing_is_called_any_more():
    run, calls = Problem().run(), []
    run.advance(1)
    run.keep([])
    run.advance(3, begin_epoch=lambda: calls.append(1), end_epoch=lambda: calls.append(2))
    assert calls == []
    assert len(run.models) == 0


def test_a_model_that_has_left_can_be_kept():
    run = Problem(l2=[0.0, 1.0, 0.0, 0.0], lr=[0.1, 1e200, 0.1, 0.1]).run(validation=None)
    run.advance(4)
    run.keep([0, 1])
    assert run.models.tolist() == [0]
    run.advance(1)
    assert run.look(1).failure == "diverged"
    assert len(run.look(0).history["loss"]) == 5
    run.keep([0])
    with pytest.raises(ValueError, match="1 is not in list"):
        run.look(1)


# --- early stopping ------------------------------------------------------------------------------

PATIENCE = ([2, 3, 1, 4], [0.0, 0.01, 0.001, 0.02])  # n_iter_no_change and tol of each model
IMPATIENT = {"patience": PATIENCE, "lr": [0.5, 0.1, 1.0, 0.02], "lr_decay": [1.0] * N_MODELS}


def last_epoch(losses, n_iter_no_change, tol):
    """The epoch in which patience with these losses is exhausted."""
    lowest, n_without_gain = np.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        n_without_gain = 0 if loss < lowest - tol else n_without_gain + 1
        if n_without_gain == n_iter_no_change:
            return epoch
        lowest = min(lowest, loss)
    return None


@OPTIMIZERS
def test_each_model_leaves_when_its_patience_is_exhausted(optimizer):
    problem = Problem(TANH_NET, optimizer, **IMPATIENT)
    run, endless = problem.run(), problem.run(patience=None)
    noted = noted_parameters(run, 300)
    endless.advance(300)
    assert len(run.models) == 0
    lengths = []
    for i in range(N_MODELS):
        model, losses = run.look(i), endless.look(i).history["val_loss"]
        lengths.append(last_epoch(losses, *(limits[i] for limits in PATIENCE)))
        assert model.failure == ""
        np.testing.assert_array_equal(model.history["epoch"], np.arange(1, lengths[i] + 1))
        np.testing.assert_allclose(model.history["val_loss"], losses[: lengths[i]], **to_rounding)
        best = np.argmin(model.history["val_loss"])
        np.testing.assert_array_equal(model.params.vector, noted[i][best])
        np.testing.assert_array_equal(run.parameters(i).vector, noted[i][best])
        assert len(noted[i]) == lengths[i]
    assert len(set(lengths)) > 2


@OPTIMIZERS
@pytest.mark.parametrize("objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"])
def test_models_stop_together_as_they_do_alone(objective, optimizer):
    problem = Problem(objective, optimizer, **IMPATIENT)
    together = problem.run()
    together.advance(300)
    assert len(together.models) == 0
    for i in range(N_MODELS):
        alone = problem.run([i])
        alone.advance(300)
        assert_same(together.look(i), alone.look(0))


def test_while_a_model_has_patience_it_is_the_best_so_far_and_goes_on_from_the_last():
    problem = Problem(TANH_NET, patience=([50] * N_MODELS, [0.0] * N_MODELS))
    run, endless = problem.run(), problem.run(patience=None)
    noted = noted_parameters(run, 40)
    endless.advance(40)
    best = [np.argmin(run.look(i).history["val_loss"]) for i in range(N_MODELS)]
    assert min(best) < 39
    for i in range(N_MODELS):
        np.testing.assert_array_equal(run.look(i).params.vector, noted[i][best[i]])
        np.testing.assert_array_equal(run.parameters(i).vector, noted[i][-1])
        np.testing.assert_array_equal(noted[i][-1], endless.look(i).params.vector)


def test_models_that_are_kept_keep_their_patience():
    problem = Problem(TANH_NET, **IMPATIENT)
    run = problem.run()
    run.advance(2)
    run.keep([1, 3])
    run.advance(300)
    for i in (1, 3):
        alone = problem.run([i])
        alone.advance(300)
        assert_same(run.look(i), alone.look(0))


def test_a_model_without_patience_leaves_in_the_epoch_that_ends_training_too():
    problem = Problem(TANH_NET, **IMPATIENT)
    run, stopped = problem.run(), problem.run()
    run.advance(300)
    first = min(len(run.look(i).history["epoch"]) for i in range(N_MODELS))
    stopped.advance(300, end_epoch=lambda: stopped.state.epoch == first)
    assert stopped.state.epoch == first
    assert len(stopped.models) < N_MODELS
    for i in set(range(N_MODELS)) - set(stopped.models.tolist()):
        assert len(run.look(i).history["epoch"]) == first
        assert_same(stopped.look(i), run.look(i), exactly=True)


def test_nothing_is_called_after_all_have_left():
    run, calls = Problem(TANH_NET, **IMPATIENT).run(), []
    options = {
        "begin_epoch": lambda: calls.append("begin"),
        "end_epoch": lambda: calls.append("end"),
    }
    run.advance(300, **options)
    n_epochs = max(len(run.look(i).history["epoch"]) for i in range(N_MODELS))
    assert calls == ["begin", "end"] * n_epochs
    run.advance(3, **options)
    assert len(calls) == 2 * n_epochs


# --- failures -----------------------------------------------------------------------------------

DIVERGING = {"lr": [0.3, 1e200, 0.5, 0.1], "l2": [0.0, 1.0, 0.0, 0.01]}


@OPTIMIZERS
@pytest.mark.parametrize("objective", [SOFTMAX, TANH_NET], ids=["linear", "one-hidden"])
@pytest.mark.parametrize("patience", [None, ([50] * N_MODELS, [0.0] * N_MODELS)])
def test_a_model_that_diverges_leaves_and_the_others_go_on(objective, optimizer, patience):
    problem = Problem(objective, optimizer, patience=patience, **DIVERGING)
    run = problem.run()
    run.advance(8)
    assert run.models.tolist() == [0, 2, 3]
    diverged = run.look(1)
    assert diverged.failure == "diverged"
    n_epochs = len(diverged.history["epoch"])
    assert n_epochs < 8
    figures = [diverged.history["loss"][-1], *diverged.params.vector[0]]
    arrays = [a for a in diverged.optimizer_state.values() if isinstance(a, np.ndarray)]
    assert not np.all(np.isfinite(np.concatenate([figures, *(a[0] for a in arrays)])))
    assert np.all(np.isfinite(diverged.history["loss"][:-1]))
    without_patience = problem.run(patience=None)
    without_patience.advance(8)
    last = without_patience.look(1).params.vector
    np.testing.assert_array_equal(diverged.params.vector, last)
    for i in (0, 2, 3):
        alone = problem.run([i])
        alone.advance(8)
        assert run.look(i).failure == ""
        assert_same(run.look(i), alone.look(0))


def test_end_is_not_called_in_an_epoch_that_no_model_got_through():
    run, calls = Problem(lr=[1e200] * N_MODELS, l2=[1.0] * N_MODELS).run(validation=None), []
    run.advance(9, begin_epoch=lambda: calls.append("begin"), end_epoch=lambda: calls.append("end"))
    assert {run.look(i).failure for i in range(N_MODELS)} == {"diverged"}
    n_epochs = max(len(run.look(i).history["epoch"]) for i in range(N_MODELS))
    assert calls == ["begin", "end"] * (n_epochs - 1) + ["begin"]


@pytest.mark.parametrize("patience", [None, ([50] * N_MODELS, [0.0] * N_MODELS)])
def test_a_model_whose_validation_loss_is_not_finite_leaves(patience):
    problem = Problem(patience=patience, lr=[0.0, 100.0, 0.0, 0.0])
    problem.start.vector[[0, 2, 3]] = 0
    problem.validation = Rows(np.full((4, 5), 1e308), np.array([0, 1, 2, 0]))
    run = problem.run()
    run.advance(3)
    assert run.models.tolist() == [0, 2, 3]
    assert run.look(1).failure == "validation"
    assert np.isfinite(run.look(1).history["loss"]).all()
    assert not np.isfinite(run.look(1).history["val_loss"][-1])
    np.testing.assert_allclose(run.look(0).history["val_loss"], [np.log(3)] * 3)


# --- perceptrons --------------------------------------------------------------------------------


def perceptrons(**options):
    """Three of them on rows that a line can separate; the first one does, from the beginning."""
    rng = np.random.RandomState(0)
    network, line = DenseNetwork((5, 1)), rng.standard_normal(5)
    X = rng.standard_normal((40, 5))
    rows = Rows(X, (X @ line > 0).astype(int))
    params = random_params(network, rng, n_models=3)
    params.weights[0][0], params.intercepts[0][0] = 10 * line, 0
    models = options.pop("models", [0, 1, 2])
    optimizer, objective = GradientDescent(), Objective(network, PerceptronCriterion())
    state = starting_state(params.of_models(models), optimizer, lr=0.3)
    rng = np.random.RandomState(1)
    options.setdefault("convergence", Convergence(5))
    given = {"batch_size": 8, "shuffle": True, "rng": rng, **options}
    return TrainingRun(objective, optimizer, rows, state, **given)


def test_a_perceptron_leaves_after_an_epoch_without_a_mistake():
    run = perceptrons()
    run.advance(500)
    assert len(run.models) == 0
    lengths = []
    for i in range(3):
        model, alone = run.look(i), perceptrons(models=[i])
        mistakes = model.history["mistakes"]
        assert mistakes[-1] == 0
        assert np.all(mistakes[:-1] > 0)
        assert model.history["accuracy"][-1] == 1
        lengths.append(len(mistakes))
        alone.advance(500)
        assert_same(model, alone.look(0))
    assert lengths[0] == 1 < min(lengths[1:])


def test_a_perceptron_with_patience_leaves_without_a_mistake_too():
    patience = Patience([1000] * 3, [0.0] * 3, [True] * 3)
    run, without_patience = perceptrons(patience=patience), perceptrons()
    run.validation = run.rows
    run.advance(500)
    without_patience.advance(500)
    assert len(run.models) == 0
    for i in range(3):
        mistakes = run.look(i).history["mistakes"]
        np.testing.assert_array_equal(mistakes, without_patience.look(i).history["mistakes"])


def test_the_online_rule_is_a_row_a_step():
    online = perceptrons(models=[1], batch_size=1, is_online=True)
    in_batches = perceptrons(models=[1], batch_size=1)
    online.advance(500)
    in_batches.advance(500)
    assert_same(online.look(0), in_batches.look(0))
    assert len(online.look(0).step_losses) == 40 * len(online.look(0).history["loss"])


def test_other_losses_go_on_without_mistakes():
    run = Problem(lr=[1.0] * N_MODELS, l2=[0.0] * N_MODELS).run(validation=None)
    run.rows.y[:] = 1
    run.advance(30)
    assert len(run.models) == N_MODELS
    for i in range(N_MODELS):
        assert run.look(i).history["accuracy"][-1] == pytest.approx(1)


@OPTIMIZERS
@pytest.mark.parametrize("has_patience", [False, True])
def test_a_run_that_was_paused_goes_on_as_if_it_had_not_been(optimizer, has_patience):
    patience = ([2, np.inf, 3, 50], [0.0, 0.0, 0.01, 0.0]) if has_patience else None
    problem = Problem(TANH_NET, optimizer, patience=patience)
    whole, run = problem.run(), problem.run()
    whole.advance(12)
    for n_epochs in (1, 4, 7):
        run.advance(n_epochs)
        run.pause()
        run = pickle.loads(pickle.dumps(run))
        run.resume(problem.rows, problem.validation)
    for i in range(N_MODELS):
        assert_same(run.look(i), whole.look(i), exactly=True)


def test_a_paused_run_holds_no_rows():
    run = Problem().run()
    run.advance(2)
    run.pause()
    assert (run.rows, run.validation) == (None, None)
    assert len(pickle.dumps(run)) < 20_000


def test_a_model_of_endless_patience_has_its_last_parameters():
    problem = Problem(patience=([np.inf, 2, np.inf, 2], [0.0] * 4))
    run, patient = problem.run(), Problem().run()
    run.advance(20)
    patient.advance(20)
    for i in (0, 2):
        assert_same(run.look(i), patient.look(i))
    assert {1, 3} & set(run._left)
