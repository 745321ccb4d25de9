"""
Which candidates does halving drop?
===================================

:class:`~sklearn_softmax.FusedHalvingGridSearchCV` drops candidates with low scores after a few
epochs. At each rung, the best third of the candidates continue, to three times as many epochs. They
resume where they stopped.
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
# Each line is a candidate. It ends with a cross at the epoch at which the candidate was dropped: 20
# candidates after 6 epochs, 6 after 18 and 2 after 54. The legend names the last two.
#
# The best candidate of the search was only seventh of thirty at the first rung. A candidate with
# slow progress can be the best one after many epochs. Increase ``min_resources`` to make the first
# rung longer, or decrease ``factor`` to keep more candidates.

search.fit(X, y)
print(f"{search.best_params_}: {search.best_score_:.4f}")
SearchResultsDisplay.from_search(search)
plt.show()
