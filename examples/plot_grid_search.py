"""
Which of 54 configurations is best?
===================================

:class:`~sklearn_softmax.FusedGridSearchCV` finds it faster than ``GridSearchCV``, with the same
scores. It trains configurations together if they use the same batches.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from sklearn_softmax import FusedGridSearchCV, SearchResultsDisplay, SoftmaxRegression

X, y = load_digits(return_X_y=True)
X /= 16

grid = {
    "batch_size": [100, 400],
    "lr": [0.1, 0.5, 1.0],
    "n_epochs": [50, 100, 200],
    "reg_param": [0.0, 0.1, 1.0],
}
cv = StratifiedKFold(3, shuffle=True, random_state=0)
search = FusedGridSearchCV(SoftmaxRegression(random_state=0), grid, cv=cv)

# %%
# The plan of a search shows which configurations train together. Three configurations that differ
# only in the number of epochs are one model, which is read off three times. The nine models of a
# batch size train on the same batches.

print(search.plan(X, y))

# %%
# Each configuration is a point, with the standard deviation over the three folds. Groups of three
# points differ in the penalty, which hardly changes the score. The score rises with the number of
# epochs, most with large batches and a small learning rate: these models need more epochs. The best
# configurations take many steps with a large learning rate.

search.fit(X, y)
print(search.best_params_)
SearchResultsDisplay.from_search(search)
plt.show()

# %%
# This figure shows the best score for each number of epochs and learning rate. More epochs improve
# the score for all three learning rates, most for the smallest one.

# sphinx_gallery_thumbnail_number = 2
SearchResultsDisplay.from_search(search, parameter="n_epochs", lines="lr")
plt.show()
