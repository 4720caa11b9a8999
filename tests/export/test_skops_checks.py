"""Files that are damaged or that attack: a clear error, no code that is run, little memory."""

import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.export import load_model, save_model
from tests.export.skops_archives import change_schema, nodes_of, read_archive, write_archive
from tests.texts import LABELS, TEXTS

ROOT = Path(__file__).parents[2]

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory differ")


@pytest.fixture(scope="module")
def model():
    classifier = RNNTextClassifier(
        embedding_dim=2, hidden_size=2, max_epochs=1, batch_norm=True, random_state=0, device="cpu"
    )
    return make_pipeline(TextTokenizer(max_length=8), classifier).fit(TEXTS, LABELS)


@pytest.fixture
def path(model, tmp_path, monkeypatch):
    """A file of the model, in the working directory: its folder is where a program would be."""
    monkeypatch.chdir(tmp_path)
    save_model(model, tmp_path / "model.skops")
    return tmp_path / "model.skops"


def refusal(path, **options):
    """Return the message with which a file is refused."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        load_model(path, **options)
    assert type(raised.value) is ValueError
    message = str(raised.value)
    assert message.startswith(f"{path} ")
    assert len(message) < 2000
    return message


class Attack:
    """Object whose pickle writes a file."""

    def __reduce__(self):
        return os.mkdir, ("attacked",)


def load_or_refuse(path):
    """Return the model of a file, or None if it is refused by the error that it should be."""
    try:
        return load_model(path)
    except ValueError as error:
        message = str(error)
    assert message.startswith(f"{path} ")
    return None


# Files of other programs


PICKLES = {
    **{
        f"protocol {n}": lambda path, n=n: path.write_bytes(pickle.dumps(Attack(), n))
        for n in range(6)
    },
    "joblib": lambda path: joblib.dump(Attack(), path),
    **{
        name: lambda path, name=name: joblib.dump(Attack(), path, compress=(name, 3))
        for name in ("zlib", "gzip", "bz2", "xz", "lzma")
    },
    "protocol 0 in gzip": lambda path: path.write_bytes(gzip.compress(pickle.dumps(Attack(), 0))),
    "type that a list holds": lambda path: path.write_bytes(pickle.dumps(["a", 1.5, Attack()], 0)),
}


@pytest.mark.parametrize("dump", PICKLES.values(), ids=PICKLES)
def test_a_pickle_is_refused_and_not_run(dump, path):
    dump(path)
    assert refusal(path) == (
        f"{path} cannot be loaded as a model: File is not a zip file. It begins like a pickle. "
        "Loading a pickle runs the code in it: if you trust the file, load it with joblib.load."
    )
    assert not os.path.exists("attacked")
    joblib.load(path)
    assert os.path.exists("attacked")  # so the attack is one


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text,label\ngood,1\n",
        b"cheap, and good\nso good\n",
        gzip.compress(b"text,label\ngood,1\n", mtime=0),
        b"PK\3\4",
        b"PK\5\6" + bytes(18),
    ],
)
def test_a_file_of_another_kind_is_refused(content, path):
    path.write_bytes(content)
    message = refusal(path)
    assert message.startswith(f"{path} cannot be loaded as a model: ")
    assert "pickle" not in message


def test_no_zip_archive_is_named_as_such(path):
    path.write_bytes(b"text,label\ngood,1\n")
    assert refusal(path) == (
        f"{path} cannot be loaded as a model: File is not a zip file. It is damaged, cut off, or "
        "was not saved by save_model under these versions."
    )


def test_an_exported_model_is_named_as_such(path):
    path = path.with_suffix(".onnx")
    path.write_bytes(b"\x08\x0b")
    assert refusal(path) == (
        f"{path} cannot be loaded as a model: File is not a zip file. A file of export_onnx is "
        "loaded by OnnxTextClassifier."
    )


def test_another_zip_archive_is_named_as_such(path):
    write_archive(path, {"texts.csv": "text,label\ngood,1\n"})
    assert refusal(path) == (
        f"{path} cannot be loaded as a model: it has no member schema.json. It is damaged, cut "
        "off, or was not saved by save_model under these versions."
    )


# Types


def first_step(schema):
    """Return a node of the tokenizer, which the changes below replace."""
    [node] = nodes_of(schema, __class__="TextTokenizer")
    return node


def set_vocabulary(schema, node):
    first_step(schema)["content"]["content"]["vocabulary"] = node


def function(module, name):
    return {"__class__": name, "__module__": module, "__loader__": "FunctionNode"}


def json_node(value):
    content = json.dumps(value)
    return {
        "__class__": "str",
        "__module__": "builtins",
        "__loader__": "JsonNode",
        "content": content,
    }


def sequence(*nodes, loader="TupleNode", kind="tuple"):
    return {
        "__class__": kind,
        "__module__": "builtins",
        "__loader__": loader,
        "content": list(nodes),
    }


def constructor(module, name, *arguments):
    return {
        "__class__": name,
        "__module__": module,
        "__loader__": "ConstructorFromReduceNode",
        "content": sequence(*arguments),
    }


def partial(of):
    return {
        "__class__": "partial",
        "__module__": "functools",
        "__loader__": "PartialNode",
        "content": {
            "func": of,
            "args": sequence(json_node("attacked")),
            "kwds": json_node({}),
            "namespace": json_node({}),
        },
    }


def type_of(module, name):
    return {"__class__": name, "__module__": module, "__loader__": "TypeNode"}


FOREIGN = {
    "function": (function("os", "mkdir"), ["os.mkdir"]),
    "type": (type_of("subprocess", "Popen"), ["subprocess.Popen"]),
    "constructor": (constructor("os", "mkdir", json_node("attacked")), ["os.mkdir"]),
    "list": (
        {
            "__class__": "mkdir",
            "__module__": "os",
            "__loader__": "ListNode",
            "content": [json_node("attacked")],
        },
        ["os.mkdir"],
    ),
    "array": (
        {"__class__": "mkdir", "__module__": "os", "__loader__": "NdArrayNode", "type": "numpy"},
        ["os.mkdir"],
    ),
    "partial": (partial(function("os", "mkdir")), ["functools.partial", "os.mkdir"]),
    "object": (
        {"__class__": "Logger", "__module__": "logging", "__loader__": "ObjectNode"},
        ["logging.Logger"],
    ),
    "array of objects": (
        {
            "__class__": "ndarray",
            "__module__": "numpy",
            "__loader__": "NdArrayNode",
            "type": "json",
            "content": [constructor("os", "mkdir", json_node("attacked"))],
            "shape": sequence(json_node(1)),
        },
        ["os.mkdir"],
    ),
    "other functions of ours": (
        function("sklearn_rnn", "load_word_vectors"),
        ["sklearn_rnn.load_word_vectors"],
    ),
    "private name of ours": (
        type_of("sklearn_rnn._classifier", "RNNTextClassifier"),
        ["sklearn_rnn._classifier.RNNTextClassifier"],
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_type_is_refused_by_name(kind, path):
    node, names = FOREIGN[kind]
    if node.get("type") == "numpy":
        node = node | {"file": "array.npy", "__id__": 1}
        members = read_archive(path)
        array = io.BytesIO()
        np.save(array, np.ones(2))
        write_archive(path, members | {"array.npy": array.getvalue()})
    change_schema(path, lambda schema: set_vocabulary(schema, node))
    assert refusal(path) == (
        f"{path} holds {', '.join(names)}, which is not trusted, because loading it can run code. "
        "If you know where the file comes from and what this is, allow it: load_model(path, "
        f"trusted={names})."
    )
    assert not os.path.exists("attacked")


IMPORTED = "import os; os.mkdir('attacked')\n"


@pytest.mark.parametrize(
    "loader", ["FunctionNode", "TypeNode", "LossNode", "TreeNode", "ObjectNode"]
)
def test_no_module_that_is_not_trusted_is_imported(loader, path, monkeypatch):
    """skops imports the module of a LossNode before it audits it."""
    (path.parent / "attacker.py").write_text(IMPORTED)
    monkeypatch.syspath_prepend(str(path.parent))
    node = {
        "__class__": "Attack",
        "__module__": "attacker",
        "__loader__": loader,
        "__reduce__": {"args": sequence()},
        "content": json_node({}),
    }
    change_schema(path, lambda schema: set_vocabulary(schema, node))
    assert "attacker.Attack" in refusal(path)
    assert "attacker" not in sys.modules
    assert not os.path.exists("attacked")


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (
            {
                "__class__": "Pipeline",
                "__module__": "sklearn.pipeline",
                "__loader__": "MethodNode",
                "content": {"func": "fit", "obj": json_node(1)},
            },
            "it holds sklearn.pipeline.Pipeline as MethodNode, which is not read",
        ),
        (
            {
                "__class__": "methodcaller",
                "__module__": "operator",
                "__loader__": "OperatorFuncNode",
                "attrs": sequence(json_node("fit")),
            },
            "it holds operator.methodcaller as OperatorFuncNode, which is not read",
        ),
        (
            {"__class__": "A", "__module__": "b", "__loader__": "LossNode"},
            "it holds b.A as LossNode, which is for scikit-learn alone",
        ),
        (
            {"__class__": "A", "__module__": "b", "__loader__": "NewNode"},
            "it holds b.A as NewNode, which is not read",
        ),
        (
            {
                "__class__": "ndarray",
                "__module__": "numpy",
                "__loader__": "NdArrayNode",
                "type": "numpy",
                "file": "missing.npy",
                "__id__": 5,
            },
            "its member missing.npy is missing or belongs to no object",
        ),
    ],
)
def test_a_node_that_is_not_read_is_named(node, reason, path):
    change_schema(path, lambda schema: set_vocabulary(schema, node))
    assert refusal(path) == (
        f"{path} cannot be loaded as a model: {reason}. It is damaged, cut off, or was not saved "
        "by save_model under these versions."
    )


@pytest.mark.parametrize("protocol", [0, 1, None, "2", -1])
def test_an_old_format_is_refused(protocol, path):
    change_schema(path, lambda schema: schema.update(protocol=protocol))
    assert f"its protocol is {protocol!r}, and must be 2 or more" in refusal(path)


# Memory: each file is small, and asks for gigabytes.


def set_member(path, name, content, **options):
    write_archive(path, read_archive(path) | {name: content}, **options)


def array_member(path):
    """Return the name of the member of an array of the network."""
    return next(name for name in read_archive(path) if name.endswith(".npy"))


def compress(path):
    write_archive(
        path, read_archive(path) | {"zeros": bytes(2**28)}, compression=zipfile.ZIP_DEFLATED
    )


def lie_about_sizes(path):
    """Let the directory say that a compressed member is small."""
    compress(path)
    change_directory(path, 24, 100)


def change_directory(path, offset, *numbers):
    """Change numbers of the last entry of an archive's directory."""
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{len(numbers)}I", data, data.rindex(b"PK\1\2") + offset, *numbers)
    path.write_bytes(data)


