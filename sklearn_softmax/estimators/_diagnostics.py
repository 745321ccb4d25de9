"""Errors and warnings about the result of training."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax._training.lbfgs import Lbfgs

# Values of ``convergence_`` above this limit raise a warning.
MAX_CONVERGENCE = 0.3


def training_error(estimator, trained):
    """Return the error that states why a model failed.

    Parameters
    ----------
    estimator : estimator of this package
    trained : TrainedModel
        With a ``failure``.

    Returns
    -------
    error : ValueError
    """
    name, epoch = type(estimator).__name__, trained.history["epoch"][-1]
    if not np.isfinite(trained.step_losses[0]):
        spec = estimator._describe_training()
        weights = f"weight_init={estimator.weight_init!r} or " if spec.hidden_sizes else ""
        remedy = "Lower weight_init, or scale the data" if weights else "Scale the data"
        return ValueError(
            f"The loss of {name} is not finite before the first step: {weights}values in X are too "
            f"large. {remedy}, for instance with StandardScaler."
        )
    if trained.failure == "validation":
        return ValueError(
            f"The validation loss is {trained.history['val_loss'][-1]} after epoch {epoch}: the "
            "values in X_val are too far from those in X."
        )
    when, outcome = "in", "its loss, penalty or parameters are no longer finite"
    if np.isfinite(trained.loss):
        before = f"before training {trained.untrained_loss:.2g}"
        when, outcome = "by", f"its loss is {trained.loss:.2g}, {before}"
    return ValueError(
        f"{name} diverged {when} epoch {epoch}: with lr={estimator.lr!r} {outcome}. "
        f"{_remedy(estimator)}, for instance with StandardScaler."
    )


def convergence_warnings(estimator, trained):
    """Return the warnings about the result of training.

    Parameters
    ----------
    estimator : estimator of this package
        Fitted.
    trained : TrainedModel

    Returns
    -------
    warnings : list of ConvergenceWarning
    """
    messages = [
        _rise(estimator, trained) or _lack_of_learning(estimator, trained),
        _distance_from_convergence(estimator),
    ]
    return [ConvergenceWarning(message) for message in messages if message]


def interruption_warning(estimator):
    """Return the warning about a fit that Ctrl-C has ended.

    Parameters
    ----------
    estimator : estimator of this package
        Fitted.

    Returns
    -------
    warning : UserWarning
    """
    return UserWarning(
        f"Training was interrupted by Ctrl-C and ended after epoch {estimator.n_iter_}: "
        f"{type(estimator).__name__} is fitted with the parameters of that epoch, or of the best "
        "one with early stopping."
    )


def _rise(estimator, trained):
    """Return a message if the training loss is above that of the untrained model."""
    spec = estimator._describe_training()
    untrained = spec.loss.loss_at_zero(spec.loss.n_outputs(len(estimator.classes_)))
    final = estimator.history_["loss"][-1]
    if spec.hidden_sizes:
        # The loss of a single batch is too noisy to judge the initial weights.
        untrained = max(untrained, estimator.history_["loss"][0])
    # The loss on a sample of rows is imprecise, but the only figure after the last step.
    if 0 < 10 * trained.untrained_loss < trained.loss:
        untrained, final = trained.untrained_loss, trained.loss
    # With batches of pure noise, the loss may end slightly above chance at any learning rate.
    if not 0 < untrained * 1.01 < final:
        return ""
    return (
        f"After {estimator.n_iter_} epochs the training loss is {final:.4g}, above the "
        f"{untrained:.4g} of the untrained model: lr={estimator.lr!r} may be too large. "
        f"{_remedy(estimator)}, or set lr_decay below 1."
    )


def _lack_of_learning(estimator, trained):
    """Return a message if the loss is no better than that of the class shares, but could be."""
    chance, lr = trained.chance, estimator._describe_training().hyperparameters["lr"]
    if not chance.problem:
        return ""
    remedy = f"{_remedy(estimator)}, for instance with StandardScaler"
    if chance.problem == "unchanged":
        remedies = [f"lower reg_param={estimator.reg_param!r}"] if estimator.reg_param else []
        remedies += [] if lr is None else [f"raise lr={lr!r}", "set it to 'auto'"]
        remedy = ", or ".join(remedies or ["scale the data"])
    causes = {
        "dead": f"{chance.dead_fraction:.0%} of the units of a hidden layer are dead, with a "
        "gradient of 0 for every row",
        "unchanged": "training hardly changes it",
    }
    return (
        f"After {estimator.n_iter_} epochs the loss on training rows is {trained.loss:.4g}, no "
        f"better than the {chance.loss:.4g} of predicting the class shares: "
        f"{causes[chance.problem]}. {remedy[0].upper()}{remedy[1:]}."
    )


def _distance_from_convergence(estimator):
    """Return a message if training ended far from convergence, unless a callback ended it."""
    spec, is_auto = estimator._describe_training(), estimator.n_epochs == "auto"
    if estimator.early_stopping or estimator.stop_reason_ == "callback":
        return ""
    if spec.learning_rate is not None and estimator.convergence_ > MAX_CONVERGENCE:
        remedy = (
            "Set n_epochs to a larger number"
            if is_auto
            else "Increase n_epochs, or set it to 'auto'"
        )
        return (
            f"After {estimator.n_iter_} epochs the training objective still falls: "
            f"`convergence_` is {estimator.convergence_:.2g}. {remedy}."
        )
    if isinstance(spec.optimizer, Lbfgs) and is_auto and estimator.stop_reason_ == "max_epochs":
        return (
            f"L-BFGS has not converged to tol={estimator.tol!r} in {estimator.n_iter_} iterations. "
            "Set n_epochs to a larger number, or raise tol or reg_param."
        )
    return ""


def _remedy(estimator):
    """Return a remedy for divergence."""
    parameters = estimator.get_params()
    names = [
        n for n in ("lr", "reg_param", "weight_init") if parameters.get(n, 0) not in ("auto", 0)
    ]
    return f"Lower {' or '.join(names)}, or scale the data" if names else "Scale the data"
