"""Texts of parameter values: short, and different for different values."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_softmax._value_texts import MAX_LENGTH, shorten, value_texts


@dataclass
class Unhashable:
    weight: float


def function():
    """Return nothing; a value of a parameter."""


def weights(*ends):
    """Return class weights of twelve classes that differ in the first and the last ones."""
    return dict.fromkeys(range(12), 1.0) | dict(zip((0, 11), ends))


DIFFERENT = {
    "short dicts": [{0: 1.0, 1: 1.0, 2: w} for w in (50.0, 10.0, 20.0)],
    "long dicts": [weights(a, b) for a in (1, 2) for b in (3, 4)],
    "keys": [{0: 5}, {"0": 5}, {0.0: 5}, {}],
    "long tuples": [(100,) * 20 + (n,) for n in (1, 2)] + [(100,) * n for n in (20, 21)],
    "sequences": [(1, 2), [1, 2], ["1", "2"], (1,), 1],
    "arrays": [np.arange(3000), np.r_[:2999, 5], np.zeros(3), np.eye(2), np.array([])],
    "estimators": [SVC(C=1), SVC(C=2), SVC(C=2, kernel="linear"), SVC, StandardScaler()],
    "pipelines": [make_pipeline(s, SVC(C=C)) for s in ("passthrough", None) for C in (1, 2)],
    "kernels": [RBF(1.0), RBF(2.0), RBF(1.0) + WhiteKernel(1.0), RBF(1.0) + WhiteKernel(2.0)],
    "functions": [function, lambda: 1, lambda: 2, np.sqrt, *(partial(function, i) for i in (1, 2))],
    "functions in estimators": [FunctionTransformer(f) for f in (function, lambda: 1, lambda: 2)],
    "long words": ["a" * 60 + end for end in ("", "x", "y")] + ["x" + "a" * 60, "…" * 60],
    "differences in the middle": ["a" * 50 + m + "a" * 50 + m for m in "xyz"],
    "long words that differ twice": [30 * a + 30 * b + 30 * "x" for a in "ab" for b in "cd"],
    "floats": [0.123456, 0.1234561, 0.1234562, 0.1 + 0.2, 0.3, np.float32(0.3), 1e-300, np.inf],
    "types": [1, True, 1.0, "1", "True", "1.0", np.nan, "nan", None, "None", "", " ", b"1"],
    "spaces": ["a b", "a  b", "a\nb", "a b ", "a\tb"],
    "objects": [object(), object(), Unhashable(1), Unhashable(2), np.random.RandomState(0)],
    "pandas": [pd.Series([1]), pd.Series([2]), pd.NA, pd.Timestamp("2020-01-01")],
}


@pytest.mark.parametrize("values", DIFFERENT.values(), ids=DIFFERENT)
def test_different_values_have_different_short_texts(values):
    texts = value_texts(values)
    assert len(set(texts)) == len(values), texts
    assert all(0 < len(text) <= MAX_LENGTH and text.isprintable() for text in texts), texts


EQUAL = {
    "dicts": [weights(1, 2), dict(reversed(weights(1.0, 2).items())) | {0: np.int64(1)}],
    "estimators": [SVC(C=3, class_weight=weights(1, 2)), SVC(C=3, class_weight=weights(1, 2))],
    "transformers with a function": [FunctionTransformer(function), FunctionTransformer(function)],
    "NumPy scalars": [np.float64(0.1), 0.1],
    "truth values": [np.bool_(True), True],
    "NaN": [np.nan, float("nan"), np.float32("nan")],
    "arrays": [np.ones(3), np.ones(3, dtype=np.float32)],
    "sets": [{1, 2}, {2, 1}],
    "unhashable": [Unhashable(1), Unhashable(1)],
    "nested": [[(SVC(), {0: [np.nan]})], [(SVC(), {0: [np.nan]})]],
}


@pytest.mark.parametrize("values", EQUAL.values(), ids=EQUAL)
def test_equal_values_have_equal_texts(values):
    assert len(set(value_texts(["another", *values]))) == 2


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.1 + 0.2, 1e-5, 100], ["0.3", "1e-05", "100"]),
        ([0.12345671, 0.12345672, 0.5], ["0.12345671", "0.12345672", "0.5"]),
        ([SVC(C=1), SVC(C=2, verbose=True)], ["SVC(C=1, verbose=False)", "SVC(C=2, verbose=True)"]),
        ([SVC(C=1), StandardScaler(), function], ["SVC", "StandardScaler", "function"]),
        ([weights(1, 2), weights(1, 3)], ["{…, 11: 2}", "{…, 11: 3}"]),
        ([weights(1, 2), weights(4, 3)], ["{0: 1, …, 11: 2}", "{0: 4, …, 11: 3}"]),
        ([(10,) * 20 + (5,), (10,) * 20 + (6,)], ["(…, 5)", "(…, 6)"]),
        ([{0: np.float64(0.5)}, (np.int64(3),), np.arange(3)], ["{0: 0.5}", "(3,)", "[0, 1, 2]"]),
        ([1, "1"], ["1", "'1'"]),
        ([lambda: 1, lambda: 2], ["<lambda>", "<lambda> (2)"]),
    ],
)
def test_texts_contain_what_differs(values, texts):
    assert value_texts(values) == texts


@pytest.mark.parametrize("length", [0, 1, 5, 9, 20])
def test_shortened_texts_stay_different(length):
    texts = ["same start, end", "same start, other end", "0.123456789", "0.123456788", "x", "x"]
    short = shorten(texts, length)
    assert len(set(short)) == 5
    assert short[-1] == short[-2] == "x"
    assert max(map(len, short)) <= max(length, 4)


@pytest.mark.parametrize(
    ("text", "length", "short"),
    [
        ("a class with a long name {} of cats", 6, ["… 1 o…", "… 2 o…"]),
        ("a class with a long name {} of cats", 3, ["…1…", "…2…"]),
        ("a class with a long name {} of cats", 1, ["1", "2"]),
        ("{} is the first word", 8, ["1 is…ord", "2 is…ord"]),
        ("the last word is {}", 8, ["the …s 1", "the …s 2"]),
    ],
)
def test_shortened_texts_contain_the_difference(text, length, short):
    assert shorten([text.format(1), text.format(2)], length) == short
