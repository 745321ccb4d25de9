"""Docstrings of the estimators describe every parameter, the same one in the same words."""

import ast
import inspect
import re
from itertools import takewhile

import pytest

from sklearn_softmax import SoftmaxRegression
from tests.cases import CASES

ESTIMATORS = list(dict.fromkeys(type(case.estimator) for case in CASES))


def parameters_section(estimator):
    """Return the part of a docstring that describes the parameters."""
    docstring = inspect.getdoc(estimator)
    return docstring.split("Parameters\n----------\n")[1].split("\n\nAttributes\n")[0]


def descriptions(estimator):
    """Return the description of each parameter, without references, in one line."""
    section = parameters_section(estimator)
    entries = re.split(r"^(\w+) : .*\n", section, flags=re.MULTILINE)[1:]
    plain = (re.sub(r" \[\d\]_,?", "", text) for text in entries[1::2])
    return dict(zip(entries[::2], (" ".join(text.split()) for text in plain)))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_parameter_is_described_once_with_its_default(estimator):
    entries = re.findall(r"^(\w+) : (.*)$", parameters_section(estimator), flags=re.MULTILINE)
    parameters = inspect.signature(estimator).parameters
    assert sorted(name for name, _ in entries) == sorted(parameters)
    for name, text in entries:
        assert ast.literal_eval(text.split("default=")[1]) == parameters[name].default


@pytest.mark.parametrize("name", descriptions(SoftmaxRegression))
def test_descriptions_of_a_parameter_differ_in_the_last_sentence_at_most(name):
    texts = [d[name] for d in map(descriptions, ESTIMATORS) if name in d]
    sentences = [re.split(r"(?<=\.) ", text) for text in texts]
    common = list(takewhile(lambda same: len(set(same)) == 1, zip(*sentences)))
    assert len(common) >= max(1, min(map(len, sentences)) - 1)
