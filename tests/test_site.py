"""The package and its site know of each other."""

import re
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

import sklearn_softmax
from sklearn_softmax._site import SITE
from sklearn_softmax.model_selection._stack import Stack
from tests.test_layering import PACKAGES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PUBLIC = {name: getattr(sklearn_softmax, name) for name in sklearn_softmax.__all__}
SEARCHES = {name for name in PUBLIC if name.endswith("SearchCV")}
ESTIMATORS = sorted(
    name for name, it in PUBLIC.items() if isinstance(it, type) and issubclass(it, BaseEstimator)
)


def pages_of_the_api():
    """Pages that autosummary makes, by its naming scheme, of the names that are listed."""
    listed = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"currentmodule:: (\S+)", listed)
    pages = set()
    for folder, names in re.findall(r":toctree: (\S+)\n(?:   :.*\n)*\n((?:   \w+\n)+)", listed):
        pages |= {f"{folder}/{module}.{name}" for name in names.split()}
    return pages


def instance(name):
    """An estimator or a search."""
    if name not in SEARCHES:
        return PUBLIC[name]()
    return PUBLIC[name](sklearn_softmax.SoftmaxRegression(), {"lr": [0.1, 1.0]})


def test_the_address_is_that_of_the_project():
    assert PROJECT["urls"]["Documentation"] == SITE


def test_every_public_name_has_a_page():
    pages = {page.split(".")[-1] for page in pages_of_the_api()}
    assert pages == PUBLIC.keys() - {"__version__"}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_html_links_to_the_page(name):
    links = re.findall(rf'href="{SITE}/([^"#]+)\.html"', instance(name)._repr_html_())
    assert links[0].endswith(f".{name}")
    assert set(links) <= pages_of_the_api()


def test_html_of_a_pipeline_links_to_the_page_of_its_last_step():
    html = make_pipeline(sklearn_softmax.SoftmaxRegression())._repr_html_()
    assert f'href="{SITE}/api/sklearn_softmax.SoftmaxRegression.html"' in html


def test_what_is_no_public_estimator_links_to_no_page():
    class Mine(sklearn_softmax.SoftmaxRegression):
        pass

    assert SITE not in Mine()._repr_html_()
    assert SITE not in Stack([sklearn_softmax.SoftmaxRegression()])._get_doc_link()


def test_every_package_is_drawn():
    drawing = (ROOT / "docs" / "drawings" / "rooms.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r'class="name".*>(\w+)<', drawing))
    assert drawn == PACKAGES.keys() - {"_site", "_typing"}
