"""
How do the weights of a digit classifier change during training?
================================================================

Softmax regression has one weight for each pixel and class, so the weights of a class can be drawn
as an image. :class:`~sklearn_softmax.WeightHistory` stores the weights during training.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sklearn_softmax import SoftmaxRegression, WeightHistory, WeightImagesDisplay

X, y = load_digits(return_X_y=True)
X /= 16

# %%
# The history is a callback, which is set before ``fit``. It stores the weights before the first
# epoch and after each epoch.

history = WeightHistory()
model = SoftmaxRegression(lr=0.2, n_epochs=40, random_state=0)
model.set_callbacks(history).fit(X, y)
print(f"{len(history.epochs_)} copies, accuracy {model.score(X, y):.2f}")

# %%
# Red pixels raise the score of a class, blue pixels lower it. Each row of images has a separate
# scale, shown by the bar on the right. After one epoch, red pixels are those with more ink in this
# class than in others, such as the ring of the zero and the stroke of the one. Later, single pixels
# that distinguish the digits have large weights, and the weights are ten times as large. The centre
# of the zero is blue in all images, because ink there means that a digit is not a zero.

WeightImagesDisplay.from_history(history, (8, 8), epochs=[1, 5, 40], scale="estimator")
plt.show()

# %%
# The animation uses one scale for all epochs. The weights grow fast in the first epochs and more
# slowly later. They continue to grow because there is no penalty.

animation = history.animate((8, 8), interval=200)
plt.show()