def claim_to_be_stored(path):
    """Let the directory say that a member is as large as a gigabyte, and stored."""
    change_directory(path, 20, 2**30, 2**30)


def repeat_members(path):
    """Let all entries of the directory point at one large member."""
    members = read_archive(path)
    large = {f"{number}.npy": b"x" for number in range(2000)}
    write_archive(path, {"data": bytes(2**20)} | members | large)
    with zipfile.ZipFile(path, "a") as archive:
        for name in large:
            info, data = archive.getinfo(name), archive.getinfo("data")
            info.header_offset, info.CRC = data.header_offset, data.CRC
            info.file_size = info.compress_size = data.file_size
        archive._didModify = True


def numpy_header(shape, dtype="<f4"):
    file = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def lie_about_shape(path):
    set_member(path, array_member(path), numpy_header((2**30, 2)) + bytes(100))


def nest_dtypes(path):
    set_member(path, array_member(path), numpy_header((1,), f"<U{2**28}") + bytes(100))


def store_objects(path):
    file = io.BytesIO()
    np.save(file, np.array([Attack()], dtype=object), allow_pickle=True)
    set_member(path, array_member(path), file.getvalue())


def read_often(path):
    """Let many nodes read one member."""
    set_member(path, "large.npy", numpy_header((2**20,), "|u1") + bytes(2**20))

    def change(schema):
        nodes = [
            {
                "__class__": "ndarray",
                "__module__": "numpy",
                "__loader__": "NdArrayNode",
                "type": "numpy",
                "file": "large.npy",
                "__id__": number,
            }
            for number in range(1, 1000)
        ]
        node = sequence(*nodes, loader="ListNode", kind="list")
        set_vocabulary(schema, node)

    change_schema(path, change)


