"""Loss and accuracy of models on rows used for evaluation."""

import numpy as np

from sklearn_softmax._model.network import Workspaces


def evaluate(objective, params, rows, class_weight=None):
    """Return the weighted mean loss and accuracy over rows, without the penalty.

    Parameters
    ----------
    objective : Objective
    params : Parameters
    rows : Rows
    class_weight : ndarray of shape (M, n_classes) or None, default=None
        Class weights of each model, multiplied by those of the rows.

    Returns
    -------
    loss, accuracy : ndarray of shape (M,)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import SoftmaxCrossEntropy
    >>> from sklearn_softmax._model.network import DenseNetwork
    >>> from sklearn_softmax._model.objective import Objective
    >>> from sklearn_softmax._training.evaluate import evaluate
    >>> from sklearn_softmax._training.rows import Rows
    >>> network = DenseNetwork((2, 3))
    >>> objective = Objective(network, SoftmaxCrossEntropy())
    >>> rows = Rows(np.eye(2), np.array([0, 2]))
    >>> loss, accuracy = evaluate(objective, network.parameters(float), rows)
    >>> loss.round(6), accuracy
    (array([1.098612]), array([0.5]))
    """
    loss = accuracy = 0.0
    workspaces = Workspaces(params, rows.X.dtype)
    for block in rows.blocks():
        workspace = workspaces[block.stop - block.start]
        scores = objective.network.forward(params, rows.read(block), workspace)
        y, weight = rows.y[block], 1.0 if rows.weight is None else rows.weight[block]
        if class_weight is not None:
            weight = weight * class_weight[:, y]
        losses, _ = objective.loss(scores, y)
        is_correct = objective.loss.predict(scores) == y
        loss += np.sum(losses * weight, axis=-1, dtype=np.float64)
        accuracy += np.sum(is_correct * weight, axis=-1, dtype=np.float64)
    total_weights = rows.total_weights(class_weight)
    return loss / total_weights, accuracy / total_weights
