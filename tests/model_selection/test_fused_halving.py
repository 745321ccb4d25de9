"""Fused halving searches against scikit-learn's, whose candidates begin anew in every rung."""

import pickle
import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import loguniform
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_digits, make_classification
from sklearn.decomposition import PCA
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sklearn_softmax
from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    FusedHalvingRandomSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from sklearn_softmax.model_selection._candidates import last_step
from tests.model_selection.searches import (
    assert_same_search,
    compare_with_scikit_learn,
    count_work,
    fuse,
)

# The first rungs of small learning rates are too short to learn.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*no better than:sklearn.exceptions.ConvergenceWarning"
)

X, Y = make_classification(
    n_samples=90,
    n_features=6,
    n_informative=4,
    n_classes=3,
    n_clusters_per_class=1,
    flip_y=0.3,
    random_state=0,
)
OPTIONS = {"batch_size": 20, "random_state": 0}
SOFTMAX = SoftmaxRegression(**OPTIONS)
ESTIMATORS = [
    SOFTMAX,
    GDLogisticRegression(**OPTIONS),
    TwoLayerMLPClassifier(hidden_size=4, **OPTIONS),
    BinaryPerceptron(**OPTIONS),
]
RATES = {"lr": [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.05, 0.1]}
VALUES = {
    "lr": [1e-4, 0.003, 0.01, 0.1, 0.3, 1.0, 1e307],
    "lr_decay": [1.0, 0.8],
    "reg_param": [0.0, 1.0, 10.0],
    "momentum": [0.0, 0.5, 0.9],
    "batch_size": [16, 500],
    "optimizer": ["sgd", "adam"],
    "early_stopping": [False, True],
    "n_iter_no_change": [1, 2],
    "shuffle": [True, False],
    "warm_start": [False, True],
    "hidden_size": [3, (3, 2)],
    "dropout": [0.0, 0.3],
    "class_weight": [None, "balanced"],
    "nesterov": [False, True],
}


@st.composite
def halvings(draw):
    """A halving search of scikit-learn's, and what its fit is given."""
    estimator = draw(st.sampled_from(ESTIMATORS))
    known = sorted(set(VALUES) & set(estimator.get_params()))
    names = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
    prefix, steps = "", draw(st.sampled_from([(), ("scale",), ("select",), ("pca", "scale")]))
    all_steps = {"scale": StandardScaler(), "select": SelectKBest(k=4), "pca": PCA(4)}
    if steps:
        prefix = "clf__"
        estimator = Pipeline([*((s, all_steps[s]) for s in steps), ("clf", estimator)])
    grid = {
        prefix + name: draw(st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=4))
        for name in names
    }
    if "select" in steps:
        grid["select__k"] = [2, 4]
    most = draw(st.integers(1, 12))
    search = HalvingGridSearchCV(
        estimator,
        grid,
        resource=f"{prefix}n_epochs",
        max_resources=most,
        min_resources=draw(st.sampled_from(["exhaust", "smallest", min(2, most)])),
        factor=draw(st.sampled_from([2, 3, 2.5])),
        aggressive_elimination=draw(st.booleans()),
        cv=draw(st.sampled_from([2, StratifiedKFold(3, shuffle=True, random_state=0)])),
        error_score=draw(st.sampled_from([np.nan, 0.0])),
        return_train_score=draw(st.booleans()),
        refit=draw(st.booleans()),
    )
    y = Y > 0 if isinstance(last_step(search.estimator), BinaryPerceptron) else Y
    params = {}
    if not prefix and draw(st.booleans()):
        params = {"X_val": X[:40], "y_val": y[:40]}
    return search, y, params


@given(halvings())
def test_a_halving_does_as_scikit_learns_does(drawn):
    search, y, params = drawn
    actual, expected, work = compare_with_scikit_learn(search, X, y, **params)
    first = fuse(search).plan(X, y, **params)
    if not any(group.reason for group in first.groups):
        assert work.one_by_one == 0
    if expected.error is None and search.refit:
        np.testing.assert_array_equal(actual.search.predict(X), expected.search.predict(X))


