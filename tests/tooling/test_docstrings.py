"""Docstrings name the parameters of the signature, in its order; public ones are complete."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import sklearn_rnn

validate = pytest.importorskip("numpydoc.validate").validate

# Of numpydoc's checks. PR: parameters, RT: what is returned, GL08: no docstring at all.
COMPLETE = {"GL08", "PR01", "PR02", "PR03", "PR04", "PR06", "PR07", "PR08", "PR10", "RT01", "RT03"}
CONSISTENT = {"PR01", "PR02", "PR03", "PR10"}


def modules():
    """Return the modules of the package, all but the one that runs when it is imported."""
    found = pkgutil.walk_packages(sklearn_rnn.__path__, "sklearn_rnn.")
    names = ["sklearn_rnn", *(module.name for module in found)]
    return [import_module(name) for name in names if not name.endswith("__main__")]


def is_of_skorch(member):
    """Return whether a method is one of skorch, which `methods_on_one_core` decorates."""
    return str(getattr(member, "__module__", "")).startswith("skorch.")


def with_methods(value):
    """Return the full names of a class or function, and of the methods that its package defines."""
    name = f"{value.__module__}.{value.__qualname__}"
    members = vars(value).items() if inspect.isclass(value) else ()
    methods = [
        key for key, member in members if inspect.isroutine(member) and not is_of_skorch(member)
    ]
    return [name, *(f"{name}.{method}" for method in methods if not method.startswith("__"))]


def faults(name, checks):
    """Return what numpydoc finds in the docstring of a name."""
    return [f"{name}: {text}" for code, text in validate(name)["errors"] if code in checks]


def test_public_docstrings_are_complete():
    public = [
        getattr(module, name)
        for module in modules()
        if "._" not in module.__name__
        for name in getattr(module, "__all__", ())
    ]
    public = [value for value in public if inspect.isclass(value) or inspect.isfunction(value)]
    names = [name for value in public for name in with_methods(value)]
    names = [name for name in names if not name.rpartition(".")[2].startswith("_")]
    assert "sklearn_rnn.RNNTextClassifier.fit" in names
    found = [fault for name in names for fault in faults(name, COMPLETE)]
    assert not found, "\n".join(found)


def test_documented_parameters_are_those_of_the_signature():
    names = [
        name
        for module in modules()
        for value in vars(module).values()
        if inspect.isclass(value) or inspect.isfunction(value)
        if value.__module__ == module.__name__
        for name in with_methods(value)
    ]
    documented = [name for name in names if "\nParameters\n---" in validate(name)["docstring"]]
    assert len(documented) > 40
    found = [fault for name in documented for fault in faults(name, CONSISTENT)]
    assert not found, "\n".join(found)
