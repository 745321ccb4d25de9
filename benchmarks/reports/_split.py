"""Training and test rows as the course reports take them."""

from sklearn.model_selection import train_test_split


def first_rows(dataset, *, n_train, n_test, test_size, random_state):
    """The first rows of the official training and test parts.

    Parameters
    ----------
    dataset : Dataset
    n_train, n_test : int
        Rows to take from each part, or all that there are.
    test_size : float
        Share of the test rows where there are no official parts: the rows are then
        shuffled and split with the same share of each class.
    random_state : int
        Seed of that split.

    Returns
    -------
    X_train, X_test, y_train, y_test : ndarray
    """
    X, y, border = dataset.X, dataset.y, dataset.n_train
    if border is None:
        return train_test_split(X, y, test_size=test_size, stratify=y, random_state=random_state)
    train, test = slice(min(n_train, border)), slice(border, border + n_test)
    return X[train], X[test], y[train], y[test]
