"""Plans of searches: groups of candidates that train together, and tasks for workers."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ParameterGrid, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.model_selection._plan import Group, Plan, plan
from tests.model_selection.searches import assert_work_as_planned, count_work


def make_plan(estimator, grid, n_folds=3, **options):
    return plan(estimator, list(ParameterGrid(grid)), n_folds, **options)


def pipeline(estimator, scaler="passthrough"):
    return Pipeline([("scale", scaler), ("clf", estimator)])


X, Y = np.random.RandomState(0).standard_normal((24, 2)), np.arange(24) % 2
SOFTMAX = SoftmaxRegression(lr=0.1)
NET = TwoLayerMLPClassifier(lr=1e-3)
PIPELINE, FUNCTION = pipeline(SOFTMAX), pipeline(SOFTMAX, FunctionTransformer())
NESTED = Pipeline([("union", FeatureUnion([("pca", PCA(2))])), ("in", PIPELINE)])
RATES, CLF_RATES = {"lr": [0.1, 0.2]}, {"clf__lr": [0.1, 0.2]}
THREE_RATES = {"lr": [0.1, 0.2, 0.3]}
EARLY = {"tol": [0.0, 0.1], "n_iter_no_change": [2, 3], "early_stopping": [True]}
MODEL = SoftmaxRegression(lr=0.1, n_epochs=3)
REPORT = {"n_epochs": [50, 100, 200], "batch_size": [500, 1000], "reg_param": [0, 1, 2]}
REPORT |= THREE_RATES
STACKABLE = {name: [0.5, 0.6] for name in ("lr", "lr_decay", "reg_param", "momentum")}
STACKABLE |= {"n_epochs": [1, 2]}


@pytest.mark.parametrize(
    ("estimator", "grid", "sizes"),
    [
        *((model, STACKABLE, [32]) for model in (SOFTMAX, GDLogisticRegression(), NET)),
        (SOFTMAX, {"class_weight": [None, "balanced"], "lr": ["auto"], **EARLY}, [4, 4]),
        (SOFTMAX, {**EARLY, **RATES}, [8]),
        (SOFTMAX, {**EARLY, "early_stopping": [True, False]}, [4, 4]),
        (SOFTMAX, {"lr": [0.1, 0.2, "auto"], "reg_param": [0.0, 1.0]}, [2, 4]),
        (SOFTMAX, [RATES, {"lr": [0.3]}, {"reg_param": [1.0]}, {"batch_size": [3]}], [1, 4]),
        (SOFTMAX, [{"shuffle": [True], **THREE_RATES}, THREE_RATES], [3, 3]),
        (BinaryPerceptron(), {**RATES, "n_epochs": [2, 3], "batch_size": [10, 20]}, [4, 4]),
        (NET, {"hidden_size": [3, (3, 3)], "activation": ["relu", "tanh"], **RATES}, [2] * 4),
        (FUNCTION, {"scale__func": [np.abs, np.square], **CLF_RATES}, [2, 2]),
        (PIPELINE, {"scale": [StandardScaler(), PCA(2), None], **CLF_RATES}, [2, 2, 2]),
        (PIPELINE, {"clf": [SOFTMAX, GDLogisticRegression()], **CLF_RATES}, [2, 2]),
        (PIPELINE, {"clf": [SOFTMAX, SoftmaxRegression(lr=0.2)]}, [1, 1]),
        (NESTED, {"in__clf__lr": [1, 2], "in__clf__n_epochs": [1, 2], "in__scale": [None]}, [4]),
    ],
)
def test_candidates_train_together_if_they_differ_only_in_stackable_parameters(
    estimator, grid, sizes
):
    groups = make_plan(estimator, grid).groups
    assert sorted(len(group.candidates) for group in groups) == sizes


@pytest.mark.parametrize(
    ("grid", "n_models"),
    [
        ({"lr": [0.1, 0.1, 0.1]}, 1),
        ({"lr": [1, 1.0, np.float64(1)]}, 1),
        ({"class_weight": [None, "balanced", {0: 1.0}, {0: 2.0, 1: 1.0}, {1: 1.0, 0: 2.0}]}, 4),
        ({"nesterov": [True, False], "momentum": [0.5], "optimizer": ["sgd"]}, 2),
        ({"nesterov": [True, False], "momentum": [0.0], "optimizer": ["sgd"]}, 1),
        ({"nesterov": [True, False], "optimizer": ["adam"]}, 1),
        ({"lr_decay": [0.5, 0.6], "n_epochs": [1]}, 1),
        ({"weight_init": ["auto", 0.1, 0.2]}, 3),
        ({"dropout": [0.0, 0.1, 0.5]}, 3),
    ],
    ids=str,
)
def test_candidates_are_one_model_if_their_differences_have_no_effect(grid, n_models):
    (group,) = make_plan(NET, grid).groups
    assert (len(group.candidates), group.n_models) == (len(ParameterGrid(grid)), n_models)


def test_candidates_of_a_model_are_in_descending_order_of_epochs():
    (group,) = make_plan(SOFTMAX, {"n_epochs": [2, 5, 3]}).groups
    assert group.candidates == (1, 2, 0)


class Subclass(SoftmaxRegression):
    """An estimator that may train differently."""


class PipelineSubclass(Pipeline):
    """A pipeline that may fit differently."""


ALONE, UNKNOWN = "no compatible candidate", "its parameters cannot be set"
INVALID, NOT_COMPARABLE = "a parameter is not valid", "its parameters cannot be compared"
NOT_OURS = "is not one of this package's estimators"
PIPELINE_SUBCLASS = "PipelineSubclass may fit differently from a Pipeline"


@pytest.mark.parametrize(
    ("estimator", "grid", "reasons"),
    [
        *(
            (SOFTMAX, {name: values}, {ALONE: len(values)})
            for name, values in {
                "batch_size": [10, 20],
                "optimizer": ["sgd", "adam"],
                "random_state": [0, 1],
                "fit_intercept": [True, False],
                "shuffle": [True, False],
                "lr": [0.1, "auto"],
                "n_epochs": [5, "auto"],
                "reg_param": [0.1],
            }.items()
        ),
        (SOFTMAX, {"alpha": [1, 2]}, {UNKNOWN: 2}),
        (SOFTMAX, {"clf__lr": [1, 2]}, {UNKNOWN: 2}),
        (SOFTMAX, {"lr": [0.1, -1, 0.2, "x"], "n_epochs": [1, 2.5]}, {"": 1, INVALID: 6}),
        (SOFTMAX, {"class_weight": [None, {0: [1.0]}, {0: 2.0}]}, {"": 1, NOT_COMPARABLE: 1}),
        (FUNCTION, {"scale__func": [lambda X: X], **CLF_RATES}, {NOT_COMPARABLE: 2}),
        (LogisticRegression(), {"C": [1.0, 2.0]}, {f"LogisticRegression {NOT_OURS}": 2}),
        (pipeline("passthrough"), {"scale": [PCA(), None]}, {f"str {NOT_OURS}": 2}),
        (pipeline(None), {"scale": [PCA(), None]}, {f"NoneType {NOT_OURS}": 2}),
        (PipelineSubclass([("clf", SOFTMAX)]), CLF_RATES, {PIPELINE_SUBCLASS: 2}),
    ],
)
def test_reasons_of_candidates_fitted_alone(estimator, grid, reasons):
    assert Counter(group.reason for group in make_plan(estimator, grid).groups) == reasons


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (SoftmaxRegression(warm_start=True), "warm_start=True"),
        (SoftmaxRegression(verbose=1), "verbose"),
        (BinaryPerceptron(), "batch_size=1 learns online"),
        (SoftmaxRegression(batch_size=0), INVALID),
        (TwoLayerMLPClassifier(hidden_size=()), INVALID),
        (Subclass(), f"Subclass {NOT_OURS}"),
    ],
    ids=str,
)
def test_reasons_of_last_steps_are_those_of_estimators(estimator, reason):
    for wrapped in (estimator, pipeline(estimator), make_pipeline(pipeline(estimator))):
        (name,) = [name for name in wrapped.get_params() if name.split("__")[-1] == "lr"]
        groups = make_plan(wrapped, {name: [0.1, 0.2, 0.3]}).groups
        assert [group.reason for group in groups] == [reason] * 3


@pytest.mark.parametrize("prefix", ["", "clf__"])
@pytest.mark.parametrize("has_validation_rows", [False, True])
def test_validation_rows_join_candidates_with_and_without_early_stopping(
    prefix, has_validation_rows
):
    grid = {f"{prefix}{name}": values for name, values in EARLY.items()}
    grid[f"{prefix}early_stopping"] = [True, False]
    model = pipeline(MODEL) if prefix else MODEL
    search = FusedGridSearchCV(model, grid, cv=2, refit=False)
    # Every step of a pipeline gets fit parameters by its name, and X_val is not transformed.
    params = {f"{prefix}sample_weight": np.ones(24)}
    if has_validation_rows:
        params |= {f"{prefix}X_val": X, f"{prefix}y_val": Y}
    search_plan = search.plan(X, Y, **params)
    sizes = [(len(group.candidates), group.n_models) for group in search_plan.groups]
    assert sizes == ([(8, 5)] if has_validation_rows else [(4, 4), (4, 1)])
    with count_work() as work:
        search.fit(X, Y, **params)
    assert_work_as_planned(work, search_plan)


def test_plan_prints_models_epochs_and_reasons():
    grids = [
        {**THREE_RATES, "n_epochs": [1, 8], "batch_size": [7, 8]},
        {"warm_start": [True], **THREE_RATES},
        {"lr": ["auto"], "reg_param": [0.0, 1.0]},
    ]
    assert str(make_plan(SOFTMAX, grids)) == (
        "51 fits in 18 runs, 3 of each group:\n"
        "  6 together: 3 models, read off after 1, 8 epochs (batch_size=7)\n"
        "  6 together: 3 models, read off after 1, 8 epochs (batch_size=8)\n"
        "  2 together: 2 models, read off when they end (lr=auto)\n"
        "  3 one by one: warm_start=True"
    )


TABLE = """<p>9 fits in 0 runs, 3 of each group</p>
<table>
<tr><th>candidates</th><th>trained</th><th>how</th><th>with</th></tr>
<tr><td>2</td><td>together</td><td>1 model, read off after 1, 2 epochs</td><td>a=&lt;1&gt;</td></tr>
<tr><td>1</td><td>one by one</td><td>not a &lt;class&gt;</td><td></td></tr>
</table>
<p>&lt;rungs&gt;</p>"""


class AngleBrackets:
    def __repr__(self):
        return "<1>"


def test_plan_is_a_table_in_a_notebook():
    groups = (
        Group(((0, 1),), (1, 2), {"a": AngleBrackets()}),
        Group(((2,),), reason="not a <class>"),
    )
    search_plan = Plan(groups, 3, (), rungs="<rungs>")
    assert search_plan._repr_html_() == TABLE
    assert repr(search_plan) == str(search_plan)


FOLDS = list(KFold(3).split(X))


@pytest.mark.parametrize(
    "make_folds",
    [lambda: StratifiedKFold(3).split(X, Y), lambda: iter(FOLDS)],
    ids=["generator", "iterator"],
)
def test_plan_refuses_folds_that_can_be_read_only_once(make_folds):
    search = FusedGridSearchCV(MODEL, RATES, cv=make_folds())
    for _ in range(2):
        with pytest.raises(ValueError, match=r"exhaust cv=<.*: use a list .*cv=list"):
            search.plan(X, Y)
    assert search.fit(X, Y).n_splits_ == 3


@pytest.mark.parametrize(
    "cv", [3, KFold(3), FOLDS, tuple(FOLDS), np.array(FOLDS, dtype=object)], ids=type
)
def test_plan_does_not_exhaust_folds(cv):
    search = FusedGridSearchCV(MODEL, RATES, cv=cv)
    assert search.plan(X, Y) == search.plan(X, Y)
    assert search.plan(X, Y).n_folds == search.fit(X, Y).n_splits_ == 3


VALUES = {
    "lr": [0.1, 0.2, "auto", -1.0],
    "reg_param": [0.0, 1.0, 2.0],
    "n_epochs": [1, 2, 3, 0, "auto"],
    "batch_size": [10, 20],
    "early_stopping": [False, True],
    "class_weight": [None, "balanced", {0: 1.0}],
    "unknown": [1],
}
candidate_lists = st.lists(
    st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in VALUES.items()}),
    min_size=1,
    max_size=12,
)


@given(candidate_lists, st.booleans())
def test_every_candidate_is_in_one_group_of_compatible_candidates(candidates, is_pipeline):
    estimator, prefix = (pipeline(SOFTMAX), "clf__") if is_pipeline else (SOFTMAX, "")
    prefixed = [{prefix + name: v for name, v in params.items()} for params in candidates]
    search_plan = plan(estimator, prefixed, 2)
    indices = [index for group in search_plan.groups for index in group.candidates]
    assert sorted(indices) == list(range(len(candidates)))
    assert search_plan.n_fits == 2 * len(candidates)
    for group in search_plan.groups:
        assert (len(group.candidates) == 1) == bool(group.reason)
        members = [{"lr": 0.1, "n_epochs": "auto", **candidates[i]} for i in group.candidates]
        for name in ("batch_size", "early_stopping", "unknown"):
            assert all(params.get(name) == members[0].get(name) for params in members)
        for name in ("lr", "n_epochs"):
            assert len({isinstance(params[name], str) for params in members}) == 1
        assert group.reason or set(group.n_epochs) == {params["n_epochs"] for params in members}


@pytest.mark.parametrize(
    ("n_workers", "grid", "sizes"),
    [
        *((n_workers, REPORT, [9] * 6) for n_workers in (1, 6)),
        (7, REPORT, [4, 5] + [9] * 5),
        (16, REPORT, [2] * 4 + [3] * 4 + [4] * 6 + [5] * 2),
        (1000, REPORT, [1] * 54),
        (16, {"batch_size": [10, 20]}, [1] * 6),
        (8, [{"batch_size": [10]}, THREE_RATES], [1] * 5 + [2, 2, 3]),
        (7, [{"batch_size": [10], "n_epochs": [400, 500]}, RATES], [1] * 5 + [2, 2]),
    ],
    ids=str,
)
def test_largest_stacks_are_split_until_every_worker_has_a_task(n_workers, grid, sizes):
    search_plan = make_plan(SOFTMAX, grid, n_workers=n_workers)
    assert sorted(task.group.n_models for task in search_plan.tasks) == sizes
    assert (search_plan.more_work == 1) == (n_workers <= 6 or len(sizes) == 6)
    if n_workers == 16:
        assert search_plan.more_work < 1.5
    pairs = [(c, task.fold) for task in search_plan.tasks for c in task.group.candidates]
    n_candidates = len(ParameterGrid(grid))
    assert sorted(pairs) == [(c, fold) for c in range(n_candidates) for fold in range(3)]


def test_search_plans_for_its_jobs():
    search = FusedGridSearchCV(SOFTMAX, REPORT, cv=3, n_jobs=16)
    head, *groups = str(search.plan()).splitlines()
    assert not [name for name in vars(search) if name.endswith("_")]
    assert head.startswith("162 fits in 16 runs, split for all workers (about 1.")
    assert groups == str(clone(search).set_params(n_jobs=None).plan()).splitlines()[1:]
