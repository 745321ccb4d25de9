"""Configurations, which are dicts of parameters: what tells them apart, in readable text."""

from numbers import Real
from textwrap import shorten

import numpy as np


def varying(configurations):
    """What tells configurations apart, with short names.

    Parameters
    ----------
    configurations : list of dict
        Parameters and their values; a configuration may lack some.

    Returns
    -------
    names : dict of str to str
        Short name of each parameter whose value is not the same everywhere: without
        the steps of a pipeline where that leaves them distinct.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import varying
    >>> varying([{"clf__lr": 1, "clf__seed": 0}, {"clf__lr": 2, "clf__seed": 0}])
    {'clf__lr': 'lr'}
    """
    names = dict.fromkeys(name for params in configurations for name in params)
    values = {
        name: {value_text(p[name]) if name in p else "" for p in configurations} for name in names
    }
    names = [name for name in names if len(values[name]) > 1]
    short = [name.rpartition("__")[2] for name in names]
    return dict(zip(names, short if len(set(short)) == len(short) else names))


def _texts(name, configurations):
    return {value_text(params[name]) if name in params else "" for params in configurations}


def value_text(value):
    """A value in a few characters.

    Parameters
    ----------
    value : object

    Returns
    -------
    text : str
        Six digits of a float, the class of an estimator, else its own text, shortened.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sklearn_softmax.displays._configurations import value_text
    >>> [value_text(value) for value in (0.1 + 0.2, 1000, None, SVC(C=3))]
    ['0.3', '1000', 'None', 'SVC']
    """
    if isinstance(value, float):
        return f"{value:g}"
    if hasattr(value, "get_params"):
        return type(value).__name__
    return shorten(str(value), 24, placeholder="…")


def text_table(configurations):
    """The parameters that tell configurations apart, in columns.

    Parameters
    ----------
    configurations : list of dict

    Returns
    -------
    rows : list of str of length 1 + n_configurations
        Names of the parameters, then the values of each configuration.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import text_table
    >>> text_table([{"lr": 0.1, "size": 20}, {"lr": 0.25, "size": 100}])
    ['  lr  size', ' 0.1    20', '0.25   100']
    """
    names = varying(configurations)
    values = [
        [value_text(params[name]) if name in params else "" for name in names]
        for params in configurations
    ]
    rows = [list(names.values()), *values]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(map(str.rjust, row, widths)) for row in rows]


def full_name(name, configurations):
    """A parameter's name, from that or from its part after the last step of a pipeline.

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


def values_of(name, configurations):
    """Values of a parameter: numbers by size, others as they come.

    Parameters
    ----------
    name : str
    configurations : list of dict

    Returns
    -------
    values : dict of str to object
        Each value by its text.

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import values_of
    >>> values_of("lr", [{"lr": 1.0}, {"lr": 0.5}, {"size": 3}, {"lr": 1.0}])
    {'0.5': 0.5, '1': 1.0}
    """
    values = {value_text(params[name]): params[name] for params in configurations if name in params}
    if are_numbers(values.values()):
        return dict(sorted(values.items(), key=lambda item: item[1]))
    return values


def are_numbers(values):
    """Whether all values are real numbers, truth values not among them.

    Parameters
    ----------
    values : iterable

    Returns
    -------
    are_numbers : bool
    """
    return all(isinstance(v, Real) and not isinstance(v, (bool, np.bool)) for v in values)


def having(values, configurations):
    """Indices of the configurations that have some values.

    Parameters
    ----------
    values : dict of str to str
        By the name of a parameter, the text of its value.
    configurations : list of dict

    Returns
    -------
    indices : list of int

    Examples
    --------
    >>> from sklearn_softmax.displays._configurations import having
    >>> having({"lr": "0.5"}, [{"lr": 1.0}, {"lr": 0.5}, {"size": 3}])
    [1]
    """
    return [
        index
        for index, params in enumerate(configurations)
        if all(name in params and value_text(params[name]) == v for name, v in values.items())
    ]
