"""Where the documentation of the package is."""

SITE = "https://sklearn-softmax.readthedocs.io/en/stable"


class DocumentationLinkMixin:
    """Has the HTML representation of an estimator link to its page of the API reference."""

    _doc_link_module = "sklearn_softmax"
    _doc_link_template = SITE + "/api/sklearn_softmax.{estimator_name}.html"
