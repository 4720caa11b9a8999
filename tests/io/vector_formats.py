"""Words and their vectors, and writers of the formats of vector files."""

import numpy as np

from sklearn_rnn._io import vector_binary, vector_text

WORDS = ("film", "good", "naïve", "\u3000")

MATRIX = np.array([[0.5, -1.0, 2.0], [1.5, 0.0, 1e-3], [-7.0, 3.25, 1e20], [0.0, 1.0, -0.125]])


def as_glove(words, matrix, end="\n"):
    rows = np.asarray(matrix, dtype=np.float32).tolist()
    return "".join(
        f"{word} {' '.join(map(repr, row))}{end}" for word, row in zip(words, rows, strict=True)
    ).encode()


def as_word2vec(words, matrix):
    return f"{len(words)} {np.shape(matrix)[1]}\n".encode() + as_glove(words, matrix)


def as_fasttext(words, matrix):
    return f"{len(words)} {np.shape(matrix)[1]}\n".encode() + as_glove(words, matrix, end=" \n")


def as_binary(words, matrix, end=b"\n"):
    parts = [f"{len(words)} {np.shape(matrix)[1]}\n".encode()]
    for word, row in zip(words, matrix, strict=True):
        word = word if isinstance(word, bytes) else word.encode()
        parts += [word, b" ", np.asarray(row, dtype="<f4").tobytes(), end]
    return b"".join(parts)


def as_gensim_binary(words, matrix):
    return as_binary(words, matrix, end=b"")


FORMATS = [as_glove, as_word2vec, as_fasttext, as_binary, as_gensim_binary]


def set_block_size(monkeypatch, n_bytes):
    for module in (vector_text, vector_binary):
        monkeypatch.setattr(module, "_BLOCK", n_bytes)
