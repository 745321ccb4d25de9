r"""Rosenblatt's online rule, one row per step, at the speed of matrix products.

The weights change only on a mistake. A stretch of rows is scored with one product, the first
mistake in it changes the weights, and the next stretch begins after it. Long stretches cost
needless scores, short ones more products; the best length is the square root of (2 x rows per
mistake x fixed cost of a product in rows). It follows the rate of mistakes.

Nothing is approximate: a product rounds differently from a sum term by term, so a score whose sign
rounding could change is summed again in the order of the features. The result does not depend on
the length of the stretches.
"""

import math
from itertools import chain
from operator import matmul

import numpy as np
from scipy import linalg, sparse

from sklearn_softmax._training.mini_batch import RowFigures
from sklearn_softmax._training.schedule_free import AverageState

STRETCH_COST = 16  # fixed cost of a product, in rows scored in the same time
FIRST_ROWS = 128


class OnlinePass:
    r"""A pass of Rosenblatt's rule, for :class:`sklearn_softmax._training.epochs.EpochSolver`.

    .. math:: w \leftarrow w + \alpha c_i s_i x_i, \quad b \leftarrow b + \alpha c_i s_i
              \qquad \text{where} \quad s_i (w^\top x_i + b) \le 0

    with s = 1 for the second class and -1 for the first, and c the weight of the row.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n_samples, n_features)
        Samples of all passes.

    References
    ----------
    F. Rosenblatt, "The perceptron: a probabilistic model for information storage and
    organization in the brain" (1958).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.parameters import Parameters
    >>> from sklearn_softmax._training.hyperparameters import Hyperparameters
    >>> from sklearn_softmax._training.online import OnlinePass
    >>> from sklearn_softmax._training.rows import Rows
    >>> params, rows = Parameters(np.zeros((1, 3)), (2, 1)), Rows(np.eye(2), np.array([0, 1]))
    >>> values = Hyperparameters(*np.ones((2, 1)), *np.zeros((2, 1)))
    >>> figures = OnlinePass(rows.X)(params, None, rows, values)
    >>> params.weights[0], figures.is_correct
    (array([[[-1.,  1.]]]), array([[False, False]]))
    """

    def __init__(self, X):
        is_sparse = sparse.issparse(X)
        with np.errstate(over="ignore"):
            self._largest_norm = None if is_sparse else math.sqrt(np.max(np.vecdot(X, X)))
        # np.vecdot reads row by row, which is faster if rows are contiguous.
        self._product = np.vecdot if not is_sparse and X.flags.c_contiguous else matmul

    def __call__(self, params, state, rows, hyperparameters):
        """Step through all rows and learn from the misclassified ones.

        Parameters
        ----------
        params : Parameters
            Of a linear model of one output; changed in place.
        state : AverageState or object
            State of the optimizer; only the state of an average is changed, in place.
        rows : Rows
            In the order of training.
        hyperparameters : Hyperparameters
            Only the learning rate is used.

        Returns
        -------
        figures : RowFigures
            For one model.
        """
        signs = np.where(rows.y == 1, 1, -1).astype(rows.X.dtype)
        steps = float(hyperparameters.lr[0]) * signs
        if rows.weight is not None:
            steps = (steps * rows.weight).astype(steps.dtype)
        margins = np.empty(len(rows), rows.X.dtype)
        average = state if isinstance(state, AverageState) else None
        model = _Perceptron(params, average, self._product, self._largest_norm)
        n_mistakes = 0
        # The rate of mistakes is first estimated after a short block.
        first = min(FIRST_ROWS, len(rows))
        for block in chain(rows.blocks(stop=first), rows.blocks(first)):
            # The prior is one mistake per eight rows, with the weight of FIRST_ROWS rows.
            mistake_rate = (FIRST_ROWS / 8 + n_mistakes) / (FIRST_ROWS + block.start)
            n_mistakes += model.learn_from_block(
                rows.read(block),
                signs=signs[block],
                steps=steps[block],
                margins=margins[block],
                length=math.isqrt(int(2 * STRETCH_COST / mistake_rate)),
            )
        margins = margins[np.newaxis]
        return RowFigures(np.maximum(-margins, 0), margins > 0)


