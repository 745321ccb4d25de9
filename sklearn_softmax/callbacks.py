"""Callbacks, which need scikit-learn 1.9 or later."""

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
    """Store snapshots of the parameters during a fit.

    Pass it to ``set_callbacks`` of a classifier of this package, which may also be the last step of
    a pipeline or the estimator of a search. It contains the last fit that has ended: after a search
    with ``refit=True`` that of the best estimator. Fits in worker processes are not returned.

    Parameters
    ----------
    every : int, default=1
        Epochs between snapshots. The parameters before the first epoch and after the last one are
        always stored.

    Attributes
    ----------
    epochs_ : ndarray of shape (n_snapshots,)
        Number of epochs before each snapshot; 0 for the initial parameters.
    weights_ : list of ndarray of shape (n_snapshots, n_outputs, n_inputs)
        Weights W of each layer; ``coef_`` is such a W, and ``coefs_`` contains its transpose.
    intercepts_ : list of ndarray of shape (n_snapshots, n_outputs)
        Intercepts of each layer.
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
    With early stopping, the last snapshot is of the last epoch, while the fitted classifier has the
    parameters of the best one. ``partial_fit`` calls no callbacks. A pickled classifier includes
    its callbacks with their snapshots: ``classifier.set_callbacks()`` removes them.

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
    >>> history.memory_needed((4, 3), n_epochs=25)  # 4 snapshots of 15 numbers, in bytes
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
        """Return the number of bytes of the snapshots of a fit.

        They are allocated when the fit begins and stored until the next one ends, so successive
        fits need two sets. Beyond 10,000 snapshots, arrays grow as needed, up to twice the size.

        Parameters
        ----------
        layer_sizes : sequence of int
            Inputs, hidden units, outputs: (784, 10) for a linear model of ten classes,
            (784, 64, 10) for a net.
        n_epochs : int
            Largest number of epochs of the fit.
        dtype : dtype, default=float64
            Type of the parameters: that of X if it is float32 or float64.

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
        return int(_count_snapshots(n_epochs, self.every) * n_parameters * np.dtype(dtype).itemsize)

    def setup(self, estimator: Any, context: Any) -> None:
        """Prepare for a fit; part of scikit-learn's protocol.

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
                "WeightHistory stores the parameters of a classifier of this package, not of "
                f"{type(estimator).__name__}: call set_callbacks on the classifier inside it."
            )
        self._recordings[id(estimator)] = _Recording(self.every, context.max_subtasks)

    def on_fit_task_begin(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Store the initial parameters; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        fitted_estimator : estimator, default=None
        """
        if context.task_name == "epoch" and context.task_id == 0:
            self._recordings[id(estimator)].store(fitted_estimator)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Store the parameters after an epoch; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        fitted_estimator : estimator, default=None
        """
        if context.task_name == "epoch":
            self._recordings[id(estimator)].store(fitted_estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Set the attributes of the history; part of scikit-learn's protocol.

        Parameters
        ----------
        estimator : estimator
        context : sklearn.callback.CallbackContext
        """
        recording = self._recordings.pop(id(estimator), None)
        if recording is not None and recording.n_snapshots:
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
        """Animate the weights of the features as images, with one scale for all snapshots.

        Parameters
        ----------
        image_shape : sequence of int
            (height, width), or (height, width, 3) for colour images.
        titles : list of str, default=None
            Title of each image; None for the classes, and for no titles if the images are of
            hidden units.
        n_columns : int, default=None
            Images per row; None for the number that fills the figure best.
        interval : float, default=100
            Milliseconds between frames, at least 1.
        pause : float, default=2000
            Milliseconds for which the last frame is shown before the animation restarts.
        **kwargs : dict
            Keyword arguments of matplotlib's ``imshow`` for each image.

        Returns
        -------
        animation : matplotlib.animation.FuncAnimation
            A notebook shows it in a player. ``animation.save("weights.gif", writer="pillow")``
            always works, ``animation.save("weights.mp4")`` and ``.avi`` need ffmpeg.

        Raises
        ------
        NotFittedError
            If there are no snapshots yet.
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
        """Write the frames of the animation as PNG files.

        Parameters
        ----------
        directory : str or Path
            Folder of the files, created if needed. Files have names such as ``epoch_0025.png``.
        image_shape, titles, n_columns, **kwargs
            As in :meth:`animate`.

        Returns
        -------
        paths : list of Path
            The files, in the order of epochs.

        Raises
        ------
        NotFittedError
            If there are no snapshots yet.
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


MAX_ALLOCATED = 10_000  # snapshots, because early stopping may end a long fit soon


class _Recording:
    """Snapshots of one fit, in arrays that are allocated at its first epoch."""

    def __init__(self, every, n_epochs):
        self._every = every
        self._n_allocated = min(_count_snapshots(n_epochs, every), MAX_ALLOCATED)
        self.n_snapshots = 0

    def store(self, model):
        """Store a snapshot, which replaces the previous one if that is of no ``every``-th epoch."""
        _, layers = model._fitted_network()
        if not self.n_snapshots:
            self._classes = model.classes_
            self._epochs = np.empty(self._n_allocated, int)
            self._weights, self._intercepts = (
                [np.empty((self._n_allocated, *array.shape[1:]), array.dtype) for array in arrays]
                for arrays in (layers.weights, layers.intercepts)
            )
        elif (self._epochs[self.n_snapshots - 1] - self._epochs[0]) % self._every:
            self.n_snapshots -= 1
        if self.n_snapshots == len(self._epochs):
            self._epochs = _double_length(self._epochs)
            self._weights = [_double_length(snapshots) for snapshots in self._weights]
            self._intercepts = [_double_length(snapshots) for snapshots in self._intercepts]
        self._epochs[self.n_snapshots] = model.n_iter_
        arrays = layers.weights + layers.intercepts
        for snapshots, array in zip(self._weights + self._intercepts, arrays):
            snapshots[self.n_snapshots] = array[0]
        self.n_snapshots += 1

    def attributes(self):
        """Return the attributes of the history."""
        return {
            "classes_": self._classes,
            "epochs_": self._epochs[: self.n_snapshots],
            "weights_": [W[: self.n_snapshots] for W in self._weights],
            "intercepts_": [b[: self.n_snapshots, :, 0] for b in self._intercepts],
        }


def _double_length(array):
    """Return the array with twice the length."""
    return np.concatenate([array, np.empty_like(array)])


def _count_snapshots(n_epochs, every):
    """Return the number of snapshots: the first, every so many epochs, and the last."""
    return n_epochs // every + 2
