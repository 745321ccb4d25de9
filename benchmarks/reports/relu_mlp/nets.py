"""Nets of the report in the terms of the original one, and their sizes for each data set."""

from dataclasses import dataclass, replace

from sklearn_softmax import TwoLayerMLPClassifier

BASELINE_LR, RAISED_LR = 1e-4, 1e-3
LR_DECAY = 0.95
WEIGHT_INIT = 1e-4
SGD = {"optimizer": "sgd", "momentum": 0.0, "lr_decay": LR_DECAY}


def n_epochs(n_iterations, batch_size, n_train):
    """Return the number of epochs nearest to a number of steps, at least 1.

    Examples
    --------
    >>> from benchmarks.reports.relu_mlp.nets import n_epochs
    >>> n_epochs(4_000, 200, 49_000)
    16
    """
    return max(1, round(n_iterations * batch_size / n_train))


@dataclass(frozen=True)
class Net:
    """A net of the sweeps.

    Parameters
    ----------
    n_iterations : int
        Steps.
    batch_size : int
    hidden_size : int, default=50
    lr : float, default=1e-3
    strength : float, default=0.25
        lambda of the original report.
    keep : float, default=1.0
        Probability that dropout keeps a hidden unit.
    n_components : int, default=None
        Number of principal components of the pixels; None for all pixels.
    seed : int, default=0
        Added to the seed of the report.
    """

    n_iterations: int
    batch_size: int
    hidden_size: int = 50
    lr: float = RAISED_LR
    strength: float = 0.25
    keep: float = 1.0
    n_components: int | None = None
    seed: int = 0

    def estimator(self, n_train, random_state):
        """Return the estimator for a number of training rows."""
        return TwoLayerMLPClassifier(
            hidden_size=self.hidden_size,
            dropout=1 - self.keep,
            weight_init=WEIGHT_INIT,
            lr=self.lr,
            reg_param=2 * self.strength * n_train,
            batch_size=self.batch_size,
            n_epochs=n_epochs(self.n_iterations, self.batch_size, n_train),
            random_state=random_state + self.seed,
            **SGD,
        )


@dataclass(frozen=True)
class Settings:
    """Sizes that depend on the data set.

    Parameters
    ----------
    n_val : int
    thousand : int
        Steps that correspond to 1,000 of the original report.
    hundred : int
        Rows per batch that correspond to 100 of the original report.
    n_components : int
        Principal components.
    divisor : int, default=1
        The training rows are the first 1 / divisor of all.
    """

    n_val: int
    thousand: int
    hundred: int
    n_components: int
    divisor: int = 1

    @property
    def quick(self):
        """A tenth of the steps on a tenth of the rows, hence as many epochs."""
        return replace(self, thousand=self.thousand // 10, divisor=10)

    @property
    def fifty(self):
        """The net HLCV-Ex2-50."""
        return Net(4 * self.thousand, 2 * self.hundred)

    @property
    def named_nets(self):
        """The nets whose features are shown, by their names in the original report."""
        return {
            "HLCV-Ex2-Baseline": Net(self.thousand, 2 * self.hundred, lr=BASELINE_LR),
            "HLCV-Ex2-50": self.fifty,
            "HLCV-Ex2-100": replace(self.fifty, hidden_size=100),
        }

    @property
    def baseline(self):
        """The first net of the original report."""
        return self.named_nets["HLCV-Ex2-Baseline"]

    @property
    def best(self):
        """The best net of the original report."""
        return self.named_nets["HLCV-Ex2-100"]

    @property
    def batch_sizes(self):
        """The batch sizes of table 4."""
        return tuple(range(self.hundred, 5 * self.hundred + 1, self.hundred))


SETTINGS = {
    "digits": Settings(n_val=300, thousand=300, hundred=10, n_components=25),
    "cifar10": Settings(n_val=1_000, thousand=1_000, hundred=100, n_components=250),
}
