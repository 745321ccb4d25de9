"""Configurations, which are dicts of parameters: what tells them apart, in readable text."""

from math import isfinite
from numbers import Real

import numpy as np

from sklearn_softmax._value_texts import (
    MAX_LENGTH,
    differing,
    shortened,
    value_texts,
)


def text_columns(configurations):
    """Return the parameters that tell configurations apart, as texts.

    Parameters
    ----------
    configurations : list of dict
        Parameters and their values; a configuration may lack some.

    Returns
    -------
    columns : dict of list of str of length n_configurations
        Texts of each parameter whose value is not the same everywhere, "" where it is
        lacking; by its name without the steps of a pipeline where that leaves the names
        distinct.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import text_columns
    >>> text_columns([{"clf__lr": 1, "clf__seed": 0}, {"clf__lr": 2, "clf__seed": 0}])
    {'lr': ['1', '2']}
    """
    columns = differing(configurations)
    short = {name.rpartition("__")[2]: column for name, column in columns.items()}
    return short if len(short) == len(columns) else columns


def configuration_names(configurations):
    """Return a name of each configuration: the parameters that tell it from the others.

    Parameters
    ----------
    configurations : list of dict

    Returns
    -------
    names : list of str of length n_configurations
        Of a parameter with the name "", the value alone.

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
        The names, then the texts.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import text_columns, text_table
    >>> text_table(text_columns([{"lr": 0.1, "size": 20}, {"lr": 0.25, "size": 100}]))
    ['  lr  size', ' 0.1    20', '0.25   100']
    """
    cut = [shortened([name, *texts], max_width) for name, texts in columns.items()]
    widths = [max(map(len, column)) for column in cut]
    return ["  ".join(map(str.rjust, row, widths)) for row in zip(*cut)]


def full_name(name, configurations):
    """Return a parameter's name, from that or from its part after the last step of a pipeline.

    Parameters
    ----------
    name : str
    configurations : list of dict

    Returns
    -------
    full_name : str

    Raises
    ------
    ValueError
        If it does not name exactly one parameter.
    """
    known = {full for params in configurations for full in params}
    matching = [full for full in known if full.rpartition("__")[2] == name]
    if name in known or len(matching) == 1:
        return name if name in known else matching[0]
    raise ValueError(f"{name!r} is not one parameter of the search: it has {sorted(known)}.")


def indices_by_value(name, configurations):
    """Return the indices of the configurations with each value of a parameter.

    Parameters
    ----------
    name : str
    configurations : list of dict

    Returns
    -------
    indices : dict of str to list of int
        By the text of the value: numbers by size, others as they come.

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
    by_text = {}
    for _, text, index in ordered:
        by_text.setdefault(text, []).append(index)
    return by_text


def are_numbers(values):
    """Return whether all values are finite real numbers, truth values not among them.

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
