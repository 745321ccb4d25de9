"""A learning rate from the data: one over the expected smoothness."""

import numpy as np
from sklearn.utils.extmath import row_norms


def expected_smoothness(rows, batch_size, *, curvature, fit_intercept):
    r"""Expected smoothness of the mini-batch loss of a linear model.

    .. math:: \mathcal{L}(m) = \frac{n (m - 1)}{m (n - 1)} L
              + \frac{n - m}{m (n - 1)} L_{\max}

    with :math:`L = c\, \lambda_{\max}(\frac{1}{n} \tilde{X}^\top \mathrm{diag}(w)
    \tilde{X})`, :math:`L_{\max} = c \max_i w_i \|\tilde{x}_i\|^2`, c the curvature of
    the loss, m the batch size, w weights of mean 1 and :math:`\tilde{x}` a row with a 1
    for the intercept. A penalty :math:`\frac{\lambda}{2} \|W\|^2` adds
    :math:`\lambda` to it. Gradient descent with steps of one over their sum descends
    whatever the scale of the data.

    Parameters
    ----------
    rows : Rows
    batch_size : int
        Rows a step; more than there are mean all of them.
    curvature : float
        Bound on the second derivative of the loss.
    fit_intercept : bool

    Returns
    -------
    smoothness : float
        0 where nothing can be learnt: all features 0, no intercept.

    References
    ----------
    R. M. Gower et al., "SGD: general analysis and improved rates" (2019),
    proposition 3.8.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._training.rows import Rows
    >>> from sklearn_softmax._training.step_size import expected_smoothness
    >>> rows = Rows(np.array([[3.0], [4.0]]), np.array([0, 1]))
    >>> expected_smoothness(rows, 2, curvature=0.5, fit_intercept=False)
    6.25
    >>> expected_smoothness(rows, 1, curvature=0.5, fit_intercept=False)
    8.0
    """
    n = len(rows)
    m = min(batch_size, n)
    mean = curvature * _largest_eigenvalue(rows, fit_intercept)
    if m == n:
        return float(mean)
    largest = curvature * max(
        np.max(weight * (row_norms(X, squared=True) + fit_intercept)) for X, weight in _blocks(rows)
    )
    return float((n * (m - 1) * mean + (n - m) * largest) / (m * (n - 1)))


def automatic_learning_rate(rows, batch_size, l2, *, curvature, fit_intercept):
    """One over the expected smoothness of the penalised objective.

    Parameters
    ----------
    rows, batch_size, curvature, fit_intercept
        As for :func:`expected_smoothness`.
    l2 : ndarray of shape (M,)
        What the penalty of each model adds to it.

    Returns
    -------
    lr : ndarray of shape (M,)

    Raises
    ------
    ValueError
        If the squares of the features leave the range of their type.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        smoothness = l2 + expected_smoothness(
            rows, batch_size, curvature=curvature, fit_intercept=fit_intercept
        )
    is_zero = smoothness == 0
    has_underflow = np.any(is_zero) and (rows.X.max() > 0 or rows.X.min() < 0)
    if has_underflow or not np.all(np.isfinite(smoothness)):
        raise ValueError(
            "lr='auto' finds no step size: the squares of the features leave the range of "
            f"{rows.X.dtype}. Scale the data, for instance with StandardScaler."
        )
    return 1 / np.where(is_zero, 1.0, smoothness)


def _largest_eigenvalue(rows, fit_intercept, min_iter=10, max_iter=50, tol=1e-2):
    """Largest eigenvalue of the weighted second moments, estimated by power iterations."""
    rng = np.random.RandomState(0)
    v, v_intercept = rng.standard_normal(rows.X.shape[1]), float(fit_intercept)
    length = _length(v, v_intercept)
    for iteration in range(max_iter):
        if length == 0:
            return 0.0
        v, v_intercept = (v / length).astype(rows.X.dtype), float(v_intercept / length)
        image, image_intercept = np.zeros_like(v), 0.0
        for X, weight in _blocks(rows):
            u = weight / len(rows) * (X @ v + v_intercept)
            image += X.T @ u
            image_intercept += np.sum(u) * fit_intercept
        v, v_intercept = image, image_intercept
        # That of the image of a unit vector: the eigenvalue, in the end.
        previous, length = length, _length(v, v_intercept)
        # The first few may stand still on a plateau of small eigenvalues.
        if iteration >= min_iter and not abs(length - previous) > tol * length:
            break
    return length


def _length(v, v_intercept):
    """Norm of a vector with an entry for the intercept."""
    # In double precision, since squares leave the range of single precision early.
    return np.hypot(np.linalg.norm(v.astype(np.float64)), v_intercept)


def _blocks(rows):
    """Features, and weights of mean 1, of one block of rows after the other."""
    weight = rows.loss_weights(1)
    for block in rows.blocks():
        yield rows.read(block), weight[block] if weight.ndim else weight
