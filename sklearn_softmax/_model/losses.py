r"""Losses of raw scores, each sample by itself.

Samples stand in columns: the raw scores of m samples by M models have the shape
``(M, n_outputs, m)``. A loss averages nothing: means, weights and penalties belong to the
objective. Training asks for two things at different times. In each step,
``backward(scores, targets, record)`` turns the scores into the gradient, in place, and keeps
two values of each sample in ``record``, of shape ``(2, M, m)``: what the gradient needs anyway.
When an epoch ends, ``losses(record)`` and ``is_correct(record)`` make its figures of them at
once.

Every loss offers

==================================  ==============================================================
``n_outputs(n_classes)``            number of raw scores that a model needs
``targets(y, shape, column)``       true classes as ``backward`` takes them, ``(n,)`` or ``(M, n)``
``backward(...)``, see above        gradient in place of the scores
``losses(record)``                  loss of each sample ``(M, m)``
``is_correct(record)``              whether each sample lies on the side of its class ``(M, m)``
``loss(scores, y)``                 losses, and gradient ``(M, n_outputs, m)``
``of_zeros(n_outputs)``             loss of a sample whose scores are all 0: nothing is known of it
``predict(scores)``                 class indices ``(M, m)``
``log_probabilities(scores)``       ``(M, n_classes, m)``, where the loss defines them
``hessian(scores)``                 h ``(M, n_outputs, m)``, which tells the Hessian of each sample
                                    by its scores, in the directions that gradients have: diag(h)
                                    where each output is a block, diag(h) - h h' where all are one
``n_blocks(n_outputs)``             number of these blocks
``curvature``                       bound on its eigenvalues; both are for ``lr="auto"``
``learns_only_from_mistakes``       whether correct samples have a gradient of zero
==================================  ==============================================================
"""

import numpy as np
from scipy.special import expit, log_expit, log_softmax


class _Loss:
    """What all losses have in common."""

    learns_only_from_mistakes = False

    def __call__(self, scores, y):
        """Losses, and their gradient with respect to the scores.

        Parameters
        ----------
        scores : ndarray of shape (M, n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.

        Returns
        -------
        losses : ndarray of shape (M, m)
        gradient : ndarray of shape (M, n_outputs, m)
        """
        n_models, _, m = scores.shape
        gradient, record = scores.copy(), np.empty((2, n_models, m), scores.dtype)
        self.backward(gradient, self.targets(y, scores.shape, np.arange(m)), record)
        return self.losses(record), gradient

    def predict(self, scores):
        """Class index of the largest score, the first of equals."""
        return scores.argmax(axis=-2)

    def probabilities(self, scores):
        """Probability of each class, where the loss defines it."""
        return np.exp(self.log_probabilities(scores))


