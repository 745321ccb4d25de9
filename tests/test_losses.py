import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax.losses import PerceptronCriterion, SigmoidCrossEntropy, SoftmaxCrossEntropy

scores_of_three = arrays(np.float64, (3, 6), elements=st.floats(-15, 15))
class_indices = arrays(np.intp, 6, elements=st.integers(0, 2))


@given(scores_of_three, class_indices)
def test_softmax_against_scikit_learn(scores, y):
    loss = SoftmaxCrossEntropy()
    losses, gradient = loss(scores, y)
    probabilities = loss.probabilities(scores)
    expected = log_loss(y, probabilities.T, labels=[0, 1, 2])
    np.testing.assert_allclose(losses.mean(), expected, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(gradient.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(gradient, probabilities - np.eye(3)[:, y], atol=1e-12)
    np.testing.assert_allclose(np.exp(loss.log_probabilities(scores)), probabilities, atol=1e-12)


few_scores = arrays(np.float64, (2, 3, 6), elements=st.sampled_from([-1.0, 0.0, 2.0]))


@given(few_scores, class_indices)
def test_softmax_takes_the_first_of_equals_as_predicted(scores, y):
    loss = SoftmaxCrossEntropy()
    np.testing.assert_array_equal(loss.is_correct(scores, y), scores.argmax(axis=-2) == y)


@given(scores_of_three, class_indices, st.floats(-1e6, 1e6))
def test_softmax_ignores_a_common_shift(scores, y, shift):
    losses, gradient = SoftmaxCrossEntropy()(scores, y)
    shifted_losses, shifted_gradient = SoftmaxCrossEntropy()(scores + shift, y)
    np.testing.assert_allclose(shifted_losses, losses, atol=1e-8)
    np.testing.assert_allclose(shifted_gradient, gradient, atol=1e-8)


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), SigmoidCrossEntropy()])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_scores_stay_finite(loss, dtype):
    scores = np.array([[1e30, -1e30, 0.0], [-1e30, 1e30, 0.0], [0.0, 0.0, 0.0]], dtype)
    losses, gradient = loss(scores, np.array([0, 0, 0]))
    assert losses.dtype == gradient.dtype == dtype
    assert np.all(np.isfinite(losses))
    assert np.all(np.isfinite(gradient))
    assert losses[0] == 0 or isinstance(loss, SigmoidCrossEntropy)
    probabilities = loss.probabilities(scores)
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SigmoidCrossEntropy(), PerceptronCriterion()]
)
def test_inputs_are_left_alone(loss, rng):
    scores, y = rng.standard_normal((3, 4)), np.array([0, 1, 2, 0])
    before = scores.copy()
    loss(scores, y)
    loss.predict(scores)
    np.testing.assert_array_equal(scores, before)


def test_one_class_costs_nothing():
    losses, gradient = SoftmaxCrossEntropy()(np.array([[3.0, -2.0]]), np.array([0, 0]))
    np.testing.assert_array_equal(losses, 0)
    np.testing.assert_array_equal(gradient, 0)


def test_sigmoid_is_softmax_of_two_scores(rng):
    z, y = rng.standard_normal((1, 9)) * 5, rng.randint(0, 2, 9)
    losses, gradient = SigmoidCrossEntropy()(z, y)
    pair = np.concatenate([np.zeros_like(z), z])
    softmax_losses, softmax_gradient = SoftmaxCrossEntropy()(pair, y)
    np.testing.assert_allclose(losses, softmax_losses, rtol=1e-12)
    np.testing.assert_allclose(gradient[0], softmax_gradient[1], rtol=1e-12)
    for method in ("probabilities", "log_probabilities"):
        np.testing.assert_allclose(
            getattr(SigmoidCrossEntropy(), method)(z),
            getattr(SoftmaxCrossEntropy(), method)(pair),
            rtol=1e-12,
        )


def test_one_vs_rest_probabilities_are_scikit_learn_s(rng):
    X, y = rng.standard_normal((60, 4)), np.arange(60) % 3
    model = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    loss = SigmoidCrossEntropy()
    scores = model.decision_function(X).T
    np.testing.assert_allclose(loss.probabilities(scores).T, model.predict_proba(X), rtol=1e-12)
    np.testing.assert_allclose(np.exp(loss.log_probabilities(scores)), loss.probabilities(scores))
    np.testing.assert_array_equal(loss.predict(scores), model.predict(X))


def test_one_vs_rest_losses_are_those_of_its_outputs(rng):
    scores, y = rng.standard_normal((4, 8)), np.arange(8) % 4
    for loss in (SigmoidCrossEntropy(), PerceptronCriterion()):
        losses, gradient = loss(scores, y)
        alone = [loss(scores[k : k + 1], (y == k).astype(int)) for k in range(4)]
        np.testing.assert_allclose(losses, sum(own for own, _ in alone), rtol=1e-12)
        np.testing.assert_allclose(gradient, np.concatenate([g for _, g in alone]), rtol=1e-12)


def test_perceptron_counts_a_score_of_zero_as_a_mistake():
    losses, gradient = PerceptronCriterion()(np.zeros((1, 2)), np.array([0, 1]))
    np.testing.assert_array_equal(losses, 0)
    np.testing.assert_array_equal(gradient, [[1, -1]])
    assert PerceptronCriterion().predict(np.zeros((1, 1))) == 0


def test_number_of_outputs():
    assert [SoftmaxCrossEntropy().n_outputs(k) for k in (1, 2, 5)] == [1, 2, 5]
    assert [SigmoidCrossEntropy().n_outputs(k) for k in (1, 2, 5)] == [1, 1, 5]
