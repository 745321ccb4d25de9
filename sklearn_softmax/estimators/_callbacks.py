"""scikit-learn's callbacks: the only module that uses ``sklearn.callback`` (1.9 and later)."""

from contextlib import contextmanager

import sklearn

try:
    from sklearn.callback import AutoPropagatedCallback, CallbackSupportMixin, ProgressBar

    CALLBACKS_AVAILABLE = True
except ImportError:
    CALLBACKS_AVAILABLE = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Replacement for scikit-learn before 1.9, which has no callbacks."""

        @property
        def set_callbacks(self):
            """Raise an error that names the required version of scikit-learn."""
            raise AttributeError(
                f"set_callbacks needs scikit-learn 1.9 or later, but {sklearn.__version__} is "
                "installed: update scikit-learn."
            )


def begin_fit(estimator, n_epochs, X, y, sample_weight):
    """Begin a fit, and return the notifier of its callbacks.

    Parameters
    ----------
    estimator : estimator instance
    n_epochs : int
        Maximum number of epochs.
    X, y, sample_weight : array-like
        Data of the fit, for callbacks that use them.

    Returns
    -------
    notifier : CallbackNotifier or NullNotifier
    """
    if not has_callbacks(estimator):
        return NullNotifier()
    return CallbackNotifier(estimator, n_epochs, X, y, sample_weight)


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

    Progress bars may follow the runs instead, because they only show progress.

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
        Context of the surrounding task; None without callbacks.
    estimator : estimator instance
    **options
        Arguments of ``CallbackContext.subcontext``, such as ``task_name``.

    Yields
    ------
    context : CallbackContext or None
        Context of the subtask.
    """
    if context is None:
        yield None
        return
    task = context.subcontext(**options).call_on_fit_task_begin(estimator=estimator)
    yield task
    task.call_on_fit_task_end(estimator=estimator)


class NullNotifier:
    """Notifier of a fit without callbacks."""

    def begin_epoch(self, attributes=dict):
        """Do nothing."""

    def end_epoch(self, attributes=dict):
        """Return False: training continues."""
        return False

    def end(self, attributes=dict):
        """Do nothing."""


class CallbackNotifier:
    """Notify callbacks of a fit, a tree of tasks with one subtask per epoch.

    ``attributes`` is a function that returns the fitted attributes after the last epoch; it is
    called only for callbacks that use a fitted estimator.

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
        """End the subtask of an epoch, and return whether a callback asks to stop."""
        return self._epoch.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)

    def end(self, attributes=dict):
        """End the fit."""
        self._fit.call_on_fit_task_end(**self._data, reconstruction_attributes=attributes)
