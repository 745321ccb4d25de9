"""Everything public is annotated, for type checkers and for those who complete code."""

import inspect
from importlib.resources import files

import pytest

import sklearn_softmax

PUBLIC = [getattr(sklearn_softmax, name) for name in sklearn_softmax.__all__ if name[0] != "_"]


def functions_of(public):
    """A function, or the constructor and the public methods of a class that are written here."""
    if not inspect.isclass(public):
        return [public]
    written = {
        name: member
        for base in reversed(public.__mro__)
        if base.__module__.startswith("sklearn_softmax.")
        for name, member in vars(base).items()
        if name == "__init__" or name[0] != "_"
    }
    methods = [getattr(member, "__func__", member) for member in written.values()]
    return [method for method in methods if inspect.isfunction(method)]


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_signatures_are_complete(public):
    functions = functions_of(public)
    assert functions
    for function in functions:
        signature = inspect.signature(function)
        parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
        missing = [p.name for p in parameters if p.annotation is p.empty]
        assert not missing, (function.__qualname__, missing)
        assert signature.return_annotation is not signature.empty, function.__qualname__


def test_type_checkers_are_told_of_them():
    assert (files("sklearn_softmax") / "py.typed").is_file()
