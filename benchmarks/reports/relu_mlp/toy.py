"""Figures 1 and 2: gradient check, and training on the toy set."""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone

from benchmarks.reports import _markdown
from benchmarks.reports._progress import stage
from benchmarks.reports.relu_mlp.nets import SGD
from sklearn_softmax import TrainingCurveDisplay, TwoLayerMLPClassifier, gradient_check

CHECK_STRENGTH, TRAINING_STRENGTH = 0.05, 5e-6
PUBLISHED_ERRORS = {"W1": 6.3e-9, "b1": 1.3e-9, "W2": 3.4e-9, "b2": 3.9e-11}
PUBLISHED_LOSS = 0.0171


class Toy(NamedTuple):
    """Relative errors of the gradient by parameter, and the fitted net."""

    errors: dict
    net: TwoLayerMLPClassifier


def rows():
    """Return X of shape (5, 4) and y of the course's toy set."""
    return 10 * np.random.RandomState(1).standard_normal((5, 4)), np.array([0, 1, 2, 2, 1])


def fit(random_state):
    """Check the gradient and train on the toy set."""
    X, y = rows()
    net = TwoLayerMLPClassifier(
        hidden_size=10,
        weight_init=0.1,
        lr=0.1,
        reg_param=2 * TRAINING_STRENGTH * len(y),
        n_epochs=100,
        random_state=random_state,
        **SGD,
    )
    checked = clone(net).set_params(reg_param=2 * CHECK_STRENGTH * len(y))
    with stage("Checking the gradient and training on the toy set"):
        return Toy(gradient_check(checked, X, y, random_state=random_state), net.fit(X, y))


def blocks(e, write):
    """Return the blocks of Markdown."""
    X, y = rows()
    losses = e.toy.net.step_losses_
    table = (
        [f"`{name}`", f"{e.toy.errors[name]:.1e}", f"{published:.1e}"]
        for name, published in PUBLISHED_ERRORS.items()
    )
    display = TrainingCurveDisplay.from_estimator(e.toy.net, metrics="loss")
    display.axes_[0].set(yscale="log")
    return [
        "## The gradient (question 2d)",
        f"The toy set has {len(y)} rows of {X.shape[1]} features in 3 classes, its net "
        f"{e.toy.net.hidden_size} hidden units. `gradient_check` compares the gradient with "
        f"central differences, including the penalty with lambda {CHECK_STRENGTH}.",
        "**Figure 1.** Largest relative error of the gradient for each parameter.",
        _markdown.table(["Parameter", "Error", "Error (published)"], table),
        "## The toy set (question 3a)",
        write(display.figure_, 2, "Loss on the toy set"),
        f"**Figure 2.** Loss on the toy set in {len(losses)} steps on all rows at once. The last "
        f"is {losses[-1]:.4f}; the original report's is {PUBLISHED_LOSS}, from other random "
        "weights and on random batches.",
    ]
