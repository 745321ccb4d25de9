"""Imports between packages and modules point down only."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sklearn_softmax

ROOT = Path(sklearn_softmax.__file__).parent

# Packages and modules of the root, with those that each may import besides itself.
PACKAGES = {
    "_typing": set(),
    "_warnings": set(),
    "_value_texts": set(),
    "_versions": {"_warnings"},
    "_model": set(),
    "_training": {"_model", "_warnings"},
    "estimators": {"_model", "_training", "_typing", "_versions", "_warnings"},
    "model_selection": {
        *("_model", "_training", "_typing", "_value_texts", "_versions", "_warnings"),
        "estimators",
    },
    "displays": {"_typing", "_value_texts"},
    "callbacks": {"_model", "_typing", "displays", "estimators"},
    "export": {"estimators"},
    "gradients": {"_model", "_training", "_typing", "estimators"},
}
# Modules of the two lower packages, with those of the same package that each may import.
MODULES = {
    "_model": {
        "floating_point": set(),
        "losses": set(),
        "activations": set(),
        "parameters": set(),
        "dropout": set(),
        "network": {"activations", "parameters"},
        "objective": {"dropout", "network"},
    },
    "_training": {
        "rows": set(),
        "hyperparameters": set(),
        "state": set(),
        "stopping": {"state"},
        "scaling": {"state"},
        "optimizers": {"state"},
        "schedule_free": {"optimizers", "scaling", "state"},
        "evaluate": set(),
        "chance": set(),
        "mini_batch": set(),
        "online": {"mini_batch", "schedule_free"},
        "epochs": set(),
        "lbfgs": {"epochs", "evaluate"},
        "run": {"chance", "evaluate", "state", "stopping"},
    },
}
# Libraries of the two lower packages; of scikit-learn, public modules only.
LIBRARIES = {
    "_model": {"numpy", "scipy"},
    "_training": {"numpy", "scipy", "sklearn"},
}
# Private modules of scikit-learn that it offers to third parties.
PRIVATE_BUT_OFFERED = {"sklearn.utils._param_validation"}
NOT_NEEDED = {"threading", "queue", "contextvars", "benchmarks", "tests"}


def imports_of(path):
    """Return the full names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
    return names


def packages_imported(path):
    """Return the packages and modules of the root that a file imports from."""
    names = [name.split(".") for name in imports_of(path) if name.startswith(ROOT.name + ".")]
    return {name[1] for name in names}


def files_of(package):
    """Return the files of a package, or of a single module of the root."""
    module = ROOT / f"{package}.py"
    return [module] if module.exists() else list((ROOT / package).glob("*.py"))


def test_every_package_is_listed():
    packages = {
        path.parent.name if path.parent != ROOT else path.stem for path in ROOT.rglob("*.py")
    }
    assert packages - {"__init__"} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_lower_ones(package):
    assert files_of(package)
    for path in files_of(package):
        assert packages_imported(path) <= PACKAGES[package] | {package}, path
        assert ROOT.name not in imports_of(path), path


@pytest.mark.parametrize("order", [PACKAGES, *MODULES.values()], ids=["packages", *MODULES])
def test_the_listed_imports_have_no_cycle(order):
    TopologicalSorter(order).prepare()


@pytest.mark.parametrize("package", MODULES)
def test_modules_import_only_lower_ones(package):
    modules = {path.stem: path for path in files_of(package)}
    assert modules.keys() - {"__init__"} == MODULES[package].keys()
    for module, allowed in MODULES[package].items():
        prefix = f"{ROOT.name}.{package}."
        names = {name for name in imports_of(modules[module]) if name.startswith(prefix)}
        assert {name.removeprefix(prefix) for name in names} <= allowed, module


@pytest.mark.parametrize("package", LIBRARIES)
def test_lower_packages_use_few_libraries(package):
    for path in files_of(package):
        libraries = {name.split(".")[0] for name in imports_of(path)} - {ROOT.name}
        assert libraries - sys.stdlib_module_names <= LIBRARIES[package], path


def test_only_one_file_imports_the_callbacks_of_scikit_learn():
    importing = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if any(name.startswith("sklearn.callback") for name in imports_of(path))
    ]
    assert importing == ["estimators/_callbacks.py"]


def test_only_one_file_imports_private_modules_of_scikit_learn():
    for path in ROOT.rglob("*.py"):
        private = {n for n in imports_of(path) if n.startswith("sklearn.") and "._" in n}
        is_allowed = path.relative_to(ROOT).as_posix() == "model_selection/_scikit_learn.py"
        assert is_allowed or private <= PRIVATE_BUT_OFFERED, (path, private)


def test_the_import_loads_few_modules_besides_those_of_scikit_learn():
    """In particular, matplotlib is imported for the first figure only."""
    code = """
import sys, sklearn.linear_model
before = set(sys.modules)
import sklearn_softmax
print(*(set(sys.modules) - before))
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    packages = {tuple(name.split(".")[:2]) for name in run.stdout.split()}
    others = {name for name in packages if name[0] not in sys.stdlib_module_names | {ROOT.name}}
    assert others <= {("sklearn", "pipeline"), ("sklearn", "utils")}


def test_benchmarks_tests_and_threads_are_never_needed():
    for path in ROOT.rglob("*.py"):
        names = {name.split(".")[0] for name in imports_of(path)}
        assert not names & NOT_NEEDED, path
