"""Pipelines of imbalanced-learn, whose samplers change the rows, in fused searches."""

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import SoftmaxRegression
from tests.model_selection.searches import compare_with_scikit_learn, fuse
from tests.model_selection.strategies import make_data

pytest.importorskip("imblearn")
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler

X, Y = make_data(2, 180, weights=[0.85])
MODEL = SoftmaxRegression(batch_size=20, n_epochs=4, random_state=0)
GRID = {"clf__lr": [0.001, 0.05], "clf__reg_param": [0.0, 1.0], "clf__n_epochs": [2, 4]}
SAMPLERS = [SMOTE(random_state=0), RandomUnderSampler(random_state=0), "passthrough"]


def pipeline(sampler):
    return Pipeline([("sample", sampler), ("scale", StandardScaler()), ("clf", MODEL)])


NESTED = Pipeline([("sample", SAMPLERS[0]), ("inner", Pipeline(pipeline(None).steps[1:]))])


@pytest.mark.parametrize(
    ("estimator", "grid", "n_runs"),
    [
        (pipeline(RandomOverSampler(random_state=0)), GRID, 3),
        (pipeline(SMOTE()), {"sample": SAMPLERS, **GRID}, 9),
        (NESTED, {f"inner__{name}": values for name, values in GRID.items()}, 3),
    ],
    ids=["sampler", "searched samplers", "nested"],
)
def test_candidates_of_a_sampler_train_together(estimator, grid, n_runs):
    search = GridSearchCV(estimator, grid, cv=3)
    actual, expected, work = compare_with_scikit_learn(search, X, Y)
    assert (work.together, work.one_by_one) == (n_runs, 0)
    assert len(fuse(search).plan(X, Y).tasks) == n_runs
    np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))
