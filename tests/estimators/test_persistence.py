"""Saved estimators: versions in pickles, and the types in files of skops."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_softmax
from sklearn_softmax import (
    BinaryPerceptron,
    FusedGridSearchCV,
    FusedHalvingGridSearchCV,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)
from tests.cases import assert_same_model

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
MODELS = [
    SoftmaxRegression(n_epochs=3, random_state=0),
    SoftmaxRegression(lr=0.1, momentum=0.5, n_epochs=3, random_state=np.random.RandomState(0)),
    SoftmaxRegression(optimizer="lbfgs"),
    GDLogisticRegression(optimizer="adam", fit_intercept=False, n_epochs=3),
    GDLogisticRegression(early_stopping=True, n_epochs=3, random_state=0),
    BinaryPerceptron(average=True, n_epochs=3, random_state=0),
    TwoLayerMLPClassifier(hidden_size=(4, 3), dropout=0.2, n_epochs=3, random_state=0),
    TwoLayerMLPClassifier(hidden_size=4, activation="tanh", lr=0.1, optimizer="sgd", n_epochs=3),
]
SEARCHES = [
    FusedGridSearchCV(SoftmaxRegression(random_state=0), {"n_epochs": [2, 3]}, cv=2),
    FusedHalvingGridSearchCV(SoftmaxRegression(random_state=0), {"lr": [0.1, 1.0]}, cv=2),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_skops_files_contain_one_type_and_resume_training(model):
    skops_io = pytest.importorskip("skops.io")
    model = deepcopy(model).fit(X, y)
    saved = skops_io.dumps(model)
    (needed,) = skops_io.get_untrusted_types(data=saved)
    assert needed == f"{type(model).__module__}.{type(model).__name__}"
    loaded = skops_io.loads(saved, trusted=[needed])
    assert_same_model(loaded, model)
    if hasattr(model, "partial_fit"):
        assert_same_model(loaded.partial_fit(X, y), model.partial_fit(X, y))


@pytest.mark.parametrize(
    "estimator", [*MODELS, *SEARCHES], ids=lambda estimator: type(estimator).__name__
)
def test_pickles_warn_only_of_other_versions(estimator, monkeypatch):
    fitted = deepcopy(estimator).fit(X, y)
    for one in (deepcopy(estimator), fitted, deepcopy(fitted)):
        loaded = pickle.loads(pickle.dumps(one))
        assert vars(loaded).keys() == vars(one).keys()
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    pipeline = make_pipeline(StandardScaler(), estimator)
    for module, library in ((sklearn_softmax, "sklearn_softmax"), (sklearn, "scikit-learn")):
        with monkeypatch.context() as patch:
            patch.setattr(module, "__version__", "0.0.7")
            saved, saved_pipeline = pickle.dumps(estimator), pickle.dumps(pipeline)
        with pytest.warns(InconsistentVersionWarning) as caught:
            loaded = pickle.loads(saved)
        assert vars(loaded).keys() == vars(estimator).keys()
        warning = caught[-1].message
        assert warning.original_sklearn_version == "0.0.7"
        assert warning.current_sklearn_version == module.__version__
        assert type(estimator).__name__ in str(warning)
        assert library in str(warning)
        assert caught[-1].filename == __file__
        with pytest.warns(InconsistentVersionWarning, match=r"from version 0\.0\.7"):
            pickle.loads(saved_pipeline)


def test_pickles_without_versions_warn():
    model = SoftmaxRegression()
    with pytest.warns(InconsistentVersionWarning, match="from version unknown"):
        model.__setstate__({"lr": 0.5})
    assert model.lr == 0.5
