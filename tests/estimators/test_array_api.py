"""Arrays of other libraries: NumPy reads those on the CPU; others are errors."""

import numpy as np
import pytest
import scipy
from sklearn import config_context
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from sklearn_softmax import FusedGridSearchCV
from tests.cases import estimators


class Tensor:
    """An array that NumPy can read if it is on the CPU, like those of PyTorch."""

    def __init__(self, array, device="cpu"):
        self.array, self.device, self.shape = array, device, array.shape

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __array__(self, dtype=None, copy=None):
        if self.device != "cpu":
            raise TypeError(f"can't convert {self.device} device type tensor to numpy.")
        return self.array


def dispatched(array):
    """Return an array for scikit-learn's array API dispatch."""
    if parse_version(scipy.__version__) < parse_version("1.14"):
        pytest.skip("scikit-learn needs SciPy 1.14")
    return pytest.importorskip("array_api_strict").asarray(array)


@pytest.mark.filterwarnings("ignore")  # of scikit-learn's dispatch
@pytest.mark.parametrize("convert", [Tensor, dispatched], ids=["array", "dispatch"])
@estimators()
def test_arrays_on_the_cpu_train_the_same_model(case, convert):
    X, y = case.X[:200], case.y[:200]
    options = {"X_val": X, "y_val": y, "sample_weight": np.ones(200)}
    options["sample_weight_val"] = options["sample_weight"]
    search = FusedGridSearchCV(case.model(n_epochs=2), {"class_weight": [None, "balanced"]}, cv=2)
    expected = case.model(n_epochs=2).fit(X, y, **options).partial_fit(X, y)
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    arrays = {name: convert(array) for name, array in {"X": X, "y": y, **options}.items()}
    X_array, y_array = arrays["X"], arrays["y"]
    with config_context(array_api_dispatch=convert is dispatched):
        model = case.model(n_epochs=2).fit(**arrays)
        model.partial_fit(X_array, y_array, classes=convert(case.classes))
        np.testing.assert_equal(model.history_, expected.history_)
        for name in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
            if hasattr(model, name):
                found = getattr(model, name)(X_array)
                np.testing.assert_array_equal(found, getattr(expected, name)(X))
        weighted = model.score(X_array, y_array, arrays["sample_weight"])
        assert weighted == model.score(X_array, y_array) == expected.score(X, y)
        if convert is dispatched:
            make_pipeline(StandardScaler(), model).fit(X_array, y_array).score(X_array, y_array)
            found = search.fit(X_array, y_array).cv_results_["mean_test_score"]
            np.testing.assert_array_equal(found, scores)


@estimators()
def test_arrays_on_a_gpu_are_errors(case):
    X, y = case.X, case.y
    on_gpu = {"X": Tensor(X, "cuda:0"), "y": Tensor(y, "cuda:0"), "X_val": Tensor(X, "cuda:0")}
    model = case.model(n_epochs=1)
    for name, tensor in on_gpu.items():
        arrays = {"X": X, "y": y, "X_val": X, "y_val": y} | {name: tensor}
        message = rf"cannot read {name} of type Tensor: .*cuda:0.*{name}.detach\(\).cpu\(\)"
        with pytest.raises(ValueError, match=message):
            model.fit(**arrays)
    model.fit(X, y)
    for method in (model.predict, model.decision_function):
        with pytest.raises(ValueError, match=r"cannot read X .*X.detach\(\).cpu\(\).numpy\(\)"):
            method(on_gpu["X"])
