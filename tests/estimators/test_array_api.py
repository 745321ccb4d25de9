"""Arrays of other libraries: NumPy reads those on the CPU; others are errors."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy
from sklearn.utils.fixes import parse_version

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


@estimators()
def test_arrays_on_the_cpu_train_the_same_model(case):
    X, y, weight = case.X[:200], case.y[:200], np.ones(200)
    options = {"X_val": X, "y_val": y, "sample_weight": weight, "sample_weight_val": weight}
    expected = case.model(n_epochs=2).fit(X, y, **options)
    tensors = {name: Tensor(array) for name, array in options.items()}
    found = case.model(n_epochs=2).fit(Tensor(X), Tensor(y), **tensors)
    np.testing.assert_equal(found.history_, expected.history_)
    np.testing.assert_array_equal(found.predict(Tensor(X)), expected.predict(X))
    assert found.score(Tensor(X), Tensor(y), Tensor(weight)) == expected.score(X, y)
    for model, features, labels in ((expected, X, y), (found, Tensor(X), Tensor(y))):
        model.partial_fit(features, labels, classes=Tensor(case.classes))
    np.testing.assert_equal(found.history_, expected.history_)


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


DISPATCH = """
import array_api_strict as xp, numpy as np, sklearn
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_softmax import FusedGridSearchCV
from tests.cases import CASES

sklearn.set_config(array_api_dispatch=True)
for case in CASES:
    X, y = case.X[:200], case.y[:200]
    arrays = [xp.asarray(X), xp.asarray(y)]
    options = {"X_val": arrays[0], "y_val": arrays[1], "sample_weight": xp.ones(200)}
    model, same = case.model(n_epochs=2).fit(*arrays, **options), case.model(n_epochs=2).fit(X, y)
    model.partial_fit(*arrays, classes=xp.asarray(case.classes))
    same.partial_fit(X, y)
    for name in ("predict", "decision_function", "predict_proba", "predict_log_proba"):
        if hasattr(model, name):
            np.testing.assert_array_equal(getattr(model, name)(arrays[0]), getattr(same, name)(X))
    assert model.score(*arrays) == same.score(X, y)
    make_pipeline(StandardScaler(), model).fit(*arrays).score(*arrays)
    search = FusedGridSearchCV(case.model(n_epochs=2), {"class_weight": [None, "balanced"]}, cv=2)
    expected = search.fit(X, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(search.fit(*arrays).cv_results_["mean_test_score"], expected)
"""


@pytest.mark.skipif(
    parse_version(scipy.__version__) < parse_version("1.14"), reason="scikit-learn needs SciPy 1.14"
)
def test_array_api_dispatch_trains_the_same_models():
    pytest.importorskip("array_api_strict")
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    command = [sys.executable, "-W", "ignore", "-c", DISPATCH]
    subprocess.run(command, check=True, env=environment)
