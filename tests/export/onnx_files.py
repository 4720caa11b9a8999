"""ONNX files with the inputs, outputs and metadata of exported models, around a simple network."""

import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from sklearn_rnn._export.onnx_metadata import describe_classes

N_ROWS = 50  # of the table; larger ids have its last row


def tokenizer_metadata(tokenizer):
    """Return the parameters of a fitted TextTokenizer as the metadata have them."""
    is_word = tokenizer.analyzer == "word"
    return {
        "analyzer": tokenizer.analyzer,
        "lowercase": tokenizer.lowercase,
        "strip_accents": tokenizer.strip_accents,
        "token_pattern": tokenizer.token_pattern if is_word else None,
        "max_length": tokenizer.max_length_,
        "truncation": tokenizer.truncation,
        "add_markers": tokenizer.add_markers,
        "add_characters": tokenizer.add_characters_,
        "vocabulary": tokenizer.vocabulary_,
    }


def make_table(n_classes):
    """Return the logits of each id. Those of padding are 0."""
    table = np.random.default_rng(0).normal(size=(N_ROWS, n_classes)).astype(np.float32)
    table[0] = 0
    return table


def expected_probabilities(ids, n_classes):
    """Return the probabilities that the network of `write_model` gives ids."""
    logits = make_table(n_classes)[np.minimum(ids, N_ROWS - 1)].sum(axis=1)
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True)


def write_model(path, tokenizer, classes, **changed):
    """Write a model whose logits are the sums of those of the ids; return its metadata."""
    metadata = {
        "format_version": 1,
        "versions": {},
        **describe_classes(np.asarray(classes)),
        "tokenizer": tokenizer_metadata(tokenizer),
    } | changed
    write_network(path, len(classes), {"sklearn_rnn": json.dumps(metadata)})
    return metadata


def write_network(path, n_classes, properties):
    """Write the network with the given metadata."""
    nodes = [
        helper.make_node("Min", ["ids", "last"], ["rows"]),
        helper.make_node("Gather", ["table", "rows"], ["of_ids"]),
        helper.make_node("ReduceSum", ["of_ids", "axis"], ["logits"], keepdims=0),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    arrays = {
        "last": np.array(N_ROWS - 1, dtype=np.int32),
        "table": make_table(n_classes),
        "axis": np.array([1], dtype=np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("ids", TensorProto.INT32, ["n_texts", "n_tokens"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n_texts", n_classes])
            for name in ("probabilities", "logits")
        ],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, properties)
    path.write_bytes(model.SerializeToString())
