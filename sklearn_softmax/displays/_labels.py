"""Readable names of configurations: what tells them apart, and nothing else."""

from textwrap import shorten


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
    >>> from sklearn_softmax.displays._labels import varying
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
    >>> from sklearn_softmax.displays._labels import value_text
    >>> [value_text(value) for value in (0.1 + 0.2, 1000, None, SVC(C=3))]
    ['0.3', '1000', 'None', 'SVC']
    """
    if isinstance(value, float):
        return f"{value:g}"
    if hasattr(value, "get_params"):
        return type(value).__name__
    return shorten(str(value), 24, placeholder="…")
