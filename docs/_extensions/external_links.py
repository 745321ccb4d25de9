"""Link to scikit-learn's site, and remove style sheets that a page would load from other hosts.

The links follow the naming scheme of that site, so the build needs no network.
"""

import re

from docutils import nodes

SITE = "https://scikit-learn.org/stable"
SECTIONS = {
    "accuracy_score": "modules/model_evaluation.html#accuracy-score",
    "metadata_routing": "metadata_routing.html",
}
# Matplotlib's animations load an icon font, which the theme already contains.
EXTERNAL_STYLE_SHEET = re.compile(r'<link rel="stylesheet"\s+href="https://[^"]+">')


def page_address(domain, kind, target):
    """Return the page of scikit-learn's site that documents a name, or None."""
    if domain == "py" and target.startswith("sklearn."):
        return f"modules/generated/{target}.html"
    if (domain, kind) == ("std", "term"):
        return f"glossary.html#term-{target}"
    return SECTIONS.get(target) if domain == "std" else None


def resolve_reference(app, env, node, contnode):
    """Return a link for a name that this site does not document, or None."""
    page = page_address(node.get("refdomain"), node["reftype"], node["reftarget"])
    if page is None:
        return None
    return nodes.reference("", "", contnode, internal=False, refuri=f"{SITE}/{page}")


def remove_external_style_sheets(app, docname, source):
    """Remove the style sheets of other hosts from a page, before it is parsed."""
    source[0] = EXTERNAL_STYLE_SHEET.sub("", source[0])


def setup(app):
    """Register both with Sphinx."""
    app.connect("source-read", remove_external_style_sheets)
    app.connect("missing-reference", resolve_reference)
    return {"parallel_read_safe": True}
