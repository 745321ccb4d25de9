"""The training run: models that learn from the same batches, each with its hyperparameters."""

from dataclasses import dataclass

import numpy as np

from sklearn_softmax._model.floating_point import SILENT, is_finite
from sklearn_softmax._training.averaging import AveragedPass
from sklearn_softmax._training.epochs import epochs
from sklearn_softmax._training.evaluate import evaluate
from sklearn_softmax._training.mini_batch import MiniBatchPass
from sklearn_softmax._training.online import OnlinePass

# Beside a loss so many times as large, that of the untrained model is lost in rounding. Losses of
# 1e10 and more may still be those of useful models, where data are not scaled.
HOPELESS = 1 / np.finfo(np.float64).eps


@dataclass(frozen=True)
class TrainedModel:
    """A model of a run as it stands after some epochs.

    Parameters
    ----------
    params : Parameters
        Those of the lowest validation loss where the model has patience with it and has not
        failed, else the last ones; a copy.
    optimizer : Optimizer
    optimizer_state : dict
        A copy.
    history : dict of str to ndarray of shape (n_epochs,)
        One entry an epoch of this run.
    step_losses : ndarray of shape (n_steps,)
    convergence : float
        See :class:`Convergence`.
    failure : {"", "diverged", "validation"}
        Nothing; the loss, the penalty or the parameters are no longer finite, or the loss is
        ``HOPELESS`` times that of the untrained model; the validation loss is not finite.
    loss : float
        Weighted mean loss of ``params`` on :meth:`Rows.some` of the training rows; NaN where the
        model has failed before it was looked at.
    untrained_loss : float
        Of scores of 0, or of the first batch before its step where that is larger; 0 where scores
        of 0 have no loss, which then has no scale: the perceptron's, or that of a single class.
    """

    params: object
    optimizer: object
    optimizer_state: dict
    history: dict
    step_losses: np.ndarray
    convergence: float
    failure: str
    loss: float
    untrained_loss: float


