"""
Which candidates does halving drop?
===================================

Most candidates of a search are behind after a few epochs, and yet are trained to the end.
:class:`~sklearn_softmax.FusedHalvingGridSearchCV` lets only the best third of them go on, to three
times as many epochs, from where they stand.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sklearn_softmax import FusedHalvingGridSearchCV, SearchResultsDisplay, SoftmaxRegression

X, y = load_digits(return_X_y=True)
X /= 16

grid = {
    "lr": [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0],
    "momentum": [0.0, 0.5, 0.9],
}
search = FusedHalvingGridSearchCV(
    SoftmaxRegression(random_state=0),
    grid,
    max_resources=162,
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
)
print(search.plan(X, y))

# %%
# Each candidate is a line, which ends with a cross where it was dropped: twenty after 6 epochs, six
# after 18, two after 54. The two that reach the end are named.
#
# The winner was the seventh of thirty in the first rung, and far from the best. Candidates that are
# slow to start may be good in the end, so the first rung has to be long enough for them to be among
# the best third: ``min_resources`` and ``factor`` set how patient a halving is.

search.fit(X, y)
print(f"{search.best_params_}: {search.best_score_:.4f}")
SearchResultsDisplay.from_search(search)
plt.show()
