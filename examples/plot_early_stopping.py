"""
Does early stopping need shuffled rows?
=======================================

Yes. Early stopping evaluates the model on validation rows at the end of each epoch. If rows are
sorted by class and not shuffled, each epoch ends with batches of the last class only.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_softmax import SoftmaxRegression, TrainingCurveDisplay

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16, y, stratify=y, random_state=0)
order = np.argsort(y_train, kind="stable")
X_train, y_train = X_train[order], y_train[order]

models = {}
for name, shuffle in {"sorted": False, "shuffled": True}.items():
    model = SoftmaxRegression(
        lr=1.0, batch_size=10, n_epochs=300, shuffle=shuffle, early_stopping=True, random_state=0
    )
    models[name] = model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    losses, accuracies = model.history_["val_loss"], model.history_["val_accuracy"]
    print(
        f"{name}: {model.n_iter_} epochs, validation loss {losses.min():.3f}, accuracy "
        f"{accuracies[0]:.0%} (first epoch), {accuracies[losses.argmin()]:.1%} (best epoch)"
    )

# %%
# The circles mark the best epochs, whose parameters are restored. With shuffled rows, training
# reaches a lower validation loss in a quarter of the epochs. Its curve is noisy because the last
# batches of the epochs differ. With sorted rows, the curve is smooth because each epoch ends with
# the same batches of nines. After the first epoch, the model predicts nine for nearly all rows, and
# it needs many epochs to correct this.
#
# The training curve of sorted rows is too optimistic. The loss of a row is computed just before the
# step that uses it, and the preceding steps used rows of the same class.

display = TrainingCurveDisplay.from_estimator(models)
display.axes_[0].set_yscale("log")
plt.show()
