"""Pretrained word vectors: an immutable class."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from sklearn_rnn._ids import UNK
from sklearn_rnn._io.vector_layout import Rows
from sklearn_rnn._parameters import (
    TOKEN_CONSTRAINTS,
    Interval,
    check_parameters,
    python_value,
)
from sklearn_rnn._text.analyzers import TOKEN_PATTERN, Analyze, Strip
from sklearn_rnn._text.cooccurrence import learn_vectors
from sklearn_rnn._text.packed_strings import IntArray, pack_strings, unpack_strings
from sklearn_rnn._validation import Texts, check_matrix, check_strings, check_texts, check_words

_SIZE = [Interval(Integral, 1, None, closed="left")]
_CONSTRAINTS = {"embedding_dim": _SIZE, "window": _SIZE, **TOKEN_CONSTRAINTS}


class WordVectors:
    """Words and their vectors, for example those of GloVe, word2vec or fastText.

    The object is immutable. Copying it returns the object itself, so :func:`~sklearn.base.clone`
    and a grid search need no memory for copies. Parallel jobs of a search share the matrix, because
    joblib memory-maps large arrays. Two objects are equal if their words and matrices are equal.
    ``joblib.load(path, mmap_mode="r")`` of a joblib.dump file is faster than reading a text file.

    Parameters
    ----------
    words : sequence of str
        The words, all different.
    matrix : array-like of shape (n_words, embedding_dim)
        The vectors in the order of the words. They are copied as float32; only a C-contiguous
        float32 array that is already read-only is used without a copy.

    Attributes
    ----------
    words : tuple of str
        The words in the given order. Most files have them by falling frequency.
    matrix : ndarray of float32 of shape (n_words, embedding_dim)
        The vectors; a read-only array.
    embedding_dim : int
        The length of a vector.
    vocabulary : dict of str to int
        The id of each word, from 2 on: 0 is padding, 1 the unknown word. A new dict each time.

    Raises
    ------
    TypeError
        If `words` is a str, bytes, a set or no iterable, or a word is not a str.
    ValueError
        If `words` is empty or contains a word twice; or if `matrix` has another shape or an element
        that is not a real number or not finite in float32.

    See Also
    --------
    load_word_vectors : Reads word vectors from a file.

    Examples
    --------
    >>> from sklearn_rnn import WordVectors
    >>> vectors = WordVectors(["film", "good", "bad"], [[0.1, 0.0], [0.5, 1.0], [0.5, -1.0]])
    >>> vectors
    WordVectors(n_words=3, embedding_dim=2)
    >>> vectors["good"]
    array([0.5, 1. ], dtype=float32)
    >>> vectors.vocabulary
    {'film': 2, 'good': 3, 'bad': 4}
    >>> tokens = "a good film is a good film".split()
    >>> vectors.restrict(tokens).words
    ('film', 'good')
    >>> print(vectors.coverage(tokens))
    2 of 4 words have a vector (50.0 %), 2 have none; 57.1 % of the occurrences have one
    """

    __module__ = "sklearn_rnn"  # its name in files of models, wherever the class is defined

    def __init__(self, words: Sequence[str], matrix: npt.ArrayLike) -> None:
        words = check_words(words)
        self._set(words, check_matrix(matrix, words))
        if len(self._row_of) < len(words):
            word = Counter(words).most_common(1)[0][0]
            raise ValueError(f"words has {word!r} more than once. Pass each word once.")

    @classmethod
    def from_keyed_vectors(cls, keyed_vectors: Any) -> Self:
        """Copy the vectors of a gensim ``KeyedVectors``.

        Parameters
        ----------
        keyed_vectors : gensim.models.KeyedVectors
            An object with the attributes ``index_to_key`` and ``vectors``, as in gensim 4.

        Returns
        -------
        vectors : WordVectors

        Raises
        ------
        TypeError
            If one of the two attributes is missing. Other errors are those of :class:`WordVectors`.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> from sklearn_rnn import WordVectors
        >>> keyed_vectors = SimpleNamespace(index_to_key=["good", "bad"], vectors=[[1.0], [-1.0]])
        >>> WordVectors.from_keyed_vectors(keyed_vectors)
        WordVectors(n_words=2, embedding_dim=1)
        """
        try:
            return cls(keyed_vectors.index_to_key, keyed_vectors.vectors)
        except AttributeError:
            raise TypeError(
                "keyed_vectors must have the attributes index_to_key and vectors, as gensim's "
                f"KeyedVectors has; got {type(keyed_vectors).__name__}. For a model, pass model.wv."
            ) from None

    @classmethod
    def from_texts(
        cls,
        texts: Texts,
        *,
        embedding_dim: int = 100,
        window: int = 4,
        analyzer: Literal["word", "char"] | Analyze = "word",
        lowercase: bool = True,
        strip_accents: Literal["ascii", "unicode"] | Strip | None = None,
        token_pattern: str = TOKEN_PATTERN,
        min_count: int = 2,
        max_tokens: int | None = 20_000,
    ) -> Self:
        """Learn vectors from texts, which need no labels, by counting words that occur together.

        Words that occur with the same words get similar vectors: the singular vectors of the
        positive pointwise mutual information of words [1]_, [2]_, times the square roots of the
        singular values, and then scaled to length 1. They are meant for a network without linear
        classifier: ``RNNTextClassifier(word_vectors=vectors, linear_ngrams=0)``.

        The words and ids are those that :class:`TextTokenizer` learns from the same texts. Give it
        the same `analyzer`, `lowercase`, `strip_accents` and `token_pattern`.

        Parameters
        ----------
        texts : list, tuple, ndarray, Series or single-column DataFrame of str
            The training texts, and unlabelled texts of the same kind if there are any.
        embedding_dim : int, default=100
            The length of a vector; at most the number of words.
        window : int, default=4
            The maximum distance, in tokens, at which two words occur together.
        analyzer : {"word", "char"} or callable, default="word"
            What a word is, as in :class:`TextTokenizer`. So are the parameters that follow.
        lowercase : bool, default=True
            If True, convert the texts to lower case.
        strip_accents : {"ascii", "unicode"} or callable, default=None
            How to remove accents. None keeps them.
        token_pattern : str, default=a pattern for words in any script
            Regular expression of a word, used when ``analyzer="word"``.
        min_count : int, default=2
            The minimum number of occurrences of a word in the texts.
        max_tokens : int or None, default=20_000
            The maximum number of words. None sets no maximum.

        Returns
        -------
        vectors : WordVectors
            Independent of the order of the texts, to the last bit on the same machine.

        Raises
        ------
        TypeError
            If `texts` is not a collection of str in memory.
        ValueError
            If a parameter is invalid; if `texts` is empty; if no word has `min_count` occurrences;
            if there are fewer words than `embedding_dim`; or if no two words occur together more
            often than by chance.
        re.error, Exception
            As in :meth:`TextTokenizer.fit`.

        Notes
        -----
        In the whole process, BLAS has one thread while it computes the singular vectors.

        References
        ----------
        .. [1] Levy & Goldberg (2014), Neural word embedding as implicit matrix factorization.
           https://papers.nips.cc/paper/5477
        .. [2] Levy, Goldberg & Dagan (2015), Improving distributional similarity with lessons
           learned from word embeddings. doi:10.1162/tacl_a_00134

        Examples
        --------
        >>> from sklearn.pipeline import make_pipeline
        >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer, WordVectors
        >>> from sklearn_rnn.datasets import make_word_order
        >>> texts, labels = make_word_order(200, random_state=0)
        >>> vectors = WordVectors.from_texts(texts, embedding_dim=20)
        >>> model = make_pipeline(
        ...     TextTokenizer(vocabulary=vectors),
        ...     RNNTextClassifier(word_vectors=vectors, linear_ngrams=0),
        ... )
        >>> model.fit(texts, labels).predict(["the pool was dreadful today"]).shape
        (1,)
        """
        given = locals()
        check_parameters(given, _CONSTRAINTS, caller="WordVectors.from_texts")
        checked = check_texts(texts, caller="WordVectors.from_texts", name="texts")
        values = {name: python_value(given[name]) for name in _CONSTRAINTS}
        return cls(*learn_vectors(checked, **values))

    def _set(self, words: tuple[str, ...], matrix: Rows) -> None:
        self._words = words
        self._matrix = matrix.view(np.ndarray)  # a plain array, also if mapped
        self._matrix.flags.writeable = False
        self._row_of = {word: row for row, word in enumerate(words)}

    @property
    def words(self) -> tuple[str, ...]:
        return self._words

    @property
    def matrix(self) -> npt.NDArray[np.float32]:
        return self._matrix

    @property
    def embedding_dim(self) -> int:
        return self._matrix.shape[1]

    @property
    def vocabulary(self) -> dict[str, int]:
        return {word: id_ for id_, word in enumerate(self._words, UNK + 1)}

    def restrict(self, words: Iterable[str]) -> "WordVectors":
        """Return the vectors of some words.

        Parameters
        ----------
        words : iterable of str
            The words, in any order: for example a list, a vocabulary or a
            :class:`~collections.Counter`. Words without a vector are ignored.

        Returns
        -------
        vectors : WordVectors
            The vectors of `words`, copied, in the order of this object.

        Raises
        ------
        TypeError
            If `words` is a str, bytes or no iterable.
        ValueError
            If none of the words has a vector.
        """
        wanted = set(check_strings(words, name="words"))
        rows = [row for word, row in self._row_of.items() if word in wanted]
        if not rows:
            raise ValueError(
                f"None of the {len(wanted)} words has a vector. Check that they are written as in "
                f"these vectors, whose first words are {', '.join(map(repr, self._words[:5]))}."
            )
        matrix = self._matrix[rows]
        matrix.flags.writeable = False
        return WordVectors([self._words[row] for row in rows], matrix)

    def coverage(self, tokens: Iterable[str]) -> "Coverage":
        """Count the words that have a vector, and their occurrences.

        Parameters
        ----------
        tokens : iterable of str
            Tokens, repeated as often as they occur, or a :class:`~collections.Counter` of tokens.
            In a vocabulary, each token counts as one occurrence.

        Returns
        -------
        coverage : Coverage
            The counts. ``print`` shows them as a sentence.

        Raises
        ------
        TypeError
            If `tokens` is a str, bytes or no iterable.
        ValueError
            If `tokens` is empty, or a Counter without positive counts.
        """
        # Without iter, Counter(vocabulary) would take the ids for counts.
        check_strings(tokens, name="tokens")
        counts = tokens if isinstance(tokens, Counter) else Counter(iter(tokens))
        counts = +counts  # drops tokens without a positive count
        if not counts:
            raise ValueError("tokens is empty. Pass at least one token.")
        missing = Counter({word: n for word, n in counts.items() if word not in self})
        return Coverage(
            n_words=len(counts),
            n_found=len(counts) - len(missing),
            n_occurrences=counts.total(),
            n_occurrences_found=counts.total() - missing.total(),
            missing=tuple(word for word, _ in missing.most_common()),
        )

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: object) -> bool:
        return word in self._row_of

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        # An int raises KeyError too. With IndexError, NumPy would treat this object as a sequence,
        # and GridSearchCV would take each vector for a candidate.
        if word not in self._row_of:
            raise KeyError(f"{word!r} has no vector; test it by 'word in vectors'")
        return self._matrix[self._row_of[word]]

    def __repr__(self) -> str:
        return f"WordVectors(n_words={len(self)}, embedding_dim={self.embedding_dim})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WordVectors):
            return NotImplemented
        return self is other or (
            self._words == other._words and np.array_equal(self._matrix, other._matrix)
        )

    def __hash__(self) -> int:
        return hash((self._matrix.shape, self._words[0], self._words[-1]))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> tuple[bytes, IntArray, npt.NDArray[np.float32]]:
        # For 400,000 words, joblib.hash of one bytes and an array takes 0.06 s, of a tuple 1.4 s.
        return *pack_strings(self._words), self._matrix

    def __setstate__(self, state: tuple[bytes | str, IntArray, Rows]) -> None:
        """Restore a state without reading the matrix, which may be memory-mapped."""
        try:
            joined, lengths, matrix = state
            self._set(tuple(unpack_strings(joined, lengths)), matrix)
            is_whole = matrix.ndim == 2 and matrix.dtype == np.float32
            is_whole &= len(matrix) == len(lengths) == len(self._row_of) > 0
        except (AttributeError, TypeError, ValueError):
            is_whole = False
        if not is_whole:
            raise ValueError("The state of WordVectors is damaged. Get or save them again.")


def _restore(*state: Any) -> WordVectors:  # named in pickles of earlier development versions
    vectors = WordVectors.__new__(WordVectors)
    vectors.__setstate__(state)
    return vectors


@dataclass(frozen=True)
class Coverage:
    """Counts of words with and without a vector, from :meth:`WordVectors.coverage`.

    Attributes
    ----------
    n_words : int
        The number of distinct words.
    n_found : int
        The number of distinct words with a vector.
    n_occurrences : int
        The number of occurrences of all words.
    n_occurrences_found : int
        The number of occurrences of words with a vector.
    missing : tuple of str
        The words without a vector, by falling frequency.
    """

    n_words: int
    n_found: int
    n_occurrences: int
    n_occurrences_found: int
    missing: tuple[str, ...] = field(repr=False)

    def __str__(self) -> str:
        found = 100 * self.n_found / self.n_words
        in_occurrences = 100 * self.n_occurrences_found / self.n_occurrences
        return (
            f"{self.n_found:,} of {self.n_words:,} words have a vector ({found:.1f} %), "
            f"{len(self.missing):,} have none; {in_occurrences:.1f} % of the occurrences have one"
        )
