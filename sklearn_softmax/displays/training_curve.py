"""Loss, accuracy and other recorded metrics as curves over the training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.ndimage import uniform_filter1d

from sklearn_softmax._typing import Array, Estimators
from sklearn_softmax.displays._drawing import (
    GREY,
    ORANGE,
    add_legend,
    colours,
    mark_single_points,
    merge_style,
    panels,
    set_whole_number_ticks,
)
from sklearn_softmax.displays._models import (
    check_fitted_attribute,
    ending_text,
    estimators_by_name,
    final_model,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


STEP_LOSS, BEST = "step_loss", "lowest validation loss"
LABELS = {
    "lr": "Learning rate",
    "weight_norm": "Norm of the weights",
    STEP_LOSS: "Loss of the batch",
}


class TrainingCurveDisplay:
    """Curves of the training of one estimator or several.

    It is recommended to use :meth:`from_estimator`. All parameters are stored as
    attributes.

    Parameters
    ----------
    histories : dict of str to dict of str to ndarray of shape (n_epochs,)
        ``history_`` of each estimator, by its name.
    step_losses : dict of str to ndarray of shape (n_steps,)
        Loss of each batch, by the same names.
    best_epochs : dict of str to int
        Epoch of the lowest validation loss, by name; only of estimators to mark.
    endings : dict of str to str, default=None
        Reason why training ended early, by name; only of estimators to mark.

    Attributes
    ----------
    axes_ : ndarray of shape (n_metrics,) of matplotlib Axes
        Axes of each metric.
    figure_ : matplotlib Figure
        Figure that holds them.
    lines_ : list of list of matplotlib Line2D
        Curves of each metric: estimator by estimator, training before validation.
    bands_ : list of list of matplotlib PolyCollection
        Bands around the running means of each metric; empty for metrics of epochs.
    markers_ : list of list of matplotlib Line2D
        Marks at the lowest validation loss, for each metric.
    ends_ : list of list of matplotlib Line2D
        Marks at curves that end early, for each metric; the legend shows the reason.
    legend_ : matplotlib Legend or None
        The legend of all axes.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores over the number of rows.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression" (2021),
       figure 3.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_softmax import SoftmaxRegression, TrainingCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> X, X_val, y, y_val = train_test_split(X / 16, y, random_state=0)
    >>> model = SoftmaxRegression(lr=0.1, n_epochs=20, random_state=0)
    >>> model.fit(X, y, X_val=X_val, y_val=y_val)
    SoftmaxRegression(lr=0.1, n_epochs=20, random_state=0)
    >>> display = TrainingCurveDisplay.from_estimator(model)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['Loss', 'Accuracy']
    """

    def __init__(
        self,
        *,
        histories: dict[str, dict[str, Array]],
        step_losses: dict[str, Array],
        best_epochs: dict[str, int],
        endings: dict[str, str] | None = None,
    ) -> None:
        self.histories = histories
        self.step_losses = step_losses
        self.best_epochs = best_epochs
        self.endings = endings

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimators,
        *,
        metrics: str | Sequence[str] = ("loss", "accuracy"),
        window: int | None = None,
        validation_name: str = "validation",
        ax: Axes | Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of fitted estimators.

        Parameters
        ----------
        estimator : estimator, list of estimators, or dict of str to estimator
            Fitted classifiers of this package, or pipelines or searches that end in
            one. Those of a list are named by the parameters that differ.
        metrics, window, validation_name, ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        TypeError
            If ``estimator`` is of another type, such as a ``history_``.
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If ``metrics``, ``window`` or ``ax`` is not valid, or if no estimator has
            recorded one of the metrics.
        """
        models = {name: final_model(model) for name, model in estimators_by_name(estimator).items()}
        for model in models.values():
            check_fitted_attribute(model, "history_")
        display = cls(
            histories={name: model.history_ for name, model in models.items()},
            step_losses={name: model.step_losses_ for name, model in models.items()},
            best_epochs={
                name: int(model.history_["epoch"][np.nanargmin(model.history_["val_loss"])])
                for name, model in models.items()
                if "val_loss" in model.history_
                and (model.early_stopping or model.stop_reason_ == "early_stopping")
            },
            endings={name: text for name, model in models.items() if (text := ending_text(model))},
        )
        return display.plot(
            ax, metrics=metrics, window=window, validation_name=validation_name, **kwargs
        )

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        metrics: str | Sequence[str] = ("loss", "accuracy"),
        window: int | None = None,
        validation_name: str = "validation",
        **kwargs: Any,
    ) -> Self:
        """Draw one panel per metric, with the curves of all estimators.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of n_metrics Axes, default=None
            Axes to draw on, which keep their scales, ticks and limits; None for a new
            figure.
        metrics : str or sequence of str, default=("loss", "accuracy")
            Metrics of ``history_`` to draw over the epochs, for the training rows and, if
            recorded, the validation rows; "val_loss" and "val_accuracy" draw only the
            latter. "step_loss" draws the loss of each batch over the steps: its running
            mean, in a band of one running standard deviation to each side, cut off at 0.
        window : int, default=None
            Number of steps in a running mean; None for a fiftieth of all steps.
        validation_name : str, default="validation"
            Name of the validation rows in the legend.
        **kwargs : dict
            Passed to matplotlib's ``plot`` for each curve.

        Returns
        -------
        display : TrainingCurveDisplay
            Itself.

        Raises
        ------
        ValueError
            If ``metrics``, ``window`` or ``ax`` is not valid, or if no estimator has
            recorded one of the metrics.
        """
        metrics = [metrics] if isinstance(metrics, str) else list(metrics)
        self._check_metrics(metrics)
        if window is not None and window < 1:
            raise ValueError(f"window must be at least 1 step, got {window!r}; None chooses it.")
        figsize = (6.4, 4.8) if len(metrics) == 1 else (4.8 * len(metrics), 4.2)
        self.axes_ = panels(ax, len(metrics), figsize=figsize)
        self.figure_ = self.axes_[0].get_figure()
        self.lines_, self.bands_, self.markers_, self.ends_ = [], [], [], []
        self._names, self._kinds = {}, {}
        for panel, metric in zip(self.axes_, metrics):
            if metric == STEP_LOSS:
                self._draw_steps(panel, window, kwargs)
            else:
                self._draw_epochs(panel, metric, validation_name, kwargs)
            set_whole_number_ticks(panel.xaxis)
            panel.grid(alpha=0.3)
        self.legend_ = add_legend(self.axes_[0], self._legend_handles(), outside=ax is None)
        return self

    def _check_metrics(self, metrics):
        """Check that all metrics were recorded."""
        recorded = {STEP_LOSS: None} | {n: None for h in self.histories.values() for n in h}
        recorded.pop("epoch", None)
        if not metrics:
            raise ValueError(f"metrics is empty: name at least one of {list(recorded)}.")
        for metric in metrics:
            if metric in recorded:
                continue
            if metric in ("val_loss", "val_accuracy"):
                raise ValueError(
                    f"metrics names {metric!r}, which is recorded only with validation rows: fit "
                    "with X_val and y_val, or with early_stopping=True."
                )
            raise ValueError(f"metrics names {metric!r}, but there are only {list(recorded)}.")

    def _draw_epochs(self, ax, metric, validation_name, kwargs):
        """Draw the curves of a metric over the epochs, with their marks."""
        kinds = {metric: "training", f"val_{metric}": validation_name}
        if metric.startswith("val_"):
            kinds = {metric: validation_name}
        lines, markers, ends = [], [], []
        for (name, history), colour in self._items_with_colours(self.histories):
            curves = {column: kind for column, kind in kinds.items() if column in history}
            for index, (column, kind) in enumerate(curves.items()):
                defaults = {"color": ORANGE} if index and self._is_single() else {"color": colour}
                defaults |= {"linestyle": ("-", "--")[index], "label": self._line_label(name, kind)}
                lines += ax.plot(history["epoch"], history[column], **merge_style(defaults, kwargs))
                mark_single_points(lines[-1])
                self._add_legend_entry(name, kind, lines[-1])
            if curves and name in self.best_epochs:
                markers.append(_mark(ax, lines[-1], self.best_epochs[name]))
                self._add_legend_entry(name, BEST, markers[-1])
            if curves:
                curve_lines = lines[-len(curves) :]
                complete = [line for line in curve_lines if np.isfinite(line.get_ydata()[-1])]
                ends += self._mark_end(ax, name, (complete or curve_lines)[-1])
        self.lines_.append(lines)
        self.bands_.append([])
        self.markers_.append(markers)
        self.ends_.append(ends)
        ax.set_xlabel("Epoch")
        ax.set_ylabel(_label(metric, validation_name), parse_math=False)

    def _draw_steps(self, ax, window, kwargs):
        """Draw running means of the losses of the batches, with their bands."""
        lines, bands, ends = [], [], []
        for (name, losses), colour in self._items_with_colours(self.step_losses):
            size = window or max(1, round(len(losses) / 50))
            mean = uniform_filter1d(losses, size)
            variance = uniform_filter1d((losses - mean) ** 2, size)
            deviation = np.sqrt(np.maximum(variance, 0))  # may be negative by rounding
            steps = np.arange(1, len(losses) + 1)
            defaults = {"color": colour, "label": self._line_label(name, "running mean")}
            lines += ax.plot(steps, mean, **merge_style(defaults, kwargs))
            mark_single_points(lines[-1])
            band = {"color": lines[-1].get_color(), "alpha": 0.25, "linewidth": 0}
            lowest = np.maximum(mean - deviation, 0)
            bands.append(ax.fill_between(steps, lowest, mean + deviation, **band))
            self._add_legend_entry(name, "running mean", lines[-1])
            self._add_legend_entry(name, "± standard deviation", lines[-1], alpha=0.25, linewidth=8)
            ends += self._mark_end(ax, name, lines[-1])
        self.lines_.append(lines)
        self.bands_.append(bands)
        self.markers_.append([])
        self.ends_.append(ends)
        ax.set(xlabel="Step", ylabel=LABELS[STEP_LOSS])

    def _mark_end(self, ax, name, line):
        """Mark the last point of a curve that ends early, and return the marks."""
        ending = (self.endings or {}).get(name)
        if ending is None:
            return []
        end = _mark(ax, line, line.get_xdata()[-1], marker="X", markersize=7)
        self._add_legend_entry(name, ending, end)
        return [end]

    def _is_single(self):
        return len(self.histories) == 1

    def _items_with_colours(self, entries):
        return zip(entries.items(), colours(len(entries)))

    def _line_label(self, name, kind):
        return kind if self._is_single() else f"{name}, {kind}"

    def _add_legend_entry(self, name, kind, line, **style):
        """Add a kind of line and, with several estimators, the estimator to the legend."""
        self._kinds.setdefault(kind, _legend_handle(line, label=kind, **style))
        if not self._is_single():
            self._kinds[kind].set_color(GREY)
            self._names.setdefault(name, _legend_handle(line, label=name, linestyle="-"))

    def _legend_handles(self):
        """Return the handles of the legend: estimators by colour, then kinds of lines."""
        marks = {BEST, *(self.endings or {}).values()}
        kinds = dict(self._kinds)
        if self._names and len(kinds.keys() - marks) == 1:
            kinds = {kind: handle for kind, handle in kinds.items() if kind in marks}
        return [*self._names.values(), *kinds.values()]


def _mark(ax, line, position, marker="o", **style):
    """Mark the point of a curve at an epoch or step."""
    x, y = line.get_data()
    style |= {"linestyle": "none", "markerfacecolor": "white", "zorder": 3}
    (mark,) = ax.plot(x[x == position], y[x == position], marker, color=line.get_color(), **style)
    return mark


def _legend_handle(line, **style):
    """Return a legend handle with the properties of a line, updated by a style."""
    from matplotlib.lines import Line2D

    handle = Line2D([], [])
    handle.update_from(line)
    handle.set(**style)
    return handle


def _label(metric, validation_name):
    if metric.startswith("val_"):
        metric = f"{validation_name} {metric.removeprefix('val_')}"
    return LABELS.get(metric, metric[:1].upper() + metric[1:])
