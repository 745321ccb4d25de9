"""Warnings point at the line of the user, through calls of libraries."""

import inspect
import warnings
from types import FunctionType

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.parallel import Parallel, delayed

from sklearn_softmax._warnings import warn


def call_in(module):
    """Return a function that belongs to a module and calls another function."""
    return FunctionType((lambda function, *args: function(*args)).__code__, {"__name__": module})


CALLS = {
    "direct": lambda: warn("text"),
    "errstate": lambda: np.errstate(all="ignore")(warn)("text"),
    "joblib": lambda: Parallel()([delayed(warn)("text")]),
    "transformer": lambda: FunctionTransformer(warn).transform("text"),
    "pipeline": lambda: make_pipeline(FunctionTransformer(warn)).transform("text"),
    "package": lambda: call_in("sklearn_softmax.estimators._base")(warn, "text"),
    "libraries": lambda: call_in("sklearn.base")(call_in("imblearn.pipeline"), warn, "text"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_warning_points_at_the_line_of_the_user(call):
    with pytest.warns(UserWarning, match="text") as caught:
        call()
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, inspect.getsourcelines(call)[1])


def test_a_package_with_a_similar_name_belongs_to_the_user():
    with pytest.warns(UserWarning, match="text") as caught:
        call_in("sklearn_softmax_extras.models")(warn, "text")
    assert caught[0].lineno == inspect.getsourcelines(call_in)[1] + 2


@pytest.mark.parametrize(
    "args", [("text", ConvergenceWarning), (ConvergenceWarning("text"),)], ids=["str", "Warning"]
)
def test_a_warning_is_filtered_by_its_category(args):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning, match="text"):
            warn(*args)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warn(*args)
