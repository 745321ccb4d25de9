"""Callback that keeps the parameters of a fit, and its animation."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from matplotlib import colormaps
from matplotlib.colors import Normalize
from PIL import Image, ImageSequence
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier, WeightHistory, callbacks
from tests.cases import assert_same_model, estimators, parameters
from tests.displays.drawing import texts

pytest.importorskip("sklearn.callback", reason="callbacks came in scikit-learn 1.9")
X, y = load_iris(return_X_y=True)
STOPPING = {"early_stopping": True, "tol": 0.5, "n_iter_no_change": 3}


def softmax(**params):
    return SoftmaxRegression(**{"lr": 0.05, "n_epochs": 7, "random_state": 0, **params})


def fit_history(model=None, X=X, y=y, every=1):
    history = WeightHistory(every=every)
    (softmax(n_epochs=2) if model is None else model).set_callbacks(history).fit(X, y)
    return history


def snapshot(history, index):
    """Return the parameters of a snapshot in one row."""
    layers = (*history.weights_, *history.intercepts_)
    return np.concatenate([arrays[index].ravel() for arrays in layers])


@estimators()
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_snapshots_are_the_parameters_of_shorter_fits(case):
    history = fit_history(case.model(n_epochs=5), case.X, case.y, every=2)
    np.testing.assert_array_equal(history.epochs_, [0, 2, 4, 5])
    initial = case.model(n_epochs=1, lr=1e-30).fit(case.X, case.y)
    np.testing.assert_allclose(snapshot(history, 0), parameters(initial), atol=1e-20)
    for index, n_epochs in enumerate([2, 4, 5], start=1):
        model = case.model(n_epochs=n_epochs).fit(case.X, case.y)
        np.testing.assert_array_equal(snapshot(history, index), parameters(model))
    W = model.coefs_[0].T if hasattr(model, "coefs_") else model.coef_
    np.testing.assert_array_equal(history.weights_[0][-1], W)
    np.testing.assert_array_equal(history.classes_, model.classes_)


def test_history_contains_the_last_fit_with_early_stopping_or_warm_start():
    history = WeightHistory(every=4)
    model = softmax(n_epochs=50, **STOPPING).set_callbacks(history).fit(X, y)
    assert history.epochs_[-1] == model.n_iter_ < 50
    resumed = softmax(n_epochs=3, warm_start=True).set_callbacks(history).fit(X, y)
    last = snapshot(history, -1)
    resumed.fit(X, y)
    np.testing.assert_array_equal(history.epochs_, [3, 6])
    np.testing.assert_array_equal(snapshot(history, 0), last)


@pytest.mark.parametrize("every", [1, 3, 7, 100])
def test_memory_needed_is_at_most_one_snapshot_more_than_used(every):
    net = TwoLayerMLPClassifier(lr=0.01, n_epochs=14, hidden_size=5, random_state=0)
    history = fit_history(net, X.astype(np.float32), every=every)
    needed = history.memory_needed((4, 5, 3), n_epochs=14, dtype=np.float32)
    used = sum(array.nbytes for array in history.weights_ + history.intercepts_)
    assert used <= needed <= used + used // len(history.epochs_)


def test_arrays_grow_with_a_huge_number_of_epochs(monkeypatch):
    expected = fit_history(softmax(n_epochs=12))
    monkeypatch.setattr(callbacks, "MAX_ALLOCATED", 3)
    assert_same_model(fit_history(softmax(n_epochs=12)), expected)
    fit_history(softmax(n_epochs=10**20, **STOPPING))


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_history_of_a_search_over_a_pipeline_is_that_of_the_refit(n_jobs):
    history = WeightHistory(every=3)
    pipeline = make_pipeline(StandardScaler(), softmax().set_callbacks(history))
    search = GridSearchCV(pipeline, {"softmaxregression__lr": [0.1, 1.0]}, cv=3, n_jobs=n_jobs)
    search.fit(X, y)
    np.testing.assert_array_equal(history.epochs_, [0, 3, 6, 7])
    np.testing.assert_array_equal(snapshot(history, -1), parameters(search.best_estimator_[-1]))


def test_histories_of_fits_in_threads_are_separate():
    history = WeightHistory()
    model = softmax().set_callbacks(history)
    search = GridSearchCV(model, {"n_epochs": [5, 9, 20]}, cv=4, n_jobs=4)
    with parallel_config("threading"):
        search.fit(X, y)
    np.testing.assert_array_equal(snapshot(history, -1), parameters(search.best_estimator_))
    assert not history._recordings


def test_pickled_history_records_further_fits():
    history = WeightHistory(every=2)
    model = softmax().set_callbacks(history).fit(X, y)
    restored = pickle.loads(pickle.dumps(history))
    np.testing.assert_array_equal(snapshot(restored, -1), snapshot(history, -1))
    assert repr(restored) == "WeightHistory(every=2)"
    restored_model = pickle.loads(pickle.dumps(model)).set_params(n_epochs=3)
    restored_model.set_callbacks(restored).fit(X, y)
    np.testing.assert_array_equal(restored.epochs_, [0, 2, 3])


def test_failed_fit_keeps_no_recording():
    history = WeightHistory()
    with pytest.raises(ValueError, match="diverged"):
        softmax(n_epochs=3).set_callbacks(history).fit(X * 1e200, y)
    assert not history._recordings


@pytest.mark.parametrize(
    ("times", "durations"),
    [
        ({"interval": 1000}, [1000, 1000, 1000, 3000]),
        ({"interval": np.int64(500), "pause": 0}, [500] * 4),
        ({"interval": 333.4, "pause": 400.5}, [330, 330, 330, 660]),
    ],
)
def test_animation_as_gif_uses_titles_norm_and_times(times, durations, tmp_path, pyplot):
    history, titles = fit_history(softmax(n_epochs=6), every=2), ["$", r"$\frac$", "long " * 20]
    animation = history.animate([2, 2], titles=iter(titles), norm=Normalize(-1, 1), **times)
    animation.save(tmp_path / "weights.gif", writer="pillow", dpi=20)
    with Image.open(tmp_path / "weights.gif") as image:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(image)] == durations
    ax = pyplot.gcf().axes[0]
    assert texts(ax.texts) == titles
    assert {image.get_clim() for image in ax.images} == {(-1, 1)}


def test_film_is_a_player_in_a_notebook_without_a_second_figure(pyplot):
    history = fit_history()
    film = history.animate((2, 2), pause=0)
    assert film._repr_html_().count("data:image/png") == len(history.epochs_)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize("image_shape", [(2, 2), (1, 1, 3)])
def test_frames_are_drawn_on_one_scale(image_shape, tmp_path, pyplot):
    history = fit_history(X=X[:, : np.prod(image_shape)])
    limit = np.abs(history.weights_[0]).max()

    def check_frame(index, _):
        ax = pyplot.gcf().axes[0]
        expected = history.weights_[0][index].reshape(-1, *image_shape)
        if len(image_shape) == 3:
            expected = 0.5 + expected / (2 * limit)
        np.testing.assert_allclose([image.get_array() for image in ax.images], expected)
        assert {image.get_clim() for image in ax.images} == {(-limit, limit)}
        assert pyplot.gcf().get_suptitle() == f"Epoch {history.epochs_[index]}"

    film = history.animate(image_shape, pause=0)
    film.save(tmp_path / "weights.gif", writer="pillow", progress_callback=check_frame)


def test_frames_are_saved_as_one_file_per_snapshot(tmp_path, pyplot):
    history = fit_history(softmax(n_epochs=3), every=2)
    paths = history.save_frames(tmp_path / "new" / "frames", (2, 2))
    assert [path.name for path in paths] == [f"epoch_{n:04d}.png" for n in (0, 2, 3)]
    assert history.save_frames(paths[0].parent, (2, 2)) == paths  # they are replaced
    for path in paths:
        with Image.open(path) as image:
            image.verify()
    assert not pyplot.get_fignums()


@pytest.mark.parametrize(
    ("image_shape", "last"),
    [((1, 3), 0), ((1, 3), np.nan), ((1, 3), np.inf), ((1, 1, 3), 0), ((1, 1, 3), np.nan)],
)
def test_weights_of_zero_are_neutral_in_colour(image_shape, last, tmp_path, pyplot):
    history = fit_history(X=X[:, :3])
    history.weights_[0][:2] = 0
    history.weights_[0][2] = last
    film = history.animate(image_shape)
    images = pyplot.gcf().axes[0].images
    colours = [image.to_rgba(image.get_array())[..., :3] for image in images]
    neutral = 0.5 if len(image_shape) == 3 else colormaps["RdBu_r"](0.5)[:3]
    np.testing.assert_allclose(colours, np.broadcast_to(neutral, np.shape(colours)), atol=0.01)
    film.save(tmp_path / "weights.gif", writer="pillow")
