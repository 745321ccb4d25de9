"""
Which learning rate works for raw data?
=======================================

``lr="auto"``. The features of the wine data differ in scale by a factor of a thousand, and no
number works for all of them.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax import SoftmaxRegression, TrainingCurveDisplay

X, y = load_wine(return_X_y=True)
print("Smallest and largest deviation of a feature:", X.std(axis=0)[[7, 12]].round(2))

# %%
# If the learning rate is so large that the final loss is above that of an untrained model, ``fit``
# raises a warning. This example counts the warnings.

models = {}
for lr in (1e-6, 1e-5, 1e-4, "auto"):
    model = SoftmaxRegression(lr=lr, reg_param=1, batch_size=32, n_epochs=60, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        models[f"lr={lr}"] = model.fit(X, y)
    print(f"lr={lr}: accuracy {model.score(X, y):.0%}, warnings: {len(caught)}")

# %%
# None of the three numbers works. The loss of an untrained model is ln 3, about 1.1. With the
# smallest learning rate, the loss stays near this value. With the next one, it rises first, because
# the steps are too large for the largest feature, and then falls slowly, because they are too small
# for the other features. With the largest learning rate, it stays above the loss of the untrained
# model. With ``lr="auto"``, the accuracy is 99 % after a few epochs, because steps are taken in
# standardised features. X is unchanged.

display = TrainingCurveDisplay.from_estimator(models)
display.axes_[0].set_yscale("log")
plt.show()
