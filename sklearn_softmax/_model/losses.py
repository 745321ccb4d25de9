r"""Losses of raw scores, one value per sample.

Samples are columns: the raw scores of m samples by M models have the shape ``(M, n_outputs, m)``.
A loss contains no mean, no weights and no penalty: these belong to the objective. In each training
step ``backward(scores, y, stats)`` overwrites the scores with the gradient and stores two values
per sample in ``stats``, of shape ``(2, M, m)``. At the end of an epoch ``losses(stats)`` and
``is_correct(stats)`` compute its loss and accuracy from them.

Every loss provides

==================================  ==============================================================
``n_outputs(n_classes)``            number of raw scores of a model
``backward(scores, y, stats)``      gradient, in place of the scores
``losses(stats)``                   loss of each sample ``(M, m)``
``is_correct(stats)``               whether each sample is classified correctly ``(M, m)``
``loss(scores, y)``                 losses, and gradient ``(M, n_outputs, m)``
``loss_at_zero(n_outputs)``         loss of a sample whose scores are all 0
``loss_at_shares(shares)``          mean loss of predicting the class shares for every sample
``predict(scores)``                 class indices ``(M, m)``
``log_probabilities(scores)``       ``(M, n_classes, m)``, if the loss defines them
``curvature``                       bound on the second derivatives, if the loss has one
``learns_only_from_mistakes``       whether correctly classified samples have a gradient of zero
==================================  ==============================================================
"""

import numpy as np
from scipy.special import entr, expit, log_expit, log_softmax


class _Loss:
    """Base of all losses."""

    learns_only_from_mistakes = False

    def __call__(self, scores, y):
        """Return the losses and their gradient with respect to the scores.

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
        gradient, stats = scores.copy(), np.empty((2, n_models, m), scores.dtype)
        self.backward(gradient, y, stats)
        return self.losses(stats), gradient

    def predict(self, scores):
        """Return the class index of the largest score, the first one of a tie."""
        return scores.argmax(axis=-2)


class SoftmaxCrossEntropy(_Loss):
    r"""Cross-entropy of a softmax over the raw scores, one per class.

    .. math:: \mathcal{L}(z, y) = -\ln a_y, \qquad
              a_i = \frac{\exp z_i}{\sum_k \exp z_k}, \qquad
              \frac{d\mathcal{L}}{dz} = a - y

    with y one-hot in the last term. The scores are shifted by their maximum, so that no
    exponential overflows and no logarithm of a probability is taken. The stats of a sample are the
    shifted score of its true class and the sum of exponentials.

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
        """Return the number of classes: one raw score per class."""
        return n_classes

    def loss_at_zero(self, n_outputs):
        """Return the loss of equal probabilities for all classes."""
        return np.log(n_outputs)

    def loss_at_shares(self, shares):
        """Return the entropy of class shares, ndarray of shape (n_classes,)."""
        return np.sum(entr(shares))

    def backward(self, scores, y, stats):
        """Overwrite scores with the gradient of the losses.

        Parameters
        ----------
        scores : ndarray of shape (M, n_classes, m), C-contiguous
        y : ndarray of shape (m,), int
            Class index of each sample.
        stats : ndarray of shape (2, M, m)
            Overwritten.
        """
        true_scores, sums = stats
        n_models, n_classes, m = scores.shape
        flat, true_index = scores.reshape(n_models, -1), m * y + np.arange(m)
        scores -= np.maximum.reduce(scores, axis=-2, keepdims=True)
        flat.take(true_index, axis=-1, out=true_scores, mode="clip")
        if any(np.count_nonzero(model) < (n_classes - 1) * m for model in scores):
            # Of tied largest scores only the first one is correct.
            is_first = scores.argmax(axis=-2) == y
            true_scores[(true_scores == 0) & ~is_first] = -np.finfo(scores.dtype).tiny
        A = np.exp(scores, out=scores)
        A /= np.add.reduce(A, axis=-2, out=sums)[:, np.newaxis]
        flat[:, true_index] -= 1  # A - Y

    def losses(self, stats):
        """Return the loss of each sample."""
        true_scores, sums = stats
        return np.log(sums) - true_scores

    def is_correct(self, stats):
        """Return whether the true class has the largest score, the first one of a tie."""
        true_scores, _ = stats
        return true_scores == 0

    def log_probabilities(self, scores):
        """Return the logarithm of the softmax over the classes."""
        return log_softmax(scores, axis=-2)


