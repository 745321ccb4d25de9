"""The files of the repository agree, and only those that belong there are committed."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import sklearn_softmax

ROOT = Path(__file__).parents[1]
ROOT_NAMES = {
    *(".ci", ".github", ".gitignore", ".pre-commit-config.yaml", ".readthedocs.yaml", "benchmarks"),
    *("CHANGELOG.md", "CITATION.cff", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "docs", "examples"),
    *("LICENSE", "MANIFEST.in", "pyproject.toml", "README.md", "SECURITY.md", "setup.cfg"),
    *("sklearn_softmax", "tests"),
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def versions(requirements, operator):
    """Return the version of each package that has one with this operator."""
    pairs = (line.split(operator) for line in requirements if operator in line)
    return {name.strip(): version.strip() for name, version in pairs}


def test_oldest_versions_tested_are_the_oldest_allowed():
    allowed = versions(PROJECT["dependencies"], ">=")
    tested = versions(read(".ci/oldest.txt").splitlines(), "==")
    expected = {name: f"{version}.0" for name, version in allowed.items()}
    assert {name: tested.get(name) for name in allowed} == expected


def test_hooks_and_extra_have_the_same_versions_of_linters():
    extra = PROJECT["optional-dependencies"]["lint"]
    assert set(re.findall(r"[\w-]+==[\d.]+", read(".pre-commit-config.yaml"))) == set(extra)


def test_citation_has_the_version_of_the_package():
    assert f"\nversion: {sklearn_softmax.__version__}\n" in read("CITATION.cff")


def test_python_versions_tested_are_those_in_the_metadata():
    (tested,) = re.findall(r"python: \[(.+)\]", read(".github/workflows/ci.yml"))
    listed = [name for name in PROJECT["classifiers"] if ":: 3." in name]
    assert listed == [
        f"Programming Language :: Python :: {v}" for v in re.findall(r"[\d.]+", tested)
    ]
    assert PROJECT["requires-python"] == f">={listed[0].split()[-1]}"


def test_no_file_has_an_invented_address_of_the_project():
    names = ["*.md", "*.cff", "*.toml", ".*.yaml", ".ci/*", ".github/**/*.yml"]
    names += ["docs/**/*.md", "docs/*.py", "examples/*", "sklearn_softmax/**/*.py"]
    files = {path for name in names for path in ROOT.glob(name) if path.is_file()}
    invented = re.compile(r"(?:https?://\S*|pip install .*)sklearn.softmax")
    found = {path.name: invented.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: addresses for name, addresses in found.items() if addresses} == {}


def test_only_known_files_are_committed_at_the_root():
    if not (ROOT / ".git").exists():
        pytest.skip("needs a clone of the repository")
    command = ["git", "ls-files"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert {Path(name).parts[0] for name in listing.stdout.splitlines()} == ROOT_NAMES
