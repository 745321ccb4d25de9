"""Callbacks by scikit-learn's protocol, which came with its version 1.9."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from numpy.typing import DTypeLike

from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._typing import Array
from sklearn_softmax.displays._weight_frames import WeightFrames, check_milliseconds
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation


class WeightHistory:
    """Keeps the parameters of a classifier while it is fitted.

    Set it on a classifier of this package by ``classifier.set_callbacks(history)``, also as the
    last step of a pipeline or inside a search. It holds the last finished fit: after a search with
    ``refit=True`` that of the best estimator; fits in worker processes are not returned.

    Parameters
    ----------
    every : int, default=1
        Epochs from one copy to the next. The parameters before the first epoch and
        after the last one are always kept.

    Attributes
    ----------
    epochs_ : ndarray of shape (n_kept,)
        Number of epochs behind each copy; 0 for the initial parameters.
    weights_ : list of ndarray of shape (n_kept, n_outputs, n_inputs)
        For each layer the copies of its weights W; ``coef_`` is such a W, and
        ``coefs_`` holds its transpose.
    intercepts_ : list of ndarray of shape (n_kept, n_outputs)
        For each layer the copies of its intercepts.
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.

    Raises
    ------
    ImportError
        If scikit-learn is older than 1.9.
    ValueError
        If ``every`` is not an int of at least 1.

    See Also
    --------
    ParameterHistoryDisplay : Norms and intercepts over the epochs.

    Notes
    -----
    With early stopping, the last copy is of the last epoch, while the fitted classifier has the
    parameters of the best one. ``partial_fit`` calls no callbacks. A pickled classifier includes
    its callbacks with their copies: ``classifier.set_callbacks()`` removes them.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression" (2021),
       figures 4 and 5.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import SoftmaxRegression, WeightHistory
    >>> X, y = load_iris(return_X_y=True)
    >>> history = WeightHistory(every=10)
    >>> history.memory_needed((4, 3), n_epochs=25)  # 4 copies of 15 numbers, in bytes
    480
    >>> model = SoftmaxRegression(lr=0.1, n_epochs=25).set_callbacks(history).fit(X, y)
    >>> history.epochs_
    array([ 0, 10, 20, 25])
    >>> history.weights_[0].shape
    (4, 3, 4)
    """

    every: int
    epochs_: Array
    weights_: list[Array]
    intercepts_: list[Array]
    classes_: Array
    _recordings: dict[int, _Recording]

    def __init__(self, every: int = 1) -> None:
        if not CALLBACKS_AVAILABLE:
            raise ImportError(
                "WeightHistory needs the callbacks of scikit-learn 1.9 or later; installed is "
                f"{sklearn.__version__}."
            )
        if not isinstance(every, Integral) or isinstance(every, bool) or every < 1:
            raise ValueError(f"every must be an int of at least 1 epoch, got {every!r}.")
        self.every = every
        self._recordings = {}

    def __repr__(self):
        return f"WeightHistory(every={self.every})"

    def __getstate__(self):
        return {**vars(self), "_recordings": {}}  # other threads may be recording

    def memory_needed(
        self, layer_sizes: Sequence[int], n_epochs: int, dtype: DTypeLike = np.float64
    ) -> int:
        """Return the bytes of the copies of a fit.

        They are reserved when the fit begins and kept until the next one ends, so successive fits
        need two sets. Beyond 10,000 copies, arrays grow as needed, up to twice the size.

        Parameters
        ----------
        layer_sizes : sequence of int
            Inputs, hidden units, outputs: (784, 10) for a linear model of ten classes,
            (784, 64, 10) for a net.
        n_epochs : int
            Largest number of epochs of the fit.
        dtype : dtype, default=float64
            That of X, if it is float32 or float64.

        Returns
        -------
        n_bytes : int

        Raises
        ------
        ValueError
            If there are fewer than two sizes.
        """
        if len(layer_sizes) < 2:
            raise ValueError(
                "layer_sizes must begin with the inputs and end with the outputs, got "
                f"{layer_sizes!r}."
            )
        n_parameters = DenseNetwork(tuple(layer_sizes)).n_parameters
        return int(_n_copies(n_epochs, self.every) * n_parameters * np.dtype(dtype).itemsize)

    def setup(self, estimator: Any, context: Any) -> None:
        """Get ready to record a fit; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext

        Raises
        ------
        TypeError
            If the estimator is not a classifier of this package.
        """
        if not isinstance(estimator, GradientDescentClassifier):
            raise TypeError(
                "WeightHistory keeps the parameters of a classifier of this package, not of "
                f"{type(estimator).__name__}: call set_callbacks on the classifier inside it."
            )
        self._recordings[id(estimator)] = _Recording(self.every, context.max_subtasks)

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Keep the initial parameters; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        fitted_estimator : estimator, default=None
        """
        if context.task_name == "epoch" and context.task_id == 0:
            self._recordings[id(estimator)].keep(fitted_estimator)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Keep the parameters after an epoch; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        fitted_estimator : estimator, default=None
        """
        if context.task_name == "epoch":
            self._recordings[id(estimator)].keep(fitted_estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Set the attributes of the history; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        """
        recording = self._recordings.pop(id(estimator), None)
        if recording is not None and recording.n_kept:
            for name, value in recording.attributes().items():
                setattr(self, name, value)

    def animate(
        self,
        image_shape: Sequence[int],
        *,
        titles: list[str] | None = None,
        n_columns: int | None = None,
        interval: float = 100,
        pause: float = 2000,
        **kwargs: Any,
    ) -> FuncAnimation:
        """Animate the weights of the features as images, all copies on one scale.

        Parameters
        ----------
        image_shape : sequence of int
            (height, width), or (height, width, 3) for colour images.
        titles : list of str, default=None
            Title of each image; None for the classes, and for no titles where the
            images are of hidden units.
        n_columns : int, default=None
            Images in a row; None for what fills the figure best.
        interval : float, default=100
            Milliseconds from one frame to the next, at least 1.
        pause : float, default=2000
            Milliseconds that the last frame stays before the animation begins anew.
        **kwargs : dict
            Passed on to matplotlib's ``imshow`` for each image.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            ``animation.save("weights.gif", writer="pillow")`` works everywhere;
            ``animation.save("weights.mp4")`` and ``.avi`` where ffmpeg is installed.

        Raises
        ------
        NotFittedError
            If nothing is kept yet.
        ValueError
            If ``image_shape`` or ``titles`` does not fit the weights, or if ``interval`` or
            ``pause`` is too small.
        """
        check_milliseconds("interval", interval, minimum=1)
        check_milliseconds("pause", pause, minimum=0)
        return WeightFrames(self, image_shape, titles, n_columns, kwargs).animate(interval, pause)

    def save_frames(
        self,
        directory: str | Path,
        image_shape: Sequence[int],
        *,
        titles: list[str] | None = None,
        n_columns: int | None = None,
        **kwargs: Any,
    ) -> list[Path]:
        """Write the frames of the animation as PNG files, one by one.

        Parameters
        ----------
        directory : str or Path
            Where to; made if need be. A file is called ``epoch_0025.png``.
        image_shape, titles, n_columns, **kwargs
            As in :meth:`animate`.

        Returns
        -------
        paths : list of Path
            The files, in order.

        Raises
        ------
        NotFittedError
            If nothing is kept yet.
        ValueError
            If ``image_shape`` or ``titles`` does not fit the weights.
        """
        import matplotlib.pyplot as plt

        frames = WeightFrames(self, image_shape, titles, n_columns, kwargs)
        directory = Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        paths = [directory / f"epoch_{epoch:04d}.png" for epoch in self.epochs_]
        for index, path in enumerate(paths):
            frames.draw(index)
            frames.figure.savefig(path)
        plt.close(frames.figure)
        return paths