@given(
    n_candidates=st.integers(1, 40),
    most=st.integers(1, 300),
    least=st.one_of(st.integers(1, 20), st.sampled_from(["exhaust", "smallest"])),
    factor=st.sampled_from([2, 3, 4, 1.5, 2.7]),
    aggressive=st.booleans(),
)
def test_the_rungs_are_those_of_scikit_learn(n_candidates, most, least, factor, aggressive):
    assume(isinstance(least, str) or least <= most)
    options = {
        "factor": factor,
        "resource": "amount",
        "max_resources": most,
        "min_resources": least,
        "aggressive_elimination": aggressive,
        "cv": 2,
    }
    grid = {"quality": list(np.random.RandomState(0).permutation(n_candidates))}
    expected = HalvingGridSearchCV(Told(), grid, **options).fit(X, Y)
    actual = FusedHalvingGridSearchCV(Told(), grid, **options)
    text = actual.plan(X, Y).rungs
    assert_same_search(actual.fit(X, Y), expected)
    told = re.findall(r"(\d+) for (\d+)", text)
    assert told == [(str(a), str(n)) for n, a in zip(actual.n_candidates_, actual.n_resources_)]


class Told(ClassifierMixin, BaseEstimator):
    """Scores as well as it is told to."""

    def __init__(self, quality=0, amount=1):
        self.quality, self.amount = quality, amount

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), int)

    def score(self, X, y):
        return (self.quality + np.log(self.amount)) / 100


@pytest.mark.parametrize("estimator", ESTIMATORS[:3], ids=str)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_those_who_are_left_are_as_if_they_had_trained_in_one_go(estimator, early_stopping):
    model = clone(estimator).set_params(early_stopping=early_stopping, n_iter_no_change=3)
    search = FusedHalvingGridSearchCV(model, RATES, cv=3, max_resources=18).fit(X, Y)
    assert search.n_resources_ == [2, 6, 18]
    whole = FusedGridSearchCV(model, {**RATES, "n_epochs": [2, 6, 18]}, cv=3)
    whole.set_params(return_train_score=True).fit(X, Y)
    index = {text(params): i for i, params in enumerate(whole.cv_results_["params"])}
    places = [index[text(params)] for params in search.cv_results_["params"]]
    for name in ("mean_test_score", "split2_test_score", "mean_train_score"):
        expected = whole.cv_results_[name][places]
        np.testing.assert_allclose(search.cv_results_[name], expected, rtol=1e-10)


def text(params):
    return repr(sorted(params.items()))


def epochs_run(search, monkeypatch):
    """Epochs of all runs that a search makes, each counted once for all models in it."""
    from sklearn_softmax._training.run import TrainingRun

    advance, n_epochs = TrainingRun.advance, []

    def counted_advance(self, *args):
        before = self.state.epoch
        advance(self, *args)
        n_epochs.append(self.state.epoch - before)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "advance", counted_advance)
        search.fit(X, Y)
    return sum(n_epochs)


def test_nothing_is_trained_twice(monkeypatch):
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18, refit=False)
    assert epochs_run(search, monkeypatch) == 3 * 18
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", SOFTMAX)])
    search.set_params(
        estimator=pipeline, param_grid={"clf__lr": RATES["lr"]}, resource="clf__n_epochs"
    )
    assert epochs_run(search, monkeypatch) == 3 * 18


def noisy(X):
    """Other rows every time."""
    return X + np.random.default_rng().normal(0, 0.1, X.shape)


