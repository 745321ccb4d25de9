"""
Can ten perceptrons keep up with ten logistic regressions?
==========================================================

A perceptron tells two classes apart. Ten of them, one for each digit against the rest, make a
classifier of ten classes, and so do ten logistic regressions.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier

from sklearn_softmax import BinaryPerceptron, ClassErrorDisplay, GDLogisticRegression

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X / 16, y, test_size=0.5, stratify=y, random_state=0
)
models = {
    "perceptrons": OneVsRestClassifier(BinaryPerceptron(random_state=0)),
    "averaged perceptrons": OneVsRestClassifier(BinaryPerceptron(average=True, random_state=0)),
    "logistic regressions": GDLogisticRegression(reg_param=0.1, random_state=0),
}
for name, model in models.items():
    model.fit(X_train, y_train)
    print(f"{name}: {1 - model.score(X_test, y_test):.1%} of the test rows wrong")

# %%
# Above, each of the ten by itself: how often is it wrong about "is this my digit"? Below, all ten
# joined: which share of the images of a digit is taken for another one?
#
# By themselves all are good. Joined, the class whose score is largest wins, and for that their
# scores have to be comparable. Logistic regressions learn probabilities. A perceptron only learns
# on which side a row lies, and the length of its weights is what its last mistakes have made of it:
# so perceptrons lose most, above all on the eight. The mean of a perceptron's weights over all
# steps does better than the last of them.

figure, axes = plt.subplots(nrows=2, figsize=(8, 7), layout="constrained", sharex=True)
ClassErrorDisplay.from_sub_classifiers(models, X_test, y_test, ax=axes[0])
ClassErrorDisplay.from_estimator(models, X_test, y_test, ax=axes[1])
axes[0].set(title="Each against the rest", xlabel="")
axes[1].set(title="Combined into a classifier of ten classes")
axes[1].get_legend().remove()
plt.show()
