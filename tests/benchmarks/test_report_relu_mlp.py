import doctest
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.special import softmax
from sklearn.decomposition import PCA

from benchmarks.datasets import load
from benchmarks.reports import _pytorch, relu_mlp
from benchmarks.reports.command import main, parser
from sklearn_softmax import TwoLayerMLPClassifier
from tests.benchmarks.test_reports import captions, figures_unwritten, rows_of

pytestmark = [
    pytest.mark.slow,
    # Some published learning rates are too small to learn.
    pytest.mark.filterwarnings("ignore:.*no better than:sklearn.exceptions.ConvergenceWarning"),
]

FIGURES = [f"relu_mlp_figure_{number}.png" for number in range(2, 8)]
LEFT_OUT = "Where PyTorch is installed"


def lines_of(text, caption):
    """Cells of the lines below a caption, those of the header and of its rule left out."""
    block = text.split(f"**{caption}**")[1].split("\n\n")[1]
    return [line.strip("| ").split(" | ") for line in block.splitlines()[2:]]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory):
    """Directory that the command wrote for digits, where there is no PyTorch."""
    out = tmp_path_factory.mktemp("report") / "made" / "here"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(_pytorch, "is_installed", lambda: False)
        main(["relu_mlp", "--quick", "--out", str(out), "--n-jobs", "1"])
    return out


@pytest.fixture(scope="module")
def text(digits_run):
    return (digits_run / "relu_mlp.md").read_text()


@pytest.fixture(scope="module")
def parts():
    """Raw pixels of the same run."""
    return relu_mlp.raw_pixels(load("digits"), relu_mlp.SETTINGS["digits"].small, 0)


def net_of(parts, n_epochs, **params):
    """A net with the original report's settings, made without our report."""
    net = TwoLayerMLPClassifier(optimizer="sgd", momentum=0.0, weight_init=1e-4, lr_decay=0.95)
    n_train = len(parts.y_train)
    net.set_params(hidden_size=50, lr=1e-3, batch_size=20, reg_param=2 * 0.25 * n_train)
    net.set_params(n_epochs=n_epochs, random_state=0, **params)
    return net.fit(parts.X_train, parts.y_train)


def test_docstring_examples():
    assert doctest.testmod(relu_mlp).failed == 0


def test_all_files_are_written(digits_run, text):
    assert sorted(p.name for p in digits_run.iterdir()) == sorted(["relu_mlp.md", *FIGURES])
    assert captions(text) == list(range(1, 8))
    for name in FIGURES:
        assert f"]({name})" in text
        assert min(imread(digits_run / name).shape[:2]) > 300
    assert "This is the quick version" in text


def test_raw_pixels(parts):
    digits = load("digits")
    assert parts.X_train.dtype == np.float32
    np.testing.assert_allclose(parts.X_train.mean(axis=0), 0, atol=1e-4)
    full = relu_mlp.raw_pixels(digits, relu_mlp.SETTINGS["digits"], 0)
    assert len(parts.X_train) == len(full.X_train) // 10
    pixels = np.concatenate([full.X_train, full.X_val, full.X_test])
    np.testing.assert_allclose(np.ptp(pixels, axis=0), 255 * np.ptp(digits.X, axis=0), atol=1e-3)


def test_toy_set_is_the_one_of_the_course():
    X, y = relu_mlp.toy_set()
    rng = np.random.RandomState(0)
    W1, W2 = 0.1 * rng.standard_normal((4, 10)), 0.1 * rng.standard_normal((10, 3))
    printed = [
        [0.3644621, 0.22911264, 0.40642526],
        [0.47590629, 0.17217039, 0.35192332],
        [0.43035767, 0.26164229, 0.30800004],
        [0.41583127, 0.2983228, 0.28584593],
        [0.36328815, 0.32279939, 0.31391246],
    ]
    np.testing.assert_allclose(softmax(np.maximum(X @ W1, 0) @ W2, axis=1), printed, atol=1e-8)
    assert len(y) == len(X)


def test_gradient_and_toy_loss(text):
    table = rows_of(text, "Figure 1.")
    for name in ("W1", "b1", "W2", "b2"):
        assert float(table[f"`{name}`"][0]) < 1e-8
    assert table["`W1`"][1] == "6.3e-09"
    loss = float(text.split("The last is ")[1].split(";")[0])
    assert 0 < loss < 0.03


@pytest.mark.parametrize(("number", "lr", "n_looks"), [(1, 1e-4, 10), (2, 1e-3, 5)])
def test_looks_at_one_run_are_runs_of_their_own(text, parts, number, lr, n_looks):
    lines = lines_of(text, f"Table {number}.")
    assert len(lines) == n_looks
    for iterations, epochs, _, accuracy in lines[1::2]:
        assert int(epochs) == round(int(iterations) * 20 / len(parts.y_train))
        score = net_of(parts, int(epochs), lr=lr).score(parts.X_val, parts.y_val)
        assert accuracy == f"{score:.4f}"


