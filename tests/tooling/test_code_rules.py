"""Rules of CONTRIBUTING.md that no linter knows, read off the syntax tree of the package."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sklearn_rnn"
MAX_FUNCTION_LINES = 60
MAX_MODULE_LINES = 400
LONG_MODULES = {
    "_classifier.py",  # classes with all their parameters documented
    "_tokenizer.py",
    "_export/onnx_text_classifier.py",  # a program in one file
}
MIN_MODULE_LINES = 40
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def breaches(rule):
    """Return what `rule` finds in the package, with the file in front."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        source = path.read_text(encoding="utf-8")
        found += [f"{name}: {breach}" for breach in rule(name, source)]
    return found


def assert_none(found):
    """Fail with every breach on a line of its own."""
    assert not found, "\n".join(["", *found])


def undocumented(name, source):
    """Yield the definitions without a docstring that no leading underscore marks as private."""

    def visit(node):
        own = ast.get_docstring(node) or ""
        for child in node.body:
            if isinstance(child, DEFINITIONS) and not child.name.startswith("_"):
                is_attribute = f"\n{child.name} : " in own  # a property, documented by its class
                if not (ast.get_docstring(child) or is_attribute or shares_a_docstring(child)):
                    yield child.name
                if isinstance(child, ast.ClassDef):
                    yield from visit(child)

    tree = ast.parse(source)
    if ast.get_docstring(tree) is None:
        yield "the module"
    yield from visit(tree)


def shares_a_docstring(node):
    """Return whether a definition is an overload, a protocol's, or the setter of a property."""
    setters = [ast.unparse(decorator) == f"{node.name}.setter" for decorator in node.decorator_list]
    return any(setters) or ast.unparse(node.body) == "..."


def question_in_place_of_a_noun(name, source):
    """Yield the module's docstring where its first word begins a clause."""
    docstring = ast.get_docstring(ast.parse(source)) or ""
    if re.match(r"(What|How|Which|When|Whether|From)\b", docstring):
        yield docstring.splitlines()[0]


def long_functions(name, source):
    """Yield the functions that have too many lines without their docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not only_assigns(node):
            n_lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                n_lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            if n_lines > MAX_FUNCTION_LINES:
                yield f"{node.name} has {n_lines} lines"


def only_assigns(function):
    """Return whether a constructor is that of a scikit-learn estimator, a line per parameter."""
    return function.name == "__init__" and all(
        isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)
        for statement in function.body
    )


def long_modules(name, source):
    """Yield the number of lines of the module where it is too large."""
    n_lines = len(source.splitlines())
    if n_lines > MAX_MODULE_LINES and name not in LONG_MODULES:
        yield f"{n_lines} lines"


def private_names_of_scikit_learn(name, source):
    """Yield the imports of private modules or names of scikit-learn."""
    if name in ("_parameters.py", "_validation.py"):
        return
    for node in ast.walk(ast.parse(source)):
        for path in imported_names(node):
            package, *names = path.split(".")
            if package == "sklearn" and any(part.startswith("_") for part in names):
                yield path


def imported_names(node):
    """Return the full names that an import statement binds; of any other node, none."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


@pytest.mark.parametrize(
    ("rule", "name", "source", "breach"),
    [
        (undocumented, "a.py", "class A:\n  'A.'\n  def fit(self): pass", ["the module", "fit"]),
        (undocumented, "a.py", "'A.'\nclass A:\n  'Q\\nb : int'\n  def b(): pass", []),
        (undocumented, "a.py", "'A.'\ndef _private(): pass", []),
        (undocumented, "a.py", "'A.'\n@overload\ndef f(): ...\n@g.setter\ndef g(): pass", []),
        (question_in_place_of_a_noun, "a.py", "'How it runs.'", ["How it runs."]),
        (question_in_place_of_a_noun, "a.py", "'Whenever.'", []),
        (long_functions, "a.py", "def f():\n" + "  0\n" * 60, ["f has 61 lines"]),
        (long_functions, "a.py", "def f():\n  '''F.\n\n  '''\n" + "  0\n" * 59, []),
        (long_functions, "a.py", "def __init__():\n" + "  a.b = b\n" * 60, []),
        (long_modules, "a.py", "0\n" * 401, ["401 lines"]),
        (long_modules, "_tokenizer.py", "0\n" * 401, []),
        (
            private_names_of_scikit_learn,
            "a.py",
            "from sklearn.utils import _a, b\nimport sklearn._c",
            ["sklearn.utils._a", "sklearn._c"],
        ),
        (private_names_of_scikit_learn, "_validation.py", "from sklearn.utils import _a", []),
    ],
)
def test_a_rule_finds_its_breach(rule, name, source, breach):
    assert list(rule(name, source)) == breach


def test_public_names_are_documented():
    assert_none(breaches(undocumented))


def test_a_module_docstring_begins_with_a_noun_phrase():
    assert_none(breaches(question_in_place_of_a_noun))


def test_no_function_is_too_long():
    assert_none(breaches(long_functions))


def test_no_module_is_too_long():
    assert_none(breaches(long_modules))


def test_only_validation_imports_private_names_of_scikit_learn():
    assert_none(breaches(private_names_of_scikit_learn))


def test_no_small_module_serves_one_other_alone():
    names = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    importers = defaultdict(set)
    for importer, path in names.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in imported_names(node):
                imported = name if name in names else name.rpartition(".")[0]
                importers[imported].add(importer)
    small = [
        f"{name} has {n_lines} lines and serves {importers[name]}"
        for name, path in names.items()
        if path.stem not in ("__init__", "__main__")
        and (n_lines := len(path.read_text(encoding="utf-8").splitlines())) < MIN_MODULE_LINES
        and len(importers[name]) == 1
    ]
    assert_none(small)


def module_name(path):
    """Return the name by which a file of the package is imported."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
