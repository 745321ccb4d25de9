"""scikit-learn's callbacks: the only file that knows ``sklearn.callback`` (1.9 and later)."""

try:
    from sklearn.callback import CallbackSupportMixin

    CALLBACKS_AVAILABLE = True
except ImportError:
    CALLBACKS_AVAILABLE = False

    class CallbackSupportMixin:
        """Nothing: scikit-learn before 1.9 has no callbacks."""


class FitTask:
    """The task tree of one fit: the fit itself, with one subtask an epoch.

    Parameters
    ----------
    estimator : estimator instance
    n_epochs : int
        Most epochs there will be.
    X, y, sample_weight : array-like
        What the fit was given, for callbacks that ask for it.
    """

    def __init__(self, estimator, n_epochs, X, y, sample_weight):
        self._is_followed = CALLBACKS_AVAILABLE
        if not self._is_followed:
            return
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._data)

    def announce(self, passes, fitted_attributes):
        """The same passes, each begun as a subtask before it runs.

        Parameters
        ----------
        passes : iterator
        fitted_attributes : callable
            Gives the attributes of an estimator fitted so far.

        Returns
        -------
        passes : iterator
        """
        return self._begin_each(passes, fitted_attributes) if self._is_followed else passes

    def _begin_each(self, passes, fitted_attributes):
        while True:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(
                **self._data, reconstruction_attributes=fitted_attributes
            )
            yield next(passes)

    def end_epoch(self, fitted_attributes):
        """End the subtask that runs; true if a callback asks to stop."""
        return self._is_followed and self._epoch.call_on_fit_task_end(
            **self._data, reconstruction_attributes=fitted_attributes
        )

    def end(self, fitted_attributes):
        """End the fit."""
        if self._is_followed:
            self._fit.call_on_fit_task_end(
                **self._data, reconstruction_attributes=fitted_attributes
            )
