"""Softmax regression: multinomial logistic regression by mini-batch gradient descent."""

from dataclasses import dataclass

from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax.estimators._linear import SmoothLinearClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxRegression(SmoothLinearClassifier):
    r"""Multinomial logistic regression, trained by mini-batch gradient descent.

    Minimises

    .. math::
        J(W, b) &= \frac{-\sum_i w_i \ln a_{y_i}(x_i)
        + \frac{\lambda}{2} \|W\|^2}{\sum_i w_i} \\
        a(x) &= \mathrm{softmax}(W x + b)

    from zero weights, with steps on batches of rows. The minimum is that of
    ``sklearn.linear_model.LogisticRegression(C=1/reg_param)``, whatever the batch size. For two
    classes, this model has two weight vectors and scikit-learn one, and the minimum is that of
    ``C=2/reg_param``.

    Parameters
    ----------
    lr : float or "auto", default="auto"
        Learning rate. "auto" trains by schedule-free descent [3]_: gradients are taken near the
        average of all steps, which is the fitted model, so that no schedule is needed. Steps are
        taken in standardised features [4]_, which leaves the objective, its optimum and X
        unchanged, so unscaled data train without tuning.
    lr_decay : float, default=1.0
        Factor applied to ``lr`` after each epoch, above 0 and up to 1.
    reg_param : float, default=0.0
        :math:`\lambda`, strength of the L2 penalty on the weights; intercepts are not
        penalised.
    batch_size : int, default=200
        Rows per step. Values above ``n_samples`` use the full data. The gradient of a smaller last
        batch is weighted in proportion.
    n_epochs : int or "auto", default="auto"
        Passes over the data: exactly this number, unless early stopping ends training. "auto"
        allows 200 epochs or 1,000 steps, whichever takes longer; with ``lr="auto"``, training ends
        when the objective no longer falls (see ``tol``). With "lbfgs" it is the largest number of
        iterations, 1,000 for "auto".
    optimizer : {"sgd", "adam", "lbfgs"}, default="sgd"
        Gradient descent, Adam [5]_ or L-BFGS [6]_ on all rows, in standardised features,
        for the exact optimum of small data. With "lbfgs", an iteration is an epoch, ``lr``,
        ``batch_size``, ``momentum`` and ``shuffle`` have no effect, and there is no
        ``partial_fit``.
    momentum : float or "auto", default="auto"
        Momentum of "sgd", from 0 to below 1; "adam" ignores it. With ``lr="auto"``, it is the
        :math:`\beta` of "sgd", the weight of the average in the point at which gradients are
        taken. "auto" is 0.9 with ``lr="auto"`` and 0 otherwise.
    nesterov : bool, default=False
        Whether to use Nesterov's look-ahead; ignored without momentum or with ``lr="auto"``.
    early_stopping : bool, default=False
        Whether to stop when the validation loss no longer falls, and to restore the parameters of
        its lowest value; the epoch count is unchanged. The validation rows are ``X_val`` and
        ``y_val`` passed to :meth:`fit`, or a stratified fraction of the training rows.
    validation_fraction : float, default=0.1
        Fraction of the training rows for validation, but at least as many rows as there are
        classes. The only row of a class is used for training, and a rare class may be missing. Used
        only with early stopping and without ``X_val``.
    n_iter_no_change : int or np.inf, default=10
        Epochs in a row without a fall of the validation loss by ``tol`` after which early stopping
        stops; never with ``np.inf``, which only restores the parameters of its lowest value.
    tol : float, default=1e-4
        Smallest fall of the validation loss that counts. With ``lr="auto"`` and
        ``n_epochs="auto"``, training ends when ``convergence_`` is at most 20 ``tol``; with
        "lbfgs", when no entry of the gradient in standardised features exceeds ``tol``.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes; "balanced" gives all classes equal total weights in the training
        rows. The same weights apply to validation rows. They are multiplied by those of the
        rows.
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
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    coef_ : ndarray of shape (n_classes, n_features)
        Weights W, one row per class.
    intercept_ : ndarray of shape (n_classes,)
        Intercepts b; zeros with ``fit_intercept=False``.
    n_iter_ : int
        Number of epochs.
    n_steps_ : int
        Number of steps.
    history_ : dict of str to ndarray of shape (`n_iter_`,)
        One entry per epoch: ``epoch``, ``lr``, ``loss`` and ``accuracy`` (weighted means over the
        training rows, each scored just before the step that used it; with "lbfgs" at the end of
        the iteration), ``penalty`` and ``weight_norm`` at its end and, with validation rows,
        ``val_loss`` and ``val_accuracy`` at its end. Suitable for ``pandas.DataFrame(history_)``.
    step_losses_ : ndarray of shape (`n_steps_`,)
        Mean weighted loss of each batch, just before its step; with "lbfgs" at its end.
    lr_ : float
        Learning rate of the last epoch; with ``lr="auto"`` that in standardised features, NaN
        with "lbfgs".
    convergence_ : float
        Fall of the training objective in the last epochs, relative to its lowest value, or to a
        hundredth of the first one if that is larger; NaN after a single epoch. The last epochs are
        25 with one step per epoch, and fewer with more steps, down to three.
    stop_reason_ : str or None
        "converged", "early_stopping", "callback", "interrupted" (by Ctrl-C) or "max_epochs"; None
        after ``partial_fit``.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if all of them are strings.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model by full-batch solvers.
    sklearn.linear_model.SGDClassifier : One-vs-rest linear models, one row per step.

    Notes
    -----
    The learning rate of gradient descent with ``lr="auto"`` follows from a bound on the curvature
    of the loss in standardised features; that of Adam is 0.01. It is constant except for
    ``lr_decay``. An average approaches the optimum only as 1 / t: for the exact optimum, use
    ``optimizer="lbfgs"``. After early stopping, ``warm_start`` restarts the average at the restored
    parameters.

    The figures of ``history_`` come from the scores of the steps and need no extra pass over the
    data. Rows are gathered into small buffers: an ``X`` of float32 or float64, dense or CSR, is
    never copied.

    References
    ----------
    .. [1] K. Abhishek, "Multi-class classification using softmax regression"
       (2021), equations 1 to 22.
    .. [2] C. M. Bishop, "Pattern Recognition and Machine Learning" (2006),
       section 4.3.4.
    .. [3] A. Defazio et al., "The road less scheduled" (2024).
    .. [4] Y. LeCun et al., "Efficient backprop" (1998), section 4.3.
    .. [5] D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015).
    .. [6] D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization" (1989).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    >>> model.coef_.shape, model.n_iter_ == len(model.history_["loss"])
    ((3, 4), True)
    """

    _loss = SoftmaxCrossEntropy()