def test_candidates_begin_anew_where_their_transformers_make_other_rows(monkeypatch):
    pipeline = Pipeline([("noise", FunctionTransformer(noisy)), ("clf", SOFTMAX)])
    grid = {"clf__lr": RATES["lr"]}
    search = FusedHalvingGridSearchCV(
        pipeline, grid, resource="clf__n_epochs", cv=3, max_resources=18, refit=False
    )
    assert epochs_run(search, monkeypatch) == 3 * (2 + 6 + 18)


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_runs_travel_between_rungs(backend):
    from joblib import parallel_config

    grid = {**RATES, "batch_size": [20, 40]}
    search = FusedHalvingGridSearchCV(SOFTMAX, grid, cv=3, max_resources=18)
    expected = clone(search).fit(X, Y)
    with parallel_config(backend=backend):
        assert_same_search(clone(search).set_params(n_jobs=2).fit(X, Y), expected)
        assert_same_search(clone(search).set_params(n_jobs=8).fit(X, Y), expected)


def test_a_search_without_a_seed_goes_on_too(monkeypatch):
    model = clone(SOFTMAX).set_params(random_state=None, early_stopping=True, n_iter_no_change=18)
    search = FusedHalvingGridSearchCV(model, RATES, cv=3, max_resources=18, refit=False)
    assert epochs_run(search, monkeypatch) == 3 * 18


@pytest.mark.parametrize("random_state", [0, np.random.RandomState(3)], ids=["int", "generator"])
@pytest.mark.parametrize("options", [{"n_candidates": 7}, {"n_candidates": "exhaust"}], ids=str)
def test_a_random_halving_draws_what_scikit_learns_draws(options, random_state):
    drawn = {"lr": loguniform(1e-3, 1), "reg_param": loguniform(1e-3, 10)}
    options = {**options, "random_state": random_state, "max_resources": 9, "cv": 3}
    search = HalvingRandomSearchCV(SOFTMAX, drawn, resource="n_epochs", **options)
    actual, _, work = compare_with_scikit_learn(search, X, Y)
    assert work.one_by_one == 0
    assert actual.search.n_candidates_[0] == (7 if options["n_candidates"] == 7 else 9)


def test_as_many_epochs_as_the_estimator_has_are_the_most():
    model = clone(SOFTMAX).set_params(n_epochs=18)
    search = FusedHalvingGridSearchCV(model, RATES, cv=3).fit(X, Y)
    assert (search.max_resources_, search.n_resources_) == (18, [2, 6, 18])


def test_folds_are_drawn_once():
    cv = StratifiedShuffleSplit(2, random_state=np.random.RandomState(0))
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=cv, max_resources=18).fit(X, Y)
    fixed = list(StratifiedShuffleSplit(2, random_state=np.random.RandomState(0)).split(X, Y))
    expected = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=fixed, max_resources=18).fit(X, Y)
    assert_same_search(search, expected)


@pytest.mark.parametrize("bad", [1e307, -1.0], ids=["diverges", "not valid"])
@pytest.mark.parametrize("error_score", [np.nan, "raise"])
def test_a_candidate_that_fails_leaves_the_others_as_they_are(bad, error_score):
    grid = {"lr": [*RATES["lr"], bad]}
    options = {"max_resources": 18, "resource": "n_epochs", "cv": 3}
    search = HalvingGridSearchCV(SOFTMAX, grid, error_score=error_score, **options)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert (actual.error is None) == (error_score != "raise")


def learning_rate(estimator, X, y):
    """Prefers what diverges sooner."""
    return estimator.lr


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_candidates_that_diverge_in_a_later_rung_are_the_worst():
    # Weights grow by a factor in each step, and are in doubt only for the first 20 epochs.
    grid = {"lr": [1e-6, 2e-6, 1e-5, 2e-5, 3e-5, 0.05], "reg_param": [3000.0]}
    options = {"max_resources": 80, "factor": 2, "resource": "n_epochs", "cv": 3}
    search = HalvingGridSearchCV(SOFTMAX, grid, error_score=-1.0, scoring=learning_rate, **options)
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    scores = actual.search.cv_results_["mean_test_score"]
    assert scores[actual.search.cv_results_["iter"] == 0].min() > 0
    assert scores.min() == -1


