"""Weights as images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from sklearn_softmax._typing import Array, Estimators
from sklearn_softmax.displays._drawing import new_figure, panels
from sklearn_softmax.displays._models import (
    check_kept,
    final_model,
    input_weights,
    named,
    names_of_classes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SCALES = ("common", "estimator", "image")
GAP = 0.12  # between images, in their mean side
TITLE_HEIGHT = 0.045  # in the width of all columns


class WeightImagesDisplay:
    """Weights of the features as images: one for each class or hidden unit.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history`. All
    parameters are stored as attributes.

    Parameters
    ----------
    weights : dict of str to ndarray of shape (n_images, n_features)
        By the name of the estimator, its weights.
    image_shape : tuple of int
        (height, width), or (height, width, 3) for colour images.
    titles : dict of str to list of str, or None
        By the same names, the title of each image, or None for none.

    Attributes
    ----------
    axes_ : ndarray of shape (n_estimators,) of matplotlib Axes
        Axes of each estimator; all of its images stand in them.
    figure_ : matplotlib Figure
        Figure that holds them.
    images_ : list of list of matplotlib AxesImage
        The images of each estimator.
    texts_ : list of list of matplotlib Text
        Their titles.
    colorbars_ : list of matplotlib Colorbar
        One for all estimators, or one for each; empty for colour images.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression" (2021),
       figures 5 to 7.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_softmax import SoftmaxRegression, WeightImagesDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxRegression(lr=0.1, n_epochs=20, random_state=0).fit(X / 16, y)
    >>> display = WeightImagesDisplay.from_estimator(model, (8, 8))
    >>> [text.get_text() for text in display.texts_[0]]
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
    """

    def __init__(
        self,
        *,
        weights: dict[str, Array],
        image_shape: tuple[int, ...],
        titles: dict[str, list[str] | None],
    ) -> None:
        self.weights = weights
        self.image_shape = image_shape
        self.titles = titles

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimators,
        image_shape: tuple[int, ...],
        *,
        titles: list[str] | None = None,
        scale: Literal["common", "estimator", "image"] = "common",
        threshold: float | None = None,
        n_columns: int | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the weights of fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators, or dict of str to estimator
            Fitted linear classifiers or nets, scikit-learn's included, or pipelines or
            searches that end in one. Those of a list are named by the parameters that
            differ.
        image_shape : tuple of int
            (height, width), or (height, width, 3) for colour images; the product is
            the number of features.
        titles : list of str, default=None
            Title of each image; None for the classes, and for no titles where the
            images are of hidden units.
        scale, threshold, n_columns, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : WeightImagesDisplay

        Raises
        ------
        NotFittedError
            If an estimator is not fitted, or has no weights of features.
        ValueError
            If a parameter is not valid, or does not fit the weights.
        """
        models = {name: final_model(model) for name, model in named(estimator).items()}
        weights = {name: input_weights(model) for name, model in models.items()}
        display = cls(
            weights=weights,
            image_shape=tuple(image_shape),
            titles={
                name: _own_titles(model, len(weights[name])) if titles is None else list(titles)
                for name, model in models.items()
            },
        )
        return display.plot(ax, scale=scale, threshold=threshold, n_columns=n_columns, **kwargs)

    @classmethod
    def from_history(
        cls,
        history: Any,
        image_shape: tuple[int, ...],
        *,
        epochs: Sequence[int] | None = None,
        titles: list[str] | None = None,
        scale: Literal["common", "estimator", "image"] = "common",
        threshold: float | None = None,
        n_columns: int | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the weights as they were after some epochs, under one another.

        Parameters
        ----------
        history : WeightHistory
            After the fit of a classifier that had it as a callback.
        image_shape : tuple of int
            (height, width), or (height, width, 3) for colour images.
        epochs : sequence of int, default=None
            Epochs after which the weights were kept, 0 for before the first one; None
            for all of them.
        titles : list of str, default=None
            Title of each image; None for the classes, and for no titles where the
            images are of hidden units.
        scale, threshold, n_columns, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : WeightImagesDisplay

        Raises
        ------
        NotFittedError
            If the callback has kept nothing yet.
        ValueError
            If nothing was kept after one of the epochs, or if another parameter is not
            valid.
        """
        check_kept(history)
        places = {epoch: place for place, epoch in enumerate(history.epochs_.tolist())}
        epochs = list(places if epochs is None else epochs)
        if not epochs or not places.keys() >= set(epochs):
            raise ValueError(f"epochs={epochs} must be some of those kept: {list(places)}.")
        weights = {f"Epoch {epoch}": history.weights_[0][places[epoch]] for epoch in epochs}
        if titles is None:
            titles = titles_of(history)
        display = cls(
            weights=weights,
            image_shape=tuple(image_shape),
            titles=dict.fromkeys(weights, titles),
        )
        return display.plot(ax, scale=scale, threshold=threshold, n_columns=n_columns, **kwargs)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        scale: Literal["common", "estimator", "image"] = "common",
        threshold: float | None = None,
        n_columns: int | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the images, estimators under one another.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of n_estimators Axes, default=None
            Axes to draw on; None for a new figure.
        scale : {"common", "estimator", "image"}, default="common"
            Whether a colour stands for the same weight in all images, in those of one
            estimator, or for the same share of the image's own largest weight.
        threshold : float, default=None
            Fraction of an image's largest weight, from 0 to 1: what lies below that, all
            negative weights too, is drawn as zero. None draws all.
        n_columns : int, default=None
            Images in a row; None for what fills the figure best.
        **kwargs : dict
            Passed on to matplotlib's ``imshow`` for each image.

        Returns
        -------
        display : WeightImagesDisplay
            Itself.

        Raises
        ------
        ValueError
            If a parameter is not valid.
        """
        _check_choices(scale, threshold, n_columns)
        for name, rows in self.weights.items():
            _check_form(rows, self.image_shape, self.titles[name])
        grids = [self._grid(name, n_columns) for name in self.weights]
        self.axes_ = self._panels(ax, grids)
        self.figure_ = self.axes_[0].get_figure()
        self.images_, self.texts_ = [], []
        shown = list(self.weights.values())
        if threshold is not None:
            shown = [_thresholded(rows, threshold) for rows in shown]
        for panel, grid, name, (values, limit) in zip(
            self.axes_, grids, self.weights, _scaled(shown, scale)
        ):
            self.images_.append(self._draw_images(panel, grid, values, limit, kwargs))
            self.texts_.append(self._draw_titles(panel, grid, name))
            panel.set(xlim=grid.xlim, ylim=grid.ylim, aspect=1, xticks=[], yticks=[])
            panel.set_frame_on(False)
            if len(self.weights) > 1:
                panel.set_title(name, loc="left")
        self.colorbars_ = self._add_colorbars(scale) if len(self.image_shape) == 2 else []
        return self

    def _grid(self, name, n_columns):
        """Where the images of an estimator lie."""
        height, width = self.image_shape[:2]
        n_images = len(self.weights[name])
        if n_columns is None:
            is_row = len(self.weights) > 1 and n_images <= 12
            n_columns = n_images if is_row else best_n_columns(n_images, 4 / 3 * height / width)
        return _Grid(n_images, n_columns, height, width, self.titles[name] is not None)

    def _panels(self, ax, grids):
        """Given axes, or those of a new figure that fits the images."""
        if ax is not None:
            return panels(ax, len(grids), figsize=None)
        ratios = [grid.aspect for grid in grids]
        width = 5.3 if len(self.image_shape) == 2 else 6.1  # what a colour bar leaves
        names = 0.35 * len(grids) if len(grids) > 1 else 0.1
        figure = new_figure((6.4, min(12, 0.2 + names + width * sum(ratios))))
        return figure.subplots(len(grids), squeeze=False, height_ratios=ratios)[:, 0]

    def _draw_images(self, ax, grid, values, limit, kwargs):
        images = []
        for place, row in enumerate(values):
            style = {"cmap": "RdBu_r", "interpolation": "nearest", "extent": grid.extent(place)}
            if "norm" not in kwargs:
                style |= {"vmin": -limit, "vmax": limit}
            image = as_image(row, self.image_shape, limit)
            images.append(ax.imshow(image, **{**style, **kwargs}))
        return images

    def _draw_titles(self, ax, grid, name):
        texts = []
        for place, title in enumerate(self.titles[name] or []):
            left, right, _, top = grid.extent(place)
            texts.append(ax.text((left + right) / 2, top, title, ha="center", va="bottom"))
        return texts

    def _add_colorbars(self, scale):
        """Add a bar for all images or, where each estimator has its own scale, for each."""
        label = "Share of the largest" if scale == "image" else "Weight"
        groups = {0: list(self.axes_)}
        if scale == "estimator":
            groups = dict(enumerate(self.axes_))
        style = {"label": label, "pad": 0.02, "aspect": 25}
        return [
            self.figure_.colorbar(self.images_[place][0], ax=ax, **style)
            for place, ax in groups.items()
        ]


@dataclass
class _Grid:
    """Places of images in rows, in pixels, downwards."""

    n_images: int
    n_columns: int
    height: int
    width: int
    has_titles: bool

    def __post_init__(self):
        self._gap = self._above = GAP * np.sqrt(self.height * self.width)
        self.xlim = 0, self.n_columns * (self.width + self._gap)
        if self.has_titles:
            self._above = max(self._gap, TITLE_HEIGHT * self.xlim[1])
        n_rows = -(-self.n_images // self.n_columns)
        self.ylim = n_rows * (self.height + self._above), 0
        self.aspect = self.ylim[0] / self.xlim[1]

    def extent(self, place):
        """Left, right, bottom and top of an image."""
        row, column = divmod(place, self.n_columns)
        left = column * (self.width + self._gap)
        bottom = (row + 1) * (self.height + self._above)
        return left, left + self.width, bottom, bottom - self.height


def as_image(weights, image_shape, limit):
    """Weights in the shape of an image.

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
        The weights; of a colour image red, green and blue from 0 to 1, 0.5 for zero.
    """
    image = weights.reshape(image_shape)
    if len(image_shape) == 2:
        return image
    return np.clip(0.5 + image / (2 * limit), 0, 1)


def _own_titles(model, n_images):
    """The classes; hidden units have no names."""
    return (
        None
        if hasattr(model, "coefs_")
        else names_of_classes(getattr(model, "classes_", []), n_images)
    )


def titles_of(history):
    """Titles of the images of a history's weights.

    Parameters
    ----------
    history : WeightHistory

    Returns
    -------
    titles : list of str or None
        The classes; None for hidden units, which have no names.
    """
    if len(history.weights_) > 1:
        return None
    return names_of_classes(history.classes_, history.weights_[0].shape[1])


def _scaled(weights, scale):
    """For each estimator what to draw, and the value at the end of its scale."""
    if scale == "image":
        limits = [np.abs(rows).max(axis=1, keepdims=True) for rows in weights]
        return [(rows / np.where(limit > 0, limit, 1), 1) for rows, limit in zip(weights, limits)]
    limits = [np.abs(rows).max() for rows in weights]
    if scale == "common":
        limits = [max(limits)] * len(limits)
    return [(rows, limit or 1) for rows, limit in zip(weights, limits)]


def _thresholded(values, threshold):
    """Zero for what is negative, or small beside the largest of its row."""
    is_large = values >= threshold * values.max(axis=1, keepdims=True)
    return np.where(is_large & (values > 0), values, 0)


def best_n_columns(n_images, aspect):
    """Columns with which square images fill a panel best, empty places deducted.

    Parameters
    ----------
    n_images : int
    aspect : float
        Width of the panel over its height, with an image's sides as units.

    Returns
    -------
    n_columns : int

    Examples
    --------
    >>> from sklearn_softmax.displays.weight_images import best_n_columns
    >>> [best_n_columns(n, 4 / 3) for n in (1, 3, 4, 7, 10, 50, 64, 100)]
    [1, 3, 2, 4, 5, 10, 8, 10]
    """
    columns = np.arange(1, n_images + 1)
    rows = -(-n_images // columns)
    size = np.minimum(aspect / columns, 1 / rows)
    return int(columns[np.argmax(size * (n_images / (rows * columns)) ** 2)])


def _check_form(weights, image_shape, titles):
    n_images, n_features = weights.shape
    if len(image_shape) not in (2, 3) or (len(image_shape) == 3 and image_shape[2] != 3):
        raise ValueError(
            "image_shape must be (height, width), or (height, width, 3) for colour; got "
            f"{image_shape}."
        )
    if np.prod(image_shape) != n_features:
        raise ValueError(
            f"image_shape={image_shape} has {np.prod(image_shape)} pixels, but there are "
            f"{n_features} weights an image: give the shape that the rows of X were made from."
        )
    if titles is not None and len(titles) != n_images:
        raise ValueError(f"titles has {len(titles)} entries for {n_images} images: {titles}.")


def _check_choices(scale, threshold, n_columns):
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {SCALES}, got {scale!r}.")
    if threshold is not None and not (isinstance(threshold, Real) and 0 <= threshold <= 1):
        raise ValueError(f"threshold must be a fraction from 0 to 1 or None, got {threshold!r}.")
    if n_columns is not None and n_columns < 1:
        raise ValueError(f"n_columns must be at least 1 or None, got {n_columns!r}.")