def sparse_bomb(matrix_format):
    def change(path):
        file = io.BytesIO()
        zeros = np.zeros(2**27, np.int8)
        matrix = sparse.csr_matrix((1, 1))
        sparse.save_npz(file, matrix)
        members = read_archive(io.BytesIO(file.getvalue()))
        inner = io.BytesIO()
        if matrix_format == "large":
            array = io.BytesIO()
            np.save(array, zeros)
            members["data.npy"] = array.getvalue()
        else:
            members["data.npy"] = numpy_header((2**30,)) + bytes(8)
        method = zipfile.ZIP_BZIP2 if matrix_format == "bzip2" else zipfile.ZIP_DEFLATED
        write_archive(inner, members, compression=method)
        set_member(path, "matrix.npz", inner.getvalue())
        node = {
            "__class__": "csr_matrix",
            "__module__": "scipy.sparse",
            "__loader__": "SparseMatrixNode",
            "type": "scipy",
            "file": "matrix.npz",
            "__id__": 1,
        }
        change_schema(
            path,
            lambda schema: set_vocabulary(schema, node),
        )

    return change


def architecture(**sizes):
    """Return a change of the sizes of the network, of which the file has no weights."""

    def change(path):
        def set_sizes(schema):
            [classifier] = nodes_of(schema, __class__="RNNTextClassifier")
            content = classifier["content"]["content"]["_architecture"]["content"]
            for name, size in sizes.items():
                nodes = map(json_node, size) if isinstance(size, tuple) else None
                content[name] = json_node(size) if nodes is None else sequence(*nodes)

        change_schema(path, set_sizes)

    return change


