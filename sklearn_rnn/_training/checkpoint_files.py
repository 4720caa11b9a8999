"""Files of checkpoints: a tree of plain values and arrays in an archive of NumPy, without pickle.

An archive is what `numpy.savez` writes: a zip file of arrays, each with a checksum. One more member
has the tree in JSON, in which an array is replaced by the name of its member.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch

from sklearn_rnn._io.atomic_write import atomic_write

Tree: TypeAlias = dict[str, Any]

_TREE = "tree.json"
_MEMBER = "member of the archive"  # the key of a dict that stands for an array


def write_tree(path: str, tree: Tree) -> None:
    """Write a tree to a file, which is the old one until the new one is complete.

    Parameters
    ----------
    path : str
        The file.
    tree : dict
        Values are None, bools, numbers, strings, arrays and tensors, and lists, tuples and dicts of
        these. Tuples become lists, keys become strings, and numbers of NumPy become Python's.

    Raises
    ------
    OSError
        If the file cannot be written.
    TypeError
        If there is a value of another type.
    """
    arrays: dict[str, np.ndarray] = {}
    plain = _take_arrays(tree, "", arrays)
    arrays[_TREE] = np.frombuffer(json.dumps(plain, default=_to_python).encode(), np.uint8)
    with atomic_write(path) as new, open(new, "wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type] # no name is that of a parameter


def _take_arrays(value: Any, name: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return a value of the tree, with the names of its arrays in their place."""
    if isinstance(value, torch.Tensor):
        value = value.numpy(force=True)
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays[name] = value
        return {_MEMBER: name}
    if isinstance(value, dict):
        return {
            key: _take_arrays(item, f"{name}/{key}".lstrip("/"), arrays)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_take_arrays(item, f"{name}/{i}", arrays) for i, item in enumerate(value)]
    return value


def _to_python(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(
        f"A checkpoint cannot hold {value!r}, which a callback has recorded in the history. Record "
        "numbers, strings, or lists and dicts of these, or set checkpoint_path=None."
    )


def read_tree(path: str) -> Tree:
    """Read all of a tree that `write_tree` wrote.

    Raises
    ------
    ValueError
        If the file is damaged, or is no checkpoint.
    """
    with _archive(path) as archive:
        # All are read, so that damage is found now.
        arrays = {name: archive[name] for name in archive if name != _TREE}
        tree: Tree = _put_arrays(_read_plain(archive), arrays)
        return tree


def read_fingerprint(path: str) -> dict[str, str]:
    """Read the value "fingerprint" of a tree alone; raises the same errors as `read_tree`."""
    with _archive(path) as archive:
        return dict(_read_plain(archive)["fingerprint"])


@contextmanager
def _archive(path: str) -> Iterator[Mapping[str, np.ndarray]]:
    """Open an archive; an error of the body is that of a damaged file."""
    if not os.path.isfile(path):
        raise ValueError(f"{path} is not a file. Set checkpoint_path to the path of a file.")
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            yield archive
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise ValueError(
            f"{path} is no checkpoint of RNNTextClassifier, or is damaged "
            f"({type(error).__name__}: {error}). Delete it, or set another checkpoint_path."
        ) from error


def _read_plain(archive: Mapping[str, np.ndarray]) -> Tree:
    tree: Tree = json.loads(archive[_TREE].tobytes())
    return tree


def _put_arrays(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Undo `_take_arrays`."""
    if isinstance(value, dict):
        if _MEMBER in value:
            return arrays[value[_MEMBER]]
        return {key: _put_arrays(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_arrays(item, arrays) for item in value]
    return value
