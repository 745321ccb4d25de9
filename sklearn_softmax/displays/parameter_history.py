"""Norms of the weights and intercepts over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from sklearn_softmax._typing import Array
from sklearn_softmax.displays._drawing import (
    OKABE_ITO,
    add_legend,
    colours,
    mark_single_points,
    merge_style,
    panels,
    set_whole_number_ticks,
    start_at_zero,
)
from sklearn_softmax.displays._models import check_history, output_names_of_classes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


LINESTYLES = ("-", "--", ":")


class ParameterHistoryDisplay:
    """Norms of the weights and intercepts over the epochs.

    It is recommended to use :meth:`from_history`. All parameters are stored as
    attributes.

    Parameters
    ----------
    epochs : ndarray of shape (n_snapshots,)
        Epochs after which the parameters were kept; 0 is before the first one.
    weight_norms : ndarray of shape (n_snapshots, n_layers)
        Norm of the weights of each layer.
    intercepts : ndarray of shape (n_snapshots, n_outputs)
        Intercepts of one layer.
    output_names : list of str of length n_outputs, default=None
        Names of that layer's outputs.

    Attributes
    ----------
    axes_ : ndarray of shape (2,) of matplotlib Axes
        Axes with the norms and with the intercepts.
    figure_ : matplotlib Figure
        Figure that holds them.
    norm_lines_ : list of matplotlib Line2D
        One line per layer.
    intercept_lines_ : list of matplotlib Line2D
        One line per output.

    See Also
    --------
    WeightHistory : Keeps the parameters while a model is fitted.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression" (2021),
       figure 4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import (
    ...     ParameterHistoryDisplay, SoftmaxRegression, WeightHistory
    ... )
    >>> history = WeightHistory()
    >>> model = SoftmaxRegression(lr=0.1, n_epochs=20).set_callbacks(history)
    >>> model.fit(*load_iris(return_X_y=True))
    SoftmaxRegression(lr=0.1, n_epochs=20)
    >>> display = ParameterHistoryDisplay.from_history(history)
    >>> len(display.intercept_lines_)
    3
    """

    def __init__(
        self,
        *,
        epochs: Array,
        weight_norms: Array,
        intercepts: Array,
        output_names: list[str] | None = None,
    ) -> None:
        self.epochs = epochs
        self.weight_norms = weight_norms
        self.intercepts = intercepts
        self.output_names = output_names

    @classmethod
    def from_history(
        cls,
        history: Any,
        *,
        layer: int = -1,
        ax: Sequence[Axes] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the parameters that a callback has kept.

        Parameters
        ----------
        history : WeightHistory
            After the fit of a classifier that had it as a callback.
        layer : int, default=-1
            Layer whose intercepts are drawn; the last one has one per class.
        ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : ParameterHistoryDisplay

        Raises
        ------
        TypeError
            If ``history`` is a classifier, its ``history_``, or a class.
        NotFittedError
            If the callback has kept nothing yet.
        ValueError
            If ``layer`` or ``ax`` is not valid.
        """
        check_history(history)
        n_layers = len(history.weights_)
        if not -n_layers <= layer < n_layers:
            raise ValueError(
                f"layer={layer!r} is not one of the {n_layers} layers, 0 to {n_layers - 1}."
            )
        intercepts = history.intercepts_[layer]
        display = cls(
            epochs=history.epochs_,
            weight_norms=np.column_stack(
                [np.linalg.norm(W, axis=(1, 2)) for W in history.weights_]
            ),
            intercepts=intercepts,
            output_names=output_names_of_classes(history.classes_, intercepts.shape[1])
            if layer in (-1, n_layers - 1)
            else None,
        )
        return display.plot(ax, **kwargs)

    def plot(self, ax: Sequence[Axes] | None = None, **kwargs: Any) -> Self:
        """Draw the norms and the intercepts side by side.

        Parameters
        ----------
        ax : array-like of 2 matplotlib Axes, default=None
            Axes to draw on, which keep their scales, ticks and limits; None for a new
            figure.
        **kwargs : dict
            Passed to matplotlib's ``plot`` for each line.

        Returns
        -------
        display : ParameterHistoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If ``ax`` does not hold two axes.
        """
        self.axes_ = norm_ax, intercept_ax = panels(ax, 2, figsize=(9.6, 4.2))
        self.figure_ = norm_ax.get_figure()
        n_layers = self.weight_norms.shape[1]
        layers = [f"layer {number}" for number in range(1, n_layers + 1)]
        self.norm_lines_ = self._draw(norm_ax, self.weight_norms, layers, kwargs)
        names = self.output_names
        self.intercept_lines_ = self._draw(intercept_ax, self.intercepts, names, kwargs)
        norm_ax.set_ylabel("Norm of the weights")
        start_at_zero(norm_ax)
        intercept_ax.set_ylabel("Intercept")
        if n_layers > 1:
            add_legend(norm_ax, self.norm_lines_, outside=False)
        if names is not None:
            add_legend(intercept_ax, self.intercept_lines_, outside=ax is None, title="Class")
        return self

    def _draw(self, ax, values, names, kwargs):
        """Draw one line per column of values."""
        lines = []
        for index, style in enumerate(_styles(values.shape[1])):
            style["label"] = None if names is None else names[index]
            lines += ax.plot(self.epochs, values[:, index], **merge_style(style, kwargs))
            mark_single_points(lines[-1])
        ax.set_xlabel("Epoch")
        set_whole_number_ticks(ax.xaxis)
        ax.grid(alpha=0.3)
        return lines


def _styles(n):
    """Return colours and, when these repeat, other dashes; beyond that a scale of colours."""
    n_colours = len(OKABE_ITO)
    if n > n_colours * len(LINESTYLES):
        return [{"color": colour} for colour in colours(n)]
    return [
        {"color": OKABE_ITO[i % n_colours], "linestyle": LINESTYLES[i // n_colours]}
        for i in range(n)
    ]
