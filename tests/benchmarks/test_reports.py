import doctest
import re
import sys
from contextlib import contextmanager
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    StratifiedKFold,
    train_test_split,
)

from benchmarks.datasets import load
from benchmarks.reports import _figures, _halving, _markdown, softmax
from benchmarks.reports._progress import show_progress, stage
from benchmarks.reports.command import main, parser
from sklearn_softmax import SoftmaxRegression
from tests.model_selection.searches import assert_same_search, count_work

SMALL_GRID = {"n_epochs": [1, 4], "lr": [0.5], "batch_size": [100], "reg_param": [1, 0.0]}
FIGURES = [*(f"softmax_figure_{number}.png" for number in range(2, 9)), "softmax_halving.png"]


def captions(markdown):
    """Numbers of the figures, in their order."""
    return [int(number) for number in re.findall(r"\*\*Figure (\d+)", markdown)]


def rows_of(markdown, caption):
    """Cells of the table below a caption, keyed by their first column."""
    block = markdown.split(f"**{caption}**")[1].split("\n\n")[1]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in block.splitlines()]
    return {first: rest for first, *rest in cells}


@contextmanager
def figures_unwritten():
    """Have reports leave out the files of their figures, which take most of the time."""

    def leave_out(figure, path, text):
        plt.close(figure)
        return _markdown.image(path, text)

    def leave_out_animation(animation, path):
        animation._draw_was_started = True  # else it warns that nobody has seen it
        plt.close()

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_figures, "write", leave_out)
        monkeypatch.setattr(_figures, "write_animation", leave_out_animation)
        yield


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """Directory that the command wrote for digits, on a small grid."""
    out = tmp_path_factory.mktemp("report") / "made" / "here"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setitem(softmax.PARAM_GRIDS, "digits", SMALL_GRID)
        main(["softmax", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def recomputed():
    """Search and fitted model of the same run, made with scikit-learn alone, and the test rows."""
    dataset = load("digits")
    X_train, X_test, y_train, y_test = train_test_split(
        dataset.X, dataset.y, test_size=0.3, stratify=dataset.y, random_state=0
    )
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(SoftmaxRegression(random_state=0), SMALL_GRID, cv=cv)
    search.fit(X_train, y_train)
    return search, X_test, y_test


def test_docstring_examples():
    assert doctest.testmod(_markdown).failed == 0


def test_all_files_are_written(digits_run):
    written = sorted(path.name for path in digits_run.iterdir())
    assert written == sorted(["softmax.md", "softmax_weights.gif", *FIGURES])
    text = (digits_run / "softmax.md").read_text()
    assert captions(text) == list(range(1, 9))
    for name in FIGURES:
        assert f"]({name})" in text
        assert min(imread(digits_run / name).shape[:2]) > 300


def test_what_is_drawn_by_hand_is_not_reproduced(digits_run):
    text = (digits_run / "softmax.md").read_text()
    assert "**Figure 1.** Not reproduced" in text
    assert "(b) Not reproduced" in text


def test_animation_begins_and_ends_with_the_training(digits_run):
    with Image.open(digits_run / "softmax_weights.gif") as animation:
        assert animation.n_frames == 2  # of a few epochs


def test_class_counts(digits_run):
    counts = rows_of((digits_run / "softmax.md").read_text(), "Table 1.")
    expected = np.bincount(load("digits").y)
    assert [counts[str(label)] for label in range(10)] == [[str(n)] for n in expected]


def test_best_configuration(digits_run, recomputed):
    search, _, _ = recomputed
    table = rows_of((digits_run / "softmax.md").read_text(), "Table 3.")
    columns = [name.strip("`") for name in table[""][:-1]]
    assert table["Best"] == [
        *(str(search.best_params_[name]) for name in columns),
        f"{search.best_score_:.4f}",
    ]


def test_scores_of_the_test_rows(digits_run, recomputed):
    search, X_test, y_test = recomputed
    table = rows_of((digits_run / "softmax.md").read_text(), "Table 4.")
    matrix = confusion_matrix(y_test, search.predict(X_test))
    correct = np.diagonal(matrix)
    precision, recall = correct / matrix.sum(axis=0), correct / matrix.sum(axis=1)
    f1 = 2 * precision * recall / (precision + recall)
    expected = np.column_stack([precision, recall, f1, recall])
    found = np.array([table[str(label)] for label in range(10)], dtype=float)
    np.testing.assert_allclose(found, expected, atol=5.1e-5)
    average = np.array(table["Average"], dtype=float)
    np.testing.assert_allclose(average, expected.mean(axis=0), atol=5.1e-5)
    assert table["Overall"] == ["-", "-", "-", f"{correct.sum() / matrix.sum():.4f}"]


@pytest.fixture(scope="module")
def mnist_run(tmp_path_factory):
    """Experiment and text for data that go by the name of MNIST."""
    out = tmp_path_factory.mktemp("mnist")
    reported = {name: [value] for name, value in softmax.REPORT_BEST.items()}
    dataset, param_grid = replace(load("digits"), name="mnist"), {**reported, "n_epochs": [1, 200]}
    with figures_unwritten():
        experiment = softmax.run(dataset, out, n_jobs=1, param_grid=param_grid)
    return experiment, (out / "softmax.md").read_text()


def test_published_figures_stand_beside_those_for_mnist(mnist_run):
    experiment, text = mnist_run
    assert experiment.model.classes_.tolist() == [0, 1, 3, 4]
    assert rows_of(text, "Table 1.")["9"] == ["180", "6958"]
    best = rows_of(text, "Table 3.")
    assert best["Best (published)"] == ["200", "0.5", "1000", "0.1", "0.9879"]
    score = experiment.search.cv_results_["mean_test_score"][1]
    assert best["The published best, here"][-1] == f"{score:.4f}"
    scores = rows_of(text, "Table 4.")
    assert scores["Class"][:2] == ["Precision", "Precision (published)"]
    assert scores["3"][1::2] == ["0.9837", "0.9832", "0.9834", "0.9832"]
    assert scores["Overall"][1::2] == ["-"] * 4


def test_the_best_model_is_followed_on_the_test_rows(mnist_run):
    experiment, _ = mnist_run
    history = experiment.model.history_
    assert len(history["val_accuracy"]) == experiment.search.best_params_["n_epochs"]
    accuracy = np.mean(experiment.y_test == experiment.y_pred)
    np.testing.assert_allclose(history["val_accuracy"][-1], accuracy)


def test_figure_2_has_a_panel_for_each_batch_size(both_searches, pyplot):
    experiment = both_searches[0]
    figure = softmax._plot_search(experiment)
    assert [ax.get_title() for ax in figure.axes] == ["batch_size = 100", "batch_size = 200"]
    results = experiment.search.cv_results_
    for ax, batch_size in zip(figure.axes, (100, 200)):
        in_panel = [params["batch_size"] == batch_size for params in results["params"]]
        points = ax.lines[0].get_xdata()
        np.testing.assert_array_equal(points, results["mean_test_score"][in_panel])
        assert ax.get_legend() is None
        labels = [label.get_text().split() for label in ax.get_yticklabels()]
        assert (labels[0], len(labels)) == (["lr", "n_epochs"], 9)
    (legend,) = figure.legends
    best = f"best: {experiment.search.best_score_:.4f}"
    assert [text.get_text() for text in legend.get_texts()] == [best]


def test_epochs_of_figure_5(mnist_run, pyplot):
    experiment, _ = mnist_run
    figure = softmax._plot_epochs(experiment)
    titles = [ax.get_title(loc="left") for ax in figure.axes[:4]]
    assert titles == ["Epoch 0", "Epoch 25", "Epoch 75", "Epoch 200"]


def test_before_scikit_learn_1_9_the_history_is_left_out(monkeypatch, mnist_run, tmp_path):
    def needs_callbacks(every):
        raise ImportError

    monkeypatch.setattr(softmax, "WeightHistory", needs_callbacks)
    experiment, _ = mnist_run
    assert softmax._weight_history(experiment.model) is None
    text = "\n\n".join(softmax._document(replace(experiment, history=None), tmp_path))
    assert "**Figures 4 and 5.** Left out" in text
    assert captions(text) == [1, 2, 3, 6, 7, 8]


@pytest.mark.parametrize("name", softmax.DATA)
def test_grid_of_the_report(name):
    assert len(ParameterGrid(softmax.PARAM_GRIDS[name])) == 54


def test_the_best_of_the_report_is_in_its_grid():
    assert softmax.REPORT_BEST in list(ParameterGrid(softmax.PARAM_GRIDS["mnist"]))


def test_command_line():
    args = parser().parse_args(["softmax"])
    assert (args.data, args.data_home, args.n_jobs, str(args.out)) == ("digits", None, 2, "report")
    line = "softmax --data mnist --data-home there --out here --n-jobs -1 --random-state 3"
    args = parser().parse_args(line.split())
    assert (args.data, args.data_home, args.n_jobs, str(args.out)) == ("mnist", "there", -1, "here")
    assert args.random_state == 3


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("softmax --data cifar10", "invalid choice: 'cifar10'"),
        ("softmax --search sklearn --memory here", "not allowed with argument --search"),
        ("other", "invalid choice: 'other'"),
        ("", "REPORT"),
    ],
)
def test_bad_command_line(line, problem, capsys):
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert problem in capsys.readouterr().err