def test_numbers_of_hidden_units(text, parts):
    table = rows_of(text, "Table 3.")
    assert [*table][2:] == [str(n) for n in range(10, 121, 10)]
    epochs, _, accuracy = table["30"]
    score = net_of(parts, int(epochs), hidden_size=30).score(parts.X_val, parts.y_val)
    assert accuracy == f"{score:.4f}"


@pytest.mark.parametrize(
    ("number", "row", "params"),
    [
        (4, ("100", "40"), {"batch_size": 40}),
        (5, ("100", "0.5"), {"reg_param": 119}),
        (6, ("100", "0.75"), {"dropout": 0.25}),
    ],
)
def test_rows_of_the_nets_with_100_units(text, parts, number, row, params):
    lines = {tuple(line[:2]): line[2:] for line in lines_of(text, f"Table {number}.")}
    epochs, _, accuracy = lines[row]
    net = net_of(parts, int(epochs), hidden_size=100, **params)
    assert accuracy == f"{net.score(parts.X_val, parts.y_val):.4f}"


def test_principal_components(text, parts):
    line = lines_of(text, "Table 7.")[1]
    assert line[:5] == ["25", "40", "150", "0.001", "0.3"]
    pca = PCA(25, svd_solver="covariance_eigh").fit(parts.X_train)
    reduced = replace(parts, X_train=pca.transform(parts.X_train), X_val=pca.transform(parts.X_val))
    net = net_of(reduced, int(line[5]), batch_size=40, reg_param=2 * 0.3 * len(parts.y_train))
    assert float(line[7]) == pytest.approx(net.score(reduced.X_val, parts.y_val), abs=0.01)


def test_test_accuracies_of_three_seeds(text, parts):
    table = rows_of(text, "Table 8.")
    assert table[""] == ["Validation", "Test"]
    assert LEFT_OUT in text
    epochs = int(rows_of(text, "Table 3.")["100"][0])
    net = net_of(parts, epochs, hidden_size=100)
    expected = [net.score(parts.X_val, parts.y_val), net.score(parts.X_test, parts.y_test)]
    assert table["Seed 0"] == [f"{score:.4f}" for score in expected]
    found = np.array([table[f"Seed {seed}"] for seed in range(3)], dtype=float)
    np.testing.assert_allclose(
        np.array(table["Mean"], dtype=float), found.mean(axis=0), atol=1.1e-4
    )


def test_deeper_nets(text):
    table = rows_of(text, "Table 9.")
    assert [*table][2:] == ["2", "3", "4", "5"]
    assert table["Layers"] == [
        "Training, 0.001",
        "Validation, 0.001",
        "Training, auto",
        "Validation, auto",
    ]


def test_penalty_is_the_reports(parts):
    net = replace(relu_mlp.SETTINGS["digits"].small.best, strength=0.4)
    model = relu_mlp._estimator(net, len(parts.y_train), random_state=0)
    history = model.fit(parts.X_train, parts.y_train).history_
    np.testing.assert_allclose(history["penalty"], 0.4 * history["weight_norm"] ** 2, rtol=1e-5)


def test_pytorch_trains_the_same_net(parts):
    pytest.importorskip("torch")
    full = relu_mlp.raw_pixels(load("digits"), relu_mlp.SETTINGS["digits"], 0)
    ours = net_of(full, 10)
    theirs = _pytorch.fit(
        full.X_train,
        full.y_train,
        hidden_size=50,
        weight_init=1e-4,
        lr=1e-3,
        lr_decay=0.95,
        strength=0.25,
        batch_size=20,
        n_epochs=10,
        random_state=0,
    )
    norm = np.sqrt(sum(np.sum(coef**2) for coef in ours.coefs_))
    weights = [layer.weight.detach().numpy() for layer in theirs.net[::2]]
    assert [W.T.shape for W in weights] == [coef.shape for coef in ours.coefs_]
    assert np.sqrt(sum(np.sum(W**2) for W in weights)) == pytest.approx(norm, rel=0.05)
    score = ours.score(full.X_test, full.y_test)
    assert score > 0.9
    assert theirs.score(full.X_test, full.y_test) == pytest.approx(score, abs=0.03)


