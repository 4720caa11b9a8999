"""Metadata of an exported model: its labels and its tokenizer, as FORMAT.md specifies them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

import sklearn_rnn
from sklearn_rnn._export.onnx_builder import import_extra
from sklearn_rnn._parameters import python_values

if TYPE_CHECKING:
    from sklearn_rnn._classifier import RNNTextClassifier
    from sklearn_rnn._tokenizer import TextTokenizer

FORMAT_VERSION = 1
METADATA_KEY = "sklearn_rnn"


def make_metadata(
    tokenizer: TextTokenizer, classifier: RNNTextClassifier, vocabulary: dict[str, int]
) -> dict[str, str]:
    """Return the entries of the metadata of the file.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The fitted tokenizer.
    classifier : RNNTextClassifier
        The fitted classifier.
    vocabulary : dict of str to int
        The tokens that the classifier knows.

    Returns
    -------
    metadata : dict of str to str
        JSON in ASCII, by the name of the package.

    Raises
    ------
    ValueError
        If `analyzer` or `strip_accents` of the tokenizer is a callable, or if JSON cannot hold the
        labels.
    """
    content = {
        "format_version": FORMAT_VERSION,
        "versions": {
            "sklearn_rnn": sklearn_rnn.__version__,
            "torch": torch.__version__,
            "onnx": import_extra("onnx").__version__,
        },
        **describe_classes(classifier.classes_),
        "tokenizer": _describe_tokenizer(tokenizer) | {"vocabulary": vocabulary},
    }
    return {METADATA_KEY: json.dumps(content, allow_nan=False)}


def known_tokens(vocabulary: dict[str, int], known_ids: npt.NDArray[np.int32]) -> dict[str, int]:
    """Return the tokens whose ids the classifier knows.

    Parameters
    ----------
    vocabulary : dict of str to int
        The vocabulary of the tokenizer.
    known_ids : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.

    Returns
    -------
    vocabulary : dict of str to int
    """
    ids = np.fromiter(vocabulary.values(), np.int64, len(vocabulary))
    is_known = np.take(known_ids, ids, mode="clip") == ids
    return {
        token: id_
        for (token, id_), is_kept in zip(vocabulary.items(), is_known.tolist(), strict=True)
        if is_kept
    }


def describe_classes(classes: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the entries of the labels, or raise a ValueError if JSON cannot hold them."""
    if classes.dtype.kind not in "OUbiuf":
        raise ValueError(
            f"export_onnx cannot write labels of type {classes.dtype}: the file holds strings, "
            "numbers and booleans. Fit the model with labels of one of these kinds, for example "
            "y.astype(str)."
        )
    is_text = classes.dtype.kind in "OU"
    return {
        "classes": classes.tolist(),
        "class_names": classes.tolist() if is_text else list(map(str, classes)),
        "classes_dtype": {"O": "object", "U": "str"}.get(classes.dtype.kind, classes.dtype.name),
    }


def _describe_tokenizer(tokenizer: TextTokenizer) -> dict[str, Any]:
    parameters = python_values(tokenizer)
    for name in ("analyzer", "strip_accents"):
        if callable(getattr(parameters, name)):
            raise ValueError(
                f"export_onnx cannot write the function {name} of TextTokenizer, which Python "
                "alone can call. Fit the model with one of the named values, and apply the "
                "function to the texts before."
            )
    return {
        "analyzer": parameters.analyzer,
        "lowercase": bool(parameters.lowercase),
        "strip_accents": parameters.strip_accents,
        "token_pattern": parameters.token_pattern if parameters.analyzer == "word" else None,
        "max_length": tokenizer.max_length_,
        "truncation": parameters.truncation,
        "add_markers": bool(parameters.add_markers),
        "add_characters": tokenizer.add_characters_,
    }
