"""
What does the L2 penalty do to the weights?
===========================================

It makes them smaller and smoother. ``reg_param`` is the factor of the squared weights in the
objective. This example fits models with different penalties to a small training set.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_softmax import SoftmaxRegression, WeightImagesDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, train_size=400, stratify=y, random_state=0
)

lambdas = np.logspace(-3, 3, 13)
models = [
    SoftmaxRegression(reg_param=reg_param, optimizer="lbfgs").fit(X_train, y_train)
    for reg_param in lambdas
]

# %%
# L-BFGS finds the optimum of each objective, so the models differ only in their penalty.
#
# The norm of the weights falls as ``reg_param`` grows. With a small penalty, the model overfits: it
# classifies all training rows correctly, but not all test rows. The test accuracy is highest for a
# ``reg_param`` of a few tenths. With larger penalties, both accuracies fall.

figure, (accuracy_ax, norm_ax) = plt.subplots(ncols=2, figsize=(9, 3.6), layout="constrained")
for name, rows in {"training": (X_train, y_train), "test": (X_test, y_test)}.items():
    accuracy_ax.plot(lambdas, [model.score(*rows) for model in models], "o-", label=name)
accuracy_ax.set(xscale="log", xlabel="reg_param", ylabel="Accuracy")
accuracy_ax.legend()
norm_ax.plot(lambdas, [np.linalg.norm(model.coef_) for model in models], "ko-")
norm_ax.set(xscale="log", xlabel="reg_param", ylabel="Norm of the weights", ylim=0)
plt.show()

# %%
# The images show the weights. Each row of images has a separate scale. With a very small penalty,
# single pixels have large weights of both signs. With a very large penalty, the weights are small
# and smooth. They are then close to those after one step of gradient descent from zero: the mean
# image of a class minus the mean of all images, multiplied by a factor.

shown = {f"reg_param = {models[i].reg_param:g}": models[i] for i in (0, 6, 12)}
WeightImagesDisplay.from_estimator(shown, (8, 8), scale="estimator")
plt.show()
