"""Conversion of fitted models to scikit-learn's estimators, which do not need this package."""

from __future__ import annotations

from copy import copy, deepcopy
from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.validation import check_is_fitted

from sklearn_softmax.estimators import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

# Names of parameters here and in scikit-learn.
PERCEPTRON_PARAMETERS = {
    **{"lr": "eta0", "n_epochs": "max_iter", "tol": "tol", "n_iter_no_change": "n_iter_no_change"},
    **{"fit_intercept": "fit_intercept", "class_weight": "class_weight", "shuffle": "shuffle"},
    "random_state": "random_state",
}
NET_PARAMETERS = {
    **{"batch_size": "batch_size", "optimizer": "solver", "lr": "learning_rate_init"},
    **{"momentum": "momentum", "nesterov": "nesterovs_momentum", "n_epochs": "max_iter"},
    **{"shuffle": "shuffle", "random_state": "random_state"},
}
NET_ACTIVATIONS = {"relu": "relu", "sigmoid": "logistic", "tanh": "tanh"}


def to_sklearn(model: Any) -> Any:
    r"""Convert a fitted model to an equivalent estimator of scikit-learn.

    The result can be used, pickled and deployed without this package, also by tools for
    scikit-learn's estimators, such as skl2onnx.

    ============================================  ====================================
    model                                         result
    ============================================  ====================================
    :class:`SoftmaxRegression`                    ``LogisticRegression``
    :class:`GDLogisticRegression`, two classes    ``LogisticRegression``
    :class:`GDLogisticRegression`, more           ``OneVsRestClassifier`` over these
    :class:`BinaryPerceptron`                     ``Perceptron``
    :class:`TwoLayerMLPClassifier`                ``MLPClassifier``
    ``OneVsRestClassifier`` over one of these     ``OneVsRestClassifier``
    pipeline that ends in one of these            pipeline with a copy of every other step
    fitted search                                 its ``best_estimator_``, converted
    ============================================  ====================================

    Parameters
    ----------
    model : estimator instance
        Fitted model of a type in the table. It is not changed and shares no data with the result.

    Returns
    -------
    estimator : estimator instance
        Estimator of scikit-learn with the objective of the model. ``C`` is ``1/reg_param``, or
        ``2/reg_param`` for the two weight vectors that :class:`SoftmaxRegression` has for two
        classes. ``MLPClassifier`` divides ``alpha`` by the number of rows of a batch, so ``alpha``
        is ``reg_param * batch_size / n_samples``, and ``reg_param`` if a batch has all rows;
        ``n_samples`` is the sum of the weights if rows or classes have weights. For two classes,
        ``MLPClassifier`` has one output instead of two, and this ``alpha`` penalises its weights
        twice as much. Parameters without an equivalent, such as "auto" and dropout, are omitted.

    Raises
    ------
    NotFittedError
        If the model is not fitted, or is a search with ``refit=False``.
    TypeError
        If the type of the model is not in the table.
    ValueError
        If there is a single class: ``LogisticRegression`` and ``Perceptron`` need two.

    Notes
    -----
    Classes, probabilities and the decision function are the same up to rounding, for features of
    the dtype of the training rows. For two classes, a net has two outputs here and one in
    scikit-learn: the softmax of two scores is the sigmoid of their difference,

    .. math:: \frac{e^{z_2}}{e^{z_1} + e^{z_2}} = \sigma(z_2 - z_1)

    ``MLPClassifier`` has no ``decision_function``: a ``OneVsRestClassifier`` over nets compares
    their probabilities instead, several of which may be 1. The logarithm of a probability of 0 is
    -inf in scikit-learn and finite here.

    If all rows or no rows have a label, ``OneVsRestClassifier`` stores a constant instead of an
    estimator, and so does the result. If this is the first label of a multi-label model,
    scikit-learn compares the decision function of all labels with 0.5 instead of 0; the result for
    nets compares their probabilities with 0.5.

    ``skl2onnx.to_onnx(to_sklearn(model), X[:1].astype(np.float32))`` converts a model to ONNX,
    which needs no Python. Files of ``skops.io.dump`` can be inspected before they are loaded,
    unlike pickles. For the result, no type has to be trusted, except
    ``sklearn.multiclass._ConstantPredictor`` for constant labels; for a model of this package,
    those that ``skops.io.get_untrusted_types`` returns, all from ``sklearn_softmax``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import SoftmaxRegression, to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(reg_param=0.5, random_state=0).fit(X, y)
    >>> to_sklearn(model)
    LogisticRegression(C=2.0)
    >>> np.allclose(to_sklearn(model).predict_proba(X), model.predict_proba(X), atol=1e-12)
    True
    """
    from sklearn.multiclass import OneVsRestClassifier

    if isinstance(model, Pipeline):
        return _convert_pipeline(model)
    if isinstance(model, OneVsRestClassifier):
        return _convert_one_vs_rest(model)
    if isinstance(model, (GridSearchCV, RandomizedSearchCV)) or hasattr(model, "best_estimator_"):
        message = "This %(name)s has no best_estimator_: call fit, with refit=True."
        check_is_fitted(model, "best_estimator_", msg=message)
        return to_sklearn(model.best_estimator_)
    return _convert(model)


