"""Published figures next to the reproduced ones."""

from benchmarks.reports import _markdown

# Data sets of the original reports.
TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


def are_comparable(dataset):
    """Return whether the published figures are for the same data."""
    return dataset.name in TITLES


def explanation(dataset, original="mnist"):
    """Return the sentence that explains where the published figures are.

    Parameters
    ----------
    dataset : Dataset
    original : str, default="mnist"
        Name of the data set of the published figures.

    Returns
    -------
    text : str
    """
    if are_comparable(dataset):
        return "Columns and rows headed *published* contain the figures of the original report."
    return (
        f"The published figures are for {TITLES[original]} and not comparable, so they are "
        f"omitted; `--data {original}` adds them."
    )


def table(dataset, header, rows):
    """Return a table, without its columns headed *published* if they are not comparable.

    Parameters
    ----------
    dataset : Dataset
    header : list of str
    rows : iterable of sequences

    Returns
    -------
    markdown : str
    """
    kept = [
        i
        for i, name in enumerate(header)
        if are_comparable(dataset) or "published" not in name.lower()
    ]
    return _markdown.table([header[i] for i in kept], ([row[i] for i in kept] for row in rows))
