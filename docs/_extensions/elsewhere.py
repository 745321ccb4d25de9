"""Links to scikit-learn's site, by its naming scheme: the build needs no network."""

from docutils import nodes

SITE = "https://scikit-learn.org/stable"
SECTIONS = {
    "accuracy_score": "modules/model_evaluation.html#accuracy-score",
    "metadata_routing": "metadata_routing.html",
}


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


def setup(app):
    """Have Sphinx ask for these links."""
    app.connect("missing-reference", link_elsewhere)
    return {"parallel_read_safe": True}
