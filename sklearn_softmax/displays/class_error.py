"""Error rate of each class."""

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
from sklearn_softmax.displays._drawing import add_legend, colours, panels, styled
from sklearn_softmax.displays._models import named

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ClassErrorDisplay:
    """Error rate of each class or sub-classifier as bars, several models side by side.

    It is recommended to use :meth:`from_estimator`, :meth:`from_predictions` or
    :meth:`from_sub_classifiers`. All parameters are stored as attributes.

    Parameters
    ----------
    errors : dict of str to array-like of shape (n_classes,)
        By the name of the model, its error rates, from 0 to 1.
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
    sklearn.metrics.ConfusionMatrixDisplay : Which class is taken for which.

    References
    ----------
    .. [1] The report on ten perceptrons and ten logistic regressions joined to ten
       classes (``benchmarks.reports one_vs_rest``), figures 1 and 4.

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
        """Draw for each class the share of its rows that are predicted wrong.

        Parameters
        ----------
        estimator : classifier, list of classifiers, or dict of str to classifier
            Any that are fitted. Those of a list are named by the parameters that differ.
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
        NotFittedError
            If an estimator is not fitted.
        """
        predictions = {name: model.predict(X) for name, model in _fitted(estimator).items()}
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
        """Draw for each class the share of its rows that are predicted wrong.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Classes of the rows.
        y_pred : array-like of shape (n_samples,), or dict of str to such
            Predicted classes, of several models by name.
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
                y_true, predicted, labels=classes, average=None, sample_weight=sample_weight
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

        A sub-classifier says yes to a row where its column of ``decision_function`` is
        above 0. Its error rate is the share of all rows that it says yes to without
        their being of its class, or no to where they are.

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
        NotFittedError
            If an estimator is not fitted.
        ValueError
            If the classes differ, or if there is no sub-classifier for each.
        """
        models = _fitted(estimator)
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
        """Draw a group of bars for each class.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None for a new figure.
        **kwargs : dict
            Passed on to matplotlib's ``bar`` for each model.

        Returns
        -------
        display : ClassErrorDisplay
            Itself.
        """
        (self.ax_,) = panels(ax, 1, figsize=(6.4, 4.2))
        self.figure_ = self.ax_.get_figure()
        n_models, places = len(self.errors), np.arange(len(self.classes))
        width = 0.8 / n_models
        self.bars_ = []
        for position, (name, colour) in enumerate(zip(self.errors, colours(n_models))):
            shift = width * (position - (n_models - 1) / 2)
            style = {"color": colour, "label": name, "width": width}
            style = styled(style, kwargs)
            self.bars_.append(self.ax_.bar(places + shift, self.errors[name], **style))
        names = [str(label) for label in self.classes]
        is_crowded = max(map(len, names)) * len(names) > 55
        style = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if is_crowded else {}
        self.ax_.set_xticks(places, names, **style)
        self.ax_.set(xlabel="Class", ylabel="Error rate")
        self.ax_.yaxis.set_major_formatter(lambda rate, _: f"{100 * rate:g}%")
        self.ax_.grid(axis="y", alpha=0.3)
        self.ax_.set_axisbelow(True)
        if n_models > 1:
            add_legend(self.ax_, self.bars_, outside=ax is None)
        return self


def _fitted(estimator):
    models = named(estimator)
    for model in models.values():
        check_is_fitted(model)
    return models
