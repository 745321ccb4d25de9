r"""Rosenblatt's online rule, a row a step, at the speed of matrix products.

The weights change only on a mistake. So a stretch of rows is scored with one
product, the first mistake among them changes the weights, and the next stretch begins
behind it. Scoring too many rows in vain costs as much as beginning too often where a
stretch has the length of the square root of (mean distance of mistakes x cost of a
beginning x 2), the cost being counted in rows; so the stretches follow the mistakes.

Nothing is approximate: a product rounds differently from a sum taken term by term, so
where a score is too close to 0 for its sign to be certain, it is summed again in the
order of the features. The result does not depend on how long the stretches are.
"""

import math

import numpy as np
from scipy import sparse

COST_OF_BEGINNING = 16  # rows that could have been scored in its time


class OnlinePass:
    r"""A pass of Rosenblatt's rule, for :func:`sklearn_softmax.training.epochs`.

    .. math:: w \leftarrow w + \alpha c_i s_i x_i, \quad b \leftarrow b + \alpha c_i s_i
              \qquad \text{where} \quad s_i (w^\top x_i + b) \le 0

    with s = 1 for the second class and -1 for the first, and c the row's weight as it
    is given.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n_samples, n_features)
        The samples that the passes will read.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information storage and
    organization in the brain" (1958).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax.online_perceptron import OnlinePass
    >>> from sklearn_softmax.rows import Rows
    >>> from sklearn_softmax.training import State
    >>> rows = Rows(np.eye(2), np.array([0, 1]))
    >>> state = State([np.zeros((1, 2)), np.zeros((1, 1))], None)
    >>> losses, correct = OnlinePass(rows.X)(state, rows, lr=1.0)
    >>> state.params[0], correct
    (array([[-1.,  1.]]), array([False, False]))
    """

    def __init__(self, X):
        self._rounding = 0.0  # scores of sparse rows are summed term by term anyway
        if not sparse.issparse(X):
            limits = np.finfo(X.dtype)
            largest_norm = np.sqrt(np.max(np.vecdot(X, X)))
            self._rounding = (
                2 * (X.shape[1] + 4) * limits.eps * np.clip(largest_norm, 1, limits.max)
            )

    def __call__(self, state, rows, lr, batch_size=1):
        """Take every row in turn, and learn from those on the wrong side.

        Parameters
        ----------
        state : State
            With the parameters of a linear model of one output; changed in place.
        rows : Rows
            In the order to take them.
        lr : float
        batch_size : int, default=1
            Always 1.

        Returns
        -------
        losses : ndarray of shape (n_rows,)
            Perceptron criterion of each row when its turn came.
        correct : ndarray of shape (n_rows,), bool
            Whether it lay on its own side then.
        """
        signs = np.where(rows.y == 1, 1, -1).astype(rows.X.dtype)
        steps = lr * signs
        if rows.weight is not None:
            steps = (steps * rows.weight).astype(steps.dtype)
        margins = np.empty(len(rows), rows.X.dtype)
        model = _Perceptron(state.params, self._rounding)
        n_mistakes = 0
        for block in rows.blocks(0, len(rows)):
            X, first, n = rows.read(block), 0, block.stop - block.start
            own_signs, own_steps, own_margins = signs[block], steps[block], margins[block]
            while first < n:
                ahead = slice(first, first + _stretch(block.start + first, n_mistakes))
                distance = model.first_mistake(X[ahead], own_signs[ahead], own_margins[ahead])
                if distance is None:
                    first = ahead.stop
                else:
                    model.learn(X, first + distance, own_steps[first + distance])
                    first += distance + 1
                    n_mistakes += 1
        return np.maximum(-margins, 0), margins > 0


def _stretch(n_rows, n_mistakes):
    """Rows to score at once after so many rows and mistakes."""
    # As if 4 mistakes in 128 rows had come before.
    return math.isqrt(2 * COST_OF_BEGINNING * (128 + n_rows) // (4 + n_mistakes))


class _Perceptron:
    """Weights that learn, and the bound below which the sign of a score is uncertain."""

    def __init__(self, params, rounding):
        self.w, *self.b = (p[0] for p in params)
        self.rounding = rounding
        self._note_bound()

    def _note_bound(self):
        size = abs(self.b[0][0]) if self.b else 0
        self.bound = self.rounding * (_norm(self.w) + size)

    def first_mistake(self, X, signs, margins):
        """Number of the first row on the wrong side, or None; writes the margins."""
        scores = X @ self.w
        if self.b:
            scores += self.b[0]
        np.multiply(signs, scores, out=margins)
        mistakes = margins <= self.bound
        first = mistakes.argmax()
        if not mistakes[first]:
            return None
        if margins[first] < -self.bound or not self.rounding:
            return first
        doubtful = np.flatnonzero(np.abs(margins) <= self.bound)
        margins[doubtful] = signs[doubtful] * self._summed_in_order(X[doubtful])
        mistakes = margins <= 0
        first = mistakes.argmax()
        return first if mistakes[first] else None

    def _summed_in_order(self, X):
        scores = np.cumsum(X * self.w, axis=1)[:, -1]
        return scores + self.b[0] if self.b else scores

    def learn(self, X, i, step):
        if sparse.issparse(X):
            own = slice(X.indptr[i], X.indptr[i + 1])
            self.w[X.indices[own]] += step * X.data[own]
        else:
            self.w += step * X[i]
        for intercept in self.b:
            intercept += step
        self._note_bound()


def _norm(w):
    """Norm of the weights, or a little more where their squares leave the normal range."""
    square = w.dot(w)
    limits = np.finfo(w.dtype)
    if square > limits.tiny / limits.eps:
        return math.sqrt(square)
    return math.sqrt(len(w)) * np.abs(w).max()
