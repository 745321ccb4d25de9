"""Neural nets with hidden layers, by mini-batch gradient descent."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Literal

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_softmax._model.activations import ACTIVATIONS, glorot
from sklearn_softmax._model.dropout import Dropout
from sklearn_softmax._model.losses import SoftmaxCrossEntropy
from sklearn_softmax._model.network import DenseNetwork
from sklearn_softmax._model.parameters import Layers
from sklearn_softmax._training.adaptive import Adaptive
from sklearn_softmax._typing import ClassWeight, RandomSource
from sklearn_softmax.estimators._base import GradientDescentClassifier, most_epochs
from sklearn_softmax.estimators._predictions import ProbabilisticMixin


class TwoLayerMLPClassifier(ProbabilisticMixin, GradientDescentClassifier):
    r"""Neural net with a hidden layer and softmax output.

    Minimises

    .. math:: J = \frac{-\sum_i w_i \ln a_{y_i}(x_i)
              + \frac{\lambda}{2} \left(\|W^{[1]}\|^2 + \|W^{[2]}\|^2\right)}{\sum_i w_i},
              \qquad a(x) = \mathrm{softmax}(W^{[2]} g(W^{[1]} x + b^{[1]}) + b^{[2]})

    from random weights, with steps on batches of rows.

    Parameters
    ----------
    hidden_size : int or tuple of int, default=100
        Units of the hidden layer; a tuple for several hidden layers, the first next to
        the features.
    activation : {"relu", "sigmoid", "tanh"}, default="relu"
        Activation g of the hidden units.
    dropout : float, default=0.0
        Probability that a hidden unit is left out of a step, from 0 to below 1 [3]_.
    weight_init : "auto" or float, default="auto"
        Standard deviation of the normal initial weights; "auto" takes He's for "relu"
        and Glorot's for the others [5]_, [6]_. With ``lr="auto"``, these are weights of
        the standardised features, and "auto" is Glorot's for all.
    lr : float or "auto", default="auto"
        Learning rate. "auto" takes the steps in standardised features [7]_, at a rate
        that is raised after epochs of gain and halved after others [8]_, so that unscaled
        data train without tuning: the objective and its optimum stay the same, and X is left
        as it is. The fitted parameters are the means over the steps of the last epoch. Features
        whose sizes differ by no more than a factor of ten keep their proportions.
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
        when the objective no longer falls (see ``convergence_``). With "adam" and ``lr="auto"``
        200 epochs are the most: the rate is higher where an epoch has fewer than five steps.
    optimizer : {"adam", "sgd"}, default="adam"
        Gradient descent for "sgd", or Adam [4]_.
    momentum : float or "auto", default=0.9
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
        It is also the source of the initial weights and of dropout.
    verbose : int, default=0
        Above 0, prints a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, sorted.
    coefs_ : list of ndarray of shape (n_in, n_out)
        Weights of each layer, transposed: those of ``sklearn.neural_network.MLPClassifier``.
    intercepts_ : list of ndarray of shape (n_out,)
        Intercepts of each layer; zeros with ``fit_intercept=False``.
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
        fewer if each is more than one step, down to three. Up to 0.002 "auto" takes for the end
        of training; NaN after a single epoch.
    n_features_in_ : int
        Number of features seen in fit.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features; only where X had string names.

    See Also
    --------
    SoftmaxRegression : The same without a hidden layer.
    sklearn.neural_network.MLPClassifier : Without dropout, class weights or a validation set
        given by the user.

    Notes
    -----
    The figures of ``history_`` come from the scores that the steps computed anyway, with
    dropout where there is any: they cost no extra pass over the data. Rows are gathered
    into small buffers: an ``X`` of float32 or float64, dense or CSR, is never copied.

    The net is the same for any ``dropout`` in its initial weights and shuffles: masks are
    drawn from a stream that nothing else draws from.

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
    .. [7] Y. LeCun et al., "Efficient backprop" (1998), section 4.3.
    .. [8] R. Battiti, "Accelerated backpropagation learning: two optimization methods"
       (1989).

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

    _parameter_constraints: dict = {
        **GradientDescentClassifier._parameter_constraints,
        "hidden_size": [Interval(Integral, 1, None, closed="left"), tuple],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "weight_init": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
    }
    _loss = SoftmaxCrossEntropy()

    def __init__(
        self,
        *,
        hidden_size: int | tuple[int, ...] = 100,
        activation: Literal["relu", "sigmoid", "tanh"] = "relu",
        dropout: float = 0.0,
        weight_init: float | Literal["auto"] = "auto",
        lr: float | Literal["auto"] = "auto",
        lr_decay: float = 1.0,
        reg_param: float = 0.0,
        batch_size: int = 200,
        n_epochs: int | Literal["auto"] = "auto",
        optimizer: Literal["sgd", "adam"] = "adam",
        momentum: float | Literal["auto"] = 0.9,
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
        self.hidden_size = hidden_size
        self.activation = activation
        self.dropout = dropout
        self.weight_init = weight_init
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

    def _check_parameters(self):
        """Check the sizes of the hidden layers."""
        sizes = self._hidden_sizes()
        if not sizes or not all(_is_size(n) for n in sizes):
            raise ValueError(
                "The 'hidden_size' parameter must be an int of at least 1 or a tuple of such, one "
                f"for each hidden layer. Got {self.hidden_size!r} instead."
            )

    def _adaptive(self, optimizer):
        """The optimiser with a learning rate of its own."""
        if self.optimizer == "adam":
            return Adaptive(optimizer, first_rate=1e-3, fewest_steps=5, largest_growth=1)
        return Adaptive(optimizer, first_rate=1e-2)

    def _most_epochs(self, n_rows):
        """Number of epochs, unless something ends training earlier."""
        has_far_epochs = self.lr == "auto" and self.optimizer == "adam"
        return most_epochs(self.n_epochs) if has_far_epochs else super()._most_epochs(n_rows)

    def _hidden_sizes(self):
        """Units of each hidden layer."""
        return self.hidden_size if isinstance(self.hidden_size, tuple) else (self.hidden_size,)

    def _network(self, n_features):
        """The network to train."""
        sizes = n_features, *map(int, self._hidden_sizes()), len(self.classes_)
        return DenseNetwork(sizes, self.fit_intercept, ACTIVATIONS[self.activation])

    def _hyperparameters(self):
        """What may differ between the models of a run, by name."""
        own = {"weight_init": self.weight_init, "dropout": self.dropout}
        return super()._hyperparameters() | own

    def _initial_parameters(self, network, dtype, models):
        """Random weights; draws a seed for dropout too."""
        scales = [None if m.weight_init == "auto" else m.weight_init for m in models]
        # Glorot's are smaller for few features, and such nets turned out to overfit less.
        weight_scale = glorot if self.lr == "auto" else None
        params = network.normal(self._random_state, dtype, scales, weight_scale)
        # Drawn whether dropout is used or not, so that it changes nothing else.
        seed = self._random_state.randint(np.iinfo(np.int32).max)
        self._dropout_generator = np.random.default_rng(seed)
        return params

    def _dropout(self):
        """What draws the masks of hidden layers."""
        return Dropout(self._dropout_generator)

    def _cause_of_bad_start(self):
        """Why a model that has not learnt yet may have no finite loss, and the remedy."""
        return (
            f"weight_init={self.weight_init!r} or values in X are too large. Lower weight_init, or "
            "scale the data, for instance with StandardScaler"
        )

    def _untrained_loss(self):
        """Loss of a model that knows nothing, or of the initial weights where it is larger."""
        # A single batch would be too noisy a measure of the initial weights.
        return max(super()._untrained_loss(), self.history_["loss"][0])

    def _attributes_from(self, params):
        """Fitted attributes, as copies of the parameters of one model."""
        b = params.intercepts or [np.zeros((1, W.shape[1], 1), W.dtype) for W in params.weights]
        return {
            "coefs_": [W[0].copy().T for W in params.weights],
            "intercepts_": [intercept[0, :, 0].copy() for intercept in b],
        }

    def _fitted_network(self):
        """The fitted network and views of its parameters, intercepts always among them."""
        sizes = len(self.coefs_[0]), *(coef.shape[1] for coef in self.coefs_)
        layers = Layers(
            [coef.T[np.newaxis] for coef in self.coefs_],
            [intercept[np.newaxis, :, np.newaxis] for intercept in self.intercepts_],
        )
        return DenseNetwork(sizes, activation=ACTIVATIONS[self.activation]), layers


def _is_size(n):
    """Whether a hidden layer can have n units."""
    return isinstance(n, Integral) and not isinstance(n, bool) and n >= 1
