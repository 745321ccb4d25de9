"""Scores of the configurations of a search."""

from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_softmax import SearchResultsDisplay
from sklearn_softmax.displays._drawing import BLUE, ORANGE
from tests.displays.drawing import assert_apart, boxes, texts

X, y = load_iris(return_X_y=True)


def cv_results(grid, means):
    means = np.array(means, dtype=float)
    deviations = np.linspace(0.01, 0.02, len(means))
    return {"params": grid, "mean_test_score": means, "std_test_score": deviations}


GRID = [{"m__lr": lr, "m__size": size} for lr in (0.1, 1.0, 10.0) for size in (20, 200)]
RESULTS = cv_results(GRID, [0.80, 0.70, 0.95, 0.85, 0.90, np.nan])


draw = SearchResultsDisplay.from_cv_results


def points(errorbar):
    return errorbar.lines[0].get_data()


def test_every_configuration_is_a_row_and_the_best_is_marked(pyplot):
    display = draw(RESULTS, capsize=0, lw=3)
    (errorbar,) = display.errorbars_
    np.testing.assert_array_equal(points(errorbar), [RESULTS["mean_test_score"], np.arange(6)])
    first = errorbar.lines[2][0].get_segments()[0]
    np.testing.assert_allclose(np.diff(first[:, 0]), 2 * RESULTS["std_test_score"][0])
    assert to_hex(errorbar.lines[0].get_color()).upper() == BLUE
    assert errorbar.lines[0].get_linewidth() == 3
    labels = display.ax_.get_yticklabels()
    rows = [[f"{p['m__lr']:g}", str(p["m__size"])] for p in GRID]
    assert [text.split() for text in texts(labels)] == [["lr", "size"], *rows]
    assert display.ax_.get_xlabel() == "Score in cross-validation"
    assert display.ax_.yaxis_inverted()
    assert display.best_.get_data() == ([0.95], [2])
    assert display.best_.get_label() == "best: 0.9500"
    assert to_hex(labels[3].get_color()).upper() == ORANGE
    display.figure_.draw_without_rendering()


