"""Checks of a file of skops, before it is loaded and after it is saved.

A file is a zip archive of `schema.json`, a tree of nodes, and of members with arrays and bytes,
which nodes name. `skops.io` audits the types that the nodes name. It does not bound the memory that
a file can ask for, and it builds a few kinds of nodes from more than it audits.
"""

import bz2
import io
import json
import lzma
import math
import pickle
import pickletools
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import IO, Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np

from sklearn_rnn._export.trusted_types import TRUSTED_FUNCTIONS

Node: TypeAlias = dict[str, Any]

SCHEMA = "schema.json"

# The version of skops' format since which it has audited all that these nodes build. A file can
# claim an older version, to be read by older code.
_MIN_PROTOCOL = 2

# Nodes that are read. MethodNode and OperatorFuncNode call what they name, CachedNode has no
# content, and RandomGeneratorNode makes an object of numpy.random whose name is not audited.
_LOADERS = {
    "BytearrayNode",
    "BytesNode",
    "ConstructorFromReduceNode",
    "DTypeNode",
    "DefaultDictNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "NdArrayNode",
    "ObjectNode",
    "PartialNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "SparseMatrixNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}
# They import the module that they name before it is audited.
_LOADERS_OF_SCIKIT_LEARN = {"LossNode", "TreeNode"}

# Sparse matrices are compressed. Bytes that they may decompress to.
_MAX_EXPANSION = 100
_MAX_SMALL_EXPANSION = 2**26

# Bytes in which a pickle of an older protocol names a first type or function.
_PICKLE_START = 2**14
_GLOBAL = re.compile(r"[\w.]+ [\w.]+")  # the module, and the name in it

# Decompressors of what joblib and gzip write. The limit is what the highest preset of xz needs.
_DECOMPRESSORS: tuple[Callable[[], Any], ...] = (
    partial(zlib.decompressobj, wbits=47),  # zlib or gzip
    bz2.BZ2Decompressor,
    partial(lzma.LZMADecompressor, memlimit=2**27),  # xz or lzma
)


def check_archive(file: IO[bytes]) -> None:
    """Check that a file asks for no more memory than a multiple of its size, and runs no code.

    Parameters
    ----------
    file : file object of bytes
        Seekable. It is not closed.

    Raises
    ------
    ValueError
        If a member is compressed, encrypted, occurs twice or is larger than the file; if an array
        has another size than its member, or has objects; if a member is read several times; or if
        a node is of an unknown kind or an old format.
    BadZipFile
        If the file is no zip archive, or a member is damaged.
    """
    file.seek(0, io.SEEK_END)
    file_size = file.tell()
    with ZipFile(file) as archive:
        members = _check_members(archive, file_size)
        schema = read_schema(archive)
        protocol = schema.get("protocol")
        if not isinstance(protocol, int) or protocol < _MIN_PROTOCOL:
            raise ValueError(f"its protocol is {protocol!r}, and must be {_MIN_PROTOCOL} or more")
        owners: dict[str, object] = {}
        for node in iterate_nodes(schema):
            loader, name = node["__loader__"], node_name(node)
            if loader not in _LOADERS:
                raise ValueError(f"it holds {name} as {loader}, which is not read")
            if loader in _LOADERS_OF_SCIKIT_LEARN and not name.startswith("sklearn."):
                raise ValueError(f"it holds {name} as {loader}, which is for scikit-learn alone")
            if name in TRUSTED_FUNCTIONS and loader != "FunctionNode":
                raise ValueError(f"it holds {name} as {loader}, which would call it")
            if "file" in node:
                member = node["file"]
                if owners.setdefault(member, node.get("__id__")) != node.get("__id__"):
                    raise ValueError(f"several objects are read from its member {member}")
                if node.get("__id__") is None or member not in members:
                    raise ValueError(f"its member {member} is missing or belongs to no object")
                _check_content(archive, members[member], loader, file_size)


def _check_members(archive: ZipFile, file_size: int) -> dict[str, ZipInfo]:
    members = {info.filename: info for info in archive.infolist()}
    if len(members) < len(archive.infolist()):
        raise ValueError("a member occurs twice")
    for info in members.values():
        if info.compress_type != ZIP_STORED or info.flag_bits & 1:
            raise ValueError(f"its member {info.filename} is compressed or encrypted")
    if sum(info.file_size for info in members.values()) > file_size:
        raise ValueError("its members are larger than the file")
    if SCHEMA not in members:
        raise ValueError(f"it has no member {SCHEMA}")
    return members


def read_schema(archive: ZipFile) -> Node:
    """Return the root node of an archive."""
    schema: object = json.loads(archive.read(SCHEMA))
    if not isinstance(schema, dict):
        raise ValueError(f"its member {SCHEMA} holds no node")
    return schema


