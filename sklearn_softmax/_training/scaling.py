"""Feature scaling as a change of variables, without a standardised copy of X."""

from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np
from scipy.sparse import issparse

from sklearn_softmax._model.floating_point import SILENT
from sklearn_softmax._training.state import SHARED

# Features whose sizes differ by at most this factor can share a common scale.
COMMON_SCALE_RATIO = 10
# Rounding errors in units of the deviation. Features above the first limit cannot be learned
# reliably; those above the second one count as constant.
NOTICEABLE_ROUNDING, MAX_ROUNDING = 0.01, 0.1
# The curvature is measured on a sample of at most MAX_ROWS rows and about SAMPLE_SIZE numbers.
SAMPLE_SIZE, MIN_ROWS, MAX_ROWS = 2**22, 8, 512


@dataclass(frozen=True)
class FeatureMoments:
    """Weighted moments of the features.

    Parameters
    ----------
    mean : ndarray of shape (n_features,) or None
        None without an intercept: features are then not shifted.
    deviation : ndarray of shape (n_features,), float64
        Standard deviation, 0 for constant features; without an intercept, the root mean square.
    density : ndarray of shape (n_features,), float64
        Weighted fraction of the rows in which the feature is not 0.
    total_weight : float
    """

    mean: np.ndarray | None
    deviation: np.ndarray
    density: np.ndarray
    total_weight: float

    @property
    def sizes(self):
        """Return the deviations over the rows in which a feature is not 0."""
        return self.deviation / np.sqrt(np.where(self.density > 0, self.density, 1))

    def relative_rounding(self, dtype):
        """Return the rounding errors of the values of each feature in units of its deviation.

        Parameters
        ----------
        dtype : dtype

        Returns
        -------
        relative_rounding : ndarray of shape (n_features,)
            0 for constant features, and without an intercept.
        """
        rounding = np.zeros(len(self.deviation))
        if self.mean is not None:
            errors = np.finfo(dtype).eps * np.abs(self.mean)
            np.divide(errors, self.deviation, out=rounding, where=self.deviation > 0)
        return rounding

    def equals(self, other):
        """Return whether the moments are equal; those of different rows hardly ever are."""
        has_equal_mean = self.mean is None or np.array_equal(self.mean, other.mean)
        return has_equal_mean and np.array_equal(self.deviation, other.deviation)

    def merge(self, other):
        """Return the moments of the rows of both.

        Parameters
        ----------
        other : FeatureMoments

        Returns
        -------
        merged : FeatureMoments
        """
        total_weight = self.total_weight + other.total_weight
        fraction = other.total_weight / total_weight
        mean = self.mean
        deviation = np.hypot(
            np.sqrt(1 - fraction) * self.deviation, np.sqrt(fraction) * other.deviation
        )
        if mean is not None:
            shift = other.mean - mean
            mean = mean + fraction * shift
            deviation = np.hypot(deviation, np.sqrt(fraction * (1 - fraction)) * shift)
        density = self.density + fraction * (other.density - self.density)
        return FeatureMoments(mean, deviation, density, total_weight)


@np.errstate(**SILENT)
def feature_moments(rows, class_weight, fit_intercept):
    """Return the moments of the features, read block by block.

    Parameters
    ----------
    rows : Rows
    class_weight : ndarray of shape (M, n_classes) or None
        Class weights, equal for all models.
    fit_intercept : bool

    Returns
    -------
    moments : FeatureMoments
    """
    weight = rows.relative_weights(class_weight)
    weight = np.broadcast_to(weight[0] if weight.ndim == 2 else weight, len(rows))
    moments = []
    for block in rows.blocks():
        has_weight = weight[block] > 0
        if np.any(has_weight):
            X = rows.read(block)
            X = X if np.all(has_weight) else X[has_weight]
            moments.append(_block_moments(X, weight[block][has_weight]))
    merged = replace(reduce(FeatureMoments.merge, moments), total_weight=rows.total_weight)
    if fit_intercept:
        return merged
    return replace(merged, mean=None, deviation=np.hypot(merged.mean, merged.deviation))


