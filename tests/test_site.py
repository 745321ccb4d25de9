"""Public names and modules appear on the site."""

import re
from pathlib import Path

import sklearn_softmax
from tests.test_layering import PACKAGES

DOCS = Path(__file__).parents[1] / "docs"


def test_api_reference_lists_every_public_name():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    lists = re.findall(r"autosummary::\n(?:   :.*\n)*\n((?:   \w+\n)+)", page)
    assert set(" ".join(lists).split()) == set(sklearn_softmax.__all__) - {"__version__"}


def test_drawing_of_modules_shows_every_package():
    drawing = (DOCS / "drawings" / "modules.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r'class="name".*>(\w+)<', drawing))
    assert drawn == PACKAGES.keys() - {"_typing", "_value_texts", "_versions", "_warnings"}
