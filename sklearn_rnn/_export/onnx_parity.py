"""Check that an exported graph computes the probabilities of its model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sklearn_rnn._export.onnx_builder import import_extra
from sklearn_rnn._ids import IdArray, sequence_lengths
from sklearn_rnn._linear.ngrams import PAIR_BASE

if TYPE_CHECKING:
    from sklearn_rnn._tokenizer import TextTokenizer

N_TEXTS = 64  # that are generated
N_PAIRS = 1000  # known pairs of words that they are made of
SHORT, LONG = 40, 4000  # tokens of generated texts at most, most of which are short
BATCH = 64  # texts in a batch
N_ALONE = 8  # texts that are also computed alone, and with all columns


def largest_difference(model: bytes, ids: IdArray, probabilities: npt.NDArray[np.float64]) -> float:
    """Return the largest difference of probabilities between a graph and its model.

    The texts are computed in batches of different sizes and widths.

    Parameters
    ----------
    model : bytes
        The file.
    ids : ndarray of int32 of shape (n, max_length)
        Right-padded ids of texts.
    probabilities : ndarray of shape (n, n_classes)
        Those of the model.

    Returns
    -------
    difference : float
        NaN if the graph computes NaN.
    """
    session = _start_session(model)
    differences = [
        session.run(["probabilities"], {"ids": batch})[0] - probabilities[rows]
        for rows, batch in _batches(ids)
    ]
    return float(np.max([np.abs(difference).max() for difference in differences]))


def _batches(ids: IdArray) -> Iterator[tuple[slice, IdArray]]:
    lengths = sequence_lengths(ids)
    alone = [slice(row, row + 1) for row in range(min(N_ALONE, len(ids)))]
    together = [slice(start, start + BATCH) for start in range(0, len(ids), BATCH)]
    for rows in alone + together:
        yield rows, ids[rows, : lengths[rows].max()]
    yield slice(N_ALONE), ids[:N_ALONE]


def _start_session(model: bytes) -> Any:
    onnxruntime = import_extra("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # no threads: a process with threads cannot safely fork
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def generate_texts(
    tokenizer: TextTokenizer, vocabulary: Mapping[str, int], keys: npt.NDArray[np.int64]
) -> list[str]:
    """Return texts of known words, of known pairs and of unknown words.

    The first is empty, the second is a known word, and the last two have the largest number of
    words, or `LONG`.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The fitted tokenizer.
    vocabulary : mapping of str to int
        The tokens that the classifier knows.
    keys : ndarray of int64
        The keys of the n-grams of the linear term.

    Returns
    -------
    texts : list of `N_TEXTS` str
    """
    rng = np.random.default_rng(0)
    token_of = {id_: token for token, id_ in vocabulary.items()}
    known = list(vocabulary) or [""]
    some_keys = rng.permutation(keys[keys >= PAIR_BASE])[:N_PAIRS].tolist()
    pairs = [divmod(key, PAIR_BASE) for key in some_keys]
    pairs = [pair for pair in pairs if pair[0] in token_of and pair[1] in token_of]
    separator = "" if tokenizer.analyzer == "char" else " "
    longest = min(tokenizer.max_length_, LONG)
    lengths = rng.integers(1, min(longest, SHORT) + 1, N_TEXTS).tolist()
    texts = ["", known[0]]
    for length in [*lengths[4:], longest, longest]:
        tokens: list[str] = []
        while len(tokens) < length:
            kind = rng.integers(4)
            if kind == 0:
                tokens.append(known[rng.integers(len(known))][::-1] + "q")
            elif kind == 1 and pairs:
                tokens += [token_of[id_] for id_ in pairs[rng.integers(len(pairs))]]
            else:
                tokens.append(known[rng.integers(len(known))])
        texts.append(separator.join(tokens))
    return texts
