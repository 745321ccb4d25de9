"""Frames of an animation of weights."""

from sklearn_softmax.displays._models import check_kept
from sklearn_softmax.displays.weight_images import WeightImagesDisplay, as_image, titles_of


class WeightFrames:
    """The first layer's weights as images, epoch by epoch in one figure, on one scale.

    Parameters
    ----------
    history : WeightHistory
    image_shape, titles, n_columns
        As in :meth:`WeightImagesDisplay.from_estimator`.
    style : dict
        Keyword arguments of ``imshow``.

    Attributes
    ----------
    figure : matplotlib Figure
        The figure to draw in, of pyplot's.

    Raises
    ------
    NotFittedError
        If the history is empty.
    ValueError
        If ``image_shape`` or ``titles`` does not fit the weights.
    """

    def __init__(self, history, image_shape, titles, n_columns, style):
        check_kept(history)
        self._epochs, self._weights = history.epochs_, history.weights_[0]
        self._limit = max(self._weights.max(), -self._weights.min())
        if titles is None:
            titles = titles_of(history)
        self._display = WeightImagesDisplay(
            weights={"": self._weights[-1]}, image_shape=tuple(image_shape), titles={"": titles}
        )
        style = {"vmin": -self._limit, "vmax": self._limit, **style}
        self._display.plot(n_columns=n_columns, **style)
        self.figure = self._display.figure_
        self.draw(0)
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # nothing moves any more

    def draw(self, number):
        """Draw a frame.

        Parameters
        ----------
        number : int
            Its place among the copies of the history.

        Returns
        -------
        images : list of matplotlib AxesImage
        """
        self.figure.suptitle(f"Epoch {self._epochs[number]}")
        (images,) = self._display.images_
        for image, weights in zip(images, self._weights[number]):
            image.set_data(as_image(weights, self._display.image_shape, self._limit))
        return images
