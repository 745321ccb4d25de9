"""Short texts of values: equal for equal values, different for different ones."""

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress

import numpy as np

MAX_LENGTH = 36


def identity(value):
    """Return a hashable object, equal for equal values and different for different ones.

    Parameters
    ----------
    value : object

    Returns
    -------
    identity : tuple
        Equal for containers, arrays and estimators with equal contents, and for a NumPy
        scalar and the same Python number; different for an int, a float and a bool, which
        mean different things for many parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_softmax._value_texts import identity
    >>> identity({0: np.float64(0.5)}) == identity({0: 0.5})
    True
    >>> identity(1) == identity(1.0)
    False
    """
    value = _to_python(value)
    entries = _entries(value)
    if entries is not None:
        content = frozenset((identity(key), identity(entry)) for key, entry in entries.items())
    elif isinstance(value, (set, frozenset)):
        content = frozenset(map(identity, value))
    elif isinstance(value, float) and np.isnan(value):
        content = None
    else:
        content = _hashable(value)
    return type(value), content


def _hashable(value):
    """Return the value if it is hashable, else the identity of its attributes."""
    try:
        hash(value)
    except TypeError:
        return identity(vars(value)) if hasattr(value, "__dict__") else id(value)
    return value


def value_texts(values):
    """Return a short text of each value: equal for equal values, otherwise different.

    Parameters
    ----------
    values : iterable of object

    Returns
    -------
    texts : list of str of length n_values
        Six digits of a float, the class of an estimator, the name of a function, or
        ``str(value)``. If these are equal or long: more digits, the entries or parameters
        that differ, the characters around the first difference, or a number.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sklearn_softmax._value_texts import value_texts
    >>> value_texts([0.1 + 0.2, 1000, None, SVC(C=3)])
    ['0.3', '1000', 'None', 'SVC']
    >>> value_texts([SVC(C=3), SVC(C=4), 1, "1", 0.1234567, 0.1234568])
    ['SVC(C=3)', 'SVC(C=4)', '1', "'1'", '0.1234567', '0.1234568']
    """
    identities = [identity(value) for value in values]
    distinct = {key: _to_python(value) for key, value in zip(identities, values)}
    texts = shorten(_number_duplicates(_distinct_texts(list(distinct.values()))), MAX_LENGTH)
    texts_by_identity = dict(zip(distinct, texts))
    return [texts_by_identity[key] for key in identities]


def difference_columns(mappings):
    """Return texts of the entries that differ between mappings.

    Parameters
    ----------
    mappings : list of dict

    Returns
    -------
    columns : dict of list of str of length n_mappings
        By key, the text of its value in each mapping; "" if it has no such key.

    Examples
    --------
    >>> from sklearn_softmax._value_texts import difference_columns
    >>> difference_columns([{"lr": 1, "size": 20}, {"lr": 2, "size": 20}, {"size": 20}])
    {'lr': ['1', '2', '']}
    """
    columns = {}
    for key in dict.fromkeys(key for mapping in mappings for key in mapping):
        texts = iter(value_texts([mapping[key] for mapping in mappings if key in mapping]))
        columns[key] = [next(texts) if key in mapping else "" for mapping in mappings]
    return {key: column for key, column in columns.items() if len(set(column)) > 1}


def shorten(texts, length):
    """Shorten texts to a length, such that different ones stay different.

    Parameters
    ----------
    texts : list of str
    length : int

    Returns
    -------
    texts : list of str
        Numbers with fewer digits; start and end of other long texts or, if these are equal,
        the characters around the first difference, or a number.

    Examples
    --------
    >>> from sklearn_softmax._value_texts import shorten
    >>> shorten(["text", "a long text", "a long word, and a text", "0.000123456"], 9)
    ['text', '…g text', '…g word,…', '0.0001235']
    """
    distinct = list(dict.fromkeys(texts))
    length = max(1, length)
    short = [_truncate(text, length) for text in distinct]
    for group in _duplicates(short):
        difference = _common_prefix_length([distinct[i] for i in group])
        for i in group:
            if len(distinct[i]) > length:
                short[i] = _excerpt(distinct[i], difference, length)
    short_texts = dict(zip(distinct, _number_duplicates(short, length)))
    return [short_texts[text] for text in texts]


