"""Error rates of the classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import recall_score
from sklearn.preprocessing import label_binarize
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from sklearn_softmax._typing import Array, Estimators, MatrixLike
from sklearn_softmax.displays._drawing import (
    add_legend,
    colours,
    merge_style,
    panels,
    start_at_zero,
)
from sklearn_softmax.displays._models import estimators_by_name
from sklearn_softmax.displays._tick_labels import fit_tick_labels, tick_spacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MIN_FONT_SIZE = 4


class ClassErrorDisplay:
    """Error rate of each class or sub-classifier as bars, several models side by side.

    It is recommended to use :meth:`from_estimator`, :meth:`from_predictions` or
    :meth:`from_sub_classifiers`. All parameters are stored as attributes.

    Parameters
    ----------
    errors : dict of str to array-like of shape (n_classes,)
        Error rates from 0 to 1 by the name of the model; NaN if undefined.
    classes : array-like of shape (n_classes,)
        Names of the classes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the bars.
    figure_ : matplotlib Figure
        Figure that holds them.
    bars_ : list of matplotlib BarContainer
        The bars of each model.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Which class is predicted as which.

    References
    ----------
    .. [1] N. Hinke, "MNIST Handwritten Digits" (2022), figures 1 and 4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import ClassErrorDisplay, SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(random_state=0).fit(X, y)
    >>> display = ClassErrorDisplay.from_estimator(model, X, y)
    >>> display.ax_.get_ylabel()
    'Error rate'
    """

    def __init__(self, *, errors: dict[str, Any], classes: Array) -> None:
        self.errors = errors
        self.classes = classes

    @classmethod
    def from_estimator(
        cls,
        estimator: Estimators,
        X: MatrixLike,
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw for each class the fraction of its rows that are misclassified.

        Parameters
        ----------
        estimator : classifier, list of classifiers, or dict of str to classifier
            Fitted classifiers of any kind. Those of a list are named by the parameters
            that differ.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to predict.
        y : array-like of shape (n_samples,)
            Their classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : ClassErrorDisplay

        Raises
        ------
        TypeError
            If ``estimator`` is of another type.
        NotFittedError
            If an estimator is not fitted.
        """
        predictions = {name: model.predict(X) for name, model in _fitted_models(estimator).items()}
        return cls.from_predictions(y, predictions, sample_weight=sample_weight, ax=ax, **kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike | dict[str, Any],
        *,
        sample_weight: ArrayLike | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw for each class the fraction of its rows that are misclassified.

        It is undefined for a class whose rows have no weight.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Classes of the rows.
        y_pred : array-like of shape (n_samples,), or dict of str to such
            Predicted classes, or those of several models by name.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : ClassErrorDisplay

        Raises
        ------
        ValueError
            If the lengths differ.
        """
        if not isinstance(y_pred, Mapping):
            y_pred = {"Classifier": y_pred}
        check_consistent_length(y_true, *y_pred.values(), sample_weight)
        classes = unique_labels(y_true)
        errors = {
            name: 1
            - recall_score(
                y_true,
                predicted,
                labels=classes,
                average=None,
                sample_weight=sample_weight,
                zero_division=np.nan,
            )
            for name, predicted in y_pred.items()
        }
        return cls(errors=errors, classes=classes).plot(ax, **kwargs)

    @classmethod
    def from_sub_classifiers(
        cls,
        estimator: Any,
        X: MatrixLike,
        y: ArrayLike,
        *,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the error rate of each sub-classifier of one-vs-rest models.

        A sub-classifier accepts a row if its column of ``decision_function`` is above 0.
        Its error rate is the fraction of all rows that it accepts although they are of
        another class, or rejects although they are of its class.

        Parameters
        ----------
        estimator : classifier, list of classifiers, or dict of str to classifier
            Fitted one-vs-rest, such as :class:`GDLogisticRegression` or
            ``OneVsRestClassifier``, all with the same classes.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows to decide on.
        y : array-like of shape (n_samples,)
            Their classes.
        ax, **kwargs
            As in :meth:`plot`.

        Returns
        -------
        display : ClassErrorDisplay

        Raises
        ------
        TypeError
            If ``estimator`` is of another type.
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If the models' classes differ, or a class has no sub-classifier.
        """
        models = _fitted_models(estimator)
        classes = next(iter(models.values())).classes_
        errors = {}
        for name, model in models.items():
            if not np.array_equal(model.classes_, classes):
                raise ValueError(
                    f"estimator {name!r} has the classes {model.classes_}, the first one has "
                    f"{classes}: draw them on separate axes."
                )
            scores = model.decision_function(X)
            if np.ndim(scores) != 2 or scores.shape[1] != len(classes):
                raise ValueError(
                    f"estimator {name!r} has no sub-classifier for each of its {len(classes)} "
                    "classes: use from_estimator."
                )
            errors[name] = np.mean((scores > 0) != label_binarize(y, classes=classes), axis=0)
        return cls(errors=errors, classes=classes).plot(ax, **kwargs)

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Draw a group of bars per class.

        An error rate of zero is drawn as "0", and an undefined one (NaN) as "n/a". Names of
        classes are rotated, shortened or thinned to fit the axes.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None for a new figure.
        **kwargs : dict
            Passed to matplotlib's ``bar`` for each model.

        Returns
        -------
        display : ClassErrorDisplay
            Itself.
        """
        (self.ax_,) = panels(ax, 1, figsize=(6.4, 4.2))
        self.figure_ = self.ax_.get_figure()
        n_models, positions = len(self.errors), np.arange(len(self.classes))
        width = 0.8 / n_models
        self.bars_ = []
        for position, (name, colour) in enumerate(zip(self.errors, colours(n_models))):
            shift = width * (position - (n_models - 1) / 2)
            style = {"color": colour, "label": name, "width": width}
            errors = np.asarray(self.errors[name], dtype=float)
            self.bars_.append(self.ax_.bar(positions + shift, errors, **merge_style(style, kwargs)))
        self.ax_.update_datalim(
            [(-0.4, 0), (len(positions) - 0.6, 0)], updatey=False
        )  # also for NaN
        self.ax_.autoscale_view()
        self.ax_.set_xticks(positions, [str(label) for label in self.classes], parse_math=False)
        self.ax_.set(xlabel="Class", ylabel="Error rate")
        start_at_zero(self.ax_)
        if self.ax_.yaxis.isDefault_majfmt:
            self.ax_.yaxis.set_major_formatter(_percent)
        self.ax_.grid(axis="y", alpha=0.3)
        self.ax_.set_axisbelow(True)
        fit_tick_labels(self.ax_)
        if n_models > 1:
            add_legend(self.ax_, self.bars_, outside=ax is None)
        for bars in self.bars_:
            self._mark_missing_bars(bars)
        return self

    def _mark_missing_bars(self, bars):
        """Write "0" for bars of height 0 and "n/a" for undefined ones, in a size that fits."""
        from matplotlib import rcParams

        font_size = rcParams["font.size"]
        em = font_size * self.figure_.dpi / 72
        n_ems = tick_spacing(self.ax_) * bars[0].get_width() / em  # width of a bar
        digit_size = font_size * min(1, n_ems / 0.65)
        styles = {"0": {"fontsize": digit_size}, "n/a": {}}
        if n_ems < 1.7:
            size = max(MIN_FONT_SIZE, font_size * min(1, n_ems / 1.2))
            styles["n/a"] = {"rotation": 90, "fontsize": size}
        for bar, rate in zip(bars, bars.datavalues):
            text = "n/a" if np.isnan(rate) else "0"
            if rate > 0 or (text == "0" and digit_size < MIN_FONT_SIZE):
                continue
            self.ax_.annotate(
                text,
                (bar.get_x() + bar.get_width() / 2, 0),
                xycoords=self.ax_.get_xaxis_transform(),
                color=bars[0].get_facecolor(),
                ha="center",
                va="bottom",
                **styles[text],
            )


def _percent(rate, _):
    return f"{100 * rate:g}%"


def _fitted_models(estimator):
    """Return the estimators by name after checking that they are fitted."""
    models = estimators_by_name(estimator)
    for model in models.values():
        check_is_fitted(model)
    return models
