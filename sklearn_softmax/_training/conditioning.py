"""Steps in standardised features, without a standardised copy of X."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import issparse

from sklearn_softmax._training.moments import moments

# Features whose sizes differ by no more than this factor are taken to be in one unit.
SAME_UNIT = 10
# Rows that the curvature is measured on: as many as have this many numbers, and no more.
N_SAMPLED_NUMBERS, FEWEST_ROWS, MOST_ROWS = 2**22, 8, 512


@dataclass(frozen=True)
class Standardisation:
    r"""Coordinates of the layer next to the features, in which these are standardised.

    The scores :math:`W x + b` are those of :math:`W' x' + b'`, where

    .. math:: x'_j = a_j (x_j - \mu_j), \qquad W_{kj} = a_j W'_{kj}, \qquad b = b' - W \mu

    with :math:`a_j = \sqrt{p_j / v_j}` for a feature of variance v that is not 0 in a share p
    of the rows. Without p, a word that stands in one text of a hundred would be ten times as large
    as other features. Steps are taken in W' and b', whose gradients are
    :math:`dW'_{kj} = a_j (dW_{kj} - db_k \mu_j)` and :math:`db'`; the objective, and so its
    optimum, is that of W and b. X itself is left as it is, so sparse rows stay sparse.

    Parameters
    ----------
    mean : ndarray of shape (n_features,) or None
        None where there is no intercept to make up for a shift.
    variance : ndarray of shape (n_features,)
        About the mean; 0 for features that do not vary, whose weights stay 0.
    density : ndarray of shape (n_features,), float64
        Weighted share of the rows in which the feature is not 0.
    n_outputs : int
        Of the layer.
    scale : ndarray of shape (M, 1, n_features)
        The factors a of each model.
    weight : float
        Total weight of the rows that have been seen.

    References
    ----------
    Y. LeCun et al., "Efficient backprop" (1998), section 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.conditioning import standardisation
    >>> from sklearn_softmax._training.rows import Rows
    >>> rows = Rows(np.array([[1.0, 5.0], [9.0, 5.0]]), np.array([0, 1]))
    >>> standardisation(rows, 1, fit_intercept=True, n_models=1).scale
    array([[[0.25, 0.  ]]])
    """

    mean: np.ndarray | None
    variance: np.ndarray
    density: np.ndarray
    n_outputs: int
    scale: np.ndarray
    weight: float

    def of_models(self, models):
        """That of some models."""
        return replace(self, scale=self.scale[models])

    def is_of_same_rows(self, other):
        """Whether the moments are the same, as those of other rows hardly are."""
        has_same_mean = self.mean is None or np.array_equal(self.mean, other.mean)
        return has_same_mean and np.array_equal(self.variance, other.variance)

    def merged(self, other):
        """That of these rows and further ones together.

        Parameters
        ----------
        other : Standardisation
            Of the further rows.

        Returns
        -------
        merged : Standardisation
        """
        weight = self.weight + other.weight
        share = other.weight / weight
        mean, variance = self.mean, self.variance + share * (other.variance - self.variance)
        if mean is not None:
            shift = other.mean - mean
            mean, variance = mean + share * shift, variance + share * (1 - share) * shift**2
        density = self.density + share * (other.density - self.density)
        merged = replace(self, mean=mean, variance=variance, density=density, weight=weight)
        return merged.damped(np.zeros(len(self.scale)))

    def damped(self, damping):
        r"""The same with :math:`a_j = 1 / \sqrt{v_j / p_j + d}` for the damping d of each model.

        Parameters
        ----------
        damping : ndarray of shape (M,)

        Returns
        -------
        damped : Standardisation
        """
        return replace(self, scale=_scale(_squared_sizes(self.variance, self.density), damping))

    def in_one_unit(self):
        """The same with one scale for all features, if their sizes are alike.

        Features of one unit, such as pixels or principal components, tell by their sizes how much
        they matter.

        Returns
        -------
        in_one_unit : Standardisation
        """
        squares = _squared_sizes(self.variance, self.density)
        varying = squares[squares > 0]
        if not varying.size or varying.max() > SAME_UNIT**2 * varying.min():
            return self
        squares = np.where(squares > 0, varying.mean(), 0)
        return replace(self, scale=_scale(squares, np.zeros(len(self.scale))))

    def pull_back(self, gradient):
        """Turn gradients with respect to W and b into those with respect to W' and b'.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
            Changed in place.
        """
        dW, db = self._layer(gradient)
        if self.mean is not None:
            dW -= db * self.mean
        dW *= self.scale

    def push_forward(self, step):
        """Turn steps of W' and b' into those of W and b.

        Parameters
        ----------
        step : ndarray of shape (M, n_parameters)
            Changed in place.
        """
        dW, db = self._layer(step)
        dW *= self.scale
        if self.mean is not None:
            db -= dW @ self.mean[:, np.newaxis]

    @property
    def n_coefficients(self):
        """Number of weights of an output, and its intercept if there is one."""
        return len(self.variance) + (self.mean is not None)

    def layer(self, vector):
        """A view of the layer's part of vectors, of shape (M, n_outputs, n_coefficients)."""
        shape = len(vector), self.n_outputs, self.n_coefficients
        return vector[:, : self.n_outputs * self.n_coefficients].reshape(shape)

    def _layer(self, vector):
        """Views of the weights and intercepts of the layer."""
        layer, n_features = self.layer(vector), len(self.variance)
        return layer[..., :n_features], layer[..., n_features:]

    def design(self, X):
        """The features x' of some rows for the first model, with a 1 if there is an intercept.

        Parameters
        ----------
        X : {ndarray, CSR} of shape (m, n_features)

        Returns
        -------
        design : ndarray of shape (m, n_coefficients), float64
        """
        X = X.toarray() if issparse(X) else X
        design = np.ones((len(X), self.n_coefficients))
        features = design[:, : len(self.variance)]
        np.multiply(X if self.mean is None else X - self.mean, self.scale[0], out=features)
        return design


