"""Imports point down only, whoever writes them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_softmax

ROOT = Path(sklearn_softmax.__file__).parent

# What each room may import from the package, beside itself.
ROOMS = {
    "_site": set(),
    "_model": set(),
    "_training": {"_model"},
    "_typing": set(),
    "estimators": {"_model", "_site", "_training", "_typing"},
    "model_selection": {"_model", "_site", "_training", "_typing", "estimators"},
    "displays": {"_typing"},
    "callbacks": {"_model", "_typing", "displays", "estimators"},
    "export": {"estimators"},
}
# What a module of the two lower rooms may import from its room.
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
        "optimizers": {"convergence"},
        "bold_driver": set(),
        "adaptive": {"bold_driver", "conditioning", "optimizers"},
        "anchor": {"curvature", "of_models"},
        "curvature": {"of_models"},
        "of_models": set(),
        "averaging": {"optimizers"},
        "conditioning": {"moments"},
        "convergence": set(),
        "patience": set(),
        "evaluate": set(),
        "mini_batch": set(),
        "online": set(),
        "newton": {"anchor", "convergence", "curvature", "optimizers"},
        "moments": set(),
        "epochs": set(),
        "run": {"averaging", "epochs", "evaluate", "mini_batch", "online"},
    },
}
# Libraries of the two lower rooms; of scikit-learn, public modules alone.
LIBRARIES = {
    "_model": {"numpy", "scipy"},
    "_training": {"numpy", "scipy", "sklearn"},
}
# Private modules of scikit-learn that it hands to third parties.
PRIVATE_BUT_OFFERED = {"sklearn.utils._param_validation"}
NOT_NEEDED = {"threading", "queue", "contextvars", "benchmarks", "tests"}


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


def rooms_imported(path):
    """Rooms of the package that a file imports from."""
    names = [name.split(".") for name in imports_of(path) if name.startswith(ROOT.name + ".")]
    return {name[1] for name in names}


def files_of(room):
    """The files of a room, which may be a single one."""
    return [ROOT / f"{room}.py"] if (ROOT / f"{room}.py").exists() else (ROOT / room).glob("*.py")


def test_every_room_is_listed():
    rooms = {path.parent.name if path.parent != ROOT else path.stem for path in ROOT.rglob("*.py")}
    assert rooms - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_lies_below(room):
    for path in files_of(room):
        assert rooms_imported(path) <= ROOMS[room] | {room}, path
        assert ROOT.name not in imports_of(path), path


@pytest.mark.parametrize("room", MODULES)
def test_modules_import_only_what_lies_below(room):
    modules = {path.stem: path for path in files_of(room)}
    assert modules.keys() - {"__init__"} == MODULES[room].keys()
    for module, allowed in MODULES[room].items():
        prefix = f"{ROOT.name}.{room}."
        names = {name for name in imports_of(modules[module]) if name.startswith(prefix)}
        assert {name.removeprefix(prefix) for name in names} <= allowed, module


@pytest.mark.parametrize("room", LIBRARIES)
def test_lower_rooms_use_few_libraries(room):
    for path in files_of(room):
        libraries = {name.split(".")[0] for name in imports_of(path)} - {ROOT.name}
        assert libraries - sys.stdlib_module_names <= LIBRARIES[room], path


def test_only_one_file_knows_the_callbacks():
    knowing = [
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        if any(name.startswith("sklearn.callback") for name in imports_of(path))
    ]
    assert knowing == ["estimators/_callbacks.py"]


def test_only_one_file_knows_the_private_parts_of_scikit_learn():
    for path in ROOT.rglob("*.py"):
        private = {n for n in imports_of(path) if n.startswith("sklearn.") and "._" in n}
        is_allowed = path.relative_to(ROOT).as_posix() == "model_selection/_scikit_learn.py"
        assert is_allowed or private <= PRIVATE_BUT_OFFERED, (path, private)


def test_the_import_needs_little_that_scikit_learn_has_not_imported():
    """No matplotlib, for one: whoever wants a figure waits for it then."""
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
