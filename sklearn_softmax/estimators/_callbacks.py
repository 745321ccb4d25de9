"""scikit-learn's callbacks: the only file that knows ``sklearn.callback`` (1.9 and later)."""

from contextlib import contextmanager

import sklearn

try:
    from sklearn.callback import AutoPropagatedCallback, CallbackSupportMixin, ProgressBar

    CALLBACKS_AVAILABLE = True
except ImportError:
    CALLBACKS_AVAILABLE = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """An error: scikit-learn before 1.9 has no callbacks."""

        @property
        def set_callbacks(self):
            """Raise an error that names the version of scikit-learn which has callbacks."""
            raise AttributeError(
                f"set_callbacks needs scikit-learn 1.9 or later, this is {sklearn.__version__}: "
                "update scikit-learn."
            )


def begin_fit(estimator, n_epochs, X, y, sample_weight):
    """Begin the task of a fit.

    Parameters
    ----------
    estimator : estimator instance
    n_epochs : int
        Most epochs there will be.
    X, y, sample_weight : array-like
        What the fit was given, for callbacks that ask for it.

    Returns
    -------
    task : FollowedFit or UnfollowedFit
    """
    if not has_callbacks(estimator):
        return UnfollowedFit()
    return FollowedFit(estimator, n_epochs, X, y, sample_weight)


def has_callbacks(estimator):
    """Return whether callbacks are set on an estimator.

    Parameters
    ----------
    estimator : estimator instance

    Returns
    -------
    has_callbacks : bool
    """
    return bool(getattr(estimator, "_skl_callbacks", ()))


def has_callbacks_for_every_fit(search):
    """Return whether callbacks of a search have to follow each of its fits.

    A progress bar may follow the runs instead, because it only shows their progress.

    Parameters
    ----------
    search : estimator instance

    Returns
    -------
    has_callbacks : bool
    """
    return CALLBACKS_AVAILABLE and any(
        isinstance(callback, AutoPropagatedCallback)
        and not isinstance(callback, ProgressBar)
        and callback.max_propagation_depth != 0
        for callback in getattr(search, "_skl_callbacks", ())
    )


@contextmanager
def subtask(context, estimator, **options):
    """Run the block as a subtask.

    Parameters
    ----------
    context : CallbackContext or None
        Of the task around it; None without callbacks.
    estimator : estimator instance
    **options
        ``task_name`` and others of ``CallbackContext.subcontext``.

    Yields
    ------
    context : CallbackContext or None
        Of the task.
    """
    if context is None:
        yield None
        return
    task = context.subcontext(**options).call_on_fit_task_begin(estimator=estimator)
    yield task
    task.call_on_fit_task_end(estimator=estimator)


class UnfollowedFit:
    """A fit that no callback follows."""

    def begin_epoch(self, attributes=dict):
        """Do nothing."""

    def end_epoch(self, attributes=dict):
        """Never ask to stop."""
        return False

    def end(self, attributes=dict):
        """Do nothing."""


class FollowedFit:
    """A fit as a tree of tasks: the fit itself, with one subtask an epoch.

    ``attributes`` is a function that gives the attributes of an estimator
    fitted so far; it is called only for callbacks that want such an estimator.

    Parameters
    ----------
    estimator, n_epochs, X, y, sample_weight
        As in :func:`begin_fit`.
    """

    def __init__(self, estimator, n_epochs, X, y, sample_weight):
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._data)

    def begin_epoch(self, attributes=dict):
        """Begin the subtask of an epoch."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._data, reconstruction_attributes=attributes)

    def end_epoch(self, attributes=dict):
        """End that subtask; true if a callback asks to stop."""
        return self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)

    def end(self, attributes=dict):
        """End the fit."""
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)
