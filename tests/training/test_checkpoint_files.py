"""Files of checkpoints: the same values and arrays again, and clear errors."""

import math
import os
import re

import numpy as np
import pytest
import torch

from sklearn_rnn._training.checkpoint_files import read_fingerprint, read_tree, write_tree

TREE = {
    "fingerprint": {"X": "a"},
    "numbers": [1, 2**120, 0.1, -math.inf, True, None, "ä"],
    "nested": {"arrays": [np.arange(3, dtype=np.int64), {"scalar": np.float32(1)}]},
    "tuple": (1, (2,)),
}


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "fit")


def test_a_tree_is_read_as_it_was_written(path):
    tensors = {"float": torch.rand(2, 3), "empty": torch.empty(0, 2), "zero": torch.zeros(())}
    write_tree(path, TREE | {"tensors": tensors})
    tree = read_tree(path)
    assert tree["numbers"] == TREE["numbers"]
    assert tree["tuple"] == [1, [2]]
    (array, rest) = tree["nested"]["arrays"]
    np.testing.assert_array_equal(array, np.arange(3), strict=True)
    assert rest == {"scalar": 1.0}
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tree["tensors"][name], tensor.numpy(), strict=True)
    assert read_fingerprint(path) == {"X": "a"}


def test_a_tree_without_arrays(path):
    write_tree(path, {"fingerprint": {}})
    assert read_tree(path) == {"fingerprint": {}}


def test_other_values_are_refused(path):
    message = (
        "A checkpoint cannot hold {1}, which a callback has recorded in the history. Record "
        "numbers, strings, or lists and dicts of these, or set checkpoint_path=None."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        write_tree(path, {"history": [{"mine": {1}}]})
    assert not os.path.exists(path)


def test_objects_are_neither_written_nor_read(path):
    with pytest.raises(TypeError, match=r"^A checkpoint cannot hold array\(\[\{\}\], dtype=object"):
        write_tree(path, {"objects": np.array([{}])})
    with open(path, "wb") as stream:
        np.savez(stream, a=np.array([{}]))
    with pytest.raises(ValueError, match="is no checkpoint"):
        read_tree(path)


def damage_a_byte(content):
    middle = content.index(np.full(1000, 7.0).tobytes()) + 4000
    return content[:middle] + b"x" + content[middle + 1 :]


DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-1],
    "cut in half": lambda content: content[: len(content) // 2],
    "a byte": damage_a_byte,
    "text": lambda content: b"text",
    "an array": lambda content: b"\x93NUMPY\x01\x00" + b"\x00" * 100,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_refused(name, path):
    write_tree(path, TREE | {"large": np.full(1000, 7.0)})
    with open(path, "rb") as stream:
        content = stream.read()
    with open(path, "wb") as stream:
        stream.write(DAMAGES[name](content))
    message = (
        f"{re.escape(path)} is no checkpoint of RNNTextClassifier, or is damaged "
        r"\(\w+: .*\)\. Delete it, or set another checkpoint_path\."
    )
    with pytest.raises(ValueError, match=f"(?s)^{message}$"):
        read_tree(path)


@pytest.mark.parametrize("arrays", [{}, {"a": np.arange(3)}])
def test_an_archive_of_others_is_refused(arrays, path):
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)
    for read in (read_tree, read_fingerprint):
        with pytest.raises(ValueError, match="is no checkpoint of RNNTextClassifier"):
            read(path)


def test_a_folder_is_refused(tmp_path):
    message = f"{tmp_path} is not a file. Set checkpoint_path to the path of a file."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        read_tree(str(tmp_path))
