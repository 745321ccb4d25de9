"""Configurations (dicts of parameters) as text: the parameters that differ between them."""

from math import isfinite
from numbers import Real

import numpy as np

from sklearn_softmax._value_texts import (
    MAX_LENGTH,
    difference_columns,
    shorten,
    value_texts,
)


def text_columns(configurations):
    """Return texts of the parameters that differ between configurations.

    Parameters
    ----------
    configurations : list of dict
        Values by parameter; not every configuration needs all parameters.

    Returns
    -------
    columns : dict of list of str of length n_configurations
        By the name of each parameter that differs, its texts; "" if a configuration has
        no such parameter. Names omit the steps of a pipeline if they stay distinct.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import text_columns
    >>> text_columns([{"clf__lr": 1, "clf__seed": 0}, {"clf__lr": 2, "clf__seed": 0}])
    {'lr': ['1', '2']}
    """
    columns = difference_columns(configurations)
    short = {name.rpartition("__")[2]: column for name, column in columns.items()}
    return short if len(short) == len(columns) else columns


def configuration_names(configurations):
    """Return a name for each configuration: the parameters that distinguish it.

    Parameters
    ----------
    configurations : list of dict

    Returns
    -------
    names : list of str of length n_configurations
        A parameter called "" is named by its value alone.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import configuration_names
    >>> configuration_names([{"lr": 0.1, "size": 20}, {"lr": 0.25, "size": 20}, {"size": 20}])
    ['lr=0.1', 'lr=0.25', '']
    """
    columns = text_columns(configurations)
    return [
        ", ".join(f"{name}={c[i]}" if name else c[i] for name, c in columns.items() if c[i])
        for i in range(len(configurations))
    ]


def text_table(columns, max_width=MAX_LENGTH):
    """Return the rows of a table.

    Parameters
    ----------
    columns : dict of str to list of str
        Texts of each column, by its name.
    max_width : int, default=MAX_LENGTH
        Most characters of a column.

    Returns
    -------
    rows : list of str
        The header, then one row per configuration.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import text_columns, text_table
    >>> text_table(text_columns([{"lr": 0.1, "size": 20}, {"lr": 0.25, "size": 100}]))
    ['  lr  size', ' 0.1    20', '0.25   100']
    """
    cut = [shorten([name, *texts], max_width) for name, texts in columns.items()]
    widths = [max(map(len, column)) for column in cut]
    return ["  ".join(map(str.rjust, row, widths)) for row in zip(*cut)]


def full_name(name, configurations):
    """Return the full name of a parameter, which may be named without its pipeline step.

    Parameters
    ----------
    name : str
        Full, or only what follows the last step of a pipeline.
    configurations : list of dict

    Returns
    -------
    full_name : str

    Raises
    ------
    ValueError
        If it does not name exactly one parameter.
    """
    full_names = {full for params in configurations for full in params}
    matches = [full for full in full_names if full.rpartition("__")[2] == name]
    if name in full_names:
        return name
    if len(matches) == 1:
        return matches[0]
    raise ValueError(
        f"{name!r} does not name one parameter of the search, which has {sorted(full_names)}."
    )


def indices_by_value(name, configurations):
    """Return the indices of the configurations with each value of a parameter.

    Parameters
    ----------
    name : str
    configurations : list of dict

    Returns
    -------
    indices : dict of str to list of int
        By the text of the value: numbers in increasing order, others in order of occurrence.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import indices_by_value
    >>> indices_by_value("lr", [{"lr": 1.0}, {"lr": 0.5}, {"size": 3}, {"lr": 1.0}])
    {'0.5': [1], '1': [0, 3]}
    """
    indices = [i for i, params in enumerate(configurations) if name in params]
    values = [configurations[i][name] for i in indices]
    ordered = list(zip(values, value_texts(values), indices))
    if are_numbers(values):
        ordered.sort(key=lambda item: item[0])
    indices_by_text = {}
    for _, text, index in ordered:
        indices_by_text.setdefault(text, []).append(index)
    return indices_by_text


def are_numbers(values):
    """Return whether all values are finite real numbers, not bools.

    Parameters
    ----------
    values : iterable

    Returns
    -------
    are_numbers : bool
    """
    return all(
        isinstance(v, Real) and not isinstance(v, (bool, np.bool)) and isfinite(v) for v in values
    )