def test_all_may_fail():
    search = HalvingGridSearchCV(
        SOFTMAX, {"lr": [-1.0, -2.0, -3.0]}, resource="n_epochs", max_resources=9, cv=3
    )
    actual, _, _ = compare_with_scikit_learn(search, X, Y)
    assert "All the" in str(actual.error)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"resource": "epochs"}, "Cannot use resource=epochs which is not supported"),
        ({"resource": "n_samples"}, "scikit-learn's halving searches for the number of samples"),
        ({"param_grid": {"n_epochs": [1, 2]}}, "Cannot use parameter n_epochs as the resource"),
        ({"min_resources": 9, "max_resources": 8}, "min_resources_=9 is greater than"),
        ({"resource": "random_state"}, "'auto' uses the estimator's random_state"),
        ({"factor": 1}, "The 'factor' parameter"),
        ({"scoring": ["accuracy", "f1"]}, "The 'scoring' parameter"),
        ({"max_resources": 0}, "The 'max_resources' parameter"),
    ],
    ids=str,
)
def test_wrong_parameters_are_told_of_before_any_work(params, message):
    model = clone(SOFTMAX).set_params(random_state=None)
    search = FusedHalvingGridSearchCV(model, RATES).set_params(**params)
    with count_work() as work, pytest.raises(ValueError, match=message):
        search.fit(X, Y)
    assert (work.together, work.one_by_one) == (0, 0)
    assert not [name for name in vars(search) if name.endswith("_")]


def test_the_resource_of_a_pipeline_is_named_by_the_error():
    pipeline = Pipeline([("scale", StandardScaler()), ("clf", SOFTMAX)])
    with pytest.raises(ValueError, match=r"use one of \['clf__n_epochs'\]"):
        FusedHalvingGridSearchCV(pipeline, {"clf__lr": [0.1]}).fit(X, Y)


def test_something_says_how_many_candidates_there_are():
    search = FusedHalvingRandomSearchCV(SOFTMAX, RATES, min_resources="exhaust")
    with pytest.raises(ValueError, match="cannot be both set to 'exhaust'"):
        search.fit(X, Y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_estimators_and_resources_are_as_in_scikit_learn():
    net = MLPClassifier(4, random_state=0)
    grid = {"learning_rate_init": [1e-3, 0.01, 0.1]}
    search = HalvingGridSearchCV(net, grid, resource="max_iter", max_resources=9, cv=3)
    _, _, work = compare_with_scikit_learn(search, X, Y)
    assert (work.together, work.one_by_one) == (0, 3 * (3 + 1))


def test_the_plan_tells_the_rungs():
    search = FusedHalvingGridSearchCV(SOFTMAX, {**RATES, "warm_start": [False, True]}, cv=3)
    assert str(search.set_params(max_resources=90).plan(X, Y)) == (
        "54 fits in 30 runs, 3 of each group:\n"
        "  9 together: 9 models, read off after 10 epochs (warm_start=False)\n"
        "  9 one by one: warm_start=True\n"
        "n_epochs from rung to rung: 10 for 18 candidates, 30 for 6, 90 for 2"
    )


def test_a_random_halving_plans_the_candidates_that_it_then_tries():
    drawn = {"lr": loguniform(1e-3, 0.1), "batch_size": [10, 20]}
    search = FusedHalvingRandomSearchCV(
        SOFTMAX, drawn, n_candidates=9, max_resources=9, cv=3, random_state=0
    )
    planned = {g.shared["batch_size"]: len(g.candidates) for g in search.plan(X, Y).groups}
    results = search.fit(X, Y).cv_results_
    tried = results["param_batch_size"][results["iter"] == 0].tolist()
    assert planned == {batch_size: tried.count(batch_size) for batch_size in set(tried)}


def test_verbose_tells_who_is_left(capsys):
    FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18, verbose=1).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("rung")] == [
        "rung 0: 9 candidates, n_epochs=2",
        "rung 1: 3 candidates, n_epochs=6",
        "rung 2: 1 candidates, n_epochs=18",
    ]
    first = lines.index("left after rung 0, with mean scores:")
    scores = [float(line.split()[0]) for line in lines[first + 1 : first + 4]]
    assert scores == sorted(scores, reverse=True)
    assert "'lr': " in lines[first + 1]