class _OneVsRest(_Loss):
    """Base of the losses of independent binary outputs.

    Two classes have one output, positive for the second class; more have one output per class.
    """

    def n_outputs(self, n_classes):
        """Return 1 for up to two classes, otherwise the number of classes."""
        return 1 if n_classes <= 2 else n_classes

    def losses(self, stats):
        """Return the loss of each sample."""
        losses, _ = stats
        return losses

    def is_correct(self, stats):
        """Return whether each sample is classified correctly."""
        _, margins = stats
        return margins > 0

    def predict(self, scores):
        """Return the class index of the largest score, or by the sign of a single score."""
        if scores.shape[-2] == 1:
            return (scores[..., 0, :] > 0).astype(np.intp)
        return super().predict(scores)

    @staticmethod
    def is_positive(scores, y):
        """Return whether each sample belongs to the class of each output, (n_outputs, m)."""
        n_outputs = scores.shape[-2]
        positive = [1] if n_outputs == 1 else np.arange(n_outputs)
        return y == np.reshape(positive, (-1, 1))


class SigmoidCrossEntropy(_OneVsRest):
    r"""Cross-entropy of a sigmoid of each raw score, summed over the outputs.

    .. math:: \mathcal{L}(z, t) = \ln(1 + e^{z}) - t z, \qquad
              \frac{d\mathcal{L}}{dz} = \sigma(z) - t

    with t = 1 for the class of an output and 0 for the rest. The stats of a sample are its loss
    and whether it is classified correctly.

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

    def loss_at_zero(self, n_outputs):
        """Return the loss of a probability of one half for each output."""
        return n_outputs * np.log(2)

    def loss_at_shares(self, shares):
        """Return the sum of the binary entropies of class shares, ndarray of shape (n_classes,)."""
        outputs = shares[: self.n_outputs(len(shares))]
        return np.sum(entr(outputs) + entr(1 - outputs))

    def backward(self, scores, y, stats):
        """Overwrite scores with the gradient of the losses.

        Parameters
        ----------
        scores : ndarray of shape (M, n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.
        stats : ndarray of shape (2, M, m)
            Overwritten.
        """
        losses, is_correct = stats
        T = self.is_positive(scores, y)
        is_correct[...] = self.predict(scores) == y
        np.add.reduce(np.logaddexp(0, scores) - T * scores, axis=-2, out=losses)
        expit(scores, out=scores)
        scores -= T

    def log_probabilities(self, scores):
        """Return the log-sigmoids, normalised to probabilities that sum to 1."""
        if scores.shape[-2] == 1:
            return log_expit(np.concatenate([-scores, scores], axis=-2))
        return log_softmax(log_expit(scores), axis=-2)


class PerceptronCriterion(_OneVsRest):
    r"""Perceptron criterion: the distance of a misclassified sample to the boundary, unnormalised.

    .. math:: \mathcal{L}(z, s) = \max(0, -s z), \qquad
              \frac{d\mathcal{L}}{dz} = -s \; [s z \le 0]

    with s = 1 for the class of an output and -1 for the rest. At a score of 0 the subgradient is
    that of a mistake: otherwise training could not leave zero weights. The stats of a sample are
    its loss and the smallest margin s z of all outputs.

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

    def loss_at_zero(self, n_outputs):
        """Return 0, the loss on the boundary."""
        return 0.0

    def loss_at_shares(self, shares):
        """Return 0: the loss defines no probabilities."""
        return 0.0

    def backward(self, scores, y, stats):
        """Overwrite scores with the subgradient of the losses.

        Parameters
        ----------
        scores : ndarray of shape (M, n_outputs, m)
        y : ndarray of shape (m,), int
            Class index of each sample.
        stats : ndarray of shape (2, M, m)
            Overwritten.
        """
        losses, smallest_margin = stats
        signs = np.where(self.is_positive(scores, y), scores.dtype.type(1), scores.dtype.type(-1))
        margins = signs * scores
        np.add.reduce(np.maximum(-margins, 0), axis=-2, out=losses)
        np.minimum.reduce(margins, axis=-2, out=smallest_margin)
        scores[...] = np.where(margins <= 0, -signs, 0)
