"""Texts of the parameters in which the groups of a plan differ."""

from collections import defaultdict

from sklearn_softmax._value_texts import value_texts


def parameter_texts(groups):
    """Return one text per group, with the parameters that its candidates share.

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
    texts = {name: iter(value_texts(group_values)) for name, group_values in values.items()}
    return [", ".join(f"{name}={next(texts[name])}" for name in group.shared) for group in groups]
