"""The same parameter is described in the same words, whichever estimator has it."""

import ast
import inspect
import re
from itertools import takewhile

import pytest

from sklearn_softmax import (
    BinaryPerceptron,
    GDLogisticRegression,
    SoftmaxRegression,
    TwoLayerMLPClassifier,
)

ESTIMATORS = [SoftmaxRegression, GDLogisticRegression, TwoLayerMLPClassifier, BinaryPerceptron]


def parameters_section(estimator):
    """The part of a docstring that describes the parameters."""
    docstring = inspect.getdoc(estimator)
    return docstring.split("Parameters\n----------\n")[1].split("\n\nAttributes\n")[0]


def descriptions(estimator):
    """Text of each parameter, without references, as one line."""
    section = parameters_section(estimator)
    entries = re.split(r"^(\w+) : .*\n", section, flags=re.MULTILINE)[1:]
    plain = (re.sub(r" \[\d\]_,?", "", text) for text in entries[1::2])
    return dict(zip(entries[::2], (" ".join(text.split()) for text in plain)))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_is_described_once(estimator):
    names = re.findall(r"^(\w+) : ", parameters_section(estimator), flags=re.MULTILINE)
    assert sorted(names) == sorted(inspect.signature(estimator).parameters)


@pytest.mark.parametrize("name", descriptions(SoftmaxRegression))
def test_the_same_parameter_is_described_in_the_same_words(name):
    known = [descriptions(estimator) for estimator in ESTIMATORS]
    texts = [description[name] for description in known if name in description]
    sentences = [re.split(r"(?<=\.) ", text) for text in texts]
    common = list(takewhile(lambda same: len(set(same)) == 1, zip(*sentences)))
    # Each may end with a sentence on what is true of it alone.
    assert len(common) >= max(1, min(map(len, sentences)) - 1)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_defaults_are_those_of_the_signature(estimator):
    section = parameters_section(estimator)
    told = dict(re.findall(r"^(\w+) : .*default=(.*)$", section, flags=re.MULTILINE))
    known = inspect.signature(estimator).parameters
    assert {name: ast.literal_eval(default) for name, default in told.items()} == {
        name: parameter.default for name, parameter in known.items()
    }
