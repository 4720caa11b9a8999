"""Reader of files of word vectors."""

from os import PathLike

from sklearn_rnn._io.byte_streams import FileObject
from sklearn_rnn._io.vector_files import read_vectors
from sklearn_rnn._word_vectors import WordVectors


def load_word_vectors(path: str | PathLike[str] | FileObject) -> WordVectors:
    r"""Read word vectors from a file of GloVe, word2vec or fastText.

    The format is recognised by the first bytes, not by the name:

    - GloVe text [1]_: in each line a word and its numbers, separated by spaces or tabs. Words may
      contain spaces, as some words of GloVe 840B do.
    - word2vec text [2]_ and fastText ``.vec`` [3]_: a header line, with the number of vectors and
      the length of a vector, and then the same lines.
    - word2vec binary: the same header line, and then for each vector its word, a space, and the
      numbers as little-endian float32.

    Text must be UTF-8. If a word is repeated, its first vector is kept. Words of a binary file that
    are not UTF-8 are left out: word2vec truncates long words, which can cut a character in two.

    Parameters
    ----------
    path : str, path-like or file object
        A file, pipe or file object, compressed or not, as for ``sklearn_rnn.datasets.read_texts``.

    Returns
    -------
    vectors : WordVectors
        The words and vectors in the order of the file.

    Raises
    ------
    OSError
        If `path` cannot be opened; FileNotFoundError if there is nothing.
    ImportError
        If the file is compressed with zstd, and the package zstandard is not installed.
    TypeError
        If `path` is neither a path nor a file object.
    ValueError
        If `path` is a folder or not a file of word vectors; or if the file is broken: empty, cut
        off, not UTF-8, other separators, rows of different lengths, a field that is no finite
        number, another number of vectors than the header says. The message gives the position, if
        there is one.

    Warns
    -----
    UserWarning
        If vectors are left out, as described above. The message says how many.

    See Also
    --------
    WordVectors : The class of the result.

    Notes
    -----
    Reading needs about 100 MB besides the matrix; a zip archive from a pipe is held in memory too.
    Text is parsed in up to four threads.

    References
    ----------
    .. [1] Pennington, Socher & Manning (2014), GloVe: Global vectors for word representation.
       doi:10.3115/v1/D14-1162
    .. [2] Mikolov, Chen, Corrado & Dean (2013), Efficient estimation of word representations in
       vector space. arXiv:1301.3781
    .. [3] Bojanowski, Grave, Joulin & Mikolov (2017), Enriching word vectors with subword
       information. arXiv:1607.04606

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_rnn import load_word_vectors
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vectors.txt")
    ...     _ = path.write_text("good 0.5 1\nbad 0.5 -1\n")
    ...     vectors = load_word_vectors(path)
    >>> vectors
    WordVectors(n_words=2, embedding_dim=2)
    >>> vectors.matrix
    array([[ 0.5,  1. ],
           [ 0.5, -1. ]], dtype=float32)
    """
    return WordVectors(*read_vectors(path))