def _convert_pipeline(model):
    """Return a pipeline with copies of the transformers and a converted last step."""
    *transformers, (name, classifier) = model.steps
    converted = copy(model)
    converted.steps = [*deepcopy(transformers), (name, to_sklearn(classifier))]
    return converted


def _convert_one_vs_rest(model):
    """Convert the estimators of a one-vs-rest classifier, and copy those of constant labels."""
    from sklearn.dummy import DummyClassifier
    from sklearn.multiclass import _ConstantPredictor

    check_is_fitted(model)
    converted = copy(model)
    for name in vars(model).keys() - {"estimator", "estimators_"}:
        setattr(converted, name, deepcopy(getattr(model, name)))
    converted.estimators_ = [
        deepcopy(one) if isinstance(one, _ConstantPredictor) else to_sklearn(one)
        for one in model.estimators_
    ]
    trained = [one for one in converted.estimators_ if not isinstance(one, _ConstantPredictor)]
    converted.estimator = clone(trained[0]) if trained else DummyClassifier()
    return converted


@singledispatch
def _convert(model):
    """Convert a classifier of this package."""
    raise TypeError(
        "to_sklearn needs a fitted SoftmaxRegression, GDLogisticRegression, BinaryPerceptron or "
        "TwoLayerMLPClassifier, a OneVsRestClassifier over one of them, a pipeline that ends in "
        f"one, or a search over these; got {type(model).__name__}."
    )


@_convert.register(SoftmaxRegression)
def _(model):
    _check_fitted(model)
    if len(model.classes_) > 2:
        return _build_logistic_regression(model, model.coef_, model.intercept_, model.classes_)
    # Two vectors that are each other's negatives have half the penalty of their difference.
    coef, intercept = np.diff(model.coef_, axis=0), np.diff(model.intercept_)
    return _build_logistic_regression(model, coef, intercept, model.classes_, n_vectors=2)


@_convert.register(GDLogisticRegression)
def _(model):
    from sklearn.multiclass import OneVsRestClassifier

    _check_fitted(model)
    if len(model.classes_) == 2:
        return _build_logistic_regression(model, model.coef_, model.intercept_, model.classes_)
    binary_models = [
        # Class weights have no meaning for "one" and "rest".
        _build_logistic_regression(
            model, w[np.newaxis], b[np.newaxis], np.arange(2), class_weight=None
        )
        for w, b in zip(model.coef_, model.intercept_)
    ]
    return _set_attributes(
        OneVsRestClassifier(clone(binary_models[0])),
        model,
        classes_=model.classes_.copy(),
        estimators_=binary_models,
        label_binarizer_=LabelBinarizer().fit(model.classes_),
    )


