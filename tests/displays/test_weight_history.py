"""A callback that keeps the parameters."""

import pickle

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import Normalize
from PIL import Image
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_softmax import SoftmaxRegression, TwoLayerMLPClassifier, WeightHistory, callbacks
from sklearn_softmax.estimators._callbacks import CALLBACKS_AVAILABLE
from tests.cases import estimators, parameters

needs_callbacks = pytest.mark.skipif(
    not CALLBACKS_AVAILABLE, reason="callbacks came in scikit-learn 1.9"
)
X, y = load_iris(return_X_y=True)


def softmax(**params):
    return SoftmaxRegression(**{"lr": 0.05, "n_epochs": 7, "random_state": 0, **params})


@pytest.fixture
def fitted():
    history = WeightHistory()
    softmax(n_epochs=2).set_callbacks(history).fit(X, y)
    return history


def kept(history, place):
    """The parameters of a copy, in one row."""
    return np.concatenate(
        [values[place].ravel() for values in (*history.weights_, *history.intercepts_)]
    )


@needs_callbacks
@estimators()
def test_copies_are_the_parameters_of_shorter_fits(case):
    history = WeightHistory(every=2)
    case.model(n_epochs=5).set_callbacks(history).fit(case.X, case.y)
    np.testing.assert_array_equal(history.epochs_, [0, 2, 4, 5])
    for place, n_epochs in enumerate(history.epochs_[1:], start=1):
        expected = case.model(n_epochs=int(n_epochs)).fit(case.X, case.y)
        parts = getattr(expected, "coefs_", None)
        weights = [expected.coef_] if parts is None else [part.T for part in parts]
        for W, copies in zip(weights, history.weights_):
            np.testing.assert_array_equal(copies[place], W)
        intercepts = getattr(expected, "intercepts_", None) or [expected.intercept_]
        for b, copies in zip(intercepts, history.intercepts_):
            np.testing.assert_array_equal(copies[place], b)
    np.testing.assert_array_equal(history.classes_, expected.classes_)


@needs_callbacks
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_begins_with_the_initial_parameters():
    history = WeightHistory()
    softmax().set_callbacks(history).fit(X, y)
    assert not kept(history, 0).any()
    net = TwoLayerMLPClassifier(n_epochs=2, hidden_size=3, lr=1e-9, random_state=0)
    net.set_callbacks(history).fit(X, y)
    assert kept(history, 0).any()
    np.testing.assert_allclose(kept(history, 0), kept(history, 2), atol=1e-7)


@needs_callbacks
def test_watching_changes_nothing():
    watched = softmax().set_callbacks(WeightHistory()).fit(X, y)
    np.testing.assert_array_equal(parameters(watched), parameters(softmax().fit(X, y)))


@needs_callbacks
def test_early_stopping_and_warm_start():
    history = WeightHistory(every=4)
    model = softmax(n_epochs=50, early_stopping=True, tol=0.5, n_iter_no_change=3)
    model.set_callbacks(history).fit(X, y)
    assert history.epochs_[-1] == model.n_iter_ < 50
    goes_on = softmax(n_epochs=3, warm_start=True).set_callbacks(history).fit(X, y)
    before = kept(history, -1)
    goes_on.fit(X, y)
    np.testing.assert_array_equal(history.epochs_, [3, 6])
    np.testing.assert_array_equal(kept(history, 0), before)


