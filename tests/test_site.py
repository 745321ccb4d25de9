"""The site and CONTRIBUTING.md list all public names and modules."""

import re
from pathlib import Path

import sklearn_softmax
from tests.test_layering import PACKAGES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGE = Path(sklearn_softmax.__file__).parent


def test_api_reference_lists_every_public_name():
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    lists = re.findall(r"autosummary::\n(?:   :.*\n)*\n((?:   \w+\n)+)", page)
    assert set(" ".join(lists).split()) == set(sklearn_softmax.__all__) - {"__version__"}


def test_drawing_of_modules_shows_every_package():
    drawing = (DOCS / "drawings" / "modules.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r'class="name".*>(\w+)<', drawing))
    assert drawn == PACKAGES.keys() - {"_typing", "_value_texts", "_versions", "_warnings"}


def test_contributing_lists_every_module():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sections = re.findall(r"`sklearn_softmax/(\w*)/?`: .+\n\n((?:- .+\n)+)", text)
    listed = {
        (folder, name) for folder, lines in sections for name in re.findall(r"- `(\w+)`:", lines)
    }
    modules = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")}
    expected = {(path.parent.name, path.stem) for path in modules if path.stem != "__init__"}
    assert listed == expected
