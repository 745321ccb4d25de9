"""A combination, drawn by its index, and what is done with it."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_softmax import BinaryPerceptron
from tests.fuzz.data import contained, draw_weight, draw_X, draw_y, spoilt_X, spoilt_y
from tests.fuzz.parameters import choice, draw_estimator


@dataclass
class Combination:
    """An estimator that is not fitted, data, and a use."""

    estimator: object
    X: object
    y: object
    use: str
    options: dict = field(default_factory=dict)
    has_to_fail: bool = False
    errors_raised: bool = False

    def __str__(self):
        kind = getattr(self.X, "format", type(self.X).__name__)
        first = self.X[0] if isinstance(self.X, list) else getattr(self.X, "dtype", "mixed")
        given = {name: type(value).__name__ for name, value in self.options.items()}
        return f"{self.estimator!r} {self.use} X={kind} {first} {np.shape(self.X)} {given}"

    def model(self):
        """A new model that is not fitted."""
        model = clone(self.estimator)
        return make_pipeline(FunctionTransformer(), model) if self.use == "pipeline" else model

    def train(self, model):
        """Use the model as the combination says, and return it."""
        return USES[self.use](model, self.X, self.y, self.options)


def draw(seed, index):
    """The combination of an index."""
    rng = np.random.default_rng([seed, index])
    estimator, invalid = draw_estimator(rng)
    X = draw_X(rng)
    y = draw_y(rng, X, 2 if isinstance(estimator, BinaryPerceptron) else 6)
    if len(X) > 100 and invalid != "n_epochs":
        estimator.set_params(n_epochs=2)
    uses = [use for use in USES if invalid is None or invalid not in use]
    if getattr(estimator, "optimizer", None) == "lbfgs":
        uses = [use for use in uses if "partial_fit" not in use]
        if getattr(estimator, "dropout", 0.0) and invalid != "dropout":
            estimator.set_params(dropout=0.0)
    use = choice(rng, uses)
    given, options, has_to_fail = contained(rng, X), {}, invalid is not None
    if rng.random() < 0.03:
        given, has_to_fail = spoilt_X(rng, X), True
    weight = draw_weight(rng, len(X))
    if weight is not None and use != "pipeline":
        options = {"sample_weight": weight}
    if use == "X_val":
        options |= draw_validation(rng, X, y, options)
    if rng.random() < 0.03:
        y, has_to_fail = spoilt_y(rng, y), True
    errors_raised = rng.random() < 0.2
    return Combination(estimator, given, y, use, options, has_to_fail, errors_raised)


def draw_validation(rng, X, y, options):
    """Some of the rows once more, near or far from themselves."""
    if rng.random() < 0.05:
        X = choice(rng, [X[:, 1:], np.column_stack([X, X]), np.where(X > 0, np.nan, X)])
    chosen = rng.integers(len(X), size=rng.integers(1, 20))
    with np.errstate(over="ignore"):
        X_val = X[chosen] * choice(rng, [1.0, 1.0, 1.0, 1e-10, 1e10, 1e200])
        validation = {"X_val": contained(rng, X_val), "y_val": np.asarray(y)[chosen]}
    if "sample_weight" in options and rng.random() < 0.5:
        validation["sample_weight_val"] = draw_weight(rng, len(chosen))
    return validation


def fit(model, X, y, options):
    """Fit once."""
    return model.fit(X, y, **options)


def fit_twice(model, X, y, options):
    """Fit, and fit again."""
    return fit(fit(model, X, y, options), X, y, options)


def warm_start(model, X, y, options):
    """Fit, and go on."""
    return fit_twice(model.set_params(warm_start=True), X, y, options)


def warm_start_on_others(model, X, y, options):
    """Fit, and go on with rows in another order, of another scale."""
    fit(model.set_params(warm_start=True), X, y, options)
    if sparse.issparse(X) or isinstance(X, list | pd.DataFrame):
        return fit(model, X, y, options)
    with np.errstate(all="ignore"):
        far = X * X.dtype.type(3)
    return fit(model, far[::-1], np.asarray(y)[::-1], options)


def partial_fit(model, X, y, options):
    """Fit on one part of the rows after another."""
    if np.shape(X)[:1] != np.shape(y) or len(y) == 0:
        return model.partial_fit(X, y, classes=[0, 1], **options)
    n_rows = len(y)
    for part in np.array_split(np.arange(n_rows), min(3, n_rows)):
        of_part = {name: rows_of(value, part, n_rows) for name, value in options.items()}
        rows = rows_of(X, part, n_rows), rows_of(y, part, n_rows)
        model.partial_fit(*rows, classes=list(dict.fromkeys(y)), **of_part)
    return model


def fit_and_go_on(model, X, y, options):
    """Fit, and go on by passes."""
    return partial_fit(fit(model, X, y, options), X, y, options)


def rows_of(values, part, n_rows):
    """Some of the rows of whatever holds them."""
    if np.ndim(values) == 0 and not sparse.issparse(values):
        return values
    if isinstance(values, pd.DataFrame | pd.Series):
        return values.iloc[part]
    if isinstance(values, list):
        return [values[i] for i in part if i < len(values)]
    if sparse.issparse(values):
        return values.tocsr()[part]
    return values[part[part < len(values)]]


USES = {
    "fit": fit,
    "fit twice": fit_twice,
    "warm_start": warm_start,
    "warm_start on others": warm_start_on_others,
    "partial_fit": partial_fit,
    "fit and partial_fit": fit_and_go_on,
    "X_val": fit,
    "pipeline": fit,
}
