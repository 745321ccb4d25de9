"""What is elsewhere: links to scikit-learn's site, and nothing that a page would load from afar.

The links are made by the naming scheme of that site, so that the build needs no network.
"""

import re

from docutils import nodes

SITE = "https://scikit-learn.org/stable"
SECTIONS = {
    "accuracy_score": "modules/model_evaluation.html#accuracy-score",
    "metadata_routing": "metadata_routing.html",
}
# Of Matplotlib's animations, which find their symbols in the theme too.
STYLE_SHEET_FROM_AFAR = re.compile(r'<link rel="stylesheet"\s+href="https://[^"]+">')


def page_of(domain, kind, target):
    """What a name of scikit-learn's stands for on its site, or None."""
    if domain == "py" and target.startswith("sklearn."):
        return f"modules/generated/{target}.html"
    if (domain, kind) == ("std", "term"):
        return f"glossary.html#term-{target}"
    return SECTIONS.get(target) if domain == "std" else None


def link_elsewhere(app, env, node, contnode):
    """The link for a name that is not documented here."""
    page = page_of(node.get("refdomain"), node["reftype"], node["reftarget"])
    if page is None:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=f"{SITE}/{page}")


def drop_style_sheets(app, docname, source):
    """Leave out what a page would load from another host."""
    source[0] = STYLE_SHEET_FROM_AFAR.sub("", source[0])


def setup(app):
    """Have Sphinx ask for the links, and show every page before it is read."""
    app.connect("source-read", drop_style_sheets)
    app.connect("missing-reference", link_elsewhere)
    return {"parallel_read_safe": True}
