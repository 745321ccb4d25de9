"""Base of the estimators with a smooth loss, and their optimizers."""

from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Literal

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_softmax._training.lbfgs import Lbfgs
from sklearn_softmax._training.optimizers import Adam, GradientDescent
from sklearn_softmax._training.schedule_free import ScheduleFree, curvature_rate
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._predictions import ProbabilisticMixin

# Momentum of schedule-free descent, and iterations of L-BFGS with n_epochs="auto".
BETA, MAX_ITERATIONS = 0.9, 1000


@dataclass(kw_only=True, eq=False, repr=False)
class SmoothClassifier(ProbabilisticMixin, GradientDescentClassifier):
    """Base of the classifiers with a smooth loss."""

    reg_param: float = 0.0
    optimizer: Literal["sgd", "adam", "lbfgs"] = "sgd"
    momentum: float | Literal["auto"] = "auto"
    nesterov: bool = False

    _parameter_constraints = {
        **GradientDescentClassifier._parameter_constraints,
        "reg_param": [Interval(Real, 0, None, closed="left")],
        "optimizer": [StrOptions({"sgd", "adam", "lbfgs"})],
        "momentum": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "nesterov": ["boolean"],
    }

    def _smooth_spec(self, adam_rate, *, hidden_sizes=(), hyperparameters=None, **options):
        """Return how this estimator is trained, with a rule for Adam's automatic learning rate."""
        name, momentum = self.optimizer, self.momentum
        is_auto = self.lr == "auto" and name != "lbfgs"
        if momentum == "auto" or name == "adam":
            momentum = BETA if is_auto else 0.0
        values = {"lr": None if self.lr == "auto" or name == "lbfgs" else self.lr}
        values |= {"reg_param": self.reg_param, "momentum": momentum}
        values["nesterov"] = bool(self.nesterov and momentum and not is_auto)
        optimizer = Adam() if name == "adam" else GradientDescent()
        if is_auto:
            curvature = partial(curvature_rate, loss_curvature=self._loss.curvature)
            options["learning_rate"] = adam_rate if name == "adam" else curvature
            options["until_converged"] = self.n_epochs == "auto"
            optimizer = ScheduleFree(Adam(beta_1=0.0) if name == "adam" else optimizer)
            if hidden_sizes and name == "adam":
                options["max_auto_steps"] = 0  # its learning rate grows if an epoch has few steps
        if name == "lbfgs":
            optimizer = Lbfgs()
            options |= {"max_auto_epochs": MAX_ITERATIONS, "max_auto_steps": 0}
        if is_auto or name == "lbfgs":
            options["scaling"] = "common" if hidden_sizes or name == "adam" else "separate"
        values |= hyperparameters or {}
        return self._spec(
            optimizer=optimizer, hyperparameters=values, hidden_sizes=hidden_sizes, **options
        )
