"""
Are ten perceptrons as accurate as ten logistic regressions?
============================================================

Not quite, because the scores of perceptrons are not comparable. A perceptron separates two classes.
Ten perceptrons, one for each digit against the rest, form a classifier for ten classes. This
example compares them with ten logistic regressions.
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
    print(f"{name}: test error {1 - model.score(X_test, y_test):.1%}")

# %%
# The upper panel shows the error of each of the ten binary classifiers. The lower panel shows the
# error of the combined classifier, for each digit.
#
# All binary classifiers have small errors. The combined classifier predicts the class with the
# largest score, so the scores of the ten classifiers must be comparable. Logistic regressions learn
# probabilities, which are comparable. A perceptron learns only the side of its boundary on which a
# row lies. Its scores have no common scale, so the combined perceptrons make more errors than the
# combined logistic regressions, most of all for the eight. Averaged perceptrons use the mean of the
# weights over all steps, and make fewer errors.

figure, axes = plt.subplots(nrows=2, figsize=(8, 7), layout="constrained", sharex=True)
ClassErrorDisplay.from_sub_classifiers(models, X_test, y_test, ax=axes[0])
ClassErrorDisplay.from_estimator(models, X_test, y_test, ax=axes[1])
axes[0].set(title="Each against the rest", xlabel="")
axes[1].set(title="Combined into a classifier of ten classes")
axes[1].get_legend().remove()
plt.show()
