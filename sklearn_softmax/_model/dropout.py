"""Dropout: hidden units are dropped at random in every training step."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Dropout:
    r"""Inverted dropout, :math:`A \leftarrow A \odot M` with
    :math:`M_{ij} = [u_{ij} \ge p] / (1 - p)`, u uniform.

    The expectation of M is 1, so predictions use the whole network unchanged.

    All models share u; the probability p that a unit is dropped may differ between them.

    Parameters
    ----------
    generator : numpy.random.Generator
        Source of u, used for dropout only, so that dropout changes no other random draw.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
    overfitting" (2014), section 10 for the scaling in training.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._model.dropout import Dropout
    >>> mask = Dropout(np.random.default_rng(0))(0.25, (1000, 10), np.float64)
    >>> np.unique(mask).round(3), bool(abs(mask.mean() - 1) < 0.05)
    (array([0.   , 1.333]), True)
    """

    generator: np.random.Generator

    def __call__(self, rate, shape, dtype):
        """Return a new mask.

        Parameters
        ----------
        rate : float or ndarray of shape (M, 1, 1)
            Probability p, from 0 to below 1, one for all models or one per model.
        shape : tuple of int
        dtype : dtype
            Type of the mask; the random draws do not depend on it.

        Returns
        -------
        mask : ndarray of the shape ``shape`` or (M, *shape)
        """
        is_kept = self.generator.random(shape, dtype=np.float32) >= np.float32(rate)
        return np.multiply(is_kept, 1 / (1 - rate), dtype=dtype)

    def masks(self, rate, layer_sizes, n_samples, dtype):
        """Return new masks for the hidden layers of a network.

        Parameters
        ----------
        rate : float or ndarray of shape (M, 1, 1)
        layer_sizes : tuple of int
            Number of features, of units of each hidden layer, of raw scores.
        n_samples : int
        dtype : dtype

        Returns
        -------
        masks : list of ndarray of shape (n_units, n_samples) or (M, n_units, n_samples)
        """
        return [self(rate, (n_units, n_samples), dtype) for n_units in layer_sizes[1:-1]]