@needs_callbacks
@pytest.mark.parametrize("every", [1, 3, 7, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_is_told_beforehand(every, dtype):
    history = WeightHistory(every=every)
    net = TwoLayerMLPClassifier(lr=0.01, n_epochs=14, hidden_size=5, random_state=0)
    net.set_callbacks(history).fit(X.astype(dtype), y)
    needed = history.memory_needed((4, 5, 3), n_epochs=14, dtype=dtype)
    copies = [*history.weights_, *history.intercepts_]
    taken = sum(values.nbytes for values in copies)
    one = taken // len(history.epochs_)
    assert taken <= needed <= taken + one
    assert {values.dtype for values in copies} == {np.dtype(dtype)}


@needs_callbacks
def test_a_huge_number_of_epochs(monkeypatch):
    expected, history = WeightHistory(), WeightHistory()
    softmax(n_epochs=12).set_callbacks(expected).fit(X, y)
    monkeypatch.setattr(callbacks, "MAX_ALLOCATED", 3)
    softmax(n_epochs=12).set_callbacks(history).fit(X, y)
    for name in ("epochs_", "weights_", "intercepts_"):
        np.testing.assert_equal(getattr(history, name), getattr(expected, name))
    options = {"early_stopping": True, "tol": 0.5, "n_iter_no_change": 3}
    softmax(n_epochs=10**20, **options).set_callbacks(history).fit(X, y)


@needs_callbacks
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_of_a_search_over_a_pipeline_the_refit(n_jobs):
    history = WeightHistory(every=3)
    pipeline = make_pipeline(StandardScaler(), softmax().set_callbacks(history))
    search = GridSearchCV(pipeline, {"softmaxregression__lr": [0.1, 1.0]}, cv=3, n_jobs=n_jobs)
    search.fit(X, y)
    np.testing.assert_array_equal(history.epochs_, [0, 3, 6, 7])
    np.testing.assert_array_equal(kept(history, -1), parameters(search.best_estimator_[-1]))


@needs_callbacks
def test_threads_do_not_mix_their_fits():
    from joblib import parallel_config

    history = WeightHistory()
    search = GridSearchCV(
        softmax().set_callbacks(history), {"n_epochs": [5, 9, 20]}, cv=4, n_jobs=4
    )
    with parallel_config("threading"):
        search.fit(X, y)
    np.testing.assert_array_equal(kept(history, -1), parameters(search.best_estimator_))
    assert not history._recordings


@needs_callbacks
def test_pickles():
    history = WeightHistory(every=2)
    model = softmax().set_callbacks(history).fit(X, y)
    again = pickle.loads(pickle.dumps(history))
    np.testing.assert_array_equal(kept(again, -1), kept(history, -1))
    assert repr(again) == "WeightHistory(every=2)"
    restored = pickle.loads(pickle.dumps(model)).set_params(n_epochs=3).set_callbacks(again)
    restored.fit(X, y)
    np.testing.assert_array_equal(again.epochs_, [0, 2, 3])


@needs_callbacks
def test_a_failed_fit_leaves_nothing_behind():
    history = WeightHistory()
    with pytest.raises(ValueError, match="diverged"):
        softmax(n_epochs=3).set_callbacks(history).fit(X * 1e200, y)
    assert not history._recordings


@needs_callbacks
def test_animation_as_gif(tmp_path, pyplot):
    history = WeightHistory(every=2)
    softmax(n_epochs=6).set_callbacks(history).fit(X, y)
    animation = history.animate((2, 2), interval=50)
    path = tmp_path / "weights.gif"
    animation.save(path, writer="pillow")
    with Image.open(path) as image:
        assert image.n_frames == len(history.epochs_) == 4
        durations = []
        for frame in range(image.n_frames):
            image.seek(frame)
            durations.append(image.info["duration"])
    assert durations == [50, 50, 50, 2050]  # it pauses at its end


@needs_callbacks
def test_film_is_a_player_in_a_notebook_without_a_second_figure(fitted, pyplot):
    film = fitted.animate((2, 2), pause=0)
    assert film._repr_html_().count("data:image/png") == len(fitted.epochs_)
    assert not pyplot.get_fignums()


@needs_callbacks
@pytest.mark.parametrize("extension", ["mp4", "avi"])
def test_animation_as_video(extension, tmp_path, pyplot):
    from matplotlib.animation import writers

    if not writers.is_available("ffmpeg"):
        pytest.skip("needs ffmpeg")
    history = WeightHistory()
    softmax(n_epochs=2).set_callbacks(history).fit(X, y)
    history.animate((2, 2)).save(tmp_path / f"weights.{extension}", writer="ffmpeg")
    assert (tmp_path / f"weights.{extension}").stat().st_size


@needs_callbacks
@pytest.mark.parametrize("image_shape", [(2, 2), (1, 1, 3)])
def test_frames_are_drawn_on_one_scale(image_shape, pyplot):
    n_features = int(np.prod(image_shape))
    history = WeightHistory()
    softmax(n_epochs=3).set_callbacks(history).fit(X[:, :n_features], y)
    frames = callbacks.WeightFrames(history, image_shape, None, None, {})
    limit = np.abs(history.weights_[0]).max()
    for number, epoch in enumerate(history.epochs_):
        images = frames.draw(number)
        for image, weights in zip(images, history.weights_[0][number]):
            expected = weights.reshape(image_shape)
            if len(image_shape) == 3:
                expected = 0.5 + expected / (2 * limit)
            np.testing.assert_allclose(image.get_array(), expected)
            assert image.get_clim() == (-limit, limit)
        assert frames.figure.get_suptitle() == f"Epoch {epoch}"


@needs_callbacks
def test_frames_one_by_one(tmp_path, pyplot):
    history = WeightHistory(every=2)
    softmax(n_epochs=3).set_callbacks(history).fit(X, y)
    paths = history.save_frames(tmp_path / "new" / "frames", (2, 2))
    assert [path.name for path in paths] == [f"epoch_{n:04d}.png" for n in (0, 2, 3)]
    for path in paths:
        with Image.open(path) as image:
            image.verify()
    assert not pyplot.get_fignums()


@needs_callbacks
def test_bad_input(tmp_path, pyplot):
    for every in (0, -1, 2.5, "all", True, None):
        with pytest.raises(ValueError, match="every must be an int of at least 1 epoch, got"):
            WeightHistory(every)
    history = WeightHistory()
    with pytest.raises(ValueError, match="layer_sizes must begin with the inputs"):
        history.memory_needed((784,), n_epochs=10)
    with pytest.raises(NotFittedError, match=r"WeightHistory\(every=1\) has kept no parameters"):
        history.animate((2, 2))
    with pytest.raises(TypeError, match="not of GridSearchCV: call set_callbacks on"):
        GridSearchCV(softmax(), {"lr": [1]}).set_callbacks(history).fit(X, y)
    softmax().set_callbacks(history).fit(X, y)
    with pytest.raises(ValueError, match=r"image_shape=\(3, 3\) has 9 pixels, but there are 4"):
        history.save_frames(tmp_path / "frames", (3, 3))
    assert not (tmp_path / "frames").exists()


@needs_callbacks
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, True, "100", None, 0])
def test_bad_times(value, fitted, pyplot):
    with pytest.raises(ValueError, match=f"interval must be 1 milliseconds or more, got {value!r}"):
        fitted.animate((2, 2), interval=value)
    if value != 0:
        with pytest.raises(ValueError, match="pause must be 0 milliseconds or more, got"):
            fitted.animate((2, 2), pause=value)
    assert not pyplot.get_fignums()


