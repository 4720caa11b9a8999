"""Archives of skops, read and written member by member."""

import json
import zipfile

from sklearn_rnn._export.skops_checks import iterate_nodes, node_name


def read_archive(path):
    """Return the content of each member."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_archive(path, members, *, compression=zipfile.ZIP_STORED):
    """Write members."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def change_schema(path, change):
    """Let a function change the tree of nodes of a file."""
    members = read_archive(path)
    schema = json.loads(members["schema.json"])
    change(schema)
    write_archive(path, members | {"schema.json": json.dumps(schema)})


def names_in(path):
    """Return the names of all types and functions of a file."""
    return set(map(node_name, nodes_of(json.loads(read_archive(path)["schema.json"]))))


def nodes_of(schema, **wanted):
    """Return the nodes with the given values."""
    return [
        node
        for node in iterate_nodes(schema)
        if all(node.get(key) == value for key, value in wanted.items())
    ]