LACKING = [
    ("softmax", "mnist", {}, "20 among its rows, 5 or more .* 0, 1, 3, 4.* 0 of class 3"),
    ("one_vs_rest", "mnist", {}, "10 among its first 20000 training rows, 1 or more"),
    ("one_vs_rest", "mnist", {"train": range(10)}, "first 2000 test rows.* 0 of class 3"),
    ("early_stopping", "mnist", {}, "first 20000 training rows.* 0 of class 3"),
    ("early_stopping", "mnist", {"train": range(10)}, "first 10000 test rows.* 0 of class 3"),
    ("sigmoid_mlp", "mnist", {}, "2000 training rows before the last 10000.* are 0, 0 of class 0"),
    ("relu_mlp", "cifar10", {}, "250 among its first 5 training rows before the last 1000"),
    ("relu_mlp --quick", "cifar10", {"n": 1900}, "first 90 training rows before the last 1000"),
]


@pytest.mark.parametrize(("line", "name", "rows", "problem"), LACKING)
def test_lacking_rows_end_the_command_with_a_message(line, name, rows, problem, tmp_path, capsys):
    shape = {"mnist": (28, 28), "cifar10": (32, 32, 3)}[name]
    y_train, y_test = np.resize(rows.get("train", [0, 1, 2, 4]), rows.get("n", 1005)), [0, 1, 2, 4]
    arrays = {"y_train": y_train, "y_test": np.array(y_test)}
    images = {f"x_{part[2:]}": np.zeros((len(y), *shape), np.uint8) for part, y in arrays.items()}
    np.savez(tmp_path / f"{name}.npz", **arrays, **images)
    options = ["--data", name, "--data-home", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match=f"error: The data set {name} lacks rows .*{problem}"):
        main([*line.split(), *options])
    assert capsys.readouterr().out == ""


