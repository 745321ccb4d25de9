"""
Does dropout keep a net from overfitting?
=========================================

It reduces overfitting, but does not prevent it. With dropout, each step ignores a random part of
the hidden units. This example trains three nets that are too large for their data: they have 256
hidden units for 600 noisy images.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_softmax import TrainingCurveDisplay, TwoLayerMLPClassifier

X, y = load_digits(return_X_y=True)
X = X / 16 + np.random.default_rng(0).normal(scale=0.4, size=X.shape)
X_train, X_val, y_train, y_val = train_test_split(X, y, train_size=600, stratify=y, random_state=0)

nets = [
    TwoLayerMLPClassifier(
        hidden_size=256, dropout=dropout, lr=0.001, n_epochs=60, batch_size=30, random_state=0
    ).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    for dropout in (0.0, 0.2, 0.5)
]
for net in nets:
    losses = net.history_["val_loss"]
    print(
        f"dropout={net.dropout}: validation loss {losses.min():.3f} after epoch "
        f"{losses.argmin() + 1}, {losses[-1]:.3f} after the last epoch"
    )

# %%
# All nets start from the same weights and use the same batches. With more dropout, the training
# loss falls more slowly. The validation loss (dashed) rises again for all nets. With dropout, it
# rises later and more slowly, and its lowest value is lower. After the last epoch, the net with
# ``dropout=0.5`` is slightly more accurate than the others. Dropout does not replace early
# stopping.

display = TrainingCurveDisplay.from_estimator(nets)
display.axes_[0].set_ylim(0, 1.6)
display.axes_[1].set_ylim(0.5, 1.01)
plt.show()