@pytest.mark.parametrize("number", [4, 7, 8, 9])
def test_one_table_alone(number, tmp_path, monkeypatch):
    monkeypatch.setattr(_pytorch, "is_installed", lambda: False)
    experiment = relu_mlp.run(
        load("digits"), tmp_path, n_jobs=1, random_state=0, table=number, quick=True
    )
    text = (tmp_path / "relu_mlp.md").read_text()
    assert [n for n in range(1, 10) if f"**Table {n}.**" in text] == [number]
    figures = {4: [FIGURES[2]], 7: [FIGURES[4]]}.get(number, [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["relu_mlp.md", *figures]
    assert experiment.toy is None


@pytest.fixture(scope="module")
def cifar():
    """Digits that go by the name of CIFAR-10, in colours."""
    digits = load("digits")
    return replace(digits, name="cifar10", X=digits.X[:, :48], image_shape=(4, 4, 3), n_train=1497)


@pytest.fixture(scope="module")
def cifar_run(cifar, tmp_path_factory):
    """Experiment and text for these data after a few steps."""
    out = tmp_path_factory.mktemp("cifar")
    settings = replace(relu_mlp.SETTINGS["digits"], thousand=40, n_components=20)
    with pytest.MonkeyPatch.context() as monkeypatch, figures_unwritten():
        monkeypatch.setitem(relu_mlp.SETTINGS, "cifar10", settings)
        experiment = relu_mlp.run(cifar, out, n_jobs=1)
    return experiment, (out / "relu_mlp.md").read_text()


def test_published_figures_stand_beside_those_for_cifar10(cifar_run):
    _, text = cifar_run
    sentence = "the first 1197 training images to train, the last 300 training images to validate"
    assert sentence in text
    assert "A JPEG copy of CIFAR-10 costs two or three points" in text
    assert rows_of(text, "Table 1.")["400"][-1] == "0.4530"
    assert [line[-1] for line in lines_of(text, "Table 2.")][:2] == ["0.4990", "0.5200"]
    assert rows_of(text, "Table 3.")["100"][-1] == "0.5390"
    assert [line[-1] for line in lines_of(text, "Table 7.")][::3] == ["0.2400", "about 0.50"]
    assert rows_of(text, "Table 8.")["Published"][:2] == ["0.5390", "0.5380"]
    assert [rows_of(text, "Table 9.")[n][-1] for n in "25"] == ["0.5200", "0.0780"]


def test_pytorch_stands_beside_where_it_is_installed(cifar_run):
    experiment, text = cifar_run
    header = rows_of(text, "Table 8.")[""]
    assert header[2:] == ["Validation (PyTorch)", "Test (PyTorch)"] * _pytorch.is_installed()
    assert (LEFT_OUT in text) == (experiment.theirs is None) == (not _pytorch.is_installed())


def test_a_loss_that_hardly_falls_looks_like_one(cifar_run, pyplot):
    experiment, _ = cifar_run
    ax = relu_mlp._plot_baseline(experiment).axes[0]
    losses = ax.lines[0].get_ydata()
    bottom, top = ax.get_ylim()
    assert bottom == 0
    assert losses.max() < top
    assert np.ptp(losses) < 0.01 * (top - bottom)
    assert relu_mlp._plot_batches(experiment).axes[0].get_ylim()[0] == 0


@pytest.mark.parametrize("name", relu_mlp.DATA)
def test_a_published_figure_for_each_row(name):
    tables = relu_mlp._tables(relu_mlp.SETTINGS[name])
    assert {n: len(table.rows) for n, table in tables.items()} == {
        n: len(published) for n, published in relu_mlp.REPORT_ACCURACIES.items()
    }


def test_settings_of_the_report():
    settings = relu_mlp.SETTINGS["cifar10"]
    assert (settings.n_val, settings.n_components) == (1_000, 250)
    assert settings.baseline == relu_mlp.Net(1_000, 200, 50, 1e-4, 0.25)
    assert settings.best == relu_mlp.Net(4_000, 200, 100, 1e-3, 0.25)
    assert settings.batch_sizes == (100, 200, 300, 400, 500)
    cells = [row.cells for row in relu_mlp._tables(settings)[7].rows]
    assert cells[0] == (250, 200, 1000, "0.0001", "0.25")
    assert cells[1] == (250, 400, 5000, "0.001", "0.3")


def test_command_line():
    args = parser().parse_args(["relu_mlp"])
    assert (args.data, args.table, args.quick) == ("digits", None, False)
    args = parser().parse_args(["relu_mlp", "--data", "cifar10", "--table", "3", "--quick"])
    assert (args.data, args.table, args.quick) == ("cifar10", 3, True)


@pytest.mark.parametrize("line", ["relu_mlp --table 10", "sigmoid_mlp --table 3"])
def test_bad_command_line(line):
    with pytest.raises(SystemExit):
        main(line.split())
