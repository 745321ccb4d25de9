"""Tables, figures and files in Markdown."""

from benchmarks import _files


def table(header, rows):
    """A table: the first column to the left, the others to the right.

    Parameters
    ----------
    header : list of str
    rows : iterable of sequences
        Floats are shown with four decimals, None as a dash.

    Returns
    -------
    markdown : str

    Examples
    --------
    >>> from benchmarks.reports._markdown import table
    >>> print(table(["Class", "Recall"], [[0, 0.98765], [1, None]]))
    | Class | Recall |
    | :-- | --: |
    | 0 | 0.9877 |
    | 1 | - |
    """
    alignment = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(_line(cells) for cells in (header, alignment, *rows))


def _line(cells):
    return f"| {' | '.join(map(_text, cells))} |"


def _text(cell):
    if cell is None:
        return "-"
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def image(path, text):
    """An image that lies beside the Markdown file.

    Parameters
    ----------
    path : Path
    text : str
        What stands in for the image where it cannot be shown.

    Returns
    -------
    markdown : str
    """
    return f"![{text}]({path.name})"


def write(path, blocks):
    """Write blocks to a file, an empty line between them.

    Parameters
    ----------
    path : Path
    blocks : iterable of str
    """
    with _files.naming(path):
        path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
