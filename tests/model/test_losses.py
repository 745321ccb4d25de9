"""Losses against scikit-learn, SciPy and each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax._model.losses import (
    PerceptronCriterion,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
)

LOSSES = [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
CROSS_ENTROPIES = LOSSES[:2]

scores_of_three = arrays(np.float64, (2, 3, 6), elements=st.floats(-15, 15))
few_scores = arrays(np.float64, (2, 3, 6), elements=st.sampled_from([-1.0, 0.0, 2.0]))
class_indices = arrays(np.intp, 6, elements=st.integers(0, 2))
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)


def backward(loss, scores, y):
    """Return the gradient and the stats of a training step."""
    n_models, _, m = scores.shape
    gradient, stats = scores.copy(), np.full((2, n_models, m), np.nan, scores.dtype)
    loss.backward(gradient, y, stats)
    return gradient, stats


# --- softmax --------------------------------------------------------------------------------


@given(scores_of_three, class_indices)
def test_softmax_loss_equals_log_loss_of_scikit_learn(scores, y):
    loss = SoftmaxCrossEntropy()
    losses, gradient = loss(scores, y)
    probabilities = np.exp(loss.log_probabilities(scores))
    expected = [log_loss(y, P.T, labels=[0, 1, 2]) for P in probabilities]
    np.testing.assert_allclose(losses.mean(axis=-1), expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(gradient, probabilities - np.eye(3)[:, y], atol=1e-12)


@given(few_scores, class_indices, st.sampled_from([np.float32, np.float64]))
def test_softmax_predicts_the_first_class_of_a_tie(scores, y, dtype):
    loss, scores = SoftmaxCrossEntropy(), scores.astype(dtype)
    gradient, stats = backward(loss, scores, y)
    rtol = 4 * np.finfo(dtype).eps
    np.testing.assert_array_equal(loss.is_correct(stats), scores.argmax(axis=1) == y)
    np.testing.assert_array_equal(loss.predict(scores), scores.argmax(axis=1))
    expected = -log_softmax(scores, axis=1)[:, y, np.arange(6)]
    np.testing.assert_allclose(loss.losses(stats), expected, rtol=rtol)
    probabilities = np.exp(loss.log_probabilities(scores))
    np.testing.assert_allclose(gradient, probabilities - np.eye(3)[:, y], atol=rtol)


@pytest.mark.parametrize("score", [np.inf, np.nan])
def test_scores_that_are_not_finite_are_never_correct_and_change_no_other_model(score):
    loss, scores = SoftmaxCrossEntropy(), np.stack([np.full((2, 2), score), np.zeros((2, 2))])
    with np.errstate(invalid="ignore"):
        _, stats = backward(loss, scores, np.array([0, 1]))
    np.testing.assert_array_equal(loss.is_correct(stats), [[False, False], [True, False]])


# --- one-vs-rest ------------------------------------------------------------------------------


def test_sigmoid_equals_softmax_with_a_second_score_of_0(rng):
    z, y = rng.standard_normal((1, 1, 9)) * 5, rng.randint(0, 2, 9)
    z[..., :4] = 0  # a tie of both classes
    losses, gradient = SigmoidCrossEntropy()(z, y)
    pair = np.concatenate([np.zeros_like(z), z], axis=1)
    softmax_losses, softmax_gradient = SoftmaxCrossEntropy()(pair, y)
    np.testing.assert_allclose(losses, softmax_losses, rtol=1e-12)
    np.testing.assert_allclose(gradient[:, 0], softmax_gradient[:, 1], rtol=1e-12)
    both = (SigmoidCrossEntropy(), z), (SoftmaxCrossEntropy(), pair)
    log_probabilities = (loss.log_probabilities(scores) for loss, scores in both)
    np.testing.assert_allclose(*log_probabilities, rtol=1e-12)
    np.testing.assert_array_equal(*(loss.predict(scores) for loss, scores in both))
    is_correct = (loss.is_correct(backward(loss, scores, y)[1]) for loss, scores in both)
    np.testing.assert_array_equal(*is_correct)


def test_one_vs_rest_probabilities_equal_those_of_scikit_learn(rng):
    X, y = rng.standard_normal((60, 4)), np.arange(60) % 3
    model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    loss = SigmoidCrossEntropy()
    scores = model.decision_function(X).T[np.newaxis]
    probabilities = np.exp(loss.log_probabilities(scores))
    np.testing.assert_allclose(probabilities[0].T, model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(loss.predict(scores)[0], model.predict(X))


@pytest.mark.parametrize("loss", [SigmoidCrossEntropy(), PerceptronCriterion()])
def test_one_vs_rest_losses_are_sums_over_the_outputs(loss, rng):
    scores, y = rng.standard_normal((2, 4, 8)), np.arange(8) % 4
    losses, gradient = loss(scores, y)
    alone = [loss(scores[:, k : k + 1], (y == k).astype(int)) for k in range(4)]
    np.testing.assert_allclose(losses, sum(losses for losses, _ in alone), rtol=1e-12)
    np.testing.assert_allclose(gradient, np.concatenate([g for _, g in alone], 1), rtol=1e-12)


@given(few_scores, class_indices)
def test_perceptron_learns_only_from_mistakes(scores, y):
    loss = PerceptronCriterion()
    gradient, stats = backward(loss, scores, y)
    signs = np.where(np.eye(3)[:, y], 1, -1)
    is_correct = np.all(signs * scores > 0, axis=1)
    np.testing.assert_array_equal(loss.is_correct(stats), is_correct)
    np.testing.assert_array_equal(np.all(gradient == 0, axis=1), is_correct)


# --- all ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_and_gradients_of_extreme_scores_are_finite(loss, dtype):
    scores = np.array([[[1e30, -1e30, 0.0], [-1e30, 1e30, 0.0], [0.0, 0.0, 0.0]]], dtype)
    y = np.array([0, 0, 0])
    losses, gradient = loss(scores, y)
    assert losses.dtype == gradient.dtype == dtype
    assert np.all(np.isfinite(losses))
    assert np.all(np.isfinite(gradient))
    assert losses[0, 0] == 0 or isinstance(loss, SigmoidCrossEntropy)
    probabilities = np.exp(loss.log_probabilities(scores))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    _, stats = backward(loss, scores, y)
    np.testing.assert_array_equal(loss.is_correct(stats), [[True, False, True]])


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_curvature_is_the_largest_change_of_gradients(loss, rng):
    y = rng.randint(0, 3, 500)
    near, step = rng.standard_normal((1, 3, 500)), 1e-3 * rng.standard_normal((1, 3, 500))
    change = loss(near + step, y)[1] - loss(near, y)[1]
    slopes = np.linalg.norm(change, axis=1) / np.linalg.norm(step, axis=1)
    assert 0.8 * loss.curvature < slopes.max() <= loss.curvature * (1 + 1e-3)


@each_loss
@pytest.mark.parametrize("n_outputs", [1, 2, 5])
def test_loss_at_zero_is_the_loss_of_zero_scores(loss, n_outputs):
    losses, _ = loss(np.zeros((2, n_outputs, 3)), np.zeros(3, int))
    np.testing.assert_allclose(losses, loss.loss_at_zero(n_outputs), rtol=1e-14)