def pack_badly(path):
    """Let the tokens of the vocabulary have 2**31 - 1 characters."""

    def change(schema):
        content = first_step(schema)["content"]["content"]["_packed"]["content"]
        name = content["vocabulary_"]["content"]["lengths"]["file"]
        array = io.BytesIO()
        n_tokens = len(content["vocabulary_"]["content"])
        np.save(array, np.full(n_tokens, 2**31 - 1, np.int32))
        members[name] = array.getvalue()

    members = read_archive(path)
    change(json.loads(members["schema.json"]))
    write_archive(path, members)


def nest(path):
    """Nest lists deeper than Python calls functions."""

    def change(schema):
        node = json_node(1)
        for _ in range(400):
            node = sequence(node)
        set_vocabulary(schema, node)

    change_schema(path, change)


def nest_json(path):
    set_member(path, "schema.json", '{"a":' * 100_000)


def random_generator(path):
    node = {
        "__class__": "Generator",
        "__module__": "numpy.random._generator",
        "__loader__": "RandomGeneratorNode",
        "content": {"bit_generator": json_node({}), "seed_seq": json_node({"pool_size": 2**30})},
    }
    change_schema(path, lambda schema: set_vocabulary(schema, node))


GREEDY = {
    "compressed": (compress, "is compressed or encrypted"),
    "lie about sizes": (lie_about_sizes, "is compressed or encrypted"),
    "claim to be stored": (claim_to_be_stored, "its members are larger than the file"),
    "repeat members": (repeat_members, "its members are larger than the file"),
    "lie about shape": (lie_about_shape, "has another size than its array"),
    "dtype": (nest_dtypes, "has another size than its array"),
    "objects": (store_objects, "is an array of objects, which are pickled"),
    "read often": (read_often, "several objects are read from its member large.npy"),
    "sparse": (sparse_bomb("large"), "a sparse matrix would take more than"),
    "sparse header": (sparse_bomb("header"), "its member data.npy has another size than its array"),
    "sparse bzip2": (sparse_bomb("bzip2"), "is compressed by another method than deflate"),
    "hidden units": (architecture(hidden_sizes=(2**30,)), "The state of RNNTextClassifier is"),
    "head": (architecture(head_sizes=(2**30, -(2**30))), "The state of RNNTextClassifier is"),
    "classes": (architecture(n_classes=2**31), "The state of RNNTextClassifier is"),
    "embedding": (architecture(embedding_dim=2**30), "The state of RNNTextClassifier is"),
    "positions": (
        architecture(pooling=("flatten",), max_length=2**40),
        "The state of RNNTextClassifier is",
    ),
    "layers": (architecture(hidden_sizes=(2,) * 1000), "The state of RNNTextClassifier is"),
    "tokens": (pack_badly, "The state of TextTokenizer is"),
    "nesting": (nest, "cannot be loaded as a model"),
    "nesting of JSON": (nest_json, "RecursionError"),
    "generator": (random_generator, "as RandomGeneratorNode, which is not read"),
}