def _block_moments(X, weight):
    """Return the moments of some rows, exact for constant features."""
    total_weight = np.sum(weight)
    weight = weight / total_weight
    X = X.astype(np.float64)  # a copy, changed below
    density = weight @ (X != 0)
    if issparse(X):
        X.eliminate_zeros()
        values, columns, origin = X.data, X.indices, X[:1].toarray()[0]
        # Features that are 0 in some rows are not shifted, so their zeros need not be stored.
        is_shifted = np.bincount(columns, minlength=X.shape[1]) == X.shape[0]
        origin = np.where(is_shifted, origin, 0)
        zero_weight = np.where(is_shifted, 0, np.maximum(1 - density, 0))
    else:
        values, columns, origin, zero_weight = X, slice(None), X[0].copy(), 0
    values -= origin[columns]
    largest = abs(X).max(axis=0)
    largest = largest.toarray().ravel() if issparse(X) else largest
    unit = np.where(largest > 0, largest, 1)
    values /= unit[columns]
    mean = weight @ X
    values -= mean[columns]
    np.square(values, out=values)
    deviation = unit * np.sqrt(weight @ X + zero_weight * mean**2)
    return FeatureMoments(origin + unit * mean, deviation, density, total_weight)


@dataclass(frozen=True)
class FeatureScaling:
    r"""Coordinates of the first layer in which the features are standardised.

    The scores :math:`W x + b` equal :math:`W' x' + b'` for

    .. math:: x'_j = a_j (x_j - \mu_j), \qquad W_{kj} = a_j W'_{kj}, \qquad b = b' - W \mu

    with :math:`a_j = \sqrt{p_j / v_j}` for a feature of variance v that is not 0 in a fraction p of
    the rows. Without p, a word that occurs in one of a hundred texts would be scaled to ten times
    the size of other features. Steps are taken in W' and b', whose gradients are
    :math:`dW'_{kj} = a_j (dW_{kj} - db_k \mu_j)` and :math:`db'`; the objective and its optimum
    remain those of W and b. X is unchanged, so sparse rows stay sparse.

    Parameters
    ----------
    moments : FeatureMoments
        Of all rows so far.
    mean : ndarray of shape (n_features,) or None
        :math:`\mu`, in the dtype of the parameters.
    scale : ndarray of shape (M, 1, n_features)
        The factors a of each model, 0 for constant features and for those whose rounding errors
        exceed ``MAX_ROUNDING``: their weights stay 0.
    n_outputs : int
        Number of outputs of the first layer.

    References
    ----------
    Y. LeCun et al., "Efficient backprop" (1998), section 4.3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.rows import Rows
    >>> from sklearn_softmax._training.scaling import feature_moments, feature_scaling
    >>> rows = Rows(np.array([[1.0, 5.0], [9.0, 5.0]]), np.array([0, 1]))
    >>> moments = feature_moments(rows, class_weight=None, fit_intercept=True)
    >>> feature_scaling(moments, n_outputs=1, damping=np.zeros(1), dtype=float).scale
    array([[[0.25, 0.  ]]])
    """

    moments: FeatureMoments = field(metadata=SHARED)
    mean: np.ndarray | None = field(metadata=SHARED)
    scale: np.ndarray
    n_outputs: int = field(metadata=SHARED)

    def scale_gradient(self, gradient):
        """Convert gradients by W and b to those by W' and b', in place.

        Parameters
        ----------
        gradient : ndarray of shape (M, n_parameters)
        """
        dW, db = self._first_layer(gradient)
        if self.mean is not None:
            dW -= db * self.mean
        dW *= self.scale

    def unscale_step(self, step):
        """Convert steps of W' and b' to those of W and b, in place.

        Parameters
        ----------
        step : ndarray of shape (M, n_parameters)
        """
        dW, db = self._first_layer(step)
        dW *= self.scale
        if self.mean is not None:
            db -= dW @ self.mean[:, np.newaxis]

    def _first_layer(self, vector):
        """Return views of the weights and intercepts of the first layer."""
        n_features = self.scale.shape[-1]
        width = n_features + (self.mean is not None)
        layer = vector[:, : self.n_outputs * width].reshape(len(vector), self.n_outputs, width)
        return layer[..., :n_features], layer[..., n_features:]


