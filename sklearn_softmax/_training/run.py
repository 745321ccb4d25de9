"""Training run: models that learn from the same batches, each with its hyperparameters."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._model.parameters import Parameters
from sklearn_softmax._training.chance import Chance, are_related, compare_with_chance
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.state import is_finite, take
from sklearn_softmax._training.stopping import Convergence, Patience

# Above this ratio to the loss of the untrained model a loss counts as diverged: the smaller one is
# lost in rounding. With unscaled data even useful models have ratios of 1e10.
MAX_LOSS_RATIO = 1 / np.finfo(np.float64).eps


@dataclass(frozen=True)
class TrainedModel:
    """A model of a run after some epochs.

    Parameters
    ----------
    params : Parameters
        Fitted parameters: those of the lowest validation loss with early stopping if the model has
        not failed, otherwise the last ones; a copy.
    state : State
        State to resume training from; a copy.
    history : dict of str to ndarray of shape (n_epochs,)
        One entry per epoch of this run.
    step_losses : ndarray of shape (n_steps,)
    convergence : float
        See :class:`Convergence`.
    stop_reason : {"converged", "early_stopping", "no_mistakes", "callback", "max_epochs"}
    failure : {"", "diverged", "validation"}
        "diverged" if the loss, the penalty or the parameters are not finite, or the loss is
        ``MAX_LOSS_RATIO`` times that of the untrained model; "validation" if the validation loss is
        not finite.
    loss : float
        Weighted mean loss of ``params`` on :meth:`Rows.sample` of the training rows; NaN if
        training has failed.
    untrained_loss : float
        Loss of zero scores, or of the first batch before its step if that is larger; 0 for the
        perceptron criterion, whose loss of zero scores is 0 and thus no scale.
    chance : Chance or None, default=None
        Comparison of ``loss`` with that of the class shares; no problem is reported if the classes
        are unrelated to the features.
    """

    params: Any
    state: Any
    history: dict
    step_losses: np.ndarray
    convergence: float
    stop_reason: str
    failure: str
    loss: float
    untrained_loss: float
    chance: Chance | None = None


@dataclass
class Progress:
    """Records of the active models of a run, with one entry per model in every array.

    Parameters
    ----------
    convergence : Convergence
    patience : Patience
    penalty : ndarray of shape (M,)
        Penalty of the fitted parameters after the last epoch.
    best : Parameters
        Fitted parameters of the lowest validation loss; used by models with early stopping.
    records : list of dict of str to ndarray of shape (M,), default=[]
        One per epoch.
    step_losses : list of ndarray of shape (M, n_batches), default=[]
        One per epoch.
    """

    convergence: Convergence
    patience: Patience
    penalty: np.ndarray
    best: Parameters
    records: list = field(default_factory=list)
    step_losses: list = field(default_factory=list)


class TrainingRun:
    """M models of one objective that learn from the same batches.

    A model is retired when it diverges, when early stopping ends its training, when it has
    converged (unless ``convergence_tol`` is None), and after an epoch without mistakes if its loss
    learns only from mistakes.

    Parameters
    ----------
    objective : Objective
    optimizer : Optimizer or Lbfgs
    solver : callable
        ``solver(state, rows, begin_epoch, finish_epoch)`` trains the models of a state until
        ``finish_epoch(result)`` returns False, and returns whether training has converged.
    state : State
        Where training begins or resumes; changed in place.
    rows : Rows
        Training rows.
    validation : Rows or None, default=None
        Evaluated after each epoch.
    steps_per_epoch : int
    convergence_tol : float or None, default=None
        Largest relative fall of the objective of a converged model, in units of its ``tol``.

    Attributes
    ----------
    active : ndarray of int
        Indices of the models that are not retired.
    """

    def __init__(
        self,
        objective,
        optimizer,
        solver,
        *,
        state,
        rows,
        validation=None,
        steps_per_epoch,
        convergence_tol=None,
    ):
        self.objective, self.optimizer, self.solver = objective, optimizer, solver
        self.state, self.rows, self.validation = state, rows, validation
        self.convergence_tol, self._stop_reason = convergence_tol, "max_epochs"
        n_models, params = len(state.params.vector), self._fitted_params()
        self.active, self._retired = np.arange(n_models), {}
        self._progress = Progress(
            convergence=Convergence(steps_per_epoch),
            patience=Patience(np.full(n_models, np.inf), np.zeros(n_models, int)),
            penalty=objective.penalty(params, state.hyperparameters.l2),
            best=params.replace_vector(params.vector.copy()),
        )

    def pause(self):
        """Release the rows, so that the run can be stored or sent to another process."""
        self.rows = self.validation = None

    def resume(self, rows, validation=None):
        """Continue with the same rows after a pause.

        Parameters
        ----------
        rows : Rows
        validation : Rows or None, default=None
        """
        self.rows, self.validation = rows, validation

    @property
    def records(self):
        """Return the record of each epoch, with one entry per active model."""
        return self._progress.records

    def advance(self, n_epochs, begin_epoch=lambda: None, end_epoch=lambda: False):
        """Train for more epochs while there are active models.

        Parameters
        ----------
        n_epochs : int
        begin_epoch : callable, optional
            Called before each epoch.
        end_epoch : callable, optional
            Called after each epoch that any model completes; a true value stops training.
        """
        last_epoch, self._stop_reason = self.state.epoch + n_epochs, "max_epochs"

        def finish_epoch(result):
            """Record an epoch, retire models, and return whether training continues."""
            self._record(result)
            self._retire_failed()
            if len(self.active):
                if end_epoch():
                    self._stop_reason = "callback"
                self._retire_finished()
            is_last = self.state.epoch >= last_epoch or self._stop_reason == "callback"
            return len(self.active) > 0 and not is_last

        if n_epochs > 0 and len(self.active):
            with np.errstate(**SILENT):
                if self.solver(self.state, self.rows, begin_epoch, finish_epoch):
                    self._retire(np.ones(len(self.active), bool), stop_reason="converged")

    @np.errstate(**SILENT)
    def get_model(self, model):
        """Return a model after its last epoch.

        Parameters
        ----------
        model : int
            Its index among the initial models.

        Returns
        -------
        trained_model : TrainedModel
        """
        if model in self._retired:
            return self._retired[model]
        return self._build_model(self.active.tolist().index(model), self._stop_reason)

    def last_params(self, model):
        """Return a copy of a model's fitted parameters after its last epoch, not its best one.

        For a retired model, return those of :meth:`get_model`.

        Parameters
        ----------
        model : int

        Returns
        -------
        params : Parameters
        """
        if model in self._retired:
            return take(self._retired[model].params, [0])
        return take(self._fitted_params(), self.active == model)

    def keep(self, models):
        """Discard all models but these.

        Parameters
        ----------
        models : collection of int
            Their indices among the initial models.
        """
        self._retired = {i: model for i, model in self._retired.items() if i in models}
        self._select(np.isin(self.active, list(models)))

    def _fitted_params(self):
        """Return the fitted parameters of the active models."""
        return self.optimizer.fitted_params(self.state.params, self.state.optimizer_state)

    def _record(self, result):
        """Complete the record of an epoch and update the best parameters."""
        objective, progress, values = self.objective, self._progress, self.state.hyperparameters
        record = result.record
        if not objective.loss.learns_only_from_mistakes:
            record.pop("mistakes", None)
        # The loss was measured before each step; the penalty is that before the epoch.
        progress.convergence.update(record["loss"] + progress.penalty)
        params = self._fitted_params()
        squared_norm = objective.squared_norm(params)
        record["penalty"] = progress.penalty = objective.penalty(params, values.l2, squared_norm)
        record["weight_norm"] = objective.norm(params, squared_norm)
        if self.validation is not None:
            figures = evaluate(objective, params, self.validation, values.class_weight)
            record["val_loss"], record["val_accuracy"] = figures
        val_loss = record.get("val_loss", record["loss"])
        monitored = np.where(values.early_stopping, val_loss, record["loss"])
        is_best = progress.patience.update(monitored, values.tol) & values.early_stopping
        if is_best.any():
            progress.best.vector[is_best] = params.vector[is_best]
        progress.records.append(record)
        progress.step_losses.append(result.step_losses)

    def _retire_failed(self):
        """Retire the models that are no longer finite."""
        state = self.state
        is_sound = is_finite(state.params) & is_finite(state.optimizer_state)
        is_sound &= np.isfinite(self.records[-1]["loss"]) & np.isfinite(self.records[-1]["penalty"])
        self._retire(~is_sound, failure="diverged")
        if self.validation is not None:
            self._retire(~np.isfinite(self.records[-1]["val_loss"]), failure="validation")

    def _retire_finished(self):
        """Retire the models whose training is finished."""
        if "mistakes" in self.records[-1]:
            self._retire(self.records[-1]["mistakes"] == 0, stop_reason="no_mistakes")
        if self.convergence_tol is not None:
            tol = self.convergence_tol * self.state.hyperparameters.tol
            self._retire(self._progress.convergence.has_converged(tol), stop_reason="converged")
        values = self.state.hyperparameters
        is_exhausted = self._progress.patience.n_waited >= values.n_iter_no_change
        self._retire(is_exhausted, np.where(values.early_stopping, "early_stopping", "converged"))

    def _retire(self, is_retired, stop_reason="", failure=""):
        """Retire some active models; ``stop_reason`` is one for all or one per active model."""
        if is_retired.any():
            reasons = np.broadcast_to(stop_reason, len(is_retired)).tolist()
            for i in np.flatnonzero(is_retired):
                self._retired[int(self.active[i])] = self._build_model(i, reasons[i], failure)
            self._select(~is_retired)

    def _select(self, is_kept):
        """Restrict the run to some of the active models."""
        if not np.all(is_kept):
            indices, state = np.flatnonzero(is_kept), self.state
            self.active, self._progress = self.active[indices], take(self._progress, indices)
            state.params = take(state.params, indices)
            state.optimizer_state = take(state.optimizer_state, indices)
            state.hyperparameters = take(state.hyperparameters, indices)

    def _build_model(self, i, stop_reason, failure=""):
        """Return the i-th active model."""
        state, progress = take(self.state, [i]), self._progress
        params = self.optimizer.fitted_params(state.params, state.optimizer_state)
        if np.all(state.hyperparameters.early_stopping) and not failure:
            params = take(progress.best, [i])
        step_losses = np.concatenate([losses[i] for losses in progress.step_losses])
        untrained_loss = self._untrained_loss(step_losses)
        class_weight = state.hyperparameters.class_weight
        sample, loss = self.rows.sample(class_weight), np.nan
        if not failure:
            loss = float(evaluate(self.objective, params, sample, class_weight)[0][0])
        if not failure and (not np.isfinite(loss) or 0 < MAX_LOSS_RATIO * untrained_loss < loss):
            failure = "diverged"
        records = progress.records
        model = TrainedModel(
            params=params,
            state=state,
            history={name: np.array([r[name][i] for r in records]) for name in records[0]},
            step_losses=step_losses,
            convergence=float(progress.convergence.fall()[i]),
            stop_reason=stop_reason,
            failure=failure,
            loss=loss,
            untrained_loss=untrained_loss,
        )
        chance = compare_with_chance(self.objective, model, sample, class_weight)
        if chance.problem and not self._is_learnable:
            chance = Chance(chance.loss)
        return replace(model, chance=chance)

    @cached_property
    def _is_learnable(self):
        """Return whether the classes are related to the features, so that they can be learned."""
        is_linear = len(self.objective.network.layer_sizes) == 2
        return are_related(self.rows.sample(), is_linear=is_linear)

    def _untrained_loss(self, step_losses):
        """Return the loss of zero scores, or of the first batch if that is larger."""
        loss_at_zero = self.objective.loss.loss_at_zero(self.objective.network.layer_sizes[-1])
        return max(loss_at_zero, step_losses[0]) if loss_at_zero > 0 else 0.0
