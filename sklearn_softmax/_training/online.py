r"""Rosenblatt's online rule, a row a step, at the speed of matrix products.

The weights change only on a mistake. So a stretch of rows is scored with one
product, the first mistake among them changes the weights, and the next stretch begins
after it. Scoring too many rows in vain costs as much as beginning too often where a
stretch has the length of the square root of (mean distance of mistakes x cost of a
beginning x 2), the cost being counted in rows; so the stretches follow the mistakes.

Nothing is approximate: a product rounds differently from a sum taken term by term, so
where a score is too close to 0 for its sign to be certain, it is summed again in the
order of the features. The result does not depend on how long the stretches are.

Where mistakes are dense and rows short, the few calls of a mistake take longer than plain
Python takes for the rows up to the next one. Its sums are in the order of the features, too.
"""

import math
from functools import cache
from itertools import chain
from operator import matmul

import numpy as np
from scipy import linalg, sparse

COST_OF_BEGINNING = 16  # rows that could have been scored in its time
# The same in plain Python: products, of which a row takes some more than it has features.
PRODUCTS_OF_BEGINNING, PRODUCTS_OF_ROW = 120, 3
FIRST_ROWS = 128


class OnlinePass:
    r"""A pass of Rosenblatt's rule, for :func:`sklearn_softmax._training.epochs.epochs`.

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
    >>> from sklearn_softmax._model.parameters import Parameters
    >>> from sklearn_softmax._training.hyperparameters import Hyperparameters
    >>> from sklearn_softmax._training.online import OnlinePass
    >>> from sklearn_softmax._training.rows import Rows
    >>> params, rows = Parameters(np.zeros((1, 3)), (2, 1)), Rows(np.eye(2), np.array([0, 1]))
    >>> values = Hyperparameters(*np.ones((2, 1)), *np.zeros((2, 1)))
    >>> losses, is_correct = OnlinePass(rows.X)(params, {}, rows, values)
    >>> params.weights[0], is_correct
    (array([[[-1.,  1.]]]), array([[False, False]]))
    """

    def __init__(self, X):
        is_sparse = sparse.issparse(X)
        with np.errstate(over="ignore"):
            self._largest_norm = None if is_sparse else math.sqrt(np.max(np.vecdot(X, X)))
        # np.vecdot takes a row at a time, which reads memory faster where a row lies in one piece.
        self._product = np.vecdot if not is_sparse and X.flags.c_contiguous else matmul

    def __call__(self, params, state, rows, hyperparameters):
        """Take every row in turn, and learn from those on the wrong side.

        Parameters
        ----------
        params : Parameters
            Of a linear model of one output; changed in place.
        state : dict
            Of the optimiser: empty, or that of AveragedGradientDescent; changed in place.
        rows : Rows
            In the order to take them.
        hyperparameters : Hyperparameters
            Of which the learning rate counts.

        Returns
        -------
        losses : ndarray of shape (1, n_rows)
            Perceptron criterion of each row when its turn came.
        is_correct : ndarray of shape (1, n_rows), bool
            Whether it lay on the side of its class then.
        """
        signs = np.where(rows.y == 1, 1, -1).astype(rows.X.dtype)
        steps = float(hyperparameters.lr[0]) * signs
        if rows.weight is not None:
            steps = (steps * rows.weight).astype(steps.dtype)
        margins = np.empty(len(rows), rows.X.dtype)
        model = _Perceptron(params, state, self._product, self._largest_norm)
        n_mistakes = 0
        # The first few rows show how to take the others.
        first = min(FIRST_ROWS, len(rows))
        for block in chain(rows.blocks(stop=first), rows.blocks(first)):
            # As if one row in eight of as many had been a mistake before.
            share = (FIRST_ROWS / 8 + n_mistakes) / (FIRST_ROWS + block.start)
            of_block = rows.read(block), signs[block], steps[block], margins[block]
            n_mistakes += model.learn_from_block(*of_block, share)
        if state:
            state["n_steps"] += len(rows)
        margins = margins[np.newaxis]
        return np.maximum(-margins, 0), margins > 0


def _stretch(share_of_mistakes):
    """Rows to score at once where this share of them are mistakes."""
    return math.isqrt(int(2 * COST_OF_BEGINNING / share_of_mistakes))


def _is_dense(share_of_mistakes, X):
    """Whether mistakes come sooner than plain Python would need a beginning's time for."""
    if sparse.issparse(X) or X.dtype != np.float64:  # Python's numbers are of double precision
        return False
    return share_of_mistakes * PRODUCTS_OF_BEGINNING > X.shape[1] + PRODUCTS_OF_ROW


@cache
def _written_out(n_weights):
    """Rosenblatt's rule for so many weights: to loop over a few takes longer than to name them."""
    w, x = ([f"{name}{i}" for i in range(n_weights)] for name in "wx")
    source = f"""
def learn(rows, vector):
    {", ".join(w)}, = vector
    margins = []
    for {", ".join(x)}, step in rows:
        margin = 0.0 + {" + ".join(map("{} * {}".format, w, x))}
        margins.append(margin)
        if margin <= 0:
            {"; ".join(map("{} += step * {}".format, w, x))}
    return [{", ".join(w)}], margins
"""
    namespace = {}
    exec(source, namespace)
    return namespace["learn"]