@_convert.register(BinaryPerceptron)
def _(model):
    from sklearn.linear_model import Perceptron

    _check_fitted(model)
    return _set_attributes(
        Perceptron(**_translate_params(model, PERCEPTRON_PARAMETERS)),
        model,
        classes_=model.classes_.copy(),
        coef_=model.coef_.copy(),
        intercept_=model.intercept_.copy(),
        n_iter_=model.n_iter_,
        t_=model.n_steps_ + 1.0,
    )


@_convert.register(TwoLayerMLPClassifier)
def _(model):
    from sklearn.neural_network import MLPClassifier

    _check_fitted(model)
    coefs, intercepts = [W.copy() for W in model.coefs_], [b.copy() for b in model.intercepts_]
    is_binary = len(model.classes_) == 2
    if is_binary:
        coefs[-1], intercepts[-1] = np.diff(coefs[-1]), np.diff(intercepts[-1])
    params = _translate_params(model, NET_PARAMETERS)
    if params["batch_size"] == 200:
        params["batch_size"] = "auto"  # which does not warn of fewer rows
    net = MLPClassifier(
        hidden_layer_sizes=tuple(W.shape[1] for W in coefs[:-1]),
        activation=NET_ACTIVATIONS[model.activation],
        alpha=_alpha(model),
        **params,
    )
    losses = model.history_["loss"].tolist()
    return _set_attributes(
        net,
        model,
        classes_=model.classes_.copy(),
        coefs_=coefs,
        intercepts_=intercepts,
        n_layers_=len(coefs) + 1,
        n_outputs_=len(intercepts[-1]),
        out_activation_="logistic" if is_binary else "softmax",
        _label_binarizer=LabelBinarizer().fit(model.classes_),
        # For partial_fit: t_ counts rows, here as if all batches were full.
        n_iter_=model.n_iter_,
        t_=model.n_steps_ * int(model.batch_size),
        loss_curve_=losses,
        loss_=losses[-1],
        best_loss_=min(losses),
        _no_improvement_count=0,
    )


def _check_fitted(model):
    """Check that a model is fitted to at least two classes."""
    check_is_fitted(model)
    if len(model.classes_) < 2:
        raise ValueError(
            "LogisticRegression and Perceptron of scikit-learn need at least two classes, but this "
            f"{type(model).__name__} was fitted to only {model.classes_.tolist()}: fit it to more."
        )


def _build_logistic_regression(model, coef, intercept, classes, *, n_vectors=1, **params):
    """Return a logistic regression with these parameters and the objective of a model."""
    from sklearn.linear_model import LogisticRegression

    params = {"class_weight": model.class_weight, "fit_intercept": model.fit_intercept} | params
    C = n_vectors / model.reg_param if model.reg_param else np.inf
    return _set_attributes(
        LogisticRegression(C=C, **params),
        model,
        classes_=classes.copy(),
        coef_=coef.copy(),
        intercept_=intercept.copy(),
        n_iter_=np.array([model.n_iter_], np.int32),
    )


def _alpha(net):
    """Return the penalty of a net in the units of ``MLPClassifier``."""
    if net.optimizer == "lbfgs":  # a batch has all rows
        return net.reg_param
    penalty, norm = (net.history_[name][-1] for name in ("penalty", "weight_norm"))
    with np.errstate(invalid="ignore", over="ignore"):
        penalty_per_row = 2 * penalty / norm**2  # reg_param / n_samples
    return float(np.fmin(net.reg_param, net.batch_size * penalty_per_row))


def _translate_params(model, names):
    """Return the parameters of a model under scikit-learn's names, except "auto"."""
    values = {theirs: getattr(model, ours) for ours, theirs in names.items()}
    return {name: value for name, value in values.items() if value != "auto"}


def _set_attributes(estimator, model, **attributes):
    """Set fitted attributes of an estimator, those of the features as in a model, and return it."""
    estimator.n_features_in_ = model.n_features_in_
    if hasattr(model, "feature_names_in_"):
        estimator.feature_names_in_ = model.feature_names_in_.copy()
    for name, value in attributes.items():
        setattr(estimator, name, value)
    return estimator
