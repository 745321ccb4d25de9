"""
What do class weights do for a rare class?
==========================================

They increase its recall and decrease its precision. If only one row in twenty belongs to the rare
class, its errors have little influence on the mean loss. A class weight increases this influence.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_blobs
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import precision_score, recall_score

from sklearn_softmax import SoftmaxRegression

centres = [[0, 0], [1.8, 1.8]]
X, y = make_blobs([950, 50], centers=centres, random_state=0)
X_test, y_test = make_blobs([9500, 500], centers=centres, random_state=1)


def fitted(weight):
    """Fit a model with a weight of the rare class."""
    return SoftmaxRegression(class_weight={0: 1, 1: weight}, random_state=0).fit(X, y)


# %%
# The left panel shows the rows, and the decision boundary for three weights of the rare class. With
# larger weights, the boundary moves towards the frequent class. A weight of 19 is the same as
# ``class_weight="balanced"``: both classes have the same total weight, and the boundary is halfway
# between them.
#
# The right panel shows the scores on 10,000 test rows. With weight 1, three quarters of the rows
# that are predicted as rare are correct (precision), but more than a third of the rare rows are
# missed (recall). Larger weights increase recall and decrease precision. Choose the weight by the
# cost of a missed rare row relative to the cost of a false alarm.

figure, (ax, score_ax) = plt.subplots(ncols=2, figsize=(10, 4.4), layout="constrained")
ax.scatter(*X[y == 0].T, s=8, color="0.75", label="frequent")
ax.scatter(*X[y == 1].T, s=12, color="black", label="rare")
for weight, colour in {1: "#0072B2", 4: "#E69F00", 19: "#D55E00"}.items():
    DecisionBoundaryDisplay.from_estimator(
        fitted(weight),
        X,
        response_method="predict_proba",
        plot_method="contour",
        ax=ax,
        levels=[0.5],
        colors=[colour],
    )
    ax.plot([], [], color=colour, label=f"weight {weight}")
ax.set(xlabel="First feature", ylabel="Second feature")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
weights = np.array([1, 2, 4, 8, 19, 40])
predictions = [fitted(weight).predict(X_test) for weight in weights]
for score, line in {recall_score: "ko-", precision_score: "ks--"}.items():
    values = [score(y_test, predicted) for predicted in predictions]
    score_ax.plot(weights, values, line, label=score.__name__.removesuffix("_score"))
score_ax.set(xscale="log", xlabel="Weight of the rare class", ylabel="Score", ylim=(0, 1))
score_ax.set_xticks(weights, weights)
score_ax.minorticks_off()
score_ax.legend(loc="lower left")
plt.show()
