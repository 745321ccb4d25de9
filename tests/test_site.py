"""The package and its site know of each other."""

import re
from pathlib import Path

import sklearn_softmax
from tests.test_layering import PACKAGES

ROOT = Path(__file__).parents[1]
PUBLIC = {name: getattr(sklearn_softmax, name) for name in sklearn_softmax.__all__}


def pages_of_the_api():
    """Pages that autosummary makes, by its naming scheme, of the names that are listed."""
    listed = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (module,) = re.findall(r"currentmodule:: (\S+)", listed)
    pages = set()
    for folder, names in re.findall(r":toctree: (\S+)\n(?:   :.*\n)*\n((?:   \w+\n)+)", listed):
        pages |= {f"{folder}/{module}.{name}" for name in names.split()}
    return pages


def test_every_public_name_has_a_page():
    pages = {page.split(".")[-1] for page in pages_of_the_api()}
    assert pages == PUBLIC.keys() - {"__version__"}


def test_every_package_is_drawn():
    drawing = (ROOT / "docs" / "drawings" / "modules.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r'class="name".*>(\w+)<', drawing))
    assert drawn == PACKAGES.keys() - {"_typing", "_value_texts", "_versions", "_warnings"}
