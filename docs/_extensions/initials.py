"""Initials that begin a reference: ``N. Hinke`` is a name, and not an item of a list."""

import re

INITIAL = re.compile(r"^(\s*(?:\.\. \[[^\]]+\] )?)(?=[A-Z]\. )")


def escape_initials(app, what, name, thing, options, lines):
    """Tell Sphinx that an initial is text."""
    lines[:] = [INITIAL.sub(r"\1\\", line) for line in lines]


def setup(app):
    """Register the escape, after numpydoc has named the references."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", escape_initials, priority=900)
    return {"parallel_read_safe": True}