@needs_callbacks
@pytest.mark.parametrize("image_shape", [4, (4,), (2, -1), (2.0, 2), "2x2", None])
def test_bad_image_shape(image_shape, fitted, tmp_path, pyplot):
    with pytest.raises(ValueError, match=r"image_shape must be .*, such as \(2, 2\)"):
        fitted.animate(image_shape)
    with pytest.raises(ValueError, match=r"image_shape must be .*, such as \(2, 2\)"):
        fitted.save_frames(tmp_path / "frames", image_shape)
    assert not list(tmp_path.iterdir())
    assert not pyplot.get_fignums()


@needs_callbacks
@pytest.mark.parametrize("options", [{"interval": 33.4}, {"interval": np.int64(1), "pause": 0}])
def test_times_of_other_types(options, fitted, tmp_path, pyplot):
    fitted.animate([2, 2], **{"pause": 10.5, **options}).save(tmp_path / "a.gif", writer="pillow")


@needs_callbacks
@pytest.mark.parametrize("image_shape", [(1, 3), (1, 1, 3)])
@pytest.mark.parametrize("last", [0, np.nan, np.inf])
def test_frames_of_zeros(last, image_shape, tmp_path, pyplot):
    history = WeightHistory()
    softmax(n_epochs=2).set_callbacks(history).fit(X[:, :3], y)
    history.weights_[0][:2] = 0
    history.weights_[0][2] = last
    frames = callbacks.WeightFrames(history, image_shape, None, None, {})
    colours = [image.to_rgba(image.get_array())[..., :3] for image in frames.draw(0)]
    neutral = 0.5 if len(image_shape) == 3 else colormaps["RdBu_r"](0.5)[:3]
    np.testing.assert_allclose(colours, np.broadcast_to(neutral, np.shape(colours)), atol=0.01)
    history.save_frames(tmp_path, image_shape)


@needs_callbacks
def test_texts_and_norm_of_frames(fitted, tmp_path, pyplot):
    titles = ["$", r"$\frac$", "a long title " * 9]
    paths = fitted.save_frames(tmp_path, (2, 2), titles=iter(titles), norm=Normalize(-1, 1))
    assert len(paths) == 3
    animation = fitted.animate((2, 2), titles=titles, pause=0)
    animation.save(tmp_path / "a.gif", writer="pillow")
    texts = pyplot.gcf().axes[0].texts
    assert [text.get_text() for text in texts] == titles
    assert not any(text.get_parse_math() for text in texts)


def test_before_scikit_learn_1_9_it_says_so(monkeypatch):
    monkeypatch.setattr(callbacks, "CALLBACKS_AVAILABLE", False)
    with pytest.raises(ImportError, match=r"needs the callbacks of scikit-learn 1.9 or later; ins"):
        WeightHistory()
