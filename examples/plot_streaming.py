"""
Can a classifier follow a stream that drifts?
=============================================

Yes, with a learning rate that is large enough. ``partial_fit`` makes one pass over the rows of a
batch and continues earlier training, so a model can be trained on a stream of data that changes
over time.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_softmax import SoftmaxRegression

N_BATCHES, N_FIRST = 200, 20
CLASSES = np.arange(5)
rng = np.random.default_rng(0)


def batch(number):
    """Return 100 rows of five classes on a ring, which turns by 180 degrees over the stream."""
    y = rng.choice(CLASSES, size=100)
    angle = 2 * np.pi * y / len(CLASSES) + np.pi * number / N_BATCHES
    centres = 3 * np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + rng.normal(size=centres.shape), y


stream = [batch(number) for number in range(N_BATCHES)]


def accuracies(model, n_train=N_BATCHES):
    """Return the accuracy on each batch, before training on it if it is one of the first."""
    scores = []
    for number, (X, y) in enumerate(stream):
        scores.append(model.score(X, y) if number else np.nan)
        if number < n_train:
            model.partial_fit(X, y, classes=CLASSES)
    return scores


# %%
# Each batch is predicted first and then used for training. Over the whole stream the ring turns by
# 180 degrees: the yellow class begins at the bottom and ends at the top.
#
# A model that is trained only on the first batches misclassifies nearly all rows halfway through
# the stream, because each class is then where another class was. With a small learning rate, the
# accuracy falls, because the model adapts too slowly. With a large learning rate, it stays high.
# With ``lr="auto"`` the model also adapts too slowly: it is an average over the steps of all
# batches, which is suitable for data that do not change.

runs = {
    f"first {N_FIRST} batches only": accuracies(SoftmaxRegression(lr=1.0), N_FIRST),
    "lr=0.05": accuracies(SoftmaxRegression(lr=0.05)),
    "lr=1.0": accuracies(SoftmaxRegression(lr=1.0)),
    'lr="auto"': accuracies(SoftmaxRegression()),
}
figure, axes = plt.subplot_mosaic(
    [["first", "accuracy"], ["last", "accuracy"]],
    figsize=(9, 4.4),
    layout="constrained",
    width_ratios=[1, 2.2],
)
for name, number in {"first": 0, "last": -1}.items():
    X, y = stream[number]
    axes[name].scatter(*X.T, c=y, s=8, cmap="viridis")
    axes[name].set(title=f"The {name} batch", xticks=[], yticks=[], aspect="equal")
for name, scores in runs.items():
    means = np.convolve(scores, np.full(10, 0.1), mode="valid")
    axes["accuracy"].plot(np.arange(len(means)) + 10, means, label=name)
axes["accuracy"].set(xlabel="Batch", ylabel="Accuracy, mean of ten batches", ylim=(0, 1))
axes["accuracy"].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
plt.show()