# Values whose texts need more than str(), or that are equal only to themselves.
VALUES = {
    "estimators": [SVC(class_weight={0: 1.0}), SVC(class_weight={0: 2.0}), StandardScaler()],
    "NaN": [np.nan, 0.1, 0.2],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_equal_values_are_drawn_as_one_with_a_distinct_text(values, pyplot):
    grid = [{"value": deepcopy(value), "lr": lr} for value in values for lr in (0.1, 1.0)]
    results = cv_results(grid, [0.3, 0.4, 0.6, 0.5, 0.7, 0.8])
    assert len(set(texts(draw(results).ax_.get_yticklabels()))) == 7
    against = draw(results, parameter="value", lines="lr")
    assert sorted(points(against.errorbars_[1])[1]) == [0.4, 0.5, 0.8]
    assert len(set(texts(against.ax_.get_xticklabels()))) == 3
    lines = draw(results, parameter="lr", lines="value")
    assert len({errorbar.get_label() for errorbar in lines.errorbars_}) == 3


LONG_TEXTS = [
    {"kernel": f"a rather long name of kernel {k}", "m__C": C, "w": dict.fromkeys(range(9), k)}
    for k in range(25)
    for C in (1e-3, 0.123456789)
]


SHORT_TEXTS = [{"lr": lr, "reg_param": reg} for lr in range(9) for reg in range(4)]


@pytest.mark.parametrize("grid", [SHORT_TEXTS, LONG_TEXTS], ids=["short", "long"])
def test_new_figure_has_space_for_all_rows(grid, pyplot):
    labels = draw(cv_results(grid, np.linspace(0, 1, len(grid)))).ax_.get_yticklabels()
    assert len(boxes(labels)) == len(grid) + 1
    assert_apart(boxes(labels))
    assert min(box.x0 for box in boxes(labels)) >= 0
    assert labels[0].get_fontsize() == 8


def test_new_figure_of_limited_height_omits_labels_except_for_the_best(monkeypatch, pyplot):
    monkeypatch.setattr("sklearn_softmax.displays._search_rows.MAX_HEIGHT", 3)
    display = draw(cv_results([{"lr": lr} for lr in range(60)], np.linspace(0, 1, 60)))
    labels = display.ax_.get_yticklabels()
    assert_apart(boxes(labels))
    assert len(labels) < 60
    assert labels[-1].get_color() == ORANGE
    assert display.figure_.get_figheight() == 3


@pytest.mark.parametrize(("layout", "n"), [(None, 4), ("constrained", 40)])
def test_labels_of_rows_fit_users_axes(layout, n, pyplot):
    figure, axes = pyplot.subplots(ncols=2, figsize=(9, 3), layout=layout)
    results = cv_results(LONG_TEXTS[:n], np.linspace(0.5, 0.9, n))
    results |= {f"{m}_train_score": results[f"{m}_test_score"] for m in ("mean", "std")}
    for ax in axes:
        display = draw(results, ax=ax)
    for column, ax in enumerate(axes):
        labels = ax.get_yticklabels()
        assert_apart(boxes(labels))
        assert min(box.x0 for box in boxes(labels)) >= (axes[0].bbox.x1 if column else 0)
        assert len(set(texts(labels))) == len(labels) > 4
        assert labels[0].get_fontsize() > 3
    assert display.best_.get_ydata() in ax.get_yticks()
    assert display.ax_.bbox.width > 0.2 * figure.bbox.width / 2


def test_labels_of_rows_leave_space_for_the_points_in_a_layout(pyplot):
    ax = pyplot.figure(layout="constrained").add_subplot(1, 2, 2)
    labels = draw(cv_results(LONG_TEXTS[:4], [0.5, 0.6, 0.7, 0.8]), ax=ax).ax_.get_yticklabels()
    width = max(box.width for box in boxes(labels))
    assert width < ax.bbox.width


def test_rows_with_a_shared_axis_share_their_labels(pyplot):
    figure, axes = pyplot.subplots(ncols=2, sharey=True)
    for ax in axes:
        draw(RESULTS, ax=ax)
    figure.draw_without_rendering()
    labels = axes[0].get_yticklabels()
    assert labels[1].get_text().split() == ["0.1", "20"]
    assert labels[0].get_window_extent().x0 >= 0


def test_numbers_are_drawn_at_their_values_on_a_log_axis_of_the_user(pyplot):
    display = draw(RESULTS, parameter="lr", ax=pyplot.subplots(subplot_kw={"xscale": "log"})[1])
    assert list(points(display.errorbars_[0])[0]) == [0.1, 1.0, 10.0]


def test_rows_and_words_are_drawn_on_linear_axes(pyplot):
    for scale, parameter in (("yscale", None), ("xscale", "kernel")):
        ax = pyplot.subplots(subplot_kw={scale: "log"})[1]
        draw(cv_results([{"kernel": k} for k in "ab"], [0.1, 0.2]), parameter=parameter, ax=ax)
        assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")


def test_best_scores_are_drawn_against_a_parameter(pyplot):
    display = draw(RESULTS, parameter="lr")
    assert list(points(display.errorbars_[0])[1]) == [0.80, 0.95, 0.90]
    assert texts(display.ax_.get_xticklabels()) == ["0.1", "1", "10"]


def test_best_scores_have_a_line_per_value_of_another_parameter(pyplot):
    display = draw(RESULTS, parameter="m__lr", lines="size")
    assert display.ax_.get_xlabel() == "lr"
    small, large = display.errorbars_
    assert list(points(small)[1]) == [0.80, 0.95, 0.90]
    assert list(points(large)[1]) == [0.70, 0.85]  # without the failed one
    assert [small.get_label(), large.get_label()] == ["size = 20", "size = 200"]
    assert small.lines[0].get_color() != large.lines[0].get_color()
    assert 0 < points(large)[0][0] - points(small)[0][0] < 0.2  # side by side
    np.testing.assert_allclose(points(large)[0] + points(small)[0][:2], [0, 2])  # at their ticks
    assert display.best_.get_data() == ([points(small)[0][1]], [0.95])


def test_legend_names_at_most_twenty_lines(pyplot):
    display = draw(cv_results(LONG_TEXTS, np.linspace(0, 1, 50)), parameter="kernel", lines="w")
    assert len(display.errorbars_) == 25
    names = texts(display.figure_.legends[0])
    assert len(set(names)) == len(names) == 20 + 1
    assert (names[0], names[-1]) == (display.errorbars_[0].get_label(), "best: 1.0000")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (np.geomspace(1e-3, 10, 12), "log"),
        (np.r_[0, np.geomspace(1e-3, 10, 11)], "linear"),
        (np.linspace(-5, 5, 12), "linear"),
        (np.linspace(1, 99, 12), "linear"),
    ],
)
def test_many_positive_numbers_of_different_magnitude_have_a_log_axis(values, scale, pyplot):
    grid = [{"lr": float(value)} for value in values[::-1]]
    display = draw(cv_results(grid, np.arange(12) / 12), parameter="lr")
    np.testing.assert_array_equal(points(display.errorbars_[0])[0], values)
    assert display.ax_.get_xscale() == scale
    display.figure_.draw_without_rendering()