def _to_python(value):
    """Convert NumPy arrays and scalars to lists and Python scalars; return others unchanged."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _is_estimator(value):
    return hasattr(value, "get_params") and not isinstance(value, type)


def _entries(value):
    """Return the parameters of an estimator or the entries of a container, otherwise None."""
    if _is_estimator(value):
        return value.get_params(deep=False)
    if isinstance(value, Mapping):
        return value
    return dict(enumerate(value)) if isinstance(value, (list, tuple)) else None


def _text(value):
    """Return the text of a value, the class name of an estimator."""
    value = _to_python(value)
    if isinstance(value, float):
        return f"{value:g}"
    if _is_estimator(value):
        return type(value).__name__
    entries = _entries(value)
    if entries is not None:
        return _join_entries(value, {key: _text(entry) for key, entry in entries.items()})
    return _one_line(getattr(value, "__name__", str(value))) or repr(value)


def _one_line(text):
    """Return a text without line breaks and memory addresses."""
    text = text if text.isprintable() else " ".join(text.split())
    return re.sub(" at 0x[0-9a-fA-F]+", "", text.strip())


def _join_entries(value, texts):
    """Return the text of an estimator or a container from the texts of some of its entries."""
    if _is_estimator(value):
        return f"{type(value).__name__}({', '.join(f'{key}={texts[key]}' for key in texts)})"
    is_mapping = isinstance(value, Mapping)
    prefixes = {key: f"{_to_python(key)!r}: " if is_mapping else "" for key in texts}
    parts = [prefixes[key] + texts[key] if key in texts else "…" for key in _entries(value)]
    joined = re.sub("…(, …)+", "…", ", ".join(parts))
    if isinstance(value, tuple):
        return f"({joined},)" if len(value) == 1 else f"({joined})"
    return f"{{{joined}}}" if is_mapping else f"[{joined}]"


def _distinct_texts(values):
    """Return texts of different values that show how their contents differ."""
    texts = list(map(_text, values))
    keys = [
        type(value) if len(text) > MAX_LENGTH and _entries(value) is not None else text
        for value, text in zip(values, texts)
    ]
    for group in _duplicates(keys):
        group_values = [values[i] for i in group]
        alternatives = (
            _difference_texts(group_values),
            [_one_line(repr(value)) for value in group_values],
        )
        best = max(alternatives, key=lambda alternative: len(set(alternative)))
        for i, text in zip(group, best):
            texts[i] = text
    return texts


def _difference_texts(values):
    """Return the digits of numbers or the entries that distinguish values."""
    types = set(map(type, values))
    if types == {float}:
        rounded = ([f"{value:.{digits}g}" for value in values] for digits in range(7, 18))
        return next(texts for texts in rounded if len(set(texts)) == len(texts))
    if len(types) > 1 or _entries(values[0]) is None:
        return list(map(_text, values))
    entries = list(map(_entries, values))
    columns = difference_columns(entries)
    return [
        _join_entries(
            value, {key: column[i] for key, column in columns.items() if key in entries[i]}
        )
        for i, value in enumerate(values)
    ]


def _duplicates(keys):
    """Return the indices of every key that occurs more than once."""
    indices = defaultdict(list)
    for i, key in enumerate(keys):
        indices[key].append(i)
    return [group for group in indices.values() if len(group) > 1]


def _common_prefix_length(texts):
    first, last = min(texts), max(texts)
    return next((i for i, pair in enumerate(zip(first, last)) if len(set(pair)) > 1), len(first))


def _truncate(text, length):
    """Return a number with fewer digits, or the first two thirds and the end of another text."""
    if len(text) <= length:
        return text
    with suppress(ValueError, StopIteration):
        rounded = (f"{float(text):.{digits}g}" for digits in range(17, 1, -1))
        return next(number for number in rounded if len(number) <= length)
    n_first = 2 * (length - 1) // 3
    return f"{text[:n_first]}…{text[n_first + len(text) - length + 1 :]}"


def _excerpt(text, start, length):
    """Return characters of a text from an index on, and a few before it."""
    if length < 3:
        return text[start : start + length]
    start = max(0, start - (length - 3) // 3)
    excerpt = "…"[:start] + text[start:]
    return excerpt if len(excerpt) <= length else f"{excerpt[: length - 1]}…"


def _number_duplicates(texts, length=sys.maxsize):
    """Append numbers to texts that occurred before."""
    numbered = {}
    for text in texts:
        unique, number = text, 1
        while unique in numbered:
            number += 1
            suffix = f" ({number})"
            unique = (text[: max(0, length - len(suffix))] + suffix).lstrip()
        numbered[unique] = None
    return list(numbered)