def iterate_nodes(root: Node) -> Iterator[Node]:
    """Yield all nodes of a tree, in no order, without recursion."""
    waiting: list[Any] = [root]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            # A dict that is saved may have such a key too: its value is a node, not a str.
            if isinstance(value.get("__loader__"), str):
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def node_name(node: Node) -> str:
    """Return the full name of the type or function of a node."""
    return f"{node.get('__module__')}.{node.get('__class__')}"


def _check_content(archive: ZipFile, info: ZipInfo, loader: str, file_size: int) -> None:
    with archive.open(info) as member:
        if loader == "NdArrayNode":
            _check_array(member, info)
        elif loader == "SparseMatrixNode":
            limit = max(_MAX_SMALL_EXPANSION, _MAX_EXPANSION * file_size)
            _check_sparse_matrix(io.BytesIO(member.read()), limit)


def _check_array(member: IO[bytes], info: ZipInfo) -> None:
    """Check that an array has the size of its member: NumPy allocates what its header says."""
    version = np.lib.format.read_magic(member)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"its member {info.filename} has an unknown version of NumPy's format")
    shape, _, dtype = readers[version](member)
    if dtype.hasobject:
        raise ValueError(f"its member {info.filename} is an array of objects, which are pickled")
    if member.tell() + math.prod(shape) * dtype.itemsize != info.file_size:
        raise ValueError(f"its member {info.filename} has another size than its array")


def _check_sparse_matrix(content: io.BytesIO, limit: int) -> None:
    with ZipFile(content) as archive:
        infos = archive.infolist()
        if sum(info.file_size for info in infos) > limit:
            raise ValueError(f"a sparse matrix would take more than {limit:,} bytes")
        for info in infos:
            if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise BadZipFile(f"{info.filename} is compressed by another method than deflate")
            with archive.open(info) as member:
                _check_array(member, info)


def check_saved(root: Node) -> None:
    """Check that skops has saved all that it would have to load.

    Parameters
    ----------
    root : dict
        The root node of a file that skops has written.

    Raises
    ------
    ValueError
        If an object cannot be loaded, or would be another one than was saved.
    """
    for node in iterate_nodes(root):
        loader, name = node["__loader__"], node_name(node)
        if loader == "DictNode":
            _check_keys(node)
        elif loader == "NdArrayNode" and not _is_array_or_scalar(name):
            raise ValueError(f"it holds an array of the type {name}. Make a numpy.ndarray of it")
        if loader != "JsonNode" and not _is_importable(node):
            raise ValueError(
                f"it holds {name}, which cannot be imported by this name. Define it in a module, "
                "outside of functions and classes"
            )


def _check_keys(node: Node) -> None:
    """Check the keys of a dict, which JSON has as str: a bool would be True for any key."""
    types = [node_name(key) for key in node["key_types"]["content"]]
    unsafe = {"builtins.bool", "numpy.bool", "numpy.bool_", "builtins.NoneType"} & set(types)
    if unsafe:
        raise ValueError(f"it holds a dict with a key of the type {min(unsafe)}. Use str keys")
    if len(types) != len(node["content"]):
        raise ValueError("it holds a dict with keys that are equal as str, such as 1 and '1'")


def _is_array_or_scalar(name: str) -> bool:
    module, _, name = name.partition(".")
    kind = getattr(np, name, None)
    is_scalar = isinstance(kind, type) and issubclass(kind, np.generic)
    return module == "numpy" and (is_scalar or kind is np.ndarray)


def _is_importable(node: Node) -> bool:
    try:
        return hasattr(import_module(node["__module__"]), node["__class__"])
    except ImportError:
        return False


def is_pickle(file: IO[bytes]) -> bool:
    """Return whether a file begins like a pickle, compressed or not, without loading any of it.

    Parameters
    ----------
    file : file object of bytes
        Seekable.
    """
    file.seek(0)
    start = _decompress(file.read(_PICKLE_START))
    if start.startswith(pickle.PROTO):
        return True
    # Protocols 0 and 1 have no mark at the beginning, and 0 is text.
    with suppress(ValueError):  # of data that are no pickle, or go on after the start
        for opcode, argument, _ in pickletools.genops(start):
            if opcode.name in ("GLOBAL", "INST"):
                return _GLOBAL.fullmatch(str(argument)) is not None
    return False


def _decompress(start: bytes) -> bytes:
    """Return the data that the first bytes of a compressed file hold; other bytes as they are."""
    for new in _DECOMPRESSORS:
        with suppress(OSError, lzma.LZMAError, zlib.error):
            return new().decompress(start, _PICKLE_START)
    return start