@dataclass
class TrainingRun:
    """M models of one objective that learn from the same batches.

    A model leaves the run, and stays as it is then, when it diverges, when its patience is
    exhausted, when it has converged if it is to train until then, and when nothing is left for it
    to learn.

    Parameters
    ----------
    objective : Objective
    optimizer : GradientDescent or Adam
    rows : Rows or None
        To learn from; None while the run is paused.
    state : State
        Where training begins, or goes on; changed in place.
    batch_size : int
        Rows a step; more than there are mean all of them.
    shuffle : bool
        Whether each epoch takes the rows in a new random order.
    rng : RandomState
        Source of these orders.
    convergence : Convergence
        With the training objective.
    until_converged : bool, default=False
        Whether a model leaves when it has converged.
    validation : Rows or None, default=None
        Scored after each epoch.
    patience : Patience or None, default=None
        With the validation loss or the training loss; None to run all epochs.
    is_online : bool, default=False
        Whether to learn by Rosenblatt's rule, a row a step, instead of batches.
    is_averaged : bool, default=False
        Whether a model is the mean of its weights over all steps; the optimiser then is
        AveragedGradientDescent.

    Attributes
    ----------
    models : ndarray of int
        Indices of the models that are still in the run.
    """

    objective: object
    optimizer: object
    rows: object
    state: object
    batch_size: int
    shuffle: bool
    rng: object
    convergence: object
    until_converged: bool = False
    validation: object = None
    patience: object = None
    is_online: bool = False
    is_averaged: bool = False

    def __post_init__(self):
        self.models = np.arange(len(self.state.params.vector))
        self._best = self.state.params.vector.copy() if self.patience else None
        self._records, self._step_losses, self._left = [], [], {}
        l2 = self.state.hyperparameters.l2
        self._penalty = self.objective.penalty(self.state.params, l2)
        self.resume(self.rows, self.validation)

    def pause(self):
        """Let go of the rows: what is left can be kept, or sent elsewhere, until it goes on."""
        self.rows = self.validation = self._epochs = None
        state = self.state
        state.optimizer_state = self.optimizer.without_rows(state.optimizer_state)

    def resume(self, rows, validation=None):
        """Make ready to learn from rows, after a pause from the same ones.

        Parameters
        ----------
        rows : Rows
        validation : Rows or None, default=None
        """
        self.rows, self.validation = rows, validation
        batch_size = min(self.batch_size, len(rows))
        if self.is_online:
            one_pass = OnlinePass(rows.X)
        else:
            one_pass = MiniBatchPass(self.objective, self.optimizer, rows, batch_size)
        if self.is_averaged:
            one_pass = AveragedPass(one_pass)
        order = {"batch_size": batch_size, "shuffle": self.shuffle, "rng": self.rng}
        self._epochs = epochs(one_pass, self.state, rows, **order)

    @property
    def record(self):
        """Figures of the last epoch, one entry for each model that is still in the run."""
        return self._records[-1]

    def advance(self, n_epochs, begin_epoch=lambda: None, end_epoch=lambda: False):
        """Train for some more epochs, as long as there are models left.

        Parameters
        ----------
        n_epochs : int
        begin_epoch : callable, optional
            Called before each epoch.
        end_epoch : callable, optional
            Called after each epoch that a model got through; a true answer ends training.
        """
        last, asked_to_stop = self.state.epoch + n_epochs, False
        with np.errstate(**SILENT):
            while len(self.models) and self.state.epoch < last and not asked_to_stop:
                begin_epoch()
                self.optimizer.begin_epoch(self.state, self.objective, self.rows)
                self._note(*next(self._epochs))
                self._dismiss_failed()
                if len(self.models):
                    asked_to_stop = end_epoch()
                    self._dismiss(self._has_ended())

    @np.errstate(**SILENT)
    def look(self, model):
        """A model as it stands after the last epoch, or as it stood when it left the run.

        Parameters
        ----------
        model : int
            Its index among those that the run began with.

        Returns
        -------
        trained : TrainedModel
        """
        return self._left.get(model) or self._trained(self.models.tolist().index(model))

    def parameters(self, model):
        """A copy of a model's parameters after the last epoch; :meth:`look` has the best ones.

        Where the model has left the run, both are the same.

        Parameters
        ----------
        model : int
            As for :meth:`look`.

        Returns
        -------
        params : Parameters
        """
        if model in self._left:
            return self._left[model].params.of_models([0])
        return self.optimizer.outcome(self.state).of_models(self.models == model)

    def keep(self, models):
        """Train no models but these any longer, and forget the others.

        Parameters
        ----------
        models : collection of int
            Their indices among those that the run began with.
        """
        self._left = {i: model for i, model in self._left.items() if i in models}
        self._retain(np.isin(self.models, list(models)))

    def _note(self, record, step_losses):
        """Complete the record of an epoch, and note the parameters that are the best so far."""
        objective, params = self.objective, self.state.params
        if not objective.loss.learns_only_from_mistakes:
            del record["mistakes"]
        l2 = self.state.hyperparameters.l2
        # The loss is that before each step, so the penalty has to be.
        value = record["loss"] + self._penalty
        self.convergence.note(value)
        self._is_rescued = self.optimizer.end_epoch(self.state, value, objective, self.rows)
        self._penalty = objective.penalty(params, l2)
        outcome = self.optimizer.outcome(self.state)
        squared_norm = objective.squared_norm(outcome)
        record["penalty"] = objective.penalty_of(squared_norm, l2)
        record["weight_norm"] = objective.norm(outcome, squared_norm)
        if self.validation is not None:
            class_weight = self.state.hyperparameters.class_weight
            scored = evaluate(objective, outcome, self.validation, class_weight)
            record["val_loss"], record["val_accuracy"] = scored
        if self.patience is not None:
            is_best = self.patience.is_lowest(self._loss_to_watch(record))
            is_best |= ~self.patience.on_validation
            self._best[is_best] = outcome.vector[is_best]
        self._records.append(record)
        self._step_losses.append(step_losses)

    def _loss_to_watch(self, record):
        """The loss with which each model has patience."""
        if self.validation is None:
            return record["loss"]
        return np.where(self.patience.on_validation, record["val_loss"], record["loss"])

    def _dismiss_failed(self):
        """Have the models leave of which something is no longer finite."""
        state = self.state.optimizer_state.values()
        is_sound = self._has_finite_objective() | self._is_rescued
        is_sound &= is_finite(self.state.params.vector)
        for array in state:
            if isinstance(array, np.ndarray):
                is_sound &= is_finite(array)
        self._dismiss(~is_sound, "diverged")
        if self.validation is not None:
            self._dismiss(~np.isfinite(self.record["val_loss"]), "validation")

    def _has_finite_objective(self):
        """Of which models the loss and the penalty of the last epoch are finite."""
        return np.isfinite(self.record["loss"]) & np.isfinite(self.record["penalty"])

    def _has_ended(self):
        """Which models no later epoch could change, and which are out of patience."""
        has_ended = np.zeros(len(self.models), bool)
        if "mistakes" in self.record:
            has_ended |= self.record["mistakes"] == 0
        if self.until_converged:
            has_ended |= self.convergence.has_come()
        if self.patience is not None:
            has_ended |= self.patience.is_exhausted()
        return has_ended

    def _dismiss(self, is_leaving, failure=""):
        """Have some models leave, to be looked at as they stand now."""
        if is_leaving.any():
            for i in np.flatnonzero(is_leaving):
                self._left[int(self.models[i])] = self._trained(i, failure)
            self._retain(~is_leaving)

    def _retain(self, is_kept):
        """Keep the arrays of some models."""
        if np.all(is_kept):
            return
        kept, state = np.flatnonzero(is_kept), self.state
        self.models = self.models[kept]
        state.optimizer_state = self._optimizer_state_of(kept)
        state.hyperparameters = state.hyperparameters.of_models(kept)
        state.params = state.params.of_models(kept)
        self._records = [{k: v[kept] for k, v in record.items()} for record in self._records]
        self._step_losses = [losses[kept] for losses in self._step_losses]
        self._penalty = self._penalty[kept]
        self.convergence.keep(kept)
        if self.patience is not None:
            self.patience.keep(kept)
            self._best = self._best[kept]

    def _optimizer_state_of(self, models):
        """A copy of the optimiser's state of some of the models that are in the run."""
        momentum = self.state.hyperparameters.momentum[models]
        return self.optimizer.state_of_models(self.state.optimizer_state, models, momentum)

    def _trained(self, i, failure=""):
        """The i-th of the models that are in the run, as it stands."""
        outcome = self.optimizer.outcome(self.state)
        vector = outcome.vector if self.patience is None or failure else self._best
        params = outcome.on(vector[[i]])
        step_losses = np.concatenate([losses[i] for losses in self._step_losses])
        untrained_loss = self._untrained_loss(step_losses)
        # An epoch from which a model was taken back may have no loss, but not the last one.
        is_lost = failure or not self._has_finite_objective()[i]
        loss = np.nan if is_lost else self._loss(params, i)
        if not failure and (not np.isfinite(loss) or 0 < HOPELESS * untrained_loss < loss):
            failure = "diverged"
        return TrainedModel(
            params=params,
            optimizer=self.optimizer,
            optimizer_state=self.optimizer.without_rows(self._optimizer_state_of([i])),
            history={name: np.array([r[name][i] for r in self._records]) for name in self.record},
            step_losses=step_losses,
            convergence=float(self.convergence.fall()[i]),
            failure=failure,
            loss=loss,
            untrained_loss=untrained_loss,
        )

    def _loss(self, params, i):
        """Loss, on some of the rows, of parameters of the i-th of the models in the run."""
        class_weight = self.state.hyperparameters.class_weight
        if class_weight is not None:
            class_weight = class_weight[[i]]
        rows = self.rows.some(class_weight)
        return float(evaluate(self.objective, params, rows, class_weight)[0][0])

    def _untrained_loss(self, step_losses):
        """Loss of a model that knows nothing, or where the run began if that is larger."""
        of_zeros = self.objective.loss.of_zeros(self.objective.network.layer_sizes[-1])
        return max(of_zeros, step_losses[0]) if of_zeros > 0 else 0.0
