"""The classifiers that are compared: ours and scikit-learn's."""

from collections.abc import Callable
from dataclasses import dataclass

from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.defaults.optimum import ONE_VS_REST, SOFTMAX
from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)


def _softmax(n_classes):
    """Return softmax, with one weight vector per class."""
    return SOFTMAX


def _one_vs_rest(n_classes):
    """Return one sigmoid per class."""
    return ONE_VS_REST


def _softmax_beyond_two(n_classes):
    """Return softmax, but one sigmoid for two classes, as in scikit-learn."""
    return ONE_VS_REST if n_classes == 2 else SOFTMAX


@dataclass(frozen=True)
class Contestant:
    """A classifier.

    Parameters
    ----------
    new : callable
        Returns an estimator for a number of classes.
    reference : str
        Name of the contestant that it is compared with.
    loss : callable or None, default=None
        Returns, for a number of classes, the
        :class:`~benchmarks.speed.defaults.optimum.Loss` that it minimises with the penalty of
        ``reg_param=1``; None if its objective differs.
    """

    new: Callable
    reference: str
    loss: Callable | None = None

    def estimator(self, n_classes, seed):
        """Return the classifier with all its random states set to the seed."""
        model = self.new(n_classes)
        names = [name for name in model.get_params() if name.endswith("random_state")]
        return model.set_params(**dict.fromkeys(names, seed))

    @property
    def has_optimum(self):
        """Return whether the optimum of its objective can be computed."""
        return self.loss is not None

    @property
    def code(self):
        """Return the call that creates it for three classes."""
        return repr(self.new(3))


def _factory(make, **parameters):
    """Return a function that creates the same classifier for any number of classes."""
    return lambda n_classes: make(**parameters)


def _perceptron(n_classes):
    """Return the binary perceptron, one-vs-rest for more than two classes."""
    return BinaryPerceptron() if n_classes == 2 else OneVsRestClassifier(BinaryPerceptron())


def _one_vs_rest_factory(**parameters):
    """Return a function that creates scikit-learn's one-vs-rest logistic regression."""
    return lambda n_classes: OneVsRestClassifier(LogisticRegression(**parameters))


_AUTO = {"lr": "auto", "reg_param": 1}
_LBFGS = {"optimizer": "lbfgs", "reg_param": 1, "tol": 1e-8}
_NET, _LOGISTIC, _OVR = "sk-net", "sk-logistic-1000", "sk-ovr-1000"
CONTESTANTS = {
    "softmax": Contestant(_factory(SoftmaxRegression), _LOGISTIC),
    "softmax-auto": Contestant(_factory(SoftmaxRegression, **_AUTO), _LOGISTIC, _softmax),
    "lbfgs": Contestant(_factory(SoftmaxRegression, **_LBFGS), _LOGISTIC, _softmax),
    "sk-logistic": Contestant(_factory(LogisticRegression), _LOGISTIC, _softmax_beyond_two),
    _LOGISTIC: Contestant(
        _factory(LogisticRegression, max_iter=1000), _LOGISTIC, _softmax_beyond_two
    ),
    "logistic": Contestant(_factory(GDLogisticRegression), _OVR),
    "logistic-auto": Contestant(_factory(GDLogisticRegression, **_AUTO), _OVR, _one_vs_rest),
    "logistic-lbfgs": Contestant(_factory(GDLogisticRegression, **_LBFGS), _OVR, _one_vs_rest),
    "sk-ovr": Contestant(_one_vs_rest_factory(), _OVR, _one_vs_rest),
    _OVR: Contestant(_one_vs_rest_factory(max_iter=1000), _OVR, _one_vs_rest),
    "sk-sgd": Contestant(_factory(SGDClassifier, loss="log_loss"), _OVR),
    "perceptron": Contestant(_perceptron, _OVR),
    "sk-perceptron": Contestant(_factory(Perceptron), _OVR),
    "net": Contestant(_factory(TwoLayerMLPClassifier), _NET),
    _NET: Contestant(_factory(MLPClassifier), _NET),
}
