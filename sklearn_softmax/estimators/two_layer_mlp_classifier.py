"""Neural nets with hidden layers, trained by mini-batch gradient descent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_softmax._model.activations import ACTIVATIONS
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Layers
from sklearn_softmax._training.schedule_free import epoch_rate
from sklearn_softmax.estimators._smooth import SmoothClassifier


@dataclass(kw_only=True, eq=False, repr=False)
class TwoLayerMLPClassifier(SmoothClassifier):
    r"""Neural net with a hidden layer and softmax output.

    Minimises

    .. math::
        J &= \frac{-\sum_i w_i \ln a_{y_i}(x_i)
        + \frac{\lambda}{2} \left(\|W^{[1]}\|^2 + \|W^{[2]}\|^2\right)}{\sum_i w_i} \\
        a(x) &= \mathrm{softmax}(W^{[2]} g(W^{[1]} x + b^{[1]}) + b^{[2]})

    from random weights, with steps on batches of rows.

    Parameters
    ----------
    hidden_size : int or sequence of int, default=100
        Units of the hidden layer; a sequence for several hidden layers, starting next to the
        features.
    activation : {"relu", "sigmoid", "tanh"}, default="relu"
        Activation g of the hidden units.
    dropout : float, default=0.0
        Probability that a hidden unit is omitted in a step, from 0 to below 1 [3]_.
    weight_init : "auto" or float, default="auto"
        Standard deviation of the normal initial weights; "auto" is He's for "relu" and Glorot's for
        the other activations [5]_, [6]_. With ``lr="auto"`` and "lbfgs", these are weights of
        standardised features, and "auto" is Glorot's.
    lr : float or "auto", default="auto"
        Learning rate. "auto" trains by schedule-free descent [7]_: gradients are taken near the
        average of all steps, which is the fitted model, so that no schedule is needed. Steps are
        taken in standardised features [8]_, which leaves the objective, its optimum and X
        unchanged, so unscaled data train without tuning. Features whose sizes
        differ by at most a factor of ten share one scale.
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
        iterations, 1,000 for "auto". Adam with ``lr="auto"`` has at most 200 epochs, with larger
        steps if an epoch has few.
    optimizer : {"sgd", "adam", "lbfgs"}, default="adam"
        Gradient descent, Adam [4]_ or L-BFGS [9]_ on all rows, in standardised features,
        for the exact optimum of small data. With "lbfgs", an iteration is an epoch, ``lr``,
        ``batch_size``, ``momentum`` and ``shuffle`` have no effect, and there is no
        ``partial_fit``.
    momentum : float or "auto", default=0.9
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
        another machine, or with another number of BLAS threads, up to rounding. It is
        also the source of the initial weights and of dropout.
    verbose : int, default=0
        Above 0, prints one line per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer, transposed: those of ``sklearn.neural_network.MLPClassifier``.
    intercepts_ : list of ndarray of shape (n_out,)
        Intercepts of each layer; zeros with ``fit_intercept=False``.
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
    SoftmaxRegression : The same model without a hidden layer.
    sklearn.neural_network.MLPClassifier : The same model, without dropout, class weights and
        ``X_val``.

    Notes
    -----
    The learning rate of gradient descent with ``lr="auto"`` follows from a bound on the curvature
    of the loss in standardised features; that of Adam is 0.001 times
    max(1, 6 / steps per epoch). It is constant except for ``lr_decay``. An average
    approaches the optimum only as 1 / t: for the exact optimum, use ``optimizer="lbfgs"``. After
    early stopping, ``warm_start`` restarts the average at the restored parameters.

    The figures of ``history_`` come from the scores of the steps and need no extra pass over the
    data. Rows are gathered into small buffers: an ``X`` of float32 or float64, dense or CSR, is
    never copied.

    The initial weights and shuffles do not depend on ``dropout``: masks are drawn from a separate
    stream.

    References
    ----------
    .. [1] A. Lee, project report on a 784-64-10 net (2021), sections 1 and 2.
    .. [2] C. M. Bishop, "Pattern Recognition and Machine Learning" (2006),
       sections 5.1 to 5.3.
    .. [3] N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
       overfitting" (2014).
    .. [4] D. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015).
    .. [5] K. He et al., "Delving deep into rectifiers" (2015).
    .. [6] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks" (2010).
    .. [7] A. Defazio et al., "The road less scheduled" (2024).
    .. [8] Y. LeCun et al., "Efficient backprop" (1998), section 4.3.
    .. [9] D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
       optimization" (1989).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_softmax import TwoLayerMLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = TwoLayerMLPClassifier(hidden_size=32, lr=0.01, n_epochs=20, random_state=0)
    >>> model.fit(X / 16, y).score(X / 16, y) > 0.97
    True
    >>> [W.shape for W in model.coefs_]
    [(64, 32), (32, 10)]
    """

    hidden_size: int | Sequence[int] = 100
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"
    dropout: float = 0.0
    weight_init: float | Literal["auto"] = "auto"
    optimizer: Literal["sgd", "adam", "lbfgs"] = "adam"
    momentum: float | Literal["auto"] = 0.9

    _parameter_constraints = {
        **SmoothClassifier._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "weight_init": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
    }
    _loss = SoftmaxCrossEntropy()

    def _check_parameters(self):
        """Check the sizes of the hidden layers, and L-BFGS without dropout."""
        sizes = self._hidden_sizes()
        if not sizes or not all(map(_is_size, sizes)):
            raise ValueError(
                "The 'hidden_size' parameter must be an int of at least 1 or a sequence of such "
                f"ints, one for each hidden layer. Got {self.hidden_size!r} instead."
            )
        if self.optimizer == "lbfgs" and self.dropout > 0:
            raise ValueError(
                f'dropout={self.dropout!r} is not supported with optimizer="lbfgs", whose '
                "objective must not change between iterations: set dropout=0.0, or optimizer to "
                '"sgd" or "adam".'
            )

    def _describe_training(self):
        """Return how this estimator is trained."""
        weight_init = None if self.weight_init == "auto" else self.weight_init
        return self._smooth_spec(
            adam_rate=partial(epoch_rate, lr=1e-3, min_steps=6),
            hidden_sizes=tuple(map(int, self._hidden_sizes())),
            hyperparameters={"weight_init": weight_init, "dropout": self.dropout},
            activation=ACTIVATIONS[self.activation],
        )

    def _hidden_sizes(self):
        """Return the units of each hidden layer."""
        size = self.hidden_size
        return (size,) if isinstance(size, Integral) else tuple(size)

    def _attributes_from(self, params):
        """Return the fitted attributes, as copies of the parameters of one model."""
        b = params.intercepts or [np.zeros((1, W.shape[1], 1), W.dtype) for W in params.weights]
        return {
            "coefs_": [W[0].copy().T for W in params.weights],
            "intercepts_": [intercept[0, :, 0].copy() for intercept in b],
        }

    def _fitted_network(self):
        """Return the fitted network and views of its parameters, always with intercepts."""
        sizes = len(self.coefs_[0]), *(coef.shape[1] for coef in self.coefs_)
        layers = Layers(
            [coef.T[np.newaxis] for coef in self.coefs_],
            [intercept[np.newaxis, :, np.newaxis] for intercept in self.intercepts_],
        )
        return DenseNetwork(sizes, activation=ACTIVATIONS[self.activation]), layers


def _is_size(n):
    """Return whether n is a valid number of units."""
    return isinstance(n, Integral) and not isinstance(n, bool) and n >= 1
