"""Weights as pixels: the shape of their image, its threshold and its scale."""

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
        If it is no such shape, or has another number of pixels.

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


def as_image(weights, image_shape, limit):
    """Return weights in the shape of an image.

    Parameters
    ----------
    weights : ndarray of shape (n_features,)
    image_shape : tuple of int
        (height, width) or (height, width, 3).
    limit : float
        Weight at the upper end of the scale, for colour images.

    Returns
    -------
    image : ndarray of shape image_shape
        The weights; of a colour image red, green and blue from 0 to 1, 0.5 for zero and NaN.
    """
    image = weights.reshape(image_shape)
    if len(image_shape) == 2:
        return image
    return np.nan_to_num(np.clip(0.5 + image / limit / 2, 0, 1), nan=0.5)


def largest(weights, axis=None):
    """Return the largest absolute value, 1 if all weights are zero.

    Parameters
    ----------
    weights : ndarray of shape (n_images, n_features)
        Infinite and NaN weights are ignored.
    axis : int, default=None

    Returns
    -------
    largest : ndarray
        With ``axis``, of the same number of dimensions; otherwise a number.
    """
    sizes = np.abs(weights)
    found = sizes.max(axis=axis, keepdims=axis is not None, where=np.isfinite(sizes), initial=0)
    return np.where(found > 0, found, 1)[()]


def scaled(weights, scale):
    """Return the values to draw of each estimator, and the value at the end of its scale.

    Parameters
    ----------
    weights : list of ndarray of shape (n_images, n_features)
    scale : {"common", "estimator", "image"}

    Returns
    -------
    scaled : list of (ndarray, float)
    """
    if scale == "image":
        return [(rows / largest(rows, axis=1), 1) for rows in weights]
    if scale == "common":
        limit = largest(np.concatenate(weights))
        return [(rows, limit) for rows in weights]
    return [(rows, largest(rows)) for rows in weights]


def thresholded(weights, threshold):
    """Return the weights, zero where negative or small compared with the largest of their row.

    Parameters
    ----------
    weights : ndarray of shape (n_images, n_features)
    threshold : float

    Returns
    -------
    thresholded : ndarray of shape (n_images, n_features)
    """
    highest = weights.max(axis=1, keepdims=True, where=np.isfinite(weights), initial=0)
    return np.where((weights > 0) & (weights >= threshold * highest), weights, 0)
