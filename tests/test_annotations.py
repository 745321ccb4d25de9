"""Public signatures are annotated, for type checkers and code completion."""

import inspect
from importlib.resources import files

import pytest

import sklearn_softmax

PUBLIC = [getattr(sklearn_softmax, name) for name in sklearn_softmax.__all__ if name[0] != "_"]


def public_functions(public):
    """Return a function, or the constructor and public methods of a class of this package."""
    if not inspect.isclass(public):
        return [public]
    methods = dict(
        inspect.getmembers(public, lambda it: inspect.isfunction(it) or inspect.ismethod(it))
    )
    names = [name for name in methods if name == "__init__" or name[0] != "_"]
    return [methods[n] for n in names if methods[n].__module__.startswith("sklearn_softmax.")]


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_every_parameter_and_result_is_annotated(public):
    functions = public_functions(public)
    assert functions
    for function in functions:
        signature = inspect.signature(function)
        parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
        missing = [p.name for p in parameters if p.annotation is p.empty]
        assert not missing, (function.__qualname__, missing)
        assert signature.return_annotation is not signature.empty, function.__qualname__


def test_the_package_has_a_marker_for_type_checkers():
    assert (files("sklearn_softmax") / "py.typed").is_file()
