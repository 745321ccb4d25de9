"""
Which of 54 configurations is best?
===================================

Batch sizes, learning rates, numbers of epochs and penalties soon make a large grid.
:class:`~sklearn_softmax.FusedGridSearchCV` trains those configurations together that learn from the
same batches, and finds the scores that ``GridSearchCV`` finds.
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
# The plan of a search tells what trains together. The three numbers of epochs are one model, looked
# at on the way; the nine models of a batch size are one stack, which takes each batch once.

print(search.plan(X, y))

# %%
# Every configuration is a point, with the deviation over the three folds. Three in a row differ in
# their penalty, and hardly in their score. From one three to the next the epochs double, and the
# score rises, most with the large batches and the small rate: these models are far from their end
# yet. So the best ones are those that take many steps at a high rate.

search.fit(X, y)
print(search.best_params_)
SearchResultsDisplay.from_search(search)
plt.show()

# %%
# Fewer points tell more: the best score with each number of epochs, for each learning rate. More
# epochs help all three rates, the smallest one most; the two larger ones end close together.

# sphinx_gallery_thumbnail_number = 2
SearchResultsDisplay.from_search(search, parameter="n_epochs", lines="lr")
plt.show()