class SoftmaxCrossEntropy(_Loss):
    r"""Cross-entropy of a softmax over the raw scores, one a class.

    .. math:: \mathcal{L}(z, y) = -\ln a_y, \qquad
              a_i = \frac{\exp z_i}{\sum_k \exp z_k}, \qquad
              \frac{d\mathcal{L}}{dz} = a - y

    with y one-hot in the last term. The scores are shifted by their maximum,
    so that no exponential overflows and no logarithm of a probability is taken. A record holds
    the shifted score of the true class and the sum of exponentials.

    References
    ----------
    K. Abhishek, "Multi-class classification using softmax regression" (2021),
    equations 5, 6 and 15; C. M. Bishop, "Pattern Recognition and Machine
    Learning" (2006), section 4.3.4. The bound 1/2 on the curvature is from
    D. Böhning, "Multinomial logistic regression algorithm" (1992).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import SoftmaxCrossEntropy
    >>> losses, gradient = SoftmaxCrossEntropy()(np.zeros((1, 2, 1)), np.array([0]))
    >>> losses, gradient
    (array([[0.69314718]]), array([[[-0.5],
            [ 0.5]]]))
    """

    curvature = 0.5

    def n_outputs(self, n_classes):
        """One raw score a class."""
        return n_classes

    def of_zeros(self, n_outputs):
        """Loss of a sample whose scores are all 0: all classes are as probable."""
        return np.log(n_outputs)

    def targets(self, y, shape, column):
        """Index of the true class's score among the scores of a block of samples, flattened.

        Parameters
        ----------
        y : ndarray of shape (n,), int
        shape : tuple (M, n_classes, m)
            Shape of the scores; m may be an array of shape (n,), the columns of the block that
            each sample is in.
        column : ndarray of shape (n,), int
            Of each sample in its block.

        Returns
        -------
        targets : ndarray of shape (M, n), int
        """
        n_models, n_classes, m = shape
        model = np.arange(n_models)[:, np.newaxis]
        targets = model * n_classes + y
        targets *= m
        targets += column
        return targets

    def backward(self, scores, targets, record):
        """Turn scores into the gradient of the losses, in place.

        Parameters
        ----------
        scores : ndarray of shape (M, n_classes, m), C-contiguous
        targets : ndarray of shape (M, m), int
        record : ndarray of shape (2, M, m)
            Written.
        """
        true_scores, sums = record
        scores -= np.maximum.reduce(scores, axis=-2, keepdims=True)
        flat = scores.reshape(-1)
        true_scores[...] = flat.take(targets)
        _, n_classes, m = scores.shape
        if any(np.count_nonzero(of_model) < (n_classes - 1) * m for of_model in scores):
            self._break_ties(scores, targets, true_scores)
        A = np.exp(scores, out=scores)
        A /= np.add.reduce(A, axis=-2, out=sums)[:, np.newaxis]
        flat[targets] -= 1  # A - Y

    def _break_ties(self, scores, targets, true_scores):
        """Mark as not the largest the true scores that are, but are not the first of these."""
        n_classes, m = scores.shape[1:]
        is_first = scores.argmax(axis=-2) == targets // m % n_classes
        true_scores[(true_scores == 0) & ~is_first] = -np.finfo(scores.dtype).tiny

    def losses(self, record):
        """Loss of each sample."""
        true_scores, sums = record
        return np.log(sums) - true_scores

    def is_correct(self, record):
        """Whether the true class has the largest score, or is the first of those that have."""
        return record[0] == 0

    def hessian(self, scores):
        """P, the probabilities, for diag(P) - P P'; of two classes 2 P (1 - P).

        The gradients of two scores are opposite, and for opposite changes diag(2 P (1 - P)) is the
        same as diag(P) - P P'.
        """
        P = self.probabilities(scores)
        return P if P.shape[-2] > 2 else 2 * P * (1 - P)

    def n_blocks(self, n_outputs):
        """One block of all outputs, but one for each of two, whose changes are opposite."""
        return n_outputs if n_outputs <= 2 else 1

    def log_probabilities(self, scores):
        """Logarithm of the softmax of the scores over the classes."""
        return log_softmax(scores, axis=-2)


class _OneVsRest(_Loss):
    """What the losses of independent two-class outputs have in common.

    Two classes need one output, which speaks for the second class; more need
    one output a class.
    """

    def n_outputs(self, n_classes):
        """One raw score for up to two classes, else one a class."""
        return 1 if n_classes <= 2 else n_classes

    def targets(self, y, shape, column):
        """The class indices as they are."""
        return y

    def losses(self, record):
        """Loss of each sample."""
        return record[0]

    def is_correct(self, record):
        """Whether each sample lies on the side of its class."""
        return record[1] > 0

    def predict(self, scores):
        """Class index of the most confident output."""
        if scores.shape[-2] == 1:
            return (scores[..., 0, :] > 0).astype(np.intp)
        return super().predict(scores)

    @staticmethod
    def is_positive(scores, y):
        """Whether each sample is of the class that an output speaks for, (n_outputs, m)."""
        n_outputs = scores.shape[-2]
        positive = [1] if n_outputs == 1 else np.arange(n_outputs)
        return y == np.reshape(positive, (-1, 1))


