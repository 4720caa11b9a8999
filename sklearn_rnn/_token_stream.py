"""The tokens of many texts as one flat stream of ids, which is the only copy of them."""

from array import array

import numpy as np


def encode_texts(texts, analyze, to_ids, unknown):
    """Return the ids of all texts in one flat int32 array, and the length of each text."""
    stream = array("i")
    lengths = np.empty(len(texts), dtype=np.int64)
    end = 0
    for row, text in enumerate(texts):
        begin = end
        stream.extend(to_ids(analyze(text)))
        if len(stream) == begin:
            stream.append(unknown)
        end = len(stream)
        lengths[row] = end - begin
    return np.asarray(stream, dtype=np.int32), lengths


def row_blocks(n_rows, size):
    """Slice the rows; sklearn.utils.gen_batches takes longer than a short text to tokenize."""
    for begin in range(0, n_rows, size):
        yield slice(begin, min(begin + size, n_rows))


def count_ids(stream, n_tokens):
    """Count each id, in blocks: bincount makes an int64 copy of what it counts."""
    counts = np.zeros(n_tokens, dtype=np.int64)
    for block in row_blocks(len(stream), 2**18):
        counts += np.bincount(stream[block], minlength=n_tokens)
    return counts
