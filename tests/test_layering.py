"""Imports point down only, whoever writes them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_softmax

ROOT = Path(sklearn_softmax.__file__).parent

# What each module of the core may import from the package.
CORE = {
    "online_perceptron": set(),
    "products": {"small_kernels"},
    "dropout": set(),
    "losses": set(),
    "activations": set(),
    "threads": set(),
    "blas_threads": set(),
    "optimizers": set(),
    "stopping": set(),
    "rows": set(),
    "small_kernels": {"blas_threads"},
    "first_layer": {"blas_threads", "network", "products", "threads"},
    "training": {"blas_threads", "first_layer", "threads"},
    "network": {"activations", "products"},
    "objective": {"dropout", "network"},
    "sum_to_zero": {"network", "products"},
    "step_size": {"products"},
}
# Small utilities that the core may take from scikit-learn.
SKLEARN_IN_CORE = {
    "sklearn.utils._openmp_helpers",
    "sklearn.utils.extmath",
    "sklearn.utils.parallel",
}


def imports_of(path):
    """Full names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
    return names


def test_every_core_module_is_listed():
    assert {path.stem for path in ROOT.glob("*.py")} - {"__init__", "callbacks"} == set(CORE)


@pytest.mark.parametrize("module", CORE)
def test_core_imports_only_what_lies_below(module):
    names = imports_of(ROOT / f"{module}.py")
    own = {name.split(".")[1] for name in names if name.startswith("sklearn_softmax.")}
    assert own <= CORE[module]
    assert "sklearn_softmax" not in names
    sklearn = {name for name in names if name.split(".")[0] == "sklearn"}
    assert sklearn <= SKLEARN_IN_CORE


def test_only_one_file_knows_the_callbacks():
    knowing = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if any(name.startswith("sklearn.callback") for name in imports_of(path))
    ]
    assert knowing == ["estimators/_callbacks.py"]


def test_only_one_file_knows_the_private_parts_of_searches():
    for path in (ROOT / "model_selection").glob("*.py"):
        private = [
            name for name in imports_of(path) if "._" in name and name.startswith("sklearn.")
        ]
        assert not private or path.name == "_scikit_learn.py", (path, private)


# Each room may use those below it; all may use the core.
ABOVE = {
    "estimators": {"displays", "callbacks", "model_selection"},
    "displays": {"estimators", "callbacks", "model_selection"},
    "model_selection": {"displays", "callbacks"},
}


@pytest.mark.parametrize("room", ABOVE)
def test_rooms_import_only_what_lies_below(room):
    for path in (ROOT / room).glob("*.py"):
        own = {name.split(".")[1] for name in imports_of(path) if name.startswith(ROOT.name + ".")}
        assert not own & ABOVE[room], path


def test_matplotlib_is_imported_late():
    code = "import sys, sklearn_softmax; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_benchmarks_and_tests_are_never_needed():
    for path in ROOT.rglob("*.py"):
        names = {name.split(".")[0] for name in imports_of(path)}
        assert not names & {"benchmarks", "tests"}, path
