"""Scores of the candidates of successive halving, over its resource."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from sklearn_softmax import SearchResultsDisplay
from sklearn_softmax.displays._drawing import OKABE_ITO, ORANGE
from sklearn_softmax.displays._search_halving import LIGHT_GREY
from tests.displays.drawing import texts


def cv_results(scores, n_resources=(5, 10, 20), resource="n_resources", **params):
    """Return ``cv_results_`` of learning rates with scores up to their last iteration."""
    rows = [
        ({"lr": lr, **params, resource: n}, means[iteration], 0.01, iteration, n)
        for iteration, n in enumerate(n_resources)
        for lr, means in scores.items()
        if iteration < len(means)
    ]
    columns = ["params", "mean_test_score", "std_test_score", "iter", "n_resources"]
    return pd.DataFrame(rows, columns=columns)


draw = SearchResultsDisplay.from_cv_results


def points(errorbar):
    """Return the iterations, to which the points are close, and the scores of an errorbar."""
    x, y = errorbar.lines[0].get_data()
    assert np.all(np.abs(x - np.round(x)) <= 0.12 + 1e-9)
    return list(np.round(x).astype(int)), list(y)


def legend_texts(display):
    return [text for legend in display.figure_.legends for text in texts(legend)]


def tick_labels(display):
    return texts(display.ax_.get_xticklabels())


def test_results_of_a_search_of_scikit_learn_are_drawn(pyplot):
    resource = {"resource": "max_depth", "min_resources": 1, "max_resources": 3}
    grid = {"min_samples_leaf": [70, 30, 1]}
    search = HalvingGridSearchCV(DecisionTreeClassifier(), grid, cv=3, random_state=0, **resource)
    search.fit(*load_iris(return_X_y=True))
    display = SearchResultsDisplay.from_search(search)
    candidates = pd.DataFrame(search.cv_results_).groupby("param_min_samples_leaf")
    expected = [(list(c["iter"]), list(c["mean_test_score"])) for _, c in candidates]
    assert sorted(map(points, display.errorbars_)) == sorted(expected)
    assert tick_labels(display) == ["1", "3"]
    assert display.ax_.get_xlabel() == "max_depth"
    assert display.ax_.get_ylabel() == "Score in cross-validation"
    assert display.best_.get_ydata() == [search.best_score_]


def test_survivors_have_colours_and_error_bars_and_dropped_candidates_a_cross(pyplot):
    scores = {0.1: [0.6, 0.7, 0.8], 1.0: [0.5, 0.8, 0.9], 10.0: [0.7, 0.6]}
    display = draw(cv_results(scores))
    best, second, dropped = display.errorbars_
    assert points(best) == ([0, 1, 2], scores[1.0])
    assert points(second) == ([0, 1, 2], scores[0.1])
    assert legend_texts(display) == ["lr=1", "lr=0.1", "1 dropped", "best: 0.9000"]
    assert display.best_.get_data() == ([best.lines[0].get_xdata()[-1]], [0.9])
    np.testing.assert_allclose(best.lines[0].get_xdata(), np.arange(3) - 0.02)  # side by side
    np.testing.assert_allclose(second.lines[0].get_xdata(), np.arange(3) + 0.02)
    assert all(line.get_visible() for line in display.ax_.get_xgridlines())
    for survivor in (best, second):
        assert survivor.lines[0].get_marker() == "o"
        heights = [np.ptp(segment[:, 1]) for segment in survivor.lines[2][0].get_segments()]
        np.testing.assert_allclose(heights, 0.02)
    assert same_color(best.lines[0].get_color(), ORANGE)
    assert same_color(dropped.lines[0].get_color(), LIGHT_GREY)
    assert dropped.lines[0].get_marker() == "x"
    assert dropped.lines[0].get_markevery() == [-1]
    assert not dropped.has_yerr


def test_only_the_best_of_many_survivors_are_named(pyplot):
    display = draw(cv_results({lr: [0.5, 0.01 * lr] for lr in range(20)}))
    assert len(display.errorbars_) == 20
    names = [f"lr={lr}" for lr in range(19, 12, -1)]
    assert legend_texts(display) == [*names, "13 more survived", "best: 0.1900"]
    colours = [errorbar.lines[0].get_color() for errorbar in display.errorbars_]
    assert set(colours[:7]) == set(OKABE_ITO)
    assert set(colours[7:]) == {LIGHT_GREY}
    assert {errorbar.lines[0].get_marker() for errorbar in display.errorbars_} == {"o"}
    display.figure_.draw_without_rendering()
    (legend,) = display.figure_.legends
    assert legend.get_window_extent().y0 >= display.ax_.bbox.y1
    assert display.ax_.bbox.height > 3 * display.figure_.dpi


SCORES = {0.1: [0.6, 0.7], 1.0: [0.5, 0.8], 10.0: [0.4]}
ONE_ITERATION = {0.1: [0.6], 1.0: [0.5]}


@pytest.mark.parametrize(
    ("results", "resource", "from_search", "from_results"),
    [
        (cv_results(SCORES, resource="m__n_epochs"), "m__n_epochs", "n_epochs", "n_epochs"),
        (cv_results(SCORES, resource="max_iter"), "max_iter", "max_iter", "max_iter"),
        (cv_results(SCORES, max_iter=5), "n_samples", "n_samples", "n_samples"),
        # A parameter that equals n_resources in a single iteration need not be the resource.
        (cv_results(ONE_ITERATION, resource="n_epochs"), "n_epochs", "n_epochs", "n_resources"),
        (cv_results(ONE_ITERATION, C=5), "n_samples", "n_samples", "n_resources"),
        (cv_results(ONE_ITERATION), "n_samples", "n_samples", "n_samples"),
    ],
)
def test_resource_is_read_from_the_search_or_its_parameters(
    results, resource, from_search, from_results, pyplot
):
    search = SimpleNamespace(cv_results_=results, resource=resource)
    for display, label in (
        (SearchResultsDisplay.from_search(search), from_search),
        (draw(results), from_results),
    ):
        assert display.ax_.get_xlabel() == label
        assert tick_labels(display) == [str(n) for n in np.unique(results["n_resources"])]
    assert SearchResultsDisplay.from_search(search).resource == resource


@pytest.mark.parametrize(
    "values", [[SVC(C=1), SVC(C=2)], [np.zeros(2000), np.eye(2000)[1000]]], ids=["SVC", "arrays"]
)
def test_candidates_are_identified_by_values_of_any_type(values, pyplot):
    results = cv_results({0: [0.5, 0.6, 0.7], 1: [0.6, 0.7, 0.8]})
    for params in results["params"]:
        params["lr"] = values[params["lr"]]
    display = draw(results)
    scores = [points(errorbar)[1] for errorbar in display.errorbars_]
    assert scores == [[0.6, 0.7, 0.8], [0.5, 0.6, 0.7]]
    assert len(set(legend_texts(display))) == 3


def test_candidates_with_equal_parameters_have_a_line_each(pyplot):
    results = cv_results({1: [0.5, 0.6], 2: [0.5, 0.6], 3: [0.4]})
    for params in results["params"]:
        params["lr"] = 1 if params["lr"] == 2 else min(params["lr"], 2)
    iterations = [points(errorbar)[0] for errorbar in draw(results).errorbars_]
    assert iterations == [[0, 1], [0, 1], [0]]


FIRST, FAILED = [0.5, 0.6, 0.7], np.nan
# Scores and resources, with the iterations and scores of the expected lines, and the legend.
SPECIAL_CASES = {
    "single candidate": ({1: [0.5]}, [5], [([0], [0.5])], ["best: 0.5000"]),
    "equal resources": ({1: FIRST}, [5, 5, 15], [([0, 1, 2], FIRST)], ["best: 0.7000"]),
    "failed fits": (
        {1: FIRST, 2: [FAILED], 3: [0.6, FAILED], 4: [0.7, FAILED, 0.6], 5: [0.8, 0.9, FAILED]},
        [5, 10, 20],
        [([0, 1, 2], FIRST), ([0, 2], [0.7, 0.6]), ([0], [0.6]), ([0, 1], [0.8, 0.9])],
        ["lr=1", "lr=4", "2 dropped", "best: 0.7000"],
    ),
    "no scores": ({1: [FAILED, FAILED], 2: [FAILED]}, [5, 10], [], []),
}


@pytest.mark.parametrize("case", SPECIAL_CASES.values(), ids=SPECIAL_CASES)
def test_lines_and_legend_of_special_cases(case, pyplot):
    scores, n_resources, lines, legend = case
    display = draw(cv_results(scores, n_resources))
    assert list(map(points, display.errorbars_)) == lines
    assert tick_labels(display) == list(map(str, n_resources))
    assert legend_texts(display) == legend
    display.figure_.draw_without_rendering()


def test_resources_are_positions_on_a_log_axis_of_the_user(pyplot):
    ax = pyplot.subplots(subplot_kw={"xscale": "log"})[1]
    display = draw(cv_results({1: [0.5, 0.6, 0.7], 2: [0.4]}), ax=ax)
    assert list(display.errorbars_[0].lines[0].get_xdata()) == [5, 10, 20]


def test_lines_have_the_users_style(pyplot):
    display = draw(cv_results(SCORES), c="k", lw=3)
    lines = [errorbar.lines[0] for errorbar in display.errorbars_]
    assert [(line.get_color(), line.get_linewidth()) for line in lines] == [("k", 3)] * 3


@pytest.mark.parametrize("resource", ["n_epochs", "n_resources"])
def test_scores_of_halving_are_drawn_against_its_resource(resource, pyplot):
    display = draw(cv_results(SCORES, resource="n_epochs"), parameter=resource, lines="lr")
    assert tick_labels(display) == ["5", "10"]
    labels = [errorbar.get_label() for errorbar in display.errorbars_]
    assert labels == ["lr = 0.1", "lr = 1", "lr = 10"]
