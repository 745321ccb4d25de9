"""
How many hidden units does a spiral need?
=========================================

About ten. Each hidden unit adds a bend to the decision boundary of a net, and separating two
spirals needs several bends.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay

from sklearn_softmax import TwoLayerMLPClassifier

rng = np.random.default_rng(0)
y = np.arange(400) % 2
angle = rng.uniform(0.5, 2 * np.pi, size=len(y))
X = np.column_stack([angle * np.cos(angle + np.pi * y), angle * np.sin(angle + np.pi * y)])
X += rng.normal(scale=0.25, size=X.shape)

# %%
# The background shows the predicted probability, white for 0.5. The dots are the rows, and the
# titles contain the training accuracy.
#
# Nets with three units cannot separate the spirals. Nets with ten units separate nearly all rows.
# Boundaries of relu units consist of straight pieces with corners, boundaries of tanh units are
# smooth. Nets with two layers of thirty units separate the spirals completely. Their probabilities
# are close to 0 or 1 nearly everywhere, even far from the rows. Do not rely on the probabilities of
# a net where there are no data.

figure, axes = plt.subplots(2, 3, figsize=(9, 6.2), layout="constrained")
sizes = {"3 units": 3, "10 units": 10, "2 x 30 units": (30, 30)}
pale = {"cmap": "RdBu", "vmin": -1, "vmax": 2}
for activation, row in zip(("relu", "tanh"), axes):
    for (name, hidden_size), ax in zip(sizes.items(), row):
        net = TwoLayerMLPClassifier(
            hidden_size=hidden_size, activation=activation, batch_size=10, random_state=0
        ).fit(X, y)
        DecisionBoundaryDisplay.from_estimator(
            net, X, response_method="predict_proba", plot_method="pcolormesh", ax=ax, **pale
        )
        ax.scatter(*X.T, c=y, s=16, edgecolor="white", linewidth=0.5, cmap="RdBu")
        ax.set(xticks=[], yticks=[], title=f"{activation}, {name}: {net.score(X, y):.0%}")
plt.show()