def standardisation(rows, n_outputs, *, fit_intercept, n_models, class_weight=None):
    """Standardisation by the weighted moments of the rows.

    Parameters
    ----------
    rows : Rows
    n_outputs : int
        Of the layer next to the features.
    fit_intercept : bool
        Without an intercept, mean squares stand in for variances.
    n_models : int
    class_weight : ndarray of shape (M, n_classes) or None, default=None
        Weights of the classes, the same for all models.

    Returns
    -------
    standardisation : Standardisation

    Raises
    ------
    ValueError
        If the squares of the features leave the range of their type.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, variance, density = moments(rows, class_weight, fit_intercept)
        squares = _squared_sizes(variance, density)
    dtype, limits = rows.X.dtype, np.finfo(rows.X.dtype)
    is_in_range = (squares == 0) | ((variance >= limits.tiny) & (squares <= limits.max))
    if not np.all(is_in_range):
        raise ValueError(
            "lr='auto' finds no step size: the squares of the features leave the range of "
            f"{dtype}. Scale the data, for instance with StandardScaler."
        )
    mean = None if mean is None else mean.astype(dtype)
    variance = variance.astype(dtype)
    scale = _scale(_squared_sizes(variance, density), np.zeros(n_models))
    return Standardisation(mean, variance, density, n_outputs, scale, rows.total_weight)


def _squared_sizes(variance, density):
    """Mean squares of features about their mean, where they are not 0."""
    return (variance / np.where(density > 0, density, 1)).astype(variance.dtype)


def _scale(squares, damping):
    """Factors of features of these squared sizes, 0 for those that do not vary."""
    varies = squares > 0
    damped = squares + damping[:, np.newaxis, np.newaxis].astype(squares.dtype)
    return varies / np.sqrt(np.where(varies, damped, 1))


def largest_curvature(rows, standardisation, batch_size, class_weight=None):
    r"""Bound on the curvature of the mini-batch squared scores, in standardised features.

    .. math:: \frac{m - 1}{m} \|G\|_F + \frac{1}{m} \mathrm{tr}\, G,
              \qquad G = \frac{1}{k} \tilde{X}' \tilde{X}'^\top

    with m the batch size and :math:`\tilde{X}'` the weighted standardised features of k rows, each
    with a 1 for the intercept. The Frobenius norm bounds the largest eigenvalue of G, which is
    that of the second moments of the features; the mean squared norm of a row stands in for the
    largest one in the expected smoothness. A batch of all rows has the curvature of G itself.

    Parameters
    ----------
    rows : Rows
        Of which some are taken, evenly.
    standardisation : Standardisation
    batch_size : int
    class_weight : ndarray of shape (M, n_classes) or None, default=None

    Returns
    -------
    curvature : float
        0 where nothing can be learnt: all features 0, no intercept.

    References
    ----------
    R. M. Gower et al., "SGD: general analysis and improved rates" (2019), proposition 3.8.
    """
    n, m = len(rows), min(batch_size, len(rows))
    n_sampled = np.clip(N_SAMPLED_NUMBERS // max(1, rows.X.shape[1]), FEWEST_ROWS, MOST_ROWS)
    sample = np.linspace(0, n - 1, min(n, n_sampled)).astype(int)
    weight = rows.relative_weights(class_weight)
    weight = np.broadcast_to(weight[0] if weight.ndim == 2 else weight, n)[sample, np.newaxis]
    X = rows.X[sample if rows.indices is None else rows.indices[sample]]
    X = standardisation.design(X)
    X *= np.sqrt(weight / len(sample))
    # Of both products, which have the same norm and trace, the smaller one.
    G = X @ X.T if len(X) < X.shape[1] else X.T @ X
    mean_norm = np.trace(G)
    if m == 1 < n:
        return mean_norm
    norm = np.linalg.norm(G)
    return norm if m == n else (m - 1) / m * norm + mean_norm / m
