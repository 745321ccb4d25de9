"""Texts of the parameters that tell the groups of a plan apart."""

import re
from collections import Counter, defaultdict
from os.path import commonprefix

import joblib

# Longest text of a value, and how much of it stands before the first difference to other values.
MAX_LENGTH, CONTEXT = 100, 20


def parameter_texts(groups):
    """Return a line for each group, with the parameters that its candidates share.

    Parameters
    ----------
    groups : list of Group

    Returns
    -------
    texts : list of str

    Examples
    --------
    >>> from sklearn_softmax.model_selection._plan import Group
    >>> from sklearn_softmax.model_selection._plan_text import parameter_texts
    >>> parameter_texts([Group((), shared={"lr": 0.1, "verbose": 1}), Group((), shared={"lr": 1})])
    ['lr=0.1, verbose=1', 'lr=1']
    """
    values = defaultdict(list)
    for group in groups:
        for name, value in group.shared.items():
            values[name].append(value)
    texts = {name: iter(_value_texts(of_name)) for name, of_name in values.items()}
    return [", ".join(f"{name}={next(texts[name])}" for name in group.shared) for group in groups]


def _value_texts(values):
    """Return a line for each value, the same for equal ones and another for others."""
    hashes = [joblib.hash(value) for value in values]
    lines = {h: _line(value) for h, value in zip(hashes, values)}
    n_alike = len(commonprefix([*lines.values()])) if len(lines) > 1 else 0  # noqa: RUF071
    texts = {h: _shorten(line, max(0, n_alike - CONTEXT)) for h, line in lines.items()}
    counts = Counter(texts.values())
    for number, (h, text) in enumerate(list(texts.items()), 1):
        if counts[text] > 1:
            texts[h] = f"{text} (value {number})"
    return [texts[h] for h in hashes]


def _line(value):
    """Return the text of a value, without line breaks and addresses of functions."""
    return re.sub(r"\n\s*", " ", re.sub(r" at 0x\w+", "", repr(value)))


def _shorten(line, start):
    """Return the line if it is short, otherwise the part from start on."""
    if len(line) <= MAX_LENGTH:
        return line
    part = line[start : start + MAX_LENGTH]
    return "..." * (start > 0) + part + "..." * (start + MAX_LENGTH < len(line))
