"""TextTokenizer, which turns texts into rows of ids, without torch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from numbers import Integral, Real
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._doc_links import DocLinkMixin
from sklearn_rnn._ids import (
    PAD,
    UNK,
    IdArray,
    LengthArray,
    attach_numbering,
    is_character,
    number_tokens,
)
from sklearn_rnn._parameters import (
    N_JOBS,
    TOKEN_CONSTRAINTS,
    Interval,
    StrOptions,
    _fit_context,
    damaged_state,
    invalid_parameters,
    python_values,
)
from sklearn_rnn._text.analyzers import TOKEN_PATTERN
from sklearn_rnn._text.encoding import EncodedBlock, TextEncoder, ToIds, number_in_order
from sklearn_rnn._text.packed_strings import pack_collection, unpack_collection
from sklearn_rnn._text.padding import AUTO_LENGTH, Truncation, choose_length, fill_rows
from sklearn_rnn._text.spelling import Spelling, are_short, do_fit, read_tokens
from sklearn_rnn._text.token_counts import TokenCounts
from sklearn_rnn._text.token_warnings import warn_of_runs, warn_of_unknown_tokens
from sklearn_rnn._text.vocabulary import (
    BEGIN,
    END,
    UNKNOWN,
    add_counts,
    add_marker_tokens,
    check_vocabulary,
    choose_tokens,
    count_other_tokens,
)
from sklearn_rnn._validation import Texts, check_texts
from sklearn_rnn._word_vectors import WordVectors

# The longest row. More columns are a mistake, and many of them would not fit into memory.
MAX_LENGTH = 2**24

Vocabulary: TypeAlias = Mapping[str, int] | Sequence[str] | npt.NDArray[Any] | WordVectors

# The parameters that decide which token, or which id, a part of a text becomes.
_FIXED_PARAMETERS = (
    "analyzer",
    "lowercase",
    "strip_accents",
    "token_pattern",
    "add_characters",
    "vocabulary",
)

# Parameters and attributes whose tokens a saved state has packed.
_PACKED = ("vocabulary", "vocabulary_", "_other_counts")


class TextTokenizer(DocLinkMixin, TransformerMixin, BaseEstimator):
    """Turn texts into rows of integer ids, one id per token, padded or truncated to one length.

    The ids are what :class:`RNNTextClassifier` takes. The vocabulary is learned from the training
    texts, or given. Id 0 is padding, which is on the right of a row and nowhere else; id 1 is the
    unknown word. Learned tokens have the ids from 2 on, by falling frequency; tokens of equal
    frequency are in lexicographic order. A text without tokens becomes one unknown word. The ids of
    a text do not depend on the order of the training texts.

    A fitted tokenizer goes on with new texts by :meth:`partial_fit`: all tokens keep their ids, and
    new tokens get the ids after the highest, so that a network goes on with what it has learned.

    Parameters
    ----------
    analyzer : {"word", "char"} or callable, default="word"
        What a token is. "word": a match of `token_pattern`. "char": one character, for Chinese and
        other text written without spaces; a run of white space becomes one space, and white space
        at both ends is dropped. A callable takes the unchanged text and returns a list of str;
        `lowercase`, `strip_accents` and `token_pattern` are then ignored.

        For "word" and "char" an HTML line break (``<br>``, ``<br/>``, ``<br />``) is white space.

    lowercase : bool, default=True
        If True, convert the text to lower case.

    strip_accents : {"ascii", "unicode"} or callable, default=None
        How to remove accents, after the conversion to lower case, as in
        :class:`~sklearn.feature_extraction.text.CountVectorizer`. None keeps them.

    token_pattern : str, default=a pattern for words in any script
        Regular expression of a token, used when ``analyzer="word"``. If it has a capturing group,
        the group's content is the token. Empty matches are dropped. By default a token is

        - a run of letters, digits and combining marks of any script, which may contain apostrophes
          (``don't``, ``l'amour``), and ``.``, ``,`` or ``/`` between the digits 0 to 9 (``3.5``,
          ``1,000``, ``7/10``);
        - one emoji with its modifiers, or one flag;
        - one other sign, for example ``!``, ``-`` or ``$``.

        White space and invisible characters separate tokens; zero-width joiners and non-joiners are
        part of the word around them.

    min_count : int, default=2
        The minimum number of occurrences of a learned token in the training texts; all occurrences
        within a text count. Ignored if `vocabulary` is a mapping or a sequence.

    max_tokens : int or None, default=20_000
        The maximum number of learned tokens, not counting markers: the most frequent are learned.
        None sets no maximum. It holds for all calls of `partial_fit` together. Ignored if
        `vocabulary` is a mapping or a sequence.

    max_length : int, float, "auto" or None, default="auto"
        The length of a row in tokens, including markers and characters. int: this length. float in
        (0, 1]: the smallest length at which at least this fraction of the training texts is not
        truncated. None: the length of the longest training text.

        "auto" adds a quarter to the length that 99.9 % of the training texts do not exceed, and is
        at least 64 and at most 400. It is 400 with fewer than 1,000 training texts, with
        ``warm_start=True`` and in the first call of `partial_fit`: later texts may be longer.

    truncation : {"post", "pre", "middle"}, default="middle"
        Where tokens are removed from a text that is longer than a row. "post" keeps the beginning
        of the text and "pre" its end. "middle" keeps equally many tokens of the beginning and of
        the end, and one more of the beginning if the length of a row without markers is odd.

    add_markers : bool, default=False
        If True, add the token ``<s>`` before and ``</s>`` after the tokens of each text, and never
        truncate these markers. In `vocabulary_`, a marker without an id gets the id after the
        highest. A text without tokens becomes ``<s>``, the unknown word, ``</s>``.

    add_characters : bool or "auto", default="auto"
        If True, add the characters of each token of three characters or more after the token. From
        them the classifier learns about parts of words, which inflected, compound, misspelt and
        unseen words share. This raises the accuracy on short texts. A text that would be longer
        than a row stays without characters; if this holds for all training texts, no text gets
        characters.

        The id of a character is 2**30 plus its Unicode code point. "auto" adds characters if
        ``analyzer="word"``, there are at least 1,000 training texts, their median length is at most
        32 tokens, and 95 % of them fit into a row, or into 400 columns if a row is longer, together
        with their characters.

    vocabulary : mapping of str to int, sequence of str or WordVectors, default=None
        The tokens whose ids are given instead of learned. `fit` must be called in every case.

        - None: no token; all are learned from the training texts.
        - A mapping: a fixed vocabulary. Its ids are from 2 to 2**30 - 1, with or without gaps.
        - A sequence: a fixed vocabulary. Its tokens get the ids from 2 on.
        - :class:`WordVectors`: their words get the ids from 2 on. Tokens without a vector are
          learned from the training texts and get the ids that follow. To learn no further tokens,
          pass the `vocabulary` attribute of the WordVectors.

    warm_start : bool, default=False
        True makes `fit` and `fit_transform` of a fitted tokenizer go on as :meth:`partial_fit`
        does. False makes them learn a new vocabulary, with other ids. To fit a Pipeline on new
        texts as a continuation, set `warm_start` of both steps. This needs ``memory=None``, which
        is the default of the Pipeline: with `memory`, a Pipeline fits a clone of the tokenizer, and
        a clone is not fitted. So does a :class:`~sklearn.compose.ColumnTransformer`. The ids are
        then other ones, and the classifier refuses them.

    n_jobs : int, default=None
        The number of processes that split texts into tokens. None means 1 unless in a
        :obj:`joblib.parallel_config` context, -1 means all cores. The ids do not depend on it.
        Several processes are faster if `analyzer` is a slow function. With the default
        `token_pattern`, starting processes and sending them the texts can take longer than
        splitting the texts in one process.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The id of each token, including the markers if `add_markers` is True. Padding and the
        unknown word are not in it.

    max_length_ : int
        The number of columns of the output: the length of a row in tokens, including markers and
        characters. `partial_fit` does not change it.

    add_characters_ : bool
        Whether characters are added. `partial_fit` does not change it.

    See Also
    --------
    RNNTextClassifier : Classifies the rows of ids.
    sklearn.feature_extraction.text.CountVectorizer : Counts words and forgets their order.

    Notes
    -----
    The ids know the vocabulary that they come from, so that :class:`RNNTextClassifier` notices ids
    of another one, which would be other words to it. The ids keep this knowledge in
    :func:`~sklearn.model_selection.train_test_split` and other selections of rows and columns, in
    concatenations of ids of one vocabulary, and in pickles. It is lost in single rows, in
    DataFrames, in files of :func:`numpy.save`, by arithmetic, and in concatenations with other
    columns, for example in a :class:`~sklearn.pipeline.FeatureUnion` of two tokenizers. Such ids
    are not checked.

    Examples
    --------
    >>> from sklearn_rnn import TextTokenizer
    >>> texts = ["Good, good film!", "I don't know...", "A good film?"]
    >>> tokenizer = TextTokenizer(min_count=1, max_length=4)
    >>> tokenizer.fit_transform(texts)
    array([[ 3,  6,  4,  5],
           [10,  9,  2,  2],
           [ 8,  3,  4,  7]], dtype=int32)
    >>> tokenizer.inverse_transform(tokenizer.transform(["A bad film, I don't know why"]))
    [['a', '<unk>', 'know', '<unk>']]
    """

    __module__ = "sklearn_rnn"  # its name in files of models, wherever the class is defined

    _parameter_constraints: dict[str, list[Any]] = {
        **TOKEN_CONSTRAINTS,
        "max_length": [
            Interval(Integral, 1, MAX_LENGTH, closed="both"),
            Interval(Real, 0, 1, closed="right"),
            StrOptions({"auto"}),
            None,
        ],
        "truncation": [StrOptions({"post", "pre", "middle"})],
        "add_markers": ["boolean"],
        "add_characters": ["boolean", StrOptions({"auto"})],
        "vocabulary": [WordVectors, Mapping, "array-like", None],
        "warm_start": ["boolean"],
        "n_jobs": N_JOBS,
    }

    vocabulary_: dict[str, int]
    max_length_: int
    add_characters_: bool
    _other_counts: dict[str, int]
    _fitted_with: dict[str, Any]

    def __init__(
        self,
        *,
        analyzer: Literal["word", "char"] | Callable[[str], list[str]] = "word",
        lowercase: bool = True,
        strip_accents: Literal["ascii", "unicode"] | Callable[[str], str] | None = None,
        token_pattern: str = TOKEN_PATTERN,
        min_count: int = 2,
        max_tokens: int | None = 20_000,
        max_length: int | float | Literal["auto"] | None = "auto",
        truncation: Truncation = "middle",
        add_markers: bool = False,
        add_characters: bool | Literal["auto"] = "auto",
        vocabulary: Vocabulary | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.analyzer = analyzer
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self.token_pattern = token_pattern
        self.min_count = min_count
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.truncation = truncation
        self.add_markers = add_markers
        self.add_characters = add_characters
        self.vocabulary = vocabulary
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Texts, y: object = None) -> Self:
        """Learn the vocabulary and the length of a row.

        With ``warm_start=True``, `fit` of a fitted tokenizer does what :meth:`partial_fit` does.

        Parameters
        ----------
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            The training texts.

        y : None
            Ignored.

        Returns
        -------
        self : TextTokenizer
            The fitted tokenizer.

        Raises
        ------
        TypeError
            If X is not a collection of texts in memory, or one of its rows is not a str; if
            `analyzer` does not return a list of str, or `strip_accents` no str; or if `vocabulary`
            is a set, or has a token that is not a str or an id that is not an int.

        ValueError
            If X is empty or has several columns; if a parameter is invalid; if `vocabulary` is None
            and there is no token to learn; or if `max_length` leaves no token between the markers.

        re.error
            If `token_pattern` is not a regular expression.

        Exception
            Any error of a callable `analyzer` or `strip_accents`.

        Warns
        -----
        UserWarning
            If more than 30 % of the characters of 20 texts or more are in tokens longer than a
            word of Chinese, Japanese, Thai, Lao, Khmer, Burmese or Tibetan, because the texts are
            written without spaces. If more than half of the tokens of 100 texts or more are not
            learned because of `min_count` or `max_tokens`.
        """
        self._learn([check_texts(X, caller=type(self).__name__)], resume=self.warm_start)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Texts, y: object = None) -> Self:
        """Add the new tokens of further texts to the vocabulary; all others keep their ids.

        The first call on a tokenizer that is not fitted does what :meth:`fit` does, with 400
        columns if ``max_length="auto"``: texts of later calls may be longer. Later calls, also
        after `fit`, add the tokens of X that are not in the vocabulary and have `min_count`
        occurrences in X and earlier texts together, by falling frequency and up to `max_tokens` in
        all. They get the ids after the highest. If `vocabulary` is a mapping or a sequence, no
        token is added.

        `max_length_` stays as it is, because the number of columns of the ids is fixed. The order
        of the calls decides which token gets which id. With ``min_count=1`` and ``max_tokens=None``
        the same tokens are learned as by `fit` on all texts together.

        The occurrences of tokens that are not in the vocabulary are counted over calls, until
        `max_tokens` is reached. The tokenizer and its pickle hold these tokens with their counts,
        about 100 bytes each in memory, and at most 1,048,576 of them: of more, the rarest are
        forgotten, and of these the earliest. With ``warm_start=False``, `fit` does not keep such
        counts, and later calls of `partial_fit` count without the texts of `fit`.

        Parameters
        ----------
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            Further training texts.

        y : None
            Ignored.

        Returns
        -------
        self : TextTokenizer
            The fitted tokenizer. If an error is raised, it is as before the call.

        Raises
        ------
        TypeError
            As for `fit`.

        ValueError
            As for `fit`; if `analyzer`, `lowercase`, `strip_accents`, `token_pattern` or
            `vocabulary` has changed since the first call; or if `add_markers` is True now and
            `max_length_` leaves no token between the markers.

        re.error, Exception
            As for `fit`.

        Warns
        -----
        UserWarning
            As for `fit`, if it holds for the texts of this call.
        """
        self._learn([check_texts(X, caller=type(self).__name__)], resume=True)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X: Texts, y: object = None) -> IdArray:
        """Learn the vocabulary and turn the training texts into ids, splitting them only once.

        It raises the same exceptions and issues the same warnings as :meth:`fit`.

        Parameters
        ----------
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            The training texts.

        y : None
            Ignored.

        Returns
        -------
        ids : ndarray of int32 of shape (n_samples, `max_length_`)
            The same as ``fit(X).transform(X)``.
        """
        texts = check_texts(X, caller=type(self).__name__)
        blocks, final_ids, tokens = self._learn([texts], resume=self.warm_start)
        return self._fill(len(texts), self._finish(blocks, final_ids, self._spell(tokens)))

    def transform(self, X: Texts) -> IdArray:
        """Turn texts into ids.

        Parameters
        ----------
        X : list, tuple, ndarray, Series or single-column DataFrame of str, of n_samples texts
            The texts.

        Returns
        -------
        ids : ndarray of int32 of shape (n_samples, `max_length_`)
            Right-padded with 0. A token that is not in the vocabulary has the id 1. If
            `add_characters_` is True, tokens are followed by their characters.

        Raises
        ------
        NotFittedError
            If the tokenizer is not fitted.

        TypeError
            If X is not a collection of texts in memory, or one of its rows is not a str; if
            `analyzer` does not return a list, or `strip_accents` no str.

        ValueError
            If X is empty or has several columns.

        Exception
            Any error of a callable `analyzer` or `strip_accents`.
        """
        check_is_fitted(self, "vocabulary_")
        texts = check_texts(X, caller=type(self).__name__)
        if self.add_characters_:
            return self._fill(len(texts), self._encode_with_characters(texts))
        id_of = self.vocabulary_.get

        def to_ids(tokens: Iterable[str]) -> Iterable[int]:
            return map(id_of, tokens, repeat(UNK))

        return self._fill(len(texts), self._encode(texts, to_ids, UNK))

    def inverse_transform(self, ids: npt.ArrayLike) -> list[list[str]]:
        """Turn ids back into tokens.

        Parameters
        ----------
        ids : array-like of int of shape (n_samples, n_columns)
            Rows of ids, with any number of columns.

        Returns
        -------
        tokens : list of n_samples lists of str
            The tokens of each row, without padding and characters. The unknown word is ``<unk>``;
            with characters after it, it is the word that they spell.

        Raises
        ------
        NotFittedError
            If the tokenizer is not fitted.

        ValueError
            If `ids` is not a two-dimensional array of integers, or contains an id that is neither
            0, nor 1, nor in the vocabulary, nor a character.
        """
        check_is_fitted(self, "vocabulary_")
        ids = np.asarray(ids)
        if ids.ndim != 2 or ids.dtype.kind not in "iu":
            raise ValueError(
                "inverse_transform takes a matrix of int ids, one row per text, as transform "
                f"returns it, but got {ids.ndim} dimension(s) of {ids.dtype}."
            )
        tokens = {UNK: UNKNOWN} | {id_: token for token, id_ in self.vocabulary_.items()}
        unknown = set(np.unique(ids[~is_character(ids)]).tolist()) - tokens.keys() - {PAD}
        if unknown:
            raise ValueError(
                f"The id {min(unknown)} is not in the vocabulary of {len(self.vocabulary_)} tokens "
                "that this tokenizer was fitted with. Pass ids that its own transform returned."
            )
        return [list(read_tokens(row, tokens)) for row in ids.tolist()]

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Name the columns of the output.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of object of shape (`max_length_`,)
            "token0", "token1", ...: the position in a row is the number in the name.

        Raises
        ------
        NotFittedError
            If the tokenizer is not fitted.
        """
        check_is_fitted(self, "vocabulary_")
        return np.array([f"token{i}" for i in range(self.max_length_)], dtype=object)

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit_chunks(self, chunks: Iterable[Texts]) -> Self:
        texts = (check_texts(chunk, caller=type(self).__name__) for chunk in chunks)
        self._learn(texts, resume=self.warm_start, keep_blocks=False)
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with tokens packed into bytes and arrays."""
        state = dict(super().__getstate__())
        packed = {name: pack_collection(state.get(name)) for name in _PACKED}
        state["_packed"] = {name: value for name, value in packed.items() if value is not None}
        if "_fitted_with" in state:
            state["_fitted_with"] = {
                name: before
                for name, before in self._fitted_with.items()
                if getattr(self, name) is not before
            }
        vocabulary, numbering = state.pop("_numbered", (None, b""))
        if "vocabulary_" in state and vocabulary is self.vocabulary_:
            state["_numbering"] = numbering
        for name in state["_packed"]:
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the tokens. A state of an older pickle has them as they are."""
        with damaged_state("TextTokenizer"):
            if "_packed" in state:
                state = dict(state)
                packed = state.pop("_packed")
                state |= {name: unpack_collection(value) for name, value in packed.items()}
                if "_numbering" in state:
                    state["_numbered"] = state["vocabulary_"], state.pop("_numbering")
                if "_fitted_with" in state:
                    parameters = {name: state[name] for name in _FIXED_PARAMETERS}
                    state["_fitted_with"] = parameters | state["_fitted_with"]
            super().__setstate__(state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _learn(
        self, chunks: Iterable[list[str]], *, resume: bool, keep_blocks: bool = True
    ) -> tuple[list[EncodedBlock], IdArray, list[str]]:
        """Set the fitted attributes, and return the encoded training texts.

        `fit_transform` uses the encoded texts, and so does not split the texts a second time.

        Parameters
        ----------
        chunks : iterable of lists of str
            The training texts.
        resume : bool
            True goes on with the vocabulary of earlier calls, if there were any, and keeps the
            counts of other tokens for later calls.
        keep_blocks : bool, default=True
            Whether to keep the encoded training texts.

        Returns
        -------
        blocks : list of (ids, lengths)
            The training texts, with provisional ids. Empty if they are not kept.
        final_ids : ndarray of int32 of shape (n_provisional_ids,)
            The final id for each provisional id.
        tokens : list of n_provisional_ids - 1 str
            The token of each provisional id from 1 on.
        """
        is_first = not (resume and hasattr(self, "vocabulary_"))
        if is_first:
            with invalid_parameters():
                known, other_counts = _check_given(self.vocabulary) or {}, {}
        else:
            self._check_resumable()
            known, other_counts = self.vocabulary_, self._other_counts
        counted, blocks = self._count(chunks, keep_blocks, may_add_characters=is_first)
        tokens = counted.tokens
        if is_first:
            add_characters = self._choose_characters(counted)
            lengths = counted.lengths(with_characters=add_characters)
            max_length = self._compute_max_length(lengths, may_go_on=resume)
        else:
            add_characters, max_length = self.add_characters_, self.max_length_
        vocabulary = known
        is_learned = self.vocabulary is None or isinstance(self.vocabulary, WordVectors)
        counts = add_counts(tokens, counted.counts, other_counts)
        if is_learned:
            vocabulary = choose_tokens(
                tokens, counts, self.min_count, self._count_room(known), known=known
            )
            keep_counts = resume and self._count_room(vocabulary) != 0
            other_counts = (
                count_other_tokens(tokens, counts, other_counts, vocabulary) if keep_counts else {}
            )
        if self.add_markers:
            vocabulary = add_marker_tokens(vocabulary)
        final_ids = _finalize(counted.provisional_ids, vocabulary)
        n_texts = len(counted.lengths())
        if not warn_of_runs(tokens, counted.counts, n_texts) and is_learned:
            is_rare, is_unknown = counts < self.min_count, final_ids[1:] == UNK
            warn_of_unknown_tokens(counted.counts, is_rare, is_unknown, n_texts, self)
        if is_first:
            self._fitted_with = {name: getattr(self, name) for name in _FIXED_PARAMETERS}
        self.vocabulary_ = vocabulary
        self.max_length_ = max_length
        self.add_characters_ = add_characters
        self._other_counts = other_counts
        return blocks, final_ids, tokens

    def _count(
        self, chunks: Iterable[list[str]], keep_blocks: bool, *, may_add_characters: bool
    ) -> tuple[TokenCounts, list[EncodedBlock]]:
        """Count the tokens of texts; return them with the encoded texts if these are kept."""
        parameters = python_values(self)
        is_suited = parameters.add_characters != "auto" or parameters.analyzer == "word"
        counted = TokenCounts(
            with_characters=may_add_characters and bool(parameters.add_characters) and is_suited
        )
        to_ids = partial(map, counted.provisional_ids.__getitem__)
        blocks = []
        for texts in chunks:
            for block in self._encode(texts, to_ids, counted.empty_id):
                counted.add(*block)
                if keep_blocks:
                    blocks.append(block)
        return counted, blocks

    def _choose_characters(self, counted: TokenCounts) -> bool:
        """Return whether characters are to be added."""
        parameters = python_values(self)
        max_length = AUTO_LENGTH if parameters.max_length == "auto" else parameters.max_length
        if not isinstance(max_length, int):  # it will depend on the lengths of the texts
            max_length = None
        if parameters.add_characters == "auto":
            is_suited = parameters.analyzer == "word" and are_short(counted.lengths())
            return is_suited and do_fit(counted.lengths(with_characters=True), max_length)
        if not parameters.add_characters or max_length is None:
            return bool(parameters.add_characters)
        # If none fits, a classifier would learn nothing of characters, and later texts have some.
        return bool((counted.lengths(with_characters=True) <= max_length).any())

    def _spell(self, tokens: list[str]) -> Spelling | None:
        return Spelling(["", *tokens]) if self.add_characters_ else None

    def _encode_with_characters(self, texts: list[str]) -> Iterable[EncodedBlock]:
        """Encode texts by provisional ids, since unknown words are spelled too."""
        blocks, provisional_ids = self._number(texts)
        tokens = list(provisional_ids)[1:]
        final_ids = _finalize(provisional_ids, self.vocabulary_)
        return self._finish(blocks, final_ids, self._spell(tokens))

    def _number(self, texts: list[str]) -> tuple[list[EncodedBlock], dict[Any, int]]:
        """Encode texts by provisional ids; return them with the id of each distinct token."""
        provisional_ids = number_in_order()
        empty_id = provisional_ids[object()]  # this key equals no token
        to_ids = partial(map, provisional_ids.__getitem__)
        return list(self._encode(texts, to_ids, empty_id)), provisional_ids

    def _finish(
        self, blocks: list[EncodedBlock], final_ids: IdArray, spelling: Spelling | None
    ) -> Iterator[EncodedBlock]:
        """Replace provisional ids by final ids, and add characters."""
        width = self.max_length_ - 2 * self.add_markers
        for ids, lengths in blocks:
            if spelling is None:
                yield final_ids[ids], lengths
            else:
                yield spelling.spell(ids, lengths, final_ids, width)

    def _check_resumable(self) -> None:
        """Raise a ValueError if ids of earlier calls would stand for other parts of a text."""
        for name, before in self._fitted_with.items():
            now = getattr(self, name)
            if now is before:
                continue
            is_same = (
                _check_given(now) == _check_given(before) if name == "vocabulary" else now == before
            )
            if not is_same:
                raise ValueError(
                    f"The tokenizer cannot go on with its vocabulary, because {name} has changed "
                    "since it was fitted. Set it to its earlier value, or call fit with "
                    "warm_start=False to learn a new vocabulary."
                )
        if self.add_markers and self.max_length_ < 3:
            raise ValueError(
                f"max_length_={self.max_length_}, which was fixed when the tokenizer was fitted, "
                "leaves no token between the two markers. Set add_markers=False, or call fit with "
                "warm_start=False and max_length=3 or more."
            )

    def _count_room(self, vocabulary: dict[str, int]) -> int | None:
        """Return how many tokens can be added to a vocabulary, or None if there is no maximum."""
        max_tokens = python_values(self).max_tokens
        if max_tokens is None:
            return None
        given = self.vocabulary if isinstance(self.vocabulary, WordVectors) else ()
        markers = {BEGIN, END} if self.add_markers else set()
        n_markers = sum(marker in vocabulary and marker not in given for marker in markers)
        return max(max_tokens - (len(vocabulary) - len(given) - n_markers), 0)

    def _encode(self, texts: list[str], to_ids: ToIds, empty_id: int) -> Iterator[EncodedBlock]:
        parameters = python_values(self)
        with invalid_parameters():
            encoder = TextEncoder(
                parameters.analyzer,
                lowercase=parameters.lowercase,
                strip_accents=parameters.strip_accents,
                token_pattern=parameters.token_pattern,
                n_jobs=parameters.n_jobs,
            )
        return encoder.encode(texts, to_ids, empty_id)

    def _compute_max_length(self, lengths: LengthArray, *, may_go_on: bool) -> int:
        parameters = python_values(self)
        max_length, n_markers = parameters.max_length, 2 * parameters.add_markers
        if max_length == "auto":
            return AUTO_LENGTH if may_go_on else choose_length(lengths, n_markers)
        if max_length is None:
            return int(lengths.max()) + n_markers
        if isinstance(max_length, float):
            return int(np.quantile(lengths, max_length, method="inverted_cdf")) + n_markers
        if max_length <= n_markers:
            raise ValueError(
                f"max_length={max_length} leaves no token between the two markers. "
                "Pass max_length=3 or more, or add_markers=False."
            )
        return max_length

    def _fill(self, n_samples: int, blocks: Iterable[EncodedBlock]) -> IdArray:
        """Return the ids of blocks of texts as one matrix, truncated and padded."""
        matrix = np.zeros((n_samples, self.max_length_), dtype=np.int32)
        end = 0
        for ids, lengths in blocks:
            begin, end = end, end + len(lengths)
            rows = matrix[begin:end]
            if not self.add_markers:
                fill_rows(rows, ids, lengths, self.truncation)
                continue
            kept = fill_rows(rows[:, 1:-1], ids, lengths, self.truncation)
            rows[:, 0] = self.vocabulary_[BEGIN]
            rows[np.arange(len(rows)), kept + 1] = self.vocabulary_[END]
        return attach_numbering(matrix, self._number_tokens())

    def _number_tokens(self) -> bytes:
        """Return the numbering of the vocabulary, computed once for each vocabulary.

        A pickle has it too: computing it takes longer than loading the vocabulary. The pickle of a
        Pipeline has it once for the tokenizer and the classifier.
        """
        # Not `functools.cached_property`: it has a lock in Python 3.11, which a fork may copy
        # locked, and it would outlive the vocabulary.
        vocabulary, numbering = self.__dict__.get("_numbered", (None, b""))
        if vocabulary is not self.vocabulary_:
            vocabulary = self.vocabulary_
            numbering = number_tokens(vocabulary)
            self._numbered = vocabulary, numbering
        return numbering


def _finalize(provisional_ids: dict[Any, int], vocabulary: dict[str, int]) -> IdArray:
    """Return the final id for each provisional id."""
    final_ids = map(vocabulary.get, provisional_ids, repeat(UNK))
    return np.fromiter(final_ids, np.int32, len(provisional_ids))


def _check_given(vocabulary: Vocabulary | None) -> dict[str, int] | None:
    """Return the ids given by the parameter `vocabulary`, or None if the parameter is None."""
    if isinstance(vocabulary, WordVectors):
        vocabulary = vocabulary.vocabulary
    return None if vocabulary is None else check_vocabulary(vocabulary)


def count_tokens(tokenizer: TextTokenizer, texts: list[str]) -> LengthArray:
    """Count the tokens of each text before truncation.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The tokenizer, fitted or not: only its parameters are used.
    texts : list of str
        At least one text.

    Returns
    -------
    lengths : ndarray of int64 of shape (len(texts),)
        In tokens, including markers. A text without tokens counts as one unknown word.
    """

    def to_ids(tokens: Iterable[str]) -> Iterable[int]:
        return [UNK for _ in tokens]

    lengths = [lengths for _, lengths in tokenizer._encode(texts, to_ids, UNK)]
    return np.concatenate(lengths) + 2 * tokenizer.add_markers


def fit_chunks(tokenizer: TextTokenizer, chunks: Iterable[Texts]) -> TextTokenizer:
    """Fit a tokenizer to texts that come in chunks, as `fit` does to all of them at once.

    It keeps the distinct tokens in memory, about 240 bytes each, and none of the texts.

    Parameters
    ----------
    tokenizer : TextTokenizer
        The tokenizer.
    chunks : iterable of collections of str
        The training texts, at least one.

    Returns
    -------
    tokenizer : TextTokenizer
        The same, fitted.
    """
    return tokenizer._fit_chunks(chunks)