class _Perceptron:
    """Perceptron in training, with a bound below which the sign of a score is uncertain."""

    def __init__(self, params, average, product, largest_norm):
        self.w, self.b = _views(params)
        self.average = average
        self.lag = average and _views(params.replace_vector(average.lag))
        self.change = np.empty_like(self.w)  # buffer
        self.product, self.largest_norm = product, largest_norm

    def learn_from_block(self, X, *, signs, steps, margins, length):
        """Learn in stretches of ``length`` rows; overwrite margins, count mistakes."""
        self.bound = self._bound(steps)
        # NumPy compares faster with an array than with a Python number.
        self.limit = np.asarray(self.bound, self.w.dtype)
        first = n_mistakes = 0
        while first < len(margins):
            stretch = slice(first, first + length)
            distance = self._first_mistake(X[stretch], signs[stretch], margins[stretch])
            if distance is None:
                first += length
            else:
                self._learn(X, first + distance, steps[first + distance, ...])
                first += distance + 1
                n_mistakes += 1
        if self.average:
            self.average.n_steps += len(margins)
        return n_mistakes

    def _bound(self, steps):
        """Return a bound that holds for a block, whichever of its rows change the weights."""
        if self.largest_norm is None:
            return 0.0  # scores of sparse rows are always summed term by term
        # Let v be the weights and the intercept, R the largest norm of a row or 1, and u half
        # of eps. A score of n products and an intercept, in any order and fused or not, is
        # within (n + 1) u sqrt(2) R |v| of the true one, to first order. Two such scores differ
        # by at most the sum, sqrt(2) (n + 1) eps R |v|. With 2 (n + 4) in place of
        # sqrt(2) (n + 1) it covers the higher orders and the rounding of the norms while n eps
        # is below 0.2, that is for a million features in single precision. Underflow adds less
        # than n times the smallest normal number.
        n, limits = len(self.w), np.finfo(self.w.dtype)
        norm = min(max(self.largest_norm, 1.0), float(limits.max))
        rounding = 2 * (n + 4) * float(limits.eps) * norm
        # The angle between v and a mistake is at least a right one, up to rounding: v . x <=
        # rounding |v| / 2 for the signed row, so a step c adds at most 2 c^2 R^2 + c rounding |v|
        # to |v|^2. The sum over all rows of the block, solved for the longest |v|:
        size = linalg.norm(np.append(self.w, self.b), check_finite=False)
        growth = 2 * norm * linalg.norm(steps, check_finite=False)
        longest = math.hypot(size, growth) + rounding * float(np.abs(steps).sum())
        return rounding * longest + n * float(limits.tiny)

    def _first_mistake(self, X, signs, margins):
        """Return the index of the first mistake or None; overwrite the margins."""
        scores = self.product(X, self.w)
        for b in self.b:
            scores += b
        np.multiply(scores, signs, margins)
        mistakes = margins <= self.limit
        first = mistakes.argmax()
        if self.bound and mistakes[first] and margins[first] >= -self.bound:
            rows = np.flatnonzero(np.abs(margins) <= self.limit)
            margins[rows] = signs[rows] * self._sum_in_order(X[rows])
            mistakes = margins <= 0
            first = mistakes.argmax()
        return int(first) if mistakes[first] else None

    def _sum_in_order(self, X):
        """Return scores of rows, summed term by term in the order of the features."""
        return sum(self.b, start=np.cumsum(X * self.w, axis=1)[:, -1])

    def _learn(self, X, i, step):
        """Change the weights and the intercept by a step along row i."""
        self._add(self.w, self.b, X, i, step)
        if self.lag:
            self._add(*self.lag, X, i, step * (self.average.n_steps + i))

    def _add(self, w, intercepts, X, i, step):
        """Add a step along row i to a vector of weights and its intercept."""
        if self.largest_norm is None:
            row = slice(X.indptr[i], X.indptr[i + 1])
            w[X.indices[row]] += step * X.data[row]
        else:
            np.multiply(X[i], step, self.change)
            w += self.change
        for b in intercepts:
            b[()] = b + step


def _views(params):
    """Return views of the weights of a model of one output and, if there is one, its intercept."""
    return params.weights[0][0, 0], [b[0, 0, 0, ...] for b in params.intercepts]
