"""Scores of all configurations of a search."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from sklearn_softmax import SearchResultsDisplay, SoftmaxRegression
from sklearn_softmax.displays._drawing import BLUE, ORANGE

X, y = load_iris(return_X_y=True)


def results_of(grid, means):
    """Made-up ``cv_results_``."""
    means = np.array(means, dtype=float)
    return {
        "params": grid,
        "mean_test_score": means,
        "std_test_score": np.linspace(0.01, 0.02, len(means)),
        "rank_test_score": np.arange(1, len(means) + 1),
    }


GRID = [{"m__lr": lr, "m__size": size} for lr in (0.1, 1.0, 10.0) for size in (20, 200)]
RESULTS = results_of(GRID, [0.80, 0.70, 0.95, 0.85, 0.90, np.nan])


def test_every_configuration(pyplot):
    display = SearchResultsDisplay.from_cv_results(RESULTS)
    (bars,) = display.errorbars_
    points = bars.lines[0]
    np.testing.assert_array_equal(points.get_xdata(), RESULTS["mean_test_score"])
    np.testing.assert_array_equal(points.get_ydata(), np.arange(6))
    first = bars.lines[2][0].get_segments()[0]
    np.testing.assert_allclose(np.diff(first[:, 0]), 2 * RESULTS["std_test_score"][0])
    assert to_hex(points.get_color()).upper() == BLUE
    labels = [text.get_text().split() for text in display.ax_.get_yticklabels()]
    assert labels == [["lr", "size"], *([f"{p['m__lr']:g}", str(p["m__size"])] for p in GRID)]
    assert display.ax_.get_xlabel() == "Score in cross-validation"
    assert display.ax_.yaxis_inverted()
    display.figure_.canvas.draw()


def test_the_best_is_marked(pyplot):
    display = SearchResultsDisplay.from_cv_results(RESULTS)
    (x,), (place,) = display.best_.get_xdata(), display.best_.get_ydata()
    assert (x, place) == (0.95, 2)
    assert display.best_.get_label() == "best: 0.9500"
    assert to_hex(display.ax_.get_yticklabels()[3].get_color()).upper() == ORANGE
    failed = SearchResultsDisplay.from_cv_results(results_of(GRID, [np.nan] * 6))
    assert failed.best_ is None
    failed.figure_.canvas.draw()


def test_given_axes_are_honoured(pyplot):
    figure, axes = pyplot.subplots(ncols=2)
    for parameter in (None, "lr"):
        display = SearchResultsDisplay.from_cv_results(RESULTS, parameter=parameter, ax=axes[1])
        assert display.ax_ is axes[1]
        assert display.figure_ is figure
        assert not axes[0].has_data()
        assert pyplot.get_fignums() == [figure.number]
        figure.canvas.draw()


def test_54_labels_do_not_overlap(pyplot):
    grid = [{"lr": lr, "reg_param": reg} for lr in range(9) for reg in range(6)]
    display = SearchResultsDisplay.from_cv_results(results_of(grid, np.linspace(0, 1, 54)))
    display.figure_.canvas.draw()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels()]
    assert len(boxes) == 55
    assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(boxes))
    assert min(box.x0 for box in boxes) >= 0
    assert display.ax_.get_yticklabels()[0].get_fontsize() == 8


VALUES = {
    "dicts": [{0: 1.0, 1: 1.0, 2: weight} for weight in (50.0, 10.0, 20.0)],
    "estimators": [SVC(C=1), SVC(C=2), StandardScaler()],
    "functions": [np.exp, lambda x: x, lambda x: 2 * x],
    "words": ["a" * 60 + end for end in "xyz"],
    "floats": [0.3, 0.1 + 0.2, 0.1],
    "types": [None, "None", True],
    "NaN": [np.nan, 0.1, 0.2],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_each_value_is_drawn_as_one(values, pyplot):
    grid = [{"value": value, "lr": lr} for value in values for lr in (0.1, 1.0)]
    results = results_of(grid, [0.3, 0.4, 0.6, 0.5, 0.7, 0.8])
    rows = SearchResultsDisplay.from_cv_results(results)
    assert len({text.get_text() for text in rows.ax_.get_yticklabels()}) == 7
    against = SearchResultsDisplay.from_cv_results(results, parameter="value", lines="lr")
    assert sorted(against.errorbars_[1].lines[0].get_ydata()) == [0.4, 0.5, 0.8]
    assert len({text.get_text() for text in against.ax_.get_xticklabels()}) == 3
    lines = SearchResultsDisplay.from_cv_results(results, parameter="lr", lines="value")
    assert len({bars.get_label() for bars in lines.errorbars_}) == 3


def test_equal_values_of_different_objects_are_one(pyplot):
    grid = [{"m": SVC(class_weight={0: weight})} for weight in (1.0, 2.0, np.float64(1.0))]
    results = results_of(grid, [0.5, 0.6, 0.7])
    display = SearchResultsDisplay.from_cv_results(results, parameter="m")
    assert list(display.errorbars_[0].lines[0].get_ydata()) == [0.7, 0.6]


LONG = [
    {
        "kernel": f"a rather long name of kernel {k}",
        "m__reg_param": reg_param,
        "w": dict.fromkeys(range(9), k),
    }
    for k in range(40)
    for reg_param in (1e-3, 0.123456789)
]


def boxes_of_labels(axis):
    axis.axes.figure.figure.canvas.draw()
    labels = [label for label in axis.get_ticklabels() if label.get_text()]
    return labels, [label.get_window_extent() for label in labels]


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("n", [4, 80])
def test_row_labels_fit_given_axes(layout, n, pyplot):
    figure, axes = pyplot.subplots(ncols=2, figsize=(9, 3), layout=layout)
    results = results_of(LONG[:n], np.linspace(0.5, 0.9, n))
    results |= {f"{m}_train_score": results[f"{m}_test_score"] for m in ("mean", "std")}
    for ax in axes:
        display = SearchResultsDisplay.from_cv_results(results, ax=ax)
    for column, ax in enumerate(axes):
        labels, boxes = boxes_of_labels(ax.yaxis)
        assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(boxes))
        left_edge = axes[0].bbox.x1 if column else 0
        assert min(box.x0 for box in boxes) >= left_edge
        assert len({label.get_text() for label in labels}) == len(labels) > 4
        assert labels[0].get_fontsize() > 3
    assert display.best_.get_ydata() in ax.get_yticks()  # the best one is always named
    assert display.ax_.bbox.width > 0.2 * figure.bbox.width / 2


def test_a_new_figure_is_not_too_high_to_be_drawn(monkeypatch, pyplot):
    monkeypatch.setattr("sklearn_softmax.displays._search_rows.MAX_HEIGHT", 3)
    grid = [{"lr": lr} for lr in np.random.default_rng(0).uniform(size=100)]
    display = SearchResultsDisplay.from_cv_results(results_of(grid, np.linspace(0, 1, 100)))
    labels, boxes = boxes_of_labels(display.ax_.yaxis)
    assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(boxes))
    assert labels[-1].get_color() == ORANGE
    assert display.figure_.get_figheight() == 3


@pytest.mark.parametrize("n", [5, 40])
def test_labels_of_values_do_not_overlap(n, pyplot):
    results = results_of(LONG[: 2 * n], np.linspace(0.5, 0.9, 2 * n))
    display = SearchResultsDisplay.from_cv_results(results, parameter="kernel", lines="w")
    labels, boxes = boxes_of_labels(display.ax_.xaxis)
    assert len({label.get_text() for label in labels}) == len(labels) >= 3
    if labels[0].get_rotation() in (0, 90):
        assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))
    (legend,) = display.figure_.legends
    box = legend.get_window_extent()
    assert box.width <= display.figure_.bbox.width
    assert box.y0 >= display.ax_.bbox.y1
    assert len(legend.get_texts()) == min(n, 20) + 1


def test_words_are_drawn_as_they_are(pyplot):
    grid = [{"_a$b$": value, "$c": c} for value in ("$x$", r"\frac{", "_y") for c in ("$", "_")]
    results = results_of(grid, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    results = {name.replace("_score", "_$m$"): column for name, column in results.items()}
    rows = SearchResultsDisplay.from_cv_results(results)
    words = [text.get_text().split() for text in rows.ax_.get_yticklabels()]
    assert words == [["_a$b$", "$c"], *([*params.values()] for params in grid)]
    against = SearchResultsDisplay.from_cv_results(results, parameter="_a$b$", lines="$c")
    ticks = against.ax_.get_xticklabels()
    assert [text.get_text() for text in ticks] == ["$x$", r"\frac{", "_y"]
    assert against.ax_.get_xlabel() == "_a$b$"
    assert against.ax_.get_ylabel() == "$m$ in cross-validation"
    (legend,) = against.figure_.legends
    assert [text.get_text() for text in legend.get_texts()][:2] == ["$c = $", "$c = _"]
    drawn = [*rows.ax_.get_yticklabels(), *ticks, *legend.get_texts(), rows.ax_.xaxis.label]
    assert not any(text.get_parse_math() for text in [*drawn, against.ax_.xaxis.label])
    for display in (rows, against):
        display.figure_.canvas.draw()


@pytest.mark.parametrize("parameter", [None, "lr"])
def test_scales_of_given_axes_stay(parameter, pyplot):
    for scale in ("linear", "log", "symlog"):
        _, ax = pyplot.subplots()
        ax.set(xscale=scale)
        locator = ax.xaxis.get_major_locator()
        display = SearchResultsDisplay.from_cv_results(RESULTS, parameter=parameter, ax=ax)
        assert ax.get_xscale() == scale
        if parameter is None or scale != "linear":
            assert ax.xaxis.get_major_locator() is locator
        if parameter == "lr" and scale != "linear":
            assert list(display.errorbars_[0].lines[0].get_xdata()) == [0.1, 1.0, 10.0]
        ax.figure.canvas.draw()


def test_rows_beside_each_other_share_their_labels(pyplot):
    figure, axes = pyplot.subplots(ncols=2, sharey=True)
    for ax in axes:
        SearchResultsDisplay.from_cv_results(RESULTS, ax=ax)
    figure.canvas.draw()
    assert axes[0].get_yticklabels()[1].get_text().split() == ["0.1", "20"]
    assert axes[0].get_yticklabels()[0].get_window_extent().x0 >= 0


def test_against_a_parameter_the_best_of_the_others(pyplot):
    display = SearchResultsDisplay.from_cv_results(RESULTS, parameter="lr")
    (bars,) = display.errorbars_
    np.testing.assert_array_equal(bars.lines[0].get_ydata(), [0.80, 0.95, 0.90])
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["0.1", "1", "10"]
    assert display.ax_.get_xlabel() == "lr"
    assert display.best_.get_ydata() == [0.95]


def test_against_a_parameter_with_lines_for_another(pyplot):
    display = SearchResultsDisplay.from_cv_results(RESULTS, parameter="m__lr", lines="size")
    small, large = display.errorbars_
    np.testing.assert_array_equal(small.lines[0].get_ydata(), [0.80, 0.95, 0.90])
    np.testing.assert_array_equal(large.lines[0].get_ydata(), [0.70, 0.85])  # one has failed
    assert [small.get_label(), large.get_label()] == ["size = 20", "size = 200"]
    assert small.lines[0].get_color() != large.lines[0].get_color()
    # Error bars at the same value stand beside each other, near their tick.
    offset = large.lines[0].get_xdata()[0] - small.lines[0].get_xdata()[0]
    assert 0 < offset < 0.2
    best = display.best_.get_xdata(), display.best_.get_ydata()
    assert best == ([small.lines[0].get_xdata()[1]], [0.95])


def test_many_numbers_have_a_scale_of_their_own(pyplot):
    values = np.geomspace(1e-3, 10, 12)[::-1]
    grid = [{"lr": float(value)} for value in values]
    display = SearchResultsDisplay.from_cv_results(
        results_of(grid, np.arange(12) / 12), parameter="lr"
    )
    np.testing.assert_array_equal(display.errorbars_[0].lines[0].get_xdata(), values[::-1])
    assert display.ax_.get_xscale() == "log"


def test_values_that_are_no_numbers(pyplot):
    grid = [{"scaler": s} for s in (StandardScaler(), MinMaxScaler(), None, "passthrough")]
    results = results_of(grid, [0.5, 0.6, 0.7, 0.8])
    display = SearchResultsDisplay.from_cv_results(results, parameter="scaler")
    names = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert names == ["StandardScaler", "MinMaxScaler", "None", "passthrough"]


def test_of_a_search_with_training_scores(pyplot):
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(n_epochs=3, random_state=0))
    grid = {"softmaxregression__lr": [0.01, 0.1], "softmaxregression__batch_size": [20, 100]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="accuracy", return_train_score=True)
    display = SearchResultsDisplay.from_search(search.fit(X, y))
    train, test = display.errorbars_
    expected = search.cv_results_["mean_train_score"]
    np.testing.assert_array_equal(train.lines[0].get_xdata(), expected)
    assert [train.get_label(), test.get_label()] == ["train", "test"]
    assert display.best_.get_ydata() == [search.best_index_]
    assert display.ax_.get_xlabel() == "Accuracy in cross-validation"
    header = display.ax_.get_yticklabels()[0].get_text().split()
    assert header == ["batch_size", "lr"]


def test_several_metrics(pyplot):
    search = GridSearchCV(
        KNeighborsClassifier(),
        [{"n_neighbors": [1, 50]}, {"weights": ["distance"]}],
        scoring={"accuracy": "accuracy", "loss": "neg_log_loss"},
        refit="loss",
    ).fit(X, y)
    display = SearchResultsDisplay.from_search(search)
    points = display.errorbars_[0].lines[0].get_xdata()
    np.testing.assert_array_equal(points, search.cv_results_["mean_test_loss"])
    other = SearchResultsDisplay.from_cv_results(search.cv_results_, metric="accuracy")
    assert other.ax_.get_xlabel() == "Accuracy in cross-validation"
    with pytest.raises(ValueError, match=r"metric=None does not name .*: \['accuracy', 'loss'\]"):
        SearchResultsDisplay.from_cv_results(search.cv_results_)


def test_the_best_is_the_one_that_the_search_chose(pyplot):
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5, 9]}, refit=lambda _: 2)
    display = SearchResultsDisplay.from_search(search.fit(X, y))
    assert display.best_.get_ydata() == [2]


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_without_scores_there_is_no_best(pyplot):
    search = GridSearchCV(
        KNeighborsClassifier(), {"n_neighbors": [1, 5]}, scoring=lambda *_: np.nan
    )
    display = SearchResultsDisplay.from_search(search.fit(X, y))
    assert display.best_ is None


def test_randomized_search_with_failed_fits(pyplot):
    search = RandomizedSearchCV(
        SVC(), {"C": [0.1, 1, 10], "degree": [2, 3]}, n_iter=4, random_state=0, cv=3
    ).fit(X, y)
    results = {**search.cv_results_, "mean_test_score": np.array([np.nan, 0.5, 0.7, np.nan])}
    display = SearchResultsDisplay.from_cv_results(results)
    assert display.best_.get_ydata() == [2]


def test_keyword_arguments_reach_matplotlib(pyplot):
    display = SearchResultsDisplay.from_cv_results(RESULTS, c="k", capsize=0)
    assert display.errorbars_[0].lines[0].get_color() == "k"


@pytest.mark.parametrize(
    ("params", "match"),
    [
        (
            {"parameter": "C"},
            r"'C' does not name one parameter of the search, .* \['m__lr', 'm__size'",
        ),
        ({"parameter": "lr", "lines": "C"}, "'C' does not name one parameter"),
        ({"lines": "lr"}, "lines='lr' needs a parameter"),
        ({"metric": "recall"}, r"metric='recall' does not name .*\['score'\]"),
    ],
)
def test_bad_input(params, match, pyplot):
    with pytest.raises(ValueError, match=match):
        SearchResultsDisplay.from_cv_results(RESULTS, **params)
    assert not pyplot.get_fignums()


def test_not_fitted(pyplot):
    with pytest.raises(NotFittedError, match="GridSearchCV has no `cv_results_`"):
        SearchResultsDisplay.from_search(GridSearchCV(SVC(), {}))
