"""Escape initials at the beginning of a reference: ``N. Hinke`` is not an item of a list."""

import re

INITIAL = re.compile(r"^(\s*(?:\.\. \[[^\]]+\] )?)(?=[A-Z]\. )")


def escape_initials(app, what, name, obj, options, lines):
    """Escape the initials in the lines of a docstring, in place."""
    lines[:] = [INITIAL.sub(r"\1\\", line) for line in lines]


def setup(app):
    """Register the function, to run after numpydoc has labelled the references."""
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("autodoc-process-docstring", escape_initials, priority=900)
    return {"parallel_read_safe": True}