@np.errstate(**SILENT)
def feature_scaling(moments, *, n_outputs, damping, dtype, with_common_scale=False):
    r"""Return the coordinates with :math:`a_j = 1 / \sqrt{v_j / p_j + d}` for the damping d.

    Parameters
    ----------
    moments : FeatureMoments
    n_outputs : int
        Number of outputs of the first layer.
    damping : ndarray of shape (M,)
        d of each model. With a penalty l and a loss of curvature c, :math:`d = l / c` adds the
        curvature of the penalty to that of the loss.
    dtype : dtype
        Type of the parameters.
    with_common_scale : bool, default=False
        Whether features of similar size share one scale. The size of features of the same unit,
        such as pixels, shows their importance.

    Returns
    -------
    scaling : FeatureScaling

    Raises
    ------
    ValueError
        If a deviation is outside the range of the dtype.
    """
    is_imprecise = moments.relative_rounding(dtype) > MAX_ROUNDING
    sizes, varies = moments.sizes, (moments.deviation != 0) & ~is_imprecise
    limit = float(np.finfo(dtype).max)
    n_outside = np.count_nonzero(varies & ~((sizes >= 1 / limit) & (sizes <= limit)))
    if n_outside:
        raise ValueError(
            f"The standard deviations of {n_outside} of {len(varies)} features are outside the "
            f"range of {np.dtype(dtype)}, so they cannot be standardised. Multiply these features "
            "by constants that bring them near 1."
        )
    if with_common_scale and np.any(varies):
        largest, smallest = np.max(sizes[varies]), np.min(sizes[varies])
        if largest <= COMMON_SCALE_RATIO * smallest:
            sizes = largest * np.sqrt(np.mean((sizes[varies] / largest) ** 2))
    damped_sizes = np.hypot(sizes, np.sqrt(damping)[:, np.newaxis, np.newaxis])
    scale = (varies / np.where(varies, damped_sizes, 1)).astype(dtype)
    mean = None if moments.mean is None else moments.mean.astype(dtype)
    return FeatureScaling(moments, mean, scale, n_outputs)


def largest_curvature(rows, scaling, batch_size, class_weight=None):
    r"""Return a bound on the curvature of the squared scores of a batch, in scaled features.

    .. math:: \frac{m - 1}{m} \|G\|_F + \frac{1}{m} \mathrm{tr}\, G,
              \qquad G = \frac{1}{k} \tilde{X}' \tilde{X}'^\top

    with m the batch size and :math:`\tilde{X}'` the weighted scaled features of k rows, each with a
    1 for the intercept. The Frobenius norm bounds the largest eigenvalue of G, which is that of
    the second moments of the features; the mean squared norm of a row replaces the largest one in
    the expected smoothness. A batch of all rows has the curvature of G itself. The norm is at
    least the second moment of every scaled feature over all rows. Features that have been
    constant so far count as varying, because they may vary in later rows.

    Parameters
    ----------
    rows : Rows
        An evenly spaced sample is used.
    scaling : FeatureScaling
        Without damping, hence the same for all models.
    batch_size : int
    class_weight : ndarray of shape (M, n_classes) or None, default=None

    Returns
    -------
    curvature : float
        Above 0.

    References
    ----------
    R. M. Gower et al., "SGD: general analysis and improved rates" (2019), proposition 3.8.
    """
    n, m, n_features = len(rows), min(batch_size, len(rows)), rows.X.shape[1]
    max_rows = int(np.clip(SAMPLE_SIZE // n_features, MIN_ROWS, MAX_ROWS))
    sample = rows.sample(class_weight, max_rows)
    weight = sample.relative_weights(class_weight)
    weight = weight[0] if weight.ndim == 2 else weight
    X = sample.read(slice(0, len(sample)))
    X = X.toarray() if issparse(X) else X
    shift = 0 if scaling.mean is None else scaling.moments.mean
    X = np.column_stack([(X - shift) * scaling.scale[0], np.full(len(X), scaling.mean is not None)])
    X *= np.sqrt(np.broadcast_to(weight, len(X))[:, np.newaxis] / len(X))
    # Both products have the same norm and trace; the smaller one is computed.
    G = X @ X.T if len(X) < X.shape[1] else X.T @ X
    n_constant = np.count_nonzero(scaling.scale[0] == 0)
    mean_norm, norm = np.trace(G) + n_constant, np.hypot(np.linalg.norm(G), np.sqrt(n_constant))
    # The sample may lack the rows in which rare features are not 0, and weights may underflow.
    second_moments = (scaling.scale[0, 0] * scaling.moments.deviation) ** 2
    norm = max(norm, np.max(second_moments, initial=1 / n))
    return norm if m == n else (m - 1) / m * norm + mean_norm / m
