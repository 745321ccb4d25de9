"""Markdown of the reports."""


def table(header, rows):
    """Return a table with its first column aligned left and the others right.

    Parameters
    ----------
    header : list of str
    rows : iterable of sequences
        Floats are formatted with four decimals, None as a dash.

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
    return "\n".join(f"| {' | '.join(map(_text, row))} |" for row in (header, alignment, *rows))


def _text(cell):
    """Format a cell."""
    if cell is None:
        return "-"
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def write(path, blocks):
    """Write blocks of Markdown to a file, separated by blank lines."""
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