def test_search_over_a_pipeline_with_training_scores(pyplot):
    grid = {"svc__C": [0.1, 1.0], "svc__kernel": ["linear", "rbf"]}
    pipeline = make_pipeline(StandardScaler(), SVC())
    search = GridSearchCV(pipeline, grid, scoring="accuracy", return_train_score=True)
    display = SearchResultsDisplay.from_search(search.fit(X, y))
    train, test = display.errorbars_
    np.testing.assert_array_equal(points(train)[0], search.cv_results_["mean_train_score"])
    assert [train.get_label(), test.get_label()] == ["train", "test"]
    assert display.best_.get_ydata() == [search.best_index_]
    assert display.ax_.get_xlabel() == "Accuracy in cross-validation"
    assert display.ax_.get_yticklabels()[0].get_text().split() == ["C", "kernel"]


@pytest.mark.parametrize(("best_index", "best"), [(1, [1]), (5, None)])
def test_best_is_the_candidate_that_the_search_selected(best_index, best, pyplot):
    search = SimpleNamespace(cv_results_=RESULTS, best_index_=best_index)
    mark = SearchResultsDisplay.from_search(search).best_
    assert (mark and mark.get_ydata()) == best


def test_a_single_configuration_is_a_row_without_text(pyplot):
    display = draw(cv_results([{"lr": 0.1}], [0.5]))
    assert texts(display.ax_.get_yticklabels()) == ["", ""]
    assert display.best_.get_data() == ([0.5], [0])


def test_results_without_scores_have_no_best(pyplot):
    display = draw(cv_results(GRID, [np.nan] * 6))
    assert display.best_ is None
    display.figure_.draw_without_rendering()


def test_metric_of_refit_is_drawn_unless_another_is_named(pyplot):
    losses = {f"{m}_test_log_loss": 2 * RESULTS[f"{m}_test_score"] for m in ("mean", "std")}
    results = RESULTS | losses
    search = SimpleNamespace(cv_results_=results, multimetric_=True, refit="log_loss")
    display = SearchResultsDisplay.from_search(search)
    assert list(points(display.errorbars_[0])[0][:5]) == list(losses["mean_test_log_loss"][:5])
    assert display.ax_.get_xlabel() == "Log loss in cross-validation"
    for display in (
        SearchResultsDisplay.from_search(search, metric="score"),
        draw(results, metric="score"),
    ):
        assert display.ax_.get_xlabel() == "Score in cross-validation"
    with pytest.raises(ValueError, match=r"metric=None does not name .*: \['score', 'log_loss'\]"):
        draw(results)
