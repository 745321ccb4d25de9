"""Arrangement of images in rows."""

from dataclasses import dataclass

import numpy as np

GAP = 0.12  # between images, as a fraction of their mean side
TITLE_HEIGHT = 0.24  # in inches


@dataclass
class ImageGrid:
    """Arrangement of images in rows, in pixels of the images, downwards.

    Parameters
    ----------
    n_images, n_columns : int
    height, width : int
        Size of an image.
    has_titles : bool
        Whether there is a title above each image.
    panel_size : tuple of float
        Width and height in inches of the axes.

    Attributes
    ----------
    xlim, ylim : tuple of float
        Limits of the axes.
    aspect : float
        Height of the grid divided by its width.
    """

    n_images: int
    n_columns: int
    height: int
    width: int
    has_titles: bool
    panel_size: tuple[float, float]

    def __post_init__(self):
        self._gap = self._top_gap = GAP * np.sqrt(self.height * self.width)
        self._pitch = self.width + self._gap
        self.xlim = 0, self.n_columns * self._pitch
        n_rows = -(-self.n_images // self.n_columns)
        if self.has_titles:
            sizes = self.xlim[1], n_rows * self.height
            pixels_per_inch = max(np.divide(sizes, self.panel_size))
            self._top_gap = max(self._gap, min(self.width / 2, TITLE_HEIGHT * pixels_per_inch))
        self.ylim = n_rows * (self.height + self._top_gap), 0
        self.aspect = self.ylim[0] / self.xlim[1]

    def extent(self, index):
        """Return left, right, bottom and top of an image.

        Parameters
        ----------
        index : int

        Returns
        -------
        extent : tuple of float
        """
        row, column = divmod(index, self.n_columns)
        left = column * self._pitch + self._gap / 2
        bottom = (row + 1) * (self.height + self._top_gap)
        return left, left + self.width, bottom, bottom - self.height

    def title_extent(self, index):
        """Return left, right, bottom and top of the space for an image's title.

        Parameters
        ----------
        index : int

        Returns
        -------
        extent : tuple of float
        """
        left, right, _, top = self.extent(index)
        margin = (self._gap - 0.1 * self._pitch) / 2
        return left - margin, right + margin, top, top - self._top_gap


def best_n_columns(n_images, aspect):
    """Return the number of columns with which images fill a panel best.

    Parameters
    ----------
    n_images : int
    aspect : float
        Width of the panel divided by its height, in units of an image's width and height.

    Returns
    -------
    n_columns : int

    Examples
    --------
    >>> from sklearn_softmax.displays._image_grid import best_n_columns
    >>> [best_n_columns(n, 4 / 3) for n in (1, 3, 4, 7, 10, 50, 64, 100)]
    [1, 3, 2, 4, 5, 10, 8, 10]
    """
    columns = np.arange(1, n_images + 1)
    rows = -(-n_images // columns)
    size = np.minimum(aspect / columns, 1 / rows)
    return int(columns[np.argmax(size * (n_images / (rows * columns)) ** 2)])
