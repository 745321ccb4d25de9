"""Who takes part: ours and scikit-learn's classifiers with default parameters."""

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
    """Softmax, with a vector of weights for every class."""
    return SOFTMAX


def _one_vs_rest(n_classes):
    """A sigmoid for every class."""
    return ONE_VS_REST


def _softmax_beyond_two(n_classes):
    """Softmax, but one vector of weights for two classes, as scikit-learn has it."""
    return ONE_VS_REST if n_classes == 2 else SOFTMAX


@dataclass(frozen=True)
class Contestant:
    """A classifier.

    Parameters
    ----------
    new : callable
        Makes one for a number of classes.
    reference : str
        Name of the contestant whose time its own is divided by.
    loss : callable or None, default=None
        From the number of classes the :class:`~benchmarks.speed.defaults.optimum.Loss` whose sum
        it minimises with the penalty of ``reg_param=1``; None where it minimises something else.
    """

    new: Callable
    reference: str
    loss: Callable | None = None

    def estimator(self, n_classes, seed):
        """The classifier, with every random state in it set to the seed."""
        model = self.new(n_classes)
        names = [name for name in model.get_params() if name.endswith("random_state")]
        return model.set_params(**dict.fromkeys(names, seed))

    @property
    def has_optimum(self):
        """Whether its objective is one whose optimum is known."""
        return self.loss is not None

    @property
    def code(self):
        """The call that makes it for three classes."""
        return repr(self.new(3))


def _always(make, **parameters):
    """A function that makes the same classifier for any number of classes."""
    return lambda n_classes: make(**parameters)


def _perceptron(n_classes):
    """The perceptron of two classes, one against the rest beyond."""
    return BinaryPerceptron() if n_classes == 2 else OneVsRestClassifier(BinaryPerceptron())


def _rests(**parameters):
    """A function that makes scikit-learn's logistic regression one-vs-rest."""
    return lambda n_classes: OneVsRestClassifier(LogisticRegression(**parameters))


_AUTO = {"lr": "auto", "reg_param": 1}
_NET, _LOGISTIC, _RESTS = "sk-net", "sk-logistic-1000", "sk-ovr-1000"
CONTESTANTS = {
    "softmax": Contestant(_always(SoftmaxRegression), _LOGISTIC),
    "softmax-auto": Contestant(_always(SoftmaxRegression, **_AUTO), _LOGISTIC, _softmax),
    "sk-logistic": Contestant(_always(LogisticRegression), _LOGISTIC, _softmax_beyond_two),
    _LOGISTIC: Contestant(
        _always(LogisticRegression, max_iter=1000), _LOGISTIC, _softmax_beyond_two
    ),
    "logistic": Contestant(_always(GDLogisticRegression), _RESTS),
    "logistic-auto": Contestant(_always(GDLogisticRegression, **_AUTO), _RESTS, _one_vs_rest),
    "sk-ovr": Contestant(_rests(), _RESTS, _one_vs_rest),
    _RESTS: Contestant(_rests(max_iter=1000), _RESTS, _one_vs_rest),
    "sk-sgd": Contestant(_always(SGDClassifier, loss="log_loss"), _RESTS),
    "perceptron": Contestant(_perceptron, _RESTS),
    "sk-perceptron": Contestant(_always(Perceptron), _RESTS),
    "net": Contestant(_always(TwoLayerMLPClassifier), _NET),
    "net-auto": Contestant(_always(TwoLayerMLPClassifier, lr="auto"), _NET),
    _NET: Contestant(_always(MLPClassifier), _NET),
}
