r"""Losses: raw scores and class indices in, per-sample losses and gradients out.

Samples stand in columns: scores have the shape ``(..., n_outputs, m)``, with
one leading axis more for a stack of models. A loss is pointwise in them and
averages nothing: means, weights and penalties belong to the objective.

Every loss offers

========================  ====================================================
``n_outputs(n_classes)``  number of raw scores a model needs
``loss(scores, y)``       losses ``(..., m)``, gradient ``(..., n_outputs, m)``
``predict(scores)``       class indices ``(..., m)``
``is_correct(scores, y)`` whether the samples lie on their own side ``(..., m)``
``probabilities(scores)`` ``(..., n_classes, m)``, where the loss defines them
``curvature``             bound on the second derivative, for ``lr="auto"``
========================  ====================================================
"""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax


class _Loss:
    def is_correct(self, scores, y):
        """Whether the predicted class is the true one."""
        return self.predict(scores) == y


def _own_places(scores, y):
    """Where the scores of the samples' own classes stand once all are flattened."""
    m = len(y)
    own = y * m + np.arange(m)
    if scores.ndim > 2:
        own = own + scores[0].size * np.arange(len(scores))[:, np.newaxis]
    return own


class SoftmaxCrossEntropy(_Loss):
    r"""Cross-entropy of a softmax over the raw scores, one a class.

    .. math:: \mathcal{L}(z, y) = -\ln a_y, \qquad
              a_i = \frac{\exp z_i}{\sum_k \exp z_k}, \qquad
              \frac{d\mathcal{L}}{dz} = a - y

    with y one-hot in the last term. The scores are shifted by their maximum,
    so that no exponential overflows and no logarithm of a probability is taken.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 5, 6 and 15; C. M. Bishop, "Pattern Recognition and Machine
    Learning" (2006), section 4.3.4. The bound 1/2 on the curvature is from
    D. Böhning, "Multinomial logistic regression algorithm" (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.losses import SoftmaxCrossEntropy
    >>> losses, gradient = SoftmaxCrossEntropy()(np.zeros((2, 1)), np.array([0]))
    >>> losses, gradient
    (array([0.69314718]), array([[-0.5],
           [ 0.5]]))
    """

    curvature = 0.5

    def n_outputs(self, n_classes):
        """One raw score a class."""
        return n_classes

    def __call__(self, scores, y):
        """Losses and their gradient with respect to the scores.

        Parameters
        ----------
        scores : ndarray of shape (..., n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.

        Returns
        -------
        losses : ndarray of shape (..., m)
        gradient : ndarray of shape (..., n_outputs, m)
        """
        own = _own_places(scores, y)
        A = scores - np.maximum.reduce(scores, -2, keepdims=True)
        flat = A.reshape(-1)
        own_scores = flat.take(own)
        np.exp(A, A)
        total = np.add.reduce(A, -2)
        A /= total[..., np.newaxis, :]
        flat[own] -= 1  # A - Y
        return np.log(total) - own_scores, A

    def predict(self, scores):
        """Class index of the largest score, the first of equals."""
        return scores.argmax(-2)

    def is_correct(self, scores, y):
        """Whether the predicted class is the true one."""
        if scores.ndim > 2:  # where the place of the largest takes long to find
            largest = np.maximum.reduce(scores, -2, keepdims=True)
            is_largest = scores == largest
            has_equals = np.count_nonzero(is_largest) != largest.size
            if not has_equals:
                return is_largest.reshape(-1).take(_own_places(scores, y))
        return self.predict(scores) == y

    def probabilities(self, scores):
        """Softmax of the scores over the classes."""
        return softmax(scores, axis=-2)

    def log_probabilities(self, scores):
        """Logarithm of the softmax, computed without forming the softmax."""
        return log_softmax(scores, axis=-2)


