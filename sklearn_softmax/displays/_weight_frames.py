"""Frames of an animation of weights."""

from math import inf
from numbers import Real

from sklearn_softmax.displays._image_titles import titles_of_history
from sklearn_softmax.displays._models import check_history
from sklearn_softmax.displays._pixels import largest_magnitude, reshape_to_image
from sklearn_softmax.displays.weight_images import WeightImagesDisplay


class WeightFrames:
    """The first layer's weights as images, one frame per epoch, on one scale.

    Parameters
    ----------
    history : WeightHistory
    image_shape, titles, n_columns
        As in :meth:`WeightImagesDisplay.from_estimator`.
    style : dict
        Keyword arguments for ``imshow``.

    Attributes
    ----------
    figure : matplotlib Figure
        The pyplot figure that shows the frames.

    Raises
    ------
    NotFittedError
        If the history is empty.
    ValueError
        If ``image_shape`` or ``titles`` does not fit the weights.
    """

    def __init__(self, history, image_shape, titles, n_columns, style):
        check_history(history)
        self._epochs, self._weights = history.epochs_, history.weights_[0]
        self._limit = largest_magnitude(self._weights)
        titles = titles_of_history(history) if titles is None else list(titles)
        self._display = WeightImagesDisplay(
            weights={"": self._weights[-1]}, image_shape=image_shape, titles={"": titles}
        )
        if "norm" not in style:
            style = {"vmin": -self._limit, "vmax": self._limit, **style}
        self._display.plot(n_columns=n_columns, **style)
        self.figure = self._display.figure_
        self.draw(0)
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # images keep their positions

    def draw(self, index):
        """Draw a frame.

        Parameters
        ----------
        index : int
            Index into ``history.epochs_``.

        Returns
        -------
        images : list of matplotlib AxesImage
        """
        self.figure.suptitle(f"Epoch {self._epochs[index]}")
        (images,) = self._display.images_
        for image, weights in zip(images, self._weights[index]):
            image.set_data(reshape_to_image(weights, self._display.image_shape, self._limit))
        return images

    def animate(self, interval, pause):
        """Animate all frames.

        Parameters
        ----------
        interval, pause : float
            As in :meth:`WeightHistory.animate`.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
        """
        from sklearn_softmax.displays._film import Film

        last = len(self._epochs) - 1
        frames = [*range(last), *[last] * (1 + round(pause / interval))]
        return Film(self.figure, self.draw, frames=frames, interval=interval)


def check_milliseconds(name, value, minimum):
    """Check that a parameter is a time in milliseconds.

    Parameters
    ----------
    name : str
    value : float
    minimum : int

    Raises
    ------
    ValueError
        If it is not a number from ``minimum`` on, or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not minimum <= value < inf:
        raise ValueError(f"{name} must be {minimum} milliseconds or more, got {value!r}.")
