"""
How do digits get into the weights?
===================================

Softmax regression has a weight for every pixel and every class. So its weights are images, and a
:class:`~sklearn_softmax.WeightHistory` keeps them while they are learnt.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sklearn_softmax import SoftmaxRegression, WeightHistory, WeightImagesDisplay

X, y = load_digits(return_X_y=True)
X /= 16

# %%
# The history is a callback: it is set on the model before ``fit``, and keeps the weights before the
# first epoch and after every one.

history = WeightHistory()
model = SoftmaxRegression(lr=0.2, n_epochs=40, random_state=0)
model.set_callbacks(history).fit(X, y)
print(f"{len(history.epochs_)} copies, accuracy {model.score(X, y):.2f}")

# %%
# Red pixels speak for a class and blue ones against it; each row has a scale of its own, which the
# bars at the right tell. After one epoch the weights are soft: a class has in red where it has more
# ink than the others, like the ring of the zero and the stroke of the one. Later the model learns
# what tells the digits apart: single pixels stand out, and the weights are ten times as large. The
# zero's hole is blue from the first to the last, for ink there speaks against a zero.

WeightImagesDisplay.from_history(history, (8, 8), epochs=[1, 5, 40], scale="estimator")
plt.show()

# %%
# The same as an animation, on one scale. The weights grow fast in the first epochs and slower ever
# after, as there is no penalty that would hold them back.

animation = history.animate((8, 8), interval=200)
plt.show()
