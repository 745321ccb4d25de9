"""Weights as images."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from sklearn_softmax._typing import Array, Estimators
from sklearn_softmax.displays._drawing import new_figure, panels
from sklearn_softmax.displays._image_grid import ImageGrid, best_n_columns
from sklearn_softmax.displays._image_titles import (
    check_titles,
    draw_panel_title,
    draw_titles,
    panel_box,
    titles_of_history,
    titles_of_model,
)
from sklearn_softmax.displays._models import (
    check_history,
    estimators_by_name,
    final_model,
    input_weights,
)
from sklearn_softmax.displays._pixels import (
    apply_threshold,
    check_image_shape,
    reshape_to_image,
    scale_weights,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


SCALES = ("common", "estimator", "image")


class WeightImagesDisplay:
    """Weights of the features as images: one for each class or hidden unit.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history`. All
    parameters are stored as attributes.

    Parameters
    ----------
    weights : dict of str to ndarray of shape (n_images, n_features)
        By the name of the estimator, its weights.
    image_shape : sequence of int
        (height, width), or (height, width, 3) for colour images; stored as a tuple.
    titles : dict of str to list of str, or None
        By the same names, the title of each image, or None for no titles.

    Attributes
    ----------
    axes_ : ndarray of shape (n_estimators,) of matplotlib Axes
        Axes of each estimator, which contain all of its images.
    figure_ : matplotlib Figure
        Figure that holds them.
    images_ : list of list of matplotlib AxesImage
        The images of each estimator.
    texts_ : list of list of matplotlib Text
        Their titles, drawn smaller and shortened if they are larger than the space above
        their image; ``get_text`` returns the whole title.
    colorbars_ : list of matplotlib Colorbar
        One for all estimators, or one for each; empty for colour images.

    Raises
    ------
    ValueError
        If ``image_shape`` does not fit the weights.

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
        image_shape: Sequence[int],
        titles: dict[str, list[str] | None],
    ) -> None:
        for rows in weights.values():
            image_shape = check_image_shape(image_shape, rows.shape[1])
        self.weights = weights
        self.image_shape = image_shape
        self.titles = titles

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimators,
        image_shape: Sequence[int],
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
        image_shape : sequence of int
            (height, width), or (height, width, 3) for colour images; the product is
            the number of features.
        titles : list of str, default=None
            Title of each image; None for the classes, or no titles if the images are
            of hidden units.
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
        models = {name: final_model(model) for name, model in estimators_by_name(estimator).items()}
        weights = {name: input_weights(model) for name, model in models.items()}
        display = cls(
            weights=weights,
            image_shape=image_shape,
            titles={
                name: titles_of_model(model, len(weights[name])) if titles is None else list(titles)
                for name, model in models.items()
            },
        )
        return display.plot(ax, scale=scale, threshold=threshold, n_columns=n_columns, **kwargs)

    @classmethod
    def from_history(
        cls,
        history: Any,
        image_shape: Sequence[int],
        *,
        epochs: Sequence[int] | None = None,
        titles: list[str] | None = None,
        scale: Literal["common", "estimator", "image"] = "common",
        threshold: float | None = None,
        n_columns: int | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the weights after some epochs, one panel per epoch.

        Parameters
        ----------
        history : WeightHistory
            After the fit of a classifier that had it as a callback.
        image_shape : sequence of int
            (height, width), or (height, width, 3) for colour images.
        epochs : sequence of int, default=None
            Epochs after which the weights were kept, 0 for before the first one; None
            for all of them.
        titles : list of str, default=None
            Title of each image; None for the classes, or no titles if the images are
            of hidden units.
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
        check_history(history)
        indices = {epoch: index for index, epoch in enumerate(history.epochs_.tolist())}
        epochs = list(indices if epochs is None else epochs)
        if not epochs or not indices.keys() >= set(epochs):
            raise ValueError(f"epochs={epochs} must be some of those kept: {list(indices)}.")
        weights = {f"Epoch {epoch}": history.weights_[0][indices[epoch]] for epoch in epochs}
        titles = titles_of_history(history) if titles is None else list(titles)
        display = cls(
            weights=weights, image_shape=image_shape, titles=dict.fromkeys(weights, titles)
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
        """Draw the images, one panel per estimator.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of n_estimators Axes, default=None
            Axes to draw on; None for a new figure.
        scale : {"common", "estimator", "image"}, default="common"
            Whether a colour means the same weight in all images, the same weight in the
            images of one estimator, or the same fraction of the image's largest weight.
        threshold : float, default=None
            Fraction of an image's largest weight, from 0 to 1. Weights below it and all
            negative weights are drawn as zero, and the colour bar shows only the range of
            the remaining weights. None draws all weights.
        n_columns : int, default=None
            Images per row; None for the number that fills the figure best.
        **kwargs : dict
            Passed to matplotlib's ``imshow`` for each image.

        Returns
        -------
        display : WeightImagesDisplay
            Itself.

        Raises
        ------
        ValueError
            If a parameter is not valid.
        """
        _check_plot_params(scale, threshold, n_columns)
        for name, rows in self.weights.items():
            check_titles(self.titles[name], len(rows))
        if ax is None:
            grids = [self._grid(name, n_columns) for name in self.weights]
            self.axes_ = self._new_panels(grids)
        else:
            self.axes_ = panels(ax, len(self.weights), figsize=None)
            sizes = [panel_box(panel).size / panel.get_figure().dpi for panel in self.axes_]
            grids = [self._grid(name, n_columns, size) for name, size in zip(self.weights, sizes)]
        self.figure_ = self.axes_[0].get_figure()
        self.images_, self.texts_ = [], []
        weights = list(self.weights.values())
        if threshold is not None:
            weights = [apply_threshold(rows, threshold) for rows in weights]
        for panel, grid, name, (values, limit) in zip(
            self.axes_, grids, self.weights, scale_weights(weights, scale)
        ):
            self.images_.append(self._draw_images(panel, grid, values, limit, kwargs))
            self.texts_.append(draw_titles(panel, grid, self.titles[name] or []))
            panel.set(xlim=grid.xlim, ylim=grid.ylim, aspect=1, xticks=[], yticks=[])
            panel.set_frame_on(False)
            if len(self.weights) > 1:
                draw_panel_title(panel, name, list(self.weights))
        self.colorbars_ = self._add_colorbars(scale) if len(self.image_shape) == 2 else []
        if threshold is not None:
            for bar, images in zip(self.colorbars_, self._images_of_bars(scale)):
                _limit_colorbar(bar, images)
        return self

    def _grid(self, name, n_columns, panel_size=None):
        """Arrange the images of an estimator on axes, by default of a new figure."""
        height, width = self.image_shape[:2]
        n_images = len(self.weights[name])
        if n_columns is None and panel_size is None and len(self.weights) > 1 and n_images <= 12:
            n_columns = n_images
        if panel_size is None:
            panel_size = self._new_width(), 0.75 * self._new_width()
        if n_columns is None:
            n_columns = best_n_columns(n_images, panel_size[0] / panel_size[1] * height / width)
        has_titles = self.titles[name] is not None
        return ImageGrid(n_images, n_columns, height, width, has_titles, panel_size)

    def _new_width(self):
        """Return the width in inches of the axes of a new figure, without the colour bar."""
        return 5.3 if len(self.image_shape) == 2 else 6.1

    def _new_panels(self, grids):
        """Create a figure that fits the images, and return its axes."""
        ratios = [grid.aspect for grid in grids]
        names = 0.35 * len(grids) if len(grids) > 1 else 0.1
        figure = new_figure((6.4, min(12, 0.2 + names + self._new_width() * sum(ratios))))
        return figure.subplots(len(grids), squeeze=False, height_ratios=ratios)[:, 0]

    def _draw_images(self, ax, grid, values, limit, kwargs):
        """Draw the images of an estimator."""
        images = []
        for index, row in enumerate(values):
            style = {"cmap": "RdBu_r", "interpolation": "nearest", "extent": grid.extent(index)}
            if "norm" not in kwargs:
                style |= {"vmin": -limit, "vmax": limit}
            image = reshape_to_image(row, self.image_shape, limit)
            images.append(ax.imshow(image, **{**style, **kwargs}))
        return images

    def _add_colorbars(self, scale):
        """Add a colour bar for all images, or one per estimator if each has its scale."""
        label = "Fraction of the largest" if scale == "image" else "Weight"
        axes = list(self.axes_) if scale == "estimator" else [list(self.axes_)]
        style = {"label": label, "pad": 0.02, "aspect": 25}
        return [
            self.figure_.colorbar(images[0], ax=ax, **style)
            for images, ax in zip(self._images_of_bars(scale), axes)
        ]

    def _images_of_bars(self, scale):
        """Return the images of each colour bar."""
        return self.images_ if scale == "estimator" else [np.concatenate(self.images_)]


def _limit_colorbar(bar, images):
    """Limit a colour bar to the range of the positive weights, if they differ."""
    values = np.concatenate([np.ravel(image.get_array()) for image in images])
    values = values[values > 0]
    if len(values):
        low, high = np.clip([values.min(), values.max()], bar.vmin, bar.vmax)
        if low < high:
            bar.ax.set_ylim(low, high)


def _check_plot_params(scale, threshold, n_columns):
    """Check the parameters of ``plot``."""
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {SCALES}, got {scale!r}.")
    if threshold is not None and not (isinstance(threshold, Real) and 0 <= threshold <= 1):
        raise ValueError(f"threshold must be a fraction from 0 to 1 or None, got {threshold!r}.")
    if n_columns is not None and n_columns < 1:
        raise ValueError(f"n_columns must be at least 1 or None, got {n_columns!r}.")
