"""Pipelines of imbalanced-learn, whose samplers change the rows, in fused searches."""

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import SoftmaxRegression
from tests.model_selection.searches import assert_work_as_planned, compare_with_scikit_learn, fuse

pytest.importorskip("imblearn")
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline
from imblearn.under_sampling import RandomUnderSampler

X, Y = make_classification(
    n_samples=180, n_features=6, n_informative=4, weights=[0.85], random_state=0
)
MODEL = SoftmaxRegression(batch_size=20, n_epochs=4, random_state=0)
TWELVE = {"clf__lr": [0.001, 0.01, 0.05], "clf__reg_param": [0.0, 1.0], "clf__n_epochs": [2, 4]}


def pipeline(sampler, **options):
    return Pipeline([("sample", sampler), ("scale", StandardScaler()), ("clf", MODEL)], **options)


def same_search_and_plan(search):
    actual, expected, work = compare_with_scikit_learn(search, X, Y)
    assert_work_as_planned(work, fuse(search).plan(X, Y))
    return actual, expected, work


@pytest.mark.parametrize(
    "sampler",
    [SMOTE(random_state=0), RandomOverSampler(random_state=0), RandomUnderSampler(random_state=0)],
    ids=lambda sampler: type(sampler).__name__,
)
def test_twelve_candidates_in_three_folds_are_three_runs(sampler):
    search = GridSearchCV(pipeline(sampler), TWELVE, cv=3, scoring="balanced_accuracy")
    actual, expected, work = same_search_and_plan(search)
    assert (work.together, work.one_by_one) == (3, 0)
    np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))


def test_scores_are_those_of_rows_that_no_sampler_has_changed():
    seen = []

    def scorer(estimator, X, y):
        seen.append(len(X))
        return estimator.score(X, y)

    search = fuse(GridSearchCV(pipeline(SMOTE(random_state=0)), TWELVE, cv=3, scoring=scorer))
    search.fit(X, Y)
    assert set(seen) == {60}


@pytest.mark.slow
def test_samplers_may_be_searched_too():
    samplers = [SMOTE(random_state=0), RandomUnderSampler(random_state=0), "passthrough"]
    search = GridSearchCV(pipeline(SMOTE()), {"sample": samplers, **TWELVE}, cv=3)
    _, _, work = same_search_and_plan(search)
    assert (work.together, work.one_by_one) == (3 * 3, 0)


@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_a_sampler_that_fails_fails_every_candidate(error_score):
    sampler = SMOTE(k_neighbors=1000, random_state=0)
    search = GridSearchCV(pipeline(sampler), TWELVE, cv=3, error_score=error_score)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert actual.error is not None


def test_a_memory_is_used(tmp_path):
    sampler = RandomOverSampler(random_state=0)
    search = GridSearchCV(pipeline(sampler, memory=str(tmp_path)), TWELVE, cv=3)
    _, _, work = same_search_and_plan(search)
    assert (work.together, work.one_by_one) == (3, 0)
    assert any(tmp_path.iterdir())


def test_a_pipeline_within_a_pipeline():
    inner = Pipeline([("scale", StandardScaler()), ("clf", MODEL)])
    outer = Pipeline([("sample", SMOTE(random_state=0)), ("inner", inner)])
    search = GridSearchCV(outer, {f"inner__{n}": v for n, v in TWELVE.items()}, cv=3)
    _, _, work = same_search_and_plan(search)
    assert (work.together, work.one_by_one) == (3, 0)


@pytest.mark.parametrize("random_state", [0, None])
def test_halving_goes_on_where_a_sampler_makes_the_same_rows_again(random_state):
    search = HalvingGridSearchCV(
        pipeline(RandomOverSampler(random_state=random_state)),
        {"clf__lr": [1e-4, 1e-3, 0.01, 0.05]},
        resource="clf__n_epochs",
        max_resources=9,
        cv=3,
    )
    if random_state is None:
        assert fuse(search).fit(X, Y).best_score_ > 0
    else:
        _, _, work = compare_with_scikit_learn(search, X, Y)
        assert work.one_by_one == 0