class _OneVsRest(_Loss):
    """What the losses of independent two-class outputs share.

    Two classes need one output, which speaks for the second class; more need
    one output a class.
    """

    def n_outputs(self, n_classes):
        """One raw score for up to two classes, else one a class."""
        return 1 if n_classes <= 2 else n_classes

    def predict(self, scores):
        """Class index of the most confident output."""
        if scores.shape[-2] == 1:
            return (scores[..., 0, :] > 0).astype(np.intp)
        return scores.argmax(axis=-2)

    @staticmethod
    def targets(scores, y):
        """True where an output should say yes, of shape (n_outputs, m)."""
        n_outputs = scores.shape[-2]
        positive = [1] if n_outputs == 1 else np.arange(n_outputs)
        return y == np.reshape(positive, (-1, 1))


class SigmoidCrossEntropy(_OneVsRest):
    r"""Cross-entropy of a sigmoid of each raw score, summed over the outputs.

    .. math:: \mathcal{L}(z, t) = \ln(1 + e^{z}) - t z, \qquad
              \frac{d\mathcal{L}}{dz} = \sigma(z) - t

    with t = 1 for the output's own class and 0 for the rest.

    References
    ----------
    N. Hinke, "MNIST Handwritten Digits" (2022), equations 16 and 28; C. M. Bishop,
    "Pattern Recognition and Machine Learning" (2006), section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.losses import SigmoidCrossEntropy
    >>> losses, gradient = SigmoidCrossEntropy()(np.zeros((1, 2)), np.array([0, 1]))
    >>> losses, gradient
    (array([0.69314718, 0.69314718]), array([[ 0.5, -0.5]]))
    """

    curvature = 0.25

    def __call__(self, scores, y):
        """Losses and their gradient with respect to the scores.

        Parameters
        ----------
        scores : ndarray of shape (..., n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.

        Returns
        -------
        losses : ndarray of shape (..., m)
        gradient : ndarray of shape (..., n_outputs, m)
        """
        T = self.targets(scores, y)
        losses = np.add.reduce(np.logaddexp(0, scores) - T * scores, axis=-2)
        return losses, expit(scores) - T

    def probabilities(self, scores):
        """Sigmoids, normalised to sum to one where there are several outputs."""
        if scores.shape[-2] == 1:
            return expit(np.concatenate([-scores, scores], axis=-2))
        return softmax(log_expit(scores), axis=-2)

    def log_probabilities(self, scores):
        """Logarithm of the probabilities."""
        if scores.shape[-2] == 1:
            return log_expit(np.concatenate([-scores, scores], axis=-2))
        return log_softmax(log_expit(scores), axis=-2)


class PerceptronCriterion(_OneVsRest):
    r"""Perceptron criterion: how far a mistaken sample lies on the wrong side.

    .. math:: \mathcal{L}(z, s) = \max(0, -s z), \qquad
              \frac{d\mathcal{L}}{dz} = -s \; [s z \le 0]

    with s = 1 for the output's own class and -1 for the rest. At a score of 0
    the subgradient is that of a mistake: otherwise training could not leave zero
    weights.

    References
    ----------
    F. Rosenblatt, "The perceptron" (1958); C. M. Bishop, "Pattern Recognition
    and Machine Learning" (2006), equation 4.54.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.losses import PerceptronCriterion
    >>> losses, gradient = PerceptronCriterion()(np.array([[2.0, 2.0]]), np.array([0, 1]))
    >>> losses, gradient
    (array([2., 0.]), array([[1., 0.]]))
    """

    def __call__(self, scores, y):
        """Losses and their subgradient with respect to the scores.

        Parameters
        ----------
        scores : ndarray of shape (..., n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.

        Returns
        -------
        losses : ndarray of shape (..., m)
        gradient : ndarray of shape (..., n_outputs, m)
        """
        signs = self._signs(scores, y)
        margins = signs * scores
        losses = np.add.reduce(np.maximum(-margins, 0), axis=-2)
        return losses, np.where(margins <= 0, -signs, 0)

    def is_correct(self, scores, y):
        """Whether no output makes a mistake; a score of 0 is one, whatever the class."""
        return np.all(self._signs(scores, y) * scores > 0, axis=-2)

    def _signs(self, scores, y):
        return np.where(self.targets(scores, y), scores.dtype.type(1), scores.dtype.type(-1))
