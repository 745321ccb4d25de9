"""Imports point only to lower packages and modules."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import sklearn_softmax

ROOT = Path(sklearn_softmax.__file__).parent

# Packages and modules of the root, then modules of the two lower packages, with those that each may
# import besides itself.
PACKAGES = {
    **dict.fromkeys(("_typing", "_warnings", "_value_texts", "_model"), frozenset()),
    "_versions": {"_warnings"},
    "_training": {"_model", "_warnings"},
    "estimators": {"_model", "_training", "_typing", "_versions", "_warnings"},
    "displays": {"_typing", "_value_texts"},
    "callbacks": {"_model", "_typing", "displays", "estimators"},
    "export": {"estimators"},
    "gradients": {"_model", "_training", "_typing", "estimators"},
}
PACKAGES["model_selection"] = {"_value_texts", "estimators", *PACKAGES["estimators"]}
MODULES = {
    "_model": {
        **dict.fromkeys(("activations", "dropout", "floating_point"), frozenset()),
        **dict.fromkeys(("losses", "parameters"), frozenset()),
        "network": {"activations", "parameters"},
        "objective": {"dropout", "network"},
    },
    "_training": {
        **dict.fromkeys(("chance", "epochs", "evaluate", "hyperparameters"), frozenset()),
        **dict.fromkeys(("mini_batch", "rows", "state"), frozenset()),
        **dict.fromkeys(("optimizers", "scaling", "stopping"), frozenset({"state"})),
        "schedule_free": {"optimizers", "scaling", "state"},
        "online": {"mini_batch", "schedule_free"},
        "lbfgs": {"epochs", "evaluate"},
        "run": {"chance", "evaluate", "state", "stopping"},
    },
}
LEVELS = {"": PACKAGES, **MODULES}
levels = pytest.mark.parametrize("folder", LEVELS)
# Libraries of the two lower packages; of scikit-learn, public modules only.
LIBRARIES = {"_model": {"numpy", "scipy"}, "_training": {"numpy", "scipy", "sklearn"}}
# Private modules that scikit-learn offers to other packages.
OFFERED_MODULES = {"sklearn.utils._param_validation"}
FORBIDDEN = {"threading", "queue", "contextvars", "benchmarks", "tests"}


def read_imports(path):
    """Return the full names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
    return names


IMPORTS = {path: read_imports(path) for path in ROOT.rglob("*.py")}


@levels
def test_modules_import_only_lower_ones(folder):
    prefix, listed = f"{ROOT.name}.{folder}.".replace("..", "."), LEVELS[folder]
    modules = {"__init__": set()}
    for path in (ROOT / folder).rglob("*.py"):
        module = path.relative_to(ROOT / folder).parts[0].removesuffix(".py")
        names = {name for name in IMPORTS[path] if name.startswith(prefix)}
        imported = {name.removeprefix(prefix).split(".")[0] for name in names}
        modules[module] = modules.get(module, set()) | imported
    del modules["__init__"]
    assert modules.keys() == listed.keys()
    for module, imported in modules.items():
        assert imported <= listed[module] | {module}, module


@levels
def test_listed_imports_have_no_cycle(folder):
    TopologicalSorter(LEVELS[folder]).prepare()


@pytest.mark.parametrize("package", LIBRARIES)
def test_lower_packages_use_few_libraries(package):
    for path in (ROOT / package).glob("*.py"):
        libraries = {name.split(".")[0] for name in IMPORTS[path]} - {ROOT.name}
        assert libraries - sys.stdlib_module_names <= LIBRARIES[package], path


def test_only_one_file_imports_the_callbacks_of_scikit_learn():
    files = {path.name for path, names in IMPORTS.items() if "sklearn.callback" in " ".join(names)}
    assert files == {"_callbacks.py"}


def test_only_one_file_imports_private_modules_of_scikit_learn():
    for path, names in IMPORTS.items():
        private = {name for name in names if name.startswith("sklearn.") and "._" in name}
        is_allowed = path.relative_to(ROOT).as_posix() == "model_selection/_scikit_learn.py"
        assert is_allowed or private <= OFFERED_MODULES, (path, private)


def test_no_file_imports_the_whole_package_tests_or_threads():
    for path, names in IMPORTS.items():
        assert ROOT.name not in names, path
        assert not FORBIDDEN & {name.split(".")[0] for name in names}, path


def test_import_loads_few_modules_besides_those_of_scikit_learn():
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
