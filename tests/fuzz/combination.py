"""A combination, which is drawn by its index, and the ways to train it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_softmax import BinaryPerceptron
from tests.fuzz.data import convert, corrupt_X, corrupt_y, draw_weight, draw_X, draw_y
from tests.fuzz.parameters import choice, draw_estimator


@dataclass
class Combination:
    """An unfitted estimator, data, and a way to train."""

    estimator: object
    X: object
    y: object
    use: str
    options: dict = field(default_factory=dict)
    is_invalid: bool = False
    raises_fp_errors: bool = False

    def __str__(self):
        kind = getattr(self.X, "format", type(self.X).__name__)
        dtype = self.X[0] if isinstance(self.X, list) else getattr(self.X, "dtype", "mixed")
        types = {name: type(value).__name__ for name, value in self.options.items()}
        return f"{self.estimator!r} {self.use} X={kind} {dtype} {np.shape(self.X)} {types}"

    def model(self):
        """Return a new unfitted model."""
        model = clone(self.estimator)
        return make_pipeline(FunctionTransformer(), model) if self.use == "pipeline" else model

    def train(self, model):
        """Train the model."""
        if "warm_start" in self.use:
            model.set_params(warm_start=True)
        for method in USES[self.use]:
            method(model, self.X, self.y, self.options)


def draw(seed, index):
    """Return the combination of an index."""
    rng = np.random.default_rng([seed, index])
    estimator, invalid_name = draw_estimator(rng)
    dense = draw_X(rng)
    y = draw_y(rng, dense, 2 if isinstance(estimator, BinaryPerceptron) else 6)
    if len(dense) > 100 and invalid_name != "n_epochs":
        estimator.set_params(n_epochs=2)
    uses = [use for use in USES if invalid_name is None or invalid_name not in use]
    if getattr(estimator, "optimizer", None) == "lbfgs":
        uses = [use for use in uses if "partial_fit" not in use]
        if getattr(estimator, "dropout", 0.0) and invalid_name != "dropout":
            estimator.set_params(dropout=0.0)
    use = choice(rng, uses)
    X, options, is_invalid = convert(rng, dense), {}, invalid_name is not None
    if rng.random() < 0.03:
        X, is_invalid = corrupt_X(rng, dense), True
    weight = draw_weight(rng, len(dense))
    if weight is not None and use != "pipeline":
        options = {"sample_weight": weight}
    if use == "X_val":
        options |= draw_validation(rng, dense, y, options)
    if rng.random() < 0.03:
        y, is_invalid = corrupt_y(rng, y), True
    return Combination(estimator, X, y, use, options, is_invalid, rng.random() < 0.2)


def draw_validation(rng, X, y, options):
    """Return validation rows: some of the training rows, some of them scaled or corrupted."""
    if rng.random() < 0.05:
        X = choice(rng, [X[:, 1:], np.column_stack([X, X]), np.where(X > 0, np.nan, X)])
    chosen = rng.integers(len(X), size=rng.integers(1, 20))
    with np.errstate(over="ignore"):
        X_val = X[chosen] * choice(rng, [1.0, 1.0, 1.0, 1e-10, 1e10, 1e200])
        validation = {"X_val": convert(rng, X_val), "y_val": np.asarray(y)[chosen]}
    if "sample_weight" in options and rng.random() < 0.5:
        validation["sample_weight_val"] = draw_weight(rng, len(chosen))
    return validation


def fit(model, X, y, options):
    """Fit the model."""
    model.fit(X, y, **options)


def fit_reversed(model, X, y, options):
    """Fit to reversed rows of another scale."""
    if isinstance(X, np.ndarray):
        with np.errstate(all="ignore"):
            X, y = (X * X.dtype.type(3))[::-1], np.asarray(y)[::-1]
    model.fit(X, y, **options)


def partial_fit(model, X, y, options):
    """Call ``partial_fit`` with up to three chunks of rows."""
    if np.shape(X)[:1] != np.shape(y) or len(y) == 0:
        model.partial_fit(X, y, classes=[0, 1], **options)
        return
    classes = list(dict.fromkeys(y))
    for chunk in np.array_split(np.arange(len(y)), min(3, len(y))):
        chunk_options = {name: select(value, chunk) for name, value in options.items()}
        model.partial_fit(select(X, chunk), select(y, chunk), classes=classes, **chunk_options)


def select(values, rows):
    """Return those of the rows that exist in a container."""
    if sparse.issparse(values):
        return values.tocsr()[rows]
    if np.ndim(values) == 0:
        return values
    if isinstance(values, pd.DataFrame | pd.Series):
        return values.iloc[rows]
    rows = rows[rows < len(values)]
    return [values[i] for i in rows] if isinstance(values, list) else values[rows]


USES = {
    "fit": [fit],
    "fit twice": [fit, fit],
    "warm_start": [fit, fit],
    "warm_start on others": [fit, fit_reversed],
    "partial_fit": [partial_fit],
    "fit and partial_fit": [fit, partial_fit],
    "X_val": [fit],
    "pipeline": [fit],
}
