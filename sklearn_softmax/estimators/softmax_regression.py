"""Softmax regression: multinomial logistic regression by mini-batch gradient descent."""

from __future__ import annotations

from typing import Literal

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._typing import ClassWeight, RandomSource
from sklearn_softmax.estimators._linear import SmoothLinearClassifier


class SoftmaxRegression(SmoothLinearClassifier):
    r"""Multinomial logistic regression, trained by mini-batch gradient descent.

    Minimises

    .. math:: J(W, b) = \frac{-\sum_i w_i \ln a_{y_i}(x_i)
              + \frac{\lambda}{2} \|W\|^2}{\sum_i w_i}, \qquad
              a(x) = \mathrm{softmax}(W x + b)

    from zero weights, with steps on batches of rows. The minimum is that of
    ``sklearn.linear_model.LogisticRegression(C=1/reg_param)``, whatever the batch
    size; only for two classes, where scikit-learn has one weight vector and this
    model has two, is it the one of ``C=2/reg_param``.

    Parameters
    ----------
    lr : float or "auto", default="auto"
        Learning rate. "auto" takes the steps in standardised features [3]_, at a rate
        that is raised after epochs of gain and halved after others [5]_, so that unscaled
        data train without tuning: the objective and its optimum stay the same, and X is left
        as it is. The fitted parameters are the means over the steps of the last epoch, or
        those after its last step where Newton's steps are taken (see Notes).
    lr_decay : float, default=1.0
        Factor applied to ``lr`` after each epoch, above 0 and up to 1.
    reg_param : float, default=0.0
        :math:`\lambda`, strength of the L2 penalty on the weights; intercepts are not
        penalised.
    batch_size : int, default=200
        Rows a step; more than there are mean all of them. The gradient of a last batch
        with fewer rows counts in proportion.
    n_epochs : int or "auto", default="auto"
        Passes over the data: exactly as many, unless early stopping ends them. "auto" allows
        200 epochs or 1,000 steps, whichever takes longer; with ``lr="auto"``, training ends
        when the objective no longer falls (see ``convergence_``).
    optimizer : {"sgd", "adam"}, default="sgd"
        Gradient descent for "sgd", or Adam [4]_.
    momentum : float or "auto", default="auto"
        Momentum of "sgd", from 0 to below 1; "adam" has its own and ignores this one. "auto"
        is 0.9 that looks ahead where ``lr="auto"``, else none.
    nesterov : bool, default=False
        Whether momentum looks ahead; of no effect without momentum.
    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the
        parameters at its lowest; the epoch count stays where it is. The validation rows
        are ``X_val`` and ``y_val`` given to :meth:`fit`, or else a stratified fraction of
        the training rows. The state of the optimiser stays where it is, too.
    validation_fraction : float, default=0.1
        That fraction, at least as many rows as there are classes. A rare class may have none
        among them; the only row of a class is trained on, and does not count. Used only with
        early stopping and without ``X_val``.
    n_iter_no_change : int, default=10
        Epochs in a row without a gain after which early stopping stops.
    tol : float, default=1e-4
        Smallest fall of the validation loss that counts as a gain.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives every class the same total in training.
        The same weights count for validation rows. They are multiplied with those of the
        rows.
    fit_intercept : bool, default=True
        Whether to learn intercepts.
    shuffle : bool, default=True
        Whether to take the rows in a new random order in each epoch. A batch that
        holds all rows needs no order.
    warm_start : bool, default=False
        Whether :meth:`fit` goes on from the last fit: parameters, learning rate, shuffles
        and history, so that two fits of 5 epochs are one of 10. The optimiser goes on,
        too.
    random_state : int, RandomState instance or None, default=None
        Source of the shuffles and of the validation rows. The same int gives the same
        model; on another machine, or with another number of BLAS threads, up to rounding.
    verbose : int, default=0
        Above 0, prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    coef_ : ndarray of shape (n_classes, n_features)
        Weights W, a row for each class.
    intercept_ : ndarray of shape (n_classes,)
        Intercepts b; zeros with ``fit_intercept=False``.
    n_iter_ : int
        Epochs run.
    n_steps_ : int
        Steps taken.
    history_ : dict of str to ndarray of shape (`n_iter_`,)
        One entry an epoch: ``epoch``, ``lr``, ``loss`` and ``accuracy`` (weighted means
        over the training rows, each scored just before the step that used it), ``penalty``
        and ``weight_norm`` at its end and, with validation rows, ``val_loss`` and
        ``val_accuracy`` at its end. Made for ``pandas.DataFrame(history_)``.
    step_losses_ : ndarray of shape (`n_steps_`,)
        Mean weighted loss of each batch, just before its step.
    lr_ : float
        Learning rate of the last epoch. With ``lr="auto"``, that of steps in
        standardised features.
    convergence_ : float
        Fall of the training objective in the last epochs, relative to its lowest value, or to
        a hundredth of the first one where that is larger. The last epochs are at most 25,
        fewer if each is more than one step, down to three; NaN after a single epoch. Up to 0.002
        "auto" takes for the end of training. With Newton's steps (see Notes), it is the fall
        that is still to come, and the end is at 0.001.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features; only where X had string names.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model by full-batch solvers.
    sklearn.linear_model.SGDClassifier : One-vs-rest linear models, a row a step.

    Notes
    -----
    With ``lr="auto"`` and "sgd", a ``reg_param`` above 0 and up to 724 coefficients (1,024 where
    there are two classes), the steps are those of Newton's method [6]_, a step a batch: an epoch
    begins by looking at all rows and inverting the matrix of second derivatives, and what is seen
    there takes the noise off the gradient of each batch [7]_. It takes few epochs to the optimum,
    on collinear features too; the rate is a share of the full step, and momentum has no effect.
    So it is with more features than rows, if the rows times the classes are no more than that and
    ``X`` holds up to 4,194,304 numbers: the matrix is one of the rows then, which are kept in
    standardised features, 32 MiB at most.
    :meth:`partial_fit` with other rows ends it, for a part tells too little of the others.
    Without a penalty, steps follow the gradient in standardised features, and the model they end
    in classifies new rows better than one that is far ahead of it.

    The figures of ``history_`` come from the scores that the steps computed anyway:
    they cost no extra pass over the data. Rows are gathered into small buffers:
    an ``X`` of float32 or float64, dense or CSR, is otherwise never copied.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression"
       (2021), equations 1 to 22.
    .. [2] C. M. Bishop, "Pattern Recognition and Machine Learning" (2006),
       section 4.3.4.
    .. [3] Y. LeCun et al., "Efficient backprop" (1998), section 4.3.
    .. [4] D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015).
    .. [5] R. Battiti, "Accelerated backpropagation learning: two optimization methods"
       (1989).
    .. [6] M. Dereziński, "Stochastic variance-reduced Newton: accelerating finite-sum
       minimization with large batches" (2022).
    .. [7] R. Johnson and T. Zhang, "Accelerating stochastic gradient descent using predictive
       variance reduction" (2013).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    >>> model.coef_.shape, model.n_iter_ == len(model.history_["loss"]), model.convergence_ < 2e-3
    ((3, 4), True, True)
    """

    _loss = SoftmaxCrossEntropy()

    def __init__(
        self,
        *,
        lr: float | Literal["auto"] = "auto",
        lr_decay: float = 1.0,
        reg_param: float = 0.0,
        batch_size: int = 200,
        n_epochs: int | Literal["auto"] = "auto",
        optimizer: Literal["sgd", "adam"] = "sgd",
        momentum: float | Literal["auto"] = "auto",
        nesterov: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        class_weight: ClassWeight = None,
        fit_intercept: bool = True,
        shuffle: bool = True,
        warm_start: bool = False,
        random_state: RandomSource = None,
        verbose: int = 0,
    ) -> None:
        self.lr = lr
        self.lr_decay = lr_decay
        self.reg_param = reg_param
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.optimizer = optimizer
        self.momentum = momentum
        self.nesterov = nesterov
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
