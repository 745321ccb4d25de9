"""Rosenblatt's perceptron for two classes."""

from dataclasses import dataclass
from numbers import Integral, Real

from sklearn.utils._param_validation import Interval

from sklearn_softmax._model.losses import PerceptronCriterion
from sklearn_softmax._training.optimizers import GradientDescent
from sklearn_softmax._training.schedule_free import AveragedGradientDescent
from sklearn_softmax.estimators._base import GradientDescentClassifier
from sklearn_softmax.estimators._linear import LinearMixin


@dataclass(kw_only=True, eq=False, repr=False)
class BinaryPerceptron(LinearMixin, GradientDescentClassifier):
    r"""Rosenblatt's perceptron for two classes.

    Processes one row at a time and changes the weights after a mistake:

    .. math:: w \leftarrow w + \alpha c_i s_i x_i, \quad b \leftarrow b + \alpha c_i s_i
              \qquad \text{if} \quad s_i (w^\top x_i + b) \le 0

    with s = 1 for the second class and -1 for the first, and c the weight of the row times that of
    its class. With ``shuffle=False`` the weights equal those of
    ``sklearn.linear_model.Perceptron(shuffle=False)`` on dense data in double precision to the
    last bit, with the same number of epochs for the same ``tol``. With weights of rows or classes,
    set ``tol=None`` to compare, because scikit-learn omits them from the loss compared with
    ``tol``. Its "balanced" classes have equal numbers of rows, not equal total weights.

    With ``batch_size`` above 1 a step follows the negative subgradient of the perceptron
    criterion, averaged over the batch.

    With ``average=True`` the fitted weights are the mean over all T steps, including rows without
    a mistake (the averaged perceptron [2]_):

    .. math:: \bar w = \frac{1}{T} \sum_{t=1}^{T} w_t, \quad
              \bar b = \frac{1}{T} \sum_{t=1}^{T} b_t

    If no hyperplane separates the classes, the last weights depend on the last few mistakes, and
    the mean classifies new rows better.

    Training ends after an epoch without a mistake, because no later epoch could change the
    weights. With enough epochs and without ``tol``, this happens if and only if a hyperplane
    separates the classes. Otherwise it ends when the training loss no longer falls, as in
    scikit-learn (see ``tol``).

    Parameters
    ----------
    lr : float, default=1.0
        Learning rate. From zero weights it only scales them, and the loss that is compared with
        ``tol``, unless ``lr_decay`` is below 1.
    lr_decay : float, default=1.0
        Factor applied to ``lr`` after each epoch, above 0 and up to 1.
    batch_size : int, default=1
        Rows per step. Values above ``n_samples`` use the full data. The gradient of a smaller last
        batch is weighted in proportion. 1 is the online rule.
    n_epochs : int, default=200
        Passes over the data: exactly this number, unless early stopping ends training. Training
        also ends after an epoch without a mistake, or when the training loss no longer falls.
    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the parameters of
        its lowest value; the epoch count is unchanged. The validation rows are ``X_val`` and
        ``y_val`` passed to :meth:`fit`, or a stratified fraction of the training rows.
    validation_fraction : float, default=0.1
        Fraction of the training rows for validation, but at least as many rows as there are
        classes. The only row of a class is used for training, and a rare class may be missing. Used
        only with early stopping and without ``X_val``.
    n_iter_no_change : int or np.inf, default=5
        Epochs in a row without a fall of the validation loss by ``tol`` after which early stopping
        stops; never with ``np.inf``, which only restores the parameters of its lowest value.
        Without early stopping, it applies to the training loss.
    tol : float or None, default=1e-3
        Smallest fall of the validation loss that counts. Without early stopping, it applies to the
        training loss (``history_["loss"]``); with None neither ends training, and early stopping
        only restores the parameters of the lowest validation loss.
    average : bool, default=False
        Whether the fitted weights are the mean over all steps, instead of the last ones. Validation
        rows are scored with the mean; the figures of training are those of the current
        weights, from which ``warm_start`` and ``partial_fit`` continue.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives all classes equal total weights in the training
        rows. The same weights apply to validation rows. The online rule uses them, times the
        weights of the rows, as factors of the learning rate, larger batches relative to their mean.
    fit_intercept : bool, default=True
        Whether to learn intercepts.
    shuffle : bool, default=True
        Whether to shuffle the rows in each epoch. A batch that holds all rows is not shuffled.
    warm_start : bool, default=False
        Whether :meth:`fit` continues from the last fit: parameters, state of the optimizer,
        learning rate, shuffles and history, so that two fits of 5 epochs equal one of 10.
    random_state : int, RandomState instance or None, default=None
        Source of the shuffles and of the validation rows. The same int gives the same model; on
        another machine, or with another number of BLAS threads, up to rounding.
    verbose : int, default=0
        Above 0, prints one line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Class labels, sorted.
    coef_ : ndarray of shape (1, n_features)
        Weights; positive scores predict ``classes_[1]``.
    intercept_ : ndarray of shape (1,)
        Intercept; zero with ``fit_intercept=False``.
    n_iter_ : int
        Number of epochs.
    n_steps_ : int
        Number of steps.
    history_ : dict of str to ndarray of shape (`n_iter_`,)
        One entry per epoch: ``epoch``, ``lr``, ``loss`` and ``accuracy`` (weighted means over the
        training rows, each scored just before the step that used it), ``penalty`` and
        ``weight_norm`` at its end and, with validation rows, ``val_loss`` and ``val_accuracy`` at
        its end. Suitable for ``pandas.DataFrame(history_)``. ``mistakes`` counts the rows that were
        misclassified then; ``penalty`` is 0.
    step_losses_ : ndarray of shape (`n_steps_`,)
        Mean weighted loss of each batch, just before its step.
    lr_ : float
        Learning rate of the last epoch.
    convergence_ : float
        Fall of the training objective in the last epochs, relative to its lowest value, or to a
        hundredth of the first one if that is larger; NaN after a single epoch. The last epochs are
        25 with one step per epoch, and fewer with more steps, down to three.
    stop_reason_ : str or None
        "no_mistakes", "converged" (the training loss no longer fell), "early_stopping", "callback",
        "interrupted" (by Ctrl-C) or "max_epochs"; None after ``partial_fit``.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if all of them are strings.

    See Also
    --------
    sklearn.linear_model.Perceptron : The online rule with penalties, one-vs-rest.
    sklearn.multiclass.OneVsRestClassifier : Joins perceptrons for more classes; the one
        with the largest score predicts.

    Notes
    -----
    There is no penalty and no momentum, because they would change the weights after an epoch
    without a mistake. The criterion is 0 for zero weights, so there is no loss of an untrained
    model to compare with: training diverges only if the loss or a parameter is not finite, and
    there is no ConvergenceWarning.

    A weight of 2 doubles the step of a row, while a repeated row is scored again after its first
    step. A row of weight 0 changes nothing and is not a mistake, but counts as a step in the mean.
    With ``batch_size=1``, the two checks of sample-weight equivalence of ``check_estimator``
    therefore fail, as they do for scikit-learn's ``Perceptron``.

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

    lr: float = 1.0
    batch_size: int = 1
    n_epochs: int = 200
    n_iter_no_change: float = 5
    tol: float | None = 1e-3
    average: bool = False

    _parameter_constraints = {
        **GradientDescentClassifier._parameter_constraints,
        "lr": [Interval(Real, 0, None, closed="neither")],
        "n_epochs": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "average": ["boolean"],
    }
    _loss = PerceptronCriterion()

    def _check_classes(self, classes):
        """Check that there are at most two classes."""
        if len(classes) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is multiclass: "
                f"{len(classes)} classes. Use OneVsRestClassifier({type(self).__name__}())."
            )

    def _describe_training(self):
        """Return how this estimator is trained."""
        values = {"lr": self.lr, "reg_param": 0.0, "momentum": 0.0, "nesterov": False}
        if self.tol is not None:
            values["n_iter_no_change"] = self.n_iter_no_change
        return self._spec(
            optimizer=AveragedGradientDescent() if self.average else GradientDescent(),
            hyperparameters=values,
            is_online=self.batch_size == 1,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
