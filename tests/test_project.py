"""What has to be said in two files is the same in both."""

import re
import tomllib
from pathlib import Path

import sklearn_softmax

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def versions(requirements, operator):
    """Version of each package that requirements name with this operator."""
    pairs = (line.split(operator) for line in requirements if operator in line)
    return {name.strip(): version.strip() for name, version in pairs}


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed():
    allowed = versions(PROJECT["dependencies"], ">=")
    tested = versions(read(".ci/oldest.txt").splitlines(), "==")
    expected = {name: f"{version}.0" for name, version in allowed.items()}
    assert {name: tested.get(name) for name in allowed} == expected


def test_hooks_lint_with_the_versions_of_the_extra():
    extra = PROJECT["optional-dependencies"]["lint"]
    assert set(re.findall(r"[\w-]+==[\d.]+", read(".pre-commit-config.yaml"))) == set(extra)


def test_the_citation_is_of_this_version():
    assert f"\nversion: {sklearn_softmax.__version__}\n" in read("CITATION.cff")


def test_every_python_that_is_tested_is_listed():
    (tested,) = re.findall(r"python: \[(.+)\]", read(".github/workflows/ci.yml"))
    listed = [name for name in PROJECT["classifiers"] if ":: 3." in name]
    assert listed == [
        f"Programming Language :: Python :: {v}" for v in re.findall(r"[\d.]+", tested)
    ]
    assert PROJECT["requires-python"] == f">={listed[0].split()[-1]}"


def test_no_address_of_the_project_is_invented():
    names = ["*.md", "*.cff", "*.toml", ".*.yaml", ".ci/*", ".github/**/*.yml"]
    names += ["docs/**/*.md", "docs/*.py", "examples/*", "sklearn_softmax/**/*.py"]
    files = {path for name in names for path in ROOT.glob(name) if path.is_file()}
    invented = re.compile(r"(?:https?://\S*|pip install .*)sklearn.softmax")
    found = {path.name: invented.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: addresses for name, addresses in found.items() if addresses} == {}