def test_bad_file_ends_the_command_with_a_message(tmp_path):
    (tmp_path / "mnist.npz").write_text("not an archive")
    with pytest.raises(SystemExit, match=r"error: .*mnist\.npz cannot be used"):
        main(["softmax", "--data", "mnist", "--data-home", str(tmp_path)])


def test_progress_without_callbacks(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    search = show_progress(GridSearchCV(SoftmaxRegression(), {}))
    assert search.verbose == 1


def test_stage_tells_when_it_begins_and_ends(capsys):
    with stage("Sorting") as sorting:
        assert capsys.readouterr().out == "Sorting ...\n"
    assert sorting.seconds >= 0
    assert capsys.readouterr().out.startswith("Sorting: done in ")


@pytest.fixture(scope="module")
def both_searches(tmp_path_factory):
    """The experiment by each of the searches, fused and scikit-learn's."""
    rates = {"lr": [0.5, 0.1, 0.01, 0.001], "batch_size": [100, 200], "reg_param": [0.1]}
    grid = {"n_epochs": [3, 9], **rates}
    out = tmp_path_factory.mktemp("both")
    known = {"n_jobs": 1, "param_grid": grid}
    with figures_unwritten():
        return [softmax.run(load("digits"), out, search=s, **known) for s in softmax.SEARCHES]


def test_searches_with_a_memory_are_resumed(tmp_path):
    known = {"n_jobs": 1, "param_grid": SMALL_GRID, "memory": tmp_path / "memory"}
    with figures_unwritten():
        first = softmax.run(load("digits"), tmp_path, **known)
        with count_work() as work:
            again = softmax.run(load("digits"), tmp_path, **known)
    assert (work.together, work.one_by_one) == (0, 0)
    for search in ("search", "halving"):
        assert_same_search(getattr(again, search), getattr(first, search))


def test_both_searches_find_the_same(both_searches):
    for search in ("search", "halving"):
        scores = [getattr(e, search).cv_results_["mean_test_score"] for e in both_searches]
        np.testing.assert_allclose(*scores, rtol=1e-12)


def test_halving_is_compared_with_the_search(both_searches):
    for experiment in both_searches:
        comparison, halving = experiment.comparison, experiment.halving
        assert (halving.n_candidates_, halving.n_resources_) == ([8, 3], [3, 9])
        best = {n: v for n, v in experiment.search.best_params_.items() if n != "n_epochs"}
        assert comparison.found_the_same == (best.items() <= halving.best_params_.items())
        difference = halving.best_score_ - experiment.search.best_score_
        assert comparison.score_difference == difference
        text = comparison.summary()
        assert f"{difference:+.4f}" in text
        assert ("the same configuration" in text) == comparison.found_the_same
        rungs = "8 configurations up to epoch 3, then 3 configurations up to epoch 9."
        assert comparison.rungs() == f"It trains {rungs}"


def test_epochs_that_are_trained(both_searches):
    trained = [
        [_halving.trained_epochs(search) for search in (e.search, e.halving)] for e in both_searches
    ]
    # Fused, a model of many numbers of epochs is one, and a survivor goes on.
    assert dict(zip(softmax.SEARCHES, trained)) == {
        "fused": [8 * 9, 5 * 3 + 3 * 9],
        "sklearn": [8 * (3 + 9), 8 * 3 + 3 * 9],
    }


def test_the_report_tells_of_the_halving(digits_run):
    text = (digits_run / "softmax.md").read_text()
    section = text.split("## The search by successive halving")[1].split("\n## ")[0]
    assert "It trains 2 configurations up to epoch 4." in section
    assert "| `FusedGridSearchCV` |" in section
    assert "| `FusedHalvingGridSearchCV` |" in section
    assert "](softmax_halving.png)" in section