MOST_RESERVED = 10_000  # copies, because early stopping may end a long fit soon


class _Recording:
    """Copies of the parameters of one fit, in arrays allocated before it."""

    def __init__(self, every, n_epochs):
        self._every = every
        self._n_reserved = min(_n_copies(n_epochs, every), MOST_RESERVED)
        self.n_kept = 0

    def keep(self, model):
        """Keep the parameters of a model; those of the epoch before make room."""
        _, layers = model._fitted_network()
        if not self.n_kept:
            self._classes = model.classes_
            self._epochs = np.empty(self._n_reserved, int)
            self._weights, self._intercepts = (
                [np.empty((self._n_reserved, *array.shape[1:]), array.dtype) for array in arrays]
                for arrays in (layers.weights, layers.intercepts)
            )
        elif (self._epochs[self.n_kept - 1] - self._epochs[0]) % self._every:
            self.n_kept -= 1
        if self.n_kept == len(self._epochs):
            self._epochs = _doubled(self._epochs)
            self._weights = [_doubled(copies) for copies in self._weights]
            self._intercepts = [_doubled(copies) for copies in self._intercepts]
        self._epochs[self.n_kept] = model.n_iter_
        kept = self._weights + self._intercepts
        for copies, array in zip(kept, layers.weights + layers.intercepts):
            copies[self.n_kept] = array[0]
        self.n_kept += 1

    def attributes(self):
        """Attributes of the history."""
        return {
            "classes_": self._classes,
            "epochs_": self._epochs[: self.n_kept],
            "weights_": [copies[: self.n_kept] for copies in self._weights],
            "intercepts_": [copies[: self.n_kept, :, 0] for copies in self._intercepts],
        }


def _doubled(array):
    """Return the array with twice the length."""
    return np.concatenate([array, np.empty_like(array)])


def _n_copies(n_epochs, every):
    """Return the number of copies: the first, every so many epochs, and the last."""
    return n_epochs // every + 2