class SigmoidCrossEntropy(_OneVsRest):
    r"""Cross-entropy of a sigmoid of each raw score, summed over the outputs.

    .. math:: \mathcal{L}(z, t) = \ln(1 + e^{z}) - t z, \qquad
              \frac{d\mathcal{L}}{dz} = \sigma(z) - t

    with t = 1 for the class that an output speaks for and 0 for the rest. A record holds the
    loss and whether the predicted class is the true one: to make these from scores when an
    epoch ends would take as many values of each sample as there are outputs.

    References
    ----------
    N. Hinke, "MNIST Handwritten Digits" (2022), equations 16 and 28; C. M. Bishop,
    "Pattern Recognition and Machine Learning" (2006), section 4.3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import SigmoidCrossEntropy
    >>> losses, gradient = SigmoidCrossEntropy()(np.zeros((1, 1, 2)), np.array([0, 1]))
    >>> losses, gradient
    (array([[0.69314718, 0.69314718]]), array([[[ 0.5, -0.5]]]))
    """

    curvature = 0.25

    def of_zeros(self, n_outputs):
        """Loss of a sample whose scores are all 0: each output says one half."""
        return n_outputs * np.log(2)

    def backward(self, scores, y, record):
        """Turn scores into the gradient of the losses, in place.

        Parameters
        ----------
        scores : ndarray of shape (M, n_outputs, m)
        y : ndarray of shape (m,), int
        record : ndarray of shape (2, M, m)
            Written.
        """
        losses, is_correct = record
        T = self.is_positive(scores, y)
        is_correct[...] = self.predict(scores) == y
        np.add.reduce(np.logaddexp(0, scores) - T * scores, axis=-2, out=losses)
        expit(scores, out=scores)
        scores -= T

    def hessian(self, scores):
        """The sigmoid of each score, times what it is below 1."""
        return expit(scores) * expit(-scores)

    def n_blocks(self, n_outputs):
        """One block for each output, whose scores are independent of the others."""
        return n_outputs

    def log_probabilities(self, scores):
        """Logarithm of the sigmoids, of which several are normalised to sum to one."""
        if scores.shape[-2] == 1:
            return log_expit(np.concatenate([-scores, scores], axis=-2))
        return log_softmax(log_expit(scores), axis=-2)


class PerceptronCriterion(_OneVsRest):
    r"""Perceptron criterion: how far a mistaken sample lies on the wrong side.

    .. math:: \mathcal{L}(z, s) = \max(0, -s z), \qquad
              \frac{d\mathcal{L}}{dz} = -s \; [s z \le 0]

    with s = 1 for the class that an output speaks for and -1 for the rest. At a score of 0
    the subgradient is that of a mistake: otherwise training could not leave zero
    weights. A record holds the loss and the smallest margin s z of all outputs.

    References
    ----------
    F. Rosenblatt, "The perceptron" (1958); C. M. Bishop, "Pattern Recognition
    and Machine Learning" (2006), equation 4.54.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.losses import PerceptronCriterion
    >>> losses, gradient = PerceptronCriterion()(np.array([[[2.0, 2.0]]]), np.array([0, 1]))
    >>> losses, gradient
    (array([[2., 0.]]), array([[[1., 0.]]]))
    """

    learns_only_from_mistakes = True

    def of_zeros(self, n_outputs):
        """Loss of a sample whose scores are all 0: they lie on no side."""
        return 0.0

    def backward(self, scores, y, record):
        """Turn scores into the subgradient of the losses, in place.

        Parameters
        ----------
        scores : ndarray of shape (M, n_outputs, m)
        y : ndarray of shape (m,), int
        record : ndarray of shape (2, M, m)
            Written.
        """
        losses, smallest_margin = record
        signs = np.where(self.is_positive(scores, y), scores.dtype.type(1), scores.dtype.type(-1))
        margins = signs * scores
        np.add.reduce(np.maximum(-margins, 0), axis=-2, out=losses)
        np.minimum.reduce(margins, axis=-2, out=smallest_margin)
        scores[...] = np.where(margins <= 0, -signs, 0)
