"""Weights as pixels: shape, threshold and scale of their images."""

from math import isqrt, prod
from operator import index

import numpy as np


def check_image_shape(image_shape, n_features):
    """Return the shape of an image as a tuple of ints.

    Parameters
    ----------
    image_shape : sequence of int
        (height, width), or (height, width, 3) for colour images.
    n_features : int
        Number of weights per image.

    Returns
    -------
    image_shape : tuple of int

    Raises
    ------
    ValueError
        If it is not such a shape or has another number of pixels.

    Examples
    --------
    >>> from sklearn_softmax.displays._pixels import check_image_shape
    >>> check_image_shape([4, 16], 64)
    (4, 16)
    """
    remedy = f"Give the shape of an image with {n_features} features{_example(n_features)}."
    try:
        shape = tuple(index(side) for side in image_shape)
    except TypeError:
        shape = ()
    if len(shape) not in (2, 3) or min(shape) < 1 or shape[2:] not in ((), (3,)):
        raise ValueError(
            "image_shape must be (height, width), or (height, width, 3) for colour, of positive "
            f"ints; got {image_shape!r}. {remedy}"
        )
    if prod(shape) != n_features:
        raise ValueError(
            f"image_shape={shape} has {prod(shape)} pixels, but there are {n_features} weights "
            f"per image. {remedy}"
        )
    return shape


def _example(n_features):
    """Return the shape of a square image as an example, if there is one."""
    for colours in ((), (3,)):
        side = isqrt(n_features // prod(colours))
        if prod((side, side, *colours)) == n_features:
            return f", such as {(side, side, *colours)}"
    return ""


def reshape_to_image(weights, image_shape, limit):
    """Reshape weights to an image.

    Parameters
    ----------
    weights : ndarray of shape (n_features,)
    image_shape : tuple of int
        (height, width) or (height, width, 3).
    limit : float
        For colour images, the weight at the upper end of the scale.

    Returns
    -------
    image : ndarray of shape image_shape
        The weights; in a colour image from 0 to 1 with 0.5 for zero and NaN.
    """
    image = weights.reshape(image_shape)
    if len(image_shape) == 2:
        return image
    return np.nan_to_num(np.clip(0.5 + image / limit / 2, 0, 1), nan=0.5)


def largest_magnitude(weights, axis=None):
    """Return the largest absolute weight, or 1 if all weights are zero.

    Parameters
    ----------
    weights : ndarray of shape (n_images, n_features)
        Infinite and NaN weights are ignored.
    axis : int, default=None

    Returns
    -------
    largest : ndarray or float
        With ``axis``, an array with as many dimensions as ``weights``.
    """
    magnitudes = np.abs(weights)
    options = {"where": np.isfinite(magnitudes), "initial": 0}
    largest = magnitudes.max(axis=axis, keepdims=axis is not None, **options)
    return np.where(largest > 0, largest, 1)[()]


def scale_weights(weights, scale):
    """Return the values to draw and the limit of the colour scale for each estimator.

    Parameters
    ----------
    weights : list of ndarray of shape (n_images, n_features)
    scale : {"common", "estimator", "image"}

    Returns
    -------
    values_and_limits : list of (ndarray, float)
    """
    if scale == "image":
        return [(rows / largest_magnitude(rows, axis=1), 1) for rows in weights]
    if scale == "common":
        limit = largest_magnitude(np.concatenate(weights))
        return [(rows, limit) for rows in weights]
    return [(rows, largest_magnitude(rows)) for rows in weights]


def apply_threshold(weights, threshold):
    """Set weights to zero that are negative, or small compared with the largest of their row.

    Parameters
    ----------
    weights : ndarray of shape (n_images, n_features)
    threshold : float

    Returns
    -------
    weights : ndarray of shape (n_images, n_features)
    """
    highest = weights.max(axis=1, keepdims=True, where=np.isfinite(weights), initial=0)
    return np.where(weights >= threshold * highest, weights, 0)
