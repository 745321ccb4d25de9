"""Which candidates train together, as a pure function of the search."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, KFold, ParameterGrid, StratifiedKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    FusedRandomizedSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.model_selection._plan import Group, Plan, plan


def planned(estimator, grid, n_folds=3):
    return plan(estimator, list(ParameterGrid(grid)), n_folds)


def sizes(estimator, grid):
    return sorted(len(group.candidates) for group in planned(estimator, grid).groups)


def reasons(estimator, grid):
    return Counter(group.reason for group in planned(estimator, grid).groups)


def only_reason(estimator, grid):
    (reason,) = reasons(estimator, grid)
    return reason


def scaled(estimator):
    return Pipeline([("scale", StandardScaler()), ("clf", estimator)])


THREE_RATES = {"lr": [0.1, 0.2, 0.3]}
X, Y = np.random.RandomState(0).standard_normal((24, 2)), np.arange(24) % 2
MODEL = SoftmaxRegression(lr=0.1, n_epochs=3)
SEARCHES = [
    FusedGridSearchCV(MODEL, THREE_RATES),
    FusedRandomizedSearchCV(MODEL, THREE_RATES, n_iter=3, random_state=0),
    FusedHalvingGridSearchCV(MODEL, THREE_RATES),
    FusedHalvingRandomSearchCV(MODEL, THREE_RATES, n_candidates=3, random_state=0),
]
REPORT = {
    "n_epochs": [50, 100, 200],
    "lr": [0.1, 0.25, 0.5],
    "batch_size": [500, 1000],
    "reg_param": [0.1, 1.0, 10.0],
}


def test_54_candidates_in_3_folds_are_6_runs_of_9_models():
    found = planned(SoftmaxRegression(lr=0.1), REPORT)
    assert (found.n_fits, found.n_runs) == (162, 6)
    assert [group.n_models for group in found.groups] == [9, 9]
    assert [group.n_epochs for group in found.groups] == [(50, 100, 200)] * 2
    assert [group.shared for group in found.groups] == [{"batch_size": b} for b in (500, 1000)]


def test_the_plan_prints_what_trains_together_and_why_others_do_not():
    grid = [{**THREE_RATES, "n_epochs": [1, 2]}, {"warm_start": [True], **THREE_RATES}]
    assert str(planned(SoftmaxRegression(lr=0.1), grid)) == (
        "27 fits in 12 runs, 3 of each group:\n"
        "  6 together: 3 models, read off after 1, 2 epochs\n"
        "  3 one by one: warm_start=True"
    )


def test_the_plan_prints_what_a_group_shares():
    grid = {**THREE_RATES, "batch_size": [7]}
    assert "3 models, read off when they end (batch_size=7)" in str(
        planned(SoftmaxRegression(lr=0.1), grid)
    )


def weighted(value):
    return {0: value, 1: 1.0}


def square(X):
    return X**2


LONG = np.zeros(2000)
# Values of a parameter that stand for what parts the groups, with the texts that tell them apart.
PARTING = {
    "dict": ("class_weight", [weighted(2.0), weighted(3.0)], ["{0: 2, 1: 1}", "{0: 3, 1: 1}"]),
    "long dict": (
        "class_weight",
        [dict.fromkeys(range(40), 1.0), dict.fromkeys(range(40), 1.0) | {37: 2.0}],
        ["{…, 37: 1, …}", "{…, 37: 2, …}"],
    ),
    "set or not": ("class_weight", [None, "balanced"], ["=None", "=balanced"]),
    "estimator": ("scale", [StandardScaler(), PCA(2)], ["=StandardScaler", "=PCA"]),
    "long estimator": (
        "scale",
        [make_pipeline(*[PCA(2)] * 30, PCA(n)) for n in (3, 4)],
        ["=3))]))", "=4))]))"],
    ),
    "steps": (
        "scale",
        [Pipeline([("a", PCA(n)), ("b", StandardScaler())]) for n in (1, 2)],
        ["nts=1)), …]", "nts=2)), …]"],
    ),
    "function": ("scale__func", [np.abs, square], ["=absolute", "=square"]),
    "array": ("scale__kw_args", [{"a": np.eye(2)}, {"a": np.eye(2) * 2}], ["[[1, 0],", "[[2, 0],"]),
    "long array": (
        "scale__kw_args",
        [{"a": LONG}, {"a": np.where(np.arange(2000) == 900, 1, LONG)}],
        ["[…, 0, …]", "[…, 1, …]"],
    ),
    "text": ("scale__kw_args", [{"a": "x" * 500 + end} for end in "<>"], ["x<}", "x>}"]),
    "numbers": ("batch_size", [1000, 1001], ["batch_size=1000", "batch_size=1001"]),
    "floats": ("validation_fraction", [0.1, 0.1000000001], ["=0.1)", "=0.1000000001)"]),
}


@pytest.mark.parametrize(("name", "values", "texts"), PARTING.values(), ids=PARTING)
def test_the_plan_prints_what_tells_groups_apart(name, values, texts):
    estimator, prefix = SoftmaxRegression(), ""
    if name.startswith("scale"):
        scale = FunctionTransformer() if "__" in name else "passthrough"
        estimator, prefix = Pipeline([("scale", scale), ("clf", estimator)]), "clf__"
    found = planned(estimator, {name: values, f"{prefix}reg_param": [0.0, 1.0]})
    _, *lines = str(found).splitlines()
    assert len(lines) == len(values)
    for text, line in zip(texts, lines):
        assert f"2 together: 2 models, read off when they end ({name}=" in line
        assert text in line
        assert len(line) < 180


def test_the_plan_prints_an_automatic_learning_rate_that_parts():
    grids = [{"lr": [0.1, 0.2]}, {"reg_param": [0.0, 1.0]}]
    _, numbers, auto = str(planned(SoftmaxRegression(), grids)).splitlines()
    assert numbers == "  2 together: 2 models, read off when they end"
    assert auto == f"{numbers} (lr=auto)"


TABLE = """<p>9 fits in 0 runs, 3 of each group</p>
<table>
<tr><th>candidates</th><th>trained</th><th>how</th><th>with</th></tr>
<tr><td>2</td><td>together</td><td>1 model, read off after 1, 2 epochs</td><td>a=&lt;1&gt;</td></tr>
<tr><td>1</td><td>one by one</td><td>not a &lt;class&gt;</td><td></td></tr>
</table>
<p>&lt;rungs&gt;</p>"""


class Angled:
    def __repr__(self):
        return "<1>"


def test_a_plan_is_a_table_in_a_notebook():
    groups = Group(((0, 1),), (1, 2), {"a": Angled()}), Group(((2,),), reason="not a <class>")
    found = Plan(groups, 3, (), rungs="<rungs>")
    assert found._repr_html_() == TABLE
    assert repr(found) == str(found)


def test_those_with_most_epochs_come_first():
    (group,) = planned(SoftmaxRegression(lr=0.1), {"n_epochs": [2, 5, 3]}).groups
    assert group.candidates == (1, 2, 0)


def test_duplicates_are_one_model():
    (group,) = planned(SoftmaxRegression(lr=0.1), {"lr": [0.1, 0.1, 0.1]}).groups
    assert (len(group.candidates), group.n_models) == (3, 1)


def test_equal_numbers_of_other_types_are_one_model():
    (group,) = planned(SoftmaxRegression(lr=0.1), {"lr": [1, 1.0, np.float64(1)]}).groups
    assert group.n_models == 1


@pytest.mark.parametrize("name", ["lr", "lr_decay", "reg_param", "momentum", "n_epochs"])
@pytest.mark.parametrize(
    "estimator",
    [SoftmaxRegression(lr=0.1), GDLogisticRegression(), TwoLayerMLPClassifier()],
    ids=str,
)
def test_what_a_stack_can_hold_is_no_reason_to_part(estimator, name):
    values = [1, 2] if name == "n_epochs" else [0.5, 0.6]
    assert sizes(estimator, {name: values}) == [2]


@pytest.mark.parametrize(
    ("grid", "n_models"),
    [
        ({"class_weight": [None, "balanced", {0: 1.0}, {0: 2.0, 1: 1.0}, {1: 1.0, 0: 2.0}]}, 4),
        ({"nesterov": [True, False], "momentum": [0.5], "optimizer": ["sgd"]}, 2),
        ({"nesterov": [True, False], "momentum": [0.0], "optimizer": ["sgd"]}, 1),
        ({"nesterov": [True, False], "optimizer": ["adam"]}, 1),
        ({"weight_init": ["auto", 0.1, 0.2]}, 3),
        ({"dropout": [0.0, 0.1, 0.5]}, 3),
    ],
    ids=str,
)
def test_models_are_told_apart_by_what_matters(grid, n_models):
    (group,) = planned(TwoLayerMLPClassifier(lr=1e-3), grid).groups
    assert (len(group.candidates), group.n_models) == (len(ParameterGrid(grid)), n_models)


def test_automatic_learning_rates_depend_on_class_weights():
    grid = {"lr": ["auto"], "class_weight": [None, "balanced"], "reg_param": [0.0, 1.0]}
    assert sizes(SoftmaxRegression(lr=0.1), grid) == [2, 2]


EARLY = {"tol": [0.0, 0.1], "n_iter_no_change": [2, 3], "early_stopping": [True]}


def test_candidates_with_early_stopping_train_together():
    assert sizes(SoftmaxRegression(lr=0.1), {**EARLY, "lr": [0.1, 0.2]}) == [8]


def test_candidates_with_and_without_early_stopping_learn_from_other_rows():
    grid = {**EARLY, "early_stopping": [True, False]}
    assert sizes(SoftmaxRegression(lr=0.1), grid) == [4, 4]
    search = FusedGridSearchCV(SoftmaxRegression(lr=0.1), grid)
    X = np.zeros((2, 3))
    assert [len(group.candidates) for group in search.plan(X_val=X).groups] == [8]
    assert [len(group.candidates) for group in search.plan(clf__X_val=X).groups] == [8]
    assert [group.n_models for group in search.plan(X_val=X).groups] == [5]


def test_mini_batch_perceptrons_train_together():
    grid = {"lr": [0.1, 1.0], "n_epochs": [2, 3], "batch_size": [10, 20]}
    assert sizes(BinaryPerceptron(), grid) == [4, 4]


@pytest.mark.parametrize(
    "grid",
    [
        {"batch_size": [10, 20]},
        {"optimizer": ["sgd", "adam"]},
        {"random_state": [0, 1]},
        {"fit_intercept": [True, False]},
        {"shuffle": [True, False]},
        {"lr": [0.1, "auto"]},
        {"n_epochs": [5, "auto"]},
    ],
    ids=str,
)
def test_what_a_stack_cannot_hold_parts(grid):
    assert only_reason(SoftmaxRegression(lr=0.1), grid) == "no compatible candidate"


def test_automatic_learning_rates_are_a_stack_of_their_own():
    grid = {"lr": [0.1, 0.2, "auto"], "reg_param": [0.0, 1.0]}
    assert sizes(SoftmaxRegression(lr=0.1), grid) == [2, 4]


def test_hidden_layers_part():
    grid = {"hidden_size": [3, (3, 3)], "activation": ["relu", "tanh"], **THREE_RATES}
    assert sizes(TwoLayerMLPClassifier(), grid) == [3] * 4


class Elsewhere(SoftmaxRegression):
    """May train in another way."""


class OtherPipeline(Pipeline):
    """May fit in another way."""


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (SoftmaxRegression(warm_start=True), "warm_start=True"),
        (SoftmaxRegression(verbose=1), "verbose"),
        (BinaryPerceptron(), "batch_size=1 learns online"),
        (SoftmaxRegression(batch_size=0), "a parameter is not valid"),
        (TwoLayerMLPClassifier(hidden_size=()), "a parameter is not valid"),
        (Elsewhere(), "Elsewhere is not one of this package's estimators"),
    ],
    ids=str,
)
@pytest.mark.parametrize("wrap", [clone, scaled, lambda e: make_pipeline(scaled(e))])
def test_what_must_be_fitted_alone_says_why(estimator, reason, wrap):
    wrapped = wrap(estimator)
    (name,) = [name for name in wrapped.get_params() if name == "lr" or name.endswith("__lr")]
    assert reasons(wrapped, {name: [0.1, 0.2, 0.3]}) == {reason: 3}


def test_foreign_estimators_are_fitted_alone():
    assert only_reason(LogisticRegression(), {"C": [1.0, 2.0]}) == (
        "LogisticRegression is not one of this package's estimators"
    )


def test_other_pipelines_are_fitted_alone():
    pipeline = OtherPipeline([("clf", SoftmaxRegression(lr=0.1))])
    assert reasons(pipeline, {"clf__lr": [0.1, 0.2]}) == {
        "OtherPipeline may fit differently from a Pipeline": 2
    }


@pytest.mark.parametrize("step", ["passthrough", None])
def test_a_pipeline_that_ends_in_nothing_is_fitted_alone(step):
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", step)])
    assert "is not one of this package's" in only_reason(pipeline, {"scale__with_mean": [True]})


def test_unknown_parameters_are_left_to_scikit_learn():
    assert reasons(SoftmaxRegression(lr=0.1), {"alpha": [1, 2]}) == {
        "its parameters cannot be set": 2
    }
    assert reasons(SoftmaxRegression(lr=0.1), {"clf__lr": [1, 2]}) == {
        "its parameters cannot be set": 2
    }


def test_invalid_values_do_not_keep_the_others_apart():
    grid = {"lr": [0.1, -1, 0.2, "fast"], "n_epochs": [1, 2.5]}
    found = planned(SoftmaxRegression(lr=0.1), grid)
    assert [group.candidates for group in found.groups if not group.reason] == [(0, 4)]
    assert Counter(group.reason for group in found.groups)["a parameter is not valid"] == 6


def test_values_that_cannot_be_compared_are_fitted_alone():
    pipeline = Pipeline([("f", FunctionTransformer()), ("clf", SoftmaxRegression(lr=0.1))])
    grid = {"f__func": [lambda X: X], "clf__lr": [0.1, 0.2]}
    assert reasons(pipeline, grid) == {"its parameters cannot be compared": 2}


def test_class_weights_that_are_no_numbers_are_left_to_the_fit():
    grid = {"class_weight": [None, {0: [1.0]}, {0: 2.0}]}
    assert reasons(SoftmaxRegression(lr=0.1), grid) == {
        "": 1,
        "its parameters cannot be compared": 1,
    }


def test_functions_with_a_name_can_be_compared():
    pipeline = Pipeline([("f", FunctionTransformer()), ("clf", SoftmaxRegression(lr=0.1))])
    assert sizes(pipeline, {"f__func": [np.abs, np.square], "clf__lr": [0.1, 0.2]}) == [2, 2]


def test_a_single_candidate_is_fitted_alone():
    assert only_reason(SoftmaxRegression(lr=0.1), {"lr": [0.1]}) == "no compatible candidate"


def test_lists_of_grids_are_planned_as_one():
    grids = [{"lr": [0.1, 0.2]}, {"lr": [0.3]}, {"reg_param": [1.0]}, {"batch_size": [3]}]
    assert sizes(SoftmaxRegression(lr=0.1), grids) == [1, 4]


def test_the_same_value_written_out_or_left_alone_is_not_taken_for_equal():
    grids = [{"shuffle": [True], **THREE_RATES}, THREE_RATES]
    assert sizes(SoftmaxRegression(lr=0.1), grids) == [3, 3]


def test_transformers_part_groups():
    grid = {"scale": [StandardScaler(), PCA(2), "passthrough"], "clf__lr": [0.1, 0.2]}
    assert sizes(scaled(SoftmaxRegression(lr=0.1)), grid) == [2, 2, 2]


def test_a_replaced_last_step_parts_groups():
    grid = {"clf": [SoftmaxRegression(lr=0.1), GDLogisticRegression()], "clf__lr": [0.1, 0.2]}
    assert sizes(scaled("passthrough"), grid) == [2, 2]


def test_last_steps_given_by_the_grid_are_compared_as_they_are():
    grid = {"clf": [SoftmaxRegression(lr=0.1), SoftmaxRegression(lr=0.2)]}
    assert sizes(scaled(SoftmaxRegression(lr=0.1)), grid) == [1, 1]


def test_nested_pipelines_train_together():
    nested = Pipeline(
        [("union", FeatureUnion([("pca", PCA(2))])), ("in", scaled(SoftmaxRegression(lr=0.1)))]
    )
    grid = {"in__clf__lr": [0.1, 0.2], "in__clf__n_epochs": [1, 2], "in__scale__with_std": [True]}
    (group,) = planned(nested, grid).groups
    assert (group.n_models, group.n_epochs, group.shared) == (
        2,
        (1, 2),
        {"in__scale__with_std": True},
    )


def test_planning_changes_nothing():
    estimator = scaled(SoftmaxRegression(random_state=np.random.RandomState(0)))
    grid = {"clf": [SoftmaxRegression(lr=0.1)], "clf__lr": [0.1, 0.2]}
    before = repr(estimator), repr(grid)
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    planned(estimator, grid)
    assert (repr(estimator), repr(grid)) == before
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002
    assert grid["clf"][0].lr == SoftmaxRegression(lr=0.1).lr


def test_a_search_tells_its_plan_before_it_is_fitted():
    search = FusedGridSearchCV(SoftmaxRegression(lr=0.1), REPORT, cv=3)
    assert str(search.plan()) == str(planned(SoftmaxRegression(lr=0.1), REPORT))
    assert not [name for name in vars(search) if name.endswith("_")]


def test_a_plan_asks_the_splitter_for_the_folds():
    search = FusedGridSearchCV(SoftmaxRegression(lr=0.1), THREE_RATES, cv=GroupKFold(4))
    assert search.plan(np.zeros((8, 1)), np.zeros(8), groups=np.arange(8)).n_folds == 4


FOLDS = list(KFold(3).split(X))


class OneShot:
    """An iterable with the same iterator every time."""

    def __init__(self, folds):
        self.folds = iter(folds)

    def __iter__(self):
        return self.folds


ONE_SHOT = {
    "generator": lambda: (fold for fold in FOLDS),
    "map": lambda: map(tuple, FOLDS),
    "zip": lambda: zip(*zip(*FOLDS)),
    "iterator": lambda: iter(FOLDS),
    "split": lambda: StratifiedKFold(3).split(X, Y),
    "iterable": lambda: OneShot(FOLDS),
}


@pytest.mark.parametrize("folds", ONE_SHOT.values(), ids=ONE_SHOT)
@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_a_plan_refuses_folds_that_can_be_read_only_once(search, folds):
    search = clone(search).set_params(cv=folds())
    before = dict(vars(search))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"exhaust cv=<.*: use a list .*cv=list"):
            search.plan(X, Y)
    assert vars(search) == before
    assert search.fit(X, Y).n_splits_ == 3


@pytest.mark.parametrize(
    "cv", [3, KFold(3), FOLDS, tuple(FOLDS), np.array(FOLDS, dtype=object)], ids=type
)
@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_a_plan_leaves_folds_to_the_fit(search, cv):
    search = clone(search).set_params(cv=cv)
    first = search.plan(X, Y)
    assert (search.plan(X, Y), clone(search).plan(X, Y)) == (first, first)
    assert search.fit(X, Y).n_splits_ == first.n_folds == 3


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0)], ids=["int", "generator"])
def test_a_random_search_plans_the_candidates_that_it_then_tries(seed):
    drawn = {"batch_size": range(10, 14), "lr": [0.001, 0.002]}
    search = FusedRandomizedSearchCV(
        SoftmaxRegression(n_epochs=1), drawn, n_iter=5, random_state=seed, cv=2
    )
    first = search.plan()
    assert search.plan() == first
    search.fit(np.random.RandomState(0).standard_normal((40, 2)), np.arange(40) % 2)
    assert plan(search.estimator, search.cv_results_["params"], 2) == first


VALUES = {
    "lr": [0.1, 0.2, "auto", -1.0],
    "reg_param": [0.0, 1.0, 2.0],
    "n_epochs": [1, 2, 3, 0, "auto"],
    "batch_size": [10, 20],
    "early_stopping": [False, True],
    "class_weight": [None, "balanced", {0: 1.0}],
    "unknown": [1],
}
TRAINED_TOGETHER = {"lr", "reg_param", "class_weight", "n_epochs"}
candidates = st.lists(
    st.fixed_dictionaries({}, optional={n: st.sampled_from(v) for n, v in VALUES.items()}),
    min_size=1,
    max_size=12,
)


@given(candidates, st.booleans())
def test_every_candidate_is_in_one_group_of_its_likes(candidates, in_pipeline):
    estimator = scaled(SoftmaxRegression(lr=0.1)) if in_pipeline else SoftmaxRegression(lr=0.1)
    prefix = "clf__" * in_pipeline
    prefixed = [{prefix + name: v for name, v in params.items()} for params in candidates]
    found = plan(estimator, prefixed, 2)
    numbers = [number for group in found.groups for number in group.candidates]
    assert sorted(numbers) == list(range(len(candidates)))
    assert found.n_fits == 2 * len(candidates)
    for group in found.groups:
        assert (len(group.candidates) == 1) == bool(group.reason)
        shared = [
            {name: v for name, v in candidates[number].items() if name not in TRAINED_TOGETHER}
            for number in group.candidates
        ]
        assert all(params == shared[0] for params in shared)
        for name, default in (("lr", 0.1), ("n_epochs", "auto")):
            words = {isinstance(candidates[n].get(name, default), str) for n in group.candidates}
            assert len(words) == 1
        epochs = [candidates[number].get("n_epochs", "auto") for number in group.candidates]
        assert bool(group.reason) or set(group.n_epochs) == set(epochs)
        for model in group.models:
            of_model = [candidates[number].get("n_epochs", "auto") for number in model]
            assert of_model == sorted(of_model, reverse=True)


def parts(n_workers, grid=REPORT, **options):
    """Number of models of each task, and how much more work they are."""
    candidates = list(ParameterGrid(grid))
    found = plan(SoftmaxRegression(lr=0.1), candidates, 3, n_workers=n_workers, **options)
    return sorted(task.group.n_models for task in found.tasks), found.more_work


def test_workers_that_have_all_work_cut_nothing():
    for n_workers in range(1, 7):
        assert parts(n_workers) == ([9] * 6, 1.0)


def test_the_largest_stack_is_cut_until_every_worker_has_one():
    assert parts(7)[0] == [4, 5] + [9] * 5
    sizes, more_work = parts(16)
    assert sizes == [2] * 4 + [3] * 4 + [4] * 6 + [5] * 2
    assert 1 < more_work < 1.5
    assert parts(1000)[0] == [1] * 54


def test_what_cannot_be_cut_is_not():
    assert parts(16, {"batch_size": [10, 20]})[0] == [1] * 6
    assert parts(8, [{"batch_size": [10]}, THREE_RATES])[0] == [1] * 5 + [2, 2, 3]


def test_a_cut_plan_has_each_candidate_once_a_fold():
    found = plan(SoftmaxRegression(lr=0.1), list(ParameterGrid(REPORT)), 3, n_workers=16)
    pairs = [(c, task.fold) for task in found.tasks for c in task.group.candidates]
    assert sorted(pairs) == [(c, fold) for c in range(54) for fold in range(3)]


def test_a_search_plans_for_its_jobs():
    search = FusedGridSearchCV(SoftmaxRegression(lr=0.1), REPORT, cv=3, n_jobs=16)
    head, *groups = str(search.plan()).splitlines()
    assert head.startswith("162 fits in 16 runs, split for all workers (about 1.")
    assert groups == str(clone(search).set_params(n_jobs=None).plan()).splitlines()[1:]
