"""Links to the documentation of other packages, without downloading their inventories.

The address of a page follows from the name of the object, which must exist in the installed
package: a reference to a name that is not there stays unresolved, which is an error of the build.
"""

import sys
from pydoc import locate
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

import sklearn_rnn

PAGES = {
    "joblib": "https://joblib.readthedocs.io/en/stable/generated/{page}.html",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{page}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{page}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{page}.html",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{page}.html",
    "skorch": "https://skorch.readthedocs.io/en/stable/net.html#skorch.net.{last}",
    "torch": "https://docs.pytorch.org/docs/stable/generated/{page}.html",
}
STANDARD_LIBRARY = "https://docs.python.org/3/library/{module}.html#{page}"


def resolve(
    app: Sphinx, env: BuildEnvironment, node: Any, contnode: nodes.Element
) -> nodes.Element | None:
    """Return a reference to an object of this package, or of another one, or None."""
    name = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    if name.partition(".")[0] in sklearn_rnn.__all__:  # in the docstring of another module
        domain = env.domains["py"]
        target = f"sklearn_rnn.{name}"
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", target, node, contnode)
    address = find_address(name)
    if address is None:
        return None
    reference = nodes.reference("", "", internal=False, refuri=address, reftitle=name)
    reference += contnode
    return reference


def find_address(name: str) -> str | None:
    """Return the address of the page of an object, or None if there is no such object."""
    if locate(name) is None:
        return None
    package, _, rest = name.partition(".")
    last = name.rpartition(".")[2]
    if package in PAGES:
        return PAGES[package].format(page=name, last=last)
    if package not in sys.stdlib_module_names:
        return None
    module = name if not rest else name.rpartition(".")[0]
    return STANDARD_LIBRARY.format(module=module, page=name if rest else f"module-{name}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the function to the event that Sphinx sends for unresolved references."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
