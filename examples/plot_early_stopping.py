"""
Does early stopping need shuffled rows?
=======================================

Early stopping looks at the validation rows when an epoch ends. In rows that are sorted by class and
not shuffled, each epoch ends with the last class alone.
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
        f"{name}: {model.n_iter_} epochs, validation loss {losses.min():.3f}; "
        f"accuracy {accuracies[0]:.0%} after the first epoch, {accuracies[losses.argmin()]:.1%} "
        "after the best"
    )

# %%
# The circles mark the epochs whose weights are kept. Shuffled rows get there in a quarter of the
# epochs, to a lower loss; their curve trembles, since the last batches of an epoch are others each
# time. The curve of sorted rows is smooth, since it sees every epoch after the same batches, of
# nines: after the first one the model takes everything for a nine, and it takes many epochs to
# unlearn that.
#
# The training curve of the sorted rows is not to be trusted either. A row is scored just before the
# step that used it, and then the model has just seen its class.

display = TrainingCurveDisplay.from_estimator(models)
display.axes_[0].set_yscale("log")
plt.show()