def test_a_quiet_halving_prints_nothing(capsys):
    FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18).fit(X, Y)
    assert capsys.readouterr().out == ""


def test_metadata_and_groups_reach_their_places():
    params = {"sample_weight": np.linspace(0, 2, 90), "groups": np.arange(90) % 4}
    search = HalvingGridSearchCV(
        SOFTMAX, RATES, resource="n_epochs", max_resources=18, cv=GroupKFold(2)
    )
    compare_with_scikit_learn(search, X, Y, **params)


def test_metadata_are_routed():
    with config_context(enable_metadata_routing=True):
        model = clone(SOFTMAX).set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        pipeline = Pipeline([("scale", StandardScaler()), ("clf", model)])
        pipeline.named_steps["scale"].set_fit_request(sample_weight=False)
        options = {"resource": "clf__n_epochs", "max_resources": 18, "cv": GroupKFold(2)}
        search = HalvingGridSearchCV(pipeline, {"clf__lr": RATES["lr"]}, **options)
        params = {"sample_weight": np.linspace(0, 2, 90), "groups": np.arange(90) % 4}
        _, _, work = compare_with_scikit_learn(search, X, Y, **params)
    assert work.one_by_one == 0


def test_a_halving_can_be_cloned_pickled_and_fitted_again():
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18).fit(X, Y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))
    assert_same_search(clone(search).fit(X, Y), search)
    assert_same_search(again.fit(X, Y), search)
    assert len(pickle.dumps(search)) < 50_000


def interrupting_scorer(estimator, X, y):
    if estimator.n_epochs == 6:
        raise KeyboardInterrupt
    return estimator.score(X, y)


def test_an_interrupted_halving_can_be_fitted_again():
    search = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18)
    search.set_params(scoring=interrupting_scorer)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    assert_same_search(
        search.set_params(scoring=None).fit(X, Y),
        FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18).fit(X, Y),
    )


def test_it_works_where_scikit_learn_has_no_halving_searches(monkeypatch):
    import sklearn.model_selection as theirs

    expected = FusedHalvingGridSearchCV(SOFTMAX, RATES, cv=3, max_resources=18).fit(X, Y)
    for name in ("HalvingGridSearchCV", "HalvingRandomSearchCV"):
        monkeypatch.delattr(theirs, name)
    monkeypatch.setitem(
        __import__("sys").modules, "sklearn.model_selection._search_successive_halving", None
    )
    assert_same_search(clone(expected).fit(X, Y), expected)


def test_half_of_the_digits_find_the_same_best():
    X, y = load_digits(return_X_y=True)
    grid = {"lr": [0.05, 0.1, 0.25], "reg_param": [0.1, 1.0, 10.0]}
    model = SoftmaxRegression(batch_size=100, random_state=0)
    cv = KFold(3, shuffle=True, random_state=0)
    search = FusedHalvingGridSearchCV(model, grid, cv=cv, max_resources=45).fit(X / 16, y)
    whole = FusedGridSearchCV(model.set_params(n_epochs=45), grid, cv=cv).fit(X / 16, y)
    assert search.best_score_ >= whole.best_score_ - 0.003


@pytest.mark.filterwarnings("ignore")
def test_halvings_pass_scikit_learns_checks():
    from sklearn.utils.estimator_checks import check_estimator

    search = FusedHalvingGridSearchCV(
        SoftmaxRegression(random_state=0), {"lr": [0.05, 0.1]}, cv=2, max_resources=50
    )
    check_estimator(search)


def test_names_are_public():
    assert {"FusedHalvingGridSearchCV", "FusedHalvingRandomSearchCV"} <= set(
        sklearn_softmax.__all__
    )


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_foreign_estimator_needs_no_stack(n_jobs):
    search = HalvingGridSearchCV(
        LogisticRegression(), {"C": [0.1, 1.0]}, resource="max_iter", max_resources=100, cv=3
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compare_with_scikit_learn(search.set_params(n_jobs=n_jobs), X, Y)
