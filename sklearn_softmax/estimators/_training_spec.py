"""Description of how an estimator is trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.network import DenseNetwork

# n_epochs="auto" allows whichever takes longer.
MAX_EPOCHS, MAX_STEPS = 200, 1000


@dataclass(frozen=True)
class TrainingSpec:
    """How an estimator is trained.

    Parameters
    ----------
    loss : object
        See :mod:`sklearn_softmax._model.losses`.
    optimizer : object
        An optimizer, or :class:`~sklearn_softmax._training.lbfgs.Lbfgs`.
    hyperparameters : dict of str to float
        Values that may differ between the models of a run: ``lr``, None for "auto" and L-BFGS;
        ``lr_decay``, ``reg_param``, ``momentum``, ``nesterov``, ``tol``, ``n_iter_no_change``,
        ``early_stopping`` and, with hidden layers, ``weight_init`` and ``dropout``.
    fit_intercept, shuffle : bool
    batch_size : int
    n_epochs : int or "auto"
    max_auto_epochs, max_auto_steps : int
        Limits of ``n_epochs="auto"``, of which the larger one applies.
    until_converged : bool, default=False
        Whether training ends when the objective no longer falls.
    is_online : bool, default=False
        Whether each row is a step of Rosenblatt's rule.
    hidden_sizes : tuple of int, default=()
        Units of each hidden layer.
    activation : object, default=ACTIVATIONS["relu"]
    scaling : {None, "separate", "common"}, default=None
        Whether steps are taken in standardised features, with a scale for each feature or a common
        one for features of similar size.
    learning_rate : callable or None, default=None
        Rule for ``lr="auto"``, as in :mod:`sklearn_softmax._training.schedule_free`.
    """

    loss: Any
    optimizer: Any
    hyperparameters: dict
    fit_intercept: bool
    shuffle: bool
    batch_size: int
    n_epochs: int | str
    max_auto_epochs: int = MAX_EPOCHS
    max_auto_steps: int = MAX_STEPS
    until_converged: bool = False
    is_online: bool = False
    hidden_sizes: tuple = ()
    activation: Any = ACTIVATIONS["relu"]
    scaling: str | None = None
    learning_rate: Any = None

    def network(self, n_features, n_classes):
        """Return the network to train."""
        sizes = n_features, *self.hidden_sizes, self.loss.n_outputs(n_classes)
        return DenseNetwork(sizes, self.fit_intercept, self.activation)

    def steps_per_epoch(self, n_rows):
        """Return the number of batches."""
        return -(-n_rows // self.batch_size)

    def max_epochs(self, n_rows):
        """Return the largest number of epochs."""
        if self.n_epochs != "auto":
            return self.n_epochs
        return max(self.max_auto_epochs, -(-self.max_auto_steps // self.steps_per_epoch(n_rows)))

    def damping(self, l2):
        """Return the damping of the squared feature sizes for penalties of shape (M,)."""
        return l2 / self.loss.curvature if self.scaling == "separate" else np.zeros(len(l2))
