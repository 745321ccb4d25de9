"""Published figures, beside the ones found."""

from benchmarks.reports import _markdown

# Data sets of the original reports; each of them is on one.
TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


def are_comparable(dataset):
    """Whether the original report's figures are for the same data.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    are_comparable : bool
    """
    return dataset.name in TITLES


def explanation(dataset, original="mnist"):
    """What the reader is to know about the original report's figures.

    Parameters
    ----------
    dataset : Dataset
    original : str, default="mnist"
        Name of the data set that they are for.

    Returns
    -------
    text : str
    """
    if are_comparable(dataset):
        return "Columns and rows headed *published* hold the figures of the original report."
    return (
        f"The published figures are for {TITLES[original]} and not comparable, so they are left "
        f"out; `--data {original}` shows them beside the ones found."
    )


def beside(found, published):
    """Values found, each followed by the published one.

    Parameters
    ----------
    found, published : iterable

    Returns
    -------
    values : list

    Examples
    --------
    >>> from benchmarks.reports._published import beside
    >>> beside([0.98, 0.97], [0.99, 0.96])
    [0.98, 0.99, 0.97, 0.96]
    """
    return [value for pair in zip(found, published) for value in pair]


def table(dataset, header, rows):
    """A table, without its columns headed *published* where they are not comparable.

    Parameters
    ----------
    dataset : Dataset
    header : list of str
    rows : iterable of sequences

    Returns
    -------
    markdown : str
    """
    if are_comparable(dataset):
        return _markdown.table(header, rows)
    kept = [column for column, name in enumerate(header) if "published" not in name.lower()]
    return _markdown.table(
        [header[column] for column in kept], ([row[column] for column in kept] for row in rows)
    )
