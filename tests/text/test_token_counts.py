"""Counts of tokens that come in blocks, and the tokenizer that is fitted to chunks."""

import re

import numpy as np
import pytest

from sklearn_rnn import TextTokenizer
from sklearn_rnn._text import vocabulary
from sklearn_rnn._text.token_counts import TokenCounts
from sklearn_rnn._tokenizer import fit_chunks
from tests.text.tokens import TEXTS, refuses


def test_counts_and_lengths_of_blocks():
    counts = TokenCounts(with_characters=True)
    for block in (["a", "bcd", "a"], ["bcd", "efgh"]):
        ids = np.array([counts.provisional_ids[token] for token in block], dtype=np.int32)
        counts.add(ids, np.array([1, len(ids) - 1]))
    counts.add(np.array([counts.empty_id], dtype=np.int32), np.array([1]))
    assert counts.tokens == ["a", "bcd", "efgh"]
    assert counts.counts.tolist() == [2, 2, 1]
    assert counts.lengths().tolist() == [1, 2, 1, 1, 1]
    assert counts.lengths(with_characters=True).tolist() == [1, 5, 4, 5, 1]


def test_many_distinct_tokens():
    counts = TokenCounts(with_characters=True)
    for start in range(0, 10_000, 700):
        tokens = [f"w{i}" for i in range(start, start + 1400)]
        ids = np.array([counts.provisional_ids[token] for token in tokens], dtype=np.int32)
        counts.add(ids, np.array([1400]))
    assert len(counts.tokens) == len(counts.counts) == 11_200
    assert counts.counts[:700].tolist() == [1] * 700
    assert counts.counts[700:10_500].tolist() == [2] * 9800
    assert counts.lengths(with_characters=True)[0] == 1400 + sum(
        len(f"w{i}") for i in range(1400) if i > 9
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "parameters", [{"min_count": 1}, {"min_count": 2, "max_length": None, "add_characters": True}]
)
def test_chunks_give_the_vocabulary_of_all_texts(size, parameters):
    chunks = [TEXTS[start : start + size] for start in range(0, len(TEXTS), size)]
    tokenizer = TextTokenizer(**parameters)
    assert fit_chunks(tokenizer, iter(chunks)) is tokenizer
    expected = TextTokenizer(**parameters).fit(TEXTS)
    assert vars(tokenizer) == vars(expected)


def test_chunks_are_checked_like_texts():
    message = (
        "TextTokenizer takes a list, tuple, NumPy array, Series or single-column DataFrame of str, "
        "but the text at position 1 is of type int. Pass one str per text."
    )
    with refuses(TypeError, message):
        fit_chunks(TextTokenizer(), [["a", "a"], ["b", 1]])
    with pytest.raises(ValueError, match=r"The 'min_count' parameter of TextTokenizer must be"):
        fit_chunks(TextTokenizer(min_count=0), [["a"]])


# partial_fit, chunk by chunk


def chunks_of_texts(n_chunks, seed=0):
    rng = np.random.default_rng(seed)
    words = np.array([f"w{i}" for i in range(300)])
    shares = 1 / np.arange(1, 301)
    return [
        [" ".join(rng.choice(words, 8, p=shares / shares.sum())) for _ in range(10)]
        for _ in range(n_chunks)
    ]


@pytest.mark.parametrize("min_count", [1, 2, 3, 5])
def test_min_count_is_over_all_chunks(min_count):
    """A token has its id from the chunk on in which its count over all chunks is min_count."""
    tokenizer = TextTokenizer(min_count=min_count, max_tokens=None, max_length=8)
    counts = {}
    ids = {}
    for texts in chunks_of_texts(20):
        for text in texts:
            for token in re.findall(r"\w+", text):
                counts[token] = counts.get(token, 0) + 1
        vocabulary_ = tokenizer.partial_fit(texts).vocabulary_
        assert vocabulary_.keys() == {t for t, n in counts.items() if n >= min_count}
        assert {token: vocabulary_[token] for token in ids} == ids
        ids = dict(vocabulary_)
        assert sorted(ids.values()) == list(range(2, len(ids) + 2))
    whole = TextTokenizer(min_count=min_count, max_tokens=None, max_length=8)
    whole.fit([text for texts in chunks_of_texts(20) for text in texts])
    assert whole.vocabulary_.keys() == ids.keys()


def test_counts_of_rare_tokens_are_bounded(monkeypatch):
    """Texts that have each a token of their own do not fill the memory."""
    monkeypatch.setattr(vocabulary, "MOST_OTHER_TOKENS", 50)
    tokenizer = TextTokenizer(min_count=3, max_length=8)
    tokenizer.partial_fit(["good good good early", "early late"])
    for start in range(0, 1000, 20):
        tokenizer.partial_fit([f"good number{i}" for i in range(start, start + 20)])
        assert len(tokenizer._other_counts) <= 50
    # The rarest are forgotten, and of these the earliest.
    assert "late" not in tokenizer._other_counts
    assert tokenizer._other_counts["early"] == 2
    assert f"number{999}" in tokenizer._other_counts
    tokenizer.partial_fit(["early"])
    assert tokenizer.vocabulary_ == {"good": 2, "early": 3}


def test_counts_end_when_the_vocabulary_is_full():
    tokenizer = TextTokenizer(min_count=2, max_tokens=3, max_length=8)
    for texts in chunks_of_texts(5):
        tokenizer.partial_fit(texts)
    assert len(tokenizer.vocabulary_) == 3
    assert tokenizer._other_counts == {}
