"""Scores of the candidates of successive halving, over its resource."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from sklearn_softmax import FusedHalvingGridSearchCV, SearchResultsDisplay, SoftmaxRegression
from sklearn_softmax.displays._drawing import OKABE_ITO, ORANGE
from sklearn_softmax.displays._search_halving import LIGHT_GREY

# The first iterations train a few epochs, with small learning rates among others.
pytestmark = pytest.mark.filterwarnings("ignore:After:sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X = np.random.RandomState(0).normal(X, 0.4) / 8  # scores that differ
GRID = {"lr": [0.001, 0.01, 0.1], "batch_size": [10, 50, 150]}
STEP = "softmaxregression__"


def halving(estimator, grid, **params):
    return HalvingGridSearchCV(estimator, grid, cv=3, random_state=0, **params).fit(X, y)


@pytest.fixture(scope="module")
def search():
    """Of 9 candidates all have 2 epochs, 3 of them 6, and 1 of those 18."""
    model = SoftmaxRegression(random_state=0)
    return halving(model, GRID, resource="n_epochs", min_resources=2, max_resources=18)


def made_up(scores):
    """``cv_results_`` of candidates whose scores are given up to the last iteration of each."""
    results = {"params": [], "mean_test_score": [], "iter": [], "n_resources": []}
    for iteration, n_epochs in enumerate([5, 10, 20]):
        for lr, means in scores.items():
            if iteration < len(means):
                results["params"].append({"lr": lr, "n_epochs": n_epochs})
                results["mean_test_score"].append(means[iteration])
                results["iter"].append(iteration)
                results["n_resources"].append(n_epochs)
    results = {key: np.array(values) for key, values in results.items()}
    return results | {"std_test_score": np.full(len(results["iter"]), 0.01)}


def points(bars):
    """Where an errorbar stands: the iteration, from which it may be moved a little, and y."""
    x, y = bars.lines[0].get_data()
    assert np.all(np.abs(x - np.round(x)) <= 0.12 + 1e-9)
    return list(np.round(x).astype(int)), list(y)


def labels(display):
    """The labels of the legend."""
    (legend,) = display.figure_.legends or [display.ax_.get_legend()]
    return [text.get_text() for text in legend.get_texts()]


def tick_labels(display):
    return [text.get_text() for text in display.ax_.get_xticklabels()]


def test_a_line_for_each_candidate_up_to_its_last_iteration(search, pyplot):
    display = SearchResultsDisplay.from_search(search)
    results = pd.DataFrame(search.cv_results_)
    candidates = results.groupby(["param_lr", "param_batch_size"])
    expected = [(list(c["iter"]), list(c["mean_test_score"])) for _, c in candidates]
    drawn = [points(bars) for bars in display.errorbars_]
    assert sorted(drawn) == sorted(expected)
    lengths = [len(x) for x, _ in drawn]
    assert lengths[0] == 3  # the only one that reached the last iteration
    assert sorted(lengths[1:]) == [1, 1, 1, 1, 1, 1, 2, 2]
    display.figure_.canvas.draw()


def test_axes(search, pyplot):
    display = SearchResultsDisplay.from_search(search)
    assert tick_labels(display) == ["2", "6", "18"]
    assert display.ax_.get_xlabel() == "n_epochs"
    assert display.ax_.get_ylabel() == "Score in cross-validation"


def test_the_best_is_marked_and_named(search, pyplot):
    display = SearchResultsDisplay.from_search(search)
    best, (x,), (y,) = display.errorbars_[0], *display.best_.get_data()
    assert (x, y) == (best.lines[0].get_xdata()[-1], search.best_score_)
    assert same_color(best.lines[0].get_color(), ORANGE)
    params = search.best_params_
    name = f"batch_size={params['batch_size']}, lr={params['lr']}"
    assert labels(display) == [name, "8 dropped", f"best: {search.best_score_:.4f}"]


def test_dropped_candidates_are_grey_and_end_with_a_cross(search, pyplot):
    display = SearchResultsDisplay.from_search(search)
    for bars in display.errorbars_[1:]:
        assert same_color(bars.lines[0].get_color(), LIGHT_GREY)
        assert bars.lines[0].get_marker() == "x"
        assert bars.lines[0].get_markevery() == [-1]
        assert not bars.has_yerr


def test_survivors_have_colours_and_error_bars_beside_each_other(pyplot):
    scores = {0.1: [0.6, 0.7, 0.8], 1.0: [0.5, 0.8, 0.9], 10.0: [0.7, 0.6]}
    display = SearchResultsDisplay.from_cv_results(made_up(scores))
    best, second, _ = display.errorbars_
    assert points(best) == ([0, 1, 2], scores[1.0])
    assert points(second) == ([0, 1, 2], scores[0.1])
    assert labels(display) == ["lr=1", "lr=0.1", "1 dropped", "best: 0.9000"]
    np.testing.assert_allclose(second.lines[0].get_xdata() - best.lines[0].get_xdata(), 0.04)
    for bars in (best, second):
        assert bars.lines[0].get_marker() == "o"
        heights = [np.ptp(segment[:, 1]) for segment in bars.lines[2][0].get_segments()]
        np.testing.assert_allclose(heights, 0.02)
    assert not same_color(best.lines[0].get_color(), second.lines[0].get_color())


def test_of_many_survivors_the_best_are_named(pyplot):
    scores = {lr: [0.5, 0.01 * lr] for lr in range(50)}
    display = SearchResultsDisplay.from_cv_results(made_up(scores))
    assert len(display.errorbars_) == 50
    named = [f"lr={lr}" for lr in range(49, 42, -1)]
    assert labels(display) == [*named, "43 more survived", "best: 0.4900"]
    colours = [bars.lines[0].get_color() for bars in display.errorbars_]
    assert set(colours[:7]) == set(OKABE_ITO)
    assert set(colours[7:]) == {LIGHT_GREY}
    assert {bars.lines[0].get_marker() for bars in display.errorbars_} == {"o"}
    display.figure_.canvas.draw()
    (legend,) = display.figure_.legends
    axes = display.ax_.get_window_extent()
    assert legend.get_window_extent().y0 >= axes.y1
    assert axes.height > 3 * display.figure_.dpi


def test_of_a_pipeline(pyplot):
    pipeline = make_pipeline(MinMaxScaler(), SoftmaxRegression(random_state=0))
    grid = {STEP + "lr": [0.01, 0.1, 1.0], STEP + "momentum": [0.9]}
    resource = {"resource": STEP + "n_epochs", "max_resources": 9, "scoring": "accuracy"}
    display = SearchResultsDisplay.from_search(halving(pipeline, grid, **resource))
    assert display.ax_.get_xlabel() == "n_epochs"
    assert display.ax_.get_ylabel() == "Accuracy in cross-validation"
    assert tick_labels(display) == ["3", "9"]
    assert sorted(len(points(bars)[0]) for bars in display.errorbars_) == [1, 1, 2]
    assert labels(display)[0] in ["lr=0.01", "lr=0.1", "lr=1"]


def test_where_the_samples_are_the_resource(pyplot):
    search = halving(SVC(), {"C": [0.01, 0.1, 1, 10]})
    display = SearchResultsDisplay.from_cv_results(search.cv_results_)
    assert display.ax_.get_xlabel() == "n_samples"
    assert tick_labels(display) == [str(n) for n in search.n_resources_]
    assert len(display.errorbars_) == 4
    assert display.best_.get_ydata() == [search.best_score_]


def test_of_one_iteration(pyplot):
    """A parameter that equals the resource by chance is not taken for it."""
    fused = FusedHalvingGridSearchCV(
        SoftmaxRegression(random_state=0),
        {"batch_size": [9], "lr": [0.01, 0.1]},
        max_resources=9,
        min_resources=9,
        cv=3,
    ).fit(X, y)
    by_samples = halving(SVC(), {"C": [1, 10], "max_iter": [150]}, min_resources=150)
    by_iterations = halving(SVC(), {"C": [1, 10]}, resource="max_iter", max_resources=150)
    only_samples = halving(SVC(), {"C": [1, 10]}, min_resources=150)
    for search, resource, from_results in (
        (fused, "n_epochs", "n_resources"),
        (by_samples, "n_samples", "n_resources"),
        (by_iterations, "max_iter", "n_resources"),
        (only_samples, "n_samples", "n_samples"),
    ):
        display = SearchResultsDisplay.from_search(search)
        assert display.resource == search.resource
        assert display.ax_.get_xlabel() == resource
        display = SearchResultsDisplay.from_cv_results(search.cv_results_)
        assert display.ax_.get_xlabel() == from_results
        assert tick_labels(display) == [str(n) for n in search.n_resources_]


@pytest.mark.parametrize(
    "values",
    [[SVC(C=1), SVC(C=2)], [np.zeros(2000), np.eye(2000)[1000]], ["a" * 60 + end for end in "xy"]],
    ids=["estimators", "arrays", "long words"],
)
def test_candidates_are_followed_by_their_values(values, pyplot):
    results = made_up({0: [0.5, 0.6, 0.7], 1: [0.6, 0.7, 0.8]})
    for params in results["params"]:
        params["lr"] = values[params["lr"]]
    display = SearchResultsDisplay.from_cv_results(results)
    assert [points(bars)[1] for bars in display.errorbars_] == [[0.6, 0.7, 0.8], [0.5, 0.6, 0.7]]
    assert len(set(labels(display))) == 3


def test_a_logarithmic_scale_of_given_axes_stays(search, pyplot):
    _, ax = pyplot.subplots()
    ax.set_xscale("log")
    locator = ax.xaxis.get_major_locator()
    display = SearchResultsDisplay.from_search(search, ax=ax)
    assert list(display.errorbars_[0].lines[0].get_xdata()) == [2, 6, 18]
    assert ax.get_xscale() == "log"
    assert ax.xaxis.get_major_locator() is locator
    ax.figure.canvas.draw()


def test_iterations_with_the_same_resources_stand_beside_each_other(pyplot):
    model = SoftmaxRegression(random_state=0)
    resource = {"resource": "n_epochs", "min_resources": 5, "max_resources": 15}
    search = halving(model, GRID, **resource, aggressive_elimination=True)
    display = SearchResultsDisplay.from_search(search)
    assert tick_labels(display) == ["5", "5", "15"]
    assert points(display.errorbars_[0])[0] == [0, 1, 2]


def test_random_candidates_that_are_estimators(pyplot):
    pipeline = make_pipeline(MinMaxScaler(), SVC())
    models = [SVC(C=C) for C in (0.01, 0.1, 1, 10)]
    search = HalvingRandomSearchCV(
        pipeline, {"svc": models}, n_candidates=4, factor=2, min_resources=37, random_state=0, cv=3
    ).fit(X, y)
    display = SearchResultsDisplay.from_search(search)
    assert sorted(len(points(bars)[0]) for bars in display.errorbars_) == [1, 1, 2, 3]


def test_failed_fits(pyplot):
    nan = np.nan
    scores = {1: [0.5, 0.6, 0.7], 2: [nan], 3: [0.6, nan], 4: [0.7, nan, 0.6], 5: [0.8, 0.9, nan]}
    display = SearchResultsDisplay.from_cv_results(made_up(scores))
    first, fourth, third, fifth = map(points, display.errorbars_)
    assert first == ([0, 1, 2], [0.5, 0.6, 0.7])
    assert fourth == ([0, 2], [0.7, 0.6])
    assert third == ([0], [0.6])
    assert fifth == ([0, 1], [0.8, 0.9])
    assert labels(display) == ["lr=1", "lr=4", "2 dropped", "best: 0.7000"]
    display.figure_.canvas.draw()


@pytest.mark.filterwarnings("ignore:One or more of the (test|train) scores are non-finite")
def test_no_score_at_all(pyplot):
    search = halving(SVC(), {"C": [0.01, 0.1, 1, 10]}, scoring=lambda *_: np.nan)
    display = SearchResultsDisplay.from_search(search)
    assert display.errorbars_ == []
    assert display.best_ is None
    assert tick_labels(display) == [str(n) for n in search.n_resources_]
    display.figure_.canvas.draw()


def test_candidates_with_the_same_parameters_keep_a_line_each(pyplot):
    results = made_up({1: [0.5, 0.6], 2: [0.5, 0.6], 3: [0.4]})
    for params in results["params"]:
        params["lr"] = min(params["lr"], 2) if params["lr"] != 2 else 1
    display = SearchResultsDisplay.from_cv_results(results)
    assert [points(bars)[0] for bars in display.errorbars_] == [[0, 1], [0, 1], [0]]


def test_a_single_candidate_needs_no_name(pyplot):
    display = SearchResultsDisplay.from_cv_results(made_up({1: [0.5]}))
    assert labels(display) == ["best: 0.5000"]
    assert points(display.errorbars_[0]) == ([0], [0.5])


def test_results_as_a_frame(search, pyplot):
    display = SearchResultsDisplay.from_cv_results(pd.DataFrame(search.cv_results_))
    assert len(display.errorbars_) == 9
    assert display.ax_.get_xlabel() == "n_epochs"


def test_given_axes_and_style_are_honoured(search, pyplot):
    figure, axes = pyplot.subplots(ncols=2)
    display = SearchResultsDisplay.from_search(search, ax=axes[1], c="k", lw=3)
    assert display.figure_ is figure
    assert not axes[0].has_data()
    assert pyplot.get_fignums() == [figure.number]
    assert {bars.lines[0].get_color() for bars in display.errorbars_} == {"k"}
    assert {bars.lines[0].get_linewidth() for bars in display.errorbars_} == {3}
    assert labels(display)[1] == "8 dropped"


@pytest.mark.parametrize("resource", ["n_epochs", "n_resources"])
def test_the_resource_is_a_parameter_too(search, resource, pyplot):
    display = SearchResultsDisplay.from_search(search, parameter=resource, lines="lr")
    assert tick_labels(display) == ["2", "6", "18"]
    assert [bars.get_label() for bars in display.errorbars_] == [
        "lr = 0.001",
        "lr = 0.01",
        "lr = 0.1",
    ]