LOAD_ALL = """
import json, os, resource, sys
from sklearn_rnn.export import load_model

good, *bad = sys.argv[1:]
load_model(good).predict(["good"])
mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (mapped + 2**28, mapped + 2**28))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
messages = {}
for path in bad:
    try:
        load_model(path)
    except ValueError as error:
        messages[path] = str(error)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert not os.path.exists("attacked")
print(json.dumps({"grown": grown, "messages": messages}))
"""


@pytest.mark.slow
@LINUX
def test_a_file_that_asks_for_gigabytes_is_refused_in_little_memory(path, tmp_path):
    good = tmp_path / "good.skops"
    good.write_bytes(path.read_bytes())
    paths = {}
    for number, (kind, (change, _)) in enumerate(GREEDY.items()):
        paths[kind] = tmp_path / f"bad{number}.skops"
        paths[kind].write_bytes(good.read_bytes())
        change(paths[kind])
    command = [sys.executable, "-c", LOAD_ALL, good, *paths.values()]
    result = subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, cwd=ROOT
    )
    output = json.loads(result.stdout)
    for kind, (_, reason) in GREEDY.items():
        message = output["messages"][str(paths[kind])]
        assert message.startswith(f"{paths[kind]} cannot be loaded as a model: "), kind
        assert reason in message, kind
    assert output["grown"] < 100 * 1024, "in KiB"


# Damage


def test_a_file_that_is_cut_is_refused(path):
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 60, dtype=int):
        path.write_bytes(whole[:length])
        assert refusal(path).startswith(f"{path} cannot be loaded as a model: ")


@pytest.mark.filterwarnings("ignore:.*was saved under:UserWarning")
def test_bytes_that_are_changed_are_noticed(model, path):
    """Members have a CRC. Some bytes of the archive, for example those of a date, mean nothing."""
    whole = path.read_bytes()
    expected = model.predict_proba(TEXTS)
    rng = np.random.default_rng(0)
    n_refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        loaded = load_or_refuse(path)
        if loaded is None:
            n_refused += 1
        else:
            np.testing.assert_array_equal(loaded.predict_proba(TEXTS), expected, strict=True)
    assert n_refused > 250


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_schema_that_is_changed_is_no_crash(model, path):
    """With a CRC that is right, because the file was made by a program."""
    members = read_archive(path)
    schema = members["schema.json"]
    rng = np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(schema)
        for place in rng.integers(len(schema), size=rng.integers(1, 4)):
            damaged[place] = rng.choice(list(b'0123456789"{}[],:aXz_'))
        write_archive(path, members | {"schema.json": bytes(damaged)})
        load_or_refuse(path)


def test_a_file_of_skops_with_a_sparse_matrix_is_loaded(path):
    model = DummyClassifier().fit([[0], [1]], [0, 1])
    model.matrix_ = sparse.csr_matrix(np.eye(3))
    save_model(model, path)
    assert "holds scipy.sparse._csr.csr_matrix, which is not trusted" in refusal(path)
    loaded = load_model(path, trusted=["scipy.sparse._csr.csr_matrix"])
    np.testing.assert_array_equal(loaded.matrix_.toarray(), np.eye(3))
