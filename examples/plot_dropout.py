"""
Does dropout keep a net from overfitting?
=========================================

With dropout, every step leaves out hidden units at random, so that none can rely on all others.
Here are three nets that are too large for their data: 256 hidden units for 600 noisy images.
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
        f"{losses.argmin() + 1}, {losses[-1]:.3f} in the end"
    )

# %%
# All three start from the same weights and take the same batches. The training loss, which falls
# towards nothing, is higher the more units are left out: learning by heart takes longer. The
# validation loss, dashed, turns upwards in all three, but later and more gently with dropout, and
# from a lower point. The net that leaves out half of its units is a little more accurate in the
# end, too. So dropout slows overfitting down; it does not replace early stopping.

display = TrainingCurveDisplay.from_estimator(nets)
display.axes_[0].set_ylim(0, 1.6)
display.axes_[1].set_ylim(0.5, 1.01)
plt.show()