class _Perceptron:
    """Weights that learn, and the bound within which the sign of a score is uncertain."""

    def __init__(self, params, state, product, largest_norm):
        self.vector, self.w, self.b = _views(params)
        self.lag = _views(params.on(state["lag"])) if state else ()
        self.n_steps = state.get("n_steps", 0)
        self.change = np.empty_like(self.w)  # spares an array a mistake
        self.product, self.largest_norm = product, largest_norm

    def learn_from_block(self, X, signs, steps, margins, share_of_mistakes):
        """Take a block, of which about a share are mistakes; writes the margins, counts them."""
        if _is_dense(share_of_mistakes, X):
            n_mistakes = self._learn_row_by_row(X, signs, steps, margins)
        else:
            length = _stretch(share_of_mistakes)
            n_mistakes = self._learn_in_stretches(X, signs, steps, margins, length)
        self.n_steps += len(margins)
        return n_mistakes

    def _learn_row_by_row(self, X, signs, steps, margins):
        """Take the rows of a block one after the other in plain Python."""
        if self.b:
            X = np.column_stack([X, np.ones(len(X))])  # the intercept is the last of the sum
        X, steps = X * signs[:, np.newaxis], np.abs(steps)
        # Tuples that zip makes are quicker than a list a row.
        rows, learn = zip(*X.T.tolist(), steps.tolist()), _written_out(X.shape[1])
        self.vector[:], margins[:] = learn(rows, self.vector.tolist())
        mistakes = np.flatnonzero(margins <= 0)
        if self.lag:
            lag, *_ = self.lag
            late = steps[mistakes] * (self.n_steps + mistakes)
            # Added up in the order of the rows, which np.sum would not promise.
            lag[:] = np.cumsum(np.vstack([lag, X[mistakes] * late[:, np.newaxis]]), axis=0)[-1]
        return len(mistakes)

    def _learn_in_stretches(self, X, signs, steps, margins, length):
        """Take the rows of a block in stretches of a length."""
        self.bound = self._bound(steps)
        # NumPy compares faster with an array than with a Python number.
        self.limit = np.asarray(self.bound, self.w.dtype)
        first = n_mistakes = 0
        while first < len(margins):
            ahead = slice(first, first + length)
            distance = self._first_mistake(X[ahead], signs[ahead], margins[ahead])
            if distance is None:
                first += length
            else:
                self._learn(X, first + distance, steps[first + distance, ...])
                first += distance + 1
                n_mistakes += 1
        return n_mistakes

    def _bound(self, steps):
        """Bound for a whole block, whichever of its rows will change the weights."""
        if self.largest_norm is None:
            return 0.0  # scores of sparse rows are summed term by term anyway
        # Let v be the weights and the intercept, R the largest norm of a row or 1, and u half
        # of eps. A score of n products and an intercept, in any order and fused or not, is
        # within (n + 1) u sqrt(2) R |v| of the true one, to first order. Two such scores differ
        # by at most the sum, sqrt(2) (n + 1) eps R |v|. With 2 (n + 4) in place of
        # sqrt(2) (n + 1) it covers the higher orders and the rounding of the norms while n eps
        # is below 0.2, that is for a million features in single precision. What underflows is
        # less than n times the smallest normal number.
        n, limits = len(self.w), np.finfo(self.w.dtype)
        norm = min(max(self.largest_norm, 1.0), float(limits.max))
        rounding = 2 * (n + 4) * float(limits.eps) * norm
        # A mistake turns v by a right angle or more, but for rounding: v . x <= rounding |v|
        # / 2 for the signed row, so a step c adds at most 2 c^2 R^2 + c rounding |v| to |v|^2.
        # Summed over all rows of the block, and solved for the longest |v|:
        size = linalg.norm(np.append(self.w, self.b), check_finite=False)
        growth = 2 * norm * linalg.norm(steps, check_finite=False)
        longest = math.hypot(size, growth) + rounding * float(np.abs(steps).sum())
        return rounding * longest + n * float(limits.tiny)

    def _first_mistake(self, X, signs, margins):
        """Index of the first row on the wrong side, or None; writes the margins."""
        scores = self.product(X, self.w)
        for b in self.b:
            scores += b
        np.multiply(scores, signs, margins)
        mistakes = margins <= self.limit
        first = mistakes.argmax()
        if self.bound and mistakes[first] and margins[first] >= -self.bound:
            doubtful = np.flatnonzero(np.abs(margins) <= self.limit)
            margins[doubtful] = signs[doubtful] * self._summed_in_order(X[doubtful])
            mistakes = margins <= 0
            first = mistakes.argmax()
        return int(first) if mistakes[first] else None

    def _summed_in_order(self, X):
        """Scores of rows, term by term in the order of the features."""
        return sum(self.b, start=np.cumsum(X * self.w, axis=1)[:, -1])

    def _learn(self, X, i, step):
        """Change the weights and the intercept by a step along row i."""
        self._add(self.w, self.b, X, i, step)
        if self.lag:
            _, w, b = self.lag
            self._add(w, b, X, i, step * (self.n_steps + i))

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
    """Vector of a model of one output, its weights and, if there is one, its intercept."""
    intercepts = [b[0, 0, 0, ...] for b in params.intercepts]
    return params.vector[0], params.weights[0][0, 0], intercepts
