"""Rosenblatt's perceptron for two classes."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval

from sklearn_softmax._model.losses import PerceptronCriterion
from sklearn_softmax._training.averaging import AveragedGradientDescent
from sklearn_softmax._training.optimizers import GradientDescent
from sklearn_softmax._typing import ClassWeight, MatrixLike, RandomSource
from sklearn_softmax.estimators._base import GradientDescentClassifier, checking_parameters
from sklearn_softmax.estimators._linear import LinearMixin


class BinaryPerceptron(LinearMixin, GradientDescentClassifier):
    r"""Rosenblatt's perceptron for two classes.

    Takes the rows one at a time and learns from its mistakes:

    .. math:: w \leftarrow w + \alpha c_i s_i x_i, \quad b \leftarrow b + \alpha c_i s_i
              \qquad \text{where} \quad s_i (w^\top x_i + b) \le 0

    with s = 1 for the second class and -1 for the first, and c the weight of the class.
    With ``shuffle=False`` this is bit for bit
    ``sklearn.linear_model.Perceptron(shuffle=False)`` on dense data in double precision:
    both take the rows as they stand, and with the same ``tol`` as many epochs. Where there
    are class weights, scikit-learn's ``tol`` leaves them out of the loss: set it to None.

    With ``batch_size`` above 1 a step goes against the subgradient of the perceptron
    criterion, averaged over the batch.

    With ``average=True`` the fitted weights are the mean of those after each of the T
    steps, rows without a mistake among them (the averaged perceptron [2]_):

    .. math:: \bar w = \frac{1}{T} \sum_{t=1}^{T} w_t, \quad
              \bar b = \frac{1}{T} \sum_{t=1}^{T} b_t

    Where no hyperplane separates the classes, the last weights are what the last few
    mistakes made of them; the mean classifies new rows better.

    Training ends after an epoch without a mistake: no later epoch could change the
    weights that learn. Without tolerance, that comes to pass if and only if a hyperplane
    separates the classes, and epochs enough are allowed. Else it ends when the training
    loss no longer falls, as in scikit-learn: see ``tol``.

    Parameters
    ----------
    lr : float, default=1.0
        Learning rate. From zero weights it only scales them, and the loss that is weighed
        against ``tol``, unless ``lr_decay`` is below 1.
    lr_decay : float, default=1.0
        Factor applied to ``lr`` after each epoch, above 0 and up to 1.
    batch_size : int, default=1
        Rows a step; more than there are mean all of them. The gradient of a last batch
        with fewer rows counts in proportion. 1 is the online rule.
    n_epochs : int, default=200
        Passes over the data: exactly as many, unless early stopping ends them. A training
        loss that no longer falls and an epoch without a mistake end them, too.
    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the
        parameters at its lowest; the epoch count stays where it is. The validation rows
        are ``X_val`` and ``y_val`` given to :meth:`fit`, or else a stratified fraction of
        the training rows.
    validation_fraction : float, default=0.1
        That fraction, at least as many rows as there are classes. A rare class may have none
        among them; the only row of a class is trained on, and does not count. Used only with
        early stopping and without ``X_val``.
    n_iter_no_change : int, default=5
        Epochs in a row without a gain after which early stopping stops. Without early
        stopping, training stops after as many.
    tol : float or None, default=1e-3
        Smallest fall of the validation loss that counts as a gain. Without early stopping,
        it is the training loss (``history_["loss"]``) that has to fall; None to stop for
        neither, whereby early stopping still restores the parameters of the lowest.
    average : bool, default=False
        Whether the fitted weights are the mean over all steps, instead of the last ones.
        Validation rows are scored with it, the figures of training tell of the weights
        that learn. ``warm_start`` and ``partial_fit`` go on from these, and with the mean.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives every class the same total in training.
        The same weights count for validation rows. The online rule takes them as they are,
        larger batches relative to their mean.
    fit_intercept : bool, default=True
        Whether to learn intercepts.
    shuffle : bool, default=True
        Whether to take the rows in a new random order in each epoch. A batch that
        holds all rows needs no order.
    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the last fit: parameters, learning rate, shuffles
        and history, so that two fits of 5 epochs are one of 10.
    random_state : int, RandomState instance or None, default=None
        Source of the shuffles and of the validation rows. The same int gives the same
        model; on another machine, or with another number of BLAS threads, up to rounding.
    verbose : int, default=0
        Above 0, prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Class labels, sorted.
    coef_ : ndarray of shape (1, n_features)
        Weights, which speak for ``classes_[1]``.
    intercept_ : ndarray of shape (1,)
        Intercept; zero with ``fit_intercept=False``.
    n_iter_ : int
        Epochs run.
    n_steps_ : int
        Steps taken.
    history_ : dict of str to ndarray of shape (`n_iter_`,)
        One entry an epoch: ``epoch``, ``lr``, ``loss`` and ``accuracy`` (weighted means
        over the training rows, each scored just before the step that used it), ``penalty``
        and ``weight_norm`` at its end and, with validation rows, ``val_loss`` and
        ``val_accuracy`` at its end. Made for ``pandas.DataFrame(history_)``. ``mistakes``
        counts the rows that were on the wrong side when their turn came; ``penalty`` is 0.
    step_losses_ : ndarray of shape (`n_steps_`,)
        Mean weighted loss of each batch, just before its step.
    lr_ : float
        Learning rate of the last epoch.
    convergence_ : float
        Fall of the training objective in the last epochs, relative to its lowest value, or to
        a hundredth of the first one where that is larger. The last epochs are 25 if each is
        one step, fewer if it is more, down to three. Up to 0.002 "auto" takes for the end of
        training; NaN after a single epoch.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features; only where X had string names.

    See Also
    --------
    sklearn.linear_model.Perceptron : The online rule with penalties, one-vs-rest.
    sklearn.multiclass.OneVsRestClassifier : Joins perceptrons for more classes; the one
        with the largest score predicts.

    Notes
    -----
    There is no penalty and no momentum: they would move the weights after an epoch
    without a mistake. There are no sample weights: to the online rule, a weight of 2
    is not a repeated row.

    References
    ----------
    .. [1] F. Rosenblatt, "The perceptron: a probabilistic model for information storage
       and organization in the brain" (1958).
    .. [2] Y. Freund and R. Schapire, "Large margin classification using the perceptron
       algorithm" (1999).
    .. [3] C. M. Bishop, "Pattern Recognition and Machine Learning" (2006),
       section 4.1.7.
    .. [4] N. Hinke, "MNIST Handwritten Digits" (2022), part 2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import BinaryPerceptron
    >>> X, y = load_iris(return_X_y=True)
    >>> model = BinaryPerceptron(random_state=0).fit(X, y == 0)
    >>> model.score(X, y == 0), int(model.history_["mistakes"][-1])
    (1.0, 0)
    """

    _parameter_constraints: dict = {
        **GradientDescentClassifier._parameter_constraints,
        "lr": [Interval(Real, 0, None, closed="neither")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "average": ["boolean"],
    }
    _loss = PerceptronCriterion()

    def __init__(
        self,
        *,
        lr: float = 1.0,
        lr_decay: float = 1.0,
        batch_size: int = 1,
        n_epochs: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float | None = 1e-3,
        average: bool = False,
        class_weight: ClassWeight = None,
        fit_intercept: bool = True,
        shuffle: bool = True,
        warm_start: bool = False,
        random_state: RandomSource = None,
        verbose: int = 0,
    ) -> None:
        self.lr = lr
        self.lr_decay = lr_decay
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.average = average
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @checking_parameters
    def fit(  # type: ignore[override]  # there are no sample weights
        self,
        X: MatrixLike,
        y: ArrayLike,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train until there are no mistakes, or no gain any longer: ``n_epochs`` passes at most.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. float32 and float64 are used as they are, without a copy;
            sparse data as CSR.
        y : array-like of shape (n_samples,)
            Class labels of any type, two of them.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data: scored after each epoch, and what early stopping goes by.
        y_val : array-like of shape (n_val,), default=None
            Class labels of the validation data, all of which occur in ``y``.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not valid, if there are more than two classes,
            or if training diverges: if the loss or a parameter is no longer finite. The
            estimator is then as it was before.
        """
        return self._fit(X, y, None, X_val, y_val, None)

    @checking_parameters
    def partial_fit(  # type: ignore[override]
        self, X: MatrixLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> Self:
        """Make one pass over the given data, going on from where training stands.

        The learning rate, its decay and the history go on from earlier calls of
        ``partial_fit`` and ``fit``, and so does the mean. Early stopping, ``tol`` and
        ``n_epochs`` play no part.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data.
        y : array-like of shape (n_samples,)
            Class labels, all of which are in ``classes``.
        classes : array-like of shape (n_classes,), default=None
            The two labels that may ever occur; needed in the first call only.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not valid, if there are more than two classes,
            or if training diverges, as for :meth:`fit`; the estimator is then as it was
            before.
        """
        return self._partial_fit(X, y, classes, None)

    def _check_classes(self, classes):
        """Check that there are two of them at most."""
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"{len(classes)} classes. Use OneVsRestClassifier({type(self).__name__}())."
            )

    def _hyperparameters(self):
        """What may differ between the models of a run, by name."""
        rates = {"lr": self.lr, "lr_decay": self.lr_decay}
        return rates | {"reg_param": 0.0, "momentum": 0.0, "nesterov": False}

    def _patience(self):
        """As for the others, but without early stopping patience is with the training loss."""
        if self.tol is None:
            return np.inf, 0.0, self.early_stopping
        return self.n_iter_no_change, self.tol, self.early_stopping

    def _optimizer(self):
        """Plain gradient descent, which may keep what the mean of the weights takes."""
        return AveragedGradientDescent() if self.average else GradientDescent()

    def _is_online(self):
        """Whether each row is a step of Rosenblatt's rule, not a batch of one."""
        return self.batch_size == 1

    def _is_averaged(self):
        """Whether the model is the mean of its weights over all steps."""
        return self.average

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
