"""
Which learning rate suits raw data?
===================================

The features of the wine data differ in scale by a factor of a thousand, and one learning rate is to
suit them all.
"""

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.exceptions import ConvergenceWarning

from sklearn_softmax import SoftmaxRegression, TrainingCurveDisplay

X, y = load_wine(return_X_y=True)
print("Smallest and largest deviation of a feature:", X.std(axis=0)[[7, 12]].round(2))

# %%
# A rate that is too large is a warning where the model ends worse than an untrained one. Here it is
# expected.

models = {}
for lr in (1e-6, 1e-5, 1e-4, "auto"):
    model = SoftmaxRegression(lr=lr, reg_param=1, batch_size=32, n_epochs=60, random_state=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        models[f"lr={lr}"] = model.fit(X, y)
    print(f"lr={lr}: {model.score(X, y):.0%} right, {len(caught)} warnings")

# %%
# None of the numbers works. An untrained model has a loss of ln 3, which is 1.1. With the smallest
# rate the loss stays near it. With the next one it rises first, because the steps are already too
# large for the largest feature, and then falls slowly, because they are too small for the others.
# With the largest rate it never falls to that of the untrained model. With ``lr="auto"``, 99 % of
# the rows are classified correctly after a few epochs: steps are taken in standardised features,
# although X is unchanged.

display = TrainingCurveDisplay.from_estimator(models)
display.axes_[0].set_yscale("log")
plt.show()
