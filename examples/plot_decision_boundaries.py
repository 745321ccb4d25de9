"""
How many hidden units does a spiral need?
=========================================

Each hidden unit of a net adds a bend to the boundary that it can draw between classes. Two spirals,
wound into one another, need some.
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
# The colours are probabilities, pale where the net is sure and white where it is undecided, so that
# the rows stand out in the strong colours of their classes; the figures are accuracies.
#
# Three units cannot follow the spirals. Ten can, and what they are made of shows: relu units make
# straight pieces and corners, tanh units make bends. Two layers of thirty draw the whole boundary,
# and are sure of it nearly everywhere, far from the rows too: where there are no data, a net's
# certainty means nothing.

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
